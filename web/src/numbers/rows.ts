import { type Graph, listOf } from "../data/graph";

/** Sets of rows are rising Int32Arrays: small to keep for undo, quick to join. */
export type Rows = Int32Array;

export const NONE: Rows = new Int32Array(0);

export function rowsOf(items: Iterable<number>): Rows {
  return Int32Array.from(new Set(items)).sort();
}

export function maskOf(rows: Rows, points: number): Uint8Array {
  const mask = new Uint8Array(points);
  for (const row of rows) if (row < points) mask[row] = 1;
  return mask;
}

export function rowsOfMask(mask: Uint8Array): Rows {
  const out: number[] = [];
  mask.forEach((on, row) => on && out.push(row));
  return Int32Array.from(out);
}

export function union(a: Rows, b: Rows): Rows {
  return rowsOf([...a, ...b]);
}

export function without(a: Rows, b: Rows): Rows {
  const drop = new Set(b);
  return a.filter((row) => !drop.has(row));
}

export function complement(rows: Rows, points: number): Rows {
  return rowsOfMask(maskOf(rows, points).map((on) => 1 - on));
}

export function rowsOfNodes(graph: Graph, nodes: Iterable<number>): Rows {
  const mask = new Uint8Array(graph.points);
  for (const node of nodes) for (const row of listOf(graph.members, node)) mask[row] = 1;
  return rowsOfMask(mask);
}

/** Share of each node's points that are selected, from 0 to 1. */
export function sharesOf(graph: Graph, mask: Uint8Array): Float32Array {
  const shares = new Float32Array(graph.count);
  for (let node = 0; node < graph.count; node++) {
    let on = 0;
    for (const row of listOf(graph.members, node)) on += mask[row];
    shares[node] = graph.size[node] ? on / graph.size[node] : 0;
  }
  return shares;
}

export interface Flow {
  from: number;
  to: number;
  weight: number;
}

/**
 * How the points go from groups of A's nodes to groups of B's. A point in several nodes is split evenly among them, so
 * the weights of all flows add up to the number of points that lie in both graphs.
 */
export function flows(a: Graph, groupsA: Int32Array, b: Graph, groupsB: Int32Array): Flow[] {
  const table = new Map<string, Flow>();
  for (let row = 0; row < Math.min(a.points, b.points); row++) {
    const inA = listOf(a.nodesOfRow, row);
    const inB = listOf(b.nodesOfRow, row);
    for (const i of inA) {
      for (const j of inB) {
        const key = `${groupsA[i]} ${groupsB[j]}`;
        const flow = table.get(key) ?? { from: groupsA[i], to: groupsB[j], weight: 0 };
        flow.weight += 1 / (inA.length * inB.length);
        table.set(key, flow);
      }
    }
  }
  return [...table.values()].sort((p, q) => p.from - q.from || p.to - q.to);
}

/**
 * Positions that fill the frame at least by 0.8 and stay within it: an alignment by least squares shrinks graphs that
 * have little in common, and a speck cannot be compared.
 */
export function framed({ x, y }: { x: Float32Array; y: Float32Array }): { x: Float32Array; y: Float32Array } {
  const [lowX, highX, lowY, highY] = [...ends(x), ...ends(y)];
  const half = Math.max(highX - lowX, highY - lowY) / 2 || 1;
  const scale = half < 0.8 ? 0.8 / half : half > 1 ? 1 / half : 1;
  const shift = (low: number, high: number) => {
    const middle = (low + high) / 2;
    const room = Math.max(0, 1 - ((high - low) / 2) * scale);
    return Math.min(Math.max(middle, -room), room) - middle * scale;
  };
  const moved = (values: Float32Array, by: number) => values.map((value) => value * scale + by);
  return { x: moved(x, shift(lowX, highX)), y: moved(y, shift(lowY, highY)) };
}

function ends(values: Float32Array): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
}

/** Jaccard index of each node of A with the node of B most like it, averaged with the nodes' sizes as weights. */
export function bestMatches(a: Graph, b: Graph): number {
  let sum = 0;
  let total = 0;
  for (let node = 0; node < a.count; node++) {
    const shared = new Map<number, number>();
    for (const row of listOf(a.members, node)) {
      if (row < b.points) for (const other of listOf(b.nodesOfRow, row)) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    let best = 0;
    for (const [other, count] of shared) best = Math.max(best, count / (a.size[node] + b.size[other] - count));
    sum += best * a.size[node];
    total += a.size[node];
  }
  return total ? sum / total : NaN;
}

/**
 * B's positions turned, mirrored, scaled and moved so that nodes lie near the nodes of A they share points with:
 * the closest similarity in the sense of least squares, weighted by the shared points.
 */
export function alignedPositions(a: Graph, b: Graph): { x: Float32Array; y: Float32Array } {
  const targetX = new Float64Array(b.count);
  const targetY = new Float64Array(b.count);
  const weight = new Float64Array(b.count);
  for (let node = 0; node < b.count; node++) {
    for (const row of listOf(b.members, node)) {
      if (row >= a.points) continue;
      for (const other of listOf(a.nodesOfRow, row)) {
        targetX[node] += a.force.x[other];
        targetY[node] += a.force.y[other];
        weight[node]++;
      }
    }
  }
  let total = 0, mx = 0, my = 0, px = 0, py = 0;
  for (let i = 0; i < b.count; i++) {
    total += weight[i];
    mx += targetX[i];
    my += targetY[i];
    px += weight[i] * b.force.x[i];
    py += weight[i] * b.force.y[i];
  }
  if (!total) return b.force;
  mx /= total; my /= total; px /= total; py /= total;
  let xx = 0, xy = 0, yx = 0, yy = 0, norm = 0;
  for (let i = 0; i < b.count; i++) {
    const x = b.force.x[i] - px, y = b.force.y[i] - py;
    const tx = targetX[i] - weight[i] * mx, ty = targetY[i] - weight[i] * my;
    xx += x * tx; xy += x * ty; yx += y * tx; yy += y * ty;
    norm += weight[i] * (x * x + y * y);
  }
  const plain = Math.hypot(xx + yy, xy - yx);
  const mirrored = Math.hypot(xx - yy, xy + yx);
  const flip = mirrored > plain ? -1 : 1;
  const c = (xx + flip * yy) / (norm || 1), s = (xy - flip * yx) / (norm || 1);
  const turn = Math.hypot(c, s) || 1;
  const scale = Math.min(Math.max(turn, 0.7), 1.2) / turn;
  const x = new Float32Array(b.count), y = new Float32Array(b.count);
  for (let i = 0; i < b.count; i++) {
    const dx = b.force.x[i] - px, dy = flip * (b.force.y[i] - py);
    x[i] = mx + scale * (c * dx - s * dy);
    y[i] = my + scale * (s * dx + c * dy);
  }
  return { x, y };
}
