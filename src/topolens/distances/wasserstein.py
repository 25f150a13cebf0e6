"""Exact Wasserstein distance of diagrams."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.distances.matching import Solver, check_comparable, matched_costs, matching


def wasserstein(x: Diagrams, y: Diagrams, *, order: float = 1.0, norm: float = float("inf")) -> Tensor:
    """Wasserstein distance of each item of x to the same item of y.

    The least (sum of d(p, q)^order)^(1/order) over all matchings, where a bar may be matched with its nearest point
    of the diagonal. Bars of different dimensions never match; the sum runs over all dimensions given.

    Args:
        x: One side; a batch of one is compared with every item of y.
        y: Other side; a batch of one is compared with every item of x.
        order: Power of the sum, at least 1.
        norm: Ground norm p of (birth, death), at least 1. A bar lies persistence / 2 * 2^(1/p) from the diagonal.

    Returns:
        Distances, shape (batch,); inf where the essential bars of a dimension differ in number, else these are matched
        in the order of their births. 0 for two empty diagrams.

    Raises:
        ValueError: If the batch sizes do not fit, a bar is NaN or has an infinite birth, or order or norm is below 1.

    Gradients: To the bars of both sides through the optimal matching, found in float64; 0 where two bars coincide and
        where the distance is 0. Among several optimal matchings one is chosen.
    Cost: O(min(n, m)^2 max(n, m)) per item and dimension, on the CPU.
    Source: "Computational Topology", 2010, section VIII.2. GUDHI's default is the same order 1 and norm inf.

    Example:
        >>> from topolens import Diagrams
        >>> x, y = (Diagrams.from_intervals([{1: bars}]) for bars in ([[0.0, 4.0], [1.0, 2.0]], [[0.0, 3.0]]))
        >>> wasserstein(x, y)
        tensor([1.5000])
    """
    items = check_comparable(x, y, norm)
    if not 1 <= order < float("inf"):
        raise ValueError(f"order must be a finite number of at least 1, got {order}; for inf use bottleneck")
    found = matching(x, y, items, norm, least_sum(order))
    total = x.intervals.new_zeros(items)
    total = total.index_add(0, found.item, matched_costs(x, y, found, norm).pow(order))
    positive = total > 0
    root = torch.where(positive, total, torch.ones_like(total)).pow(1 / order)
    return torch.where(positive, root, torch.zeros_like(root)).masked_fill(found.impossible, float("inf"))


def least_sum(order: float) -> Solver:
    """The matching of least sum of costs to this power."""

    def solver(between: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # All bars start on the diagonal: a pair is worth what it saves, and saves nothing if that is negative.
        saved = np.minimum(between**order - (a**order)[:, None] - b**order, 0.0)
        rows, columns = linear_sum_assignment(saved)
        useful = saved[rows, columns] < 0
        return rows[useful], columns[useful]

    return solver
