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
        ValueError: If the shape is wrong, a coordinate is NaN, or `count` is negative or above the number of distinct
            points of a cloud.

    Cost: O(batch n d count); in tensor operations, all clouds at once, where `points` are not on the CPU.
    Source: "Topological estimation using witness complexes", 2004, section 2.3.
    """
    check_no_nan("points", check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]"))
    if count < 0:
        raise ValueError(f"count must be at least 0, got {count}")
    batch, n, _ = points.shape
    if not batch:
        return torch.zeros(0, count, dtype=torch.int64, device=points.device)
    if not n:
        raise ValueError(f"count must be at most the number of distinct points, 0, got {count}")
    generator = torch.Generator().manual_seed(seed)
    starts = [int(torch.randint(n, (), generator=generator)) for _ in range(batch)]
    if points.device.type == "cpu":
        rows = [compiled.maxmin(cloud, count, start) for cloud, start in zip(points, starts, strict=True)]
        distinct = min(map(len, rows))
    else:
        found, distinct = _farthest(points.detach(), count, torch.tensor(starts, device=points.device))
        rows = list(found)
    if distinct < count:
        raise ValueError(f"count must be at most the number of distinct points, {distinct}, got {count}")
    return torch.stack(rows)


def _farthest(points: Tensor, count: int, start: Tensor) -> tuple[Tensor, int]:
    """The same in tensor operations, and the number of points after which one cloud had no other left."""
    rows = start.new_zeros(len(points), count)
    nearest = points.new_full(points.shape[:2], float("inf"))
    gap = points.new_zeros(len(points), count)
    for k in range(count):
        rows[:, k] = start
        chosen = points[torch.arange(len(points), device=points.device), start]
        nearest = torch.minimum(nearest, (points - chosen[:, None]).square().sum(2))
        gap[:, k], start = nearest.max(1)
    spent = (gap[:, :-1] == 0).any(0)  # nothing lies farther than 0 after that many
    return rows, int(spent.nonzero()[0]) + 1 if spent.any() else count


def cover_radius(points: Tensor, landmarks: Tensor) -> float:
    """Largest distance of any of the points (n, d) to its nearest landmark (L,)."""
    return float(torch.cdist(points, points[landmarks]).min(1).values.max())
