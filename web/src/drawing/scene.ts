import { type Graph } from "../data/graph";
import { type Paint, UNKNOWN } from "./paint";

export interface Transform {
  x: number;
  y: number;
  k: number;
}

/** One picture of a graph: everything that a frame shows, wherever it is drawn. */
export interface Scene {
  graph: Graph;
  x: Float32Array;
  y: Float32Array;
  paint: Paint;
  radius: Float32Array;
  shares: Float32Array | null;
  edgeShown: (edge: number) => boolean;
  triangles: boolean;
  path: number[];
  closed: boolean;
  marked: number;
  hovered: number;
  lasso: [number, number][];
}

export interface Ink {
  edge: string;
  edgeStrong: string;
  soft: string;
  outline: string;
  accent: string;
  triangle: string;
  paper: string;
}

export const PIE_FROM = 4.5;
const EDGES_AT_ONCE = 400;
const EDGES_WHILE_MOVING = 6000;

/** Radii in pixels at zoom 1. */
export function radii(graph: Graph, how: string): Float32Array {
  const crowd = Math.min(1, Math.sqrt(260 / Math.max(graph.count, 1)));
  const most = graph.size.reduce((a, b) => Math.max(a, b), 1);
  return Float32Array.from(graph.size, (size) => {
    const share = how === "same" ? 0.3 : how === "log" ? Math.log1p(size) / Math.log1p(most) : Math.sqrt(size / most);
    return (2.4 + 11 * share) * (0.12 + 0.88 * crowd);
  });
}

export function radiusAt(scene: Scene, node: number, zoom: number): number {
  return Math.max(1.1, scene.radius[node] * Math.pow(zoom, 0.6));
}

/** Where [-1, 1] lies on a canvas at zoom 1: the largest square with a margin. */
export function frame(width: number, height: number): Transform {
  const k = Math.max(20, Math.min(width, height) / 2 - 28);
  return { x: width / 2, y: height / 2, k };
}

export function draw(
  context: CanvasRenderingContext2D, scene: Scene, zoom: Transform, width: number, height: number, ink: Ink, moving: boolean,
) {
  const base = frame(width, height);
  const px = Float32Array.from(scene.x, (value) => (base.x + value * base.k) * zoom.k + zoom.x);
  const py = Float32Array.from(scene.y, (value) => (base.y - value * base.k) * zoom.k + zoom.y);
  context.fillStyle = ink.paper;
  context.fillRect(0, 0, width, height);
  if (scene.triangles) drawTriangles(context, scene, px, py, ink);
  drawEdges(context, scene, px, py, width, height, ink, moving);
  drawPath(context, scene, px, py, ink);
  drawNodes(context, scene, px, py, zoom.k, width, height, ink);
}

function drawTriangles(context: CanvasRenderingContext2D, scene: Scene, px: Float32Array, py: Float32Array, ink: Ink) {
  const { a, b, c } = scene.graph.triangles;
  context.fillStyle = ink.triangle;
  for (let start = 0; start < a.length; start += EDGES_AT_ONCE) {
    context.beginPath();
    for (let t = start; t < Math.min(start + EDGES_AT_ONCE, a.length); t++) {
      context.moveTo(px[a[t]], py[a[t]]);
      context.lineTo(px[b[t]], py[b[t]]);
      context.lineTo(px[c[t]], py[c[t]]);
    }
    context.fill("nonzero");
  }
}

/** Edges of a strength from 0 to 4 are paler where they are many, and where a selection is to be seen. */
export function edgeOpacity(scene: Scene, strength: number): number {
  const crowd = Math.min(1, Math.sqrt(3000 / Math.max(1, scene.graph.edges.a.length)));
  return Math.max(0.12, (0.35 + 0.13 * strength) * (0.4 + 0.6 * crowd) * (scene.shares ? 0.55 : 1));
}

/** Edges in five strengths of Jaccard; while the picture moves only the strongest, the rest a moment later. */
function drawEdges(
  context: CanvasRenderingContext2D, scene: Scene, px: Float32Array, py: Float32Array, width: number, height: number, ink: Ink, moving: boolean,
) {
  const { a, b, jaccard } = scene.graph.edges;
  const strengths: number[][] = [[], [], [], [], []];
  for (let e = 0; e < a.length; e++) {
    if (!scene.edgeShown(e)) continue;
    const i = a[e], j = b[e];
    if ((px[i] < 0 && px[j] < 0) || (py[i] < 0 && py[j] < 0) || (px[i] > width && px[j] > width) || (py[i] > height && py[j] > height)) continue;
    strengths[Math.min(4, Math.floor(jaccard[e] * 7))].push(e);
  }
  let left = moving ? EDGES_WHILE_MOVING : Infinity;
  const chosen = strengths.map(() => 0);
  for (let s = 4; s >= 0; s--) left -= chosen[s] = Math.min(strengths[s].length, Math.max(left, 0));
  context.strokeStyle = ink.edge;
  strengths.forEach((edges, s) => {
    context.lineWidth = 0.5 + 0.35 * s;
    context.globalAlpha = edgeOpacity(scene, s);
    for (let start = 0; start < chosen[s]; start += EDGES_AT_ONCE) {
      context.beginPath();
      for (let at = start; at < Math.min(start + EDGES_AT_ONCE, chosen[s]); at++) {
        const e = edges[at];
        context.moveTo(px[a[e]], py[a[e]]);
        context.lineTo(px[b[e]], py[b[e]]);
      }
      context.stroke();
    }
  });
  context.globalAlpha = 1;
}

