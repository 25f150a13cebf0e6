import { describe, expect, it } from "vitest";
import { cell, csv, graphMl, nodeLink } from "../src/data/exports";
import { listOf } from "../src/data/graph";
import { floats, integers } from "../src/data/packed";
import { embedded } from "../src/data/source";
import { escaped } from "../src/drawing/xml";
import { inside, nodeTowards, roundTrip, shortestPath } from "../src/numbers/paths";
import { alignedPositions, bestMatches, complement, flows, framed, rowsOf, rowsOfNodes, sharesOf, union, without } from "../src/numbers/rows";
import { packedOf, smallGraph } from "./small_graph";

describe("packed arrays", () => {
  it("hold little-endian values, NaN too", () => {
    expect([...floats({ dtype: "f32", data: "AACAPwAAwH8=" })]).toEqual([1, NaN]);
    expect([...integers({ dtype: "i32", data: "AQAAAP////8=" })]).toEqual([1, -1]);
    expect([...floats(packedOf([0, 7, 255], "u8"))]).toEqual([0, 7, 255]);
    expect(integers(packedOf([], "i32")).length).toBe(0);
  });
  it("that end within a number are refused", () => {
    expect(() => floats({ dtype: "f32", data: "AAAA" })).toThrow(/whole numbers of 4 bytes/);
  });
});

const chain = () => smallGraph([[0, 1, 2], [2, 3], [3, 4, 5], [5, 6], [8, 9]], [[0, 1], [1, 2], [2, 3]], 10);

describe("graphs", () => {
  it("know Jaccard indices, neighbours, components and the nodes of a row", () => {
    const graph = chain();
    expect(graph.edges.jaccard[0]).toBeCloseTo(1 / 4, 6);
    expect([...listOf(graph.neighbours, 1)]).toEqual([0, 2]);
    expect([...graph.component]).toEqual([0, 0, 0, 0, 1]);
    expect([...listOf(graph.nodesOfRow, 3)]).toEqual([1, 2]);
    expect([...listOf(graph.nodesOfRow, 7)]).toEqual([]);
  });
});

describe("shortestPath", () => {
  it("goes along the chain, and nowhere between components or over hidden edges", () => {
    const graph = chain();
    expect(shortestPath(graph, 0, 3)).toEqual([0, 1, 2, 3]);
    expect(shortestPath(graph, 3, 3)).toEqual([3]);
    expect(shortestPath(graph, 0, 4)).toEqual([]);
    expect(shortestPath(graph, 0, 3, (edge) => edge !== 1)).toEqual([]);
  });
  it("prefers strong edges where a detour shares more", () => {
    const whole = Array.from({ length: 100 }, (_, i) => i);
    const graph = smallGraph([whole, whole.slice(1), whole.slice(2), [0]], [[0, 1], [1, 2], [0, 3], [0, 2]], 100);
    expect(shortestPath(graph, 3, 2)).toEqual([3, 0, 2]);
    const apart = smallGraph([whole, whole.slice(0, 60), whole.slice(40), whole.slice(0, 80)], [[1, 2], [1, 3], [3, 0], [0, 2]], 100);
    expect(shortestPath(apart, 1, 2)).toEqual([1, 2]);
  });
  it("equals Floyd and Warshall's lengths on random graphs", () => {
    let state = 1;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    for (let round = 0; round < 20; round++) {
      const members = Array.from({ length: 12 }, () => [...new Set(Array.from({ length: 6 }, () => Math.floor(random() * 30)))]);
      const edges: [number, number][] = [];
      for (let i = 0; i < 12; i++) for (let j = i + 1; j < 12; j++) if (members[i].some((row) => members[j].includes(row))) edges.push([i, j]);
      const graph = smallGraph(members, edges, 30);
      const far = Array.from({ length: 12 }, (_, i) => Array.from({ length: 12 }, (_, j) => (i === j ? 0 : Infinity)));
      edges.forEach(([i, j], e) => (far[i][j] = far[j][i] = 1 - graph.edges.jaccard[e] + 1e-6));
      for (let k = 0; k < 12; k++) for (let i = 0; i < 12; i++) for (let j = 0; j < 12; j++) far[i][j] = Math.min(far[i][j], far[i][k] + far[k][j]);
      const edgeOf = (i: number, j: number) => edges.findIndex(([a, b]) => (a === i && b === j) || (a === j && b === i));
      for (let to = 1; to < 12; to++) {
        const path = shortestPath(graph, 0, to);
        const length = path.slice(1).reduce((sum, node, i) => sum + 1 - graph.edges.jaccard[edgeOf(path[i], node)] + 1e-6, 0);
        expect(path.length ? length : Infinity).toBeCloseTo(far[0][to], 6);
      }
    }
  });
});

describe("places", () => {
  it("a ring is walked round", () => {
    const ring = smallGraph([[0, 1], [1, 2], [2, 3], [3, 0]], [[0, 1], [1, 2], [2, 3], [0, 3]], 4);
    expect(roundTrip(ring, [2, 0, 1, 3])).toEqual([2, 1, 0, 3]);
  });
  it("arrow keys go to the nearest node of their side", () => {
    const x = Float32Array.of(0, 1, 0.2, -1), y = Float32Array.of(0, 0.1, 1, 0);
    expect([nodeTowards(x, y, 0, 1, 0), nodeTowards(x, y, 0, 0, 1), nodeTowards(x, y, 0, -1, 0), nodeTowards(x, y, 0, 0, -1)]).toEqual([1, 2, 3, -1]);
  });
  it("a lasso holds what it goes round", () => {
    const bay: [number, number][] = [[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]];
    expect([inside(bay, 0.5, 1), inside(bay, 2, 3), inside(bay, 5, 1)]).toEqual([true, false, false]);
  });
});

