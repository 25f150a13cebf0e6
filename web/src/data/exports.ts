import { escaped } from "../drawing/xml";
import type { Column, GraphDocument, Space } from "./documents";
import { type Graph, listOf } from "./graph";

/** Hands a text or picture to the browser as a file to keep. */
export function keep(name: string, content: string | Blob, type = "text/plain") {
  const url = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 5000);
}

/** A cell of a CSV file; text that a spreadsheet would take for a formula gets a quote before it. */
export function cell(value: string | number): string {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(head: string[], rows: Iterable<(string | number)[]>): string {
  return [head, ...rows].map((line) => line.map(cell).join(",")).join("\n") + "\n";
}

/** The chosen rows with every column that has been loaded. */
export function rowsCsv(space: Space, rows: ArrayLike<number>, columns: { column: Column; values: Float32Array }[]): string {
  const shown = (column: Column, value: number) => (column.kind === "category" ? (column.classes?.[value] ?? "") : value);
  return csv(
    [space.noun, ...columns.map(({ column }) => column.name)],
    Array.from(rows, (row) => [row, ...columns.map(({ column, values }) => shown(column, values[row]))]),
  );
}

export function nodesCsv(graph: Graph, colour: { title: string; values: Float32Array } | null): string {
  const head = ["node", "points", "neighbours", "component", "x", "y", ...(colour ? [colour.title] : []), "rows"];
  const cells = Array.from({ length: graph.count }, (_, i) => [
    i, graph.size[i], graph.neighbours.offsets[i + 1] - graph.neighbours.offsets[i], graph.component[i] + 1,
    graph.force.x[i], graph.force.y[i], ...(colour ? [colour.values[i]] : []), Array.from(listOf(graph.members, i)).join(" "),
  ]);
  return csv(head, cells);
}

export function graphMl(graph: Graph): string {
  const key = (id: string, kind: string, type: string) => `<key id="${id}" for="${kind}" attr.name="${id}" attr.type="${type}"/>`;
  const data = (id: string, value: string | number) => `<data key="${id}">${typeof value === "string" ? escaped(value) : value}</data>`;
  const { a, b, shared, jaccard } = graph.edges;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    key("size", "node", "int"), key("x", "node", "double"), key("y", "node", "double"), key("members", "node", "string"),
    key("shared", "edge", "int"), key("jaccard", "edge", "double"), key("title", "graph", "string"),
    '<graph edgedefault="undirected">',
    data("title", graph.document.title),
    ...Array.from(graph.size, (size, i) =>
      `<node id="${i}">${data("size", size)}${data("x", graph.force.x[i])}${data("y", graph.force.y[i])}` +
      `${data("members", Array.from(listOf(graph.members, i)).join(" "))}</node>`),
    ...Array.from(a, (from, e) => `<edge source="${from}" target="${b[e]}">${data("shared", shared[e])}${data("jaccard", jaccard[e])}</edge>`),
    "</graph>", "</graphml>",
  ].join("\n");
}

/** Node-link JSON with the members as lists: what MapperGraph.to_json gives. */
export function nodeLink(graph: Graph, document: GraphDocument): string {
  const { a, b, c } = graph.triangles;
  return JSON.stringify({
    directed: false,
    multigraph: false,
    graph: document.settings,
    nodes: Array.from(graph.size, (size, i) => ({ id: i, size, members: [...listOf(graph.members, i)], x: graph.force.x[i], y: graph.force.y[i] })),
    links: Array.from(graph.edges.a, (source, e) => ({ source, target: graph.edges.b[e], weight: graph.edges.shared[e], jaccard: graph.edges.jaccard[e] })),
    triangles: Array.from(a, (first, t) => [first, b[t], c[t]]),
  });
}