function drawPath(context: CanvasRenderingContext2D, scene: Scene, px: Float32Array, py: Float32Array, ink: Ink) {
  if (scene.path.length < 2) return;
  context.strokeStyle = ink.accent;
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.beginPath();
  scene.path.forEach((node, i) => (i ? context.lineTo(px[node], py[node]) : context.moveTo(px[node], py[node])));
  if (scene.closed) context.closePath();
  context.stroke();
}

function drawNodes(
  context: CanvasRenderingContext2D, scene: Scene, px: Float32Array, py: Float32Array, zoom: number, width: number, height: number, ink: Ink,
) {
  const { paint, shares, graph } = scene;
  const byColour: number[][] = [];
  const pies: number[] = [];
  for (let node = 0; node < graph.count; node++) {
    const r = radiusAt(scene, node, zoom);
    if (px[node] < -r || py[node] < -r || px[node] > width + r || py[node] > height + r) continue;
    if (paint.pies && r >= PIE_FROM) pies.push(node);
    else {
      const lit = !shares || shares[node] > 0 ? 1 : 0;
      (byColour[2 * paint.index[node] + lit] ??= []).push(node);
    }
  }
  for (const lit of [0, 1]) {
    context.globalAlpha = lit ? 1 : 0.22;
    byColour.forEach((nodes, key) => {
      if ((key & 1) !== lit) return;
      context.fillStyle = paint.palette[key >> 1] ?? UNKNOWN;
      context.beginPath();
      for (const node of nodes) {
        const r = radiusAt(scene, node, zoom);
        context.moveTo(px[node] + r, py[node]);
        context.arc(px[node], py[node], r, 0, 2 * Math.PI);
      }
      context.fill();
      if (graph.count > 1500 && zoom < 2) return;
      context.strokeStyle = ink.outline;
      context.lineWidth = 0.75;
      context.stroke();
    });
    for (const node of pies) if ((!shares || shares[node] > 0 ? 1 : 0) === lit) drawPie(context, scene, node, px[node], py[node], radiusAt(scene, node, zoom), ink);
  }
  context.globalAlpha = 1;
  if (shares) drawShares(context, scene, px, py, zoom, ink);
}

function drawPie(context: CanvasRenderingContext2D, scene: Scene, node: number, x: number, y: number, r: number, ink: Ink) {
  const { counts, classes } = scene.paint.pies!;
  let total = 0;
  for (let c = 0; c < classes; c++) total += counts[node * classes + c];
  let angle = -Math.PI / 2;
  for (let c = 0; c < classes; c++) {
    const count = counts[node * classes + c];
    if (!count) continue;
    const next = angle + (2 * Math.PI * count) / total;
    context.fillStyle = scene.paint.palette[c];
    context.beginPath();
    if (count < total) context.moveTo(x, y);
    context.arc(x, y, r, angle, next);
    context.fill();
    angle = next;
  }
  context.strokeStyle = ink.outline;
  context.lineWidth = 0.75;
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.stroke();
}

/** An arc round each node as long as the share of its points that are selected. */
function drawShares(context: CanvasRenderingContext2D, scene: Scene, px: Float32Array, py: Float32Array, zoom: number, ink: Ink) {
  context.strokeStyle = ink.accent;
  context.lineWidth = 2;
  context.beginPath();
  scene.shares!.forEach((share, node) => {
    if (share <= 0) return;
    const r = radiusAt(scene, node, zoom) + 2;
    context.moveTo(px[node], py[node] - r);
    context.arc(px[node], py[node], r, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.min(share, 0.9999));
  });
  context.stroke();
}

/** What changes while the pointer moves, on a sheet of its own above the picture: the picture need not be drawn anew. */
export function drawMarks(context: CanvasRenderingContext2D, scene: Scene, zoom: Transform, width: number, height: number, ink: Ink) {
  const base = frame(width, height);
  context.clearRect(0, 0, width, height);
  for (const [node, dash] of [[scene.hovered, false], [scene.marked, true]] as const) {
    if (node < 0 || node >= scene.graph.count) continue;
    const x = (base.x + scene.x[node] * base.k) * zoom.k + zoom.x;
    const y = (base.y - scene.y[node] * base.k) * zoom.k + zoom.y;
    context.strokeStyle = ink.edgeStrong;
    context.lineWidth = 1.5;
    context.setLineDash(dash ? [3, 2] : []);
    context.beginPath();
    context.arc(x, y, radiusAt(scene, node, zoom.k) + 4.5, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
  }
  if (scene.lasso.length > 1) {
    context.strokeStyle = ink.accent;
    context.lineWidth = 1.25;
    context.setLineDash([4, 3]);
    context.beginPath();
    scene.lasso.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 0.08;
    context.fillStyle = ink.accent;
    context.fill();
    context.globalAlpha = 1;
  }
}

export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { edge: of("--edge"), edgeStrong: of("--ink"), soft: of("--soft"), outline: of("--outline"), accent: of("--accent"), triangle: of("--triangle"), paper: of("--paper") };
}
