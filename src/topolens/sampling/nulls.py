"""Clouds without the structure in question, to judge what is seen by."""

import torch
from torch import Tensor


def _unit(points: Tensor) -> Tensor:
    centred = points - points.mean(1, keepdim=True)
    return centred / torch.linalg.vector_norm(centred, dim=1, keepdim=True)


def gaussian_filters(n: int, d: int, seed: int = 0) -> Tensor:
    """Filters of independent Gaussian weights, mean-centred and of unit norm: uniform on their sphere.

    Args:
        n: Number of filters.
        d: Weights of each, at least 2.
        seed: Draws the weights.

    Returns:
        Points, shape (n, d), float32.
    """
    generator = torch.Generator().manual_seed(seed)
    return _unit(torch.randn(n, d, generator=generator))


def covariance_filters(points: Tensor, seed: int = 0) -> Tensor:
    """Gaussian filters with the covariance of the given ones, mean-centred and of unit norm.

    They answer whether second moments alone, without any further structure, would give the same picture:
    two strong directions already put a Gaussian's normalised points on a circle.

    Args:
        points: Filters, shape (n, d).
        seed: Draws the weights.

    Returns:
        Points of the same shape and type.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = points.to("cpu", torch.float64)
    moment = flat.T @ flat / max(len(flat), 1)
    values, vectors = torch.linalg.eigh(moment)
    noise = torch.randn(len(flat), flat.shape[1], generator=generator, dtype=torch.float64)
    return _unit(noise * values.clamp_min(0).sqrt() @ vectors.T).to(points.dtype)
