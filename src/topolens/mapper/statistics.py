"""Statistics of the points in each node and on each edge of a Mapper graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from torch import Tensor

from topolens.mapper.graph import MapperGraph

Statistic = str | Callable[[np.ndarray], float]
STATISTICS: dict[str, Callable[[np.ndarray], float]] = {
    "mean": np.mean,
    "median": np.median,
    "std": np.std,
    "min": np.min,
    "max": np.max,
    "count": lambda values: float(len(values)),
    "entropy": lambda values: _entropy(values),
    "majority": lambda values: _majority(values)[0],
    "share": lambda values: _majority(values)[1],
}


def node_statistics(graph: MapperGraph, values: Tensor | np.ndarray, statistic: Statistic = "mean") -> np.ndarray:
    """A statistic of each node's points, shape (nodes,), float64; NaN where no point has a value.

    Args:
        graph: A Mapper graph.
        values: One value per point, shape (n,): a lens, a loss, a label. NaN is left out.
        statistic: "mean", "median", "std", "min", "max", "count" (points with a value), "entropy" (of the values as
            categories, in nats), "majority" (the most frequent value, the smallest of equals), "share" (of the points
            that have it), or a function of the values of a node.

    Raises:
        ValueError: If the shape is not (n,) or the statistic is unknown.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> graph = mapper(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), resolution=2, gain=2.0)
        >>> node_statistics(graph, np.array([5.0, 6.0, 6.0, 9.0]), "share").tolist()   # of {5, 6, 6} and {6, 6, 9}
        [0.6666666666666666, 0.6666666666666666]
    """
    return _of_sets(graph.membership.T.tocsr(), _column(graph, values), statistic)


def edge_statistics(graph: MapperGraph, values: Tensor | np.ndarray, statistic: Statistic = "mean") -> np.ndarray:
    """A statistic of the points that the two ends of each edge share, shape (edges,), float64.

    Args:
        graph, values, statistic: As in `node_statistics`.

    Raises:
        ValueError: As in `node_statistics`.
    """
    by_node = graph.membership.T.tocsr()
    shared = sparse.csr_array(by_node[graph.edges[:, 0]].multiply(by_node[graph.edges[:, 1]]))
    shared.eliminate_zeros()
    return _of_sets(shared, _column(graph, values), statistic)


def _column(graph: MapperGraph, values: Tensor | np.ndarray) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    n = graph.membership.shape[0]
    if array.shape != (n,):
        raise ValueError(f"values must have shape ({n},), one value per point, got {array.shape}")
    return array.astype(np.float64)


def _of_sets(sets: sparse.csr_array, column: np.ndarray, statistic: Statistic) -> np.ndarray:
    if isinstance(statistic, str) and statistic not in STATISTICS:
        raise ValueError(f"statistic must be one of {', '.join(STATISTICS)} or a function, got {statistic!r}")
    function = STATISTICS[statistic] if isinstance(statistic, str) else statistic
    found = np.full(sets.shape[0], np.nan)
    for row, (start, end) in enumerate(zip(sets.indptr[:-1], sets.indptr[1:], strict=True)):
        inside = column[sets.indices[start:end]]
        inside = inside[~np.isnan(inside)]
        if len(inside):
            found[row] = function(inside)
    return found


def _majority(values: np.ndarray) -> tuple[float, float]:
    """The most frequent value, the smallest of equals, and its share."""
    different, counts = np.unique(values, return_counts=True)
    return float(different[counts.argmax()]), float(counts.max() / len(values))


def _entropy(values: np.ndarray) -> float:
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log(shares)).sum()) + 0.0
