"""Gradients of bars with respect to what the user hands in: first and second order, in float64."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

import nasty
from topolens.diagrams import Diagrams
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import cubical, edge_weighted, lower_star, rips, witness
from topolens.image_persistence import image_persistence
from topolens.persistence import persistence

EDGES = torch.tensor([[0, 1, 2, 3, 4, 0, 2], [1, 2, 3, 4, 5, 5, 5]])
MARKS = torch.arange(8)


def generic(*shape: int, seed: int = 0) -> Tensor:
    """Distinct values, far enough apart that finite differences change no order."""
    count = int(torch.tensor(shape).prod())
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed)).double()
    return ((order + 1) / count + 0.01 * (order + 1).sin() / count).reshape(shape).requires_grad_()


def ring(batch: int, n: int, d: int) -> Tensor:
    """Clouds in general position around a circle, so that there is a loop to differentiate."""
    generator = torch.Generator().manual_seed(n)
    angle = torch.arange(n) * 2 * torch.pi / n
    plane = torch.stack([angle.cos(), angle.sin()], -1).double()
    points = torch.nn.functional.pad(plane, (0, d - 2)).repeat(batch, 1, 1)
    return (points + 0.1 * torch.randn(points.shape, generator=generator, dtype=torch.float64)).requires_grad_()


def from_points(points: Tensor) -> Diagrams:
    return persistence(rips(points))


def from_distances(lower: Tensor) -> Diagrams:
    lower = lower.tril(-1)
    return persistence(rips(distances=lower + lower.mT))


def from_witnesses(points: Tensor) -> Diagrams:
    return persistence(witness(points, landmarks=MARKS))


def from_graph(values: Tensor) -> Diagrams:
    return persistence(lower_star(values, EDGES))


def from_upper_stars(values: Tensor) -> Diagrams:
    return persistence(lower_star(values, EDGES, superlevel=True))


def from_edges(values: Tensor) -> Diagrams:
    """Values of vertices, lower than those of the edges behind them."""
    return persistence(edge_weighted(values[6:] + 1, EDGES, vertex_values=values[:6]))


def from_images(construction: str, superlevel: bool):
    return lambda images: persistence(cubical(images, construction=construction, superlevel=superlevel))


def from_grids(sides: int, construction: str, superlevel: bool = False, frame: float | None = None):
    return lambda images: persistence(
        cubical(images, construction=construction, superlevel=superlevel, axes=sides, frame=frame), max_dim=2
    )


CASES = {
    "rips of points": (from_points, ring(2, 9, 3)),
    "rips of distances": (from_distances, torch.cdist(ring(1, 8, 2), ring(1, 8, 2)).detach().requires_grad_()),
    "witness": (from_witnesses, ring(1, 20, 2)),
    "lower star": (from_graph, generic(6)),
    "upper star": (from_upper_stars, generic(6)),
    "edge-weighted": (from_edges, generic(6 + 7)),
    "V, sublevel": (from_images("V", False), generic(2, 4, 5)),
    "V, superlevel": (from_images("V", True), generic(2, 4, 5)),
    "T, sublevel": (from_images("T", False), generic(2, 4, 5)),
    "T, superlevel": (from_images("T", True), generic(1, 2, 5, 4)),
    "signals": (from_grids(1, "V"), generic(2, 12)),
    "volumes, V": (from_grids(3, "V"), generic(1, 3, 4, 4)),
    "volumes, T, superlevel": (from_grids(3, "T", True), generic(1, 4, 3, 4)),
    "images with a frame": (from_grids(2, "V", frame=0.33), generic(2, 4, 5)),
}


@pytest.mark.parametrize("kind", ["ord0", "rel1", "ext0", "ext1"])
@pytest.mark.parametrize("superlevel", [False, True])
def test_extended_persistence(kind: str, superlevel: bool) -> None:
    edges = torch.cat([EDGES, torch.tensor([[0, 6, 3, 8], [6, 7, 8, 9]])], 1)  # two loops with a tail each

    def bars(x: Tensor) -> Tensor:
        return getattr(extended_persistence(lower_star(x, edges, superlevel=superlevel)), kind).intervals

    values = torch.tensor([4.0, 3.1, 2.0, 5.2, 1.3, 6.1, 2.5, 4.7, 0.4, 0.9], dtype=torch.float64, requires_grad=True)
    assert len(bars(values))
    assert gradcheck(bars, values)
    assert gradgradcheck(lambda x: bars(x).square().sum() * x.sum(), values)


@pytest.mark.parametrize("shape", [(2, 6, 7), (1, 4, 4, 5)])
@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("superlevel", [False, True])
def test_image_persistence(construction: str, superlevel: bool, shape: tuple[int, ...]) -> None:
    top = len(shape) - 2
    peak = torch.zeros(shape, dtype=torch.float64)
    peak[(0, *[1] * (top + 1))] = -2 if superlevel else 2  # noise alone has no voids
    one, other = ((generic(*shape, seed=k) + 0.0025 * k + peak).detach().requires_grad_() for k in (1, 2))

    def bars(x: Tensor, y: Tensor) -> Diagrams:
        outer = torch.maximum(x, y) if superlevel else torch.minimum(x, y)
        f, g = (cubical(z, construction=construction, superlevel=superlevel, axes=top + 1) for z in (x, outer))
        return image_persistence(f, g, top)

    assert set(bars(one, other).finite().dim.tolist()) == set(range(top + 1))
    assert gradcheck(lambda x, y: bars(x, y).finite().intervals, (one, other))
    assert gradgradcheck(lambda x, y: bars(x, y).finite().persistence.square().sum() * x.sum(), (one, other))


@pytest.mark.parametrize("name", CASES)
def test_first_order(name: str) -> None:
    diagrams, x = CASES[name]
    assert len(diagrams(x).finite())
    assert gradcheck(lambda y: diagrams(y).finite().intervals, x)


@pytest.mark.parametrize("name", CASES)
def test_essential_births(name: str) -> None:
    diagrams, x = CASES[name]
    assert gradcheck(lambda y: diagrams(y).essential().intervals[:, 0] * y.sum(), x)


@pytest.mark.parametrize("name", CASES)
def test_second_order(name: str) -> None:
    diagrams, x = CASES[name]
    assert gradgradcheck(lambda y: diagrams(y).finite().persistence.square().sum() * y.sum(), x)


def test_loops_are_among_what_is_checked() -> None:
    for name in ("rips of points", "rips of distances", "lower star", "V, sublevel", "T, superlevel", "volumes, V"):
        diagrams, x = CASES[name]
        assert len(diagrams(x).of_dim(1)), name


def test_a_bar_reaches_exactly_its_cells() -> None:
    image = torch.tensor([[[0.0, 3.0, 1.0, 4.0, 2.0]]], requires_grad=True)
    d = persistence(cubical(image))
    d.finite().persistence.sum().backward()
    assert image.grad is not None
    assert image.grad.tolist() == [[[0.0, 1.0, -1.0, 1.0, -1.0]]]


def test_the_frame_is_constant() -> None:
    """The valley at 0 meets one end of the frame at 2, both ends meet at 3; only pixels move."""
    signal = torch.tensor([[3.0, 0.0, 2.0]], requires_grad=True)
    d = persistence(cubical(signal, frame=-1.0))
    assert d.intervals.tolist() == [[0.0, 2.0], [-1.0, float("inf")], [-1.0, 3.0]]
    assert d.cells.tolist() == [[1, 2], [3, -1], [3, 0]]
    (d.finite().persistence.sum() + d.essential().intervals[:, 0].sum()).backward()
    assert signal.grad is not None
    assert signal.grad.tolist() == [[1.0, -1.0, 1.0]]


def test_an_edge_pulls_its_two_ends() -> None:
    points = torch.tensor([[[0.0, 0.0], [3.0, 4.0]]], requires_grad=True)
    persistence(rips(points)).finite().persistence.sum().backward()
    assert points.grad is not None
    assert torch.allclose(points.grad, torch.tensor([[[-0.6, -0.8], [0.6, 0.8]]]))


def finite_gradient(d: Diagrams, x: Tensor) -> bool:
    loss = d.finite().intervals.square().sum() + d.essential().intervals[:, 0].sum()
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.square().sum(), x) if slope.requires_grad else (torch.zeros_like(x),)
    return bool(slope.isfinite().all() and bend.isfinite().all())


@pytest.mark.parametrize("name", [n for n, x in nasty.CLOUDS.items() if x.numel()])
def test_nasty_clouds_have_finite_gradients(name: str) -> None:
    points = nasty.CLOUDS[name].clone().requires_grad_()
    marks = torch.arange(0, points.shape[1], 2)
    assert finite_gradient(persistence(rips(points), max_dim=2), points)
    for nu in (0, 1):
        assert finite_gradient(persistence(witness(points, landmarks=marks, nu=nu)), points)


@pytest.mark.parametrize("name", [n for n, x in nasty.IMAGES.items() if x.isfinite().all() and x.numel()])
@pytest.mark.parametrize("construction", ["V", "T"])
def test_nasty_images_have_finite_gradients(name: str, construction: str) -> None:
    images = nasty.IMAGES[name].clone().requires_grad_()
    assert finite_gradient(persistence(cubical(images, construction=construction)), images)


@pytest.mark.parametrize("name", CASES)
def test_nothing_handed_in_is_changed(name: str) -> None:
    diagrams, x = CASES[name]
    before = x.detach().clone()
    (slope,) = torch.autograd.grad(diagrams(x).finite().persistence.sum(), x)
    assert slope.abs().sum() > 0
    assert torch.equal(x, before)
    assert x.grad is None
    assert x.requires_grad
