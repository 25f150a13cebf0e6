"""Clouds that keep something of a given one and lose the rest: what is left of a number on them needs no structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


def gaussian_cloud(points: Tensor, seed: int = 0) -> Tensor:
    """Gaussian points with mean and covariance of the given ones: what second moments alone would give.

    Args:
        points: Shape (n, d).
        seed: Of the draw.

    Returns:
        Shape (n, d), of the same type, on the same device.

    Raises:
        ValueError: If `points` has another shape, contains NaN, or fewer than two points.

    Cost: a singular value decomposition of the points.
    """
    return next(gaussian_clouds(points, [seed]))


def gaussian_clouds(points: Tensor, seeds: Sequence[int]) -> Iterator[Tensor]:
    """`gaussian_cloud` of each seed, from one singular value decomposition.

    Args:
        points: Shape (n, d).
        seeds: Of the draws.

    Raises:
        ValueError: As `gaussian_cloud`, at the first draw.
    """
    x = _checked(points)
    centre = x.mean(0)
    _, values, vectors = torch.linalg.svd(x - centre, full_matrices=False)
    scale = values / max(len(x) - 1, 1) ** 0.5
    for seed in seeds:
        noise = torch.randn(len(x), len(values), generator=_generator(seed), dtype=torch.float64)
        yield (centre + noise * scale @ vectors).to(points)


def shuffled_columns(points: Tensor, seed: int = 0) -> Tensor:
    """Each coordinate shuffled on its own: marginals stay, every dependence between coordinates is lost.

    Args:
        points: Shape (n, d).
        seed: Of the shuffles.

    Returns:
        Shape (n, d), of the same type, on the same device.

    Raises:
        ValueError: If `points` has another shape, contains NaN, or fewer than two points.
    """
    x = _checked(points)
    keys = torch.rand(x.shape, generator=_generator(seed), dtype=torch.float64)
    # numpy sorts the contiguous rows of the transpose, in a fifth of torch's time.
    order = torch.from_numpy(np.argsort(np.ascontiguousarray(keys.numpy().T), axis=1)).T
    return x.gather(0, order).to(points)


def shuffled_rows(points: Tensor, seed: int = 0) -> Tensor:
    """The points in another order: the cloud stays, which point belongs to what is lost.

    Args:
        points: Shape (n, d), or labels of shape (n,).
        seed: Of the shuffle.

    Returns:
        Of the same shape and type, on the same device.
    """
    return points[torch.randperm(len(points), generator=_generator(seed)).to(points.device)]


def _checked(points: Tensor) -> Tensor:
    """The points in float64 on the CPU, so that every device gives the same null."""
    check_no_nan("points", check_tensor("points", points, ("n", "d")))
    if len(points) < 2:
        raise ValueError(f"there must be at least 2 points, got {len(points)}")
    return points.detach().to("cpu", torch.float64)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
