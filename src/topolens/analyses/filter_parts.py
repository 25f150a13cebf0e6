"""The parts of `measure` that know nothing of each other: references, draws, rows of the sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from topolens.analyses.filter_circle import LoopCoordinate, loop_coordinate
from topolens.analyses.filter_loops import Settings, headline_bars, landmarks_of
from topolens.analyses.filter_nulls import Reference, reference
from topolens.runs.shared import Shared, shared
from topolens.runs.side_by_side import each
from topolens.sampling import covariance_filters, gaussian_filters, neighbour_distance
from topolens.sampling.density import core_size

Task = tuple[Any, ...]  # a function of this file, and what it is called with
REMEMBERED = 128
_remembered: dict[Task, Any] = {}  # of clouds that depend on a layer's shape alone; the oldest leave first


@dataclass(frozen=True)
class Clouds:
    """The clouds of one layer, which its parts look at.

    Args:
        points: Its filters, shape (n, h * w).
        size: Height and width.
        settings: How all of them are looked at.
        draws: Subsets of the core, each with its own landmarks.
        untrained: The filters of its untrained twins.
    """

    points: Tensor
    size: tuple[int, int]
    settings: Settings
    draws: Sequence[tuple[Tensor, Tensor]]
    untrained: Sequence[Tensor]


def gaussian_reference(n: int, size: tuple[int, int], settings: Settings, index: int) -> Reference:
    """Gaussian filters; layers of one shape share them."""
    seed = 1000 + settings.seed + index
    return reference(gaussian_filters(n, size[0] * size[1], seed), size, settings, seed)


def covariance_reference(clouds: Clouds, index: int) -> Reference:
    """Gaussian filters with the covariance of the given ones."""
    seed = 2000 + clouds.settings.seed + index
    return reference(covariance_filters(clouds.points, seed), clouds.size, clouds.settings, seed)


def twin_reference(clouds: Clouds, index: int) -> Reference:
    """The filters of an untrained twin."""
    return reference(clouds.untrained[index], clouds.size, clouds.settings, clouds.settings.seed + index)


def draw_of_core(clouds: Clouds, index: int) -> tuple[list[float], LoopCoordinate | None]:
    """The longest bars of a draw of the core, and its longest loop."""
    subset, marks = clouds.draws[index]
    return headline_bars(subset, marks), loop_coordinate(subset, marks, clouds.size)


def sweep_parameters(n: int, settings: Settings) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Density parameters k and p around the chosen ones."""
    wanted = (settings.k // 8, settings.k // 4, settings.k // 2, settings.k, 2 * settings.k)
    fractions = sorted({p for p in (0.1, 0.2, settings.p, 0.5, 1.0) if core_size(n, p) >= settings.landmarks})
    return tuple(sorted({k for k in wanted if 1 <= k < n})), tuple(fractions)


def sweep_row(clouds: Clouds, k: int, ps: tuple[float, ...]) -> tuple[float, ...]:
    """Longest headline bar for each p; neighbours are found once."""
    return _row(clouds.points, k, ps, clouds.settings)


def null_row(n: int, d: int, k: int, ps: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    """The same of a Gaussian null."""
    return _row(gaussian_filters(n, d, 3000 + settings.seed), k, ps, settings)


def _row(points: Tensor, k: int, ps: tuple[float, ...], settings: Settings) -> tuple[float, ...]:
    order = torch.argsort(neighbour_distance(points, k), stable=True)
    cores = (points[order[: core_size(len(points), p)]] for p in ps)
    return tuple(headline_bars(core, landmarks_of(core, settings))[0] for core in cores)


OF_A_SHAPE = (gaussian_reference, null_row)


def in_parts(
    clouds: Clouds, tasks: Mapping[str, Sequence[Task]], progress: Callable[[float], None] | None
) -> dict[str, list[Any]]:
    """Results of all tasks under their names, made side by side where joblib's active backend has workers.

    Those of random clouds alone are remembered: layers of one shape share them.
    """
    wanted = [task for some in tasks.values() for task in some]
    found = {task: _remembered[task] for task in wanted if task in _remembered}
    todo = [task for task in wanted if task not in found]
    with shared(clouds) as there:
        for task, result in zip(todo, each(_made, ((there, *task) for task in todo)), strict=True):
            found[task] = result
            if progress is not None:
                progress(len(found) / len(wanted))
    _remembered.update((task, found[task]) for task in todo if task[0] in OF_A_SHAPE)
    for oldest in list(_remembered)[:-REMEMBERED]:
        del _remembered[oldest]
    return {name: [found[task] for task in some] for name, some in tasks.items()}


def _made(there: Shared[Clouds], function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments) if function in OF_A_SHAPE else function(there.get(), *arguments)
