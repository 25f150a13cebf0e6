/** Statistics of selections, computed in the page so that an exported file can do it without a server. */

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function for x >= 0.5, Lanczos' series. */
export function logGamma(x: number): number {
  const shifted = x - 1;
  let sum = 0.99999999999980993;
  for (let i = 0; i < LANCZOS.length; i++) sum += LANCZOS[i] / (shifted + i + 1);
  const t = shifted + LANCZOS.length - 0.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/**
 * Chance that `drawn` of `total` things, taken at random, hold at least `seen` of the `marked` ones.
 * The terms fall by a known ratio, so one logarithm starts the sum.
 */
export function hypergeometricTail(seen: number, drawn: number, marked: number, total: number): number {
  const low = Math.max(0, drawn + marked - total);
  const high = Math.min(drawn, marked);
  if (seen <= low) return 1;
  if (seen > high) return 0;
  let term = Math.exp(logChoose(marked, seen) + logChoose(total - marked, drawn - seen) - logChoose(total, drawn));
  let sum = term;
  for (let k = seen; k < high; k++) {
    term *= ((marked - k) * (drawn - k)) / ((k + 1) * (total - marked - drawn + k + 1));
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return Math.min(1, sum);
}

/** p-values corrected for their number by Benjamini and Hochberg (1995), in the given order. */
export function benjaminiHochberg(p: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: p.length }, (_, i) => i).sort((i, j) => p[j] - p[i]);
  const out = new Float64Array(p.length);
  let least = 1;
  order.forEach((index, place) => {
    least = Math.min(least, (p[index] * p.length) / (p.length - place));
    out[index] = least;
  });
  return out;
}

export interface ClassRow {
  class: number;
  inside: number;
  everywhere: number;
  share: number;
  fold: number;
  p: number;
}

/** How often each class stands in a selection, against chance; corrected over the classes that occur. */
export function classTable(values: Float32Array, rows: ArrayLike<number>, classes: number): ClassRow[] {
  const everywhere = new Int32Array(classes);
  const inside = new Int32Array(classes);
  let total = 0;
  let drawn = 0;
  for (const value of values) if (value >= 0 && value < classes) (everywhere[value]++, total++);
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]];
    if (value >= 0 && value < classes) (inside[value]++, drawn++);
  }
  const present = Array.from({ length: classes }, (_, c) => c).filter((c) => everywhere[c] > 0);
  const p = benjaminiHochberg(present.map((c) => hypergeometricTail(inside[c], drawn, everywhere[c], total)));
  return present.map((c, i) => ({
    class: c,
    inside: inside[c],
    everywhere: everywhere[c],
    share: drawn ? inside[c] / drawn : 0,
    fold: drawn ? (inside[c] / drawn) / (everywhere[c] / total) : NaN,
    p: p[i],
  }));
}

export interface Histogram {
  edges: number[];
  inside: number[];
  rest: number[];
}

/** Shares of the selected values and of all others in equal bins; every value counted, NaN left out. */
export function histograms(values: Float32Array, selected: Uint8Array, bins = 24): Histogram {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) high = low + 1;
  const inside = new Array<number>(bins).fill(0);
  const rest = new Array<number>(bins).fill(0);
  values.forEach((value, row) => {
    if (!Number.isFinite(value)) return;
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
    (selected[row] ? inside : rest)[bin]++;
  });
  const scaled = (counts: number[]) => {
    const sum = counts.reduce((s, c) => s + c, 0);
    return counts.map((c) => (sum ? c / sum : 0));
  };
  const edges = Array.from({ length: bins + 1 }, (_, i) => low + (i * (high - low)) / bins);
  return { edges, inside: scaled(inside), rest: scaled(rest) };
}

export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (!sorted.length) return NaN;
  const place = (sorted.length - 1) * q;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

export const STATISTICS = ["mean", "median", "spread", "least", "most"] as const;
export type Statistic = (typeof STATISTICS)[number];

/** One number for a list of numbers; NaN where nothing is known. `spread` is the standard deviation. */
export function statistic(values: Float32Array, rows: Int32Array, kind: Statistic): number {
  const known: number[] = [];
  for (const row of rows) if (!Number.isNaN(values[row])) known.push(values[row]);
  if (!known.length) return NaN;
  if (kind === "least") return known.reduce((a, b) => Math.min(a, b));
  if (kind === "most") return known.reduce((a, b) => Math.max(a, b));
  if (kind === "median") return quantile(Float64Array.from(known).sort(), 0.5);
  const mean = known.reduce((s, v) => s + v, 0) / known.length;
  if (kind === "mean") return mean;
  return Math.sqrt(known.reduce((s, v) => s + (v - mean) ** 2, 0) / known.length);
}

/** Entropy of class counts in bits. */
export function entropy(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i];
  let bits = 0;
  for (let i = 0; i < counts.length; i++) if (counts[i]) bits -= (counts[i] / total) * Math.log2(counts[i] / total);
  return bits;
}

/** A p-value as it is printed. */
export function sayP(p: number): string {
  if (Number.isNaN(p)) return "–";
  if (p < 1e-300) return "< 1e-300";
  return p < 0.001 ? p.toExponential(0) : p.toFixed(3);
}

/** A number in at most four characters of meaning. */
export function say(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(1);
  if (Number.isInteger(value)) return value.toLocaleString("en-GB");
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}
