"""Features of single vertices: hubs, degree windows, cores, cycles, triangles, articulations, sources and sinks."""

from __future__ import annotations

from collections.abc import Iterator

from topolens.graph_features.connectivity import SpanningForest, blocks_of, component_of
from topolens.graph_features.feature import Feature
from topolens.graph_features.growth import Edge, Growth, Run, Sublevel

Found = Iterator[tuple[int, list[Run]]]


def hub() -> Feature:
    """Vertices with more neighbours than each of their neighbours, and with at least one. Not convex."""
    return Feature("hub", "vertices", convex=False, rule=_is_hub, reach="neighbours")


def _is_hub(graph: Sublevel, v: int) -> bool:
    degree = graph.degree(v)
    return degree > 0 and all(graph.degree(w) < degree for w in graph.neighbours[v])


def degree_window(m: int, n: int | None = None) -> Feature:
    """Vertices with more than m and fewer than n neighbours, D_{m,n}; convex.

    The graph's twin of the image feature G^k_{m,n}. `degree_intervals` gives the same for whole batches at once.

    Args:
        m: At least -1, below any degree.
        n: Above m. None: no upper bound.

    Raises:
        ValueError: If no degree lies in such a window whatever the graph.
    """
    if m < -1 or (n is not None and n <= m):
        raise ValueError(f"degree_window needs -1 <= m < n, got m = {m} and n = {n}")

    def rule(graph: Sublevel, v: int) -> bool:
        return m < graph.degree(v) and (n is None or graph.degree(v) < n)

    def runs(growth: Growth) -> Found:
        for v, born in growth.vertex_step.items():
            steps = sorted(growth.joined(v, w) for w in growth.neighbours[v])
            starts = [born, *steps]  # of degree 0 (or of being there at all), 1, 2, ...
            start = max(starts[m + 1], born) if m + 1 < len(starts) else growth.end
            stop = starts[n] if n is not None and n < len(starts) else growth.end
            if start < stop:
                yield v, [(start, stop)]

    return Feature(f"degree_window({m}, {n})", "vertices", convex=True, rule=rule, reach="ends", runs=runs)


def k_core(k: int) -> Feature:
    """Vertices of the k-core, the largest part in which each vertex has at least `k` neighbours; convex.

    Raises:
        ValueError: If k is below 1.
    """
    if k < 1:
        raise ValueError(f"k_core needs k of at least 1, got {k}")

    def rule(graph: Sublevel, v: int) -> bool:
        kept = {w: set(others) for w, others in graph.neighbours.items()}
        _peel(kept, [w for w, others in kept.items() if len(others) < k], k)
        return v in kept

    def runs(growth: Growth) -> Found:
        """Edges leave in the reverse of their order; each takes those out of the core that were waiting for it."""
        core = {v: set(others) for v, others in growth.neighbours.items()}
        _peel(core, [v for v, others in core.items() if len(others) < k], k)
        for (a, b), step in reversed(growth.edge_step.items()):
            if a in core and b in core[a]:
                core[a].remove(b)
                core[b].remove(a)
                yield from ((v, [(step, growth.end)]) for v in _peel(core, [a, b], k))

    return Feature(f"k_core({k})", "vertices", convex=True, rule=rule, runs=runs)


def _peel(core: dict[int, set[int]], suspects: list[int], k: int) -> list[int]:
    """Takes out, and returns, all that have fewer than k neighbours, once the suspects among them are gone."""
    gone: list[int] = []
    while suspects:
        v = suspects.pop()
        if v in core and len(core[v]) < k:
            gone.append(v)
            for w in core.pop(v):
                core[w].remove(v)
                suspects.append(w)
    return gone


def on_cycle() -> Feature:
    """Vertices that lie on a cycle; convex."""

    def rule(graph: Sublevel, v: int) -> bool:
        rest = {w: others for w, others in graph.neighbours.items() if w != v}
        return any(len(component_of(w, rest) & graph.neighbours[v]) > 1 for w in graph.neighbours[v])

    def runs(growth: Growth) -> Found:
        """Each edge that closes a cycle puts the vertices between its ends, on earlier edges, on it."""
        forest = SpanningForest(growth.neighbours, growth.edge_step)
        first: dict[int, int] = {}
        for edge, step in growth.edge_step.items():
            if edge not in forest.edges:
                for v in (*edge, *forest.contract(*edge)):
                    first.setdefault(v, step)
        return ((v, [(step, growth.end)]) for v, step in first.items())

    return Feature("on_cycle", "vertices", convex=True, rule=rule, runs=runs)


def in_triangle() -> Feature:
    """Vertices of triangles; convex."""

    def rule(graph: Sublevel, v: int) -> bool:
        return any(not graph.neighbours[v].isdisjoint(graph.neighbours[w]) for w in graph.neighbours[v])

    return Feature("in_triangle", "vertices", convex=True, rule=rule, reach="neighbours")


def articulation() -> Feature:
    """Vertices without which their component falls apart. Not convex."""

    def rule(graph: Sublevel, v: int) -> bool:
        rest = {w: others for w, others in graph.neighbours.items() if w != v}
        return any(not graph.neighbours[v] <= component_of(w, rest) for w in graph.neighbours[v])

    return Feature("articulation", "vertices", convex=False, rule=rule, runs=_articulation_runs)


def _articulation_runs(growth: Growth) -> Found:
    """By one depth-first search a step instead of one per vertex."""
    graph = Sublevel(growth)
    since: dict[int, int] = {}
    runs: dict[int, list[Run]] = {}
    for step in range(growth.end):
        graph.advance()
        holding = _shared(blocks_of(graph.neighbours))
        for v in since.keys() - holding:
            runs.setdefault(v, []).append((since.pop(v), step))
        since |= dict.fromkeys(holding - since.keys(), step)
    for v, step in since.items():
        runs.setdefault(v, []).append((step, growth.end))
    yield from runs.items()


def _shared(blocks: list[list[Edge]]) -> set[int]:
    """Vertices of more than one block."""
    seen: set[int] = set()
    shared: set[int] = set()
    for block in blocks:
        own = {v for edge in block for v in edge}
        shared |= seen & own
        seen |= own
    return shared


def source(weighted: bool = True) -> Feature:
    """Vertices of a digraph from which more leads away than leads to them. Not convex.

    Args:
        weighted: Whether weights are compared (the sums of those of edges out and in) or numbers of edges.
    """
    return Feature(
        "source",
        "vertices",
        convex=False,
        rule=lambda graph, v: _strength(graph.out[v], weighted) > _strength(graph.into[v], weighted),
        reach="ends",
        directed=True,
    )


def sink(weighted: bool = True) -> Feature:
    """Vertices of a digraph to which more leads than leads away from them. Not convex.

    Args:
        weighted: Whether weights are compared (the sums of those of edges in and out) or numbers of edges.
    """
    return Feature(
        "sink",
        "vertices",
        convex=False,
        rule=lambda graph, v: _strength(graph.into[v], weighted) > _strength(graph.out[v], weighted),
        reach="ends",
        directed=True,
    )


def _strength(weights: dict[int, float], weighted: bool) -> float:
    # Sorted, so that equal weights in another order give an equal sum.
    return sum(sorted(weights.values())) if weighted else len(weights)
