/** The state of a view, and how it stands in the address after `#`. */

export const SCREENS = ["mapper", "samples", "diagram", "network", "training", "compare"] as const;
export type Screen = (typeof SCREENS)[number];

export const TOOLS = ["pan", "lasso", "path", "loop"] as const;
export type Tool = (typeof TOOLS)[number];

export interface View {
  screen: Screen;
  layer: string;
  checkpoint: string;
  graph: string;
  other: string;
  colour: string;
  statistic: string;
  palette: string;
  size: string;
  layout: string;
  jaccard: number;
  shared: number;
  triangles: boolean;
  tool: Tool;
  path: string;
  typical: boolean;
  filters: string;
  sort: string;
  rows: string;
}

export const DEFAULT_VIEW: View = {
  screen: "mapper",
  layer: "",
  checkpoint: "",
  graph: "",
  other: "",
  colour: "",
  statistic: "mean",
  palette: "viridis",
  size: "points",
  layout: "force",
  jaccard: 0,
  shared: 1,
  triangles: false,
  tool: "pan",
  path: "",
  typical: false,
  filters: "",
  sort: "",
  rows: "",
};

const LONGEST = 1500;

/** Only what differs from the default, and is short, is written; so new settings do not break old addresses. */
export function toHash(view: View): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(view)) {
    if (value !== DEFAULT_VIEW[key as keyof View] && String(value).length <= LONGEST) params.set(key, String(value));
  }
  const text = params.toString();
  return text ? `#${text}` : "#";
}

/** The view of an address; what it does not say, or says wrongly, is as by default. */
export function fromHash(hash: string): View {
  const view: Record<string, unknown> = { ...DEFAULT_VIEW };
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    const kind = typeof DEFAULT_VIEW[key as keyof View];
    if (kind === "undefined") continue;
    if (kind === "number") view[key] = Number.isFinite(Number(text)) ? Number(text) : DEFAULT_VIEW[key as keyof View];
    else if (kind === "boolean") view[key] = text === "true";
    else view[key] = text;
  }
  if (!SCREENS.includes(view.screen as Screen)) view.screen = DEFAULT_VIEW.screen;
  if (!TOOLS.includes(view.tool as Tool)) view.tool = DEFAULT_VIEW.tool;
  return view as unknown as View;
}

export type Filter = { column: string; low?: number; high?: number; classes?: number[] };

export function filtersOf(text: string): Filter[] {
  try {
    const list: unknown = text ? JSON.parse(text) : [];
    return Array.isArray(list) ? (list as Filter[]).filter((f) => typeof f?.column === "string") : [];
  } catch {
    return [];
  }
}

/** A way through a graph, node by node; `round` where its end is joined to its beginning. */
export interface Way {
  nodes: number[];
  round: boolean;
}

export const NO_WAY: Way = { nodes: [], round: false };

/** "3.17.5", or "3.17.5.round". */
export function wayText({ nodes, round }: Way): string {
  return [...nodes, ...(round ? ["round"] : [])].join(".");
}

/** The way of a text in a graph of so many nodes; none where it says something else. */
export function wayOfText(text: string, count: number): Way {
  const found = /^(\d+(?:\.\d+)*)(\.round)?$/.exec(text);
  const nodes = found ? found[1].split(".").map(Number) : [];
  return nodes.every((node) => node < count) ? { nodes, round: !!found?.[2] } : NO_WAY;
}

/** A selection as "space:0-4,9"; empty where it is, or where it is too long for an address. */
export function rowsText(space: string, rows: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let i = 0; i < rows.length; i++) {
    const first = rows[i];
    while (i + 1 < rows.length && rows[i + 1] === rows[i] + 1) i++;
    parts.push(rows[i] === first ? `${first}` : `${first}-${rows[i]}`);
    if (parts.length * 2 > LONGEST) return "";
  }
  const text = parts.join(",");
  return text && text.length <= LONGEST ? `${space}:${text}` : "";
}

export function rowsOfText(text: string): { space: string; rows: Int32Array } | null {
  const at = text.lastIndexOf(":");
  if (at < 1 || !/^[\d,-]+$/.test(text.slice(at + 1))) return null;
  const rows: number[] = [];
  for (const part of text.slice(at + 1).split(",")) {
    const [first, last = first] = part.split("-").map(Number);
    for (let row = first; row <= last && rows.length < 100_000; row++) rows.push(row);
  }
  return { space: text.slice(0, at), rows: Int32Array.from(new Set(rows)).sort() };
}
