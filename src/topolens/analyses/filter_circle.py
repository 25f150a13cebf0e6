"""The circle that the longest loop maps filters to, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.analyses.occupancy import Occupancy, circular_correlation, occupancy
from topolens.coordinates import CircularCoordinate, circular_coordinate


@dataclass(frozen=True)
class LoopCoordinate:
    """Circular coordinate of the longest loop, how filters fill it, and whether it is edge orientation.

    Args:
        coordinate: The circular coordinate.
        around: Its occupancy.
        orientation_correlation: Agreement with the direction in which filters rise, from 0 to 1.
    """

    coordinate: CircularCoordinate
    around: Occupancy
    orientation_correlation: float

    @property
    def entropy(self) -> float:
        """See `Occupancy`."""
        return self.around.entropy

    @property
    def gap_degrees(self) -> float:
        """See `Occupancy`."""
        return self.around.gap_degrees

    @property
    def clusters(self) -> int:
        """See `Occupancy`."""
        return self.around.clusters


def orientation(filters: Tensor, size: tuple[int, int]) -> Tensor:
    """Direction in which each of the filters (n, h * w) rises, in radians; x along the columns, y down the rows."""
    rows = torch.linspace(-1, 1, size[0], dtype=filters.dtype)[:, None].expand(size)
    columns = torch.linspace(-1, 1, size[1], dtype=filters.dtype).expand(size)
    across, down = (ramp.flatten() / torch.linalg.vector_norm(ramp) for ramp in (columns, rows))
    return torch.atan2(filters @ down, filters @ across)


def loop_coordinate(core: Tensor, marks: Tensor, size: tuple[int, int]) -> LoopCoordinate | None:
    """Circular coordinate of the longest loop of a core (n, h * w) with landmarks (L,); None if there is no loop."""
    found = circular_coordinate(core, marks)
    if found is None:
        return None
    agreement = circular_correlation(2 * torch.pi * found.phase, orientation(core, size))
    return LoopCoordinate(found, occupancy(found.phase), agreement)
