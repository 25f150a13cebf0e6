"""What a matrix of similarities says of depth: an order, blocks, or layers at the same depth of two networks."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from topolens.sampling.inference import null_p_value

BLOCK_RATIO = 0.5


class Order(NamedTuple):
    """Rank correlation of similarity with nearness in depth, and how often shuffled layers have as much."""

    correlation: float
    p_value: float


class Blocks(NamedTuple):
    """First layer of each block, and the largest distance within them over the least across."""

    starts: tuple[int, ...]
    ratio: float


def depth_order(similarity: Tensor, own: bool = True, shuffles: int = 999, seed: int = 0) -> Order:
    """Whether layers at like depth are more alike, by a Mantel test that renumbers layers.

    Args:
        similarity: Shape (layers, layers) of one recording with itself, or (layers, other layers) of two recordings.
        own: Whether it is of one recording: then each pair counts once, and no layer with itself.
        shuffles: Of the layers' order.
        seed: Of the shuffles.

    Returns:
        Of two recordings, depth is counted from 0 to 1 in each, and the first one's layers are renumbered.
    """
    rows, columns = similarity.shape
    # Whole numbers and no last digits, so that ties stay ties.
    depth, other = torch.arange(rows) * max(columns - 1, 1), torch.arange(columns) * max(rows - 1, 1)
    nearness = -(depth[:, None] - other[None, :]).abs().double()
    similarity = (similarity + similarity.T if own else 2 * similarity).double().round(decimals=9)
    everywhere = torch.ones_like(nearness)
    taken = everywhere.tril(-1).bool() if own else everywhere.bool()

    ranks, target = _ranks(similarity, taken), _ranks(nearness, taken)[taken]

    def correlation(order: Tensor) -> float:
        moved = (ranks[order][:, order] if own else ranks[order])[taken]
        scale = float(moved.norm() * target.norm())
        return float(moved @ target) / scale if scale > 0 else 0.0

    generator = torch.Generator().manual_seed(seed)
    nulls = [correlation(torch.randperm(rows, generator=generator)) for _ in range(shuffles)]
    found = correlation(torch.arange(rows))
    return Order(found, null_p_value(found, nulls))


def blocks_of(similarity: Tensor) -> Blocks:
    """The cut of the layers, in their order, whose blocks are tightest against what lies between them.

    Every cut at the least alike neighbours is tried, from two blocks on. At least half of the layers must lie in blocks
    of two or more, or there is one block.

    Args:
        similarity: Shape (layers, layers), 1 at most.

    Returns:
        One block with a ratio of infinity where there is no cut.
    """
    distance = (1 - similarity).clamp_min(0)
    n = len(distance)
    steps = distance[torch.arange(n - 1), torch.arange(1, n)]
    best = Blocks((0,), float("inf"))
    weakest = steps.argsort(descending=True).tolist()
    for cuts in range(1, n - 1):
        starts = (0, *sorted(place + 1 for place in weakest[:cuts]))
        block = torch.zeros(n, dtype=torch.long)
        for start in starts[1:]:
            block[start:] += 1
        sizes = block.bincount()
        if 2 * int(sizes[sizes > 1].sum()) < n:
            continue
        same = block[:, None] == block[None, :]
        within = float(distance[same & ~torch.eye(n, dtype=torch.bool)].max())
        across = float(distance[~same].min())
        ratio = within / across if across > 0 else float("inf")
        if ratio < best.ratio:
            best = Blocks(starts, ratio)
    return best


def _ranks(matrix: Tensor, taken: Tensor) -> Tensor:
    """Ranks of the taken entries with their mean at 0, ties sharing theirs; mirrored where half a square is taken."""
    _, place, counts = matrix[taken].unique(return_inverse=True, return_counts=True)
    rank = (counts.cumsum(0) - (counts - 1) / 2).double()[place]
    ranks = torch.zeros_like(matrix, dtype=torch.float64)
    ranks[taken] = rank - rank.mean()
    return ranks if bool(taken.all()) else ranks + ranks.T
