import { frame, type Ink, PIE_FROM, radiusAt, type Scene, type Transform } from "./scene";
import { UNKNOWN } from "./paint";

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

/** Text that may stand in XML, as content or as an attribute. */
export function escaped(text: string): string {
  // Control characters are not allowed in XML 1.0 even when escaped.
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/[&<>"']/g, (sign) => ESCAPES[sign]);
}

const n = (value: number) => String(Math.round(value * 100) / 100);

/** The same picture as on the canvas, as an SVG document. */
export function toSvg(scene: Scene, zoom: Transform, width: number, height: number, ink: Ink, title: string): string {
  const base = frame(width, height);
  const px = Array.from(scene.x, (value) => (base.x + value * base.k) * zoom.k + zoom.x);
  const py = Array.from(scene.y, (value) => (base.y - value * base.k) * zoom.k + zoom.y);
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${ink.paper}"/>`,
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
        `stroke-opacity="${n(0.35 + 0.13 * strength)}"/>`,
    );
  }
  out.push("</g>");
  if (scene.path.length > 1) {
    const line = scene.path.map((i) => `${n(px[i])} ${n(py[i])}`).join("L");
    out.push(`<path d="M${line}${scene.closed ? "Z" : ""}" fill="none" stroke="${ink.accent}" stroke-width="3"/>`);
  }
  for (let node = 0; node < scene.graph.count; node++) out.push(nodeMark(scene, node, px[node], py[node], zoom.k, ink));
  out.push("</svg>");
  return out.join("\n");
}

function nodeMark(scene: Scene, node: number, x: number, y: number, zoom: number, ink: Ink): string {
  const { paint, shares, graph } = scene;
  const r = radiusAt(scene, node, zoom);
  const lit = !shares || shares[node] > 0;
  const parts = [`<g opacity="${lit ? 1 : 0.22}"><title>node ${node}: ${graph.size[node]} points</title>`];
  if (paint.pies && r >= PIE_FROM) parts.push(...slices(paint.pies, paint.palette, node, x, y, r));
  else parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="${paint.palette[paint.index[node]] ?? UNKNOWN}"/>`);
  const ring = lit && shares ? ink.accent : ink.outline;
  parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" fill="none" stroke="${ring}" stroke-width="${lit && shares ? 2 : 0.75}"/></g>`);
  return parts.join("");
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
