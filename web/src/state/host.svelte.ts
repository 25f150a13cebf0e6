import { isLive } from "../data/source";
import { type Rows, rowsOf } from "../numbers/rows";
import type { Selection, Session } from "./session.svelte";

/**
 * The one selection, told to and taken from the page that shows this one in a frame, as a notebook does:
 * we send `{topolens: "ready"}` and `{topolens: "selection", space, rows}`, and take `{topolens: "select", space, rows}`
 * from that page alone. A page of a server has no host.
 */
export function followHost(session: Session) {
  if (window.parent === window || isLive(session.source)) return;
  // The origin of a page within a notebook is not known here; whoever shows the frame has given it its data.
  const tell = (message: object) => window.parent.postMessage(message, "*");
  let told = session.selection;
  $effect.root(() => {
    $effect(() => {
      if (session.run) tell({ topolens: "ready" });
    });
    $effect(() => {
      const { space, rows } = session.selection;
      if (session.selection === told) return;
      told = session.selection;
      // Before anything was selected the space need not be one of the run.
      tell({ topolens: "selection", space: session.spaceOf(space)?.id ?? session.run?.spaces[0]?.id, rows: [...rows] });
    });
  });
  window.addEventListener("message", (event) => {
    const asked = event.source === window.parent ? selectionOf(event.data, session) : null;
    if (asked && !same(asked, session.selection)) session.select(asked.space, asked.rows);
  });
}

/** What a message asks for; null where it is none of ours, or names what is not in the run. */
export function selectionOf(message: unknown, session: Pick<Session, "spaceOf">): Selection | null {
  const { topolens, space, rows } = (message ?? {}) as Record<string, unknown>;
  if (topolens !== "select" || typeof space !== "string" || !Array.isArray(rows)) return null;
  const points = session.spaceOf(space)?.points ?? -1;
  const known = (row: unknown) => Number.isInteger(row) && (row as number) >= 0 && (row as number) < points;
  return points >= 0 && rows.every(known) ? { space, rows: rowsOf(rows as number[]) } : null;
}

function same(a: Selection, b: Selection): boolean {
  const alike = (x: Rows, y: Rows) => x.length === y.length && x.every((row, i) => row === y[i]);
  return alike(a.rows, b.rows) && (a.space === b.space || !a.rows.length);
}
