import { keyOf, keySvg } from "./legend";
import { UNKNOWN } from "./paint";
import { edgeOpacity, frame, type Ink, PIE_FROM, radiusAt, type Scene, type Transform } from "./scene";
import { escaped, n } from "./xml";

/** The same picture as on the canvas, with its legend below, as an SVG document. */
export function toSvg(scene: Scene, zoom: Transform, width: number, height: number, ink: Ink, captions: string[]): string {
  const key = keyOf(scene, zoom.k, captions, width);
  const tall = height + key.height;
  const base = frame(width, height);
  const px = Array.from(scene.x, (value) => (base.x + value * base.k) * zoom.k + zoom.x);
  const py = Array.from(scene.y, (value) => (base.y - value * base.k) * zoom.k + zoom.y);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${n(tall)}" viewBox="0 0 ${width} ${n(tall)}">`,
    `<title>${escaped(captions.join("; "))}</title>`,
    `<rect width="100%" height="100%" fill="${ink.paper}"/>`,
    `<clipPath id="picture"><rect width="${width}" height="${height}"/></clipPath><g clip-path="url(#picture)">`,
  ];
  if (scene.triangles) {
    const { a, b, c } = scene.graph.triangles;
    const paths = Array.from(a, (_, t) => `M${[a[t], b[t], c[t]].map((i) => `${n(px[i])} ${n(py[i])}`).join("L")}Z`);
    out.push(`<path d="${paths.join("")}" fill="${ink.triangle}"/>`);
  }
  const { a, b, jaccard } = scene.graph.edges;
  out.push(`<g stroke="${ink.edge}" fill="none">`);
  for (let e = 0; e < a.length; e++) {
    if (!scene.edgeShown(e)) continue;
    const strength = Math.min(4, Math.floor(jaccard[e] * 7));
    out.push(
      `<path d="M${n(px[a[e]])} ${n(py[a[e]])}L${n(px[b[e]])} ${n(py[b[e]])}" stroke-width="${n(0.5 + 0.35 * strength)}" ` +
        `stroke-opacity="${n(edgeOpacity(scene, strength))}"/>`,
    );
  }
  out.push("</g>");
  if (scene.path.length > 1) {
    const line = scene.path.map((i) => `${n(px[i])} ${n(py[i])}`).join("L");
    out.push(`<path d="M${line}${scene.closed ? "Z" : ""}" fill="none" stroke="${ink.accent}" stroke-width="3"/>`);
  }
  for (let node = 0; node < scene.graph.count; node++) out.push(nodeMark(scene, node, px[node], py[node], zoom.k, ink));
  out.push("</g>", keySvg(key, height, ink), "</svg>");
  return out.join("\n");
}

function nodeMark(scene: Scene, node: number, x: number, y: number, zoom: number, ink: Ink): string {
  const { paint, shares, graph } = scene;
  const r = radiusAt(scene, node, zoom);
  const lit = !shares || shares[node] > 0;
  const parts = [`<g opacity="${lit ? 1 : 0.22}"><title>node ${node}: ${graph.size[node]} points</title>`];
  if (paint.pies && r >= PIE_FROM) parts.push(...slices(paint.pies, paint.palette, node, x, y, r));
  else parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${paint.palette[paint.index[node]] ?? UNKNOWN}"/>`);
  parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="none" stroke="${ink.outline}" stroke-width="0.75"/></g>`);
  if (shares && shares[node] > 0) parts.push(arc(x, y, r + 2, shares[node], ink.accent));
  return parts.join("");
}

/** As long as the share of a node's points that is selected. */
function arc(x: number, y: number, r: number, share: number, colour: string): string {
  const angle = 2 * Math.PI * Math.min(share, 0.9999) - Math.PI / 2;
  const end = `${n(x + r * Math.cos(angle))} ${n(y + r * Math.sin(angle))}`;
  return `<path d="M${n(x)} ${n(y - r)}A${n(r)} ${n(r)} 0 ${share > 0.5 ? 1 : 0} 1 ${end}" fill="none" stroke="${colour}" stroke-width="2"/>`;
}

function slices(pies: { counts: Uint32Array; classes: number }, palette: string[], node: number, x: number, y: number, r: number): string[] {
  const counts = Array.from(pies.counts.subarray(node * pies.classes, (node + 1) * pies.classes));
  const total = counts.reduce((s, c) => s + c, 0);
  let angle = -Math.PI / 2;
  return counts.flatMap((count, c) => {
    if (!count) return [];
    if (count === total) return [`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${palette[c]}"/>`];
    const next = angle + (2 * Math.PI * count) / total;
    const large = next - angle > Math.PI ? 1 : 0;
    const from = `${n(x + r * Math.cos(angle))} ${n(y + r * Math.sin(angle))}`;
    const to = `${n(x + r * Math.cos(next))} ${n(y + r * Math.sin(next))}`;
    angle = next;
    return [`<path d="M${n(x)} ${n(y)}L${from}A${n(r)} ${n(r)} 0 ${large} 1 ${to}Z" fill="${palette[c]}"/>`];
  });
}
