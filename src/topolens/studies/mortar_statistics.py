"""What is more than luck: intervals over seeds, and paired differences drawn again image by image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

DRAWS = 10_000


class Estimate(NamedTuple):
    """A mean with its interval."""

    mean: float
    interval: tuple[float, float]


class Difference(NamedTuple):
    """A mean difference, its interval, the p-value of there being none, and in how many seeds it has its sign."""

    mean: float
    interval: tuple[float, float]
    p_value: float
    agreeing: int


def over_groups(values: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """The mean over groups of the means of their images, shape (seeds,), of values of shape (seeds, images)."""
    return values @ _shares(groups)


def over_seeds(means: np.ndarray) -> Estimate:
    """Mean and its 95 % interval by Student's t; of one seed alone the interval is empty of meaning, and so NaN."""
    mean, count = float(np.mean(means)), len(means)
    if count < 2:
        return Estimate(mean, (float("nan"), float("nan")))
    half = float(stats.t.ppf(0.975, count - 1) * np.std(means, ddof=1) / np.sqrt(count))
    return Estimate(mean, (mean - half, mean + half))


def paired(differences: np.ndarray, groups: Sequence[str], draws: int = DRAWS) -> Difference:
    """The bootstrap over images within their groups of paired differences.

    Images are the same in all seeds and for all losses, so they are drawn together; the seeds stay as they are. The
    interval and the p-value tell how sure the difference is for these networks on other images; `agreeing`, how far
    other seeds would give it.

    Args:
        differences: Of one loss minus another, shape (seeds, images).
        groups: Of each image; groups count alike, however many images they have. Images are drawn within them if each
            has two at least, else all together.
        draws: How often images are drawn.
    """
    count = len(groups)
    values = count * differences.mean(0) * _shares(groups)  # their plain mean is that of the groups
    mean = float(values.mean())
    # A group of one image has no spread to draw from: then groups themselves are what might have been others.
    strata = list(groups) if min(map(list(groups).count, groups)) > 1 else ["all"] * count
    generator = np.random.default_rng(0)
    drawn = np.full(draws, mean)
    for stratum in dict.fromkeys(strata):
        own = values[np.flatnonzero(np.array(strata) == stratum)]
        many = len(own)
        spread = np.sqrt(many / max(many - 1, 1)) * (own - own.mean())  # drawn again, few images vary too little
        drawn += generator.multinomial(many, np.full(many, 1 / many), draws) @ spread / count
    tails = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    low, high = np.quantile(drawn, [0.025, 0.975])
    agreeing = int((np.sign((differences @ _shares(groups)).round(12)) == np.sign(round(mean, 12))).sum())
    return Difference(mean, (float(low), float(high)), min(1.0, 2 * (tails + 1) / (draws + 1)), agreeing)


def _shares(groups: Sequence[str]) -> np.ndarray:
    sizes = {group: list(groups).count(group) for group in groups}
    return np.array([1 / (len(sizes) * sizes[group]) for group in groups])
