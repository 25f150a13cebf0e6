"""Bars of maps of probability: what stands out of the ground as the level falls from 1 to 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.filtrations import cubical
from topolens.persistence import persistence


class Levels(NamedTuple):
    """How maps are filtered, and the dimensions of the bars that count."""

    construction: str
    frame: float | None
    dims: tuple[int, ...]


def check_levels(axes: int, construction: str, frame: float | None, dims: Sequence[int] | None) -> Levels:
    """The settings, if maps of so many axes have bars of these dimensions; None: of all they can have."""
    if construction not in ("V", "T"):
        raise ValueError(f'construction must be "V" or "T", got {construction!r}')
    chosen = tuple(range(axes)) if dims is None else tuple(dims)
    if not chosen or len(set(chosen)) < len(chosen) or any(k not in range(axes) for k in chosen):
        raise ValueError(f"dims must be different numbers from 0 to {axes - 1} for maps of {axes} axes, got {dims!r}")
    return Levels(construction, frame, chosen)


def class_bars(maps: Tensor, how: Levels) -> Diagrams:
    """Bars of maps (n, *S) as a batch of n: from the level at which each begins down to the one at which it ends.

    What never dies ends at 0, where the level stops. No pixel of a constant map stands out, so none has a gradient.
    """
    if not maps.numel():
        none = torch.zeros(0, dtype=torch.int64, device=maps.device)
        return Diagrams(maps.new_zeros(0, 2), none, none, none.new_zeros(0, 2), len(maps))
    flat = maps.detach().flatten(1)
    constant = (flat.amin(1) == flat.amax(1)).view(-1, *[1] * (maps.ndim - 1))
    filtration = cubical(
        torch.where(constant, maps.detach(), maps),
        construction=how.construction,
        superlevel=True,
        axes=maps.ndim - 1,
        frame=how.frame,
    )
    d = persistence(filtration, max_dim=max(how.dims))
    intervals = torch.where(torch.isinf(d.intervals.detach()), 0.0, d.intervals)
    counts = torch.isin(d.dim, torch.tensor(how.dims, device=d.dim.device))
    if bool(counts.all()):
        return Diagrams(intervals, d.dim, d.batch, d.cells, d.batch_size)
    return Diagrams(intervals[counts], d.dim[counts], d.batch[counts], d.cells[counts], d.batch_size)


def mask_counts(masks: Tensor, how: Levels) -> Tensor:
    """Betti numbers of masks (n, *S) of 0 and 1, shape (n, largest dimension + 1), 0 where they do not count."""
    d, top = class_bars(masks.detach(), how), max(how.dims) + 1
    key = (d.batch * top + d.dim)[d.persistence > 0]
    return torch.bincount(key, minlength=len(masks) * top).view(len(masks), top)


def places(scores: Tensor, d: Diagrams) -> Tensor:
    """Place of each bar, from 0 on, among those of its item and dimension in the order of falling scores."""
    top = int(d.dim.max()) + 1 if len(d) else 1
    key = d.batch * top + d.dim
    order = scores.detach().argsort(descending=True, stable=True)
    order = order[key[order].argsort(stable=True)]
    counts = torch.bincount(key, minlength=d.batch_size * top)
    starts = counts.cumsum(0) - counts
    out = torch.empty_like(order)
    out[order] = torch.arange(len(d), device=order.device) - starts[key[order]]
    return out


def sums(values: Tensor, d: Diagrams) -> Tensor:
    """Sum of one value for each bar over the bars of each item, shape (batch_size,)."""
    return values.new_zeros(d.batch_size).index_add(0, d.batch, values)
