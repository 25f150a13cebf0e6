"""Nulls, p-values, intervals and feasibility: by hand, and how often they are wrong where nothing is there."""

import math

import pytest
import torch

import topolens as tl
from topolens.sampling import (
    bar_p_values,
    feasibility,
    gaussian_cloud,
    gaussian_clouds,
    holm,
    null_p_value,
    shuffled_columns,
    shuffled_rows,
    subsample_interval,
)


def cloud(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_a_gaussian_cloud_keeps_two_moments() -> None:
    x = torch.cat([cloud(4000, 2), cloud(4000, 2, 1) @ torch.tensor([[3.0, 1.0], [0.0, 0.5]]) + 4])
    drawn = gaussian_cloud(x, seed=3)
    torch.testing.assert_close(drawn.mean(0), x.mean(0), atol=0.15, rtol=0)
    torch.testing.assert_close(drawn.T.cov(), x.T.cov(), atol=0.3, rtol=0.05)
    assert torch.equal(drawn, gaussian_cloud(x, seed=3))
    assert not torch.equal(drawn, gaussian_cloud(x, seed=4))
    for seed, one in zip((3, 7), gaussian_clouds(x, (3, 7)), strict=True):
        assert torch.equal(one, gaussian_cloud(x, seed=seed))


def test_a_flat_cloud_stays_flat() -> None:
    drawn = gaussian_cloud(torch.cat([cloud(50, 2), torch.ones(50, 3)], 1))
    torch.testing.assert_close(drawn[:, 2:], torch.ones(50, 3))


def test_shuffled_columns_keep_marginals_only() -> None:
    x = cloud(500, 1).expand(500, 3) + 0.01 * cloud(500, 3, 1)
    mixed = shuffled_columns(x)
    assert torch.equal(mixed.sort(0).values, x.sort(0).values)
    assert (mixed.T.corrcoef() - torch.eye(3)).abs().max() < 0.2


def test_shuffled_rows() -> None:
    labels = torch.arange(10)
    mixed = shuffled_rows(labels, 1)
    assert mixed.tolist() != labels.tolist()
    assert sorted(mixed.tolist()) == labels.tolist()


def test_null_p_value() -> None:
    assert null_p_value(5.0, [1.0, 2.0, 3.0]) == 0.25
    assert null_p_value(2.0, [1.0, 2.0, 3.0]) == 0.75
    assert null_p_value(0.0, [1.0, 2.0, 3.0], larger=False) == 0.25
    with pytest.raises(ValueError, match="at least one null"):
        null_p_value(1.0, [])
    with pytest.raises(ValueError, match="got NaN among them"):
        null_p_value(math.nan, [1.0])


def test_holm() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_intervals_of_means_hold_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(200):
        x = cloud(100, 1, seed)[:, 0]
        _, low, high = subsample_interval(lambda rows, x=x: float(x[rows].mean()), 100, draws=200, seed=seed)
        inside += low <= 0 <= high
    assert 0.9 <= inside / 200 <= 0.99


def test_intervals_are_refused_of_too_little() -> None:
    with pytest.raises(ValueError, match="2 samples and draws at least"):
        subsample_interval(lambda rows: 0.0, 1)


def test_bars_of_noise_have_even_p_values() -> None:
    """The law is met in dimension 1 by uniform and by Gaussian points; over all bars p-values spread evenly."""
    flat, solid = torch.rand(1500, 2, generator=torch.Generator().manual_seed(0)), cloud(400, 3)
    cases = [(tl.rips(flat[None]), False), (tl.rips(solid[None]), False), (tl.alpha(flat[None]), True)]
    for filtration, cech in cases:
        p = bar_p_values(tl.persistence(filtration, max_dim=1).of_dim(1), cech)
        assert len(p) > 150
        below = [(p < level).double().mean().item() for level in (0.1, 0.25, 0.5, 0.75)]
        assert below == pytest.approx([0.1, 0.25, 0.5, 0.75], abs=0.08)
        assert min(holm(p.tolist())) > 0.05


def test_the_circle_is_no_noise() -> None:
    bars = tl.persistence(tl.rips(tl.shapes.circle(300, noise=0.1)[None]), max_dim=1)
    p = bar_p_values(bars)
    assert holm(p[bars.dim == 1].tolist())[int(bars.of_dim(1).persistence.argmax())] < 1e-3
    assert (p[bars.dim == 0] == 1).all()


def test_where_there_is_no_law() -> None:
    few = tl.persistence(tl.rips(tl.shapes.circle(8)[None]), max_dim=1)
    assert (bar_p_values(few) == 1).all()
    assert bar_p_values(tl.Diagrams.from_intervals([])).shape == (0,)
    with pytest.raises(ValueError, match="births must not be negative"):
        bar_p_values(tl.Diagrams.from_intervals([{1: [[-1.0, 1.0]]}]))


def test_feasibility() -> None:
    assert feasibility(cloud(200, 2)).warnings == ()
    assert "40 points are few" in feasibility(cloud(40, 2)).warnings[0]
    flat = feasibility(cloud(200, 2000))
    assert flat.spread < 0.05
    assert "as noise does in many dimensions (2000 coordinates)" in flat.warnings[0]
    twice = feasibility(cloud(100, 2).repeat(2, 1))
    assert twice.duplicates == 0.5
    assert "50 % of the points lie on others" in twice.warnings[0]
    with pytest.raises(ValueError, match="bars of dimension 1 need at least 5 points, got 4"):
        feasibility(cloud(4, 2))
    with pytest.raises(ValueError, match="all points are the same"):
        feasibility(torch.ones(50, 3))
    with pytest.raises(ValueError, match=r"points must have shape \(n, d\)"):
        feasibility(torch.ones(5))
