"""Neural collapse on exact simplices, by its formula, under what leaves it alone, and where it is not defined."""

import math

import pytest
import torch

from topolens.measures import neural_collapse, persistent_class_gap


def simplex(classes: int, d: int, samples: int, noise: float = 0.0, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Samples at the corners of a centred simplex in d dimensions, its corners, and labels."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0][:classes]
    corners = (torch.eye(classes, dtype=torch.float64) - 1 / classes) @ turn
    labels = torch.arange(classes).repeat(samples)
    x = corners[labels] + noise * torch.randn(len(labels), d, generator=generator, dtype=torch.float64)
    return x, corners, labels


def test_an_exact_simplex_is_collapsed() -> None:
    x, corners, labels = simplex(4, 10, 20)
    assert neural_collapse(x, labels, 3 * corners) == pytest.approx((0, 0, 0, 0, 0), abs=1e-12)
    assert neural_collapse(x + 5, labels, corners)[:4] == pytest.approx((0, 0, 0, 0), abs=1e-12)
    gap = persistent_class_gap(x, 4)
    assert gap.gap == math.inf
    assert gap.clusters == 4
    assert gap.inequality == pytest.approx(0, abs=1e-12)


def test_nc1_is_that_of_its_formula() -> None:
    x, _, labels = simplex(3, 6, 50, noise=0.3)
    means = torch.stack([x[labels == c].mean(0) for c in range(3)])
    within = sum((x[labels == c] - means[c]).T @ (x[labels == c] - means[c]) for c in range(3)) / len(x)
    centred = means - x.mean(0)
    expected = torch.trace(within @ torch.linalg.pinv(centred.T @ centred / 3, rtol=1e-9)) / 3
    assert neural_collapse(x, labels).nc1 == pytest.approx(float(expected))
    assert 0.05 < float(expected) < 5


def test_noise_moves_all_of_them() -> None:
    found = [neural_collapse(*(simplex(4, 10, 50, noise)[i] for i in (0, 2, 1))) for noise in (0.01, 0.1, 0.5)]
    for name in ("nc1", "nc2_norm", "nc2_angle", "nc3"):
        values = [getattr(one, name) for one in found]
        assert values == sorted(values)
        assert values[-1] > 5 * values[0]
    assert found[0].nc4 == 0


def test_neurons_may_be_renumbered_and_turned() -> None:
    x, corners, labels = simplex(4, 10, 20, noise=0.2)
    turn = torch.linalg.qr(torch.randn(10, 10, dtype=torch.float64))[0]
    same = neural_collapse(x @ turn, labels, corners @ turn)
    assert same == pytest.approx(neural_collapse(x, labels, corners))
    order = torch.randperm(10)
    assert neural_collapse(x[:, order], labels, corners[:, order]) == pytest.approx(neural_collapse(x, labels, corners))


def test_fewer_samples_than_features() -> None:
    x, _, labels = simplex(3, 400, 4, noise=0.01)
    assert neural_collapse(x, labels).nc1 < 0.05


def test_nc3_and_nc4_need_a_classifier() -> None:
    x, corners, labels = simplex(3, 5, 10)
    found = neural_collapse(x, labels)
    assert math.isnan(found.nc3)
    assert math.isnan(found.nc4)
    assert neural_collapse(x, labels, corners.roll(1, 0)).nc4 == 1
    assert neural_collapse(x, labels, corners, torch.tensor([9.0, 0, 0])).nc4 == pytest.approx(2 / 3)


def test_clusters_are_counted_without_labels() -> None:
    x, _, _ = simplex(5, 8, 40, noise=0.02)
    gap = persistent_class_gap(x.float(), 5)
    assert gap.clusters == 5
    assert gap.gap > 3
    assert gap.inequality < 0.1
    noise = persistent_class_gap(torch.randn(200, 8, generator=torch.Generator().manual_seed(0)), 5)
    assert noise.gap < 1.3


def test_refused() -> None:
    x, corners, labels = simplex(3, 5, 4)
    with pytest.raises(ValueError, match="at least 2 classes, got 1"):
        neural_collapse(x, torch.zeros(12, dtype=torch.int64))
    with pytest.raises(ValueError, match="class 7 has one"):
        neural_collapse(x[:3], torch.tensor([1, 1, 7]))
    with pytest.raises(ValueError, match=r"one whole number for each of 12 samples, got torch.int64 of shape \(3,\)"):
        neural_collapse(x, labels[:3])
    with pytest.raises(ValueError, match=r"weight must have shape \(3, 5\)"):
        neural_collapse(x, labels, corners[:2])
    with pytest.raises(ValueError, match="class means must differ"):
        neural_collapse(torch.ones(12, 5), labels)
    with pytest.raises(ValueError, match="features contains NaN"):
        neural_collapse(x * torch.nan, labels)
    with pytest.raises(ValueError, match="more points than classes, got 12 and 12"):
        persistent_class_gap(x, 12)
