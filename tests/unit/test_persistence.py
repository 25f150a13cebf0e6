"""Persistence by hand: a square, a path, a ring."""

import math

import pytest
import torch

import nasty
from bars import intervals
from topolens.diagrams import Diagrams
from topolens.filtrations import Filtration, cubical, lower_star, rips, witness
from topolens.persistence import persistence

INF = float("inf")
SQUARE = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
RING = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])


def well_formed(d: Diagrams, f: Filtration) -> bool:
    """Whether bars are sorted, named by cells of the filtration, and as long as their cells' values say."""
    order = [(b, k, *c) for b, k, c in zip(d.batch.tolist(), d.dim.tolist(), d.cells.tolist(), strict=True)]
    dies = d.cells[:, 1] >= 0
    return (
        order == sorted(set(order))
        and d.batch_size == f.batch_size
        and d.intervals.dtype == f.values.dtype
        and torch.equal(d.intervals[:, 0], f.at(d.batch, d.cells[:, 0]))
        and torch.equal(d.intervals[dies, 1], f.at(d.batch[dies], d.cells[dies, 1]))
        and bool((d.intervals[~dies, 1] == f.never).all())
        and bool((d.persistence > 0).all())
    )


def test_square() -> None:
    d = persistence(rips(SQUARE))
    assert intervals(d, 0) == [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0), (0.0, INF)]
    assert intervals(d, 1) == [(1.0, pytest.approx(math.sqrt(2)))]
    # Edges (i > j) at 4 + i (i - 1) / 2 + j. Sides: 4 (1,0), 6 (2,1), 7 (3,0), 9 (3,2). Diagonals: 5 (2,0), 8 (3,1).
    # Three sides in their order build the tree, the last closes the loop; the first diagonal fills it.
    assert d.cells.tolist() == [[0, -1], [1, 4], [2, 6], [3, 7], [9, 5]]


def test_square_filled_by_its_second_diagonal_only_if_it_is_there() -> None:
    d = persistence(rips(SQUARE, max_scale=1.2))
    assert intervals(d, 1) == [(1.0, INF)]
    assert intervals(persistence(rips(SQUARE, max_scale=0.5)), 0) == [(0.0, INF)] * 4


def test_octahedron_is_a_sphere() -> None:
    points = torch.cat([torch.eye(3), -torch.eye(3)])[None]
    d = persistence(rips(points), max_dim=2)
    assert intervals(d, 2) == [(pytest.approx(math.sqrt(2)), pytest.approx(2.0))]
    assert intervals(d, 1) == []


def test_max_dim_leaves_higher_bars_out() -> None:
    d = persistence(rips(SQUARE), max_dim=0)
    assert set(d.dim.tolist()) == {0}
    assert len(d) == 4


def test_ring_image() -> None:
    d = persistence(cubical(RING))
    assert d.cells.tolist() == [[0, -1], [8, 4]]
    assert intervals(d, 1) == [(0.0, 1.0)]
    assert intervals(persistence(cubical(RING, construction="T")), 1) == [(0.0, 1.0)]


def test_superlevel_bars_fall() -> None:
    image = torch.tensor([[[0.0, 3.0, 1.0, 2.0]]])
    d = persistence(cubical(image, superlevel=True))
    assert d.intervals.tolist() == [[3.0, -INF], [2.0, 1.0]]
    assert d.cells.tolist() == [[1, -1], [3, 2]]
    assert d.persistence.tolist() == [INF, 1.0]


def test_diagonal_neighbours_touch_in_t_and_not_in_v() -> None:
    image = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]])
    assert intervals(persistence(cubical(image, construction="V")), 0) == [(0.0, 1.0), (0.0, INF)]
    assert intervals(persistence(cubical(image, construction="T")), 0) == [(0.0, INF)]


def test_path_and_cycle() -> None:
    values = torch.tensor([0.0, 2.0, 1.0, 3.0])
    path = persistence(lower_star(values, torch.tensor([[0, 1, 2], [1, 2, 3]])))
    assert path.intervals.tolist() == [[0.0, INF], [1.0, 2.0]]
    assert path.cells.tolist() == [[0, -1], [2, 1]]
    cycle = persistence(lower_star(values, torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])))
    assert cycle.of_dim(1).intervals.tolist() == [[3.0, INF]]
    assert cycle.of_dim(1).cells.tolist() == [[3, -1]]


