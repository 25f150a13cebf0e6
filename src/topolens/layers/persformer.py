"""Persformer: attention among the bars of a diagram, in which padding never takes part."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens._checks import check_dim
from topolens.diagrams import Diagrams
from topolens.layers.deep_sets import bar_features
from topolens.layers.segments import check_bars, check_dtype


def padded_rows(x: Tensor, batch: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
    """Rows laid out by item, shape (batch, most, features), and which places are padding, shape (batch, most).

    Padding is 0. An item without rows has no true place; there is at least one place.

    Args:
        x: Rows of all items in any order, shape (rows, features).
        batch: Item of each row, shape (rows,), int64.
        batch_size: Number of items.

    Gradients: To the rows.
    """
    counts = torch.bincount(batch, minlength=batch_size)
    order = batch.argsort(stable=True)
    item = batch[order]
    column = torch.arange(len(x), device=x.device) - (counts.cumsum(0) - counts)[item]
    most = max(1, int(counts.max())) if batch_size else 1
    out = x.new_zeros(batch_size, most, x.shape[1]).index_put((item, column), x[order])
    return out, torch.arange(most, device=x.device) >= counts[:, None]


class AttentionBlock(nn.Module):
    """Self-attention and a network on each place, both added to what came in.

    Args:
        width: Features of a place, a multiple of heads.
        heads: Number of attention heads.
        dropout: Share of the attention that is dropped in training.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.network = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x: Tensor, ignored: Tensor) -> Tensor:
        """From (batch, places, width) to the same shape; places that are `ignored` (batch, places) are not attended."""
        x = x + self.attention(x, x, x, key_padding_mask=ignored, need_weights=False)[0]
        return x + self.network(x)


class Persformer(nn.Module):
    """Features of a diagram from attention among its bars, pooled by a learnable query.

    Each bar comes in as birth, death and an indicator of its dimension; there are no positions, so the order of bars
    does not matter. Bars that never die are left out; `capped` ends them. A diagram without bars pools to 0. Time and
    memory grow with the square of the largest number of bars in the batch. Second derivatives need torch's plain
    attention: `torch.nn.attention.sdpa_kernel(SDPBackend.MATH)` around the call.

    Args:
        features: Number of features that come out.
        width: Features of a bar, a multiple of heads.
        heads: Number of attention heads.
        blocks: Number of blocks, each an `AttentionBlock`.
        max_dim: Largest homology dimension of the bars.
        dropout: Share of the attention that is dropped in training.

    Raises:
        ValueError: If width is no multiple of heads or max_dim is negative.

    Example:
        >>> layer = Persformer(features=3)
        >>> layer(Diagrams.from_intervals([{0: [[0.0, 0.5]], 1: [[0.2, 0.7]]}, {}])).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        features: int,
        width: int = 32,
        heads: int = 4,
        blocks: int = 2,
        max_dim: int = 1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ValueError(f"width must be a multiple of heads, got {width} and {heads}")
        self.max_dim = check_dim(max_dim)
        self.first = nn.Linear(max_dim + 3, width)
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(blocks))
        self.query = nn.Parameter(torch.randn(1, 1, width) / width**0.5)
        self.pool = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.out = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, features))

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, features)."""
        check_dtype(diagrams, self.query)
        bars = check_bars(diagrams).finite()
        if not bars.batch_size:
            return self.out(bars.intervals.new_zeros(0, self.query.shape[-1]))
        points, ignored = padded_rows(bar_features(bars, self.max_dim), bars.batch, bars.batch_size)
        empty = ignored.all(1, keepdim=True)
        ignored = ignored & ~empty  # attention over nothing would be NaN; what an empty item gives is dropped below
        x = nn.functional.gelu(self.first(points))
        for block in self.blocks:
            x = block(x, ignored)
        query = self.query.expand(len(x), -1, -1)
        pooled = self.pool(query, x, x, key_padding_mask=ignored, need_weights=False)[0][:, 0]
        return self.out(torch.where(empty, torch.zeros_like(pooled), pooled))
