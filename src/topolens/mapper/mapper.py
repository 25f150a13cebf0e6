"""Mapper: a cloud of points as a graph of overlapping clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.mapper.clusters import connected, first_gap, one_cluster, variance_normalised
from topolens.mapper.cover import Cover, cover
from topolens.mapper.graph import MapperGraph
from topolens.mapper.lens import pca
from topolens.mapper.nerve import faces

Clusterer = Callable[[Tensor, Tensor, Tensor], Tensor]
CLUSTERERS: dict[str, Clusterer] = {"first_gap": first_gap, "connected": connected, "one_cluster": one_cluster}


def mapper(
    points: Tensor,
    lens: Tensor | Callable[[Tensor], Tensor] | None = None,
    resolution: int | Sequence[int] = 30,
    gain: float | Sequence[float] = 3.0,
    metric: str | None = "std",
    clusters: str | Clusterer = "first_gap",
    convention: str = "spanning",
) -> MapperGraph:
    """The Mapper graph of a cloud, with the triangles of its nerve.

    The lenses are covered by overlapping boxes, the points of each box are split into clusters, and clusters that
    share points are joined. Every point lies in at least one cluster.

    Args:
        points: One cloud, shape (n, d).
        lens: Lens values, shape (n, 1 to 3), or a function that makes them from the points. None: the first two
            principal components (one if d is 1).
        resolution: Intervals per lens, at least 1; one number or one per lens.
        gain: Interval length over step, at least 1: neighbours share the fraction 1 - 1 / gain.
        metric: "std" or "variance" divides each column of the points by it before distances are taken, None does
            not; see `variance_normalised`. The lens sees the points as they came.
        clusters: How a box is split: "first_gap" (by its own histogram), "connected" (at one scale for all boxes),
            "one_cluster" (never: the cover alone), or a function of (points, members, offsets) like `first_gap`, for
            instance `functools.partial(first_gap, bins=20)`.
        convention: "spanning" or "cell", how intervals fill the range; see `cover`.

    Returns:
        Nodes ordered by box, within a box by their first point. Without points, a graph without nodes. `settings`
        also holds the interval lengths and the mean number of boxes of a point.

    Raises:
        TypeError: If `points` or the lens is no floating-point tensor, or `clusters` is neither name nor function.
        ValueError: If a shape is wrong, an entry is NaN or infinite, a setting is unknown or outside its range, or the
            gain is so large that the nerve has more than 50 million faces.

    Gradients: none; the result is integers.
    Cost: O(k^2 d) per box of k points for "first_gap", O(n gain^(3 lenses)) at worst for the triangles.
    Source: "Topological methods for the analysis of high dimensional data sets and 3D object recognition", 2007;
        the defaults follow "Exposition and interpretation of the topology of neural networks", 2019, except that
        columns are divided by their standard deviation, not their variance.

    Example:
        >>> angle = torch.arange(60) * (2 * torch.pi / 60)
        >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
        >>> graph = mapper(circle, lens=circle[:, :1], resolution=5, gain=1.5)
        >>> graph                       # one node at each end, two in each interval between: a ring
        MapperGraph(points=60, nodes=8, edges=8, triangles=0)
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if torch.isinf(points).any():
        raise ValueError("points contains infinite coordinates; remove those points first")
    cloud = points.detach().cpu()
    values = _lens_values(cloud, lens)
    boxes = cover(values, resolution, gain, convention)
    labels = _labels(variance_normalised(cloud, metric), boxes, clusters)
    membership, cell = _nodes(boxes, labels, len(cloud))
    settings = {
        "lens": "pca" if lens is None else "given" if isinstance(lens, Tensor) else _name(lens),
        "resolution": resolution if isinstance(resolution, int) else list(resolution),
        "gain": list(gain) if isinstance(gain, Sequence) else gain,
        "metric": metric,
        "clusters": clusters if isinstance(clusters, str) else _name(clusters),
        "convention": convention,
        "interval_lengths": list(boxes.lengths),
        "boxes_per_point": len(boxes.members) / max(len(cloud), 1),
    }
    triangles = faces(membership, 3)  # before the edges: where there are too many, nothing else is listed in vain
    graph = MapperGraph(membership, faces(membership, 2), triangles, values.numpy(), cell, settings)
    assert graph.coverage == 1.0
    return graph


def _name(function: Callable[..., Any]) -> str:
    """A function's name, for the record; `partial` objects name what they wrap and what they fix."""
    inner = getattr(function, "func", None)
    if inner is None:
        return str(getattr(function, "__name__", type(function).__name__))
    return f"{_name(inner)}({', '.join(f'{key}={value}' for key, value in function.keywords.items())})"  # type: ignore[attr-defined]


def _lens_values(cloud: Tensor, lens: Tensor | Callable[[Tensor], Tensor] | None) -> Tensor:
    if lens is None:
        return pca(cloud, min(2, cloud.shape[1]))
    values = lens if isinstance(lens, Tensor) else lens(cloud)
    check_tensor("lens", values, ("n", "lenses"), "for one lens pass lens[:, None]")
    if len(values) != len(cloud):
        raise ValueError(f"lens must have one row per point, got {len(values)} rows for {len(cloud)} points")
    return values.detach().cpu()


def _labels(cloud: Tensor, boxes: Cover, clusters: str | Clusterer) -> Tensor:
    """Cluster of each membership within its box, checked."""
    if isinstance(clusters, str) and clusters not in CLUSTERERS:
        raise ValueError(f"clusters must be one of {', '.join(CLUSTERERS)} or a function, got {clusters!r}")
    clusterer = CLUSTERERS[clusters] if isinstance(clusters, str) else clusters
    if not callable(clusterer):
        raise TypeError(f"clusters must be a name or a function, got {type(clusters).__name__}")
    labels = clusterer(cloud, boxes.members, boxes.offsets)
    if labels.shape != boxes.members.shape or labels.is_floating_point():
        raise ValueError(
            f"clusters must return one integer per membership, shape {tuple(boxes.members.shape)}, "
            f"got {labels.dtype} of shape {tuple(labels.shape)}"
        )
    if (labels < 0).any():
        raise ValueError(
            "clusters must return labels of at least 0, got negative ones; give stray points labels of their own"
        )
    return labels.cpu()


def _nodes(boxes: Cover, labels: Tensor, n: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Membership of points in nodes, and the box of each node; nodes by box, then first point."""
    label = labels.numpy().astype(np.int64)
    box = np.repeat(np.arange(len(boxes.cells)), np.diff(boxes.offsets.numpy()))
    key = box * (label.max(initial=0) + 1) + label
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    ones = np.ones(len(label), bool)
    membership = sparse.csr_array((ones, (boxes.members.numpy(), rank[inverse])), shape=(n, len(first)))
    membership.sort_indices()
    return membership, boxes.cells.numpy()[box[np.sort(first)]]
