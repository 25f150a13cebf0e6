"""Covers: overlapping boxes in the space of the lenses, and the points that lie in each."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor

CONVENTIONS = ("spanning", "cell")
MOST_MEMBERSHIPS = 500_000_000


class Cover(NamedTuple):
    """The non-empty boxes of a cover: box c holds the points members[offsets[c]:offsets[c + 1]], rows rising."""

    members: Tensor  # (memberships,) int64 rows of the lens
    offsets: Tensor  # (boxes + 1,) int64
    cells: Tensor  # (boxes,) int64 number of each box, rising; the last lens counts fastest
    lengths: tuple[float, ...]  # length of an interval per lens, in the lens's unit


def cover(
    lens: Tensor,
    resolution: int | Sequence[int] = 30,
    gain: float | Sequence[float] = 3.0,
    convention: str = "spanning",
) -> Cover:
    """Points in each box of a uniform product cover.

    Along each lens lie `resolution` closed intervals of equal length, `gain` times their step apart from start
    to end: neighbours share the fraction 1 - 1 / gain of their length. A box is a product of intervals.

    Args:
        lens: Lens values, shape (n, lenses), 1 to 3 lenses.
        resolution: Intervals per lens, at least 1; one number for all lenses or one each.
        gain: Interval length over step, at least 1; one number for all lenses or one each. With 1 only points
            on a border lie in two intervals.
        convention: "spanning": the intervals exactly fill the range, length = range / (1 + (resolution - 1) / gain).
            "cell": cells of width range / resolution, each widened about its middle, length = gain * range /
            resolution; the outer intervals then reach past the data.

    Returns:
        Boxes that hold a point, in the order of their number, on the CPU. Every point lies in at least one. Borders
        belong to both sides, up to 1e-9 of the range. A lens of one value only has one interval, of length 0.

    Raises:
        TypeError: If `lens` is no floating-point tensor.
        ValueError: If its shape is not (n, 1 to 3), an entry is NaN or infinite, a setting lies outside its range,
            or the memberships would not fit in memory.

    Cost: O(m log m) for m memberships, about n * gain^lenses.
    Source: "Topological methods for the analysis of high dimensional data sets and 3D object recognition", 2007;
        resolution and gain as in "Exposition and interpretation of the topology of neural networks", 2019.

    Example:
        >>> boxes = cover(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), resolution=2, gain=2.0)   # [0, 2] and [1, 3]
        >>> boxes.members, boxes.offsets
        (tensor([0, 1, 2, 1, 2, 3]), tensor([0, 3, 6]))
    """
    check_no_nan("lens", check_tensor("lens", lens, ("n", "lenses"), "for one lens pass lens[:, None]"))
    n, lenses = lens.shape
    if not 1 <= lenses <= 3:
        raise ValueError(f"lens must have 1 to 3 columns, got {lenses}; choose the most telling ones")
    if convention not in CONVENTIONS:
        raise ValueError(f'convention must be "spanning" or "cell", got {convention!r}')
    counts = [_whole(x) for x in _per_lens("resolution", resolution, lenses)]
    gains = [_gain(x) for x in _per_lens("gain", gain, lenses)]
    values = lens.detach().to("cpu", torch.float64).numpy()
    axes = [_intervals(x, count, g, convention) for x, count, g in zip(values.T, counts, gains, strict=True)]
    if max(n, 1) * math.prod(counts) >= 2**62:
        raise ValueError(f"the cover has {math.prod(counts)} boxes, too many to number; lower resolution")
    return _boxes([(first, last) for first, last, _ in axes], counts, tuple(length for _, _, length in axes))


def _per_lens(name: str, given: float | Sequence[float], lenses: int) -> Sequence[float]:
    """The setting of each lens."""
    if not isinstance(given, Sequence):
        return [given] * lenses
    if len(given) != lenses:
        raise ValueError(f"{name} must be one number or one per lens, got {len(given)} numbers for {lenses} lenses")
    return given


def _whole(resolution: float) -> int:
    if not isinstance(resolution, int) or resolution < 1:
        raise ValueError(f"resolution must be an integer of at least 1, got {resolution!r}")
    return resolution


def _gain(gain: float) -> float:
    if not 1 <= gain < math.inf:
        raise ValueError(f"gain must be at least 1 (1 means no overlap, 3 means two thirds), got {gain}")
    return float(gain)


def _intervals(x: np.ndarray, count: int, gain: float, convention: str) -> tuple[np.ndarray, np.ndarray, float]:
    """First and last interval each value lies in, and the length of an interval."""
    low, high = (float(x.min()), float(x.max())) if len(x) else (0.0, 0.0)
    span = high - low
    if not math.isfinite(span):
        raise ValueError(f"lens must have a finite range, got values from {low} to {high}; clip or remove them first")
    if span == 0:
        only = np.zeros(len(x), np.int64)
        return only, only, 0.0
    # In units of the step, interval i is [i - start, i - start + gain].
    steps, start = (count - 1 + gain, 0.0) if convention == "spanning" else (float(count), (gain - 1) / 2)
    place = (x - low) / span * steps + start
    slack = 1e-9 * steps
    first = np.ceil(place - gain - slack).clip(0, count - 1).astype(np.int64)
    last = np.floor(place + slack).clip(0, count - 1).astype(np.int64)
    return first, last, gain * (span / steps)


def _boxes(ranges: list[tuple[np.ndarray, np.ndarray]], counts: list[int], lengths: tuple[float, ...]) -> Cover:
    """Every point listed in every box of its rectangle of intervals, sorted by box, then point."""
    n = len(ranges[0][0])
    widths = [last - first + 1 for first, last in ranges]
    total = float(np.prod([width.astype(np.float64) for width in widths], axis=0).sum())
    if total > MOST_MEMBERSHIPS:
        raise ValueError(f"the cover would hold {total:.0f} memberships of {n} points; lower gain or use fewer lenses")
    boxes = np.prod(widths, axis=0)
    point = np.repeat(np.arange(n), boxes)
    within = np.arange(len(point)) - (np.cumsum(boxes) - boxes)[point]
    number, stride = np.zeros_like(point), 1
    for (first, _), width, count in reversed(list(zip(ranges, widths, counts, strict=True))):
        within, along = np.divmod(within, width[point])
        number += (first[point] + along) * stride
        stride *= count
    box, members = np.divmod(np.sort(number * n + point), max(n, 1))
    starts = np.flatnonzero(np.diff(box, prepend=-1))
    offsets = np.append(starts, len(box))
    return Cover(torch.from_numpy(members), torch.from_numpy(offsets), torch.from_numpy(box[starts]), lengths)
