"""Two Mapper graphs on the same rows: which nodes correspond, and how far the graphs agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from topolens._optional import pot
from topolens.mapper.graph import MapperGraph

LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two Mapper graphs on the same rows say the same. Each measure is its value with a 95 % interval.

    Args:
        pairs: Nodes of the first and of the second graph that share points, shape (pairs, 2), int64, sorted.
        shared: Points each pair shares, shape (pairs,), int64.
        jaccard: Shared points over all points of the two, shape (pairs,).
        nodes: Mean best Jaccard of a node in the other graph, weighted by size, both ways: 1 for the same nodes.
        adjusted_rand: Adjusted Rand index of the components of the points: 1 for the same, about 0 by chance.
        variation_of_information: What the components of one graph leave unsaid of the other's, in bits: 0 for the
            same.
    """

    pairs: np.ndarray
    shared: np.ndarray
    jaccard: np.ndarray
    nodes: tuple[float, float, float]
    adjusted_rand: tuple[float, float, float]
    variation_of_information: tuple[float, float, float]

    def to_json(self) -> dict[str, Any]:
        """Plain lists: `pairs` with `a`, `b`, `shared`, `jaccard`, and each measure as value, low, high."""
        a, b = self.pairs.T.tolist()
        return {
            "pairs": {"a": a, "b": b, "shared": self.shared.tolist(), "jaccard": self.jaccard.tolist()},
            "nodes": list(self.nodes),
            "adjusted_rand": list(self.adjusted_rand),
            "variation_of_information": list(self.variation_of_information),
        }


def agreement(a: MapperGraph, b: MapperGraph, resamples: int = 200, seed: int = 0) -> Agreement:
    """How far two Mapper graphs on the same rows agree: matched nodes, and the components of their points.

    Intervals come from drawing the points anew with replacement, the graphs held fixed: they say how well this many
    points determine the measure, not how another sample's graphs would differ; for that see `stability`.

    Args:
        a: One graph.
        b: Another graph on the same rows, in the same order.
        resamples: Draws for the intervals; with 0 they are NaN.
        seed: Seed of the draws.

    Returns:
        Matched nodes and three measures. Points in no node of one graph form a component of their own each in the
        measures of components.

    Raises:
        ValueError: If the graphs have different numbers of rows.

    Cost: O(memberships * nodes of the other graph at a point) for the pairs; each draw costs O(points + pairs).
    Source: "Comparing partitions", 1985; "Comparing clusterings: an information based distance", 2007; "Cluster-wise
        assessment of cluster stability", 2007, for the mean best Jaccard.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> line = torch.linspace(0, 1, 50)[:, None]
        >>> same = agreement(mapper(line, resolution=5), mapper(line, resolution=5))
        >>> same.nodes, same.adjusted_rand[0], same.variation_of_information[0]
        ((1.0, 1.0, 1.0), 1.0, 0.0)
    """
    n = _same_rows(a, b)
    pairs, shared = matched_nodes(a, b)
    union = a.sizes[pairs[:, 0]] + b.sizes[pairs[:, 1]] - shared
    parts = _components_of_rows(a), _components_of_rows(b)
    rng = np.random.default_rng(seed)
    draws = [np.ones(n, np.int64)] + [
        rng.multinomial(n, np.full(n, 1 / max(n, 1))) for _ in range(resamples if n else 0)
    ]
    rows = np.array([(_mean_best(a, b, pairs, draw), *_partitions(*parts, draw)) for draw in draws])
    nodes, rand, information = (_with_interval(column) for column in rows.T)
    return Agreement(pairs, shared, shared / union, nodes, rand, information)


