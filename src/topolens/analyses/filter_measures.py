"""All that is measured on one cloud of filters, before anything is said about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.analyses.filter_circle import LoopCoordinate, loop_coordinate
from topolens.analyses.filter_loops import (
    HEADLINE,
    Settings,
    core_of,
    draws,
    filtrations,
    landmarks_of,
)
from topolens.analyses.filter_nulls import Reference, plane_variance
from topolens.analyses.filter_parts import (
    Clouds,
    covariance_reference,
    draw_of_core,
    gaussian_reference,
    in_parts,
    null_row,
    sweep_parameters,
    sweep_row,
    twin_reference,
)
from topolens.diagrams import Diagrams
from topolens.filtrations.rips import rips
from topolens.filtrations.witness import witness
from topolens.mapper.graph import MapperGraph
from topolens.mapper.mapper import mapper
from topolens.mapper.nerve import betti_numbers
from topolens.persistence import persistence

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
    points: Tensor,
    size: tuple[int, int],
    settings: Settings,
    effort: Effort,
    untrained: Sequence[Tensor],
    progress: Callable[[float], None] | None = None,
) -> Measured:
    """Measures filters (n, h * w); `untrained` holds the twins' filters; `progress` is told the share done."""
    core = core_of(points, settings)
    marks = landmarks_of(core, settings)
    clouds = Clouds(points, size, settings, list(draws(core, settings, effort.repeats)), untrained)
    rows, columns = sweep_parameters(len(points), settings) if effort.sweep else ((), ())
    tasks = {
        "sweep": [(sweep_row, k, columns) for k in rows],
        "sweep null": [(null_row, *points.shape, k, columns, settings) for k in rows],
        "nulls": [(gaussian_reference, len(points), size, settings, index) for index in range(effort.nulls)],
        "moments": [(covariance_reference, index) for index in range(effort.twins)],
        "twins": [(twin_reference, index) for index in range(len(untrained))],
        "draws": [(draw_of_core, index) for index in range(effort.repeats)],
    }
    found = in_parts(clouds, tasks, progress)
    graphs = {kind: mapper(core, clusters=kind) for kind in CLUSTERS} if effort.graph else {}
    return Measured(
        core=core,
        marks=marks,
        diagrams=filtrations(core, marks),
        by_field=fields_of(core, marks),
        repeats=torch.tensor([bars for bars, _ in found["draws"]], dtype=torch.float64),
        loop=loop_coordinate(core, marks, size),
        loop_repeats=[loop for _, loop in found["draws"] if loop],
        plane_variance=plane_variance(core),
        nulls=found["nulls"],
        twins=found["twins"],
        moments=found["moments"],
        sweep=Sweep(rows, columns, tuple(found["sweep"]), tuple(found["sweep null"])) if effort.sweep else None,
        graph=graphs.get("connected"),
        nerve_b1={kind: betti_numbers(graph, MIN_NODE)[1] for kind, graph in graphs.items()},
    )
