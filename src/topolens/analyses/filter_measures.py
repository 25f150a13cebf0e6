"""All that is measured on one cloud of filters, before anything is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from topolens.analyses.filter_loops import Settings, core_of, draws, filtrations, headline_bars, landmarks_of
from topolens.analyses.filter_nulls import (
    Reference,
    Tick,
    covariance_nulls,
    gaussian_nulls,
    plane_variance,
    reference,
)
from topolens.analyses.occupancy import Occupancy, circular_correlation, occupancy
from topolens.coordinates import CircularCoordinate, circular_coordinate
from topolens.diagrams import Diagrams
from topolens.filtrations.rips import rips
from topolens.filtrations.witness import witness
from topolens.mapper import MapperGraph, betti_numbers, mapper
from topolens.persistence import persistence
from topolens.sampling import gaussian_filters, neighbour_distance

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
        max_filters: More filters than this are thinned out at random.
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
class LoopCoordinate:
    """The circle that the longest loop maps the core to."""

    coordinate: CircularCoordinate
    around: Occupancy
    orientation_correlation: float


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
    nerve_b1: int | None
    cover_b1: int | None


def orientation(filters: Tensor, size: tuple[int, int]) -> Tensor:
    """Direction in which each of the filters (n, h * w) rises, in radians; x runs along the columns, y down the rows."""
    rows = torch.linspace(-1, 1, size[0], dtype=filters.dtype)[:, None].expand(size)
    columns = torch.linspace(-1, 1, size[1], dtype=filters.dtype).expand(size)
    across, down = (ramp.flatten() / torch.linalg.vector_norm(ramp) for ramp in (columns, rows))
    return torch.atan2(filters @ down, filters @ across)


def loop_coordinate(core: Tensor, marks: Tensor, size: tuple[int, int]) -> LoopCoordinate | None:
    """Circular coordinate of the longest loop of a core (n, h * w), with what it says."""
    found = circular_coordinate(core, marks)
    if found is None:
        return None
    agreement = circular_correlation(2 * torch.pi * found.phase, orientation(core, size))
    return LoopCoordinate(found, occupancy(found.phase), agreement)


Grid = tuple[tuple[float, ...], ...]


def _grid(points: Tensor, ks: tuple[int, ...], ps: tuple[float, ...], settings: Settings) -> Grid:
    """Longest headline bar for each (k, p); neighbours are found once for each k."""
    rows = []
    for k in ks:
        order = torch.argsort(neighbour_distance(points, k), stable=True)
        cores = [points[order[: max(round(p * len(points)), 1)]] for p in ps]
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
    ps = tuple(sorted({p for p in (0.1, 0.2, settings.p, 0.5, 1.0) if round(p * n) >= settings.landmarks}))
    top = _grid(points, ks, ps, settings)
    tick()
    null = _null_grid(n, d, ks, ps, settings)
    tick()
    return Sweep(ks, ps, top, null)


def fields_of(core: Tensor, marks: Tensor) -> list[tuple[str, int, Diagrams]]:
    """Bars to dimension 2 over Z/2 and Z/3, lazy witness and Rips."""
    kinds = {"lazy witness, nu = 1": witness(core[None], landmarks=marks), "Rips on the landmarks": rips(core[marks][None])}
    return [(name, field, persistence(kind, max_dim=2, field=field)) for name, kind in kinds.items() for field in (2, 3)]


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
    n, d = points.shape
    nulls = gaussian_nulls(n, d, settings, effort.nulls, tick)
    moments = covariance_nulls(points, settings, effort.twins, tick)
    twins = []
    for index, filters in enumerate(untrained):
        twins.append(reference(filters, settings, settings.seed + index))
        tick()
    graph = mapper(core) if effort.graph else None
    cover = mapper(core, clusters="one_cluster") if effort.graph else None
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
        graph=graph,
        nerve_b1=betti_numbers(graph, MIN_NODE)[1] if graph else None,
        cover_b1=betti_numbers(cover, MIN_NODE)[1] if cover else None,
    )
