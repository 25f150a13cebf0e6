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
const FURTHER = ["#7f3c8d", "#3969ac", "#80ba5a", "#a5aa99", "#8c564b", "#b3e2cd", "#1b6b72", "#e7b7c8"];

/** Colours of classes: Okabe and Ito's eight, then eight more, then these again. */
export function classColours(classes: number): string[] {
  const all = [...OKABE_ITO, ...FURTHER];
  return Array.from({ length: classes }, (_, i) => all[i % all.length]);
}