def test_witnesses_of_a_square() -> None:
    # Landmarks are the corners. The middle of a side lets it in at once, as its two corners are equally near;
    # a diagonal waits for sqrt(1 + 1/4) - 1/2: the way from a middle to the far corner less that to the near one.
    middles = torch.tensor([[0.5, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 0.5]])
    d = persistence(witness(torch.cat([SQUARE[0], middles])[None], landmarks=torch.arange(4)))
    assert intervals(d, 0) == [(0.0, INF)]
    assert intervals(d, 1) == [(0.0, pytest.approx(math.sqrt(1.25) - 0.5))]


@pytest.mark.parametrize("name", nasty.CLOUDS)
@pytest.mark.parametrize("max_scale", [None, 1.0])
def test_nasty_clouds(name: str, max_scale: float | None) -> None:
    points = nasty.CLOUDS[name]
    f = rips(points, max_scale=max_scale)
    d = persistence(f, max_dim=2)
    assert well_formed(d, f)
    if max_scale is None:
        assert len(d.of_dim(0).essential()) == len(points) * min(points.shape[1], 1)


@pytest.mark.parametrize("name", nasty.IMAGES)
@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("superlevel", [False, True])
def test_nasty_images(name: str, construction: str, superlevel: bool) -> None:
    images = nasty.IMAGES[name] * (-1 if superlevel else 1)
    f = cubical(images, construction=construction, superlevel=superlevel)
    assert well_formed(persistence(f), f)


@pytest.mark.parametrize("name", nasty.GRAPHS)
def test_nasty_graphs(name: str) -> None:
    f = lower_star(*nasty.GRAPHS[name])
    assert well_formed(persistence(f), f)


@pytest.mark.parametrize("name", nasty.CLOUDS)
@pytest.mark.parametrize("nu", [0, 1, 2])
def test_nasty_clouds_with_witnesses(name: str, nu: int) -> None:
    points = nasty.CLOUDS[name]
    landmarks = torch.arange(0, points.shape[1], 2)
    if nu > len(landmarks):
        with pytest.raises(ValueError, match="nu must lie in"):
            witness(points, landmarks=landmarks, nu=nu)
        return
    f = witness(points, landmarks=landmarks, nu=nu)
    assert well_formed(persistence(f), f)


def test_an_item_without_cells_has_an_empty_diagram() -> None:
    assert len(persistence(rips(torch.zeros(3, 0, 2)))) == 0
    assert persistence(rips(torch.zeros(3, 0, 2))).batch_size == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dtype_follows_the_input(dtype: torch.dtype) -> None:
    assert persistence(rips(SQUARE.to(dtype))).intervals.dtype == dtype
    assert persistence(cubical(RING.to(dtype))).intervals.dtype == dtype


def test_float64_is_not_rounded() -> None:
    image = torch.tensor([[[0.0, 1.0 + 1e-12, 1.0]]], dtype=torch.float64)
    assert intervals(persistence(cubical(image)), 0) == [(0.0, INF), (1.0, 1.0 + 1e-12)]


@pytest.mark.parametrize("max_dim", [-1, 1.0, None])
def test_bad_max_dim(max_dim: object) -> None:
    with pytest.raises(ValueError, match="max_dim must be an integer of at least 0, got"):
        persistence(rips(SQUARE), max_dim=max_dim)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", [0, 1, 4, 9, -3, 32771, 2.0])
def test_field_must_be_prime(field: int) -> None:
    with pytest.raises(ValueError, match="field must be a prime below 32768"):
        persistence(rips(SQUARE), field=field)


def test_nothing_handed_in_is_changed() -> None:
    points = SQUARE.clone().requires_grad_()
    persistence(rips(points))
    assert torch.equal(points, SQUARE)
    assert points.requires_grad
    assert points.grad is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("make", [lambda x: rips(x), lambda x: cubical(x)])
def test_gpu_equals_cpu(make: object) -> None:
    x = torch.rand(2, 12, 5, dtype=torch.float64)
    there, here = persistence(make(x.cuda())), persistence(make(x))  # type: ignore[operator]
    assert there.intervals.device.type == "cuda"
    assert torch.equal(there.cells.cpu(), here.cells)
