"""Sums, means, extremes and largest values over the bars of each diagram, without padding."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from topolens._checks import check_no_nan, is_traced
from topolens.diagrams import Diagrams

OPERATIONS = ("sum", "mean", "max", "min", "topk")


def check_operation(op: str, k: int = 1) -> None:
    """Raises if the operation is unknown or k is below 1."""
    if op not in OPERATIONS:
        raise ValueError(f"op must be one of {', '.join(map(repr, OPERATIONS))}, got {op!r}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")


def check_dtype(diagrams: Diagrams, parameter: Tensor) -> None:
    """Raises if the bars are of another floating-point type than a layer that multiplies them by a matrix."""
    given, own = diagrams.intervals.dtype, parameter.dtype
    if given != own:
        raise TypeError(f"the layer has parameters of {own}, got bars of {given}; use diagrams.to({own}) or layer.to()")


def check_bars(diagrams: Diagrams) -> Diagrams:
    """The diagrams themselves, if no birth or death is NaN."""
    if not is_traced():
        check_no_nan("intervals", diagrams.intervals.detach())
    return diagrams


def set_apart(diagrams: Diagrams) -> Diagrams:
    """The same batch with one more item at its end, to which the bars that never die move as intervals (0, 0).

    The shapes depend on no value, so that no device waits and `torch.compile` sees no break; `reduced` drops the item.
    """
    finite = torch.isfinite(check_bars(diagrams).intervals.detach()).all(1)
    intervals = torch.where(finite[:, None], diagrams.intervals, torch.zeros_like(diagrams.intervals))
    batch = torch.where(finite, diagrams.batch, diagrams.batch_size)
    return replace(diagrams, intervals=intervals, batch=batch, batch_size=diagrams.batch_size + 1)


def reduced(features: Tensor, batch: Tensor, size: int, op: str, k: int = 1) -> Tensor:
    """One row per item from the features (rows, q) of its bars, 0 without: (size, q), or (size, k * q) for "topk"."""
    if op == "topk":
        return _largest(features, batch, size, k).flatten(1)
    if op in ("max", "min"):
        index = batch[:, None].expand_as(features)
        out = features.new_zeros(size, features.shape[1])
        return out.scatter_reduce(0, index, features, f"a{op}", include_self=False)
    wide = torch.promote_types(features.dtype, torch.float32)  # in half precision a sum of ones stops at 256
    out = features.new_zeros(size, features.shape[1], dtype=wide).index_add(0, batch, features.to(wide))
    if op == "mean":
        out = out / _counts(batch, size).clamp(min=1)[:, None]
    return out.to(features.dtype)


def _counts(batch: Tensor, size: int) -> Tensor:
    """Number of bars of each item, shape (size,), int64."""
    return batch.new_zeros(size).index_add(0, batch, torch.ones_like(batch))


def _largest(features: Tensor, batch: Tensor, size: int, k: int) -> Tensor:
    """The k largest of each feature in falling order, shape (size, k, q), 0 where there are fewer."""
    if not len(features):
        return features.new_zeros(size, k, features.shape[1])
    order = features.detach().argsort(dim=0, descending=True, stable=True)
    order = order.gather(0, batch[order].argsort(dim=0, stable=True))
    counts = _counts(batch, size)
    place = torch.arange(k, device=batch.device)
    rows = order[(counts.cumsum(0) - counts)[:, None].add(place).clamp(max=len(features) - 1)]
    out = features.gather(0, rows.flatten(0, 1)).view(size, k, -1)
    return torch.where((place < counts[:, None])[..., None], out, torch.zeros_like(out))
