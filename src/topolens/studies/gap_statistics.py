"""How well numbers of trained networks tell their generalisation gaps, and whether chance or size would do as well."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.model_selection import RepeatedKFold

REPEATS = 5


class TTest(NamedTuple):
    """A 5 x 2 fold t-test.

    Args:
        t: Its statistic, with 5 degrees of freedom.
        p: Two-sided.
    """

    t: float
    p: float


class RankCorrelations(NamedTuple):
    """Agreement of two orders, from -1 to 1; NaN where one of them is constant.

    Args:
        spearman: Over all networks.
        kendall: Over all networks.
        kendall_within: Mean of Kendall's within each value of a setting.
    """

    spearman: float
    kendall: float
    kendall_within: float


def fold_scores(features: np.ndarray, gaps: np.ndarray, seed: int = 0) -> np.ndarray:
    """R^2 of least squares on the half that was left out, five times two halves, shape (5, 2).

    Args:
        features: Shape (networks, numbers); none: the mean of the other half is told.
        gaps: Shape (networks,).
        seed: Of the halves: equal seeds give equal halves, so that scores of two sets can be compared fold by fold.

    Returns:
        1 is right, 0 as good as the mean of the left-out half itself, and below it as bad as it gets.

    Raises:
        ValueError: If shapes do not fit, there are fewer than 8 networks, or a number is not finite.

    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 5.
    """
    x, y = _checked(features, gaps)
    return _fold_scores(x, y[:, None], seed)[..., 0]


def fold_predictions(features: np.ndarray, gaps: np.ndarray, seed: int = 0) -> np.ndarray:
    """What least squares tells of each network from the others' halves, a mean over five of them, shape (networks,).

    Args:
        features: As in `fold_scores`.
        gaps: As in `fold_scores`.
        seed: As in `fold_scores`.
    """
    x, y = _checked(features, gaps)
    total = np.zeros(len(y))
    for fit, held in _halves(len(y), seed):
        total[held] += _told(x, y, fit, held)
    return total / REPEATS


def left_out_scores(features: np.ndarray, gaps: np.ndarray, values: Sequence[object]) -> dict[object, float]:
    """R^2 on all networks with one value of a setting, told from all with another one.

    Args:
        features: Shape (networks, numbers).
        gaps: Shape (networks,).
        values: Of the setting, one per network; one value that has fewer than 3 networks is passed over.
    """
    x, y = _checked(features, gaps)
    found = {}
    for value in dict.fromkeys(values):
        held = np.array([own == value for own in values])
        if held.sum() >= 3 and (~held).sum() >= 3:
            found[value] = float(_r2(y[held], _told(x, y, ~held, held)))
    return found


def paired_t_test(first: np.ndarray, second: np.ndarray) -> TTest:
    """Dietterich's 5 x 2 fold t-test: whether one set of numbers tells more than another.

    Args:
        first: Scores of the folds, shape (5, 2), as of `fold_scores`.
        second: Of the other set, on the same folds.

    Returns:
        A positive t where the first is better. p is 1 where nowhere a difference is, and 0 where it is the same in all.

    Raises:
        ValueError: If a shape is not (5, 2).

    Source: "Approximate statistical tests for comparing supervised classification learning algorithms", 1998.

    Example:
        >>> folds = np.full((5, 2), 0.5)
        >>> paired_t_test(folds, folds)
        TTest(t=0.0, p=1.0)
    """
    if first.shape != (5, 2) or second.shape != (5, 2):
        raise ValueError(f"scores must have shape (5, 2), got {first.shape} and {second.shape}")
    gap = first - second
    spread = math.sqrt(((gap - gap.mean(1, keepdims=True)) ** 2).sum(1).mean())
    if spread == 0:
        return TTest(0.0, 1.0) if gap[0, 0] == 0 else TTest(math.copysign(math.inf, gap[0, 0]), 0.0)
    t = float(gap[0, 0]) / spread
    return TTest(t, float(2 * stats.t.sf(abs(t), 5)))


def permutation_p(features: np.ndarray, gaps: np.ndarray, *, draws: int = 199, seed: int = 0) -> float:
    """How often shuffled gaps are told as well as the real ones, by the mean of `fold_scores`.

    Args:
        features: Shape (networks, numbers).
        gaps: Shape (networks,).
        draws: Shuffles.
        seed: Of the shuffles and halves.

    Returns:
        (1 + shuffles as good) / (1 + shuffles).
    """
    x, y = _checked(features, gaps)
    generator = np.random.default_rng(seed)
    shuffled = np.stack([y, *(generator.permutation(y) for _ in range(draws))], 1)
    own, *others = _fold_scores(x, shuffled, seed).mean((0, 1))
    return (1 + sum(other >= own for other in others)) / (1 + draws)


def rank_correlations(score: np.ndarray, gaps: np.ndarray, values: Sequence[object]) -> RankCorrelations:
    """How well the order of a score is that of the gaps, over all networks and among those that share a setting.

    Args:
        score: Shape (networks,).
        gaps: Shape (networks,).
        values: Of the setting that is held, one per network, as depth.
    """
    with np.errstate(all="ignore"):
        overall = _spearman(score, gaps), _kendall(score, gaps)
        inside = []
        for value in dict.fromkeys(values):
            rows = np.array([own == value for own in values])
            inside.append(_kendall(score[rows], gaps[rows]))
    known = [tau for tau in inside if not math.isnan(tau)]
    return RankCorrelations(*overall, float(np.mean(known)) if known else math.nan)


def granulated_kendall(score: np.ndarray, gaps: np.ndarray, settings: Mapping[str, Sequence[object]]) -> float:
    """Kendall's correlation where one setting alone varies: a mean over the others' values, then over settings.

    Args:
        score: Shape (networks,).
        gaps: Shape (networks,).
        settings: Name -> value of each network. Those with one value only are passed over.

    Returns:
        From -1 to 1; NaN where no two networks differ in one setting alone.

    Source: "Fantastic generalization measures and where to find them", 2020, section 4.
    """
    means = []
    varied = {name: values for name, values in settings.items() if len(set(values)) > 1}
    for name in varied:
        others = list(zip(*(values for other, values in varied.items() if other != name), strict=True)) or [()] * len(
            gaps
        )
        taus = []
        for held in dict.fromkeys(others):
            rows = np.array([own == held for own in others])
            tau = _kendall(score[rows], gaps[rows]) if rows.sum() > 1 else math.nan
            taus += [] if math.isnan(tau) else [tau]
        means += [float(np.mean(taus))] if taus else []
    return float(np.mean(means)) if means else math.nan


def conditional_information(score: np.ndarray, gaps: np.ndarray, settings: Mapping[str, Sequence[object]]) -> float:
    """What the order of the score tells of the order of the gaps, given any two settings: the least share over them.

    For pairs of networks: the mutual information of both signs of difference, given the values that both networks have
    of the settings, over the entropy of the gaps' sign.

    Args:
        score: Shape (networks,).
        gaps: Shape (networks,).
        settings: Name -> value of each network. Those with one value only are passed over.

    Returns:
        From 0 (nothing) to 1.

    Source: "NeurIPS 2020 competition: predicting generalization in deep learning", 2020, section 3.
    """
    n = len(gaps)
    first, second = np.triu_indices(n, 1)
    first, second = np.concatenate([first, second]), np.concatenate([second, first])
    apart = gaps[first] != gaps[second]
    first, second = first[apart], second[apart]
    v, g = score[first] > score[second], gaps[first] > gaps[second]
    varied = [values for values in settings.values() if len(set(values)) > 1]
    chosen = list(itertools.combinations(varied, min(2, len(varied)))) or [()]
    found = []
    for group in chosen:
        codes = np.zeros(len(first), np.int64)
        for values in group:
            known = {value: place for place, value in enumerate(dict.fromkeys(values))}
            own = np.array([known[value] for value in values])
            codes = (codes * len(known) + own[first]) * len(known) + own[second]
        _, codes = np.unique(codes, return_inverse=True)
        entropy = _entropy(codes, g)
        found.append((entropy - _entropy(2 * codes + v, g)) / entropy if entropy > 0 else 0.0)
    return float(min(found))


def _entropy(codes: np.ndarray, truth: np.ndarray) -> float:
    """Of a truth value given a code, in nats."""
    many = np.bincount(codes)
    share = np.bincount(codes, truth)[many > 0] / many[many > 0]
    inner = stats.entropy(np.stack([share, 1 - share]))
    return float((inner * many[many > 0]).sum() / many.sum())


def _kendall(a: np.ndarray, b: np.ndarray) -> float:
    return float(stats.kendalltau(a, b).statistic) if len(a) > 1 else math.nan


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(stats.spearmanr(a, b).statistic) if np.ptp(a) > 0 and np.ptp(b) > 0 else math.nan


@lru_cache(maxsize=4)
def _halves(n: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and rows held out, five times two halves; kept, as thousands of scores ask for the same."""
    return list(RepeatedKFold(n_splits=2, n_repeats=REPEATS, random_state=seed).split(np.zeros(n)))