def matched_nodes(a: MapperGraph, b: MapperGraph) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of nodes of two graphs that share points, shape (pairs, 2), and how many, shape (pairs,); both int64.

    Args:
        a: One graph.
        b: Another graph on the same rows.

    Raises:
        ValueError: If the graphs have different numbers of rows.
    """
    _same_rows(a, b)
    table = (a.membership.T.astype(np.int64) @ b.membership.astype(np.int64)).tocoo()
    order = np.lexsort([table.col, table.row])
    pairs = np.column_stack([table.row, table.col])[order].astype(np.int64)
    return pairs, table.data[order].astype(np.int64)


def fused_gromov_wasserstein(a: MapperGraph, b: MapperGraph, alpha: float = 0.5) -> float:
    """Fused Gromov-Wasserstein distance of two Mapper graphs on the same rows, in [0, 1].

    Nodes weigh as many points as they hold. What it costs to carry a node to another is the Jaccard distance of their
    points, weighted 1 - alpha, and the square of how much this changes the lengths of shortest paths, weighted alpha.

    Args:
        a: One graph.
        b: Another graph on the same rows.
        alpha: Weight of the shape against the points, in [0, 1]. With 1 the rows play no part.

    Returns:
        The distance, 0 for equal graphs. An edge is as long as its ends' Jaccard distance; paths are measured by the
        longest one in either graph, nodes in different components lie that far apart. A local optimum, as the problem
        is not convex.

    Raises:
        ImportError: POT is not installed.
        ValueError: If the graphs have different numbers of rows or one has no node, or `alpha` lies outside [0, 1].

    Cost: O(a b (a + b)) per iteration for a and b nodes; for some hundreds of nodes.
    Source: "Optimal transport for structured data with application on graphs", 2019.
    """
    ot = pot()
    _same_rows(a, b)
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must lie in [0, 1], got {alpha}")
    if not len(a) or not len(b):
        raise ValueError("a graph without nodes has no distance to another; make the cover coarser")
    table = np.asarray((a.membership.T.astype(np.float64) @ b.membership.astype(np.float64)).todense())
    apart = 1 - table / (a.sizes[:, None] + b.sizes[None, :] - table)
    paths = [_path_lengths(graph) for graph in (a, b)]
    longest = max(float(p[np.isfinite(p)].max()) for p in paths) or 1.0
    first, second = (np.where(np.isfinite(p), p / longest, 1.0) for p in paths)
    weights = [graph.sizes / graph.sizes.sum() for graph in (a, b)]
    found = ot.gromov.fused_gromov_wasserstein2(apart, first, second, *weights, loss_fun="square_loss", alpha=alpha)
    return float(np.clip(found, 0, 1))


def _same_rows(a: MapperGraph, b: MapperGraph) -> int:
    n, m = a.membership.shape[0], b.membership.shape[0]
    if n != m:
        raise ValueError(f"graphs can be compared on the same rows only, got {n} and {m} rows")
    return n


def _components_of_rows(graph: MapperGraph) -> np.ndarray:
    """Component of each row, shape (n,); rows in no node get one of their own."""
    n, nodes = graph.membership.shape
    links = sparse.csr_array((np.ones(len(graph.edges)), tuple(graph.edges.T)), shape=(nodes, nodes))
    count, component = connected_components(links, directed=False) if nodes else (0, np.zeros(0, np.int64))
    own = count + np.arange(n)
    covered = np.diff(graph.membership.indptr) > 0
    own[covered] = component[graph.membership.indices[graph.membership.indptr[:-1][covered]]]
    return np.unique(own, return_inverse=True)[1]


def _mean_best(a: MapperGraph, b: MapperGraph, pairs: np.ndarray, draw: np.ndarray) -> float:
    """Mean over the nodes of both graphs of the best Jaccard with one of the other, weighted by size, of drawn rows."""
    if not len(pairs):
        return 0.0 if len(a) or len(b) else 1.0
    x, y = (graph.membership.astype(np.float64) for graph in (a, b))
    drawn = sparse.dia_array((draw[None].astype(np.float64), [0]), shape=(len(draw), len(draw)))
    shared = np.asarray((x.T @ (drawn @ y).tocsr())[pairs[:, 0], pairs[:, 1]]).ravel()
    sizes = x.T @ draw, y.T @ draw
    union = sizes[0][pairs[:, 0]] + sizes[1][pairs[:, 1]] - shared
    jaccard = np.divide(shared, union, out=np.zeros(len(pairs)), where=union > 0)
    best = [np.zeros(len(a)), np.zeros(len(b))]
    for side in (0, 1):
        np.maximum.at(best[side], pairs[:, side], jaccard)
    found = sum(float(bests @ size) for bests, size in zip(best, sizes, strict=True))
    return found / (sum(float(size.sum()) for size in sizes) or 1.0)


def _partitions(x: np.ndarray, y: np.ndarray, draw: np.ndarray) -> tuple[float, float]:
    """Adjusted Rand index and variation of information (bits) of two partitions, rows counted as drawn."""
    n = float(draw.sum())
    if n == 0:
        return 1.0, 0.0
    table = sparse.coo_array((draw.astype(np.float64), (x, y))).tocsr()
    cells, rows, columns = table.data, np.asarray(table.sum(1)).ravel(), np.asarray(table.sum(0)).ravel()
    both, first, second = (float((c * (c - 1)).sum()) / 2 for c in (cells, rows, columns))
    chance = first * second / (n * (n - 1) / 2) if n > 1 else 0.0
    most = (first + second) / 2
    rand = 1.0 if most == chance else (both - chance) / (most - chance)
    information = 2 * _entropy(cells / n) - _entropy(rows / n) - _entropy(columns / n)
    return rand, max(information, 0.0)


def _entropy(share: np.ndarray) -> float:
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def _with_interval(values: np.ndarray) -> tuple[float, float, float]:
    """The first value, and the middle 95 % of the others."""
    if len(values) == 1:
        return float(values[0]), float("nan"), float("nan")
    low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return float(values[0]), low, high


def _path_lengths(graph: MapperGraph) -> np.ndarray:
    lengths = sparse.csr_array(
        (np.maximum(1 - graph.jaccard, 1e-6), tuple(graph.edges.T)), shape=(len(graph), len(graph))
    )
    return dijkstra(lengths, directed=False)
