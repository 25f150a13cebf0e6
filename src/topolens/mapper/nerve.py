"""Nerves: which clusters share points, two and three at a time, and how many loops they enclose."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from topolens.engines.compiled import partners

if TYPE_CHECKING:
    from topolens.mapper.graph import MapperGraph

MOST_FACES = 50_000_000


def faces(membership: sparse.csr_array, size: int, min_shared: int = 1) -> np.ndarray:
    """Sets of `size` nodes that share at least `min_shared` points, shape (faces, size), rows rising and sorted.

    Args:
        membership: Points by nodes, sparse, canonical (sorted indices, no duplicates).
        size: Nodes in a face: 2 for edges, 3 for triangles.
        min_shared: Points they must have in common.

    Raises:
        ValueError: If more than 50 million faces would have to be listed.

    Cost: O(f log f) for the f faces of all *different* node sets of points; points with the same node set, most of
        them in a dense cloud, are counted together.
    """
    nodes = membership.shape[1]
    if nodes**size >= 2**63:
        raise ValueError(f"faces of {size} out of {nodes} nodes cannot be numbered in 64 bits; lower resolution")
    blocks = [_distinct(rows) for rows in _by_length(membership, size)]
    listed = sum(len(rows) * _choose(rows.shape[1], size) for rows, _ in blocks)
    if listed > MOST_FACES:
        raise ValueError(f"the nerve would list {listed} faces of {size} nodes, more than {MOST_FACES}; lower gain")
    key = np.zeros(listed, np.int32 if nodes**size < 2**31 else np.int64)
    counts, end = [np.zeros(0, np.int64)], 0
    for sets, repeats in blocks:
        rows = sets.astype(key.dtype)
        picks = np.array(list(combinations(range(rows.shape[1]), size)))
        own = key[end : end + len(rows) * len(picks)].reshape(len(rows), len(picks))
        for place in range(size):
            own *= nodes
            own += rows[:, picks[:, place]]
        end += own.size
        if min_shared > 1:
            counts.append(np.repeat(repeats, len(picks)))
    if min_shared > 1:
        key, count = _tally(key, np.concatenate(counts))
        return _decode(key[count >= min_shared], nodes, size)
    key.sort()
    if len(key):
        key = key[np.append(True, key[1:] != key[:-1])]  # frees the repetitions before more is made
    return _decode(key, nodes, size)


def betti_numbers(graph: MapperGraph, min_size: int = 1) -> tuple[int, int]:
    """Number of components and of independent loops of the nerve, triangles filled, over Z/2.

    Args:
        graph: A Mapper graph with its triangles.
        min_size: Nodes of fewer points are dropped first, with their edges and triangles: a handful of stray points
            makes loops that are not the cloud's.

    Returns:
        (b0, b1). Both 0 if no node is left.

    Cost: b0 near linear; b1 reduces one boundary matrix of a column per triangle.
    Source: "Topology and data", 2009, for the nerve; b1 = edges - nodes + b0 - rank of the triangles' boundary.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> line = torch.linspace(0, 1, 50)[:, None]
        >>> betti_numbers(mapper(line, resolution=5, gain=1.5))
        (1, 0)
    """
    kept = graph.without_small(min_size)
    nodes, edges = len(kept), kept.edges
    links = sparse.csr_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    b0 = int(connected_components(links, directed=False)[0]) if nodes else 0
    return b0, len(edges) - nodes + b0 - _filled(edges, kept.triangles, nodes)


def _filled(edges: np.ndarray, triangles: np.ndarray, nodes: int) -> int:
    """Rank over Z/2 of the boundary matrix from triangles to edges."""
    sides = np.stack([triangles[:, [0, 1]], triangles[:, [0, 2]], triangles[:, [1, 2]]], axis=1)
    rows = np.searchsorted(_encode(edges, nodes), _encode(sides, nodes))
    offsets = np.append(np.zeros(len(edges), np.int64), 3 * np.arange(len(triangles) + 1))
    dims = np.append(np.ones(len(edges), np.int64), np.full(len(triangles), 2))
    partner = partners(offsets, rows.ravel(), np.ones(rows.size, np.int64), dims, 2)
    return int((partner[len(edges) :] >= 0).sum())


def _by_length(membership: sparse.csr_array, size: int) -> list[np.ndarray]:
    """Node sets of the points with at least `size` nodes, one array (points, length) per length."""
    lengths = np.diff(membership.indptr)
    indices = membership.indices.astype(np.int64)
    starts = membership.indptr[:-1].astype(np.int64)
    return [
        indices[starts[lengths == length, None] + np.arange(length)]
        for length in np.unique(lengths[lengths >= size]).tolist()
    ]


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with repetitions merged, and how often each stood there.

    Equal rows are brought together by a hash; a collision can at worst leave a repetition unmerged, which `_tally`
    adds up again.
    """
    mixed = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    ordered = rows[np.argsort((mixed ^ (mixed >> np.uint64(32))).sum(1), kind="stable")]
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    starts = np.flatnonzero(is_new)
    return ordered[starts], np.diff(np.append(starts, len(ordered)))


def _choose(n: int, k: int) -> int:
    return n * (n - 1) // 2 if k == 2 else n * (n - 1) * (n - 2) // 6


def _encode(chosen: np.ndarray, nodes: int) -> np.ndarray:
    key = chosen[..., 0]
    for position in range(1, chosen.shape[-1]):
        key = key * nodes + chosen[..., position]
    return key


def _decode(key: np.ndarray, nodes: int, size: int) -> np.ndarray:
    found = np.empty((len(key), size), np.int64)
    for place in reversed(range(size)):
        np.remainder(key, max(nodes, 1), out=found[:, place])
        key = key // max(nodes, 1)
    return found


def _tally(key: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each key once, rising, with the sum of its counts."""
    if not len(key):
        return key, count
    order = np.argsort(key)
    key, count = key[order], count[order]
    starts = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return key[starts], np.add.reduceat(count, starts)
