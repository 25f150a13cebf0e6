"""Intrinsic dimension of cubes, spheres and Gaussians, under what leaves it alone, and where it is not defined."""

import math

import pytest
import torch

from topolens.measures import ph_dimension, two_nn_dimension


def cube(d: int, n: int = 1000, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize(("d", "low", "high"), [(2, 1.9, 2.1), (5, 4.5, 5.2), (10, 8.2, 9.0)])
def test_cubes(d: int, low: float, high: float) -> None:
    """Within 10 % up to dimension 5; at 10 the boundary takes 15 %, as the docstrings say."""
    found = [two_nn_dimension(cube(d, seed=seed)) for seed in range(4)]
    assert low < mean([one.mle for one in found]) < high
    assert low < mean([one.fit for one in found]) < high
    assert low < mean([ph_dimension(cube(d, seed=seed), repetitions=2).value for seed in range(2)]) < high


def test_without_a_boundary_there_is_less_bias() -> None:
    torus = cube(3) * 2 * math.pi
    flat = torch.cat([torus.cos(), torus.sin()], 1)
    assert two_nn_dimension(flat).mle == pytest.approx(3, rel=0.1)
    assert ph_dimension(flat).value == pytest.approx(3, rel=0.1)


def test_two_nn_by_hand() -> None:
    """Pairs at distance 1 whose second neighbour is at distance r: every ratio is r, so d = (n - 1) / (n log r)."""
    x = torch.arange(0, 100, 5.0).repeat_interleave(2)
    x[1::2] += 1
    ratios = torch.full((40,), 4.0)
    ratios[0] = ratios[-1] = 5.0  # the ends have a neighbour on one side only
    assert two_nn_dimension(x[:, None]).mle == pytest.approx(39 / float(ratios.log().sum()))


def test_dimension_depends_on_the_scale_where_there_is_noise() -> None:
    line = torch.cat([cube(1, 1000) * 10, torch.zeros(1000, 9, dtype=torch.float64)], 1)
    found = two_nn_dimension(line + 0.01 * (cube(10, seed=1) - 0.5))
    assert found.sizes == (1000, 500, 250, 125, 62, 31)
    assert found.halvings[0] == found.mle
    assert list(found.halvings) == sorted(found.halvings, reverse=True)
    assert found.halvings[0] > 4
    assert found.halvings[-1] == pytest.approx(1, abs=0.2)


def test_unchanged_by_scale_turns_order_and_duplicates() -> None:
    x = cube(4, 300)
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    for measure in (lambda y: two_nn_dimension(y).mle, lambda y: ph_dimension(y, repetitions=1).value):
        value = measure(x)
        for same in (1e-6 * x, 1e6 * x @ turn, x[:, [2, 0, 3, 1]], x + 5, torch.cat([x, x[:100]])):
            assert measure(same) == pytest.approx(value, rel=1e-5)


def test_ph_dimension_is_that_of_its_slope() -> None:
    found = ph_dimension(cube(3, 400), alpha=1.5, sizes=(50, 400), repetitions=3)
    slope = math.log(found.totals[1] / found.totals[0]) / math.log(8)
    assert found.slope == pytest.approx(slope, rel=1e-2)
    assert found.value == pytest.approx(1.5 / (1 - found.slope))
    assert 0 < found.standard_error < 0.5
    assert math.isnan(ph_dimension(cube(3, 100), repetitions=1).standard_error)


def test_the_seed_decides_and_threads_do_not() -> None:
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            found.append((two_nn_dimension(cube(5, 300), seed=3), ph_dimension(cube(5, 300), seed=3)))
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1]
    assert ph_dimension(cube(5, 300), seed=4) != found[0][1]


def test_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 points that differ, got 1 of 50"):
        two_nn_dimension(torch.ones(50, 3))
    with pytest.raises(ValueError, match="at least 16 points that differ, got 10 of 10"):
        ph_dimension(cube(2, 10))
    with pytest.raises(ValueError, match="points contains NaN"):
        two_nn_dimension(cube(2) * math.nan)
    with pytest.raises(ValueError, match=r"discard must lie in \[0, 1\), got 1"):
        two_nn_dimension(cube(2), discard=1.0)
    with pytest.raises(ValueError, match="alpha must be above 0"):
        ph_dimension(cube(2), alpha=0.0)
    with pytest.raises(ValueError, match="repetitions must be above 0"):
        ph_dimension(cube(2), repetitions=0)
    with pytest.raises(ValueError, match="two different ones from 2 to 1000"):
        ph_dimension(cube(2), sizes=(10, 2000))
