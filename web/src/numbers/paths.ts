import type { Graph } from "../data/graph";

/** A binary heap of nodes by cost. */
class Heap {
  private cost: number[] = [];
  private node: number[] = [];

  get size() {
    return this.node.length;
  }

  push(cost: number, node: number) {
    let at = this.node.length;
    this.cost.push(cost);
    this.node.push(node);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (this.cost[up] <= cost) break;
      this.cost[at] = this.cost[up];
      this.node[at] = this.node[up];
      at = up;
    }
    this.cost[at] = cost;
    this.node[at] = node;
  }

  pop(): [number, number] {
    const top: [number, number] = [this.cost[0], this.node[0]];
    const cost = this.cost.pop()!;
    const node = this.node.pop()!;
    const length = this.node.length;
    if (!length) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= length) break;
      if (down + 1 < length && this.cost[down + 1] < this.cost[down]) down++;
      if (this.cost[down] >= cost) break;
      this.cost[at] = this.cost[down];
      this.node[at] = this.node[down];
      at = down;
    }
    this.cost[at] = cost;
    this.node[at] = node;
    return top;
  }
}

/**
 * Nodes of the shortest path from one node to another, both included; empty where there is none.
 * An edge is as long as its two ends differ: 1 - Jaccard, plus a hair for each step.
 */
export function shortestPath(graph: Graph, from: number, to: number, shown: (edge: number) => boolean = () => true): number[] {
  const { neighbours, edgeOfNeighbour, edges, count } = graph;
  const cost = new Float64Array(count).fill(Infinity);
  const before = new Int32Array(count).fill(-1);
  const heap = new Heap();
  cost[from] = 0;
  heap.push(0, from);
  while (heap.size) {
    const [reached, node] = heap.pop();
    if (node === to) break;
    if (reached > cost[node]) continue;
    for (let i = neighbours.offsets[node]; i < neighbours.offsets[node + 1]; i++) {
      const edge = edgeOfNeighbour[i];
      if (!shown(edge)) continue;
      const next = neighbours.items[i];
      const length = reached + 1 - edges.jaccard[edge] + 1e-6;
      if (length < cost[next]) {
        cost[next] = length;
        before[next] = node;
        heap.push(length, next);
      }
    }
  }
  if (cost[to] === Infinity) return [];
  const path = [to];
  while (path[0] !== from) path.unshift(before[path[0]]);
  return path;
}

/** Nodes in the order in which they lie round a ring, as far as edges join them; the rest in the given order. */
export function roundTrip(graph: Graph, nodes: number[]): number[] {
  const left = new Set(nodes);
  const order: number[] = [];
  let at = nodes[0];
  while (left.size) {
    left.delete(at);
    order.push(at);
    const { offsets, items } = graph.neighbours;
    const next = items.subarray(offsets[at], offsets[at + 1]).find((node) => left.has(node));
    at = next ?? left.values().next().value!;
  }
  return order;
}

/** The node nearest in a direction (dx, dy), at most 60 degrees off it; -1 where none lies there. */
export function nodeTowards(x: Float32Array, y: Float32Array, from: number, dx: number, dy: number): number {
  let best = -1;
  let least = Infinity;
  for (let i = 0; i < x.length; i++) {
    const along = (x[i] - x[from]) * dx + (y[i] - y[from]) * dy;
    const across = Math.abs((x[i] - x[from]) * dy - (y[i] - y[from]) * dx);
    if (i === from || along <= 0 || across > 1.732 * along) continue;
    const far = along + 2 * across;
    if (far < least) {
      least = far;
      best = i;
    }
  }
  return best;
}

/** Whether (px, py) lies inside a polygon of points [x, y], even-odd rule. */
export function inside(polygon: [number, number][], px: number, py: number): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > py !== yj > py && px < ((xj - xi) * (py - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
