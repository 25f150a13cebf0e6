"""PLLay: learnable functions of learnable averages of the levels of a persistence landscape."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.rising_grid import RisingGrid
from topolens.layers.segments import check_bars
from topolens.vectorizations import landscape

KINDS = ("affine", "radial")


def mean_landscapes(diagrams: Diagrams, grid: Tensor, logits: Tensor) -> Tensor:
    """Weighted averages of the first levels of each landscape, shape (batch, features, samples).

    The weights of the levels are the softmax of the logits. Bars that never die are left out; `capped` ends them.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        grid: Rising filtration values, shape (samples,).
        logits: One row per feature, one column per level, shape (features, levels).

    Raises:
        ValueError: If the grid does not rise, there is no level, or a bar is NaN.

    Gradients: To bars, grid and logits.
    Source: "PLLay: Efficient Topological Layer based on Persistent Landscapes", 2020, section 3.
    """
    levels = landscape(check_bars(diagrams).finite(), grid, levels=logits.shape[1])
    return torch.einsum("fl,bls->bfs", logits.softmax(1), levels)


class PLLay(nn.Module):
    """A feature per learnable average of the landscape's levels: an affine or a radial function of its samples.

    Affine: ``<slope, averages> + offset``. Radial: ``exp(-sharpness * |averages - centre|)``. Bars that never die
    are left out; `capped` ends them.

    Args:
        grid: First rising filtration values, shape (samples,).
        features: Number of features.
        levels: Levels of the landscape that are averaged.
        kind: "affine" or "radial".

    Raises:
        ValueError: If the grid does not rise, features or levels is below 1, or the kind is unknown.

    Example:
        >>> import torch
        >>> layer = PLLay(torch.linspace(0, 1, 50), features=4)
        >>> layer(Diagrams.from_intervals([{1: [[0.0, 0.5]]}, {}])).shape
        torch.Size([2, 4])
    """

    def __init__(self, grid: Tensor, features: int, levels: int = 3, kind: str = "affine") -> None:
        super().__init__()
        if min(features, levels) < 1:
            raise ValueError(f"features and levels must be at least 1, got {features} and {levels}")
        if kind not in KINDS:
            raise ValueError(f"kind must be 'affine' or 'radial', got {kind!r}")
        self.grid, self.kind = RisingGrid(grid), kind
        self.logits = nn.Parameter(grid.new_zeros(features, levels))
        # Slopes, or centres: as torch.nn.Linear starts.
        self.points = nn.Parameter(grid.new_empty(features, len(grid)).uniform_(-1, 1) / max(1, len(grid)) ** 0.5)
        self.scale = nn.Parameter(grid.new_ones(features) if kind == "radial" else grid.new_zeros(features))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, features)."""
        averages = mean_landscapes(diagrams, self.grid(), self.logits)
        if self.kind == "affine":
            return torch.einsum("bfs,fs->bf", averages, self.points) + self.scale
        away = torch.linalg.vector_norm(averages - self.points, dim=2)
        return torch.exp(-self.scale.abs() * away)
