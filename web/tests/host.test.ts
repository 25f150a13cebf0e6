import { describe, expect, it } from "vitest";
import { selectionOf } from "../src/state/host.svelte";

const session = { spaceOf: (id: string | undefined) => (id === "samples" ? ({ id, points: 10 } as never) : null) };
const asked = (message: unknown) => selectionOf(message, session);

describe("a host's message", () => {
  it("gives rows, each once and in order", () => {
    expect(asked({ topolens: "select", space: "samples", rows: [3, 1, 3] })).toEqual({ space: "samples", rows: Int32Array.of(1, 3) });
    expect(asked({ topolens: "select", space: "samples", rows: [] })?.rows).toHaveLength(0);
  });
  it.each([null, "select", {}, { topolens: "selection", space: "samples", rows: [1] }, { topolens: "select", space: "other", rows: [] },
    { topolens: "select", space: "samples", rows: [10] }, { topolens: "select", space: "samples", rows: [-1] },
    { topolens: "select", space: "samples", rows: ["1"] }, { topolens: "select", space: "samples", rows: [0.5] }, { topolens: "select", space: "samples", rows: 1 },
  ])("that means nothing is dropped: %j", (message) => expect(asked(message)).toBeNull());
});
