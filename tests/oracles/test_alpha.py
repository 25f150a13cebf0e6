"""Alpha filtrations: by hand, = the textbook, = GUDHI, = balls seen on a grid, and their gradients."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import strategies
from bars import bottleneck, difference, intervals, reference
from topolens import shapes
from topolens.filtrations import Alpha, alpha, cubical, rips, weak_alpha
from topolens.persistence import persistence

kinds = pytest.mark.parametrize("build", [alpha, weak_alpha])


def cloud(n: int, d: int, seed: int, batch: int = 1) -> Tensor:
    return torch.rand(batch, n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def value(f: Alpha, *vertices: int) -> float:
    """Value of the cell with these vertices in the first item."""
    wanted = torch.full((f.simplices.shape[2],), -1)
    wanted[: len(vertices)] = torch.tensor(sorted(vertices))
    (cell,) = (f.simplices[0] == wanted).all(1).nonzero()[:, 0]
    return float(f.values[0, cell])


def test_triangles_by_hand() -> None:
    """In an acute triangle edges enter by themselves, in an obtuse one the long edge waits for the circumcircle."""
    acute = alpha(torch.tensor([[[0.0, 0.0], [2.0, 0.0], [1.0, 2.0]]]).double())
    assert value(acute, 0, 1) == pytest.approx(1)
    assert value(acute, 0, 1, 2) == pytest.approx(1.25)  # centre (1, 0.75)
    obtuse = alpha(torch.tensor([[[0.0, 0.0], [4.0, 0.0], [2.0, 1.0]]]).double())
    assert value(obtuse, 0, 2) == pytest.approx(math.sqrt(5) / 2)
    assert value(obtuse, 0, 1) == value(obtuse, 0, 1, 2) == pytest.approx(2.5)  # centre (2, -1.5)
    assert intervals(persistence(obtuse), 1) == []


def test_a_regular_tetrahedron_by_hand() -> None:
    """Side sqrt 8: edges at sqrt 2, triangles at sqrt(8/3), the tetrahedron at sqrt 3."""
    corners = torch.tensor([[[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]]).double()
    found = persistence(alpha(corners), max_dim=2)
    assert intervals(found, 1) == [(pytest.approx(math.sqrt(2)), pytest.approx(math.sqrt(8 / 3)))] * 3
    assert intervals(found, 2) == [(pytest.approx(math.sqrt(8 / 3)), pytest.approx(math.sqrt(3)))]


@kinds
@settings(max_examples=150)
@given(strategies.clouds(max_points=9, batch=2), st.sampled_from([2, 3, 5]), st.sampled_from([None, 0.8, 1.6]))
def test_textbook(build, points: Tensor, field: int, max_scale: float | None) -> None:
    """Small integer points: duplicates, lines, squares and boxes, so that all kinds of position occur."""
    if points.shape[2] >= 2:
        f = build(points.double(), max_scale=max_scale)
        assert difference(f.pairs(2, field), reference(f, 2, field)) == ""


@kinds
@pytest.mark.parametrize("d", [2, 3, 4])
def test_faces_never_come_late(build, d: int) -> None:
    f = build(cloud(60, d, 3))
    starts = np.cumsum([0, *map(len, f._complexes[0].simplices)])
    values = f.values[0].numpy()
    for dim, faces in enumerate(f._complexes[0].faces):
        rows = values[starts[dim] : starts[dim + 1], None]
        if dim:
            assert (values[starts[dim - 1] + faces] <= rows).all()


@pytest.mark.parametrize("d", [2, 3])
def test_gudhi(d: int) -> None:
    gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")
    for seed in range(100):
        points = cloud(4 + 5 * (seed % 9), d, seed)
        tree = gudhi.AlphaComplex(points=points[0].numpy(), precision="exact").create_simplex_tree()
        tree.compute_persistence(homology_coeff_field=2)
        found = persistence(alpha(points), max_dim=d - 1)
        for dim in range(d):
            expected = np.sqrt(tree.persistence_intervals_in_dimension(dim).reshape(-1, 2))
            expected = sorted(map(tuple, expected[expected[:, 0] < expected[:, 1]].tolist()))
            ours = [bar for bar in intervals(found, dim) if bar[1] - bar[0] > 1e-9]
            theirs = [bar for bar in expected if bar[1] - bar[0] > 1e-9]
            np.testing.assert_allclose(np.array(ours).reshape(-1, 2), np.array(theirs).reshape(-1, 2), atol=1e-7)


def test_balls_on_a_grid() -> None:
    """The distance to the cloud, sampled on a fine grid, has nearly the same diagrams: the nerve theorem."""
    points = cloud(12, 2, 7) * 0.8 + 0.1
    side = torch.linspace(-0.3, 1.3, 400).double()
    grid = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)
    field = torch.cdist(grid, points[0]).min(1).values.reshape(1, 400, 400)
    found, seen = persistence(alpha(points)), persistence(cubical(field))
    for dim in (0, 1):
        assert bottleneck(intervals(found, dim), intervals(seen, dim)) < 1.6 / 399


@pytest.mark.parametrize("d", [2, 3, 5])
def test_components_are_those_of_rips(d: int) -> None:
    points = cloud(80, d, d)
    expected = persistence(rips(points), max_dim=0).intervals
    deaths = expected[:, 1].sort().values
    for build, unit in ((alpha, 2), (weak_alpha, 1)):
        found = persistence(build(points), max_dim=0).intervals[:, 1].sort().values
        torch.testing.assert_close(unit * found, deaths, rtol=1e-12, atol=1e-12)


def test_a_circle_and_a_sphere() -> None:
    loop = max(intervals(persistence(alpha(shapes.circle(100)[None])), 1), key=lambda bar: bar[1] - bar[0])
    assert loop[0] < 0.2
    assert loop[1] == pytest.approx(1, abs=0.01)  # the radius of the circle: that is where its disk is full
    sphere = torch.nn.functional.normalize(torch.randn(1, 800, 3, generator=torch.Generator().manual_seed(0)), dim=2)
    void = max(intervals(persistence(alpha(sphere), max_dim=2), 2), key=lambda bar: bar[1] - bar[0])
    assert void[0] < 0.3
    assert void[1] == pytest.approx(1, abs=0.01)


@kinds
@pytest.mark.parametrize("name", list(nasty.CLOUDS))
def test_nasty_clouds(build, name: str) -> None:
    points = nasty.CLOUDS[name]
    if points.shape[2] < 2:
        with pytest.raises(ValueError, match="points must have at least 2 coordinates"):
            build(points)
        return
    f = build(points)
    found = persistence(f, max_dim=2)
    assert found.intervals.dtype == points.dtype
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""
    assert len(found.of_dim(0).essential()) == (points.shape[0] if points.shape[1] else 0)


def test_flat_clouds_are_those_of_the_plane() -> None:
    """A plane in four dimensions, far from the origin, and a lattice in it."""
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)).double()).Q[:2]
    lattice = torch.cartesian_prod(torch.arange(5.0), torch.arange(4.0)).double()[None]
    for points in (cloud(50, 2, 0), lattice):
        plane, space = persistence(alpha(points)), persistence(alpha(points @ turn + 100))
        for dim in (0, 1):
            bars = [[bar for bar in intervals(x, dim) if bar[1] - bar[0] > 1e-9] for x in (plane, space)]
            np.testing.assert_allclose(*map(np.array, bars), atol=1e-9)


@kinds
def test_gradients(build) -> None:
    points = cloud(12, 3, 5).requires_grad_()

    def bars(x: Tensor) -> Tensor:
        return persistence(build(x), max_dim=2).finite().intervals

    assert torch.autograd.gradcheck(bars, (points,))
    assert torch.autograd.gradgradcheck(bars, (points,), atol=1e-4)


@kinds
def test_no_gradient_is_nan(build) -> None:
    points = torch.tensor(
        [[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [2.0, 2.0]]], requires_grad=True
    )
    (slope,) = torch.autograd.grad(persistence(build(points)).finite().intervals.sum(), points)
    assert torch.isfinite(slope).all()


def test_a_circle_grows() -> None:
    """A step along the gradient of the longest loop makes it longer, sparse and smooth."""
    points = shapes.circle(30, noise=0.05, seed=1)[None].double()
    for gradient in ("sparse", "smooth"):
        x = points.clone().requires_grad_()
        before = persistence(alpha(x), gradient=gradient).of_dim(1).longest(1).sum()
        (slope,) = torch.autograd.grad(before, x)
        after = persistence(alpha(points + 0.01 * slope)).of_dim(1).longest(1).sum()
        assert after > before


def test_one_by_one_and_moved() -> None:
    points = cloud(20, 2, 9, batch=3)
    whole = persistence(alpha(points))
    for b in range(3):
        torch.testing.assert_close(whole[b].intervals, persistence(alpha(points[b : b + 1])).intervals)
    for dim in (0, 1):
        scaled = persistence(alpha(3 * points[:1] - 50))
        np.testing.assert_allclose(
            3 * np.array(intervals(whole[0], dim)), np.array(intervals(scaled, dim)), rtol=1e-9, atol=1e-9
        )


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="for one cloud pass points"):
        alpha(torch.zeros(4, 2))
    with pytest.raises(ValueError, match="NaN"):
        alpha(torch.full((1, 3, 2), math.nan))
    with pytest.raises(ValueError, match="infinite"):
        weak_alpha(torch.full((1, 3, 2), math.inf))
    with pytest.raises(ValueError, match="max_scale must be above 0"):
        alpha(torch.zeros(1, 3, 2), max_scale=0)
    with pytest.raises(TypeError, match="floating-point"):
        alpha(torch.zeros(1, 3, 2, dtype=torch.int64))
