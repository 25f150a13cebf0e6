import { describe, expect, it } from "vitest";
import { endsOf, keyOf, keySvg, namedClasses } from "../src/drawing/legend";
import { paintClasses, paintNumbers } from "../src/drawing/paint";
import { radii, type Ink, type Scene } from "../src/drawing/scene";
import { toSvg } from "../src/drawing/svg";
import { smallGraph } from "./small_graph";

const graph = smallGraph([[0, 1, 2, 3], [3, 4], [5]], [[0, 1]], 60, [0, 0.5, -0.5]);
const scene = (paint: Scene["paint"], shares: Float32Array | null = null): Scene => ({
  graph, x: graph.force.x, y: graph.force.y, paint, radius: radii(graph, "points"), shares, edgeShown: () => true, triangles: false,
  path: [], closed: false, marked: -1, hovered: -1, lasso: [],
});
const ink: Ink = { edge: "#888", edgeStrong: "#111", soft: "#555", outline: "#222", accent: "#00f", triangle: "#eee", paper: "#fff" };
const numbers = paintNumbers(Float32Array.of(1, 2, 3), "viridis", "mean loss");
/** 40 classes, of which the rows hold 7 (four times), 3 (twice) and none else. */
const many = paintClasses(graph, Float32Array.of(7, 7, 7, 3, 7, 39, ...new Array<number>(54).fill(NaN)), Array.from({ length: 40 }, (_, i) => `class ${i}`), "label");

describe("the legend of a picture", () => {
  it("names the most frequent of many classes first, and says that colours are close", () => {
    if (many.legend.kind !== "classes") throw new Error("classes expected");
    const { shown, more } = namedClasses(many.legend);
    expect(shown.slice(0, 4)).toEqual([7, 3, 39, 0]);
    expect(more).toBe("and 16 more; of 40 colours many are close");
    const few = paintClasses(graph, Float32Array.of(1, 1, 1), ["a", "b"], "label");
    expect(few.legend.kind === "classes" && namedClasses(few.legend)).toEqual({ shown: [0, 1], more: "" });
  });
  it("has the title, the ends of the scale and the sizes as they are drawn", () => {
    const key = keyOf(scene(numbers), 1, ["a graph", "3 nodes"], 600);
    const texts = key.marks.flatMap((mark) => (mark.kind === "text" ? [mark.text] : []));
    expect(texts).toEqual(["a graph", "3 nodes", "mean loss", ...(numbers.legend.kind === "numbers" ? endsOf(numbers.legend) : []), "points in node", "1", "2", "4"]);
    const radii = key.marks.flatMap((mark) => (mark.kind === "dot" ? [mark.r] : []));
    expect(radii.map((r) => r.toFixed(3))).toEqual([2, 1, 0].map((node) => scene(numbers).radius[node].toFixed(3)));
    expect(key.marks.filter((mark) => mark.kind === "bar").length).toBe(48);
  });
  it("stays within its width and height, on more lines where it is narrow", () => {
    const wide = keyOf(scene(many), 1, ["a graph"], 900);
    const narrow = keyOf(scene(many), 1, ["a graph with quite a long title that cannot stand on a narrow picture"], 240);
    expect(narrow.height).toBeGreaterThan(wide.height);
    for (const mark of narrow.marks) {
      expect(mark.x + (mark.kind === "text" ? 6.2 * mark.text.length : 0)).toBeLessThanOrEqual(240);
      expect(mark.y).toBeLessThan(narrow.height);
    }
  });
  it("stands in the SVG below the picture, escaped", () => {
    const svg = toSvg(scene(many, Float32Array.of(0.75, 0, 0)), { x: 0, y: 0, k: 1 }, 400, 300, ink, ["<b>", "x"]);
    const tall = Number(/ height="([\d.]+)"/.exec(svg)![1]);
    expect(tall).toBeGreaterThan(360);
    expect(svg).toContain('font-weight="bold">&lt;b&gt;</text>');
    expect(svg).toContain(">class 39</text>");
    expect(svg).toMatch(/A[\d. ]+ 0 1 1 [^"]*" fill="none" stroke="#00f"/); // three quarters round the first node
    expect(svg.match(/stroke="#00f"/g)!.length).toBe(1);
    expect(keySvg({ marks: [], height: 0 }, 0, ink)).toContain("<g");
  });
});
