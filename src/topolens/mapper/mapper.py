"""Mapper: a cloud of points as a graph of overlapping clusters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens._checks import check_finite_points, check_tensor
from topolens.engines.compiled import matrix_faults
from topolens.mapper.centre_covers import ball_cover, kmeans_cover
from topolens.mapper.clusters import connected, first_gap, one_cluster
from topolens.mapper.cover import Cover, cover
from topolens.mapper.coverage import FAILED, OUTSIDE, POLICIES, settled
from topolens.mapper.density_clusters import dbscan, each_box, hdbscan
from topolens.mapper.graph import MapperGraph
from topolens.mapper.interval_covers import gmapper_cover, quantile_cover
from topolens.mapper.lens_values import Lens, lens_name, lens_values, part_name
from topolens.mapper.metric import METRICS, PRECOMPUTED, variance_normalised
from topolens.mapper.nerve import faces
from topolens.mapper.subdivision import capped

Clusterer = Callable[..., Tensor]
Covering = Callable[[Tensor], Cover]
CLUSTERERS: dict[str, Clusterer] = {
    "first_gap": first_gap,
    "connected": connected,
    "one_cluster": one_cluster,
    "dbscan": dbscan,
    "hdbscan": hdbscan,
}
COVERS: dict[str, Callable[..., Cover]] = {
    "uniform": cover,
    "quantile": quantile_cover,
    "ball": ball_cover,
    "kmeans": kmeans_cover,
    "gmapper": gmapper_cover,
}
MOST_PER_PART = 10  # nodes in each part of a split box, in the mean
log = logging.getLogger(__name__)


class Mapped(NamedTuple):
    """A graph with what placing other points in it needs."""

    graph: MapperGraph
    boxes: Cover
    cloud: Tensor  # points as the clusterer saw them
    nodes: np.ndarray  # node of each membership of the boxes, -1 where it has none


def mapper(
    points: Tensor,
    lens: Lens = None,
    resolution: int | Sequence[int] = 30,
    gain: float | Sequence[float] = 3.0,
    metric: str | None = "std",
    clusters: str | Clusterer = "first_gap",
    convention: str = "spanning",
    *,
    cover: str | Covering | Cover = "uniform",
    noise: str = "drop",
    min_shared: int = 1,
    cap: int | None = None,
) -> MapperGraph:
    """The Mapper graph of a cloud, with the triangles of its nerve.

    The lenses are covered by overlapping boxes, the points of each box are split into clusters, and clusters that
    share points are joined. Where every point is clustered, every point lies in at least one node; `left_out` of the
    graph counts those that do not, and says why.

    Args:
        points: One cloud, shape (n, d), or distances, shape (n, n), with `metric="precomputed"`.
        lens: Lens values, shape (n, 1 to 3), "pca", "norm", "density", "eccentricity", or a function that makes values
            from the points; or a list of these, where values may also be one column (n,). None: the first two
            principal components (one if d is 1).
        resolution: Intervals per lens, at least 1; one number or one per lens.
        gain: Interval length over step, at least 1: neighbours share the fraction 1 - 1 / gain.
        metric: "std" or "variance" divides each column of the points by it before distances are taken, "cosine"
            divides each row by its norm, None does nothing; see `variance_normalised`. The lens sees the points as they
            came. "precomputed": the points are distances, and a lens must be given.
        clusters: How a box is split: "first_gap" (by its own histogram), "connected" (at one scale for all boxes),
            "dbscan", "hdbscan", "one_cluster" (never: the cover alone), a clusterer of scikit-learn, or a function of
            (points, members, offsets) like `first_gap`, for instance `functools.partial(first_gap, bins=20)`; with
            precomputed distances it is also passed `metric="precomputed"`.
        convention: "spanning" or "cell", how intervals fill the range; see `cover`.
        cover: "uniform" or "quantile", of this resolution and gain; "ball", "kmeans" or "gmapper", with settings of
            their own; a function of the lens values, for instance `functools.partial(gmapper_cover, threshold=5)`; or
            a `Cover`. The balls of `ball_cover` are of points, whatever the lens.
        noise: What becomes of points that a clusterer leaves out, in each box: "drop", "singletons" (a node each) or
            "nearest" (the cluster of the nearest point of the box that has one).
        min_shared: Points that the ends of an edge and the corners of a triangle share at least, at least 1.
        cap: Points a box may hold before it is split: across the lens that varies most, into the points up to the
            55 % quantile and those from the 45 % quantile on, and so on. A part is a box like others: chains of points
            that leave it are cut, so that a small cap makes more clusters, and a remark where they are very many. None:
            any number.

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
    rule = covering(cover, resolution, gain, convention)
    return mapped(points, lens, rule, metric, clusters, Rest(noise, min_shared, cap)).graph


