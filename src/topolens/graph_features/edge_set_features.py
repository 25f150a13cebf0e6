"""Features of sets of edges: matchings and Eulerian sets."""

from __future__ import annotations

from collections.abc import Iterator

from topolens.graph_features.connectivity import Edge, component_of
from topolens.graph_features.feature import Feature
from topolens.graph_features.growth import Growth, Run, Sublevel

Set = tuple[int, ...]
Found = Iterator[tuple[Set, list[Run]] | None]


def matching(min_size: int = 1, max_size: int | None = None) -> Feature:
    """Sets of `min_size` to `max_size` edges that share no vertex; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return _is_matching([graph.ends(e) for e in x])

    def runs(growth: Growth) -> Found:
        for found in _matchings(growth, min_size, max_size):
            yield None if found is None else (_numbers(growth, found), [(growth.joined(*found[-1]), growth.end)])

    return Feature("matching", "edge sets", True, rule, sizes=(min_size, max_size), runs=runs)


def maximal_matching(min_size: int = 1, max_size: int | None = None) -> Feature:
    """Matchings of `min_size` to `max_size` edges that lie in no larger one of any size; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        own = [graph.ends(e) for e in x]
        covered = {v for edge in own for v in edge}
        return _is_matching(own) and all(a in covered or b in covered for a, b in graph.edges())

    def runs(growth: Growth) -> Found:
        for found in _matchings(growth, min_size, max_size):
            if found is None:
                yield None
                continue
            start, covered = growth.joined(*found[-1]), {v for edge in found for v in edge}
            free = (s for (a, b), s in growth.edge_step.items() if a not in covered and b not in covered)
            stop = next(free, growth.end)
            yield (_numbers(growth, found), [(start, stop)]) if start < stop else None

    return Feature("maximal_matching", "edge sets", True, rule, sizes=(min_size, max_size), runs=runs)


def _is_matching(edges: list[Edge]) -> bool:
    return len({v for edge in edges for v in edge}) == 2 * len(edges)


def _numbers(growth: Growth, edges: list[Edge]) -> Set:
    return tuple(sorted(growth.edge_number[edge] for edge in edges))


def _matchings(growth: Growth, least: int, most: int | None) -> Iterator[list[Edge] | None]:
    """Matchings, their edges in the order in which they enter; None for each smaller one passed on the way."""
    edges = list(growth.edge_step)
    waiting: list[tuple[list[Edge], int]] = [([edge], i) for i, edge in enumerate(edges)]
    while waiting:
        x, last = waiting.pop()
        yield x if len(x) >= least else None
        if most is None or len(x) < most:
            covered = {v for edge in x for v in edge}
            for i in range(last + 1, len(edges)):
                if covered.isdisjoint(edges[i]):
                    waiting.append(([*x, edges[i]], i))


def eulerian_edge_set(max_size: int | None = None) -> Feature:
    """Connected sets of at most `max_size` edges with an even number of them at each vertex; convex.

    All 2^(independent cycles) even sets of edges of the graph are looked at, whatever their size.

    Raises:
        ValueError: If `max_size` is below 1.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return _is_eulerian([graph.ends(e) for e in x])

    def runs(growth: Growth) -> Found:
        even: list[frozenset[Edge]] = [frozenset()]
        for cycle in _fundamental_cycles(growth):
            # Doubled lazily, so that max_candidates can stop it.
            for i in range(len(even)):
                x = even[i] ^ cycle
                even.append(x)
                fits = (max_size is None or len(x) <= max_size) and _is_eulerian([*x])
                start = max(growth.edge_step[edge] for edge in x)
                yield (_numbers(growth, [*x]), [(start, growth.end)]) if fits else None

    return Feature("eulerian_edge_set", "edge sets", True, rule, sizes=(1, max_size), runs=runs)


def _is_eulerian(edges: list[Edge]) -> bool:
    neighbours: dict[int, set[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    start = next(iter(neighbours))
    return not any(len(n) % 2 for n in neighbours.values()) and component_of(start, neighbours) == neighbours.keys()


def _fundamental_cycles(growth: Growth) -> Iterator[frozenset[Edge]]:
    """For each edge that closes a cycle when it enters, it and the way between its ends through earlier ones."""
    tree: dict[int, set[int]] = {v: set() for v in growth.vertex_step}
    for a, b in growth.edge_step:
        way = _path(tree, a, b)
        if way is None:
            tree[a].add(b)
            tree[b].add(a)
        else:
            yield frozenset((min(e), max(e)) for e in [*zip(way[1:], way[:-1], strict=True), (a, b)])


def _path(tree: dict[int, set[int]], a: int, b: int) -> list[int] | None:
    """Vertices on the way from one to another in a forest, None if there is none."""
    before = {a: a}
    waiting = [a]
    while waiting and b not in before:
        v = waiting.pop()
        for w in tree[v]:
            if w not in before:
                before[w] = v
                waiting.append(w)
    if b not in before:
        return None
    way = [b]
    while way[-1] != a:
        way.append(before[way[-1]])
    return way
