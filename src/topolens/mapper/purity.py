"""Which class each node of a Mapper graph holds more of than chance would put there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import gammaln
from torch import Tensor

from topolens.mapper.graph import MapperGraph

LARGEST = 2.0**53  # up to which whole numbers are told apart


@dataclass(frozen=True, eq=False)
class Purity:
    """The most frequent class of each node, its share, and how surprising that share is.

    Args:
        classes: Most frequent class, the lowest of equals, shape (nodes,), int64; -1 where no point has a class.
        share: Its share of the node's points that have a class, shape (nodes,), NaN where there are none.
        p: Corrected p-value of that share, shape (nodes,), NaN likewise.
    """

    classes: np.ndarray
    share: np.ndarray
    p: np.ndarray

    def to_json(self) -> dict[str, Any]:
        """Plain lists under `class`, `share` and `p`; missing numbers are None."""
        share, p = ([None if np.isnan(x) else x for x in column.tolist()] for column in (self.share, self.p))
        return {"class": self.classes.tolist(), "share": share, "p": p}


def purity(graph: MapperGraph, labels: Tensor | np.ndarray) -> Purity:
    """Most frequent class of each node, its share, and a p-value against classes dealt out at random.

    If the labels were dealt to the points at random, the number of a class in a node would be hypergeometric. The
    p-value is the chance of at least as many, times the number of classes (any of them could have been the most
    frequent), corrected over the nodes by Benjamini and Hochberg: among nodes called special at p <= q, a share of
    about q is expected to be called so wrongly.

    Args:
        graph: A Mapper graph.
        labels: Class number of each point, shape (n,), whole numbers from 0; negative or NaN where unknown.

    Returns:
        One class, share and p-value per node. Nodes that share points are no independent tests; the correction holds
        for the positive dependence that this makes.

    Raises:
        ValueError: If there is not one label per point, or one is no whole number.

    Cost: O(memberships + nodes * classes).
    Source: "Controlling the false discovery rate: a practical and powerful approach to multiple testing", 1995.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> line = torch.linspace(0, 1, 40)[:, None]
        >>> found = purity(mapper(line, resolution=4, gain=1.5), (line[:, 0] > 0.5).long())
        >>> found.classes.tolist(), found.share.round(2).tolist(), found.p.round(4).tolist()
        ([0, 0, 1, 1], [1.0, 0.85, 0.85, 1.0], [0.0, 0.0057, 0.0057, 0.0])
    """
    values = np.asarray(labels.detach().cpu() if isinstance(labels, Tensor) else labels, dtype=np.float64)
    n = graph.membership.shape[0]
    if values.shape != (n,):
        raise ValueError(f"labels must have one class number per point, shape ({n},), got {values.shape}")
    known = values >= 0
    if not (values[known] < LARGEST).all() or (values[known] % 1).any():
        raise ValueError("labels must be whole numbers, negative or NaN where unknown; number the classes from 0")
    classes, number = np.unique(values[known].astype(np.int64), return_inverse=True)
    if not len(classes) or not len(graph):
        nothing = np.full(len(graph), np.nan)
        return Purity(np.full(len(graph), -1), nothing, nothing)
    rows = np.flatnonzero(known)
    dealt = sparse.csr_array((np.ones(len(rows), np.int64), (rows, number)), shape=(n, len(classes)))
    counts = (graph.membership.T.astype(np.int64) @ dealt).toarray()
    best, of = counts.argmax(1), counts.sum(1)
    most, some = counts.max(1), of > 0
    tail = _upper_tail(most, int(known.sum()), np.bincount(number)[best], of)
    p = np.full(len(graph), np.nan)
    p[some] = _corrected(tail[some] * len(classes))
    share = np.divide(most, of, out=np.full(len(graph), np.nan), where=some)
    return Purity(np.where(some, classes[best], -1), share, p)


def _upper_tail(least: np.ndarray, total: int, special: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Chance that of `drawn` out of `total` points at least so many are special ones, for each node.

    scipy.stats says the same, but takes half a second to load and loops in Python.
    """
    below = least <= drawn / total * special  # the other side has the smaller chance, which is what can be summed
    k = np.where(below, drawn - least + 1, least).astype(np.float64)
    special = np.where(below, total - special, special).astype(np.float64)
    log = _log_choose(special, k) + _log_choose(total - special, drawn - k) - _log_choose(total, drawn)
    term = np.exp(log)
    tail = term.copy()
    while (term > 1e-17 * tail).any():
        term *= (special - k) * (drawn - k) / ((k + 1) * (total - special - drawn + k + 1))
        tail += term
        k += 1
    return np.where(below, 1 - tail, tail).clip(0)


def _log_choose(n: np.ndarray | int, k: np.ndarray) -> np.ndarray:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _corrected(p: np.ndarray) -> np.ndarray:
    """P-values after Benjamini and Hochberg, at most 1."""
    order = np.argsort(p)
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum.accumulate(raised[::-1])[::-1].clip(max=1.0)
    return found
