"""Persistence images that learn their width and power."""

from __future__ import annotations

from torch import Tensor, nn

from topolens._checks import check_positive
from topolens.diagrams import Diagrams
from topolens.layers.rising_grid import RisingGrid
from topolens.layers.segments import check_bars
from topolens.vectorizations import persistence_image


class PersistenceImage(nn.Module):
    """`vectorizations.persistence_image` with learnable rows, columns, width and power.

    Bars that never die are left out; `capped` ends them.

    Args:
        births: First rising values of the columns, shape (columns,).
        persistences: First rising values of the rows, shape (rows,).
        sigma: First standard deviation; kept as a logarithm, so it stays above 0.
        power: First power of the persistence in the weight.

    Raises:
        ValueError: If a grid does not rise or sigma is not above 0.

    Example:
        >>> import torch
        >>> layer = PersistenceImage(torch.linspace(0, 1, 8), torch.linspace(0, 1, 9), sigma=0.1)
        >>> layer(Diagrams.from_intervals([{1: [[0.0, 0.5]]}, {}])).shape
        torch.Size([2, 9, 8])
    """

    def __init__(self, births: Tensor, persistences: Tensor, sigma: float, power: float = 1.0) -> None:
        super().__init__()
        check_positive("sigma", sigma)
        self.births, self.persistences = RisingGrid(births), RisingGrid(persistences)
        self.log_sigma = nn.Parameter(births.new_tensor(float(sigma)).log())
        self.power = nn.Parameter(births.new_tensor(float(power)))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, rows, columns)."""
        return persistence_image(
            check_bars(diagrams), self.births(), self.persistences(), sigma=self.log_sigma.exp(), power=self.power
        )
