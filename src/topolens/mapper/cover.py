"""Covers: overlapping boxes in the space of the lenses, and the points that lie in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor

CONVENTIONS = ("spanning", "cell")
MOST_MEMBERSHIPS = 500_000_000
AT_A_TIME = 1 << 11  # points whose boxes are numbered at once: what bounds the memory beside the result
T = TypeVar("T")
Ranges = list[tuple[np.ndarray, np.ndarray]]  # per lens the first and the last interval that each value lies in


class Cover(NamedTuple):
    """The non-empty boxes of a cover: box c holds the points members[offsets[c]:offsets[c + 1]], rows rising."""

    members: Tensor  # (memberships,) int64 rows of the lens
    offsets: Tensor  # (boxes + 1,) int64
    cells: Tensor  # (boxes,) int64 number of each box, rising; the last lens counts fastest
    lengths: tuple[float, ...]  # length of an interval per lens, in the lens's unit
    place: Callable[[Tensor], Cover] | None = None  # the boxes that other values lie in, None where no rule says so


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
    values = lens_columns(lens)
    if convention not in CONVENTIONS:
        raise ValueError(f'convention must be "spanning" or "cell", got {convention!r}')
    counts, gains = per_lens("resolution", resolution, values, whole), per_lens("gain", gain, values, at_least_one)
    axes = [Intervals.over(x, count, g, convention) for x, count, g in zip(values.T, counts, gains, strict=True)]
    return boxes(axes, values)


@dataclass(frozen=True)
class Intervals:
    """Intervals of equal length along one lens: interval i is [i - start, i - start + gain] steps above `low`."""

    low: float
    span: float
    steps: float
    start: float
    gain: float
    count: int

    @classmethod
    def over(cls, x: np.ndarray, count: int, gain: float, convention: str) -> Intervals:
        """The intervals that cover the values."""
        low, high = (float(x.min()), float(x.max())) if len(x) else (0.0, 0.0)
        if not math.isfinite(high - low):
            raise ValueError(
                f"lens must have a finite range, got values from {low} to {high}; clip or remove them first"
            )
        steps, start = (count - 1 + gain, 0.0) if convention == "spanning" else (float(count), (gain - 1) / 2)
        return cls(low, high - low, steps, start, gain, count)

    @property
    def length(self) -> float:
        """Length of an interval in the unit of the lens."""
        return self.gain * (self.span / self.steps)

    def ranges(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last interval each value lies in; the last below the first where it lies outside all."""
        if self.span == 0:
            inside = np.where(x == self.low, 0, -1)
            return np.zeros(len(x), np.int64), inside
        place = (x - self.low) / self.span * self.steps + self.start
        slack = 1e-9 * self.steps
        within = (place >= -slack) & (place <= self.count - 1 + self.gain + slack)
        first = np.ceil(place - self.gain - slack).clip(0, self.count - 1).astype(np.int64)
        last = np.floor(place + slack).clip(0, self.count - 1).astype(np.int64)
        return first, np.where(within, last, first - 1)


def lens_columns(lens: Tensor) -> np.ndarray:
    """Lens values as float64 on the CPU, checked."""
    check_no_nan("lens", check_tensor("lens", lens, ("n", "lenses"), "for one lens pass lens[:, None]"))
    lenses = lens.shape[1]
    if not 1 <= lenses <= 3:
        raise ValueError(f"lens must have 1 to 3 columns, got {lenses}; choose the most telling ones")
    return lens.detach().to("cpu", torch.float64).numpy()


def per_lens(name: str, given: float | Sequence[float], values: np.ndarray, check: Callable[[float], T]) -> list[T]:
    """The setting of each lens."""
    lenses = values.shape[1]
    if not isinstance(given, Sequence):
        return [check(given)] * lenses
    if len(given) != lenses:
        raise ValueError(f"{name} must be one number or one per lens, got {len(given)} numbers for {lenses} lenses")
    return [check(x) for x in given]


def whole(resolution: float) -> int:
    """A resolution, if it is one."""
    if not isinstance(resolution, int) or resolution < 1:
        raise ValueError(f"resolution must be an integer of at least 1, got {resolution!r}")
    return resolution


def at_least_one(gain: float) -> float:
    """A gain, if it is one."""
    if not 1 <= gain < math.inf:
        raise ValueError(f"gain must be at least 1 (1 means no overlap, 3 means two thirds), got {gain}")
    return float(gain)


