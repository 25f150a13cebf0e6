"""Kernels on diagrams: Gram matrices for support vector machines, Gaussian processes and two-sample tests."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from topolens._checks import check_positive
from topolens.diagrams import Diagrams
from topolens.distances.sliced_wasserstein import sliced_wasserstein


def distance_matrix(distance: Callable[[Diagrams, Diagrams], Tensor], x: Diagrams, y: Diagrams) -> Tensor:
    """Distances of every item of x to every item of y, shape (items of x, items of y).

    `distance` is a function of two batches such as `wasserstein`.
    """
    if not x.batch_size:
        return x.intervals.new_zeros(0, y.batch_size)
    return torch.stack([distance(item, y) for item in x])


def sliced_wasserstein_kernel(x: Diagrams, y: Diagrams, *, sigma: float = 1.0, directions: int = 50) -> Tensor:
    """Gram matrix of exp(-SW(x, y) / (2 sigma^2)), shape (items of x, items of y), SW over so many directions.

    Raises:
        ValueError: If sigma is not above 0.

    Source: "Sliced Wasserstein Kernel for Persistence Diagrams", 2017, section 3.2.
    """
    check_positive("sigma", sigma)

    def distance(a: Diagrams, b: Diagrams) -> Tensor:
        return sliced_wasserstein(a, b, directions=directions)

    return torch.exp(-distance_matrix(distance, x, y) / (2 * sigma**2))


def scale_space_kernel(x: Diagrams, y: Diagrams, *, sigma: float = 1.0) -> Tensor:
    """Persistence scale-space kernel, shape (items of x, items of y).

    1 / (8 pi sigma) times the sum over pairs of bars of one dimension of exp(-(p - q)^2 / (8 sigma)) minus the same
    with q mirrored at the diagonal. sigma is the time of heat flow. Essential bars are left out.

    Raises:
        ValueError: If sigma is not above 0.

    Source: "A Stable Multi-Scale Kernel for Topological Machine Learning", 2015, section 4. GUDHI's bandwidth b is
        sigma = b^2 / 4,
        and its values are sqrt(2 pi) b times these.
    """
    check_positive("sigma", sigma)

    def value(p: Tensor, q: Tensor) -> Tensor:
        near, mirrored = ((p[:, None] - z[None]).square().sum(2) for z in (q, q.flip(1)))
        return (torch.exp(-near / (8 * sigma)) - torch.exp(-mirrored / (8 * sigma))) / (8 * math.pi * sigma)

    return _gram(x, y, value)


def weighted_gaussian_kernel(
    x: Diagrams, y: Diagrams, *, sigma: float = 1.0, scale: float = 1.0, power: float = 1.0
) -> Tensor:
    """Linear persistence weighted Gaussian kernel, shape (items of x, items of y).

    Sum over pairs of bars of one dimension of w(p) w(q) exp(-(p - q)^2 / (2 sigma^2)) with
    w = arctan(scale persistence^power). Essential bars are left out.

    Raises:
        ValueError: If sigma is not above 0.

    Source: "Persistence weighted Gaussian kernel for topological data analysis", 2016, section 3. GUDHI divides the
        Gaussian by sqrt(2 pi) sigma.
    """
    check_positive("sigma", sigma)

    def value(p: Tensor, q: Tensor) -> Tensor:
        weight = [torch.atan(scale * (z[:, 1] - z[:, 0]).abs().pow(power)) for z in (p, q)]
        near = (p[:, None] - q[None]).square().sum(2)
        return weight[0][:, None] * weight[1][None] * torch.exp(-near / (2 * sigma**2))

    return _gram(x, y, value)


def _gram(x: Diagrams, y: Diagrams, value: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Sums of a function of two bars over all bars of the same dimension of every two items."""
    x, y = x.finite(), y.finite().to(x.intervals)
    rows = []
    for item in x:
        row = x.intervals.new_zeros(y.batch_size)
        for dim in item.dim.unique().tolist():
            other = y.of_dim(dim)
            row = row.index_add(0, other.batch, value(item.of_dim(dim).intervals, other.intervals).sum(0))
        rows.append(row)
    return torch.stack(rows) if rows else x.intervals.new_zeros(0, y.batch_size)
