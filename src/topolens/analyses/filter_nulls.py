"""References for loops of filters: Gaussian nulls, untrained twins, second moments alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from topolens.analyses.filter_loops import HEADLINE, Settings, core_of, filtrations, landmarks_of, top_bars
from topolens.analyses.occupancy import occupancy
from topolens.coordinates import circular_coordinate
from topolens.sampling import covariance_filters, gaussian_filters

Tick = Callable[[], None]


@dataclass(frozen=True)
class Reference:
    """What one cloud of reference filters gives.

    Args:
        bars: Longest H1 bars by the name of the filtration.
        entropy, gap_degrees: Occupancy of its own longest loop; NaN where there is none.
        plane_variance: Share of the core's variance in its first two principal directions.
    """

    bars: dict[str, list[float]]
    entropy: float
    gap_degrees: float
    plane_variance: float

    @property
    def top(self) -> float:
        """The longest bar of the headline filtration."""
        return self.bars[HEADLINE][0]


def plane_variance(core: Tensor) -> float:
    """Share of the variance of points (n, d) in their first two principal directions."""
    spread = torch.linalg.svdvals(core.double() - core.double().mean(0)) ** 2
    return float(spread[:2].sum() / spread.sum().clamp_min(1e-300))


def reference(points: Tensor, settings: Settings, seed: int) -> Reference:
    """The loops of reference filters (n, d) seen with the same settings."""
    core = core_of(points, settings)
    marks = landmarks_of(core, replace(settings, seed=seed))
    found = circular_coordinate(core, marks)
    around = occupancy(found.phase) if found else None
    return Reference(
        {name: top_bars(bars) for name, bars in filtrations(core, marks).items()},
        around.entropy if around else float("nan"),
        around.gap_degrees if around else float("nan"),
        plane_variance(core),
    )


@lru_cache(maxsize=64)
def gaussian_reference(n: int, d: int, settings: Settings, seed: int) -> Reference:
    """One Gaussian null; layers of one shape share it, since it depends on the shape alone."""
    return reference(gaussian_filters(n, d, seed), settings, seed)


def gaussian_nulls(n: int, d: int, settings: Settings, count: int, tick: Tick) -> list[Reference]:
    """References of Gaussian filters, one per seed after the settings' own."""
    out = []
    for index in range(count):
        out.append(gaussian_reference(n, d, settings, 1000 + settings.seed + index))
        tick()
    return out


def covariance_nulls(points: Tensor, settings: Settings, count: int, tick: Tick) -> list[Reference]:
    """References of Gaussian filters with the covariance of the given ones."""
    out = []
    for index in range(count):
        seed = 2000 + settings.seed + index
        out.append(reference(covariance_filters(points, seed), settings, seed))
        tick()
    return out