def boxes(axes: Sequence, values: np.ndarray) -> Cover:
    """Boxes of a product of intervals; an axis has `count`, `length` and `ranges`."""
    counts = [axis.count for axis in axes]
    if max(len(values), 1) * math.prod(counts) >= 2**62:
        raise ValueError(f"the cover has {math.prod(counts)} boxes, too many to number; lower resolution")
    ranges = [axis.ranges(x) for axis, x in zip(axes, values.T, strict=True)]
    members, offsets, cells = by_box(*_numbers(ranges, counts), math.prod(counts))
    return Cover(members, offsets, cells, tuple(axis.length for axis in axes), partial(_placed, axes))


def _placed(axes: Sequence, lens: Tensor) -> Cover:
    return boxes(axes, lens_columns(lens))


def _numbers(ranges: Ranges, counts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Boxes per point, and their numbers, point after point: every box of its rectangle of intervals."""
    n = len(ranges[0][0])
    widths = [(last - first + 1).clip(0) for first, last in ranges]
    total = float(np.prod([width.astype(np.float64) for width in widths], axis=0).sum())
    if total > MOST_MEMBERSHIPS:
        raise ValueError(f"the cover would hold {total:.0f} memberships of {n} points; lower gain or use fewer lenses")
    each = np.prod(widths, axis=0)
    numbers = np.zeros(int(total), np.int32 if math.prod(counts) < 2**31 else np.int64)
    end = 0
    for begin in range(0, n, AT_A_TIME):
        some = slice(begin, begin + AT_A_TIME)
        point = np.repeat(np.arange(len(each[some])), each[some])
        within = np.arange(len(point)) - (np.cumsum(each[some]) - each[some])[point]
        own, stride = numbers[end : end + len(point)], 1
        for (first, _), width, count in reversed(list(zip(ranges, widths, counts, strict=True))):
            within, along = np.divmod(within, width[some][point])
            own += ((first[some][point] + along) * stride).astype(numbers.dtype)
            stride *= count
        end += len(point)
    return each, numbers


def by_box(each: np.ndarray, number: np.ndarray, total: int) -> tuple[Tensor, Tensor, Tensor]:
    """Members, offsets and cells from the boxes of each point, `each` so many, numbered below `total`."""
    rows, names = np.concatenate([[0], np.cumsum(each)]), None
    if total > max(4 * len(number), 1 << 20):  # mostly empty: number the others anew
        names, number = np.unique(number, return_inverse=True)
        total = len(names)
    # A sparse matrix of points by boxes, turned over: scipy's counting sort.
    listed = sparse.csr_array((np.ones(len(number), np.int8), number, rows), shape=(len(each), total)).tocsc()
    sizes = np.diff(listed.indptr)
    found = np.flatnonzero(sizes)
    offsets = np.append(0, np.cumsum(sizes[found])).astype(np.int64)
    cells = found if names is None else names[found]
    return (
        torch.from_numpy(listed.indices.astype(np.int64)),
        torch.from_numpy(offsets),
        torch.from_numpy(cells.astype(np.int64)),
    )


def precomputed_cover(sets: Sequence[Tensor], n: int) -> Cover:
    """A cover whose sets are given: box c holds the points sets[c].

    Args:
        sets: Rows of the points of each set, int64 tensors; an empty set is left out, a row may lie in many or none.
        n: Number of points.

    Returns:
        The cover; its boxes are numbered as the sets are. It says nothing of other points.

    Raises:
        ValueError: If a row lies outside [0, n) or stands twice in one set.

    Example:
        >>> precomputed_cover([torch.tensor([2, 0]), torch.tensor([1, 2])], n=3).members
        tensor([0, 2, 1, 2])
    """
    rows = [torch.as_tensor(x, dtype=torch.int64).flatten().cpu().sort().values for x in sets]
    for place, x in enumerate(rows):
        if len(x) and (int(x[0]) < 0 or int(x[-1]) >= n or bool((x[1:] == x[:-1]).any())):
            raise ValueError(f"sets must hold each row of [0, {n}) at most once, set {place} does not")
    kept = [place for place, x in enumerate(rows) if len(x)]
    members = torch.cat([rows[place] for place in kept]) if kept else torch.zeros(0, dtype=torch.int64)
    offsets = torch.tensor([0, *(len(rows[place]) for place in kept)]).cumsum(0)
    return Cover(members, offsets, torch.tensor(kept, dtype=torch.int64), ())
