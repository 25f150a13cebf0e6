"""Vietoris-Rips filtrations of point clouds and distance matrices."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_positive, check_tensor, is_traced
from topolens.engines import Complex, Pairs, concatenate
from topolens.engines.boruvka import spanning_tree
from topolens.engines.compiled import (
    components,
    components_of_trees,
    edge_lengths,
    matrix_faults,
    rips_cost,
    rips_critical,
    rips_pairs,
    rips_pairs_sparse,
    rips_values,
)
from topolens.engines.edges import edge_ends
from topolens.filtrations.base import Filtration
from topolens.filtrations.flag_complex import flag_complex
from topolens.filtrations.near_pairs import near_pairs
from topolens.filtrations.smoothing import interpolated
from topolens.filtrations.sparse_rips import SparseRips, check_sparse_distances


class Cost(NamedTuple):
    """What a computation will take on one thread of a common machine."""

    seconds: float
    bytes: float


class Rips(Filtration):
    """Flag complexes on n vertices: cells are the vertices, then edge (i > j) at n + i (i - 1) / 2 + j."""

    def __init__(self, points: Tensor | None, distances: Tensor | None, max_scale: float) -> None:
        given = points if points is not None else distances
        assert given is not None
        self.batch_size, self.n = given.shape[:2]
        self.max_scale = max_scale
        self.source, self._is_cloud = given, points is not None
        self.modes = ("sparse", "basin", "smooth") if self._is_cloud else ("sparse", "basin")

    @property
    def device(self) -> torch.device:
        """See `Filtration.device`."""
        return self.source.device

    @cached_property
    def values(self) -> Tensor:  # type: ignore[override]
        """Made when first asked for: components are found without them."""
        given = self.source.detach()
        if given.device.type == "cpu":
            return rips_values(given, self._is_cloud)
        square = _distances(given) if self._is_cloud else given
        rows, columns = torch.tril_indices(self.n, self.n, -1, device=given.device)
        return torch.cat([square.new_zeros(self.batch_size, self.n), square[:, rows, columns]], 1)

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        if (sparse := self._sparse_pairs(max_dim, field)) is not None:
            return sparse
        if max_dim > 0:
            return rips_pairs(self.values, self.n, max_dim, field, self.max_scale)
        given = self.source.detach()
        if given.device.type == "cpu":
            return components(given, self._is_cloud, self.max_scale)
        return components_of_trees(*spanning_tree(_distances(given) if self._is_cloud else given), self.max_scale)

    def _sparse_pairs(self, max_dim: int, field: int) -> Pairs | None:
        """The same from the edges up to `max_scale` alone; None unless they are few in every item."""
        parts = []
        for cloud in self.source.detach() if self._is_cloud else ():
            near = near_pairs(cloud, self.max_scale)
            if near is None:
                return None
            (i, j), lengths = near[0].T, near[1]
            found = rips_pairs_sparse(lengths.new_zeros(self.n), near[0], lengths, max_dim, field)
            names = np.concatenate([np.arange(self.n), (self.n + i * (i - 1) // 2 + j).numpy(), [-1]])
            parts.append(found._replace(cells=names[found.cells]))
        return concatenate(parts) if parts else None

    def cost(self, max_dim: int = 1) -> Cost:
        """What `persistence` will take, estimated from the lunes of a few edges; within a factor of 3 as a rule."""
        seconds, size = self._costs(max_dim, np.array([self.max_scale]))
        return Cost(float(seconds[0]), float(size[0]))

    def within(self, budget: float, max_dim: int) -> Rips:
        """See `Filtration.within`; of 32 scales with equal shares of the edges, the largest that fits."""
        edges = self.values[:, self.n :].flatten().double()
        edges = edges[edges <= min(self.max_scale, torch.finfo(torch.float64).max)].sort().values
        if max_dim == 0 or not len(edges):
            return self
        scales = edges[torch.linspace(0, len(edges) - 1, 33).long()[1:]].cpu().numpy()
        seconds, _ = self._costs(max_dim, scales)
        if seconds[-1] <= budget:
            return self
        cut = copy.copy(self)
        cut.max_scale = float(scales[max(int(np.searchsorted(seconds, budget, side="right")) - 1, 0)])
        return cut

    def _costs(self, max_dim: int, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Seconds of the batch on one thread and bytes of its largest item, for each of the rising scales."""
        costs = [rips_cost(item, self.n, max_dim, scales) for item in self.values]
        nothing = [np.zeros((2, len(scales)))]
        return np.sum([nothing[0][0], *(c[0] for c in costs)], 0), np.max([nothing[0][1], *(c[1] for c in costs)], 0)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`; only the asked edges are computed, so no n x n gradient is kept."""
        is_edge = cells >= self.n
        i, j = edge_ends((cells - self.n).clamp(min=0))
        i = i.clamp(max=self.n - 1)  # a vertex looks up some edge too, which is then left out
        if not self._is_cloud:
            return torch.where(is_edge, self.source[batch, i, j], 0)
        gaps = torch.where(is_edge[..., None], self.source[batch, i] - self.source[batch, j], 1)
        lengths = torch.linalg.vector_norm(gaps, dim=-1)
        # Norms round otherwise than the engine; its last digit is kept, so that bars are what it saw.
        return torch.where(is_edge, lengths + (self._lengths(batch, i, j) - lengths.detach()), 0)

    def _lengths(self, item: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Lengths of edges of a cloud as the engine has them."""
        if self.device.type == "cpu":
            return edge_lengths(self.source.detach(), item, i, j)
        return _distances(self.source.detach())[item, i, j]

    def recipe(self) -> str | None:
        """See `Filtration.recipe`."""
        return f"rips {'points' if self._is_cloud else 'distances'} {self.max_scale}"

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Filtration.critical`; vertices do not move, so neither do births."""
        return rips_critical(self.values, self.n, batch, births, targets)

    def smoothed(self, gradient: Tensor, bandwidth: float | None) -> Tensor:
        """See `Filtration.smoothed`."""
        return interpolated(gradient, self.source, bandwidth)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        return flag_complex(values, self.n, max_dim, self.max_scale)


def _distances(points: Tensor) -> Tensor:
    """Euclidean distances on the device of the points."""
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


def _check_distances(distances: Tensor) -> None:
    """Raises if square matrices hold NaN or a negative entry, or differ from their mirror images."""
    if is_traced():
        return
    if distances.device.type == "cpu":
        nan, negative, asymmetric = matrix_faults(distances)
    else:
        x = distances.detach()
        nan, negative, asymmetric = bool(x.isnan().any()), bool((x < 0).any()), not torch.equal(x, x.mT)
    if nan:
        raise ValueError("distances contains NaN; remove or replace those entries first")
    if negative:
        raise ValueError("distances must not be negative; shift or square them first")
    if asymmetric:
        raise ValueError("distances must be symmetric; pass (D + D.mT) / 2 if it differs by rounding only")


def rips(
    points: Tensor | None = None, *, distances: Tensor | None = None, max_scale: float | None = None
) -> Rips | SparseRips:
    """Vietoris-Rips filtrations of a batch of point clouds or distance matrices.

    A simplex enters at its longest edge, in the unit of the distance (its diameter, not its radius).

    Args:
        points: Clouds, shape (batch, n, d), Euclidean.
        distances: Instead of points: symmetric dissimilarities, shape (batch, n, n); they need not obey the
            triangle inequality. The diagonal is not read, nor the upper triangle once checked. Of a sparse COO
            tensor only the entries it holds are edges, a 0 held is a distance of 0, and both (i, j) and (j, i)
            are to be held.
        max_scale: Edges above it are left out, and bars alive there are marked by `Diagrams.censored`. Where few edges
            of a large cloud remain, only these are ever made. None: no limit.

    Returns:
        A filtration of n + n (n - 1) / 2 cells per item, vertices at 0, then edge (i > j) at n + i (i - 1) / 2 + j.
        n may be 0 or 1.

    Raises:
        TypeError: If the input is no floating-point tensor, or both or none of the two are given.
        ValueError: If the shape is wrong, an entry is NaN, distances are negative or not symmetric, or
            `max_scale` is not above 0.

    Gradients: flow to the coordinates (or to the distances' lower triangle) of the critical edges.
    Cost: n^2 / 2 values per item from max_dim 1 on; time and memory depend on the cloud and grow fast with max_dim:
        `rips(...).cost(max_dim)` estimates them, `persistence(..., budget=)` keeps to them.
    Source: "Topological persistence and simplification", 2002; "Ripser", 2021, for the definition of the order.

    Example:
        >>> import topolens as tl
        >>> pair = tl.rips(torch.tensor([[[0.0], [3.0]]]))
        >>> tl.persistence(pair, max_dim=0).finite().intervals
        tensor([[0., 3.]])
    """
    if (points is None) == (distances is None):
        raise TypeError("rips takes either points or distances=, got both or neither")
    scale = float("inf") if max_scale is None else check_positive("max_scale", float(max_scale))
    if points is not None:
        check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]")
        check_finite_points(points)
    else:
        assert distances is not None
        check_tensor("distances", distances, ("batch", "n", "n"), "for one matrix pass distances[None]")
        if distances.shape[1] != distances.shape[2]:
            raise ValueError(f"distances must be square, got {tuple(distances.shape)}")
        if distances.is_sparse:
            check_sparse_distances(distances)
            return SparseRips(distances, scale)
        _check_distances(distances)
    return Rips(points, distances, scale)
