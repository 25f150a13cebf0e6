"""Ways to compare bars in tests: as multisets of numbers, as cells, and by bottleneck distance."""

import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from topolens.diagrams import Diagrams
from topolens.engines.pairs import Pairs
from topolens.engines.reference import reference_pairs
from topolens.filtrations import Filtration


def rows(diagrams: Diagrams) -> list[tuple[int, int, float, float]]:
    """All bars as sorted (item, dim, birth, death): a multiset, whatever the cells."""
    numbers = diagrams.detach().to(torch.float64).intervals.tolist()
    return sorted(
        (b, k, *bar) for b, k, bar in zip(diagrams.batch.tolist(), diagrams.dim.tolist(), numbers, strict=True)
    )


def intervals(diagrams: Diagrams, dim: int) -> list[tuple[float, float]]:
    """Sorted (birth, death) of one dimension."""
    return sorted(map(tuple, diagrams.of_dim(dim).detach().to(torch.float64).intervals.tolist()))


def reference(filtration: Filtration, max_dim: int, field: int = 2) -> Pairs:
    """What the textbook says about a filtration."""
    items = range(filtration.batch_size)
    return reference_pairs([filtration.explicit(item, max_dim) for item in items], max_dim, field)


def difference(found: Pairs, expected: Pairs) -> str:
    """Empty if both hold the same bars in the same order, otherwise the bars only one of them has."""
    if all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)):
        return ""
    one, other = (
        {(int(b), int(k), *map(int, c)) for k, b, c in zip(*pairs, strict=True)} for pairs in (found, expected)
    )
    if one == other:
        return "the same bars, but in another order or repeated"
    return f"(item, dim, birth, death) found only: {sorted(one - other)[:5]}, missing: {sorted(other - one)[:5]}"


def bottleneck(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> float:
    """Bottleneck distance of two small diagrams: the least cost that still allows a perfect matching."""
    essential = [sorted(b for b, d in bars if np.isinf(d)) for bars in (one, other)]
    if len(essential[0]) != len(essential[1]):
        return float("inf")
    cost = [0.0, *(abs(a - b) for a, b in zip(*essential, strict=True))]
    a, b = (np.array([bar for bar in bars if np.isfinite(bar[1])]).reshape(-1, 2) for bars in (one, other))
    between = np.abs(a[:, None] - b[None]).max(2)
    to_diagonal = [np.abs(x[:, 1] - x[:, 0]) / 2 for x in (a, b)]
    size = len(a) + len(b)
    table = np.zeros((size, size))
    table[: len(a), : len(b)] = between
    table[: len(a), len(b) :] = to_diagonal[0][:, None]
    table[len(a) :, : len(b)] = to_diagonal[1][None]
    levels = np.unique(table)
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        matched = maximum_bipartite_matching(csr_array(table <= levels[middle]))
        low, high = (low, middle) if (matched >= 0).all() else (middle + 1, high)
    return max(*cost, float(levels[low]) if size else 0.0)
