"""Steady and ranging persistence: how long objects of a growing graph have a feature."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.graph_features.feature import Feature, runs_of
from topolens.graph_features.growth import Growth, growths
from topolens.graph_features.persistence_function import check_levels
from topolens.graph_features.weighted_graph import WeightedGraph


class Bar(NamedTuple):
    """From when to when an object counts: cells, and the levels they enter at (superlevel: negated)."""

    batch: int
    cells: tuple[int, int]
    object: Hashable
    levels: tuple[float, float]

    @staticmethod
    def of(growth: Growth, batch: int, thing: Hashable, start: int, stop: int) -> Bar:
        """The bar between two steps of a growth."""
        cells, levels = ((f(start), f(stop)) for f in (growth.cell, growth.level))
        return Bar(batch, cells, thing, levels)  # type: ignore[arg-type]


class FeaturePersistence:
    """How many objects have a feature from u to v, and the bars of each of them.

    A `PersistenceFunction`. `objects` names the object of each bar of the diagram, in its order: a vertex's row, or a
    rising tuple of rows or of columns of `edge_index`. `stable` says whether the feature is convex, so that no bar
    moves by more than the weights do.
    """

    def __init__(self, graph: WeightedGraph, bars: list[Bar], stable: bool) -> None:
        self._graph = graph
        self._bars = sorted(bars, key=lambda bar: bar[:3])
        self.objects = tuple(bar.object for bar in self._bars)
        self.stable = stable

    def __repr__(self) -> str:
        return f"FeaturePersistence(batch_size={self._graph.batch_size}, bars={len(self._bars)}, stable={self.stable})"

    def diagram(self) -> Diagrams:
        """One bar for each stretch of levels, of dimension 0; `cells` are those of the graph, see `weighted_graph`.

        Gradients: to the two weights of each bar.
        """
        device = self._graph.source.device
        cells = torch.tensor([bar.cells for bar in self._bars], dtype=torch.int64, device=device).reshape(-1, 2)
        batch = torch.tensor([bar.batch for bar in self._bars], dtype=torch.int64, device=device)
        return Diagrams(self._graph.at(cells), torch.zeros_like(batch), batch, cells, self._graph.batch_size)

    def count(self, u: float, v: float) -> Tensor:
        """Number of objects that count from level u to level v, shape (batch,), int64.

        Raises:
            ValueError: If v comes before u.
        """
        low, high = check_levels(u, v, self._graph.superlevel)
        alive = [bar.batch for bar in self._bars if bar.levels[0] <= low and high < bar.levels[1]]
        batch = torch.tensor(alive, dtype=torch.int64, device=self._graph.source.device)
        return torch.bincount(batch, minlength=self._graph.batch_size)


def steady(graph: WeightedGraph, feature: Feature, *, max_candidates: int = 100_000) -> FeaturePersistence:
    """Steady persistence: which objects have a feature at every level from u to v.

    Each largest stretch of levels at which an object has the feature is a bar, from its first level on until just
    before the first at which it has it no more.

    Args:
        graph: What `weighted_graph` returns, a batch of B graphs.
        feature: `hub()`, `degree_window(m, n)`, `clique()` and their kin, or a `Feature` of your own.
        max_candidates: How many sets may be looked at in one graph, for features of sets.

    Returns:
        A `PersistenceFunction` with `objects` and `stable`; its diagrams are a batch of B, without bars where no
        object ever has the feature.

    Raises:
        ValueError: If the feature needs a digraph and the graph is none, or a graph has too many candidates.

    Gradients: of the diagram's births and deaths to the two edges of each bar. Where weights tie, the edges are a
        choice by their number; where a feature is not convex, bars can come and go with an exchange of weights.
    Cost: for features of vertices, one question for each vertex whose answer an edge can change; where these are its
        ends' neighbours, O(sum of the degrees of the ends of all edges). Whole-graph features ask again at each edge,
        O(edges^2). Sets: their number, which is exponential unless sizes are small. In Python, on the CPU.
    Source: "Steady and ranging sets in graph persistence", 2022, section 2; bars by runs of levels.

    Example:
        >>> from topolens.graph_features import hub, weighted_graph
        >>> star = weighted_graph(torch.tensor([2.0, 5.0, 10.0, 10.0]), torch.tensor([[0, 1, 2, 2], [1, 2, 3, 4]]))
        >>> hubs = steady(star, hub())
        >>> hubs.objects, hubs.diagram().intervals.tolist()
        ((1, 2), [[5.0, 10.0], [10.0, inf]])
    """
    return _persistence(graph, feature, max_candidates, whole=False)


def ranging(graph: WeightedGraph, feature: Feature, *, max_candidates: int = 100_000) -> FeaturePersistence:
    """Ranging persistence: which objects have a feature at some level up to u and at some level from v on.

    One bar for each object that ever has the feature: from the first level at which it has it until just before the
    first after which it never has it again. The same as `steady` for convex features.

    Args:
        graph: What `weighted_graph` returns, a batch of B graphs.
        feature: `hub()`, `degree_window(m, n)`, `clique()` and their kin, or a `Feature` of your own.
        max_candidates: How many sets may be looked at in one graph, for features of sets.

    Returns:
        A `PersistenceFunction`, as `steady`.

    Raises:
        ValueError: If the feature needs a digraph and the graph is none, or a graph has too many candidates.

    Gradients: as `steady`.
    Cost: as `steady`.
    Source: "Steady and ranging sets in graph persistence", 2022, section 2.

    Example:
        >>> from topolens.graph_features import hub, weighted_graph
        >>> edges = torch.tensor([[0, 0, 1, 0], [1, 2, 3, 4]])
        >>> growing = weighted_graph(torch.tensor([1.0, 1.0, 2.0, 3.0]), edges)
        >>> steady(growing, hub()).diagram().intervals.tolist()      # no hub at 2: a neighbour has as many
        [[1.0, 2.0], [3.0, inf]]
        >>> ranging(growing, hub()).diagram().intervals.tolist()
        [[1.0, inf]]
    """
    return _persistence(graph, feature, max_candidates, whole=True)


def _persistence(graph: WeightedGraph, feature: Feature, max_candidates: int, whole: bool) -> FeaturePersistence:
    if feature.directed and not graph.directed:
        raise ValueError(f"{feature.name} needs a digraph; pass directed=True to weighted_graph")
    bars: list[Bar] = []
    for b, growth in enumerate(growths(graph)):
        for thing, steps in runs_of(feature, growth, max_candidates):
            runs = growth.levels_of(steps)
            if whole:
                runs = [(runs[0][0], runs[-1][1])] if runs else []
            bars += (Bar.of(growth, b, thing, start, stop) for start, stop in runs)
    return FeaturePersistence(graph, bars, feature.convex)
