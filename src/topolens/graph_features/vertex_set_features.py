"""Features of sets of vertices: cliques, independent sets, covers, dominating sets, Eulerian subsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from topolens.graph_features.connectivity import component_of
from topolens.graph_features.feature import Feature, sets_of
from topolens.graph_features.growth import Growth, Run, Sublevel

Set = tuple[int, ...]
Found = Iterator[tuple[Set, list[Run]] | None]


def clique(min_size: int = 2, max_size: int | None = None) -> Feature:
    """Sets of vertices of `min_size` to `max_size` that are all joined to each other; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def runs(growth: Growth) -> Found:
        for found in _cliques(growth, min_size, max_size):
            yield None if found is None else (found[0], [(found[1], growth.end)])

    return Feature("clique", "vertex sets", True, _is_clique, sizes=(min_size, max_size), runs=runs)


def maximal_clique(min_size: int = 2, max_size: int | None = None) -> Feature:
    """Cliques of `min_size` to `max_size` that lie in no larger clique of any size; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        wider = set.intersection(*(graph.neighbours[v] for v in x))
        return _is_clique(graph, x) and not wider

    def runs(growth: Growth) -> Found:
        for found in _cliques(growth, min_size, max_size):
            if found is None:
                yield None
                continue
            x, start = found
            wider = set.intersection(*(growth.neighbours[v] for v in x))
            stop = min((max(growth.joined(v, w) for v in x) for w in wider), default=growth.end)
            yield (x, [(start, stop)]) if start < stop else None

    return Feature("maximal_clique", "vertex sets", True, rule, sizes=(min_size, max_size), runs=runs)


def _is_clique(graph: Sublevel, x: Set) -> bool:
    return all(graph.has_edge(a, b) for a, b in combinations(x, 2))


def _cliques(growth: Growth, least: int, most: int | None) -> Iterator[tuple[Set, int] | None]:
    """Cliques with the step at which they are complete; None for each smaller one passed on the way."""
    waiting: list[tuple[Set, int, set[int]]] = [
        ((v,), step, {w for w in growth.neighbours[v] if w > v}) for v, step in growth.vertex_step.items()
    ]
    while waiting:
        x, step, wider = waiting.pop()
        yield (x, step) if len(x) >= least else None
        if most is None or len(x) < most:
            for w in wider:
                complete = max(step, *(growth.joined(v, w) for v in x))
                waiting.append(((*x, w), complete, {u for u in wider & growth.neighbours[w] if u > w}))


def independent_set(min_size: int = 2, max_size: int | None = None) -> Feature:
    """Sets of vertices of `min_size` to `max_size` of which no two are joined; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return not any(graph.has_edge(a, b) for a, b in combinations(x, 2))

    def run(growth: Growth, x: Set) -> list[Run]:
        stop = min((growth.joined(a, b) for a, b in combinations(x, 2)), default=growth.end)
        return _one(_born(growth, x), stop)

    return _of_subsets("independent_set", True, rule, run, (min_size, max_size))


def vertex_cover(min_size: int = 1, max_size: int | None = None) -> Feature:
    """Sets of vertices of `min_size` to `max_size` with an end of every edge among them; convex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return all(a in x or b in x for a, b in graph.edges())

    def run(growth: Growth, x: Set) -> list[Run]:
        # Edges stand in their order, so the first one not touched is the first to enter.
        stop = next((s for (a, b), s in growth.edge_step.items() if a not in x and b not in x), growth.end)
        return _one(_born(growth, x), stop)

    return _of_subsets("vertex_cover", True, rule, run, (min_size, max_size))


def dominating_set(min_size: int = 1, max_size: int | None = None) -> Feature:
    """Sets of vertices of `min_size` to `max_size` to which all others are joined.

    Not convex if vertices may enter later than others.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return all(v in x or not graph.neighbours[v].isdisjoint(x) for v in graph.neighbours)

    def run(growth: Growth, x: Set) -> list[Run]:
        """All steps from the birth of x, less those at which another vertex is there and not yet joined to x."""
        others = ((born, min(growth.joined(v, w) for w in x)) for v, born in growth.vertex_step.items() if v not in x)
        start, found = _born(growth, x), list[Run]()
        for alone, joined in sorted(other for other in others if other[0] < other[1]):
            found += _one(start, alone)
            start = max(start, joined)
        return found + _one(start, growth.end)

    return _of_subsets("dominating_set", False, rule, run, (min_size, max_size))


def eulerian_vertex_set(min_size: int = 3, max_size: int | None = None) -> Feature:
    """Sets of `min_size` to `max_size` vertices whose induced graph is Eulerian. Not convex.

    Eulerian: connected, with edges, and an even number of them at each vertex.

    Raises:
        ValueError: If the sizes are no range.
    """

    def rule(graph: Sublevel, x: Set) -> bool:
        return _is_eulerian({v: graph.neighbours[v].intersection(x) for v in x})

    def run(growth: Growth, x: Set) -> list[Run]:
        """Only edges within x change anything."""
        inner = sorted((growth.joined(a, b), a, b) for a, b in combinations(x, 2) if b in growth.neighbours[a])
        joined: dict[int, set[int]] = {v: set() for v in x}
        found: list[Run] = []
        for i, (step, a, b) in enumerate(inner):
            joined[a].add(b)
            joined[b].add(a)
            if _is_eulerian(joined):
                found.append((step, inner[i + 1][0] if i + 1 < len(inner) else growth.end))
        return found

    return _of_subsets("eulerian_vertex_set", False, rule, run, (min_size, max_size))


def _is_eulerian(neighbours: dict[int, set[int]]) -> bool:
    degrees = [len(others) for others in neighbours.values()]
    start = next(iter(neighbours))
    return min(degrees) > 0 and not any(d % 2 for d in degrees) and len(component_of(start, neighbours)) == len(degrees)


def _of_subsets(
    name: str,
    convex: bool,
    rule: Callable[[Sublevel, Set], bool],
    run: Callable[[Growth, Set], list[Run]],
    sizes: tuple[int, int | None],
) -> Feature:
    """A feature for which every subset of the vertices must be looked at."""

    def runs(growth: Growth) -> Found:
        return ((x, run(growth, x)) for x in sets_of("vertex sets", growth, sizes))

    return Feature(name, "vertex sets", convex, rule, sizes=sizes, runs=runs)


def _born(growth: Growth, x: Set) -> int:
    return max(growth.vertex_step[v] for v in x)


def _one(start: int, stop: int) -> list[Run]:
    return [(start, stop)] if start < stop else []
