"""Exact bottleneck distance of diagrams."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.distances.matching import check_comparable, matched_costs, matching


def _covers(edges: np.ndarray) -> bool:
    """Whether a matching covers all rows."""
    return not len(edges) or bool((maximum_bipartite_matching(csr_array(edges), perm_type="column") >= 0).all())


def _threshold(between: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The least cost that still allows a matching of everything far from the diagonal."""
    at_least = max(np.minimum(a, between.min(1)).max(), np.minimum(b, between.min(0)).max())
    at_most = max(a.max(), b.max())
    levels = np.concatenate([between.ravel(), a, b])
    levels = np.unique(levels[(levels >= at_least) & (levels <= at_most)])
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        level = levels[middle]
        edges = between <= level
        # If one matching covers the far bars of x and another those of y, then one covers both (Mendelsohn, Dulmage).
        enough = _covers(edges[a > level]) and _covers(edges.T[b > level])
        low, high = (low, middle) if enough else (middle + 1, high)
    return float(levels[low])


def bottleneck_pairs(between: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns matched with each other in one matching of least largest cost."""
    level = _threshold(between, a, b)
    n, m = between.shape
    i, j = np.nonzero(between <= level)
    near_a, near_b = np.flatnonzero(a <= level), np.flatnonzero(b <= level)
    # Rows: bars of x, then a diagonal point for each bar of y; columns: bars of y, then one for each bar of x.
    rows = np.concatenate([i, near_a, n + near_b, n + j])
    columns = np.concatenate([j, m + near_a, near_b, m + i])
    graph = coo_array((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(n + m, n + m)).tocsr()
    partner = maximum_bipartite_matching(graph, perm_type="column")[:n]
    matched = np.flatnonzero(partner < m)
    return matched, partner[matched]


def bottleneck(x: Diagrams, y: Diagrams) -> Tensor:
    """Bottleneck distance of each item of x to the same item of y.

    The least largest max-norm distance over all matchings, where a bar may be matched with its nearest point of the
    diagonal. Bars of different dimensions never match; the largest over all dimensions given counts.

    Args:
        x: One side; a batch of one is compared with every item of y.
        y: Other side; a batch of one is compared with every item of x.

    Returns:
        Distances, shape (batch,); inf where the essential bars of a dimension differ in number, else these are matched
        in the order of their births. 0 for two empty diagrams.

    Raises:
        ValueError: If the batch sizes do not fit, or a bar is NaN or has an infinite birth.

    Gradients: To the ends of the longest matched pair, evenly where several are equally long; 0 where the distance
        is 0. The matching is found in float64.
    Cost: O(n m log(n m)) for sorting the costs and as many rounds of Hopcroft-Karp as halve them, on the CPU.
    Source: "Geometry Helps to Compare Persistence Diagrams", 2017, section 3; without its geometric search trees.

    Example:
        >>> from topolens import Diagrams
        >>> x, y = (Diagrams.from_intervals([{1: bars}]) for bars in ([[0.0, 4.0], [1.0, 2.0]], [[0.0, 3.0]]))
        >>> bottleneck(x, y)
        tensor([1.])
    """
    norm = float("inf")
    items = check_comparable(x, y, norm)
    found = matching(x, y, items, norm, bottleneck_pairs)
    costs = matched_costs(x, y, found, norm)
    largest = x.intervals.new_zeros(items).scatter_reduce(0, found.item, costs, "amax")
    return largest.masked_fill(found.impossible, norm)
