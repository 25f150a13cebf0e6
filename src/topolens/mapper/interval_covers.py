"""Covers whose intervals follow the values of the lens: by rank, and split where a bump shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr
from torch import Tensor

from topolens._checks import check_positive
from topolens.mapper.cover import Cover, Intervals, at_least_one, boxes, lens_columns, per_lens, whole

FEWEST = 8  # values below which the Anderson-Darling statistic says nothing


@dataclass(frozen=True)
class Ranked:
    """Intervals of equal numbers of points: a uniform cover of the ranks."""

    values: np.ndarray  # the different values, rising
    ranks: np.ndarray  # the mean rank of each
    of_ranks: Intervals

    @property
    def count(self) -> int:
        """Number of intervals."""
        return self.of_ranks.count

    @property
    def length(self) -> float:
        """Length of an interval in ranks."""
        return self.of_ranks.length

    def ranges(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last interval each value lies in."""
        if not len(self.values):
            return np.zeros(len(x), np.int64), np.full(len(x), -1)
        return self.of_ranks.ranges(np.interp(x, self.values, self.ranks, left=-math.inf, right=math.inf))


def quantile_cover(lens: Tensor, resolution: int | Sequence[int] = 30, gain: float | Sequence[float] = 3.0) -> Cover:
    """Points in each box of a product cover whose intervals hold equally many points.

    A value's rank is the mean rank of all points that have it, and the ranks are covered as `cover` covers values:
    equal values fall together, whatever their number. For lenses with a long tail, such as norms and losses.

    Args:
        lens: Lens values, shape (n, lenses), 1 to 3 lenses.
        resolution: Intervals per lens, at least 1; one number for all lenses or one each.
        gain: Interval length over step in ranks, at least 1; one number for all lenses or one each.

    Returns:
        As `cover`; `lengths` are in ranks. Other values are placed by interpolated ranks.

    Raises:
        TypeError: If `lens` is no floating-point tensor.
        ValueError: As `cover`.

    Cost: as `cover`, and a sort per lens.

    Example:
        >>> import torch
        >>> boxes = quantile_cover(torch.tensor([[0.0], [1.0], [2.0], [900.0]]), resolution=2, gain=2.0)
        >>> boxes.members, boxes.offsets
        (tensor([0, 1, 2, 1, 2, 3]), tensor([0, 3, 6]))
    """
    values = lens_columns(lens)
    counts, gains = per_lens("resolution", resolution, values, whole), per_lens("gain", gain, values, at_least_one)
    axes = []
    for x, count, g in zip(values.T, counts, gains, strict=True):
        Intervals.over(x, count, g, "spanning")  # refuses an infinite range
        different, times = np.unique(x, return_counts=True)
        ranks = np.cumsum(times) - (times - 1) / 2  # mean ranks of equal values
        axes.append(Ranked(different, ranks, Intervals.over(ranks, count, g, "spanning")))
    return boxes(axes, values)


