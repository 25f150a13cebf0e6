"""Coherent samplings: families of parts of a growing graph that only ever grow and merge."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.graph_features.connectivity import blocks_of, components_of
from topolens.graph_features.growth import Growth, Sublevel, growths
from topolens.graph_features.persistence_function import check_levels
from topolens.graph_features.steady import Bar, FeaturePersistence
from topolens.graph_features.weighted_graph import WeightedGraph

Member = frozenset[Hashable]


@dataclass(frozen=True)
class CoherentSampling:
    """A finite family of parts of each graph, each of which lies in exactly one part of any larger graph.

    Args:
        name: What it is called in messages.
        members: The parts of a graph, a `Sublevel`, each a frozen set of vertices, or of tuples of vertices such as
            edges.

    Source: "Beyond topological persistence: starting from networks", 2021.
    """

    name: str
    members: Callable[[Sublevel], Iterable[Member]]


def components() -> CoherentSampling:
    """Connected components, as sets of vertices."""
    return CoherentSampling("components", lambda graph: map(frozenset, components_of(graph.neighbours)))


def edge_blocks() -> CoherentSampling:
    """Largest sets of at least two vertices that no removal of one edge separates."""

    def members(graph: Sublevel) -> Iterable[Member]:
        held: dict[int, set[int]] = {v: set() for v in graph.neighbours}
        for block in blocks_of(graph.neighbours):
            for a, b in block if len(block) > 1 else ():
                held[a].add(b)
                held[b].add(a)
        return (frozenset(part) for part in components_of(held) if len(part) > 1)

    return CoherentSampling("edge_blocks", members)


def blocks(min_size: int = 3) -> CoherentSampling:
    """Largest parts of at least `min_size` vertices that no removal of one vertex separates, as sets of edges.

    Raises:
        ValueError: If min_size is below 2.
    """
    if min_size < 2:
        raise ValueError(f"min_size of blocks must be at least 2, one edge, got {min_size}")

    def members(graph: Sublevel) -> Iterable[Member]:
        found = map(frozenset, blocks_of(graph.neighbours))
        return (part for part in found if len({v for edge in part for v in edge}) >= min_size)

    return CoherentSampling(f"blocks({min_size})", members)


def clique_communities(k: int = 3) -> CoherentSampling:
    """Cliques of `k` vertices that lead to each other by exchanging one vertex at a time, as sets of cliques.

    Raises:
        ValueError: If k is below 2.
    """
    if k < 2:
        raise ValueError(f"k of clique_communities must be at least 2, got {k}")

    def members(graph: Sublevel) -> Iterable[Member]:
        cliques: list[tuple[int, ...]] = [(v,) for v in graph.neighbours]
        for _ in range(k - 1):
            wider = ((x, set.intersection(*(graph.neighbours[v] for v in x))) for x in cliques)
            cliques = [(*x, w) for x, others in wider for w in others if w > x[-1]]
        by_face: dict[tuple[int, ...], list[int]] = {}
        for i, x in enumerate(cliques):
            for j in range(k):
                by_face.setdefault(x[:j] + x[j + 1 :], []).append(i)
        adjacent: dict[int, set[int]] = {i: set() for i in range(len(cliques))}
        for x_and_others in by_face.values():
            for i in x_and_others[1:]:
                adjacent[i].add(x_and_others[0])
                adjacent[x_and_others[0]].add(i)
        return (frozenset(cliques[i] for i in part) for part in components_of(adjacent))

    return CoherentSampling(f"clique_communities({k})", members)


class CoherentPersistence:
    """How many members of a coherent sampling at v contain one at u, and the bars by the elder rule.

    A `PersistenceFunction`, always stable. `objects` gives, for each bar of the diagram in its order, the vertices of
    the member that was born, as a rising tuple.
    """

    stable = True

    def __init__(self, graph: WeightedGraph, sampling: CoherentSampling) -> None:
        self._growths = growths(graph)
        self._graph = graph
        self._sampling = sampling
        bars = [bar for b, growth in enumerate(self._growths) for bar in _elder_bars(growth, b, sampling)]
        self._bars = FeaturePersistence(graph, bars, stable=True)
        self.objects = self._bars.objects

    def diagram(self) -> Diagrams:
        """One bar for each member that is born, of dimension 0; it dies where it lies in one with an older member.

        Gradients: to the two weights of each bar.
        """
        return self._bars.diagram()

    def count(self, u: float, v: float) -> Tensor:
        """Number of members at level v that contain a member at level u, shape (batch,), int64.

        Raises:
            ValueError: If v comes before u.
        """
        low, high = check_levels(u, v, self._graph.superlevel)
        counts = [self._count(growth, low, high) for growth in self._growths]
        return torch.tensor(counts, dtype=torch.int64, device=self._graph.source.device)

    def _count(self, growth: Growth, low: float, high: float) -> int:
        earlier, later = (list(self._sampling.members(_at_level(growth, level))) for level in (low, high))
        return sum(any(x <= y for x in earlier) for y in later)


def _at_level(growth: Growth, level: float) -> Sublevel:
    graph = Sublevel(growth)
    while graph.step + 1 < growth.end and growth.level(graph.step + 1) <= level:
        graph.advance()
    # Vertices without edges of their own come with the first level.
    return graph if graph.step >= 0 else Sublevel(Growth([], [], growth.directed))


def coherent(graph: WeightedGraph, sampling: CoherentSampling) -> CoherentPersistence:
    """Persistence of a coherent sampling: which of its members at v contain one that was there at u.

    As components do in degree 0: where members merge, all but the eldest end.

    Args:
        graph: What `weighted_graph` returns, a batch of B graphs.
        sampling: `components()`, `edge_blocks()`, `blocks()`, `clique_communities(k)` or one of your own.

    Returns:
        A `PersistenceFunction` with `objects`; its diagrams are a batch of B.

    Raises:
        ValueError: If a member does not lie in exactly one member of the graph one edge later.

    Gradients: of the diagram's births and deaths to the two edges of each bar; among equal weights a choice by number.
    Cost: the members of the whole graph anew for each edge, for components and blocks O(edges (vertices + edges)).
    Source: "Beyond topological persistence: starting from networks", 2021.

    Example:
        >>> from topolens.graph_features import weighted_graph
        >>> bowtie = torch.tensor([[0, 1, 0, 2, 3, 2], [1, 2, 2, 3, 4, 4]])
        >>> found = coherent(weighted_graph(torch.arange(1.0, 7.0), bowtie), blocks())
        >>> found.objects, found.diagram().intervals.tolist()
        (((0, 1, 2), (2, 3, 4)), [[3.0, inf], [6.0, inf]])
    """
    return CoherentPersistence(graph, sampling)


def _elder_bars(growth: Growth, batch: int, sampling: CoherentSampling) -> Iterator[Bar]:
    """Bars of one nested family; of equally old members the one first in the family before lives on."""
    graph = Sublevel(growth)
    alive: list[tuple[int, Member, Member]] = []  # birth, the member at birth, the member now; the eldest first
    for step in range(growth.end):
        graph.advance()
        inside: dict[Member, list[tuple[int, Member]]] = {y: [] for y in sampling.members(graph)}
        parents = _parents(inside)
        for birth, born, now in alive:
            found = [y for y in parents.get(next(iter(now)), ()) if now <= y]
            if len(found) != 1:
                raise ValueError(
                    f"each member of {sampling.name} must lie in exactly one member of the next graph, but "
                    f"{_vertices(now)} lies in {len(found)}; the sampling is not coherent"
                )
            inside[found[0]].append((birth, born))
        alive = []
        for now, elders in inside.items():
            alive.append((*(elders[0] if elders else (step, now)), now))
            for birth, born in elders[1:]:
                if growth.level(birth) < growth.level(step):
                    yield Bar.of(growth, batch, _vertices(born), birth, step)
        alive.sort(key=lambda member: member[0])
    for birth, born, _ in alive:
        yield Bar.of(growth, batch, _vertices(born), birth, growth.end)


def _parents(members: Iterable[Member]) -> dict[Hashable, list[Member]]:
    """Members by each of their elements."""
    found: dict[Hashable, list[Member]] = {}
    for y in members:
        for element in y:
            found.setdefault(element, []).append(y)
    return found


def _vertices(member: Member) -> tuple[int, ...]:
    return tuple(sorted({v for part in member for v in (part if isinstance(part, tuple) else (part,))}))
