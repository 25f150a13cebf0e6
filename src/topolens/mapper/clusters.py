"""Clusterers: the points of each box of a cover, split into groups that belong together."""

import math

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_positive, check_tensor
from topolens.engines.compiled import cell_clusters, cell_groups, cell_merges, cut_merges, kth_neighbour_of
from topolens.mapper.metric import PRECOMPUTED

SAMPLE = 1000
SLACK = 1.5  # times the distance to neighbours of outliers
RULES = ("first_simple_gap", "first_histogram_gap", "diameter_histogram")


def first_gap(points: Tensor, members: Tensor, offsets: Tensor, bins: int = 10, metric: str | None = None) -> Tensor:
    """Cluster of each membership: single linkage within a box, cut at the first gap between merge heights.

    The heights of a box's merges are counted in `bins` equal bins from 0 to the largest. The first empty bin above
    the lowest merge is the gap; merges above it are undone. No empty bin: one cluster.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        members: Rows of the cloud, box after box, shape (memberships,), int64.
        offsets: Where each box starts in `members`, shape (boxes + 1,), int64.
        bins: Bins of the histogram, at least 1. More bins make more clusters.
        metric: "precomputed" if `points` are distances, shape (n, n); None if they are coordinates.

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
    are_distances = check_given(points, metric)
    if not isinstance(bins, int) or bins < 1:
        raise ValueError(f"bins must be an integer of at least 1, got {bins!r}")
    return cell_clusters(points, members, offsets, bins, are_distances)


def connected(
    points: Tensor,
    members: Tensor,
    offsets: Tensor,
    *,
    scale: float | None = None,
    slack: float = SLACK,
    metric: str | None = None,
) -> Tensor:
    """Cluster of each membership: single linkage within a box, cut at one height for all boxes.

    Points of a box within `scale` of each other, directly or through others of the box, form a cluster.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        members: Rows of the cloud, box after box, shape (memberships,), int64.
        offsets: Where each box starts in `members`, shape (boxes + 1,), int64.
        scale: Distance up to which points are joined, above 0. None: `slack` times the 99 % quantile of the distance
            to the fifth neighbour in the whole cloud (1,000 of its points), so that only its outliers stand alone.
        slack: That factor, above 0; 2 keeps thin parts of a small cloud whole.
        metric: "precomputed" if `points` are distances, shape (n, n); None if they are coordinates.

    Returns:
        Label of each membership within its box, shape (memberships,), int64, from 0 on.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or `scale` or `slack` is not above 0.

    Cost: O(k^2 d) per box of k points at worst, a few scans of the box where most of its points lie within `scale`
        of each other; boxes in parallel. O(1000 n d) for the scale.
    Source: ours. Where `first_gap` judges a box by a histogram of its few merges, this asks the whole cloud: on ideal
        3 x 3 filters (circle, two and three circles; 5 clouds, 8 seeds each) the nerve had the right loops in 40 of 40,
        with `first_gap` in 21.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
        >>> connected(line, torch.arange(4), torch.tensor([0, 4]), scale=1.0)
        tensor([0, 0, 0, 1])
    """
    are_distances = check_given(points, metric)
    cloud = points.detach().cpu()
    slack = check_positive("slack", slack)
    reach = slack * neighbourhood(cloud, 5, are_distances) if scale is None else check_positive("scale", scale)
    return cell_groups(cloud, members, offsets, reach, 0, are_distances)


def single_linkage(
    points: Tensor, members: Tensor, offsets: Tensor, *, height: float, metric: str | None = None
) -> Tensor:
    """Cluster of each membership: single linkage within a box, merges up to a height of one's own choice.

    This is `connected` without a default: for the same numbers as in another program.

    Args:
        points, members, offsets, metric: As in `connected`.
        height: Largest height of a merge that is made, above 0.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
        >>> single_linkage(line, torch.arange(4), torch.tensor([0, 4]), height=7.0)
        tensor([0, 0, 0, 0])
    """
    return connected(points, members, offsets, scale=height, metric=metric)


def gap_rule(
    points: Tensor,
    members: Tensor,
    offsets: Tensor,
    *,
    rule: str = "first_simple_gap",
    size: float = 0.3,
    bins: int = 5,
    metric: str | None = None,
) -> Tensor:
    """Cluster of each membership: single linkage within a box, cut by a rule that another program is known for.

    Let h be the rising merge heights of a box.

    - "first_simple_gap" (giotto-tda): cut below the first h[i] - h[i - 1] of at least `size` times the largest
      height, where h[-1] = 0.
    - "first_histogram_gap" (giotto-tda): the first empty bin of a histogram of the heights, whose number of bins rises
      from `bins` on until there is one: a box with two different heights is always split.
    - "diameter_histogram" (Mapper in R): the first empty bin of a histogram of the heights together with the diameter
      of the box, in `bins` bins; none: one cluster.

    Args:
        points, members, offsets, metric: As in `connected`.
        rule: Name of the rule.
        size: Least gap as a share of the largest height, in (0, 1]; of the first rule only.
        bins: Bins of the histogram, at least 1; of the other rules.

    Returns:
        Label of each membership within its box, shape (memberships,), int64, from 0 on.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or a setting is unknown or outside its range.

    Cost: O(k^2 d) per box of k points.
    Source: written from the description of the rules, not from the programs.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
        >>> gap_rule(line, torch.arange(4), torch.tensor([0, 4]))
        tensor([0, 0, 0, 1])
    """
    are_distances = check_given(points, metric)
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}")
    if not 0 < size <= 1 or not isinstance(bins, int) or bins < 1:
        raise ValueError(f"size must lie in (0, 1] and bins be an integer of at least 1, got {size} and {bins!r}")
    cloud = points.detach().cpu()
    merges = cell_merges(cloud, members, offsets, are_distances)
    starts = offsets.tolist()
    cuts = np.zeros(len(starts) - 1)
    for box, (start, end) in enumerate(zip(starts[:-1], starts[1:], strict=True)):
        heights = np.sort(merges.heights[start - box : end - box - 1])
        if not len(heights):
            continue
        if rule == "first_simple_gap":
            cuts[box] = _simple_gap(heights, size)
        elif rule == "first_histogram_gap":
            cuts[box] = _rising_gap(heights, bins)
        else:
            cuts[box] = _histogram_gap(np.append(heights, _diameter(cloud, members[start:end], are_distances)), bins)
    return cut_merges(merges, offsets, cuts)


def _simple_gap(heights: np.ndarray, size: float) -> float:
    gaps = np.diff(heights, prepend=0.0) >= size * heights[-1]
    return np.append(0.0, heights)[gaps.argmax()] if gaps.any() and heights[-1] > 0 else np.inf


def _histogram_gap(heights: np.ndarray, bins: int) -> float:
    """Height of the first empty bin above the first filled one, infinite where there is none."""
    if heights.min() == heights.max():
        return np.inf
    counts, edges = np.histogram(heights, bins)
    empty = np.flatnonzero(counts == 0)
    return (edges[empty[0]] + edges[empty[0] + 1]) / 2 if len(empty) else np.inf


def _rising_gap(heights: np.ndarray, bins: int) -> float:
    different = np.unique(heights)
    # Gaps below the grain of the numbers would need more bins than memory has room for.
    if len(different) < 2 or np.diff(different).max() < 1e-5 * (different[-1] - different[0]):
        return np.inf
    cut = np.inf
    while cut == np.inf:
        cut, bins = _histogram_gap(heights, bins), bins + 1 + bins // 8
    return cut


def _diameter(cloud: Tensor, rows: Tensor, are_distances: bool) -> float:
    box = cloud[rows]
    return float(box[:, rows].max() if are_distances else torch.pdist(box).max())


def check_given(points: Tensor, metric: str | None) -> bool:
    """Whether the points are distances; refuses what is neither a cloud nor a matrix."""
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if metric not in (None, PRECOMPUTED):
        raise ValueError(f'metric must be "precomputed" or None, got {metric!r}; normalise the points first')
    if metric == PRECOMPUTED and points.shape[0] != points.shape[1]:
        raise ValueError(f"precomputed distances must have shape (n, n), got {tuple(points.shape)}")
    return metric == PRECOMPUTED


def neighbour_sample(cloud: Tensor, k: int, are_distances: bool) -> Tensor:
    """Distance to the k-th other point of 1,000 points spread over the rows, rising; k is lowered for small clouds."""
    n = len(cloud)
    if n < 2:
        return torch.zeros(min(n, 1))
    rows = torch.linspace(0, n - 1, min(n, SAMPLE), dtype=torch.float64).long()
    k = min(k, n - 1)
    if not are_distances:
        return kth_neighbour_of(cloud, k, rows).sort().values
    some = cloud[rows].scatter(1, rows[:, None], torch.inf)  # a point is not its own neighbour
    return some.kthvalue(k, dim=1).values.sort().values


def neighbourhood(cloud: Tensor, k: int, are_distances: bool) -> float:
    """99 % quantile of the distance to the k-th neighbour; 0 for fewer than two points."""
    far = neighbour_sample(cloud, k, are_distances)
    return float(far[math.ceil(0.99 * len(far)) - 1]) if len(far) else 0.0


def one_cluster(points: Tensor, members: Tensor, offsets: Tensor, *, metric: str | None = None) -> Tensor:
    """Cluster of each membership when no box is split: the nerve of the cover alone, a reference for the others.

    Args:
        points, members, offsets, metric: As in `first_gap`; only the number of members is used.
    """
    return torch.zeros_like(members)