@dataclass(frozen=True)
class Given:
    """Closed intervals with rising starts and ends."""

    starts: np.ndarray
    ends: np.ndarray

    @property
    def count(self) -> int:
        """Number of intervals."""
        return len(self.starts)

    @property
    def length(self) -> float:
        """Mean length of an interval."""
        return float((self.ends - self.starts).mean())

    def ranges(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last interval each value lies in."""
        return np.searchsorted(self.ends, x, "left"), np.searchsorted(self.starts, x, "right") - 1


def gmapper_cover(lens: Tensor, threshold: float = 10.0, overlap: float = 0.1, most: int = 100, seed: int = 0) -> Cover:
    """Points in each box of a cover that splits an interval as long as its values are not one normal bump.

    From one interval on, the interval whose values have the largest Anderson-Darling statistic against a normal
    distribution is split between the two parts of a Gaussian mixture fitted to them. Several lenses are split one by
    one, and a box is a product of intervals.

    Args:
        lens: Lens values, shape (n, lenses), 1 to 3 lenses.
        threshold: Statistic, corrected for the number of values, up to which an interval is left whole, above 0.
        overlap: How far the two parts reach into each other, as a share of the distance of their means, at least 0.
        most: Largest number of intervals per lens, at least 1.
        seed: Where the mixture starts from.

    Returns:
        As `cover`; `lengths` are the mean lengths of the intervals.

    Raises:
        TypeError: If `lens` is no floating-point tensor.
        ValueError: If its shape is not (n, 1 to 3), an entry is NaN or infinite, or a setting is out of range.

    Cost: a sort and a mixture fit of the values of each interval.
    Source: "G-Mapper: learning a cover in the Mapper construction", 2023; written from its definitions. Intervals are
        widened where needed so that their ends rise with their starts.
    """
    values = lens_columns(lens)
    check_positive("threshold", threshold)
    if not 0 <= overlap < math.inf:
        raise ValueError(f"overlap must be at least 0, got {overlap}")
    if not isinstance(most, int) or most < 1:
        raise ValueError(f"most must be an integer of at least 1, got {most!r}")
    return boxes([_split(np.sort(x), threshold, overlap, most, seed) for x in values.T], values)


def _split(x: np.ndarray, threshold: float, overlap: float, most: int, seed: int) -> Given:
    """The intervals along one lens, from its sorted values."""
    low, high = (float(x[0]), float(x[-1])) if len(x) else (0.0, 0.0)
    if not math.isfinite(high - low):
        raise ValueError(f"lens must have a finite range, got values from {low} to {high}; clip or remove them first")
    done: list[tuple[float, float]] = []
    open_: list[tuple[float, float, float]] = [(anderson_darling(x), low, high)]
    while open_ and len(done) + len(open_) < most:
        open_.sort()
        statistic, start, end = open_.pop()
        inside = x[np.searchsorted(x, start, "left") : np.searchsorted(x, end, "right")]
        ends = None if statistic <= threshold else _two_parts(inside, overlap, seed)
        if ends is None or not start < ends[1] <= ends[0] < end:
            done.append((start, end))
            continue
        for part in ((start, ends[0]), (ends[1], end)):
            own = x[np.searchsorted(x, part[0], "left") : np.searchsorted(x, part[1], "right")]
            open_.append((anderson_darling(own), *part))
    found = np.array(sorted([*done, *((start, end) for _, start, end in open_)]))
    return Given(found[:, 0], np.maximum.accumulate(found[:, 1]))


def _two_parts(x: np.ndarray, overlap: float, seed: int) -> tuple[float, float] | None:
    """Right end of the left part and left end of the right part of a mixture of two normal distributions."""
    from sklearn.mixture import GaussianMixture

    centre, away = x.mean(), math.sqrt(2 / math.pi) * x.std()
    if away == 0:
        return None
    fitted = GaussianMixture(2, means_init=[[centre - away], [centre + away]], random_state=seed).fit(x[:, None])
    order = np.argsort(fitted.means_[:, 0])
    (m1, m2), (s1, s2) = fitted.means_[order, 0], np.sqrt(fitted.covariances_[order, 0, 0])
    left = min(m1 + (1 + overlap) * s1 / (s1 + s2) * (m2 - m1), m2)
    right = max(m2 - (1 + overlap) * s2 / (s1 + s2) * (m2 - m1), m1)
    return float(left), float(right)


def anderson_darling(x: np.ndarray) -> float:
    """How far sorted values are from a normal distribution of their mean and deviation; 0 for fewer than eight."""
    n = len(x)
    if n < FEWEST or x[0] == x[-1]:
        return 0.0
    z = (x - x.mean()) / x.std(ddof=1)
    weights = 2 * np.arange(1, n + 1) - 1
    statistic = -n - float((weights * (log_ndtr(z) + log_ndtr(-z[::-1]))).mean())
    return statistic * (1 + 4 / n - 25 / n**2)
