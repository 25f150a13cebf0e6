"""Births and deaths of features are weights: gradients reach their own edges."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from topolens import graph_features as gf
from topolens.graph_features import weighted_graph

GENERATOR = torch.Generator().manual_seed(0)
EDGES = torch.combinations(torch.arange(7)).T[:, torch.randperm(21, generator=GENERATOR)[:14]]
WEIGHTS = torch.randperm(14, generator=GENERATOR).double().add(1).sqrt()  # all different, no smaller gap than 0.1
WINDOWS = [(0, 1), (0, 2), (1, 3), (2, 5), (3, None)]


@pytest.mark.parametrize("superlevel", [False, True])
def test_degree_intervals(superlevel: bool) -> None:
    def finite(weights: Tensor) -> Tensor:
        found = gf.degree_intervals(weights, EDGES, WINDOWS, superlevel=superlevel)
        return found[found.isfinite()].square()

    weights = WEIGHTS.clone().requires_grad_()
    assert len(finite(weights)) > 30
    assert gradcheck(finite, (weights,))
    assert gradgradcheck(finite, (weights,))


@pytest.mark.parametrize(
    "feature",
    [gf.hub(), gf.degree_window(1, 3), gf.k_core(2), gf.maximal_clique(), gf.matching(2, 2)],
    ids=lambda f: f.name,
)
@pytest.mark.parametrize("persistence", [gf.steady, gf.ranging])
def test_diagrams(persistence, feature: gf.Feature) -> None:
    def finite(weights: Tensor) -> Tensor:
        found = persistence(weighted_graph(weights, EDGES), feature).diagram().intervals
        return found[found.isfinite()].square()

    weights = WEIGHTS.clone().requires_grad_()
    assert len(finite(weights))
    assert gradcheck(finite, (weights,))


def test_coherent_diagrams_and_weights_on_vertices() -> None:
    def births(weights: Tensor, own: Tensor) -> Tensor:
        graph = weighted_graph(weights, EDGES, vertices=own)
        return torch.cat([gf.coherent(graph, s).diagram().finite().intervals for s in (gf.components(), gf.blocks(2))])

    own = torch.linspace(0.31, 2.89, 7, dtype=torch.float64)
    inputs = (WEIGHTS.clone().requires_grad_(), own.requires_grad_())
    assert len(births(*inputs)) >= 7
    assert gradcheck(births, inputs)


def test_images_through_their_graphs() -> None:
    images = torch.randperm(24, generator=GENERATOR).double().reshape(2, 3, 4).requires_grad_()

    def through(images: Tensor) -> Tensor:
        windows = gf.steady(gf.window_graph(images), gf.degree_window(2, 6)).diagram()
        pixels = gf.steady(gf.pixel_graph(images), gf.hub()).diagram()
        return torch.cat([windows.finite().persistence, pixels.finite().persistence])

    assert len(through(images)) > 10
    assert gradcheck(through, (images,))


def test_among_equal_weights_the_edge_of_the_vertex_itself_is_named() -> None:
    """Two separate edges of one weight: each vertex is born with its own."""
    weights = torch.tensor([1.0, 1.0], requires_grad=True)
    found = gf.steady(weighted_graph(weights, torch.tensor([[0, 2], [1, 3]])), gf.degree_window(0))
    births = dict(zip(found.objects, found.diagram().cells[:, 0].tolist(), strict=True))
    assert births == {0: 4, 1: 4, 2: 5, 3: 5}
    dense = gf.degree_intervals(weights, torch.tensor([[0, 2], [1, 3]]), [(0, None)])
    (slope,) = torch.autograd.grad(dense[2, 0, 0], weights)
    assert slope.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("never", [None, 5.0])
def test_no_gradient_is_nan(never: float | None) -> None:
    """Ties, repeated edges, a self-loop, an edge that never enters, vertices without edges."""
    edges = torch.tensor([[0, 1, 1, 2, 2, 3], [1, 0, 2, 2, 3, 4]])
    weights = torch.tensor([1.0, 1.0, 1.0, 0.0, 1.0, float("inf")], requires_grad=True)
    batch = torch.zeros(6, dtype=torch.int64)
    dense = gf.degree_intervals(weights, edges, [(0, 1), (1, 2), (0, None), (3, 9)], batch=batch, never=never)
    assert not dense.isnan().any()
    assert dense.isfinite().all() == (never is not None)
    (slope,) = torch.autograd.grad(dense[dense.isfinite()].sum(), weights)
    assert slope.isfinite().all()
    assert slope[3] == slope[5] == 0
