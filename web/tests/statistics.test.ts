import { describe, expect, it } from "vitest";
import { benjaminiHochberg, classTable, entropy, histograms, hypergeometricTail, logGamma, quantile, say, sayP, statistic } from "../src/numbers/statistics";

function choose(n: number, k: number): number {
  let out = 1;
  for (let i = 0; i < k; i++) out = (out * (n - i)) / (i + 1);
  return out;
}

describe("hypergeometricTail", () => {
  it("equals the sum over all draws of small urns", () => {
    for (let total = 1; total <= 12; total++) {
      for (let marked = 0; marked <= total; marked++) {
        for (let drawn = 0; drawn <= total; drawn++) {
          for (let seen = 0; seen <= drawn; seen++) {
            let sum = 0;
            for (let k = seen; k <= Math.min(drawn, marked); k++) sum += (choose(marked, k) * choose(total - marked, drawn - k)) / choose(total, drawn);
            expect(hypergeometricTail(seen, drawn, marked, total)).toBeCloseTo(sum, 10);
          }
        }
      }
    }
  });

  it("agrees with scipy.stats.hypergeom.sf on large urns", () => {
    // from scipy.stats import hypergeom; hypergeom.sf(seen - 1, total, marked, drawn)
    expect(hypergeometricTail(178, 409, 179, 1797) / SCIPY_LARGE).toBeCloseTo(1, 6);
    expect(hypergeometricTail(620, 1000, 6000, 10000) / SCIPY_MIDDLE).toBeCloseTo(1, 8);
  });
});

const SCIPY_LARGE = 6.854211720897415e-129;
const SCIPY_MIDDLE = 0.09204411874398383;

describe("benjaminiHochberg", () => {
  it("is the textbook example, in the given order", () => {
    const got = [...benjaminiHochberg([0.04, 0.01, 0.03, 0.5])];
    [0.16 / 3, 0.04, 0.16 / 3, 0.5].forEach((want, i) => expect(got[i]).toBeCloseTo(want, 12));
  });
  it("never exceeds 1 nor falls below the p-value, and takes none", () => {
    const p = [0.9, 0.95, 1, 0.2];
    benjaminiHochberg(p).forEach((q, i) => expect(q >= p[i] && q <= 1).toBe(true));
    expect(benjaminiHochberg([]).length).toBe(0);
  });
});

describe("classTable", () => {
  it("counts, and leaves unknown classes out", () => {
    const values = Float32Array.of(0, 0, 1, 1, 1, NaN, 2, 0);
    const table = classTable(values, [0, 1, 5, 7], 4);
    expect(table.map((row) => [row.class, row.inside, row.everywhere])).toEqual([[0, 3, 3], [1, 0, 3], [2, 0, 1]]);
    expect(table[0].fold).toBeCloseTo(1 / (3 / 7), 12);
    expect(table[0].p).toBeCloseTo(3 / 35, 12); // 1 / C(7, 3), times three classes
  });
  it("has no share of an empty selection", () => {
    expect(classTable(Float32Array.of(0, 1), [], 2).map((row) => [row.share, row.p])).toEqual([[0, 1], [0, 1]]);
  });
});

describe("numbers of lists", () => {
  it("are means, medians, spreads and ends, without the unknown", () => {
    const values = Float32Array.of(4, NaN, 1, 3);
    const rows = Int32Array.of(0, 1, 2, 3);
    const got = (["mean", "median", "spread", "least", "most"] as const).map((kind) => statistic(values, rows, kind));
    [8 / 3, 3, Math.sqrt(14 / 9), 1, 4].forEach((want, i) => expect(got[i]).toBeCloseTo(want, 6));
    expect(statistic(values, Int32Array.of(1), "mean")).toBeNaN();
  });
  it("histograms add up to 1 and keep the largest value", () => {
    const { inside, rest, edges } = histograms(Float32Array.of(0, 1, 2, 4, NaN), Uint8Array.of(1, 0, 0, 1, 1), 4);
    expect(inside).toEqual([0.5, 0, 0, 0.5]);
    expect(rest).toEqual([0, 0.5, 0.5, 0]);
    expect(edges).toEqual([0, 1, 2, 3, 4]);
  });
  it("constant and empty columns make histograms too", () => {
    expect(histograms(Float32Array.of(2, 2), Uint8Array.of(1, 0), 2).inside).toEqual([1, 0]);
    expect(histograms(Float32Array.of(NaN), Uint8Array.of(1), 2).inside).toEqual([0, 0]);
  });
  it("entropy is in bits, quantiles between values, logGamma that of factorials", () => {
    expect(entropy([1, 1, 1, 1])).toBe(2);
    expect(entropy([5, 0])).toBeCloseTo(0, 12);
    expect(quantile([1, 2, 4], 0.75)).toBe(3);
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 10);
  });
  it("are printed short", () => {
    expect([say(NaN), say(0), say(1797), say(0.12345), say(12.345), say(1e-6), say(Infinity)]).toEqual(["–", "0", "1,797", "0.123", "12.3", "1.0e-6", "∞"]);
    expect([sayP(0.04), sayP(7e-128), sayP(0)]).toEqual(["0.040", "7e-128", "< 1e-300"]);
  });
});
