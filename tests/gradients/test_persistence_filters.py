"""Gradients of persistence filters and pooling: against differences, at ties, twice."""

import pytest
import torch
from torch import Tensor

from topolens.layers import (
    LEAPPool2d,
    OrdinalPool2d,
    PersistenceConv2d,
    PersistencePool2d,
    SoftPersistenceFilter2d,
    persistence_filter,
    persistence_pool,
    rank_filter,
)

MODES = ("replicate", "reflect", "circular", "zeros", "absent", "valid")


def generic(*shape: int) -> Tensor:
    """Values at least 0.1 apart, away from 0."""
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(count))
    return (0.1 * (order - count // 2) + 0.03).double().reshape(shape).requires_grad_()


@pytest.mark.parametrize("tie", ["zero", "average"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("shape", "k"), [((2, 1, 7), 2), ((1, 2, 4, 5), 1), ((1, 1, 3, 4, 3), 1)])
def test_against_differences(tie: str, mode: str, shape: tuple[int, ...], k: int) -> None:
    def work(x: Tensor) -> Tensor:
        return persistence_filter(x, k, [(0, None), (1, 3), (0, 4)], padding_mode=mode, tie=tie)

    x = generic(*shape)
    assert torch.autograd.gradcheck(work, x)
    assert torch.autograd.gradgradcheck(lambda x: work(x).sin(), x)


@pytest.mark.parametrize("tie", ["zero", "average"])
def test_flat_windows_have_no_gradient(tie: str) -> None:
    x = torch.full((1, 1, 6, 6), 0.7, requires_grad=True)
    persistence_filter(x, windows=[(2, 7), (0, 9)], tie=tie).sum().backward()
    assert x.grad is not None
    assert not x.grad.any()


def test_a_flat_background_stays_still_beside_an_edge() -> None:
    x = torch.zeros(1, 1, 5, 8)
    x[..., 6:] = 1.0
    x.requires_grad_()
    persistence_filter(x).sum().backward()
    assert x.grad is not None
    assert not x.grad[..., :4].any()
    assert x.grad[..., 6:].sum() == 10.0  # two columns of five windows, +1 each


def test_choices_at_ties() -> None:
    for tie, expected in (("zero", [-1.0, 0.0, 1.0]), ("average", [-0.5, -0.5, 1.0])):
        x = torch.tensor([[[1.0, 1.0, 2.0]]], dtype=torch.float64, requires_grad=True)
        persistence_filter(x, windows=[(0, 3)], padding_mode="valid", tie=tie).sum().backward()
        assert x.grad is not None
        assert x.grad.flatten().tolist() == expected


@pytest.mark.parametrize("tie", ["zero", "average"])
def test_gradients_at_ties_are_generalised_ones(tie: str) -> None:
    """They lie between the slopes on both sides along any direction."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(0, 3, (1, 1, 5, 5), generator=generator).double().requires_grad_()
    for window in ((0, 9), (2, 7), (3, 6)):
        for pixel in range(25):
            found = persistence_filter(x, windows=[window], tie=tie)
            slope = torch.autograd.grad(found.flatten()[pixel], x)[0]
            for _ in range(10):
                way = torch.randn(x.shape, generator=generator, dtype=x.dtype)
                ahead = persistence_filter(x + 1e-6 * way, windows=[window]).flatten()[pixel] - found.flatten()[pixel]
                ends = rank_filter(x + 1e-6 * way, (window[0], window[1] - 1)) - rank_filter(
                    x, (window[0], window[1] - 1)
                )
                assert (slope * way).sum().abs() <= 2 * way.abs().max()
                if found.flatten()[pixel] == 0:
                    assert not slope.any()
                    assert ahead >= 0
                else:
                    assert torch.isfinite(ends).all()
                    assert slope.sum().abs() < 1e-12  # as much up as down


LAYERS = {
    "PL": lambda: PersistencePool2d(2, channels=2, out_per_channel=2, windows=[(2, 7), (0, 9)]),
    "PL, position": lambda: PersistencePool2d((2, 3), order="position"),
    "PML": lambda: PersistencePool2d(2, 1, mode="PML"),
    "PML, patch": lambda: PersistencePool2d(3, mode="PML", scope="patch"),
    "max": lambda: PersistencePool2d(2, mode="max", windows="unit"),
    "softmax": lambda: PersistencePool2d(2, softmax=True),
    "ordinal": lambda: OrdinalPool2d(2, 2),
    "ordinal, large": lambda: OrdinalPool2d(1, (4, 5)),
    "LEAP": lambda: LEAPPool2d(2, 2),
    "conv": lambda: PersistenceConv2d(2, 4, groups=2, residual=True, stride=2),
    "soft": lambda: SoftPersistenceFilter2d(windows=[(2, 7), (0, 9)]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_against_differences(name: str) -> None:
    torch.manual_seed(1)
    layer = LAYERS[name]().double()
    for parameter in layer.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    names, parameters = zip(*layer.named_parameters(), strict=True) if name != "max" else ((), ())
    x = generic(1, 2, 4, 5).detach().requires_grad_()

    def work(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x,))

    # Neighbours with one window's extremes in common have equal persistences, where differences are one-sided.
    if name in ("ordinal", "ordinal, large", "LEAP", "conv", "soft", "PL, position"):
        assert torch.autograd.gradcheck(work, (x, *parameters))
    else:
        assert torch.autograd.gradcheck(lambda *values: work(x.detach(), *values), parameters) if parameters else True
        (slope,) = torch.autograd.grad(work(x, *parameters).sum(), x)
        assert torch.isfinite(slope).all()
        assert slope.any()


def test_pooling_shares_the_gradient_of_a_mean() -> None:
    """With equal weights sorting must not matter, ties or not."""
    for x in (generic(1, 1, 6, 6).detach(), torch.zeros(1, 1, 6, 6).double().index_fill(3, torch.tensor([3]), 1.0)):
        slopes = []
        for order in ("sorted", "position"):
            y = x.clone().requires_grad_()
            found = persistence_pool(y, 3, torch.full((1, 1, 9), 1 / 9).double(), order=order)
            slopes.append(torch.autograd.grad(found.square().sum(), y)[0])
        torch.testing.assert_close(slopes[0], slopes[1])
