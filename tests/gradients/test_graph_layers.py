"""Gradients of layers on graphs, in float64."""

import pytest
import torch
from torch.autograd import gradcheck

from graph_layers import LAYERS, made, random_graphs, rows
from topolens.layers import heat_kernel_signature, laplacian_spectrum, persistence_readout, vertex_intervals


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    """To the features and to every parameter."""
    x, edges, batch = random_graphs([6, 0, 9], seed=3)
    layer = made(name)
    names, parameters = zip(*layer.named_parameters(), strict=True)

    def out(features: torch.Tensor, *given: torch.Tensor) -> torch.Tensor:
        call = dict(zip(names, given, strict=True))
        found = torch.func.functional_call(layer, call, (features, edges, batch, 3))
        return (
            found if isinstance(found, torch.Tensor) else torch.cat([found.vertices.flatten(), found.graphs.flatten()])
        )

    given = [p.detach().clone().requires_grad_() for p in parameters]
    assert gradcheck(out, (x.requires_grad_(), *given), fast_mode=True)


@pytest.mark.parametrize("name", LAYERS)
def test_every_parameter_learns(name: str) -> None:
    x, edges, batch = random_graphs([12, 20], seed=1)
    layer = made(name).train()
    rows(layer, x, edges, batch, 2).square().sum().backward()
    assert [n for n, p in layer.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@pytest.mark.parametrize("essential", ["graph", "component"])
def test_vertex_intervals(essential: str) -> None:
    x, edges, batch = random_graphs([6, 9], seed=2)
    assert gradcheck(
        lambda v: vertex_intervals(v, edges, batch, essential=essential)[:2], (x.requires_grad_(),), fast_mode=True
    )


def test_path_by_hand() -> None:
    """The whole path from 0 to 4, and the branches (1, 2) and (3, 4)."""
    values = torch.tensor([[0.0], [2.0], [1.0], [4.0], [3.0]], requires_grad=True)
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    persistence_readout(values, edges, k=3).sum().backward()
    assert values.grad[:, 0].tolist() == [-1, 1, -1, 2, -1]


def test_heat_kernel_signature() -> None:
    _, edges, batch = random_graphs([6, 9])
    spectrum = laplacian_spectrum(edges, batch, dtype=torch.float64)
    times = torch.tensor([0.3, 4.0], dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda t: heat_kernel_signature(spectrum, t), (times,))
