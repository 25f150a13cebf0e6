"""Betti numbers by hops on circles, lines and noise; what leaves them alone; what is refused."""

import math

import pytest
import torch

from topolens.measures import hop_betti_curves


def circle(n: int) -> torch.Tensor:
    angle = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
    return torch.stack([angle.cos(), angle.sin()], 1)


def test_a_cycle_by_hand() -> None:
    """Twelve points on a circle with two neighbours each: a loop until a third of the way round is one hop."""
    found = hop_betti_curves(circle(12), k=2)
    assert found.hops.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert found.curves.tolist() == [[12, 0], [1, 1], [1, 1], [1, 1], [1, 0], [1, 0], [1, 0]]
    assert (found.parts, found.n) == (1, 12)


def test_components_never_merge() -> None:
    found = hop_betti_curves(torch.cat([circle(12), circle(12) + 10, circle(12) + 30]), k=2)
    assert found.parts == 3
    assert found.curves[1:, 0].tolist() == [3] * 6
    assert found.curves[1:4, 1].tolist() == [3] * 3


def test_a_sphere_has_a_cavity() -> None:
    x = torch.randn(200, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = hop_betti_curves(x / x.norm(dim=1, keepdim=True), k=14, max_dim=2)
    assert found.curves[2].tolist() == found.curves[3].tolist() == [1, 0, 1]
    assert found.curves[-1].tolist() == [1, 0, 0]


def test_a_ball_of_noise_has_nothing_from_two_hops_on() -> None:
    for d in (2, 5, 20):
        x = torch.randn(120, d, generator=torch.Generator().manual_seed(d))
        assert hop_betti_curves(x).curves[2:, 1].sum() <= 1


def test_unchanged_by_scale_turns_order_and_duplicates() -> None:
    x = torch.randn(80, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))[0]
    curves = hop_betti_curves(x).curves
    order = torch.randperm(80, generator=torch.Generator().manual_seed(3))
    for same in (1e-4 * x, x @ turn, x[:, [2, 0, 1]], x[order], torch.cat([x, x[:20]])):
        assert torch.equal(hop_betti_curves(same).curves, curves)


def test_neighbours_equally_far_count_all() -> None:
    grid = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0))
    order = torch.randperm(25, generator=torch.Generator().manual_seed(3))
    found = hop_betti_curves(grid, k=2)
    assert torch.equal(hop_betti_curves(grid[order], k=2).curves, found.curves)
    assert found.curves[1].tolist() == [1, 16]  # a mesh: every square is open at one hop
    assert found.curves[2].tolist() == [1, 0]


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"k must lie in \[1, 0\] for 1 points that differ, got 8"):
        hop_betti_curves(torch.ones(40, 3))
    with pytest.raises(ValueError, match=r"k must lie in \[1, 11\] for 12 points"):
        hop_betti_curves(circle(12), k=12)
    with pytest.raises(ValueError, match="NaN"):
        hop_betti_curves(circle(12) * math.nan)
    with pytest.raises(ValueError, match="max_dim must be"):
        hop_betti_curves(circle(12), max_dim=-1)
