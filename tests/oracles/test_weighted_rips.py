"""Weighted Rips filtrations: by hand, = the textbook, = GUDHI, and their gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from bars import difference, intervals, reference
from topolens import sampling
from topolens.filtrations import rips, weighted_rips
from topolens.persistence import persistence

powers = pytest.mark.parametrize("p", [1, 2, math.inf])


def cloud(n: int, d: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, n, d, generator=generator).double(), torch.rand(1, n, generator=generator).double() / 3


@powers
def test_two_points_by_hand(p: float) -> None:
    """Radii (t^p - 0)^(1/p) and (t^p - 1)^(1/p) add up to 3 at t = 2, 5/3 and 3/2."""
    f = weighted_rips(torch.tensor([[[0.0], [3.0]]]).double(), torch.tensor([[0.0, 1.0]]).double(), p=p)
    level = {1: 4.0, 2: 10 / 3, math.inf: 3.0}[p]
    assert intervals(persistence(f, max_dim=0), 0) == [(0.0, math.inf), (2.0, pytest.approx(level))]


@powers
@settings(max_examples=60)
@given(strategies.clouds(max_points=8, batch=2), st.data())
def test_textbook(p: float, points: Tensor, data: st.DataObject) -> None:
    count = points.shape[0] * points.shape[1]
    weights = torch.tensor(data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))).double()
    f = weighted_rips(points, weights.reshape(points.shape[:2]), p=p)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@powers
def test_no_weights_are_rips(p: float) -> None:
    points, _ = cloud(40, 3, 0)
    found = persistence(weighted_rips(points, torch.zeros(1, 40).double(), p=p))
    expected = persistence(rips(points))
    torch.testing.assert_close(found.intervals, expected.intervals)
    assert torch.equal(found.cells, expected.cells)


@pytest.mark.parametrize("d", [2, 3])
def test_gudhi(d: int) -> None:
    """400 clouds; GUDHI weighs with p = 1."""
    gudhi = pytest.importorskip("gudhi.weighted_rips_complex", reason="the oracle is GUDHI")
    for seed in range(200):
        points, weights = cloud(5 + seed % 9, d, seed)
        square = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")[0].numpy()
        tree = gudhi.WeightedRipsComplex(square, weights[0].numpy()).create_simplex_tree(max_dimension=2)
        tree.compute_persistence(min_persistence=0)
        found = persistence(weighted_rips(points, weights))
        for dim in (0, 1):
            bars = sorted(map(tuple, tree.persistence_intervals_in_dimension(dim).tolist()))
            ours = intervals(found, dim)
            assert len(ours) == len(bars)
            np.testing.assert_allclose(np.array(ours).reshape(-1, 2), np.array(bars).reshape(-1, 2), atol=1e-9)


def test_gudhi_dtm() -> None:
    gudhi = pytest.importorskip("gudhi.point_cloud.dtm", reason="the oracle is GUDHI")
    for seed in range(50):
        points, _ = cloud(12, 3, seed)
        expected = gudhi.DistanceToMeasure(4, q=2).fit_transform(points[0].numpy())
        np.testing.assert_allclose(sampling.dtm(points, 4)[0].numpy(), expected, atol=1e-9)


@powers
def test_gradients(p: float) -> None:
    points, weights = (x.requires_grad_() for x in cloud(9, 2, 3))

    def total(x: Tensor, w: Tensor) -> Tensor:
        return persistence(weighted_rips(x, w, p=p)).finite().intervals.square().sum()

    assert torch.autograd.gradcheck(total, (points, weights))
    assert torch.autograd.gradcheck(lambda x: sampling.dtm(x, 3), (points,))


def test_coincident_points_give_no_nan() -> None:
    points = torch.zeros(1, 5, 2, dtype=torch.float64, requires_grad=True)
    for p in (1, 2, math.inf):
        f = weighted_rips(points, sampling.dtm(points, 2) + torch.arange(5.0).double(), p=p)
        persistence(f).finite().intervals.sum().backward()
    assert torch.equal(points.grad, torch.zeros_like(points))


def test_outliers_come_late() -> None:
    """A circle with points strewn inside: its loop is longer where density counts."""
    generator = torch.Generator().manual_seed(0)
    angles = torch.rand(150, generator=generator) * 2 * math.pi
    strewn = torch.rand(12, 2, generator=generator) * 1.2 - 0.6
    points = torch.cat([torch.stack([angles.cos(), angles.sin()], 1), strewn])[None]
    plain, weighted = rips(points), weighted_rips(points, sampling.dtm(points, 12))
    ratio = [
        float(b[0, 0] / b[0, 1].clamp(min=1e-9))
        for b in (persistence(f).of_dim(1).longest(2) for f in (plain, weighted))
    ]
    assert ratio[1] > ratio[0]


def test_refusals() -> None:
    points = torch.zeros(1, 3, 2)
    with pytest.raises(ValueError, match=r"weights must have shape \(1, 3\), one per point, got \(1, 2\)"):
        weighted_rips(points, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="weights must be finite and at least 0"):
        weighted_rips(points, torch.tensor([[0.0, -1.0, 0.0]]))
    with pytest.raises(ValueError, match="p must be 1, 2 or infinity, got 3"):
        weighted_rips(points, torch.zeros(1, 3), p=3)
    with pytest.raises(ValueError, match=r"k must lie in \[1, 3\] for clouds of 3 points, got 4"):
        sampling.dtm(points, 4)
    assert len(persistence(weighted_rips(torch.zeros(1, 0, 2), torch.zeros(1, 0)))) == 0
