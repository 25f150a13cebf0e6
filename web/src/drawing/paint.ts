import type { Column } from "../data/documents";
import { type Graph, listOf } from "../data/graph";
import { APART, classColours, type Palette, STEPS, steps } from "../numbers/colours";
import { quantile, type Statistic, statistic } from "../numbers/statistics";

/** Names of classes, and the order they are listed in: their own, or where they are many the most frequent first. */
export interface ClassLegend {
  kind: "classes";
  names: string[];
  order: number[];
  title: string;
}

/** How the nodes of a graph are coloured: one palette entry per node, pies where classes are counted, and the legend. */
export interface Paint {
  palette: string[];
  index: Uint16Array;
  values: Float32Array | null;
  pies: { counts: Uint32Array; classes: number } | null;
  legend: { kind: "numbers"; low: number; high: number; cut: boolean; title: string } | ClassLegend;
}

export const UNKNOWN = "#9a9a9a";

const FEW = 25;

/** Colours from end to end of the values; where there are many, from the 2 % to the 98 % quantile, and the legend says so. */
export function paintNumbers(values: Float32Array, palette: Palette, title: string): Paint {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const cut = known.length >= FEW;
  const low = known.length ? quantile(known, cut ? 0.02 : 0) : 0;
  const high = known.length ? quantile(known, cut ? 0.98 : 1) : 0;
  return inRange(values, palette, title, low, high, cut && (low > known[0] || high < known[known.length - 1]));
}

/** The same values on a given scale, so that two graphs can share one legend. */
export function inRange(values: Float32Array, palette: Palette, title: string, low: number, high: number, cut: boolean): Paint {
  const index = new Uint16Array(values.length);
  values.forEach((value, i) => {
    const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0.5;
    index[i] = Number.isNaN(value) ? STEPS : Math.round(share * (STEPS - 1));
  });
  return { palette: [...steps(palette), UNKNOWN], index, values, pies: null, legend: { kind: "numbers", low, high, cut, title } };
}

/** Two paints of numbers on one scale; others as they are. */
export function together(a: Paint, b: Paint, palette: Palette): [Paint, Paint] {
  if (!a.values || !b.values || a.legend.kind !== "numbers" || b.legend.kind !== "numbers") return [a, b];
  const low = Math.min(a.legend.low, b.legend.low);
  const high = Math.max(a.legend.high, b.legend.high);
  const cut = a.legend.cut || b.legend.cut;
  return [inRange(a.values, palette, a.legend.title, low, high, cut), inRange(b.values, palette, b.legend.title, low, high, cut)];
}

/** Class counts of each node, its majority as colour; drawn as pies where there is room. */
export function paintClasses(graph: Graph, values: Float32Array, names: string[], title: string): Paint {
  const classes = names.length;
  const counts = new Uint32Array(graph.count * classes);
  const index = new Uint16Array(graph.count);
  for (let node = 0; node < graph.count; node++) {
    for (const row of listOf(graph.members, node)) {
      const value = values[row];
      if (value >= 0 && value < classes) counts[node * classes + value]++;
    }
    let best = 0;
    let most = 0;
    for (let c = 0; c < classes; c++) if (counts[node * classes + c] > most) most = counts[node * classes + (best = c)];
    index[node] = most ? best : classes;
  }
  const palette = [...classColours(classes), UNKNOWN];
  return { palette, index, values: null, pies: { counts, classes }, legend: { kind: "classes", names, order: listed(counts, classes), title } };
}

function listed(counts: Uint32Array, classes: number): number[] {
  const order = Array.from({ length: classes }, (_, c) => c);
  if (classes <= APART) return order;
  const sums = new Float64Array(classes);
  counts.forEach((count, at) => (sums[at % classes] += count));
  return order.sort((p, q) => sums[q] - sums[p] || p - q);
}

export function nodeStatistic(graph: Graph, values: Float32Array, kind: Statistic): Float32Array {
  return Float32Array.from({ length: graph.count }, (_, node) => statistic(values, listOf(graph.members, node), kind));
}

/** Share of the majority class of each node. */
export function majorityShares(paint: Paint, graph: Graph): Float32Array {
  const { counts, classes } = paint.pies!;
  return Float32Array.from({ length: graph.count }, (_, node) => {
    let most = 0;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      most = Math.max(most, counts[node * classes + c]);
      sum += counts[node * classes + c];
    }
    return sum ? most / sum : NaN;
  });
}

/** Things every graph can be coloured by, whatever columns its space has. */
export const OWN_COLOURS = [
  { id: "@size", name: "points in node" },
  { id: "@degree", name: "neighbours" },
  { id: "@component", name: "component" },
  { id: "@selected", name: "share selected" },
  { id: "@confidence", name: "confidence" },
] as const;

export function paintOwn(graph: Graph, id: string, palette: Palette, shares: Float32Array): Paint | null {
  const degree = () => Float32Array.from({ length: graph.count }, (_, i) => graph.neighbours.offsets[i + 1] - graph.neighbours.offsets[i]);
  if (id === "@size") return paintNumbers(Float32Array.from(graph.size), palette, "points in node");
  if (id === "@degree") return paintNumbers(degree(), palette, "neighbours");
  if (id === "@selected") return paintNumbers(shares, palette, "share selected");
  if (id === "@confidence" && graph.confidence) return paintNumbers(graph.confidence.nodes, palette, "confidence");
  if (id === "@component") {
    const names = Array.from({ length: Math.min(1 + Math.max(0, ...new Set(graph.component)), 200) }, (_, i) => `component ${i + 1}`);
    return {
      palette: [...classColours(names.length), UNKNOWN],
      index: Uint16Array.from(graph.component, (c) => Math.min(c, names.length)),
      values: null,
      pies: null,
      legend: { kind: "classes", names, order: [...names.keys()], title: "component" },
    };
  }
  const lens = /^@lens(\d+)$/.exec(id);
  const values = lens && graph.lensValues[Number(lens[1])];
  return values ? paintNumbers(nodeStatistic(graph, values.values, "mean"), palette, `mean of ${values.name}`) : null;
}

export interface Ask {
  colour: string;
  statistic: string;
  palette: Palette;
  column: Column | null;
  values: Float32Array | null;
  shares: Float32Array;
}

export function paintOf(graph: Graph, ask: Ask): Paint {
  const own = paintOwn(graph, ask.colour, ask.palette, ask.shares);
  if (own) return own;
  const { column, values } = ask;
  if (column && values) {
    if (column.kind === "category") {
      const paint = paintClasses(graph, values, column.classes ?? [], column.name);
      if (ask.statistic !== "share") return paint;
      return paintNumbers(majorityShares(paint, graph), ask.palette, `share of the commonest ${column.name}`);
    }
    const unit = column.unit ? ` (${column.unit})` : "";
    const kind = ask.statistic as Statistic;
    return paintNumbers(nodeStatistic(graph, values, kind), ask.palette, `${kind} ${column.name}${unit}`);
  }
  return paintNumbers(Float32Array.from(graph.size), ask.palette, "points in node");
}
