"""Ranges of ranks in sliding windows, as operators of torch: compiled on the CPU, in tensor operations elsewhere.

`rank_ranges` looks up, `_scatter` sends gradients back, `_gather` is its adjoint, so derivatives of any order exist.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.engines.compiled import Lists, window_gather, window_ranges, window_scatter

CHUNK = 1 << 24  # numbers that the tensor path holds at once


class Windows(NamedTuple):
    """Sliding windows over padded planes (planes, depth, height, width), and what is asked of each.

    Args:
        offsets: Places of a window's entries, (entries, 3), counted from its corner, in raster order.
        out: Number of windows along each axis.
        strides: Places from one window to the next along each axis.
        ranks: The ranks looked up, from 0, rising.
        lows, highs: Places in `ranks` of the two ends of every range; a low of -1 asks for the high itself.
    """

    offsets: list[tuple[int, int, int]]
    out: tuple[int, int, int]
    strides: tuple[int, int, int]
    ranks: list[int]
    lows: list[int]
    highs: list[int]

    def flat(self) -> list[int]:
        """All of it as one list of integers, in which form it passes through an operator of torch."""
        counts = [len(self.offsets), len(self.ranks), len(self.lows)]
        places = [x for offset in self.offsets for x in offset]
        return [*counts, *self.out, *self.strides, *places, *self.ranks, *self.lows, *self.highs]


def windows_of(flat: list[int]) -> Windows:
    """The windows of `Windows.flat`."""
    entries, ranks, ranges = flat[:3]
    out, strides, rest = flat[3:6], flat[6:9], flat[9:]
    places = [(rest[3 * e], rest[3 * e + 1], rest[3 * e + 2]) for e in range(entries)]
    ends = rest[3 * entries :]
    lows, highs = ends[ranks : ranks + ranges], ends[ranks + ranges :]
    return Windows(places, (out[0], out[1], out[2]), (strides[0], strides[1], strides[2]), ends[:ranks], lows, highs)


def _lists(windows: Windows, sides: Sequence[int]) -> Lists:
    """What the compiled core takes of the windows."""
    places = np.array(windows.offsets, dtype=np.int64) @ np.array([sides[1] * sides[2], sides[2], 1], dtype=np.int64)
    ranks, lows, highs = (np.array(x, dtype=np.int64) for x in (windows.ranks, windows.lows, windows.highs))
    return windows.strides, places, ranks, lows, highs


@torch.library.custom_op("topolens::rank_ranges", mutates_args=())
def rank_ranges(padded: Tensor, flat: list[int], absent: bool, ties: str) -> tuple[Tensor, Tensor]:
    """Differences of order statistics of windows, and which entries they came from.

    Args:
        padded: Planes, shape (planes, depth, height, width), float32 or float64.
        flat: What `Windows.flat` returns.
        absent: Entries of inf do not exist; a rank beyond the last that does is that of the largest.
        ties: Where the gradient goes among entries of one value: to the "first" of them, "shared" by all in equal
            parts, or "apart", one entry after the other for ranks that all are asked for.

    Returns:
        Values, shape (planes, ranges, *out), and entries, shape (planes, ranks, *out), uint8 or uint16.
    """
    windows = windows_of(flat)
    if padded.device.type == "cpu":
        return window_ranges(padded, windows.out, _lists(windows, padded.shape[1:]), absent, ties == "apart")
    return _in_tensors(padded, windows, absent, ties == "apart")


@rank_ranges.register_fake
def _(padded: Tensor, flat: list[int], absent: bool, ties: str) -> tuple[Tensor, Tensor]:
    windows = windows_of(flat)
    values = padded.new_empty(len(padded), len(windows.lows), *windows.out)
    kind = torch.uint8 if len(windows.offsets) <= 256 else torch.uint16
    return values, padded.new_empty((len(padded), len(windows.ranks), *windows.out), dtype=kind)


def _views(padded: Tensor, windows: Windows) -> list[Tensor]:
    """For every entry of a window what it is in all windows, each (planes, *out), without a copy."""
    (a, b, c), (s, t, u) = windows.out, windows.strides
    return [
        padded[:, z : z + s * (a - 1) + 1 : s, y : y + t * (b - 1) + 1 : t, x : x + u * (c - 1) + 1 : u]
        if a and b and c
        else padded[:, :0, :0, :0].new_empty(len(padded), a, b, c)
        for z, y, x in windows.offsets
    ]


def _in_tensors(padded: Tensor, windows: Windows, absent: bool, apart: bool = False) -> tuple[Tensor, Tensor]:
    """The same by sorting in tensor operations, a few planes at a time."""
    kind = torch.uint8 if len(windows.offsets) <= 256 else torch.uint16
    per_plane = max(1, math.prod(windows.out) * len(windows.offsets))
    values, entries = [], []
    for planes in padded.split(max(1, CHUNK // per_plane)) if len(padded) else [padded]:
        ordered, places = torch.stack(_views(planes, windows)).sort(dim=0, stable=True)
        ranks = torch.tensor(windows.ranks, device=padded.device).reshape(-1, 1, 1, 1, 1)
        if absent:
            last = (torch.isfinite(ordered).sum(0) - 1).clamp(min=0)
            ranks = torch.minimum(ranks, last[None])
        ranks = ranks.expand(len(windows.ranks), *ordered.shape[1:])
        at_ranks = ordered.gather(0, ranks)
        # The first entry of its value, as the compiled core has it: equal ends come from the same entry.
        if not apart:
            rows = (x.movedim(0, -1).contiguous() for x in (ordered, at_ranks))
            ranks = torch.searchsorted(*rows).movedim(-1, 0)
        entries.append(places.gather(0, ranks).movedim(0, 1).to(kind))
        ends = at_ranks.movedim(0, 1)
        high = ends[:, windows.highs]
        low = ends[:, [max(0, k) for k in windows.lows]]
        is_value = torch.tensor([k < 0 for k in windows.lows], device=padded.device).reshape(-1, 1, 1, 1)
        values.append(torch.where(is_value, high, torch.where(high == low, 0, high - low)))
    return torch.cat(values), torch.cat(entries)


@torch.library.custom_op("topolens::rank_ranges_scatter", mutates_args=())
def _scatter(gradient: Tensor, entries: Tensor, sides: list[int], values: Tensor | None, flat: list[int]) -> Tensor:
    """What a gradient at the values of `rank_ranges` is at the planes, shape (planes, *sides)."""
    windows = windows_of(flat)
    if gradient.device.type == "cpu":
        return window_scatter(gradient, entries, (sides[0], sides[1], sides[2]), values, _lists(windows, sides))
    out = gradient.new_zeros(len(gradient), *sides)
    for view, weights in zip(_views(out, windows), _weights(entries, values, windows, gradient.dtype), strict=True):
        view += (weights * gradient).sum(1)
    return out


@_scatter.register_fake
def _(gradient: Tensor, entries: Tensor, sides: list[int], values: Tensor | None, flat: list[int]) -> Tensor:
    return gradient.new_empty(len(gradient), *sides)


@torch.library.custom_op("topolens::rank_ranges_gather", mutates_args=())
def _gather(field: Tensor, entries: Tensor, values: Tensor | None, flat: list[int]) -> Tensor:
    """The adjoint of `_scatter`: values of ranges (planes, ranges, *out) of a field on the planes."""
    windows = windows_of(flat)
    if field.device.type == "cpu":
        return window_gather(field, entries, values, _lists(windows, field.shape[1:]))
    out = field.new_zeros(len(field), len(windows.lows), *windows.out)
    for view, weights in zip(_views(field, windows), _weights(entries, values, windows, field.dtype), strict=True):
        out += weights * view[:, None]
    return out


@_gather.register_fake
def _(field: Tensor, entries: Tensor, values: Tensor | None, flat: list[int]) -> Tensor:
    windows = windows_of(flat)
    return field.new_empty(len(field), len(windows.lows), *windows.out)


def _weights(entries: Tensor, values: Tensor | None, windows: Windows, dtype: torch.dtype) -> list[Tensor]:
    """For every entry of a window its share in all ranges, each (planes, ranges, *out)."""
    places = entries.to(torch.int64)
    high, low = places[:, windows.highs], places[:, [max(0, k) for k in windows.lows]]
    has_low = torch.tensor([k >= 0 for k in windows.lows], device=entries.device).reshape(-1, 1, 1, 1)
    lives = ~(has_low & (high == low))
    if values is None:
        return [
            (lives & (high == j)).to(dtype) - (lives & has_low & (low == j)).to(dtype)
            for j in range(len(windows.offsets))
        ]
    views = [view[:, None] for view in _views(values, windows)]
    shares = []
    for end, counts in ((high, lives), (low, lives & has_low)):
        value = sum(torch.where(end == j, view, 0) for j, view in enumerate(views))
        equal = sum((view == value).to(dtype) for view in views)
        shares.append((value, counts.to(dtype) / equal))
    (most, of_most), (least, of_least) = shares
    return [(view == most) * of_most - (view == least) * of_least for view in views]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    padded, ctx.flat, _, ties = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.sides = list(padded.shape[1:])
    ctx.save_for_backward(output[1], padded if ties == "shared" else None)


def _pull_back(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    entries, values = ctx.saved_tensors
    return _scatter(gradient, entries, ctx.sides, values, ctx.flat), None, None, None


def _keep_scatter(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    _, entries, _, values, ctx.flat = inputs
    ctx.save_for_backward(entries, values)


def _pull_back_scatter(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    return _gather(gradient, *ctx.saved_tensors, ctx.flat), None, None, None, None


def _keep_gather(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    field, entries, values, ctx.flat = inputs
    ctx.sides = list(field.shape[1:])
    ctx.save_for_backward(entries, values)


def _pull_back_gather(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    entries, values = ctx.saved_tensors
    return _scatter(gradient, entries, ctx.sides, values, ctx.flat), None, None, None


rank_ranges.register_autograd(_pull_back, setup_context=_keep)
_scatter.register_autograd(_pull_back_scatter, setup_context=_keep_scatter)
_gather.register_autograd(_pull_back_gather, setup_context=_keep_gather)
