"""Measures of a training run: by hand, and between what bounds they lie."""

import math

import pytest
import torch

from topolens.measures import lifetime_sum, loss_distance, magnitude


def test_loss_distance_by_hand() -> None:
    losses = torch.tensor([[0.0, 1.0], [1.0, 1.0], [0.0, 5.0]])
    assert loss_distance(losses).tolist() == [[0, 0.5, 2], [0.5, 0, 2.5], [2, 2.5, 0]]


def test_lifetime_sum_by_hand() -> None:
    line = torch.tensor([[0.0], [1.0], [5.0]])
    distances = torch.cdist(line, line)
    assert lifetime_sum(distances) == pytest.approx(5)
    assert lifetime_sum(distances, alpha=0.5) == pytest.approx(3)
    assert lifetime_sum(torch.zeros(4, 4)) == 0


def test_magnitude_of_two_points() -> None:
    distances = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    assert magnitude(distances, positive=False) == pytest.approx(1 + math.tanh(1))
    assert magnitude(distances, scale=100) == pytest.approx(2)
    assert magnitude(distances, scale=1e-6) == pytest.approx(1, abs=1e-5)


def test_points_that_are_one_count_once() -> None:
    line = torch.tensor([[0.0], [0.0], [3.0]])
    assert magnitude(torch.cdist(line, line)) == pytest.approx(magnitude(torch.tensor([[0.0, 3.0], [3.0, 0.0]])))
    assert magnitude(torch.zeros(1, 1)) == 1


def test_magnitude_grows_with_scale() -> None:
    points = torch.rand(30, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    distances = torch.cdist(points, points)
    values = [magnitude(distances, scale, positive=False) for scale in (0.1, 1, 10, 100)]
    assert values == sorted(values)
    assert 1 <= values[0] < 1.2
    assert 20 < values[-1] <= 30
    assert all(
        magnitude(distances, scale) >= value - 1e-9 for scale, value in zip((0.1, 1, 10, 100), values, strict=True)
    )


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"distances must have shape \(n, n\)"):
        magnitude(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="alpha must be above 0"):
        lifetime_sum(torch.zeros(2, 2), alpha=0)
    with pytest.raises(ValueError, match="scale must be above 0"):
        magnitude(torch.zeros(2, 2), scale=-1)
    with pytest.raises(ValueError, match="distances contains NaN"):
        lifetime_sum(torch.full((2, 2), torch.nan))
    with pytest.raises(ValueError, match="losses must hold a sample"):
        loss_distance(torch.zeros(3, 0))
