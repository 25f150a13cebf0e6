"""Structure elements: exponential, rational and rational hat functions of a bar around learnable centres."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.planes import NORMS, differences, distance


def exponential_transform(intervals: Tensor, centres: Tensor, sharpness: Tensor) -> Tensor:
    """Bell exp(-sum over i of s_i^2 (p_i - c_i)^2) of points p around centres c, shape (bars, centres).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        centres: Points (birth, death), shape (centres, 2).
        sharpness: The s of each centre, shape (centres, 2); its sign does not matter.

    Gradients: To all arguments.
    Source: "Deep Learning with Topological Signatures", 2017, section 3, without the logarithm near the diagonal: give
        `PersLay` a `PowerWeight` where short bars should not count.
    """
    x, y = differences(intervals, centres)
    return torch.exp(-((sharpness[:, 0] * x).square() + (sharpness[:, 1] * y).square()))


def rational_transform(intervals: Tensor, centres: Tensor, sharpness: Tensor, power: Tensor) -> Tensor:
    """Peak ``(1 + sum over i of |s_i| |p_i - c_i|)^-power`` of points p around centres c, shape (bars, centres).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        centres: Points (birth, death), shape (centres, 2).
        sharpness: The s of each centre, shape (centres, 2); its sign does not matter.
        power: Shape (centres,).

    Gradients: To all arguments; 0 is chosen at a centre.
    Source: "Learning Representations of Persistence Barcodes", 2019, section 3.
    """
    x, y = differences(intervals, centres)
    return (1 + (sharpness[:, 0] * x).abs() + (sharpness[:, 1] * y).abs()).pow(-power)


def rational_hat_transform(intervals: Tensor, centres: Tensor, radii: Tensor, norm: float = 1) -> Tensor:
    """Hat ``1 / (1 + |p - c|) - 1 / (1 + ||r| - |p - c||)`` of points p around centres c, shape (bars, centres).

    Positive inside the circle of radius ``|r| / 2`` around the centre, negative outside, 0 far away.

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        centres: Points (birth, death), shape (centres, 2).
        radii: The r of each centre, shape (centres,); its sign does not matter.
        norm: Of the plane: 1, 2 or inf.

    Gradients: To all arguments; 0 is chosen at a centre.
    Source: "Learning Representations of Persistence Barcodes", 2019, section 3.
    """
    away = distance(intervals, centres, norm)
    return 1 / (1 + away) - 1 / (1 + (radii.abs() - away).abs())


class ExponentialTransform(nn.Module):
    """Learnable centres and sharpness of `exponential_transform`, for `PersLay`.

    Args:
        centres: First points (birth, death), shape (centres, 2).
        sharpness: First sharpness of all of them.
    """

    def __init__(self, centres: Tensor, sharpness: float = 3.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(centres.detach().clone())
        self.sharpness = nn.Parameter(torch.full_like(centres, sharpness))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Bells, shape (bars, centres)."""
        return exponential_transform(diagrams.intervals, self.centres, self.sharpness)


class RationalTransform(nn.Module):
    """Learnable centres, sharpness and powers of `rational_transform`, for `PersLay`.

    Args:
        centres: First points (birth, death), shape (centres, 2).
        sharpness: First sharpness of all of them.
        power: First power of all of them.
    """

    def __init__(self, centres: Tensor, sharpness: float = 3.0, power: float = 1.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(centres.detach().clone())
        self.sharpness = nn.Parameter(torch.full_like(centres, sharpness))
        self.power = nn.Parameter(centres.new_full((len(centres),), power))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Peaks, shape (bars, centres)."""
        return rational_transform(diagrams.intervals, self.centres, self.sharpness, self.power)


class RationalHatTransform(nn.Module):
    """Learnable centres and radii of `rational_hat_transform`, for `PersLay`.

    Args:
        centres: First points (birth, death), shape (centres, 2).
        radius: First radius of all of them.
        norm: Of the plane: 1, 2 or inf.
    """

    def __init__(self, centres: Tensor, radius: float = 0.1, norm: float = 1) -> None:
        super().__init__()
        if norm not in NORMS:
            raise ValueError(f"norm must be 1, 2 or inf, got {norm}")
        self.centres = nn.Parameter(centres.detach().clone())
        self.radii = nn.Parameter(centres.new_full((len(centres),), radius))
        self.norm = norm

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Hats, shape (bars, centres)."""
        return rational_hat_transform(diagrams.intervals, self.centres, self.radii, self.norm)
