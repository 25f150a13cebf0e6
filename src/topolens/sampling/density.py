"""The dense core of a cloud, by the distance to the k-th neighbour."""

import torch
from torch import Tensor

from topolens._checks import check_fraction, check_no_nan, check_tensor
from topolens.engines.compiled import kth_neighbour


def neighbour_distance(points: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest other point; small where the cloud is dense.

    Args:
        points: One cloud, shape (n, d), Euclidean.
        k: Which neighbour, from 1 to n - 1. The point itself does not count, a duplicate does.

    Returns:
        Distances, shape (n,), on the CPU.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN, or k is out of range.

    Cost: O(n^2 d) time by blocks, O(n) memory; exact.
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d")))
    if not 1 <= k < len(points):
        raise ValueError(f"k must lie in [1, {len(points) - 1}] for {len(points)} points, got {k}")
    return kth_neighbour(points, k)


def core_size(n: int, p: float) -> int:
    """How many of n points the fraction p keeps, at least 1."""
    return max(round(p * n), 1)


def density_core(points: Tensor, k: int, p: float) -> Tensor:
    """Rows of the densest fraction of a cloud, rho(k, p) of Gabrielsson and Carlsson, in rising order.

    Args:
        points: One cloud, shape (n, d), Euclidean.
        k: Density at a point is judged by the distance to its k-th nearest other point, 1 <= k < n.
        p: Fraction of the points to keep, in (0, 1]; ties at the edge are kept by the lower row.

    Returns:
        Rows, shape (round(p n),) but at least 1, int64, on the CPU.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN, or k or p is out of range.

    Cost: as `neighbour_distance`.
    Source: "A look at the topology of convolutional neural networks", 2018, section 4.

    Example:
        >>> cloud = torch.tensor([[0.0], [0.1], [0.2], [5.0]])
        >>> density_core(cloud, k=1, p=0.75)
        tensor([0, 1, 2])
    """
    check_fraction("p", p)
    order = torch.argsort(neighbour_distance(points, k), stable=True)
    return order[: core_size(len(points), p)].sort().values
