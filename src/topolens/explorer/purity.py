"""How much of one class a node holds, and how likely that is by chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse


class Purity(NamedTuple):
    """For each node the most frequent class (-1: no point of known class), its share, and the p-value of its count."""

    top: np.ndarray
    share: np.ndarray
    p: np.ndarray


def purity(by_node: sparse.csr_array, values: np.ndarray, classes: int) -> Purity:
    """The most frequent class of each node, with a hypergeometric p-value.

    Args:
        by_node: Nodes by points, boolean.
        values: Class of each point, shape (points,); NaN where unknown.
        classes: How many there are.

    Returns:
        `p` is the chance that as many points, drawn without looking, hold as many of the class; of all nodes and
        classes at once, corrected by Benjamini and Hochberg. Points of unknown class do not count.
    """
    from scipy.stats import hypergeom

    known = np.isfinite(values)
    own = np.zeros((len(values), classes), np.float64)
    own[np.flatnonzero(known), values[known].astype(np.int64)] = 1.0
    counts = np.asarray(by_node.astype(np.float64) @ own)
    sizes, totals = counts.sum(1), own.sum(0)
    chance = hypergeom.sf(counts - 1, totals.sum(), totals[None, :], sizes[:, None])
    corrected = benjamini_hochberg(chance.ravel()).reshape(chance.shape)
    top = counts.argmax(1) if classes else np.zeros(len(counts), np.int64)
    places = np.arange(len(counts))
    share = counts[places, top] / np.maximum(sizes, 1)
    return Purity(np.where(sizes > 0, top, -1), share, np.where(sizes > 0, corrected[places, top], 1.0))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """P-values corrected for their number, so that a cut at q keeps the share of false ones below q.

    Example:
        >>> benjamini_hochberg(np.array([0.01, 0.04, 0.5]))
        array([0.03, 0.06, 0.5 ])
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty_like(p)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
