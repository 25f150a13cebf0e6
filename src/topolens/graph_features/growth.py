"""How one graph grows: its vertices and edges in the order in which they enter, and the graph after each step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from topolens.graph_features.connectivity import Edge
from topolens.graph_features.weighted_graph import WeightedGraph

Run = tuple[int, int]  # first step at which something holds, first step after that at which it does not


class Step(NamedTuple):
    """One vertex or one edge that enters, and the cell whose value says when."""

    level: float  # rising, the weight or (superlevel) its negative
    cell: int
    vertex: int  # -1 for an edge
    arc: tuple[int, int]
    number: int  # column of edge_index, -1 for a vertex
    weight: float  # of the edge itself, in the user's units


class Growth:
    """One item of a batch, entering cell by cell in the order (weight, cell).

    Equal weights enter one after the other too, so that a bar knows its own edge among them; `levels_of` takes that
    back.
    """

    def __init__(self, steps: list[Step], present: list[int], directed: bool) -> None:
        self.steps = steps
        self.present = present if steps else []  # vertices that are there before the first step
        self.directed = directed
        self.end = len(steps)
        self.vertex_step = dict.fromkeys(self.present, 0)
        self.edge_step: dict[Edge, int] = {}  # of the graph without arrows, (smaller row, larger row)
        self.edge_number: dict[Edge, int] = {}
        for s, step in enumerate(steps):
            if step.vertex >= 0:
                self.vertex_step[step.vertex] = s
                continue
            a, b = step.arc
            self.vertex_step.setdefault(a, s)
            self.vertex_step.setdefault(b, s)
            edge = (min(a, b), max(a, b))
            self.edge_step.setdefault(edge, s)
            self.edge_number.setdefault(edge, step.number)
        self.edge_of = {number: edge for edge, number in self.edge_number.items()}
        self.neighbours: dict[int, set[int]] = {v: set() for v in self.vertex_step}  # when everything has entered
        for a, b in self.edge_step:
            self.neighbours[a].add(b)
            self.neighbours[b].add(a)

    def joined(self, a: int, b: int) -> int:
        """Step at which an edge joins two vertices, `end` if none ever does."""
        return self.edge_step.get((a, b) if a < b else (b, a), self.end)

    def level(self, step: int) -> float:
        """Weight that has been reached by a step; inf after the last."""
        return self.steps[step].level if step < self.end else float("inf")

    def cell(self, step: int) -> int:
        """Cell that enters at a step; -1 after the last."""
        return self.steps[step].cell if step < self.end else -1

    def levels_of(self, runs: list[Run]) -> list[Run]:
        """The runs when equal weights enter at once: what begins and ends at one weight, gaps included, is gone."""
        merged: list[Run] = []
        for start, stop in runs:
            if merged and self.level(merged[-1][1]) == self.level(start):
                merged[-1] = (merged[-1][0], stop)
            else:
                merged.append((start, stop))
        return [(start, stop) for start, stop in merged if self.level(start) < self.level(stop)]


class Sublevel:
    """The graph after some steps of its growth, without arrows in `neighbours`, with them in `out` and `into`.

    The last two give, for each vertex, weights by the vertex at the other end.
    """

    def __init__(self, growth: Growth) -> None:
        self.growth = growth
        self.step = -1
        self.neighbours: dict[int, set[int]] = {v: set() for v in growth.present}
        self.numbers: set[int] = set()  # columns of edge_index that are there
        self.out: dict[int, dict[int, float]] = {v: {} for v in growth.present}
        self.into: dict[int, dict[int, float]] = {v: {} for v in growth.present}

    def advance(self) -> Edge:
        """Lets the next cell enter; its vertex twice, or its two ends."""
        self.step += 1
        step = self.growth.steps[self.step]
        a, b = (step.vertex, step.vertex) if step.vertex >= 0 else step.arc
        for v in (a, b):
            self.neighbours.setdefault(v, set())
            self.out.setdefault(v, {})
            self.into.setdefault(v, {})
        if step.vertex < 0:
            self.neighbours[a].add(b)
            self.neighbours[b].add(a)
            self.numbers.add(self.growth.edge_number[min(a, b), max(a, b)])
            self.out[a][b] = self.into[b][a] = step.weight
        return a, b

    def degree(self, vertex: int) -> int:
        """Number of neighbours."""
        return len(self.neighbours[vertex])

    def has_edge(self, a: int, b: int) -> bool:
        """Whether an edge joins two vertices."""
        return b in self.neighbours[a]

    def ends(self, number: int) -> Edge:
        """The two vertices of an edge, a column of `edge_index`, as (smaller row, larger row)."""
        return self.growth.edge_of[number]

    def edges(self) -> Iterator[Edge]:
        """All edges, each once, as (smaller row, larger row)."""
        return ((a, b) for a, others in self.neighbours.items() for b in others if a < b)


def growths(graph: WeightedGraph) -> list[Growth]:
    """How each graph of a batch grows."""
    sign = -1.0 if graph.superlevel else 1.0
    values = (sign * graph.source.detach()).tolist()
    given, rows = graph.vertices == "given", graph.vertex_count
    item_of = [b for b in range(graph.batch_size) for _ in graph.graphs.rows(b)]
    steps: list[list[Step]] = [[] for _ in range(graph.batch_size)]
    if given:
        for v, b in enumerate(item_of):
            steps[b].append(Step(values[v], v, v, (v, v), -1, sign * values[v]))
    for e, (a, b) in enumerate(graph.graphs.edge_index.T.tolist()):
        if a != b:
            cells = (rows + e, a, b) if given else (rows + e,)
            last = max(cells, key=lambda c: values[c])
            steps[item_of[a]].append(Step(values[last], last, -1, (a, b), e, sign * values[rows + e]))
    return [
        Growth(_entering(steps[b], graph.directed), [*graph.graphs.rows(b)] * (graph.vertices == "all"), graph.directed)
        for b in range(graph.batch_size)
    ]


def _entering(steps: list[Step], directed: bool) -> list[Step]:
    """Steps in their order, without repeated edges and without what never enters."""
    kept: list[Step] = []
    seen: set[Edge] = set()
    for step in sorted(steps, key=lambda s: (s.level, s.vertex < 0, s.cell, s.number)):
        if step.level == float("inf"):
            break
        a, b = step.arc
        arc = step.arc if directed else (min(a, b), max(a, b))
        if step.vertex < 0 and arc in seen:
            continue
        seen.add(arc)
        kept.append(step)
    return kept
