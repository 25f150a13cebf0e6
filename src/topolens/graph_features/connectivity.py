"""Connected components, blocks and spanning forests of a graph, without recursion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Edge = tuple[int, int]
Neighbours = Mapping[int, Iterable[int]]


def component_of(start: int, neighbours: Neighbours) -> set[int]:
    """All vertices that paths reach from one; ways to vertices that `neighbours` does not list are left out."""
    reached, waiting = {start}, [start]
    while waiting:
        for w in neighbours[waiting.pop()]:
            if w in neighbours and w not in reached:
                reached.add(w)
                waiting.append(w)
    return reached


def components_of(neighbours: Neighbours) -> list[set[int]]:
    """The vertices of each connected component."""
    found: list[set[int]] = []
    seen: set[int] = set()
    for v in neighbours:
        if v not in seen:
            found.append(component_of(v, neighbours))
            seen |= found[-1]
    return found


def blocks_of(neighbours: Neighbours) -> list[list[Edge]]:
    """The edges (smaller, larger) of each block: a largest set with two ways round between any two of its edges.

    Every edge lies in exactly one; a bridge is a block of its own. Hopcroft and Tarjan's depth-first search.
    """
    found: list[list[Edge]] = []
    depth: dict[int, int] = {}
    low: dict[int, int] = {}
    for root in neighbours:
        if root in depth:
            continue
        depth[root] = low[root] = 0
        edges: list[Edge] = []
        path = [(root, -1, iter(neighbours[root]), 0)]
        while path:
            v, parent, others, mark = path[-1]
            w = next(others, None)
            if w is None:
                path.pop()
                if path:
                    low[parent] = min(low[parent], low[v])
                    if low[v] >= depth[parent]:
                        found.append(edges[mark:])
                        del edges[mark:]
            elif w not in depth:
                depth[w] = low[w] = depth[v] + 1
                path.append((w, v, iter(neighbours[w]), len(edges)))
                edges.append((min(v, w), max(v, w)))
            elif w != parent and depth[w] < depth[v]:
                low[v] = min(low[v], depth[w])
                edges.append((min(v, w), max(v, w)))
    return found


class SpanningForest:
    """The forest of the edges that join two components when they enter, and what of it has been contracted."""

    def __init__(self, vertices: Iterable[int], edges: Iterable[Edge]) -> None:
        """`edges` in the order in which they enter."""
        self.edges: set[Edge] = set()
        self._top = {v: v for v in vertices}
        near: dict[int, list[int]] = {v: [] for v in self._top}
        for a, b in edges:
            one, other = self._find(a), self._find(b)
            if one != other:
                self._top[one] = other
                self.edges.add((a, b))
                near[a].append(b)
                near[b].append(a)
        self._parent: dict[int, int] = {}
        self._depth: dict[int, int] = {}
        for root in near:
            if root not in self._depth:
                self._hang(root, near)
        self._top = {v: v for v in near}

    def _hang(self, root: int, near: Mapping[int, list[int]]) -> None:
        self._depth[root] = 0
        waiting = [root]
        while waiting:
            v = waiting.pop()
            for w in near[v]:
                if w not in self._depth:
                    self._depth[w] = self._depth[v] + 1
                    self._parent[w] = v
                    waiting.append(w)

    def _find(self, v: int) -> int:
        while self._top[v] != v:
            self._top[v] = v = self._top[self._top[v]]
        return v

    def contract(self, a: int, b: int) -> list[int]:
        """Ends of the edges between two vertices of one tree that no earlier call has contracted."""
        found: list[int] = []
        a, b = self._find(a), self._find(b)
        while a != b:
            if self._depth[a] < self._depth[b]:
                a, b = b, a
            found += (a, self._parent[a])
            self._top[a] = self._parent[a]
            a = self._find(a)
        return found