class Rule(NamedTuple):
    """How the cover is made, and what the record says of it."""

    make: Callable[[Tensor], Cover]
    said: dict[str, Any]
    of_points: bool = False  # whether it is made from the points as the clusterer sees them, not from the lens


def covering(
    given: str | Covering | Cover, resolution: int | Sequence[int], gain: float | Sequence[float], convention: str
) -> Rule:
    """What `mapper` is told of the cover, as one rule."""
    said: dict[str, Any] = {
        "resolution": resolution if isinstance(resolution, int) else list(resolution),
        "gain": list(gain) if isinstance(gain, Sequence) else gain,
        "convention": convention,
    }
    if isinstance(given, Cover):
        return Rule(partial(_same, given), {"cover": "given"})
    if isinstance(given, str) and given not in COVERS:
        raise ValueError(f"cover must be one of {', '.join(COVERS)}, a function or a Cover, got {given!r}")
    if not isinstance(given, str) and not callable(given):
        raise TypeError(f"cover must be a name, a function or a Cover, got {type(given).__name__}")
    if given == "uniform":
        make_uniform = partial(cover, resolution=resolution, gain=gain, convention=convention)
        return Rule(make_uniform, said | {"cover": "uniform"})
    if given == "quantile":
        said.pop("convention")
        return Rule(partial(quantile_cover, resolution=resolution, gain=gain), said | {"cover": "quantile"})
    make = COVERS[given] if isinstance(given, str) else given
    return Rule(make, {"cover": part_name(given)}, of_points=getattr(make, "func", make) is ball_cover)


def _same(boxes: Cover, values: Tensor) -> Cover:
    return boxes


class Rest(NamedTuple):
    """The settings of `mapper` that come after the clusters."""

    noise: str = "drop"
    min_shared: int = 1
    cap: int | None = None

    def checked(self) -> Rest:
        """Themselves, if they are within their ranges."""
        if self.noise not in POLICIES:
            raise ValueError(f"noise must be one of {', '.join(POLICIES)}, got {self.noise!r}")
        if not isinstance(self.min_shared, int) or self.min_shared < 1:
            raise ValueError(f"min_shared must be an integer of at least 1, got {self.min_shared!r}")
        return self


def mapped(points: Tensor, lens: Lens, rule: Rule, metric: str | None, clusters: str | Clusterer, rest: Rest) -> Mapped:
    """The graph with its cover, its coordinates and the node of each membership; `mapper` says what is what."""
    cloud, clusterer = _checked(points, metric, lens), _clusterer(clusters)
    noise, min_shared, cap = rest.checked()
    values = _finite_lens(lens_values(cloud, lens))
    coordinates = cloud if metric == PRECOMPUTED else variance_normalised(cloud, metric)
    boxed = coordinates if rule.of_points else values
    boxes = capped(_fitting(rule.make(boxed), len(cloud)), boxed, cap)
    labels = settled(coordinates, boxes, _labels(coordinates, boxes, clusterer, metric), noise, metric)
    membership, cell, nodes = _nodes(boxes, labels, len(cloud))
    settings = {"lens": lens_name(lens), **rule.said, "metric": metric, "clusters": part_name(clusters)}
    settings |= rest._asdict() | {
        "interval_lengths": list(boxes.lengths),
        "boxes_per_point": len(boxes.members) / max(len(cloud), 1),
    }
    triangles = faces(membership, 3, min_shared)  # before the edges: too many are refused before more is listed
    edges = faces(membership, 2, min_shared)
    fate = _fate(boxes, labels, membership)
    graph = MapperGraph(membership, edges, triangles, values.numpy(), cell, settings, fate)
    settings["remarks"] = _remarks(graph, values, boxes, cap)
    for remark in settings["remarks"]:
        log.warning(remark)
    return Mapped(graph, boxes, coordinates, nodes)


