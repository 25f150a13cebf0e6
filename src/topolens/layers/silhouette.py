"""Silhouettes that learn their power and where they are sampled."""

from __future__ import annotations

from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.rising_grid import RisingGrid
from topolens.layers.segments import check_bars
from topolens.vectorizations import silhouette


class Silhouette(nn.Module):
    """`vectorizations.silhouette` with a learnable grid and power.

    Bars that never die are left out; `capped` ends them.

    Args:
        grid: First rising filtration values, shape (samples,).
        power: First power of the persistence.

    Raises:
        ValueError: If the grid does not rise.

    Example:
        >>> import torch
        >>> layer = Silhouette(torch.tensor([0.0, 1.0, 2.0]))
        >>> layer(Diagrams.from_intervals([{1: [[0.0, 2.0]]}, {}])).detach()
        tensor([[0., 1., 0.],
                [0., 0., 0.]])
    """

    def __init__(self, grid: Tensor, power: float = 1.0) -> None:
        super().__init__()
        self.grid = RisingGrid(grid)
        self.power = nn.Parameter(grid.new_tensor(float(power)))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, samples)."""
        return silhouette(check_bars(diagrams), self.grid(), power=self.power)
