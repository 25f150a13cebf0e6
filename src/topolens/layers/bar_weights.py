"""How much each bar counts in PersLay: powers of its persistence, a table over the plane, a mixture of Gaussians."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.planes import differences

INTERPOLATIONS = ("bilinear", "cells")
Range = tuple[float, float]


def power_weight(intervals: Tensor, power: Tensor | float, constant: Tensor | float = 1.0) -> Tensor:
    """Weight constant * persistence^power of each bar, shape (bars,); 0 for bars of length 0 unless the power is 0.

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        power: Of the persistence; 0 counts every bar alike.
        constant: Factor.

    Gradients: To all arguments; none to the ends of a bar of length 0.
    Source: "PersLay", 2020, section 3.
    """
    length = (intervals[:, 1] - intervals[:, 0]).abs()
    positive = length.detach() > 0
    raised = torch.where(positive, length, torch.ones_like(length)).pow(power)
    of_nothing = torch.ones_like(raised) * (torch.as_tensor(power, device=raised.device) == 0)
    return constant * torch.where(positive, raised, of_nothing)


def grid_weight(
    intervals: Tensor, table: Tensor, births: Range, deaths: Range, interpolation: str = "bilinear"
) -> Tensor:
    """Weight of each bar read off a table over the (birth, death) plane, shape (bars,).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        table: Weights of equal cells, shape (rows, columns), rows along the births.
        births: Ends of the rows; beyond them the outer rows go on.
        deaths: Ends of the columns; beyond them the outer columns go on.
        interpolation: "cells" takes the cell's own weight; "bilinear" joins those in the middles of neighbouring cells.

    Raises:
        ValueError: If the interpolation is unknown.

    Gradients: To the table; to the bars only with "bilinear".
    Source: "PersLay", 2020, section 3, where the weight is constant on cells, as in GUDHI.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"interpolation must be 'bilinear' or 'cells', got {interpolation!r}")
    place = [
        n * (intervals[:, axis] - low) / (high - low)
        for axis, (n, (low, high)) in enumerate(zip(table.shape, (births, deaths), strict=True))
    ]
    if interpolation == "cells":
        row, column = (u.detach().floor().long().clamp(0, n - 1) for u, n in zip(place, table.shape, strict=True))
        return table[row, column]
    u, v = ((x - 0.5).clamp(0, n - 1) for x, n in zip(place, table.shape, strict=True))
    row, column = u.detach().floor().long(), v.detach().floor().long()
    below, right = (row + 1).clamp(max=table.shape[0] - 1), (column + 1).clamp(max=table.shape[1] - 1)
    u, v = u - row, v - column
    upper = table[row, column] * (1 - v) + table[row, right] * v
    lower = table[below, column] * (1 - v) + table[below, right] * v
    return upper * (1 - u) + lower * u


def gaussian_mixture_weight(intervals: Tensor, centres: Tensor, scales: Tensor) -> Tensor:
    """Weight sum over g of exp(-sum over i of ((p_i - c_gi) / s_gi)^2) of each point p, shape (bars,).

    Args:
        intervals: Finite births and deaths, shape (bars, 2).
        centres: The c, points (birth, death), shape (Gaussians, 2).
        scales: The s, shape (Gaussians, 2).

    Gradients: To all arguments.
    Source: GUDHI's GaussianMixturePerslayWeight, which divides by the squared scale as we do; the code of "PersLay",
        2020, multiplies by it.
    """
    x, y = differences(intervals, centres)
    return torch.exp(-((x / scales[:, 0]).square() + (y / scales[:, 1]).square())).sum(1)


class PowerWeight(nn.Module):
    """Learnable power and constant of `power_weight`, for `PersLay`.

    Args:
        power: First power; 1 makes bars count by their persistence.
        constant: First factor.
    """

    def __init__(self, power: float = 1.0, constant: float = 1.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(float(power)))
        self.constant = nn.Parameter(torch.tensor(float(constant)))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Weights, shape (bars,)."""
        return power_weight(diagrams.intervals, self.power, self.constant)


class GridWeight(nn.Module):
    """Learnable table of `grid_weight`, for `PersLay`.

    Args:
        table: First weights, shape (rows, columns), such as `torch.ones(10, 10)`.
        births: Ends of the rows.
        deaths: Ends of the columns.
        interpolation: "bilinear" or "cells".
    """

    def __init__(self, table: Tensor, births: Range, deaths: Range, interpolation: str = "bilinear") -> None:
        super().__init__()
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation must be 'bilinear' or 'cells', got {interpolation!r}")
        for name, (low, high) in (("births", births), ("deaths", deaths)):
            if not low < high:
                raise ValueError(f"{name} must be (low, high) with low < high, got ({low}, {high})")
        self.table = nn.Parameter(table.detach().clone())
        self.births, self.deaths, self.interpolation = births, deaths, interpolation

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Weights, shape (bars,)."""
        return grid_weight(diagrams.intervals, self.table, self.births, self.deaths, self.interpolation)


class GaussianMixtureWeight(nn.Module):
    """Learnable centres and scales of `gaussian_mixture_weight`, for `PersLay`.

    Args:
        centres: First points (birth, death), shape (Gaussians, 2).
        scale: First scale of all of them; kept as a logarithm, so it stays above 0.
    """

    def __init__(self, centres: Tensor, scale: float) -> None:
        super().__init__()
        self.centres = nn.Parameter(centres.detach().clone())
        self.log_scales = nn.Parameter(torch.full_like(centres, scale).log())

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Weights, shape (bars,)."""
        return gaussian_mixture_weight(diagrams.intervals, self.centres, self.log_scales.exp())
