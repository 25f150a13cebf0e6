"""All that is measured on one cloud of filters, before anything is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from topolens.analyses.filter_circle import LoopCoordinate, loop_coordinate
from topolens.analyses.filter_loops import (
    HEADLINE,
    Settings,
    core_of,
    draws,
    filtrations,
    headline_bars,
    landmarks_of,
)
from topolens.analyses.filter_nulls import (
    Reference,
    Tick,
    covariance_nulls,
    gaussian_nulls,
    plane_variance,
    reference,
)
from topolens.diagrams import Diagrams
from topolens.filtrations.rips import rips
from topolens.filtrations.witness import witness
from topolens.mapper.graph import MapperGraph
from topolens.mapper.mapper import mapper
from topolens.mapper.nerve import betti_numbers
from topolens.persistence import persistence
from topolens.sampling.density import core_size, neighbour_distance
from topolens.sampling.nulls import gaussian_filters

CLUSTERS = ("connected", "first_gap", "one_cluster")  # how Mapper clusters a box; the last is the cover alone
MIN_NODE = 5  # Mapper nodes with fewer points are dropped before Betti numbers are read off


@dataclass(frozen=True)
class Effort:
    """How much is spent on references and on looking around; the budget lowers these.

    Args:
        nulls: Gaussian nulls; below 20 no p-value under 0.05 is possible.
        twins: Untrained twins, and as many covariance-matched Gaussians.
        repeats: Draws of landmarks on 80 % of the core, for the intervals.
        sweep: Whether the map over (k, p) is made.
        graph: Whether the Mapper graph is made.
        max_filters: More filters than this are thinned out at random, and k in proportion.
    """

    nulls: int = 20
    twins: int = 5
    repeats: int = 10
    sweep: bool = True
    graph: bool = True
    max_filters: int = 40_000


@dataclass(frozen=True)
class Sweep:
    """The longest headline bar for each (k, p), and that of one Gaussian null."""

    k: tuple[int, ...]
    p: tuple[float, ...]
    top_bar: tuple[tuple[float, ...], ...]
    null: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Measured:
    """Everything measured; see the fields of the Finding made from it."""

    core: Tensor
    marks: Tensor
    diagrams: dict[str, Diagrams]
    by_field: list[tuple[str, int, Diagrams]]
    repeats: Tensor
    loop: LoopCoordinate | None
    loop_repeats: list[LoopCoordinate]
    plane_variance: float
    nulls: list[Reference]
    twins: list[Reference]
    moments: list[Reference]
    sweep: Sweep | None
    graph: MapperGraph | None
    nerve_b1: dict[str, int]


Grid = tuple[tuple[float, ...], ...]


def _grid(points: Tensor, ks: tuple[int, ...], ps: tuple[float, ...], settings: Settings) -> Grid:
    """Longest headline bar for each (k, p); neighbours are found once for each k."""
    rows = []
    for k in ks:
        order = torch.argsort(neighbour_distance(points, k), stable=True)
        cores = [points[order[: core_size(len(points), p)]] for p in ps]
        rows.append(tuple(headline_bars(core, landmarks_of(core, settings))[0] for core in cores))
    return tuple(rows)


@lru_cache(maxsize=64)
def _null_grid(n: int, d: int, ks: tuple[int, ...], ps: tuple[float, ...], settings: Settings) -> Grid:
    return _grid(gaussian_filters(n, d, 3000 + settings.seed), ks, ps, settings)


def sweep_over(points: Tensor, settings: Settings, tick: Tick) -> Sweep:
    """The map of the top bar over density parameters around the chosen ones."""
    n, d = points.shape
    wanted_k = (settings.k // 8, settings.k // 4, settings.k // 2, settings.k, 2 * settings.k)
    ks = tuple(sorted({k for k in wanted_k if 1 <= k < n}))
    ps = tuple(sorted({p for p in (0.1, 0.2, settings.p, 0.5, 1.0) if core_size(n, p) >= settings.landmarks}))
    top = _grid(points, ks, ps, settings)
    tick()
    null = _null_grid(n, d, ks, ps, settings)
    tick()
    return Sweep(ks, ps, top, null)


def fields_of(core: Tensor, marks: Tensor) -> list[tuple[str, int, Diagrams]]:
    """Bars to dimension 2 over Z/2 and Z/3, lazy witness and Rips."""
    kinds = {
        HEADLINE: witness(core[None], landmarks=marks),
        "Rips on the landmarks": rips(core[marks][None]),
    }
    return [
        (name, field, persistence(kind, max_dim=2, field=field)) for name, kind in kinds.items() for field in (2, 3)
    ]


def measure(
    points: Tensor, size: tuple[int, int], settings: Settings, effort: Effort, untrained: Sequence[Tensor], tick: Tick
) -> Measured:
    """Measures filters (n, h * w); `untrained` holds the twins' filters; `tick` is called after each reference."""
    core = core_of(points, settings)
    marks = landmarks_of(core, settings)
    tick()
    subsets = list(draws(core, settings, effort.repeats))
    loops = [loop_coordinate(subset, start, size) for subset, start in subsets]
    tick()
    nulls = gaussian_nulls(len(points), size, settings, effort.nulls, tick)
    moments = covariance_nulls(points, size, settings, effort.twins, tick)
    twins = []
    for index, filters in enumerate(untrained):
        twins.append(reference(filters, size, settings, settings.seed + index))
        tick()
    graphs = {kind: mapper(core, clusters=kind) for kind in CLUSTERS} if effort.graph else {}
    tick()
    return Measured(
        core=core,
        marks=marks,
        diagrams=filtrations(core, marks),
        by_field=fields_of(core, marks),
        repeats=torch.tensor([headline_bars(*draw) for draw in subsets], dtype=torch.float64),
        loop=loop_coordinate(core, marks, size),
        loop_repeats=[loop for loop in loops if loop],
        plane_variance=plane_variance(core),
        nulls=nulls,
        twins=twins,
        moments=moments,
        sweep=sweep_over(points, settings, tick) if effort.sweep else None,
        graph=graphs.get("connected"),
        nerve_b1={kind: betti_numbers(graph, MIN_NODE)[1] for kind, graph in graphs.items()},
    )
