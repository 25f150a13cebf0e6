"""Gradients of the losses of representations: those of the values, and where they lead."""

import math
from collections.abc import Callable

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from topolens.losses import connectivity, rtd, topological_autoencoder, topological_densification

GENERATOR = torch.Generator().manual_seed(4)
X = torch.randn(2, 7, 3, generator=GENERATOR, dtype=torch.float64)
Z = torch.randn(2, 7, 2, generator=GENERATOR, dtype=torch.float64)
LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 1])
ANGLE = torch.linspace(0, 2 * math.pi, 17)[:16]
CIRCLE = torch.stack([ANGLE.cos(), ANGLE.sin()], 1)
SETTINGS = [
    {},
    {"normalise": "cube", "terms": "data"},
    {"normalise": None, "normalise_latent": "max", "squared": False, "terms": "latent", "per_point": False},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_topological_autoencoder(settings: dict) -> None:
    x, z, scale = X.clone().requires_grad_(), Z.clone().requires_grad_(), torch.tensor(1.3).double().requires_grad_()
    assert gradcheck(lambda *given: topological_autoencoder(*given, **settings), (x, z, scale))
    assert gradgradcheck(lambda *given: topological_autoencoder(*given, **settings), (x, z, scale))


@pytest.mark.parametrize("symmetric", [True, False])
def test_rtd(symmetric: bool) -> None:
    x, z, scale = X.clone().requires_grad_(), Z.clone().requires_grad_(), torch.tensor(2.3).double().requires_grad_()

    def loss(*given: torch.Tensor) -> torch.Tensor:
        return rtd(*given, symmetric=symmetric, straight_through=False, order=2.0)

    assert gradcheck(loss, (x, z, scale))


@pytest.mark.parametrize("norm", [1.0, 2.0, math.inf])
def test_connectivity_and_densification(norm: float) -> None:
    z = Z.clone().requires_grad_()
    assert gradcheck(lambda z: connectivity(z, 0.8, branches=2, norm=norm), (z,))
    for one_sided in (True, False):
        assert gradcheck(
            lambda z, o=one_sided: topological_densification(z[0], LABELS, 0.8, one_sided=o, norm=norm), (z,)
        )


def descended(loss: Callable, latent: torch.Tensor, steps: int = 150) -> tuple[float, float]:
    """The loss of random latent points before and after a descent."""
    latent = latent.clone().requires_grad_()
    optimizer = torch.optim.Adam([latent], lr=0.05)
    values = []
    for _ in range(steps):
        optimizer.zero_grad()
        value = loss(latent)
        value.backward()
        optimizer.step()
        values.append(float(value.detach()))
    return values[0], values[-1]


@pytest.mark.parametrize("loss", [topological_autoencoder, rtd])
def test_descent_lays_a_circle_out_again(loss: Callable) -> None:
    first, last = descended(lambda z: loss(CIRCLE, z), torch.randn(16, 2, generator=torch.Generator().manual_seed(0)))
    assert last < 0.2 * first


def test_straight_through_gets_farther() -> None:
    """Latent distances that are too large hear of it only where a death at the data's edge moves them."""
    start = torch.randn(16, 2, generator=torch.Generator().manual_seed(1))
    _, bent = descended(lambda z: rtd(CIRCLE, z), start)
    _, exact = descended(lambda z: rtd(CIRCLE, z, straight_through=False), start)
    assert bent < 0.5 * exact


def test_descent_densifies_classes_and_connects_a_cloud() -> None:
    features, labels = torch.randn(12, 3, generator=torch.Generator().manual_seed(0)).mul(4), torch.arange(12) % 3
    for loss in (lambda z: topological_densification(z, labels, 0.5), lambda z: connectivity(z, 0.5)):
        first, last = descended(loss, features)
        assert last < 0.2 * first


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_as_on_the_cpu() -> None:
    for loss in (topological_autoencoder, rtd):
        torch.testing.assert_close(loss(X.cuda(), Z.cuda()).cpu(), loss(X, Z))
    torch.testing.assert_close(connectivity(Z.cuda()).cpu(), connectivity(Z))
