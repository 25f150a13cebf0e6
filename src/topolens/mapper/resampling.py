"""Mapper graphs of resampled points: what stability and advice repeat, with seeds, progress and several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from topolens.mapper.graph import MapperGraph
from topolens.mapper.mapper import mapper
from topolens.runs import side_by_side

Progress = Callable[[int, int], None]
Out = TypeVar("Out")


class Work(NamedTuple):
    """How repeated work is done."""

    seed: int = 0
    jobs: int = 1
    progress: Progress | None = None


class Maker(Protocol):
    """Makes the Mapper graph of some rows of a cloud, given their lens values; `finer` scales the resolution."""

    def __call__(self, rows: np.ndarray, lens: np.ndarray, finer: float = 1.0) -> MapperGraph:
        """The graph, whose row i is rows[i] of the cloud."""
        ...


@dataclass(frozen=True, eq=False)
class Remade:
    """A `Maker` that calls `mapper` with the same settings every time.

    Args:
        points: The whole cloud, shape (n, d).
        settings: Settings of `mapper`, without the lens.
    """

    points: Tensor
    settings: dict[str, Any] = field(default_factory=dict)

    def __call__(self, rows: np.ndarray, lens: np.ndarray, finer: float = 1.0) -> MapperGraph:
        """The Mapper graph of some rows with lens values (rows, lenses).

        Args:
            rows: Rows of the cloud, int64.
            lens: Their lens values.
            finer: Factor on the resolution of a uniform or quantile cover; others are made as they are set.
        """
        settings = dict(self.settings)
        if finer != 1.0 and settings.get("cover", "uniform") in ("uniform", "quantile"):
            given = settings.get("resolution", 30)
            finest = [max(1, round(x * finer)) for x in ([given] if isinstance(given, int) else given)]
            settings["resolution"] = finest[0] if isinstance(given, int) else finest
        cloud = self.points[torch.from_numpy(rows)]
        return mapper(cloud, lens=torch.from_numpy(np.ascontiguousarray(lens)), **settings)


def each(tasks: Iterable[Callable[[], Out]], expected: int, work: Work) -> Iterator[Out]:
    """Results of tasks in their order, made in several processes; `progress(done, expected)` is called after each.

    Whatever `progress` raises ends the work: tasks that have not begun never do.
    """
    results = side_by_side.each(_call, ((task,) for task in tasks), work.jobs)
    with closing(results):
        for done, result in enumerate(results, start=1):
            if work.progress is not None:
                work.progress(done, expected)
            yield result


def _call(task: Callable[[], Out]) -> Out:
    return task()


def seeds(seed: int, count: int) -> list[np.random.SeedSequence]:
    """One independent seed per task, whichever process it lands in."""
    return np.random.SeedSequence(seed).spawn(count)
