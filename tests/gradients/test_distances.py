"""Gradients of distances and vectorisations: right in general position, finite everywhere."""

import functools

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from topolens.diagrams import Diagrams
from topolens.distances import (
    bottleneck,
    scale_space_kernel,
    sliced_wasserstein,
    sliced_wasserstein_kernel,
    wasserstein,
    weighted_gaussian_kernel,
)
from topolens.vectorizations import entropy, entropy_curve, landscape, persistence_image, silhouette, statistics

INF = float("inf")
GRID = torch.linspace(0.013, 2, 9, dtype=torch.float64)
COMPARE = {
    "w1": wasserstein,
    "w22": functools.partial(wasserstein, order=2.0, norm=2.0),
    "w33": functools.partial(wasserstein, order=3.0, norm=3.0),
    "bottleneck": bottleneck,
    "sliced": sliced_wasserstein,
    "sliced_kernel": sliced_wasserstein_kernel,
    "scale_space": scale_space_kernel,
    "gaussian": weighted_gaussian_kernel,
}
VECTORS = {
    "landscape": lambda d: landscape(d, GRID),
    "silhouette": lambda d: silhouette(d, GRID),
    "entropy": entropy,
    "image": lambda d: persistence_image(d, GRID, GRID, sigma=0.3),
    "statistics": statistics,
}
# Different lengths and no ties, so that a small step changes no order; the last bar of each item never dies.
ENDS = torch.tensor([[0.1, 1.3], [0.23, 0.57], [0.41, INF], [0.05, 0.92], [0.37, 1.71], [0.29, INF]]).double()
OTHER = torch.tensor([[0.19, 1.01], [0.52, INF], [0.61, 1.9], [0.02, 0.35], [0.44, INF]]).double()
ITEMS, OTHER_ITEMS = torch.tensor([0, 0, 0, 1, 1, 1]), torch.tensor([0, 0, 1, 1, 1])


def diagrams(ends: Tensor, items: Tensor) -> Diagrams:
    return Diagrams(ends, torch.ones_like(items), items, torch.full((len(items), 2), -1), 2)


def parts(ends: Tensor) -> tuple[Tensor, Tensor]:
    """The finite numbers to differentiate, and where they stand."""
    return ends[ends.isfinite()].requires_grad_(), ends.isfinite()


@pytest.mark.parametrize("name", COMPARE)
def test_comparisons(name: str) -> None:
    (x, at_x), (y, at_y) = parts(ENDS), parts(OTHER)

    def f(x: Tensor, y: Tensor) -> Tensor:
        a = diagrams(ENDS.masked_scatter(at_x, x), ITEMS)
        return COMPARE[name](a, diagrams(OTHER.masked_scatter(at_y, y), OTHER_ITEMS))

    assert f(x, y).isfinite().all()
    assert gradcheck(f, (x, y))


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    x, at = parts(ENDS)
    assert gradcheck(lambda x: VECTORS[name](diagrams(ENDS.masked_scatter(at, x), ITEMS)), (x,))


def test_entropy_curve_through_the_shares() -> None:
    """All bars alive: the curve is the entropy."""
    ends = torch.tensor([[0.1, 1.3], [0.2, 0.9]], dtype=torch.float64, requires_grad=True)
    d = Diagrams(ends, torch.ones(2).long(), torch.zeros(2).long(), torch.full((2, 2), -1), 1)
    found = torch.autograd.grad(entropy_curve(d, torch.tensor([0.5])).sum(), ends)[0]
    torch.testing.assert_close(found, torch.autograd.grad(entropy(d).sum(), ends)[0])


NASTY = {
    "equal": [[0.2, 1.0], [0.2, 1.0]],
    "zero length": [[0.5, 0.5], [0.5, 0.5]],
    "essential": [[0.5, INF], [0.5, INF]],
    "one": [[0.2, 1.0]],
    "empty": [],
}


@pytest.mark.parametrize("name", {**COMPARE, **VECTORS})
@pytest.mark.parametrize("bars", NASTY.values(), ids=NASTY)
def test_no_gradient_is_nan(name: str, bars: list[list[float]]) -> None:
    ends = torch.tensor(bars, dtype=torch.float64).reshape(-1, 2).requires_grad_()
    n = len(bars)
    d = Diagrams(ends, torch.ones(n).long(), torch.zeros(n).long(), torch.full((n, 2), -1), 2)
    out = COMPARE[name](d, d.detach()) if name in COMPARE else VECTORS[name](d)
    assert out.isfinite().all()
    slope = torch.autograd.grad(out.sum(), ends, allow_unused=True)[0] if out.requires_grad else None
    assert slope is None or slope.isfinite().all()
    if name in ("w1", "w22", "w33", "bottleneck", "sliced") and slope is not None:
        assert (slope == 0).all()
