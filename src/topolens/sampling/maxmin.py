"""Landmarks spread out over a cloud."""

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.engines import compiled


def maxmin(points: Tensor, count: int, seed: int = 0) -> Tensor:
    """Rows of landmarks: a random first one, then always the point farthest from those chosen.

    Args:
        points: Clouds, shape (batch, n, d), Euclidean.
        count: Number of landmarks of each cloud, at most its number of distinct points.
        seed: Draws the first landmark of each cloud.

    Returns:
        Rows, shape (batch, count), int64, on the device of `points`.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN, or a cloud has fewer distinct points than `count`.

    Cost: O(batch n d count).
    Source: "Topological estimation using witness complexes", 2004, section 2.3.
    """
    check_no_nan("points", check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]"))
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for cloud in points:
        start = int(torch.randint(len(cloud), (), generator=generator)) if len(cloud) else 0
        found = compiled.maxmin(cloud, count, start) if len(cloud) else torch.zeros(0, dtype=torch.int64)
        if len(found) < count:
            raise ValueError(f"count must be at most the number of distinct points, {len(found)}, got {count}")
        rows.append(found)
    return torch.stack(rows).to(points.device) if rows else torch.zeros(0, count, dtype=torch.int64)


def cover_radius(points: Tensor, landmarks: Tensor) -> float:
    """Largest distance of any of the points (n, d) to its nearest landmark (L,)."""
    return float(torch.cdist(points, points[landmarks]).min(1).values.max())
