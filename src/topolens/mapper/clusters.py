"""Clusterers: the points of each box of a cover, split into groups that belong together."""

import torch
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from topolens._checks import check_floating, check_no_nan, check_positive, check_tensor
from topolens.engines.compiled import cell_clusters

METRICS = ("std", "variance", None)


def variance_normalised(points: Tensor, metric: str | None = "std") -> Tensor:
    """The cloud with each column centred and divided by its spread.

    Euclidean distances between the rows are then variance-normalised Euclidean distances.

    Args:
        points: Cloud, shape (n, d).
        metric: "std" divides by the standard deviation, so that every column counts alike. "variance" divides by
            the variance, which counts columns of small spread more. None only centres.

    Returns:
        Coordinates, shape (n, d). A column of one value only (up to rounding) is 0 throughout.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d) or `metric` is unknown.

    Gradients: none; distances are compared here, not trained.
    Cost: O(n d), in float64.

    Example:
        >>> variance_normalised(torch.tensor([[0.0, 7.0], [4.0, 7.0]]))
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """
    check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]")
    if metric not in METRICS:
        raise ValueError(f'metric must be "std", "variance" or None, got {metric!r}')
    if len(points) == 0:
        return points.detach().clone()
    exact = points.detach().to(torch.float64)
    low, high = exact.amin(0), exact.amax(0)
    constant = high - low <= 8 * torch.finfo(points.dtype).eps * torch.maximum(low.abs(), high.abs())
    centred = torch.where(constant, 0.0, exact - exact.mean(0))
    variance = torch.where(constant, 1.0, centred.square().mean(0))
    spread = {"std": variance.sqrt(), "variance": variance, None: torch.ones_like(variance)}[metric]
    return (centred / spread).to(points.dtype)


def first_gap(points: Tensor, members: Tensor, offsets: Tensor, bins: int = 10) -> Tensor:
    """Cluster of each membership: single linkage within a box, cut at the first gap between merge heights.

    The heights of a box's merges are counted in `bins` equal bins from 0 to the largest. The first empty bin above
    the lowest merge is the gap; merges above it are undone. No empty bin: one cluster.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        members: Rows of the cloud, box after box, shape (memberships,), int64.
        offsets: Where each box starts in `members`, shape (boxes + 1,), int64.
        bins: Bins of the histogram, at least 1. More bins make more clusters.

    Returns:
        Label of each membership within its box, shape (memberships,), int64, from 0 on.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or `bins` is below 1.

    Cost: O(k^2 d) per box of k points; boxes in parallel.
    Source: "Topological methods for the analysis of high dimensional data sets and 3D object recognition", 2007.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
        >>> first_gap(line, torch.arange(4), torch.tensor([0, 4]))
        tensor([0, 0, 0, 1])
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if not isinstance(bins, int) or bins < 1:
        raise ValueError(f"bins must be an integer of at least 1, got {bins!r}")
    return cell_clusters(points, members, offsets, bins)


def connected(points: Tensor, members: Tensor, offsets: Tensor, *, scale: float) -> Tensor:
    """Cluster of each membership: points of a box within `scale` of each other, chained.

    Single linkage cut at one height everywhere. Arguments and result as in `first_gap`; O(k^2 d) per box of k points.
    """
    check_positive("scale", scale)
    cloud = check_floating("points", points).detach().to("cpu", torch.float64)
    labels = torch.zeros_like(members)
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        box = cloud[members[start:end]]
        near = torch.cdist(box, box, compute_mode="donot_use_mm_for_euclid_dist") <= scale
        labels[start:end] = torch.from_numpy(connected_components(near.numpy(), directed=False)[1])
    return labels


def one_cluster(points: Tensor, members: Tensor, offsets: Tensor) -> Tensor:
    """Cluster of each membership when no box is split: the nerve of the cover alone, a reference for the others."""
    return torch.zeros_like(members)
