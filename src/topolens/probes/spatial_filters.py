"""The spatial filters of a convolution as points on a sphere."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from topolens._checks import check_tensor

DEAD_NORM = 1e-8
CONSTANT_CONTRAST = 1e-6  # relative; a filter constant up to the rounding of float32 has about 1e-7


@dataclass(frozen=True, eq=False)
class SpatialFilters:
    """Points on the sphere, and what was left out of them.

    `total == len(points) + dead + constant`.

    Args:
        points: Filters of mean 0 and norm 1, row-major pixels, shape (n, h * w).
        index: Number of each point's filter, output channel * inputs + input channel, shape (n,), int64, rising.
        dead: Number of filters left out because their norm is below 1e-8.
        constant: Number of filters left out because all their pixels are equal: they have no direction.
        total: Number of filters, outputs * inputs.
    """

    points: Tensor
    index: Tensor
    dead: int
    constant: int
    total: int


def spatial_filters(weight: Tensor) -> SpatialFilters:
    """Every spatial slice of a convolution, minus its mean, divided by its norm: points on the sphere S^(hw-2).

    Dead filters (norm below 1e-8) are left out and counted; so are constant ones (norm without the mean below 1e-6 of
    the norm with it, about what rounding in float32 leaves), because what would be normalised is noise.

    Args:
        weight: Weight of a convolution, shape (out, in, h, w).

    Returns:
        The points in the order of the filters, in the type of `weight`; no rows where no filter is alive.

    Raises:
        TypeError: `weight` is no floating-point tensor.
        ValueError: `weight` has other axes, or NaN or infinite entries.

    Gradients: flow to `weight` through centring and normalising; dropped filters get none.
    Cost: O(out * in * h * w).
    Source: Gabrielsson & Carlsson, Exposition and Interpretation of the Topology of Neural Networks (2018),
        section 4. Leaving out dead and constant filters is ours.

    Example:
        >>> weight = torch.zeros(1, 3, 1, 2)
        >>> weight[0, 0] = torch.tensor([5.0, 3.0])
        >>> weight[0, 1] = 7.0
        >>> spatial_filters(weight)
        SpatialFilters(points=tensor([[ 0.7071, -0.7071]]), index=tensor([0]), dead=1, constant=1, total=3)
    """
    check_tensor("weight", weight, ("out", "in", "h", "w"))
    if not torch.isfinite(weight).all():
        raise ValueError("weight contains NaN or infinite entries; the network did not train or load properly")
    flat = weight.reshape(weight.shape[0] * weight.shape[1], -1).double()
    centred = flat - flat.mean(1, keepdim=True)
    norm, contrast = flat.detach().norm(dim=1), centred.detach().norm(dim=1)
    alive = norm >= DEAD_NORM
    kept = alive & (contrast >= CONSTANT_CONTRAST * norm)
    points = centred[kept]
    points = (points / points.norm(dim=1, keepdim=True)).to(weight.dtype)
    dead = int((~alive).sum())
    return SpatialFilters(points, kept.nonzero()[:, 0], dead, len(flat) - dead - len(points), len(flat))
