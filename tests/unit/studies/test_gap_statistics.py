"""Statistics of the generalisation gap, by hand and on planted relations."""

import math

import numpy as np
import pytest
from scipy import stats

from topolens.studies.gap_statistics import (
    conditional_information,
    fold_predictions,
    fold_scores,
    granulated_kendall,
    left_out_scores,
    paired_t_test,
    permutation_p,
    rank_correlations,
)

DRAWN = np.random.default_rng(0)


def test_a_linear_gap_is_told() -> None:
    x = DRAWN.normal(size=(40, 3)) * [1, 1e-6, 1e6]
    gaps = x @ [1, 2e6, -1e-6]
    assert fold_scores(x, gaps).shape == (5, 2)
    assert fold_scores(x, gaps).min() > 1 - 1e-9
    np.testing.assert_allclose(fold_predictions(x, gaps), gaps, atol=1e-9)
    assert permutation_p(x, gaps, draws=39) == 1 / 40


def test_nothing_is_told_by_nothing() -> None:
    gaps = DRAWN.normal(size=40)
    constant = fold_scores(np.zeros((40, 0)), gaps)
    assert (constant <= 0).all()
    np.testing.assert_allclose(fold_scores(np.full((40, 2), 3.0), gaps), constant, atol=1e-12)
    assert fold_scores(DRAWN.normal(size=(40, 2)), gaps).mean() < 0.2


def test_false_positives_of_the_permutation() -> None:
    small = sum(
        permutation_p(DRAWN.normal(size=(20, 1)), DRAWN.normal(size=20), draws=19, seed=seed) <= 0.05
        for seed in range(60)
    )
    assert small <= stats.binom.ppf(0.999, 60, 0.05)


def test_five_by_two_by_hand() -> None:
    gap = np.array([[0.1, 0.3], [0.2, 0.2], [0.0, 0.2], [0.3, 0.1], [0.2, 0.4]])
    spread = math.sqrt((0.02 + 0 + 0.02 + 0.02 + 0.02) / 5)
    found = paired_t_test(gap + 0.5, np.full((5, 2), 0.5))
    assert found.t == pytest.approx(0.1 / spread)
    assert found.p == pytest.approx(2 * stats.t.sf(0.1 / spread, 5))
    assert paired_t_test(np.ones((5, 2)), np.zeros((5, 2))).p == 0
    with pytest.raises(ValueError, match=r"\(5, 2\)"):
        paired_t_test(np.ones((2, 5)), np.ones((2, 5)))


def test_a_value_is_left_out() -> None:
    x = np.arange(24.0)[:, None]
    depth = [1] * 8 + [2] * 8 + [3] * 8
    assert left_out_scores(x, 2 * x[:, 0], depth) == pytest.approx({1: 1.0, 2: 1.0, 3: 1.0})
    steps = np.repeat([0.0, 5.0, 1.0], 8) + 0.01 * DRAWN.normal(size=24)
    assert max(left_out_scores(x, steps, depth).values()) < 0


def test_a_score_that_knows_the_depth_alone() -> None:
    depth = np.repeat([1, 2, 3, 4], 10)
    gaps = depth + 0.3 * DRAWN.random(40)
    found = rank_correlations(depth + 1e-3 * DRAWN.random(40), gaps, depth.tolist())
    assert found.kendall > 0.7
    assert abs(found.kendall_within) < 0.3
    assert rank_correlations(gaps, gaps, depth.tolist()) == pytest.approx((1, 1, 1))
    assert math.isnan(rank_correlations(np.ones(40), gaps, depth.tolist()).spearman)


def test_granulated_by_hand() -> None:
    settings = {"depth": [1, 1, 2, 2], "width": [8, 16, 8, 16], "kind": ["mlp"] * 4}
    gaps = np.array([1.0, 2.0, 3.0, 4.0])
    # depth alone: pairs (0, 2) and (1, 3), width alone: (0, 1) and (2, 3).
    assert granulated_kendall(gaps, gaps, settings) == 1
    assert granulated_kendall(np.array([1.0, 2.0, 0.0, 1.0]), gaps, settings) == 0
    assert granulated_kendall(np.array([2.0, 1.0, 4.0, 1.5]), gaps, settings) == -0.0 + (1 + 1) / 2 / 2 - 1 / 2
    assert math.isnan(granulated_kendall(gaps, gaps, {"kind": ["mlp"] * 4}))


def test_information_given_settings() -> None:
    depth = np.repeat([1, 2], 20).tolist()
    width = [8, 16] * 20
    gaps = DRAWN.normal(size=40) + 10 * np.array(depth)
    settings = {"depth": depth, "width": width}
    assert conditional_information(gaps, gaps, settings) == pytest.approx(1)
    assert conditional_information(-gaps, gaps, settings) == pytest.approx(1)
    assert conditional_information(np.array(depth) + 1e-9 * DRAWN.random(40), gaps, settings) < 0.1
    assert conditional_information(DRAWN.normal(size=40), gaps, settings) < 0.1
    assert conditional_information(gaps, gaps, {}) == pytest.approx(1)


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.ones(9), np.ones(9), "must have shape"),
        (np.ones((9, 1)), np.ones(8), "must have shape"),
        (np.ones((7, 1)), np.ones(7), "8 networks at least"),
        (np.full((9, 1), np.nan), np.ones(9), "must be finite"),
    ],
)
def test_bad_input(x: np.ndarray, y: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fold_scores(x, y)
