"""Feature: which vertices, sets of vertices or sets of edges of a graph we follow while it grows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from topolens.graph_features.growth import Growth, Run, Sublevel

KINDS = ("vertices", "vertex sets", "edge sets")
REACHES = ("ends", "neighbours", "graph")


@dataclass(frozen=True)
class Feature:
    """A property that objects of a graph have or have not, whatever their names.

    An object is a vertex's row, a rising tuple of rows, or a rising tuple of columns of `edge_index`. It is asked for
    only where it lies in the graph.

    Args:
        name: What it is called in messages.
        objects: "vertices", "vertex sets" or "edge sets".
        convex: Whether an object that has it in a graph and in a larger one has it in all graphs between. Then steady
            and ranging persistence agree and are stable. Nothing checks this promise.
        rule: The definition: whether an object of a graph, a `Sublevel`, has it.
        reach: For vertices, whose answer an entering edge can change: that of its "ends", of its ends and their
            "neighbours", or of the whole "graph".
        directed: Whether it needs a digraph.
        sizes: For sets, the smallest and the largest size to look at; None: no limit.
        runs: A faster way to the same answer: for one `Growth`, objects with the runs of steps at which they have
            the feature. None: the rule is asked step by step. It may give None for a candidate that has no run.

    Raises:
        ValueError: If `objects` or `reach` is an unknown word, or the sizes are no range.

    Source: "Steady and ranging sets in graph persistence", 2022; convex features are its successors' "simple" ones.

    Example:
        >>> leaf = Feature("leaf", "vertices", convex=True, rule=lambda graph, v: graph.degree(v) == 1, reach="ends")
        >>> leaf.convex
        True
    """

    name: str
    objects: str
    convex: bool
    rule: Callable[[Sublevel, Any], bool]
    reach: str = "graph"
    directed: bool = False
    sizes: tuple[int, int | None] = (1, None)
    runs: Callable[[Growth], Iterable[tuple[Hashable, list[Run]] | None]] | None = None

    def __post_init__(self) -> None:
        if self.objects not in KINDS:
            raise ValueError(f"objects must be one of {', '.join(KINDS)}, got {self.objects!r}")
        if self.reach not in REACHES:
            raise ValueError(f"reach must be one of {', '.join(REACHES)}, got {self.reach!r}")
        least, most = self.sizes
        if least < 1 or (most is not None and most < least):
            raise ValueError(f"sizes of {self.name} must satisfy 1 <= min_size <= max_size, got {least} and {most}")


def runs_of(feature: Feature, growth: Growth, max_candidates: int) -> Iterator[tuple[Hashable, list[Run]]]:
    """Objects of one graph with the runs of steps at which they have a feature.

    Raises:
        ValueError: If there are more than `max_candidates` sets to look at.
    """
    found = feature.runs(growth) if feature.runs is not None else _by_the_rule(feature, growth, max_candidates)
    for count, entry in enumerate(found, start=1):
        if count > max_candidates and feature.objects != "vertices":
            raise ValueError(
                f"{feature.name} has more than {max_candidates} candidates in a graph of {len(growth.vertex_step)} "
                f"vertices and {len(growth.edge_step)} edges; pass the feature a max_size, or raise max_candidates"
            )
        if entry is not None:
            yield entry


def _by_the_rule(feature: Feature, growth: Growth, max_candidates: int) -> Iterator[tuple[Hashable, list[Run]] | None]:
    if feature.objects == "vertices":
        yield from simulated(feature, growth, None).items()
        return
    candidates = [*islice(sets_of(feature.objects, growth, feature.sizes), max_candidates + 1)]
    found = simulated(feature, growth, candidates) if len(candidates) <= max_candidates else {}
    yield from ((x, found[x]) if x in found else None for x in candidates)


def sets_of(objects: str, growth: Growth, sizes: tuple[int, int | None]) -> Iterator[tuple[int, ...]]:
    """All sets of vertices or of edges of some sizes, from the smallest on."""
    within = sorted(growth.vertex_step if objects == "vertex sets" else growth.edge_of)
    most = len(within) if sizes[1] is None else min(sizes[1], len(within))
    return (x for size in range(sizes[0], most + 1) for x in combinations(within, size))


def simulated(feature: Feature, growth: Growth, candidates: list[tuple[int, ...]] | None) -> dict[Hashable, list[Run]]:
    """Runs by asking the rule after each step, of the vertices it can have changed or of all candidates."""
    graph = Sublevel(growth)
    since: dict[Hashable, int] = {}
    runs: dict[Hashable, list[Run]] = {}
    for step in range(growth.end):
        ends = graph.advance()
        asked: Iterable[Hashable] = (
            _vertices_asked(feature, graph, ends) if candidates is None else _sets_asked(feature, graph, candidates)
        )
        for x in asked:
            holds = feature.rule(graph, x)
            if holds and x not in since:
                since[x] = step
            elif not holds and x in since:
                runs.setdefault(x, []).append((since.pop(x), step))
    for x, step in since.items():
        runs.setdefault(x, []).append((step, growth.end))
    return runs


def _vertices_asked(feature: Feature, graph: Sublevel, ends: tuple[int, int]) -> Iterable[int]:
    if graph.step == 0 or feature.reach == "graph":
        return graph.neighbours
    if feature.reach == "ends":
        return set(ends)
    return {v for end in ends for v in (end, *graph.neighbours[end])}


def _sets_asked(feature: Feature, graph: Sublevel, candidates: list[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    there = graph.neighbours if feature.objects == "vertex sets" else graph.numbers
    return (x for x in candidates if all(part in there for part in x))