describe("rows", () => {
  it("are sets", () => {
    expect([...rowsOf([10, 2, 2, 1])]).toEqual([1, 2, 10]);
    expect([...union(rowsOf([1, 3]), rowsOf([2, 3]))]).toEqual([1, 2, 3]);
    expect([...without(rowsOf([1, 2, 3]), rowsOf([2]))]).toEqual([1, 3]);
    expect([...complement(rowsOf([0, 2]), 4)]).toEqual([1, 3]);
  });
  it("of nodes, and the shares they select", () => {
    const graph = chain();
    const mask = new Uint8Array(10);
    for (const row of rowsOfNodes(graph, [0])) mask[row] = 1;
    expect([...sharesOf(graph, mask)].map((share) => Number(share.toFixed(2)))).toEqual([1, 0.5, 0, 0, 0]);
  });
});

describe("comparison", () => {
  it("flows add up to the points that lie in both", () => {
    const a = chain();
    const b = smallGraph([[0, 1, 2, 3, 4, 5, 6], [6, 7, 8]], [[0, 1]], 10);
    const table = flows(a, a.component, b, Int32Array.of(0, 1));
    expect(table.reduce((sum, flow) => sum + flow.weight, 0)).toBeCloseTo(8, 9);
    expect(table.find((flow) => flow.from === 1 && flow.to === 1)?.weight).toBeCloseTo(1, 9);
  });
  it("a graph matches itself wholly, and strangers not at all", () => {
    expect(bestMatches(chain(), chain())).toBeCloseTo(1, 9);
    expect(bestMatches(chain(), smallGraph([[7]], [], 10))).toBe(0);
  });
  it("turned, mirrored and shrunk positions are turned back", () => {
    const x = [0, 1, 0.8, -0.5], y = [0, 0.1, 0.9, 0.4];
    const members = [[0, 1], [2, 3, 4], [5, 6], [7]];
    const a = smallGraph(members, [], 8, x, y);
    const [c, s] = [Math.cos(2), Math.sin(2)];
    const b = smallGraph(members, [], 8, x.map((v, i) => 0.9 * (c * v + s * y[i]) + 0.2), x.map((v, i) => 0.9 * (s * v - c * y[i]) - 0.1));
    const got = alignedPositions(a, b);
    x.forEach((want, i) => {
      expect(got.x[i]).toBeCloseTo(want, 5);
      expect(got.y[i]).toBeCloseTo(y[i], 5);
    });
  });
});

describe("framed", () => {
  it("makes specks large, keeps what fits, and holds all within", () => {
    const speck = framed({ x: Float32Array.of(0.5, 0.6), y: Float32Array.of(0, 0.02) });
    expect(speck.x[1] - speck.x[0]).toBeCloseTo(1.6, 5);
    expect(speck.x[1]).toBeLessThanOrEqual(1.00001);
    const fits = { x: Float32Array.of(-0.9, 0.8), y: Float32Array.of(-0.1, 0.4) };
    expect([...framed(fits).x]).toEqual([...fits.x]);
    const wide = framed({ x: Float32Array.of(-3, 1), y: Float32Array.of(0, 1) });
    expect([...wide.x, ...wide.y].every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(framed({ x: Float32Array.of(0.3), y: Float32Array.of(-0.2) }).x[0]).toBeCloseTo(0.3, 5);
  });
});

describe("exports", () => {
  it("CSV quotes what needs it and starts no formula", () => {
    expect(csv(["a", 'b"'], [[1, "x,y"], [NaN, "=cmd()"]])).toBe('a,"b"""\n1,"x,y"\n,\'=cmd()\n');
    expect(cell("-1")).toBe("'-1");
  });
  it("XML and SVG are escaped", () => {
    expect(escaped("<script>&\u0000\"'")).toBe("&lt;script&gt;&amp;&quot;&apos;");
    expect(graphMl(chain())).toContain('<data key="title">small &lt;&amp;&gt; graph</data>');
  });
  it("JSON is node-link", () => {
    const graph = chain();
    const content = JSON.parse(nodeLink(graph, graph.document)) as { nodes: { members: number[] }[]; links: { source: number; weight: number }[] };
    expect(content.nodes[1].members).toEqual([2, 3]);
    expect(content.links[2]).toMatchObject({ source: 2, weight: 1 });
  });
});

describe("embedded data", () => {
  it("prefers a column's checkpoint, and says what is missing", async () => {
    const column = { values: packedOf([1], "f32") };
    const source = embedded({
      run: {} as never, columns: { "samples/loss": column, "samples/loss/c1": { values: packedOf([2], "f32") } }, tiles: {}, findings: null, training: null, graphs: {}, diagrams: {}, groups: [],
    });
    expect([...(await source.column("samples", "loss", "c1")), ...(await source.column("samples", "loss", "c0"))]).toEqual([2, 1]);
    await expect(source.column("samples", "other", null)).rejects.toThrow(/not in this file/);
  });
});
