import { describe, expect, it } from "vitest";
import type { SettingsForm } from "../src/data/documents";
import { DEFAULT_VIEW, filtersOf, fromHash, rowsOfText, rowsText, toHash, type View, wayOfText, wayText } from "../src/state/address";
import { defaults, edited, sent } from "../src/state/settings";

describe("the address", () => {
  it("comes back as it was written", () => {
    const view: View = { ...DEFAULT_VIEW, screen: "compare", layer: "a&b#c", graph: "6f", jaccard: 0.25, shared: 3, triangles: true, filters: '[{"column":"é"}]' };
    expect(fromHash(toHash(view))).toEqual(view);
  });
  it("is short where nothing was changed", () => {
    expect(toHash({ ...DEFAULT_VIEW })).toBe("#");
    expect(toHash({ ...DEFAULT_VIEW, layer: "l1" })).toBe("#layer=l1");
  });
  it("holds a way through a graph, unless it is long or leads elsewhere", () => {
    const way = { nodes: [3, 17, 5], round: true };
    expect(wayText(way)).toBe("3.17.5.round");
    expect(wayOfText(wayText(way), 18)).toEqual(way);
    expect(wayOfText("3.17", 18)).toEqual({ nodes: [3, 17], round: false });
    for (const wrong of ["3.18", "x", "3..5", "round", "", "-1.2"]) expect(wayOfText(wrong, 18).nodes).toEqual([]);
    const long = wayText({ nodes: Array.from({ length: 900 }, (_, i) => i), round: false });
    expect(toHash({ ...DEFAULT_VIEW, tool: "path", path: long })).toBe("#tool=path");
    expect(fromHash("#tool=hammer").tool).toBe("pan");
  });
  it("with nonsense gives the default", () => {
    expect(fromHash("#screen=<script>&jaccard=abc&__proto__=x&unknown=1&shared=2")).toEqual({ ...DEFAULT_VIEW, shared: 2 });
  });
  it("holds short selections as ranges", () => {
    expect(rowsText("filters:l0", [0, 1, 2, 7])).toBe("filters:l0:0-2,7");
    expect(rowsOfText("filters:l0:0-2,7")).toEqual({ space: "filters:l0", rows: Int32Array.of(0, 1, 2, 7) });
    expect(rowsText("samples", Array.from({ length: 5000 }, (_, i) => 3 * i))).toBe("");
    expect([rowsOfText(""), rowsOfText("samples"), rowsOfText("samples:<b>")]).toEqual([null, null, null]);
  });
  it("filters that are no filters are dropped", () => {
    expect(filtersOf('[{"column":"label","classes":[1]},{"x":1},null]')).toEqual([{ column: "label", classes: [1] }]);
    expect(filtersOf("{not json")).toEqual([]);
  });
});

const form: SettingsForm = {
  lenses: [
    { kind: "norm", fields: [] },
    { kind: "pca", fields: [{ name: "component", label: "component", type: "int", default: 1 }] },
  ],
  covers: [{ kind: "uniform", fields: [
    { name: "resolution", label: "intervals", type: "int", default: 20, per_lens: true },
    { name: "convention", label: "convention", type: "choice", default: "spanning" },
  ] }],
  clusterers: [{ kind: "connected", fields: [] }],
};

describe("settings", () => {
  it("start with two components and are sent with one number per lens", () => {
    const settings = defaults(form, "l0", "");
    expect(settings.lenses).toEqual([{ kind: "pca", component: 1 }, { kind: "pca", component: 2 }]);
    expect(settings.checkpoint).toBeNull();
    expect(sent(settings, form).cover).toEqual({ kind: "uniform", resolution: [20, 20], convention: "spanning" });
    expect(settings.cover.resolution).toBe(20);
  });
  it("of a made graph are edited as one number where all lenses have the same", () => {
    const settings = { ...defaults(form, "l0", "c0"), cover: { kind: "uniform", resolution: [30, 30], gain: [2, 3] } };
    expect(edited(settings).cover).toEqual({ kind: "uniform", resolution: 30, gain: [2, 3] });
    expect(sent({ ...settings, lenses: settings.lenses.slice(0, 1) }, form).cover.resolution).toEqual([30]);
  });
});
