import { APART } from "../numbers/colours";
import { say } from "../numbers/statistics";
import type { ClassLegend, Paint } from "./paint";
import { type Ink, radiusAt, type Scene } from "./scene";
import { escaped, n } from "./xml";

const MOST_NAMED = 24;

/** The classes that a legend names, and what it says of the others. */
export function namedClasses(legend: ClassLegend): { shown: number[]; more: string } {
  const shown = legend.order.slice(0, MOST_NAMED);
  const more = legend.names.length - shown.length;
  if (legend.names.length <= APART) return { shown, more: "" };
  return { shown, more: `${more ? `and ${more} more; ` : ""}of ${legend.names.length} colours many are close` };
}

/** What stands at the ends of a scale of colours. */
export function endsOf(legend: Extract<Paint["legend"], { kind: "numbers" }>): [string, string] {
  return [`${legend.cut ? "≤ " : ""}${say(legend.low)}`, `${legend.cut ? "≥ " : ""}${say(legend.high)}`];
}

type Mark =
  | { kind: "text"; x: number; y: number; text: string; style: "bold" | "soft" | "plain" }
  | { kind: "dot"; x: number; y: number; r: number; fill: string | null }
  | { kind: "bar"; x: number; y: number; width: number; fill: string };

/** A legend as marks, which a canvas and an SVG document draw alike. */
export interface Key {
  marks: Mark[];
  height: number;
}

const EDGE = 12;
const GAP = 12;
const LINE = 18;
const LETTER = 6.2;
const BAR = 9;
const LARGEST = 40;
const FONT = "system-ui, sans-serif";

/** Marks set one after another, as letters are. */
class Setter {
  readonly marks: Mark[] = [];
  private x = EDGE;
  y = LINE;

  constructor(readonly width: number) {}

  line(high = LINE) {
    if (this.marks.length) this.y += high;
    this.x = EDGE;
  }

  /** Room for something this wide, on the next line where this one is full. */
  private room(wide: number): number {
    if (this.x > EDGE && this.x + wide > this.width - EDGE) this.line();
    const at = this.x;
    this.x += wide;
    return at;
  }

  text(text: string, style: "bold" | "soft" | "plain" = "plain") {
    const most = Math.floor((this.width - 2 * EDGE) / LETTER);
    const fitting = text.length > most ? `${text.slice(0, most - 1)}…` : text;
    this.marks.push({ kind: "text", x: this.room(LETTER * fitting.length + GAP), y: this.y, text: fitting, style });
  }

  dot(r: number, fill: string | null, text: string) {
    const at = this.room(2 * r + 5 + LETTER * text.length + GAP);
    this.marks.push({ kind: "dot", x: at + r, y: this.y - 4, r, fill }, { kind: "text", x: at + 2 * r + 5, y: this.y, text, style: "plain" });
  }

  ramp(colours: string[]) {
    const step = 3;
    const at = this.room(step * colours.length + GAP);
    colours.forEach((fill, i) => this.marks.push({ kind: "bar", x: at + i * step, y: this.y - BAR, width: step + 0.5, fill }));
  }
}

/** The legend of a picture: what it shows, its colours, and how many points a node of a size has. */
export function keyOf(scene: Scene, zoom: number, captions: string[], width: number): Key {
  const set = new Setter(width);
  captions.forEach((caption, i) => {
    set.line();
    set.text(caption, i ? "soft" : "bold");
  });
  set.line();
  setColours(set, scene.paint);
  setSizes(set, scene, zoom);
  if (scene.shares) {
    set.line();
    set.text("arc round a node: the share of its points that is selected", "soft");
  }
  return { marks: set.marks, height: set.y + LINE / 2 };
}

function setColours(set: Setter, { legend, palette }: Paint) {
  set.text(legend.title, "soft");
  if (legend.kind === "numbers") {
    const [low, high] = endsOf(legend);
    set.text(low);
    set.ramp(palette.slice(0, -1));
    set.text(high);
    return;
  }
  const { shown, more } = namedClasses(legend);
  for (const c of shown) set.dot(4.5, palette[c], legend.names[c]);
  if (more) set.text(more, "soft");
}

function setSizes(set: Setter, scene: Scene, zoom: number) {
  const order = Array.from(scene.graph.size.keys()).sort((p, q) => scene.graph.size[p] - scene.graph.size[q]);
  const [least, middle, most] = [order[0], order[order.length >> 1], order[order.length - 1]];
  if (!order.length || scene.radius[least] === scene.radius[most]) return;
  const told = [...new Set([least, middle, most])].filter((node) => radiusAt(scene, node, zoom) <= LARGEST);
  set.line(LINE + Math.max(0, ...told.map((node) => 2 * radiusAt(scene, node, zoom) - 8)) / 2);
  set.text("points in node", "soft");
  for (const node of told) set.dot(radiusAt(scene, node, zoom), null, say(scene.graph.size[node]));
  set.y += Math.max(0, ...told.map((node) => radiusAt(scene, node, zoom) - 8));
}

const inkFor = (style: string, ink: Ink) => (style === "soft" ? ink.soft : ink.edgeStrong);

export function paintKey(context: CanvasRenderingContext2D, key: Key, top: number, ink: Ink) {
  for (const mark of key.marks) {
    if (mark.kind === "text") {
      context.font = `${mark.style === "bold" ? "bold " : ""}11px ${FONT}`;
      context.fillStyle = inkFor(mark.style, ink);
      context.fillText(mark.text, mark.x, top + mark.y);
    } else if (mark.kind === "bar") {
      context.fillStyle = mark.fill;
      context.fillRect(mark.x, top + mark.y, mark.width, BAR);
    } else {
      context.beginPath();
      context.arc(mark.x, top + mark.y, mark.r, 0, 2 * Math.PI);
      context.fillStyle = mark.fill ?? "transparent";
      context.fill();
      context.strokeStyle = ink.outline;
      context.lineWidth = 0.75;
      context.stroke();
    }
  }
}

export function keySvg(key: Key, top: number, ink: Ink): string {
  const parts = key.marks.map((mark) => {
    if (mark.kind === "bar") return `<rect x="${n(mark.x)}" y="${n(top + mark.y)}" width="${n(mark.width)}" height="${BAR}" fill="${mark.fill}"/>`;
    const at = `x="${n(mark.x)}" y="${n(top + mark.y)}"`;
    if (mark.kind === "text") return `<text ${at} fill="${inkFor(mark.style, ink)}"${mark.style === "bold" ? ' font-weight="bold"' : ""}>${escaped(mark.text)}</text>`;
    return `<circle cx="${n(mark.x)}" cy="${n(top + mark.y)}" r="${n(mark.r)}" fill="${mark.fill ?? "none"}" stroke="${ink.outline}" stroke-width="0.75"/>`;
  });
  return `<g font-family="${FONT}" font-size="11">${parts.join("\n")}</g>`;
}