def _fold_scores(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """For each column of y, shape (5, 2, columns)."""
    found = [_r2(y[held], _told(x, y, fit, held)) for fit, held in _halves(len(x), seed)]
    return np.array(found).reshape(REPEATS, 2, y.shape[1])


def _told(x: np.ndarray, y: np.ndarray, fit: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Least squares on columns of mean 0 and spread 1: scales of features differ by powers of ten."""
    centre, spread = x[fit].mean(0), x[fit].std(0)
    scaled = np.divide(x - centre, spread, out=np.zeros_like(x), where=spread > 1e-12 * np.abs(centre))
    offset = y[fit].mean(0)
    return offset + scaled[held] @ np.linalg.lstsq(scaled[fit], y[fit] - offset, rcond=None)[0]


def _r2(truth: np.ndarray, told: np.ndarray) -> np.ndarray:
    """For each column; NaN where the truth is constant."""
    spread = ((truth - truth.mean(0)) ** 2).sum(0)
    with np.errstate(all="ignore"):
        return np.where(spread > 0, 1 - ((truth - told) ** 2).sum(0) / spread, np.nan)


def _checked(features: np.ndarray, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(features, np.float64), np.asarray(gaps, np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1] or len(y) < 8:
        raise ValueError(
            f"features must have shape (networks, numbers) and gaps (networks,), 8 networks at least, got {x.shape} "
            f"and {y.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features and gaps must be finite; leave out networks that diverged")
    return x, y
