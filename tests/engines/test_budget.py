"""Filtrations cut short: short edges alone give the same bars, a budget is kept, and what was cut is marked."""

import math

import pytest
import torch

from bars import difference
from topolens import shapes
from topolens.diagrams import Diagrams
from topolens.filtrations import cubical, near_pairs, rips
from topolens.persistence import persistence


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("max_dim", [0, 1, 2])
def test_short_edges_alone_give_the_same_bars(max_dim: int, dtype: torch.dtype, monkeypatch) -> None:
    """Grid points, so that many edges tie and some are as long as the limit."""
    points = torch.randint(30, (2, 400, 2), generator=torch.Generator().manual_seed(max_dim)).to(dtype) / 10
    f = rips(points, max_scale=0.2 + 1e-9)
    dense = f.pairs(max_dim, 3)
    monkeypatch.setattr(near_pairs, "WORTH_A_TREE", 10)
    assert near_pairs.near_pairs(points[0], f.max_scale) is not None
    assert difference(f.pairs(max_dim, 3), dense) == ""


def test_many_points_need_no_matrix() -> None:
    """The matrix of 70,000 points would take 10 GB, and has more vertices than its kernel takes."""
    points = torch.rand(1, 70_000, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    d = persistence(rips(points, max_scale=0.02))
    assert int((d.dim == 0).sum()) == 70_000
    d.finite().persistence.sum().backward()
    assert torch.isfinite(points.grad).all()


def test_what_was_cut_is_marked() -> None:
    points = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [5.0, 5.0]]])
    whole, cut = persistence(rips(points)), persistence(rips(points, max_scale=1.2))
    assert whole.max_scale == math.inf
    assert not whole.censored.any()
    assert cut.max_scale == 1.2
    # Of the two components that live on only the younger may yet die, and so may the loop of the square.
    assert cut.intervals[cut.censored].tolist() == [[0.0, math.inf], [1.0, math.inf]]
    assert cut.cells[cut.censored][0].tolist() == [4, -1]
    assert cut.of_dim(1).censored.tolist() == [True]
    assert cut.detach()[0].to(torch.float64).censored.sum() == 2
    assert Diagrams.cat([whole, cut]).max_scale == 1.2


@pytest.mark.parametrize("max_dim", [1, 2])
def test_a_budget_lowers_the_scale_and_is_kept(max_dim: int) -> None:
    noise = torch.rand(2, 150, 150, generator=torch.Generator().manual_seed(1))
    f = rips(distances=torch.tril(noise, -1) + torch.tril(noise, -1).mT)
    price = f.cost(max_dim)
    assert price.seconds > 0
    assert price.bytes > 150 * 150
    d = persistence(f, max_dim=max_dim, budget=price.seconds / 4)
    assert 0 < d.max_scale < float(noise.max())
    assert d.censored.any()
    cut = rips(distances=f.source, max_scale=d.max_scale)
    assert cut.cost(max_dim).seconds <= price.seconds / 4
    assert torch.equal(d.intervals, persistence(cut, max_dim=max_dim).intervals)
    same = persistence(f, max_dim=max_dim, budget=price.seconds * 2)
    assert same.max_scale == math.inf


def test_cost_rises_with_the_scale() -> None:
    cloud = shapes.circle(300, noise=0.1)[None]
    costs = [rips(cloud, max_scale=scale).cost().seconds for scale in (0.1, 0.5, 1.0, 2.0)]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


def test_refused_budgets() -> None:
    with pytest.raises(ValueError, match="budget must be above 0, got 0"):
        persistence(rips(torch.zeros(1, 3, 2)), budget=0)
    with pytest.raises(ValueError, match="budget is known for rips filtrations only, got Cubical; leave it out"):
        persistence(cubical(torch.zeros(1, 3, 2)), budget=1.0)
    with pytest.raises(ValueError, match="budget must be above 0"):
        persistence(rips(torch.zeros(1, 0, 2)), budget=-1)
    assert len(persistence(rips(torch.zeros(1, 0, 2)), budget=1.0)) == 0
