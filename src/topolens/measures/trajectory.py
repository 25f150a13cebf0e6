"""How much room a training run takes up: sums of merges and magnitude of the weights it went through."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_positive, check_tensor
from topolens.filtrations import rips
from topolens.persistence import persistence


def loss_distance(losses: Tensor) -> Tensor:
    """Distance of two moments of training as the data sees it: mean absolute difference of the losses of the samples.

    Args:
        losses: Loss of each sample at each moment, shape (moments, samples).

    Returns:
        Shape (moments, moments), a pseudo-metric, in the unit of the losses.

    Raises:
        ValueError: If `losses` has another shape, no samples, or contains NaN.

    Cost: moments^2 times samples.
    Source: "Generalization bounds with data-dependent fractal dimensions", 2023, section 3.
    """
    check_no_nan("losses", check_tensor("losses", losses, ("moments", "samples")))
    if losses.shape[1] == 0:
        raise ValueError("losses must hold a sample at least, got none")
    x = losses.detach().to("cpu", torch.float64)
    return torch.cdist(x, x, p=1) / x.shape[1]


def lifetime_sum(distances: Tensor, alpha: float = 1.0) -> float:
    """Sum of the lengths of the minimum spanning tree's edges, each to the power of alpha.

    Args:
        distances: Between moments of training, shape (n, n), for instance from `loss_distance`.
        alpha: Above 0; small values count small moves more.

    Raises:
        ValueError: If `distances` is not square or contains NaN, or `alpha` is not above 0.

    Cost: a minimum spanning tree.
    Source: "Topological generalization bounds for discrete-time stochastic optimization algorithms", 2024, section 3.
    """
    check_positive("alpha", alpha)
    matrix = _checked(distances)
    return float(persistence(rips(distances=matrix[None]), max_dim=0).finite().persistence.pow(alpha).sum())


def magnitude(distances: Tensor, scale: float = 1.0, positive: bool = True) -> float:
    """Effective number of points at a scale: the sum of the weights w with Z w = 1, Z = exp(-scale distances).

    Args:
        distances: Between points, shape (n, n).
        scale: Multiplies distances; the paper takes the square root of the number of training samples.
        positive: Sum the weights above 0 only, which is defined for pseudo-metrics too.

    Returns:
        Without `positive` between 1 (all points are one) and n (all far apart) for points of Euclidean space; with it
        at least that. Points at distance 0 from each other count as one.

    Raises:
        ValueError: If `distances` is not square or contains NaN, or `scale` is not above 0.

    Cost: a linear system of n equations.
    Source: "Topological generalization bounds for discrete-time stochastic optimization algorithms", 2024, section 3;
        "The magnitude of metric spaces", 2013.
    """
    check_positive("scale", scale)
    matrix = _checked(distances)
    kept: list[int] = []
    for place in range(len(matrix)):  # the first of those that are one point
        if not kept or float(matrix[place, kept].min()) > 0:
            kept.append(place)
    similarity = torch.exp(-scale * matrix[kept][:, kept])
    weights = torch.linalg.lstsq(similarity, similarity.new_ones(len(kept), 1)).solution[:, 0]
    return float((weights.clamp_min(0) if positive else weights).sum())


def _checked(distances: Tensor) -> Tensor:
    check_no_nan("distances", check_tensor("distances", distances, ("n", "n")))
    if distances.shape[0] != distances.shape[1] or not len(distances):
        raise ValueError(f"distances must have shape (n, n) with a point at least, got {tuple(distances.shape)}")
    return distances.detach().to("cpu", torch.float64)
