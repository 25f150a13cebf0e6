"""Synthetic shapes have the homology their docstrings name."""

import pytest
import torch

from topolens import sampling, shapes
from topolens.filtrations import cubical, rips
from topolens.persistence import persistence

CLOUDS = [
    (shapes.circle, {}, 2, [1]),
    (shapes.figure_eight, {}, 2, [2]),
    (shapes.sphere, {}, 2, [0, 1]),
    (shapes.sphere, {"dim": 1}, 2, [1]),
    (shapes.torus, {}, 2, [2, 1]),
    (shapes.klein_bottle, {}, 2, [2, 1]),
    (shapes.klein_bottle, {}, 3, [1, 0]),
]


@pytest.mark.parametrize(("shape", "settings", "field", "betti"), CLOUDS)
def test_betti_numbers_of_clouds(shape, settings: dict, field: int, betti: list[int]) -> None:
    """Rips bars of 250 well-spread points up to scale 1; a real bar is longer than 0.3."""
    points = shape(3000, noise=0.01, seed=1, **settings)
    spread = points[sampling.maxmin(points[None], 250, seed=1)[0]]
    d = persistence(rips(spread[None], max_scale=1.0), max_dim=len(betti), field=field)
    lengths = d.intervals[:, 1].clamp_max(1.0) - d.intervals[:, 0]
    assert [int((lengths[d.dim == k] > 0.3).sum()) for k in range(1, len(betti) + 1)] == betti


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 31)])
def test_ring_image_has_one_component_and_one_hole(height: int, width: int) -> None:
    d = persistence(cubical(shapes.ring_image(height, width, noise=0.01)[None]))
    assert [int((d.of_dim(k).persistence > 0.15).sum()) for k in (0, 1)] == [1, 1]


@pytest.mark.parametrize("name", shapes.FILTER_MODELS)
def test_filters_are_centred_and_of_norm_one(name: str) -> None:
    filters = shapes.filter_model(name, n=200, noise=0.1)
    assert filters.shape == (200, 9)
    assert torch.allclose(filters.mean(1), torch.zeros(200), atol=1e-6)
    assert torch.allclose(filters.norm(dim=1), torch.ones(200))


def test_filters_lie_where_the_formulas_say() -> None:
    edge = torch.tensor([-1.0, 0.0, 1.0]).repeat(3) / 6**0.5
    circle = shapes.filter_model("primary_circle", n=500, noise=0.0)
    plane = torch.stack([edge, edge.reshape(3, 3).T.flatten()])
    assert torch.allclose(circle @ plane.T @ plane, circle, atol=1e-6)
    clusters = shapes.filter_model("four_clusters", n=500, noise=0.0)
    angle = torch.atan2(clusters @ plane[1], clusters @ plane[0])
    off = torch.remainder(angle + torch.pi / 4, torch.pi / 2) - torch.pi / 4
    assert 0.1 < float(off.std()) < 0.14


@pytest.mark.parametrize("make", [shapes.circle, shapes.figure_eight, shapes.sphere, shapes.torus, shapes.klein_bottle])
def test_seeds_decide(make) -> None:
    before = torch.random.get_rng_state()
    assert torch.equal(make(10, noise=0.1, seed=3), make(10, noise=0.1, seed=3))
    assert not torch.equal(make(10, seed=3), make(10, seed=4))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert len(make(0)) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shapes.circle(-1), "n must be at least 0, got -1"),
        (lambda: shapes.circle(5, noise=-0.1), "noise must be at least 0, got -0.1"),
        (lambda: shapes.sphere(5, dim=0), "dim must be at least 1, got 0"),
        (lambda: shapes.torus(5, tube=1.0), r"tube must lie in \(0, 1\), got 1.0"),
        (lambda: shapes.klein_bottle(5, tube=0.0), r"tube must lie in \(0, 1\), got 0.0"),
        (lambda: shapes.ring_image(-1, 5), "height and width must be at least 0, got -1 and 5"),
        (lambda: shapes.filter_model("circle"), "name must be one of primary_circle, .* got 'circle'"),
    ],
)
def test_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
