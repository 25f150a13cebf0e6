/** Palettes that stay apart for colour-blind eyes: viridis and cividis for numbers, Okabe and Ito's for classes. */

const VIRIDIS = "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725";
const CIVIDIS = "00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838";
const RDBU = "2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b";

export const PALETTES = ["viridis", "cividis", "blue-red"] as const;
export type Palette = (typeof PALETTES)[number];

const STOPS: Record<Palette, number[][]> = {
  viridis: stops(VIRIDIS),
  cividis: stops(CIVIDIS),
  "blue-red": stops(RDBU),
};

export const STEPS = 48;

function stops(text: string): number[][] {
  return text.split(" ").map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
}

/** The colour at t of [0, 1]. */
export function colourAt(palette: Palette, t: number): string {
  const list = STOPS[palette];
  const place = Math.min(Math.max(t, 0), 1) * (list.length - 1);
  const below = Math.min(Math.floor(place), list.length - 2);
  const mixed = list[below].map((value, i) => Math.round(value + (place - below) * (list[below + 1][i] - value)));
  return `rgb(${mixed.join(",")})`;
}

export function steps(palette: Palette): string[] {
  return Array.from({ length: STEPS }, (_, i) => colourAt(palette, i / (STEPS - 1)));
}

const OKABE_ITO = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#6f6f6f"];

/** Beyond as many classes, colours are close to each other. */
export const APART = 16;
const LIGHTNESSES = [0.42, 0.52, 0.62, 0.72, 0.82];
const CHROMAS = [0.05, 0.1, 0.15, 0.2];
const all = [...OKABE_ITO];
let left: Candidate[] | null = null;

interface Candidate {
  hex: string;
  place: number[];
  gap: number;
}

/**
 * Colours of classes: Okabe and Ito's eight, then of even steps of lightness, chroma and hue the ones farthest from all
 * before, in OKLab (Ottosson, 2020); when these are used up, from the beginning.
 */
export function classColours(classes: number): string[] {
  while (all.length < classes && left?.length !== 0) all.push(farthest());
  return Array.from({ length: classes }, (_, i) => all[i % all.length]);
}

function farthest(): string {
  left ??= lattice();
  const best = left.reduce((a, b) => (b.gap > a.gap ? b : a));
  left = left.filter((other) => other !== best);
  for (const other of left) other.gap = Math.min(other.gap, distance(other.place, best.place));
  return best.hex;
}

function lattice(): Candidate[] {
  const taken = OKABE_ITO.map(oklab);
  const found: Candidate[] = [];
  for (const lightness of LIGHTNESSES) {
    for (const chroma of CHROMAS) {
      for (let hue = 0; hue < 360; hue += 12) {
        const angle = (hue * Math.PI) / 180;
        const place = [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
        const rgb = fromOklab(place);
        if (!rgb.every((value) => value >= 0 && value <= 1)) continue;
        const hex = `#${rgb.map((value) => Math.round(255 * value).toString(16).padStart(2, "0")).join("")}`;
        found.push({ hex, place, gap: Math.min(...taken.map((other) => distance(place, other))) });
      }
    }
  }
  return found;
}

export const distance = (a: number[], b: number[]) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** Lightness and two opponent colours, in which equal distances look about equally far. */
export function oklab(hex: string): number[] {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: number[]): number[] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}
