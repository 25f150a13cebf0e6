"""Betti numbers of a cloud at each number of hops through its graph of neighbours: a scale that layers share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path
from torch import Tensor

from topolens._checks import check_dim
from topolens.filtrations import rips
from topolens.measures.dimension import distances_of, distinct
from topolens.persistence import persistence
from topolens.vectorizations import betti_curve


class HopBetti(NamedTuple):
    """Betti numbers along the hop filtration.

    Args:
        hops: 0, 1, 2 and so on, to the longest of the shortest paths.
        curves: Betti numbers of the complex of points at most so many hops apart, shape (hops, max_dim + 1).
        parts: Components of the graph of neighbours.
        n: Points that differ; of duplicates one is kept.
    """

    hops: Tensor
    curves: Tensor
    parts: int
    n: int


def hop_betti_curves(points: Tensor, k: int = 8, max_dim: int = 1) -> HopBetti:
    """Betti numbers of a cloud over the whole filtration by hops in its k-nearest-neighbour graph.

    Two points are neighbours if one is among the k nearest of the other, with all that are equally far. Their distance
    is the number of edges on the shortest path; Rips complexes are built on it.

    Args:
        points: One cloud, shape (n, d), Euclidean.
        k: Neighbours of each point, from 1 to n - 1 of the points that differ.
        max_dim: Largest homology dimension.

    Returns:
        Unchanged by scaling and turning the cloud and by the order of points and coordinates, up to rounding where
        neighbours are equally far.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN or infinite, `max_dim` is negative, or k is out of range.

    Cost: all distances, shortest paths O(n^2 k), then Rips persistence of n points up to max_dim.
    Source: "Topology of deep neural networks", 2020, section 5; there the scale is fixed at 2.5 hops.
    """
    hops = hop_distances(distances_of(points), k)
    return curves_of(hops, check_dim(max_dim))


def hop_distances(distances: Tensor, k: int) -> Tensor:
    """Hops between points that differ, infinite between components, shape (m, m), float64."""
    rows = distinct(distances)
    distances, n = distances[rows][:, rows], len(rows)
    if not 1 <= k < n:
        raise ValueError(f"k must lie in [1, {n - 1}] for {n} points that differ, got {k}")
    apart = distances.clone().fill_diagonal_(torch.inf)
    near = apart <= apart.kthvalue(k, dim=1, keepdim=True).values
    graph = csr_array((near | near.T).numpy().astype(np.float64))
    return torch.from_numpy(shortest_path(graph, unweighted=True, directed=False))


def curves_of(hops: Tensor, max_dim: int) -> HopBetti:
    """`hop_betti_curves` of points given by their hops."""
    finite = hops.isfinite()
    longest = int(hops[finite].max())
    grid = torch.arange(longest + 1, dtype=torch.float64)
    # Beyond the longest path nothing changes: components of the graph never merge.
    far = torch.where(finite, hops, float(longest + 1))
    bars = persistence(rips(distances=far[None]), max_dim=max_dim)
    curves = torch.stack([betti_curve(bars.of_dim(q), grid)[0] for q in range(max_dim + 1)], 1)
    parts = len(torch.unique(finite.double(), dim=0))
    return HopBetti(grid.long(), curves.round().long(), parts, len(hops))
