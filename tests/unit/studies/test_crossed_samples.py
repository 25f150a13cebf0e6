"""Means over seeds and images: by hand, by simulation, and where nothing varies."""

import numpy as np
import pytest
from scipy import stats

from topolens.studies.crossed_samples import crossed, difference, share


def test_crossed_by_hand() -> None:
    """Seeds' means 1 and 3, images' means 1, 2, 3: errors 1 and sqrt(1/3), t of one and of two degrees of freedom."""
    found = crossed(np.array([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]))
    assert found.mean == 2
    half = np.sqrt(12.706205**2 + 4.302653**2 / 3)
    assert found.interval == pytest.approx((2 - half, 2 + half), rel=1e-6)


def test_p_values_and_intervals_agree() -> None:
    """Where seeds agree, p is Student's for images; and p is 5 % where the interval ends at 0."""
    table = np.tile(np.array([0.0, 1.0, 1.0, 3.0]), (3, 1))
    assert crossed(table).p_value == pytest.approx(stats.ttest_1samp(table[0], 0).pvalue, rel=1e-6)
    draw = np.random.default_rng(0).normal(size=(3, 20)) + 1
    at_edge = draw - crossed(draw).interval[0]
    assert crossed(at_edge).p_value == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.5, 0.0)])
def test_equal_values(value: float, p: float) -> None:
    assert crossed(np.full((2, 3), value)) == (value, (value, value), p)


def test_intervals_hold_the_truth() -> None:
    """Differences with effects of seeds and images of mean 0: 95 % intervals miss it at most so often."""
    draw = np.random.default_rng(0)
    missed = 0
    for _ in range(300):
        table = draw.normal(size=(3, 1)) + draw.normal(size=(1, 40)) + draw.normal(size=(3, 40))
        low, high = crossed(table).interval
        missed += not low <= 0 <= high
    assert missed <= 25


def test_shares_stay_between_0_and_1() -> None:
    """All wrong on 50 images: Wilson's upper end t² / (n + t²), with the images' degrees of freedom."""
    t = 2.009575
    none = share(np.zeros((3, 50)))
    assert none.interval == pytest.approx((0, t**2 / (50 + t**2)), rel=1e-5)
    assert share(np.ones((3, 50))).interval == pytest.approx((50 / (50 + t**2), 1), rel=1e-5)
    few = np.zeros((3, 50))
    few[:, 0] = 1
    low, high = share(few).interval
    assert 0 < low < few.mean() < high < 0.2


def test_differences_stay_within_bounds_and_are_never_sure() -> None:
    """No difference on 50 images: as far as Wilson's interval of 0 of 50; and no accuracy falls by more than 1."""
    none = difference(np.ones((3, 50)), np.ones((3, 50)))
    upper = share(np.zeros((3, 50))).interval[1]
    assert none.interval == pytest.approx((-upper, upper))
    assert (none.mean, none.p_value) == (0, 1)
    first = np.zeros((2, 4))
    first[0] = 1
    assert difference(first, 1 - first).interval == (-1, 1)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (4,)])
def test_too_few(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 2 seeds and 2 images"):
        crossed(np.zeros(shape))
