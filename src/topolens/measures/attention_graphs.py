"""Attention maps as weighted graphs of tokens, and their bars."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.diagrams import Diagrams
from topolens.filtrations import rips
from topolens.persistence import persistence


def attention_barcodes(attention: Tensor, max_dim: int = 1) -> Diagrams:
    """Bars of attention maps: tokens are joined in falling order of the attention between them.

    The edge of two tokens enters at 1 - max(a, b) of the attention a of one to the other and b back; cliques enter with
    their last edge. What a token pays to itself is not read.

    Args:
        attention: Shape (batch, heads, tokens, tokens), entry (i, j) is what token i pays to token j, within [0, 1].
        max_dim: Largest homology dimension.

    Returns:
        An item per sample and head, heads of a sample beside each other. The bar of dimension 0 that never dies is
        there as well.

    Raises:
        TypeError: If `attention` is no floating-point tensor.
        ValueError: If its shape is wrong, there is no token, it contains NaN, or an entry lies outside [0, 1].

    Cost: Rips complexes of batch * heads clouds of so many tokens, full for max_dim 1 and above.
    Source: "Artificial text detection via examining the topology of attention maps", 2021, section 3: there the graph
        is symmetric by the same maximum.

    Example:
        >>> attention_barcodes(torch.tensor([[[[0.5, 0.5], [0.75, 0.25]]]]), max_dim=0).finite().persistence
        tensor([0.2500], dtype=torch.float64)
    """
    maps = _checked(attention)
    edges = 1 - torch.maximum(maps, maps.mT).flatten(0, 1)
    edges.diagonal(dim1=1, dim2=2).zero_()
    return persistence(rips(distances=edges), max_dim=max_dim)


def attention_bar_sums(attention: Tensor, max_dim: int = 1) -> Tensor:
    """Total length of the finite bars of each attention map.

    Args:
        attention: As in `attention_barcodes`.
        max_dim: Largest homology dimension.

    Returns:
        Shape (max_dim + 1, batch, heads), float64. In dimension 0 it is small where few strong edges join all tokens,
        and at most tokens - 1.

    Raises:
        TypeError, ValueError: As `attention_barcodes`.
    """
    bars = attention_barcodes(attention, max_dim).finite()
    batch, heads = attention.shape[:2]
    sums = torch.zeros((max_dim + 1) * batch * heads, dtype=torch.float64)
    sums.index_add_(0, bars.dim.long() * batch * heads + bars.batch.long(), bars.persistence.double())
    return sums.view(max_dim + 1, batch, heads)


def _checked(attention: Tensor) -> Tensor:
    check_no_nan("attention", check_tensor("attention", attention, ("batch", "heads", "tokens", "tokens")))
    tokens = attention.shape[3]
    if attention.shape[2] != tokens or not tokens:
        raise ValueError(
            "attention must have shape (batch, heads, tokens, tokens) with a token at least, got "
            f"{tuple(attention.shape)}; attention between two sequences has no graph of tokens here"
        )
    maps = attention.detach().to("cpu", torch.float64)
    if maps.numel() and not -1e-6 <= float(maps.min()) <= float(maps.max()) <= 1 + 1e-6:
        raise ValueError(
            f"attention must lie within [0, 1], got {float(maps.min()):.3g} to {float(maps.max()):.3g}; take it after "
            "the softmax"
        )
    return maps.clamp(0, 1)
