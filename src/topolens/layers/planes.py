"""Distances from bars to centres in the (birth, death) plane, with gradients that are 0 where they are undefined."""

from __future__ import annotations

import math

import torch
from torch import Tensor

NORMS = (1, 2, math.inf)


def differences(intervals: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Births and deaths minus those of the centres, two tensors of shape (bars, centres).

    Apart, because torch reduces an axis of length two far more slowly than it adds two tensors.
    """
    return intervals[:, :1] - centres[:, 0], intervals[:, 1:] - centres[:, 1]


def squared_distance(intervals: Tensor, centres: Tensor) -> Tensor:
    """Squared Euclidean distances, shape (bars, centres)."""
    x, y = differences(intervals, centres)
    return x.square() + y.square()


def distance(intervals: Tensor, centres: Tensor, norm: float = 2) -> Tensor:
    """Distances in the norm 1, 2 or inf, shape (bars, centres)."""
    if norm not in NORMS:
        raise ValueError(f"norm must be 1, 2 or inf, got {norm}")
    if norm == 2:
        square = squared_distance(intervals, centres)
        apart = square > 0
        return torch.where(apart, torch.where(apart, square, torch.ones_like(square)).sqrt(), torch.zeros_like(square))
    x, y = (d.abs() for d in differences(intervals, centres))
    return x + y if norm == 1 else torch.maximum(x, y)
