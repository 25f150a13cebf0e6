"""Means of values measured for every seed and every image, with intervals that count both as drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats


class Mean(NamedTuple):
    """A mean with its 95 % interval, and the p-value of it being 0."""

    mean: float
    interval: tuple[float, float]
    p_value: float

    @property
    def span(self) -> str:
        """The interval in words."""
        return f"{self.interval[0]:.3f} to {self.interval[1]:.3f}"

    @property
    def told(self) -> str:
        """The mean with its interval in words."""
        return f"{self.mean:.3f} ({self.span})"


def crossed(values: np.ndarray) -> Mean:
    """The mean of a table of seeds and images, both drawn from more.

    Half the interval is the root of the sum of two squares: Student's half for the means of seeds, and that for the
    means of images. What belongs to one seed and one image alone is counted in both, which errs on the wide side.

    Args:
        values: One for each seed and image, shape (seeds, images).

    Raises:
        ValueError: If there are fewer than two seeds or images.
    """
    errors = _errors(values)
    mean, half = float(values.mean()), _half(0.05, values.shape, errors)
    if half == 0:
        return Mean(mean, (mean, mean), float(mean == 0))
    low, high = -700.0, 0.0  # logarithms: the p-value is where half of its interval is the mean
    while high - low > 1e-9:
        middle = (low + high) / 2
        wide = _half(float(np.exp(middle)), values.shape, errors) > abs(mean)
        low, high = (middle, high) if wide else (low, middle)
    return Mean(mean, (mean - half, mean + half), float(np.exp(high)))


def difference(first: np.ndarray, second: np.ndarray) -> Mean:
    """The mean of `first - second`, tables of values from 0 to 1; its interval is never empty and within -1 and 1.

    Args:
        first: One value for each seed and image, shape (seeds, images), from 0 to 1.
        second: The same of another model or attack.

    Raises:
        ValueError: If there are fewer than two seeds or images.
    """
    found = crossed(first - second)
    low, high = found.interval
    if low == high:  # equal differences tell no more than their number of images does
        t = float(stats.t.ppf(0.975, first.shape[1] - 1))
        low, high = low - t**2 / (first.shape[1] + t**2), high + t**2 / (first.shape[1] + t**2)
    return found._replace(interval=(max(-1.0, low), min(1.0, high)))


def share(values: np.ndarray) -> Mean:
    """The same for values from 0 to 1: Wilson's interval for as many independent trials as have that variance.

    Where all values are equal, the trials are the images: equal ones tell nothing of how seeds differ.

    Args:
        values: One for each seed and image, shape (seeds, images), from 0 to 1.

    Raises:
        ValueError: If there are fewer than two seeds or images.
    """
    errors, mean = _errors(values), float(values.mean())
    error = float(np.hypot(*errors))
    t = _half(0.05, values.shape, errors) / error if error else float(stats.t.ppf(0.975, values.shape[1] - 1))
    trials = mean * (1 - mean) / error**2 if error else values.shape[1]
    middle, half = mean + t**2 / (2 * trials), t * np.sqrt(mean * (1 - mean) / trials + t**2 / (4 * trials**2))
    low, high = (float((middle + sign * half) / (1 + t**2 / trials)) for sign in (-1, 1))
    return Mean(mean, (max(0.0, low), min(1.0, high)), float("nan"))


def _errors(values: np.ndarray) -> tuple[float, float]:
    """The standard errors of the mean by seeds and by images."""
    seeds, images = values.shape if values.ndim == 2 else (0, 0)
    if min(seeds, images) < 2:
        raise ValueError(f"values must be of at least 2 seeds and 2 images, got shape {values.shape}")
    if np.ptp(values) == 0:  # where sums of equal values would round
        return 0.0, 0.0
    return tuple(float(values.mean(axis).std(ddof=1) / np.sqrt(values.shape[1 - axis])) for axis in (1, 0))  # type: ignore[return-value]


def _half(p: float, shape: tuple[int, ...], errors: tuple[float, float]) -> float:
    return float(np.hypot(*(stats.t.isf(p / 2, count - 1) * error for count, error in zip(shape, errors, strict=True))))
