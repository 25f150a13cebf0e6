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
        return Diagrams(torch.stack([maps.flatten()] * 2, 1), none, none, none.new_zeros(0, 2), len(maps))
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


def leading(scores: Tensor, d: Diagrams, wanted: Tensor) -> Tensor:
    """Whether each bar is among the first `wanted` (n, dims) of its item and dimension by falling scores.

    Of equal scores the first in the order of bars lead. Only the score of the last that leads is looked for, in a fifth
    of the time of a sort.
    """
    key, number = d.batch * wanted.shape[1] + d.dim, wanted.flatten()
    have = torch.bincount(key, minlength=len(number))
    most = min(int(number.max()), int(have.max())) if len(key) else 0
    if most == 0:
        return torch.zeros_like(key, dtype=torch.bool)
    starts = have.cumsum(0) - have
    rows = scores.detach().new_full((len(number), int(have.max())), -torch.inf)
    rows[key, torch.arange(len(key), device=key.device) - starts[key]] = scores.detach()
    last = rows.topk(most).values.gather(1, number.clamp(1, most)[:, None] - 1)[:, 0]
    last = torch.where(number == 0, torch.inf, torch.where(number > have, -torch.inf, last))[key]
    above, level = scores.detach() > last, scores.detach() == last
    open_ = number - torch.bincount(key[above], minlength=len(number))
    before = level.cumsum(0) - level.long()
    return above | (level & (before - before[starts.clamp(max=len(key) - 1)][key] < open_[key]))


def sums(values: Tensor, d: Diagrams) -> Tensor:
    """Sum of one value for each bar over the bars of each item, shape (batch_size,)."""
    return values.new_zeros(d.batch_size).index_add(0, d.batch, values)
