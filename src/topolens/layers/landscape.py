"""Landscapes that learn where they are sampled."""

from __future__ import annotations

from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.rising_grid import RisingGrid
from topolens.layers.segments import check_bars
from topolens.vectorizations import landscape


class Landscape(nn.Module):
    """`vectorizations.landscape` with a learnable grid.

    Bars that never die are left out; `capped` ends them.

    Args:
        grid: First rising filtration values, shape (samples,).
        levels: How many of the largest tents.

    Raises:
        ValueError: If the grid does not rise or levels is below 1.

    Example:
        >>> import torch
        >>> layer = Landscape(torch.tensor([0.0, 1.0, 2.0]), levels=1)
        >>> layer(Diagrams.from_intervals([{1: [[0.0, 2.0]]}])).detach()
        tensor([[[0., 1., 0.]]])
    """

    def __init__(self, grid: Tensor, levels: int = 5) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"levels must be at least 1, got {levels}")
        self.grid = RisingGrid(grid)
        self.levels = levels

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, levels, samples)."""
        return landscape(check_bars(diagrams).finite(), self.grid(), levels=self.levels)
