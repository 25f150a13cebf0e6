"""Clusterers that know noise: DBSCAN, HDBSCAN, and any clusterer of scikit-learn, box by box."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_positive
from topolens.engines.compiled import cell_groups
from topolens.mapper.clusters import SLACK, check_given, neighbour_sample, neighbourhood

NOISE, SMALL, FAILED = -1, -2, -3  # labels of points that no cluster takes, and why
log = logging.getLogger(__name__)


def dbscan(
    points: Tensor,
    members: Tensor,
    offsets: Tensor,
    *,
    eps: float | None = None,
    min_samples: int = 5,
    metric: str | None = None,
) -> Tensor:
    """Cluster of each membership by DBSCAN within its box, with one radius for all boxes.

    A point of the box with at least `min_samples` points of it within `eps`, itself included, is a core point. Core
    points within `eps` of each other form clusters; another point joins the first cluster with a core point within
    `eps` of it, or is noise.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        members: Rows of the cloud, box after box, shape (memberships,), int64.
        offsets: Where each box starts in `members`, shape (boxes + 1,), int64.
        eps: Radius, above 0. None: 1.5 times the 99 % quantile of the distance to the (`min_samples` - 1)-th neighbour
            in the whole cloud (1,000 of its points).
        min_samples: Points that make one a core point, at least 1.
        metric: "precomputed" if `points` are distances, shape (n, n); None if they are coordinates.

    Returns:
        Label of each membership within its box, shape (memberships,), int64; -1 is noise.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or a setting is out of range.

    Cost: O(k^2 d) per box of k points at worst; boxes in parallel.
    Source: "A density-based algorithm for discovering clusters in large spatial databases with noise", 1996; labels as
        scikit-learn numbers them. The radius is ours: the knee of the neighbours' distances, which is usual, lies where
        half of the boxes fall apart.

    Example:
        >>> line = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
        >>> dbscan(line, torch.arange(4), torch.tensor([0, 4]), eps=1.0, min_samples=2)
        tensor([ 0,  0,  0, -1])
    """
    are_distances = check_given(points, metric)
    if not isinstance(min_samples, int) or min_samples < 1:
        raise ValueError(f"min_samples must be an integer of at least 1, got {min_samples!r}")
    cloud = points.detach().cpu()
    neighbour = max(min_samples - 1, 1)
    radius = SLACK * neighbourhood(cloud, neighbour, are_distances) if eps is None else check_positive("eps", eps)
    return cell_groups(cloud, members, offsets, radius, min_samples, are_distances)


def knee(points: Tensor, min_samples: int = 5, *, metric: str | None = None) -> float:
    """A small radius for DBSCAN: where the rising distances to the (`min_samples` - 1)-th neighbour bend up most.

    That is the distance that lies farthest below the straight line from the first of them to the last, both drawn in
    a unit square. Distances of 1,000 points spread over the rows are looked at. Half of a cloud's points may have
    fewer neighbours within it, so that clusters fall apart: what `dbscan` takes by itself is larger.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        min_samples: As in `dbscan`.
        metric: As in `dbscan`.

    Returns:
        The radius; 0 if the points all coincide or there are fewer than two.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d) or it contains NaN.

    Cost: O(1000 n d).
    Source: the rule of "Finding a 'kneedle' in a haystack: detecting knee points in system behavior", 2011, without its
        smoothing.
    """
    are_distances = check_given(points, metric)
    curve = neighbour_sample(points.detach().cpu(), max(min_samples - 1, 1), are_distances).double().numpy()
    if not len(curve) or curve[-1] == curve[0]:
        return float(curve[-1]) if len(curve) else 0.0
    line = np.linspace(0, 1, len(curve))
    below = line - (curve - curve[0]) / (curve[-1] - curve[0])
    return float(curve[below.argmax()])


def hdbscan(
    points: Tensor,
    members: Tensor,
    offsets: Tensor,
    *,
    min_cluster_size: int = 5,
    min_samples: int | None = None,
    metric: str | None = None,
) -> Tensor:
    """Cluster of each membership by scikit-learn's HDBSCAN within its box; a box may be a single cluster.

    Args:
        points, members, offsets, metric: As in `dbscan`.
        min_cluster_size: Points of the smallest cluster, at least 2. Boxes with fewer are not clustered.
        min_samples: Neighbours, the point included, that density is judged by; None: as many.

    Returns:
        Label of each membership within its box, shape (memberships,), int64; -1 is noise, -2 lies in a box with too
        few points.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or a setting is out of range.

    Cost: O(k^2 d) per box of k points in scikit-learn, one box after the other: far slower than `dbscan`.
    Source: "Density-based clustering based on hierarchical density estimates", 2013.
    """
    from sklearn.cluster import HDBSCAN

    check_given(points, metric)
    if min_cluster_size < 2:
        raise ValueError(f"min_cluster_size must be at least 2, got {min_cluster_size}")
    estimator = HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        allow_single_cluster=True,
        metric=metric or "euclidean",
        copy=True,
    )
    least = max(min_cluster_size, min_samples or 0)
    return each_box(points, members, offsets, estimator=estimator, least=least, metric=metric)


def each_box(
    points: Tensor,
    members: Tensor,
    offsets: Tensor,
    *,
    estimator: Any,
    least: int = 2,
    metric: str | None = None,
) -> Tensor:
    """Cluster of each membership by a clusterer in the style of scikit-learn, a fresh copy for each box.

    Args:
        points, members, offsets: As in `dbscan`.
        estimator: Anything that scikit-learn can clone and that has `fit_predict`. Give it a random state if it has
            one, else results differ from run to run.
        least: Boxes with fewer points are not handed to it: many clusterers fail on them.
        metric: "precomputed" if `points` are distances; the estimator then gets those within a box, and must expect
            them.

    Returns:
        Label of each membership within its box, shape (memberships,), int64; -1 is noise, -2 lies in a box with fewer
        than `least` points, -3 in one where the estimator failed, which is logged with its message.

    Raises:
        TypeError: If `points` is no floating-point tensor, or `estimator` has no `fit_predict`.
        ValueError: If the shape of `points` is not (n, d), or it contains NaN.

    Cost: that of the estimator, box after box.
    """
    from sklearn.base import clone

    are_distances = check_given(points, metric)
    if not hasattr(estimator, "fit_predict"):
        raise TypeError(f"estimator must have fit_predict, got {type(estimator).__name__}")
    cloud, rows = points.detach().cpu().numpy(), members.numpy()
    labels = np.full(len(rows), SMALL, np.int64)
    failures: list[str] = []
    starts = offsets.tolist()
    for start, end in zip(starts[:-1], starts[1:], strict=True):
        if end - start < least:
            continue
        own = rows[start:end]
        inside = cloud[own][:, own] if are_distances else cloud[own]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of one box among hundreds
                found = np.asarray(clone(estimator).fit_predict(inside))
            labels[start:end] = np.where(found < 0, NOISE, found)
        except Exception as error:  # whatever a foreign clusterer stumbles over, the other boxes go on
            labels[start:end] = FAILED
            failures.append(f"{type(error).__name__}: {error}")
    if failures:
        name, count = type(estimator).__name__, len(starts) - 1
        log.warning("%s failed in %d of %d boxes, first with %s", name, len(failures), count, failures[0])
    return torch.from_numpy(labels)
