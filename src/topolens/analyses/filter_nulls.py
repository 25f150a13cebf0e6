"""What a cloud of reference filters gives: Gaussian nulls, untrained twins, second moments alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from topolens.analyses.filter_circle import LoopCoordinate, loop_coordinate
from topolens.analyses.filter_loops import HEADLINE, Settings, core_of, filtrations, landmarks_of, top_bars


@dataclass(frozen=True)
class Reference:
    """What one cloud of reference filters gives.

    Args:
        bars: Longest H1 bars by the name of the filtration.
        loop: Its own longest loop as a circle; None where there is no loop.
        plane_variance: Share of the core's variance in its first two principal directions.
    """

    bars: dict[str, list[float]]
    loop: LoopCoordinate | None
    plane_variance: float

    @property
    def top(self) -> float:
        """The longest bar of the headline filtration."""
        return self.bars[HEADLINE][0]


def plane_variance(core: Tensor) -> float:
    """Share of the variance of points (n, d) in their first two principal directions."""
    spread = torch.linalg.svdvals(core.double() - core.double().mean(0)) ** 2
    return float(spread[:2].sum() / spread.sum().clamp_min(1e-300))


def reference(points: Tensor, size: tuple[int, int], settings: Settings, seed: int) -> Reference:
    """The loops of reference filters (n, h * w) seen with the same settings."""
    core = core_of(points, settings)
    marks = landmarks_of(core, replace(settings, seed=seed))
    bars = {name: top_bars(diagrams) for name, diagrams in filtrations(core, marks).items()}
    return Reference(bars, loop_coordinate(core, marks, size), plane_variance(core))
