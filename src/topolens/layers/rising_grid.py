"""A grid of filtration values that learns where to lie and keeps rising."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.vectorizations.curves import check_grid

FLOOR = 1e-3  # of the mean first gap: none shrinks below it, so that two values never round to one


class RisingGrid(nn.Module):
    """Learnable rising values: a first one and the logarithms of the gaps that follow it.

    Args:
        grid: First values, shape (samples,), rising.

    Raises:
        ValueError: If the grid does not rise.
    """

    floor: Tensor

    def __init__(self, grid: Tensor) -> None:
        super().__init__()
        grid = check_grid("grid", grid.detach().clone(), grid)
        gaps = grid.diff()
        floor = torch.minimum(FLOOR * gaps.mean(), gaps.min() / 2) if len(gaps) else grid.new_tensor(0.0)
        self.register_buffer("floor", floor)
        self.start = nn.Parameter(grid[:1].clone())
        self.log_gaps = nn.Parameter((gaps - floor).log())

    def forward(self) -> Tensor:
        """The values, shape (samples,)."""
        return torch.cat([self.start, self.start + (self.log_gaps.exp() + self.floor).cumsum(0)])
