"""Covers round centres: balls of one radius, and the widened cells of k-means."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_positive, check_tensor
from topolens.engines.compiled import maxmin
from topolens.mapper.cover import Cover, by_box
from topolens.mapper.metric import distance_rows

BALLS = 100  # balls that the radius is chosen for where none is given


def ball_cover(points: Tensor, scale: float | None = None, start: int = 0) -> Cover:
    """Points in each ball of one radius about points that are spread out: the cover of Ball Mapper.

    Centres are taken farthest first, from `start` on, until every point lies within `scale` of one.

    Args:
        points: Cloud, shape (n, d), Euclidean. In `mapper` these are the points, not the lens.
        scale: Radius of the balls, above 0. None: that at which 100 of them cover the cloud.
        start: Row of the first centre.

    Returns:
        Balls in the order of their centres; every point lies in at least one. `lengths` holds the diameter.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or a setting lies outside its range.

    Cost: O(n d balls).
    Source: "Ball Mapper: a shape summary for topological data analysis", 2019; farthest points first, where the paper
        takes them in the order of the rows.

    Example:
        >>> boxes = ball_cover(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), scale=1.5)   # about rows 0 and 3
        >>> boxes.members, boxes.offsets
        (tensor([0, 1, 2, 3]), tensor([0, 2, 4]))
    """
    cloud = _cloud(points)
    if scale is not None:
        check_positive("scale", scale)
    if not len(cloud):
        return _centred("balls", cloud, scale or 1.0, cloud)
    if not 0 <= start < len(cloud):
        raise ValueError(f"start must be a row of the {len(cloud)} points, got {start}")
    centres = cloud[[start]]
    if scale is None:
        centres = cloud[maxmin(cloud, min(BALLS, len(cloud)), start)]
        scale = float(_nearest(cloud, centres).max())
        # A cloud that its centres are all of: any radius below their distances will do.
        return _centred("balls", centres, scale or float(torch.finfo(cloud.dtype).tiny), cloud)
    count = 16
    while float(_nearest(cloud, centres).max()) > scale:
        chosen = cloud[maxmin(cloud, min(count, len(cloud)), start)]
        reach = _radii(chosen)
        centres = chosen[: int((reach > scale).sum())] if (reach <= scale).any() else chosen
        count *= 2
    return _centred("balls", centres, scale, cloud)


def _radii(chosen: Tensor) -> Tensor:
    """Distance of each farthest-first centre to those before it, infinite for the first."""
    distances = torch.cat([chosen.new_zeros(0, len(chosen)), *distance_rows(chosen, chosen)])
    before = torch.ones_like(distances, dtype=torch.bool).tril(-1)
    return distances.masked_fill(~before, torch.inf).amin(1)


def _nearest(cloud: Tensor, centres: Tensor) -> Tensor:
    return torch.cat([far.amin(1) for far in distance_rows(cloud, centres)])


def kmeans_cover(lens: Tensor, centres: int = 30, widening: float = 0.5, seed: int = 0) -> Cover:
    """Points in each cell of k-means, widened: all points that are not much farther from its centre than from theirs.

    Args:
        lens: Lens values, shape (n, lenses).
        centres: Number of centres, at least 1; no more are used than there are different points.
        widening: A point joins every centre within (1 + widening) times the distance to its nearest, at least 0.
        seed: Where k-means starts from.

    Returns:
        Cells in the order of their centres; every point lies in at least one. `lengths` is empty.

    Raises:
        TypeError: If `lens` is no floating-point tensor.
        ValueError: If its shape is not (n, lenses), it contains NaN, or a setting lies outside its range.

    Cost: that of k-means, O(n lenses centres) a round.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    values = _cloud(lens)
    if not isinstance(centres, int) or centres < 1:
        raise ValueError(f"centres must be an integer of at least 1, got {centres!r}")
    if not 0 <= widening < float("inf"):
        raise ValueError(f"widening must be at least 0, got {widening}")
    if not len(values):
        return _centred("cells", values, widening, values)
    means = KMeans(min(centres, len(values)), n_init=1, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different points than centres
        found = means.fit(values.numpy().astype(np.float64)).cluster_centers_
    return _centred("cells", torch.from_numpy(np.unique(found, axis=0)).to(values.dtype), widening, values)


def _cloud(points: Tensor) -> Tensor:
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for one column pass [:, None]"))
    return points.detach().cpu()


def _centred(kind: str, centres: Tensor, reach: float, cloud: Tensor) -> Cover:
    """The sets round centres: within `reach` of them, or within 1 + reach times the distance to the nearest."""
    each, numbers = [torch.zeros(0, dtype=torch.int64)], [torch.zeros(0, dtype=torch.int64)]
    for far in distance_rows(cloud, centres) if len(centres) else ():
        inside = far <= (reach if kind == "balls" else (1 + reach) * far.amin(1, keepdim=True))
        each.append(inside.sum(1))
        numbers.append(inside.nonzero()[:, 1])
    members, offsets, cells = by_box(torch.cat(each).numpy(), torch.cat(numbers).numpy(), len(centres))
    lengths = (2 * reach,) if kind == "balls" else ()
    return Cover(members, offsets, cells, lengths, partial(_placed, kind, centres, reach))


def _placed(kind: str, centres: Tensor, reach: float, points: Tensor) -> Cover:
    return _centred(kind, centres, reach, _cloud(points).to(centres.dtype))
