import type { GraphDocument, Packed } from "../src/data/documents";
import { graphOf } from "../src/data/graph";

export function packedOf(values: number[], dtype: Packed["dtype"]): Packed {
  const array = dtype === "f32" ? Float32Array.from(values) : dtype === "i32" ? Int32Array.from(values) : Uint8Array.from(values);
  return { dtype, data: btoa(String.fromCharCode(...new Uint8Array(array.buffer))) };
}

const i32 = (values: number[]) => packedOf(values, "i32");
const f32 = (values: number[]) => packedOf(values, "f32");

/** A document of given nodes (their rows) and edges. */
export function documentOf(members: number[][], edges: [number, number][], points: number, x = members.map((_, i) => i), y = x.map(() => 0)): GraphDocument {
  const offsets = members.reduce((list, rows) => [...list, list.at(-1)! + rows.length], [0]);
  const shared = edges.map(([a, b]) => members[a].filter((row) => members[b].includes(row)).length);
  return {
    format: "topolens.mapper/1", key: "k", title: "small <&> graph", space: "samples", points, snippet: "",
    settings: { layer: "l0", checkpoint: null, lenses: [], cover: { kind: "uniform" }, clusterer: { kind: "connected" }, metric: "std", min_shared: 1, seed: 0 },
    nodes: { count: members.length, size: i32(members.map((m) => m.length)), cell: i32(members.map((_, i) => i)), x: f32(x), y: f32(y), lens_x: f32(x), lens_y: f32(y) },
    members: { offsets: i32(offsets), rows: i32(members.flat()) }, typical: { offsets: i32(offsets), rows: i32(members.flat()) },
    edges: { a: i32(edges.map(([a]) => a)), b: i32(edges.map(([, b]) => b)), shared: i32(shared) },
    triangles: { a: i32([]), b: i32([]), c: i32([]) }, lenses: [],
    statistics: { components: 1, loops: 0, cover_loops: 0, coverage: { points, in_nodes: points, noise: 0, sentence: "" } },
    purity: {}, confidence: null, cost: { seconds: 0, memory_mb: 0, estimated_seconds: 0 },
  };
}

export const smallGraph = (...args: Parameters<typeof documentOf>) => graphOf(documentOf(...args));