def _checked(points: Tensor, metric: str | None, lens: Lens) -> Tensor:
    check_finite_points(check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if metric not in (*METRICS, PRECOMPUTED):
        raise ValueError(f'metric must be "std", "variance", "cosine", "precomputed" or None, got {metric!r}')
    cloud = points.detach().cpu()
    if metric == PRECOMPUTED:
        if points.shape[0] != points.shape[1]:
            raise ValueError(f"precomputed distances must have shape (n, n), got {tuple(points.shape)}")
        if lens is None:
            raise ValueError("lens must be given with precomputed distances: they have no principal components")
        _, negative, skew = matrix_faults(cloud[None])
        if negative or skew:
            raise ValueError(f"precomputed distances must be {'at least 0' if negative else 'symmetric'}")
    return cloud


def _finite_lens(values: Tensor) -> Tensor:
    missing = torch.isnan(values).any(1)
    if missing.any():
        raise ValueError(
            f"lens contains NaN for {int(missing.sum())} of {len(values)} points, first for point "
            f"{int(missing.nonzero()[0])}; remove or replace those entries first"
        )
    return values


def _fitting(boxes: Cover, n: int) -> Cover:
    if not isinstance(boxes, Cover):
        raise TypeError(f"cover must make a Cover, got {type(boxes).__name__}")
    if len(boxes.members) and int(boxes.members.max()) >= n:
        raise ValueError(f"cover must hold rows of the {n} points, got row {int(boxes.members.max())}")
    return boxes


def _clusterer(clusters: str | Clusterer) -> Clusterer:
    if isinstance(clusters, str):
        if clusters not in CLUSTERERS:
            raise ValueError(f"clusters must be one of {', '.join(CLUSTERERS)} or a function, got {clusters!r}")
        return CLUSTERERS[clusters]
    if hasattr(clusters, "fit_predict"):
        return partial(each_box, estimator=clusters)
    if not callable(clusters):
        raise TypeError(f"clusters must be a name or a function, got {type(clusters).__name__}")
    return clusters


def _labels(cloud: Tensor, boxes: Cover, clusterer: Clusterer, metric: str | None) -> np.ndarray:
    """Cluster of each membership within its box, checked."""
    also = {"metric": PRECOMPUTED} if metric == PRECOMPUTED else {}
    labels = clusterer(cloud, boxes.members, boxes.offsets, **also)
    if labels.shape != boxes.members.shape or labels.is_floating_point():
        raise ValueError(
            f"clusters must return one integer per membership, shape {tuple(boxes.members.shape)}, "
            f"got {labels.dtype} of shape {tuple(labels.shape)}"
        )
    if (labels < FAILED).any():
        raise ValueError(
            "clusters must return labels of at least 0, or -1 for noise (-2 in boxes too small, -3 in boxes that "
            f"failed), got {int(labels.min())}"
        )
    return labels.cpu().numpy()


def _nodes(boxes: Cover, labels: np.ndarray, n: int) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Membership of points in nodes, the box of each node, and the node of each membership."""
    offsets = boxes.offsets.numpy()
    whole = np.int32 if max(len(labels), n) < 2**31 else np.int64  # half the memory, where most of it goes
    nodes, leads = _numbered(labels, offsets, whole)
    kept = nodes >= 0
    chosen = boxes.members.numpy().astype(whole)[kept], nodes[kept]
    membership = sparse.coo_array((np.ones(len(chosen[0]), bool), chosen), shape=(n, len(leads))).tocsr()
    membership.sort_indices()
    return membership, boxes.cells.numpy()[np.searchsorted(offsets, leads, side="right") - 1], nodes


def _numbered(labels: np.ndarray, offsets: np.ndarray, whole: type[np.signedinteger]) -> tuple[np.ndarray, np.ndarray]:
    """Node of each membership, numbered by box, then first point, and where each has its first membership.

    A label below the size of its box, as ours are, names a place of its own without sorting.
    """
    kept, sizes = np.flatnonzero(labels >= 0).astype(whole), np.diff(offsets)
    label = labels if _is_small(labels, offsets) else _renumbered(labels, np.repeat(np.arange(len(sizes)), sizes))
    key = np.repeat(offsets[:-1].astype(whole), sizes)
    key += label
    key = key[kept]
    first = np.full(len(labels), -1, whole)
    first[key[::-1]] = kept[::-1]  # of equal keys the last that is written stays: the first place
    lead = first[key]
    leads = kept[lead == kept]
    first[leads] = np.arange(len(leads))
    nodes = np.full(len(labels), -1, whole)
    nodes[kept] = first[lead]
    return nodes, leads


def _is_small(labels: np.ndarray, offsets: np.ndarray) -> bool:
    """Whether each label is below the size of its box."""
    return not len(labels) or bool((np.maximum.reduceat(labels, offsets[:-1]) < np.diff(offsets)).all())


def _renumbered(labels: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Labels from 0 on within each box, in order; below 0 they stay."""
    pairs = np.stack([box, labels], 1)[labels >= 0]
    different, inverse = np.unique(pairs, axis=0, return_inverse=True)
    starts = np.searchsorted(different[:, 0], different[:, 0])
    small = labels.copy()
    small[labels >= 0] = (np.arange(len(different)) - starts)[inverse.ravel()]
    return small


def _fate(boxes: Cover, labels: np.ndarray, membership: sparse.csr_array) -> np.ndarray | None:
    """The best label of each point, at most 0; None if that is 0 for all."""
    if (np.diff(membership.indptr) > 0).all():
        return None
    fate = np.full(membership.shape[0], OUTSIDE, np.int8)
    np.maximum.at(fate, boxes.members.numpy(), np.minimum(labels, 0).astype(np.int8))
    return fate


def _remarks(graph: MapperGraph, values: Tensor, boxes: Cover, cap: int | None) -> list[str]:
    """What a user should know before reading the graph, a sentence each."""
    n, found = len(values), []
    if n == 1:
        found.append("the cloud has one point, which is the only node; Mapper needs many")
    for column in range(values.shape[1]) if n > 1 else ():
        if values[:, column].min() == values[:, column].max():
            found.append(
                f"lens {column + 1} has the same value for all {n:,} points, so that it cuts nothing; choose another"
            )
    left = graph.left_out
    if n and not left.in_nodes:
        found.append(left.sentence)
    return found if cap is None else found + _remarks_on_parts(graph, boxes, cap)


def _remarks_on_parts(graph: MapperGraph, boxes: Cover, cap: int) -> list[str]:
    """What splitting crowded boxes did not do, and what it did too well."""
    found = []
    crowded = int((boxes.offsets.diff() > cap).sum())
    if crowded:
        found.append(f"{crowded:,} boxes hold more than {cap:,} points with equal lens values and were not split")
    cells, parts = np.unique(boxes.cells.numpy(), return_counts=True)
    split, pieces = cells[parts > 1], int(parts[parts > 1].sum())
    nodes = int(np.isin(graph.cell, split).sum())
    if nodes > MOST_PER_PART * pieces:
        found.append(
            f"{len(split):,} boxes of more than {cap:,} points were split into {pieces:,} parts, which fell into "
            f"{nodes:,} nodes: so few points do not hang together; raise cap, or join points at a larger scale"
        )
    return found
