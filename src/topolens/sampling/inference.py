"""From a number and its references to what may be said: p-values, intervals, corrections."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from scipy.special import stdtrit
from torch import Tensor

from topolens.diagrams import Diagrams

EULER_MASCHERONI = 0.5772156649015329


class Interval(NamedTuple):
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float


def null_p_value(value: float, nulls: Sequence[float], larger: bool = True) -> float:
    """Share of nulls at least as extreme as the value, which counts as one of them: (1 + count) / (1 + nulls).

    Args:
        value: What was measured.
        nulls: The same on data without the structure in question.
        larger: Whether large values are the extreme ones.

    Raises:
        ValueError: If there are no nulls, or something is NaN.

    Source: "Permutation p-values should never be zero", 2010. The smallest value is 1 / (1 + nulls).

    Example:
        >>> null_p_value(3.0, [1.0, 2.0, 4.0])
        0.5
    """
    if not nulls:
        raise ValueError("there must be at least one null to hold a value against")
    if any(math.isnan(x) for x in (value, *nulls)):
        raise ValueError("value and nulls must be numbers, got NaN among them")
    extreme = sum(null >= value if larger else null <= value for null in nulls)
    return (1 + extreme) / (1 + len(nulls))


def subsample_interval(
    statistic: Callable[[Tensor], float],
    n: int,
    *,
    share: float = 0.8,
    draws: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The statistic of all samples, and how much it moves over subsamples, scaled to their number.

    Args:
        statistic: Gives a number for the samples of these numbers, shape (m,), sorted.
        n: How many samples there are, at least 2.
        share: Of the samples in each draw, in (0, 1).
        draws: How many subsamples, without replacement each.
        level: Of the interval.
        seed: Of the draws.

    Returns:
        Ends are `value` minus quantiles of the draws' deviations, each deviation times sqrt(m / (n - m)): the error of
        a mean over n of which m were drawn without replacement. For statistics that do not settle like means read it as
        an indication.

    Raises:
        ValueError: If there are fewer than 2 samples or draws, or a share or level lies outside (0, 1).

    Source: "Subsampling", 1999, sections 2.2 and 2.4; the factor is that of a finite population.
    """
    value, moved = _moved(statistic, n, (share, level), draws, seed)
    low, high = moved.quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)).tolist()
    return Interval(value, value - high, value - low)


def student_interval(
    statistic: Callable[[Tensor], float],
    n: int,
    *,
    share: float = 0.8,
    draws: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The same by the spread of the deviations and Student's law, even about the value.

    Quantiles of 20 draws miss the value in one of eight cases rather than one of twenty: where a verdict rests on an
    end of the interval, take this one.

    Args:
        statistic, n, share, draws, level, seed: As in `subsample_interval`.

    Raises:
        ValueError: As there.

    Source: "The probable error of a mean", 1908, for the law; "Subsampling", 1999, section 2.2, for the draws.
    """
    value, moved = _moved(statistic, n, (share, level), draws, seed)
    half = float(stdtrit(draws - 1, (1 + level) / 2)) * float(moved.std())
    return Interval(value, value - half, value + half)


def _moved(
    statistic: Callable[[Tensor], float], n: int, shares: tuple[float, float], draws: int, seed: int
) -> tuple[float, Tensor]:
    """The statistic of all samples, and the deviations of subsamples from it on the scale of its error."""
    share, level = shares
    if n < 2 or draws < 2 or not 0 < share < 1 or not 0 < level < 1:
        raise ValueError(
            "there must be 2 samples and draws at least, share and level within (0, 1), got "
            f"n={n}, draws={draws}, share={share}, level={level}"
        )
    size = min(max(round(share * n), 1), n - 1)
    generator = torch.Generator().manual_seed(seed)
    value = float(statistic(torch.arange(n)))
    found = [statistic(torch.randperm(n, generator=generator)[:size].sort().values) for _ in range(draws)]
    return value, (torch.tensor(found, dtype=torch.float64) - value) * math.sqrt(size / (n - size))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's p-values: what is left of each when all of them are looked at; same order as given.

    Source: "A simple sequentially rejective multiple test procedure", 1979.

    Example:
        >>> holm([0.01, 0.5, 0.02])
        [0.03, 0.5, 0.04]
    """
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = worst
    return adjusted


def bar_p_values(diagrams: Diagrams, cech: bool = False) -> Tensor:
    """A p-value for each bar of dimension 1 and more: how likely noise alone is to give so large a death / birth.

    For bars of noise, A log log(death / birth) minus the mean of these over the diagram follows the same left-skewed
    Gumbel law whatever the density behind the points. A = 1 for Rips, 1/2 for Cech and alpha complexes.

    Args:
        diagrams: Bars of a Rips (alpha) filtration of point clouds; each diagram and dimension is judged on its own.
        cech: Whether they come from a Cech or alpha filtration, in radii (not squared).

    Returns:
        Shape (bars,), float64. 1 for bars of dimension 0, for bars born at 0, and where a diagram has fewer than ten
        bars of that dimension: then there is no law to speak of. Bars that never die have 0 where others have a value.

    Raises:
        ValueError: If a birth is negative.

    Cost: a pass over the bars. The values are of single bars: correct them for their number, for instance by `holm`.
    Source: "A universal null-distribution for topological data analysis", 2023, sections 2 and 3: a conjecture, backed
        by experiments; bars that are signal make the mean larger and so the test a little timid.
    """
    births, deaths = diagrams.intervals.detach().to("cpu", torch.float64).T
    if (births < 0).any():
        raise ValueError("births must not be negative; give bars of a filtration by distance")
    p = torch.ones(len(births), dtype=torch.float64)
    groups = diagrams.batch.cpu() * (int(diagrams.dim.max()) + 1 if len(births) else 1) + diagrams.dim.cpu()
    judged = (diagrams.dim.cpu() > 0) & (births > 0) & (deaths > births)
    for group in groups[judged].unique():
        own = judged & (groups == group)
        finite = own & torch.isfinite(deaths)
        if int(finite.sum()) < 10:
            continue
        loglog = (deaths[finite] / births[finite]).log().log()
        scale = 0.5 if cech else 1.0
        p[finite] = torch.exp(-torch.exp(scale * (loglog - loglog.mean()) - EULER_MASCHERONI))
        p[own & torch.isinf(deaths)] = 0.0
    return p
