import { describe, expect, it } from "vitest";
import { APART, classColours, distance, oklab } from "../src/numbers/colours";

const least = (colours: string[]) => {
  const places = colours.map(oklab);
  return Math.min(...places.flatMap((a, i) => places.slice(0, i).map((b) => distance(a, b))));
};

describe("colours of classes", () => {
  it("are the same for the first classes, however many there are", () => {
    expect(classColours(100).slice(0, 40)).toEqual(classColours(40));
    expect(classColours(3)).toEqual(["#0072b2", "#e69f00", "#009e73"]);
  });
  it("differ for a hundred classes, more so for the first sixteen", () => {
    expect(least(classColours(APART))).toBeGreaterThan(0.12);
    expect(least(classColours(100))).toBeGreaterThan(0.045); // 0.02 is about what an eye tells apart
  });
  it("can be seen on light and on dark paper", () => {
    for (const colour of classColours(100).slice(8)) {
      expect(oklab(colour)[0]).toBeGreaterThan(0.4);
      expect(oklab(colour)[0]).toBeLessThan(0.84);
    }
  });
  it("begin anew when all are used up, and are plain hex for any program", () => {
    const many = classColours(2000);
    expect(new Set(many).size).toBeGreaterThan(350);
    expect(many.every((colour) => /^#[0-9a-f]{6}$/.test(colour))).toBe(true);
    expect(oklab("#ffffff")[0]).toBeCloseTo(1, 3);
  });
});
