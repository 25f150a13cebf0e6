import type { GraphDocument } from "./documents";
import { floats, integers } from "./packed";

/** Rows of lists that lie one after another: list i is `items[offsets[i] .. offsets[i + 1])`. */
export interface Ragged {
  offsets: Int32Array;
  items: Int32Array;
}

export function listOf(ragged: Ragged, i: number): Int32Array {
  return ragged.items.subarray(ragged.offsets[i], ragged.offsets[i + 1]);
}

/** A Mapper graph ready to be asked: unpacked, with its neighbours and the nodes of each row. */
export interface Graph {
  key: string;
  document: GraphDocument;
  count: number;
  points: number;
  space: string;
  size: Int32Array;
  force: { x: Float32Array; y: Float32Array };
  lens: { x: Float32Array; y: Float32Array };
  members: Ragged;
  typical: Ragged;
  nodesOfRow: Ragged;
  edges: { a: Int32Array; b: Int32Array; shared: Int32Array; jaccard: Float32Array };
  triangles: { a: Int32Array; b: Int32Array; c: Int32Array };
  neighbours: Ragged;
  edgeOfNeighbour: Int32Array;
  lensValues: { name: string; values: Float32Array }[];
  component: Int32Array;
  confidence: { nodes: Float32Array; edges: Float32Array } | null;
}

export function graphOf(document: GraphDocument): Graph {
  const { nodes, edges, triangles } = document;
  const count = nodes.count;
  const size = integers(nodes.size);
  const members = { offsets: integers(document.members.offsets), items: integers(document.members.rows) };
  const a = integers(edges.a);
  const b = integers(edges.b);
  const shared = integers(edges.shared);
  const jaccard = Float32Array.from(shared, (s, e) => s / (size[a[e]] + size[b[e]] - s));
  const { neighbours, edgeOfNeighbour } = adjacency(count, a, b);
  const confidence = document.confidence;
  return {
    key: document.key,
    document,
    count,
    points: document.points,
    space: document.space,
    size,
    force: { x: floats(nodes.x), y: floats(nodes.y) },
    lens: { x: floats(nodes.lens_x), y: floats(nodes.lens_y) },
    members,
    typical: { offsets: integers(document.typical.offsets), items: integers(document.typical.rows) },
    nodesOfRow: transposed(members, document.points),
    edges: { a, b, shared, jaccard },
    triangles: { a: integers(triangles.a), b: integers(triangles.b), c: integers(triangles.c) },
    neighbours,
    edgeOfNeighbour,
    lensValues: document.lenses.map((lens) => ({ name: lens.name, values: floats(lens.values) })),
    component: components(count, a, b),
    confidence: confidence && { nodes: floats(confidence.nodes), edges: floats(confidence.edges) },
  };
}

/** The lists turned round: for each item, the lists it stands in, rising. */
export function transposed(lists: Ragged, items: number): Ragged {
  const offsets = new Int32Array(items + 1);
  for (const item of lists.items) offsets[item + 1]++;
  for (let i = 0; i < items; i++) offsets[i + 1] += offsets[i];
  const next = offsets.slice();
  const out = new Int32Array(lists.items.length);
  for (let i = 0; i + 1 < lists.offsets.length; i++) for (const item of listOf(lists, i)) out[next[item]++] = i;
  return { offsets, items: out };
}

function adjacency(count: number, a: Int32Array, b: Int32Array) {
  const offsets = new Int32Array(count + 1);
  for (let e = 0; e < a.length; e++) {
    offsets[a[e] + 1]++;
    offsets[b[e] + 1]++;
  }
  for (let i = 0; i < count; i++) offsets[i + 1] += offsets[i];
  const next = offsets.slice();
  const items = new Int32Array(2 * a.length);
  const edgeOfNeighbour = new Int32Array(2 * a.length);
  for (let e = 0; e < a.length; e++) {
    for (const [from, to] of [[a[e], b[e]], [b[e], a[e]]]) {
      items[next[from]] = to;
      edgeOfNeighbour[next[from]++] = e;
    }
  }
  return { neighbours: { offsets, items }, edgeOfNeighbour };
}

/** Number of the connected component of each node, the largest component first. */
export function components(count: number, a: Int32Array, b: Int32Array): Int32Array {
  const parent = Int32Array.from({ length: count }, (_, i) => i);
  const root = (i: number) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let e = 0; e < a.length; e++) parent[root(a[e])] = root(b[e]);
  const sizes = new Map<number, number>();
  for (let i = 0; i < count; i++) sizes.set(root(i), (sizes.get(root(i)) ?? 0) + 1);
  const rank = new Map([...sizes].sort((p, q) => q[1] - p[1]).map(([r], i) => [r, i]));
  return Int32Array.from({ length: count }, (_, i) => rank.get(root(i))!);
}
