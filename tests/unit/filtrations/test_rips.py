"""Rips filtrations by hand: cells, values, refusals."""

import math

import pytest
import torch

import nasty
from topolens.engines.edges import edge_ends
from topolens.filtrations import rips

TRIANGLE = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]])


def test_values_are_vertices_then_edges() -> None:
    assert rips(TRIANGLE).values.tolist() == [[0.0, 0.0, 0.0, 3.0, 4.0, 5.0]]


def test_points_and_distances_agree() -> None:
    f = rips(distances=torch.cdist(TRIANGLE, TRIANGLE))
    assert torch.equal(f.values, rips(TRIANGLE).values)
    cells = torch.arange(6)
    assert torch.equal(f.at(torch.zeros_like(cells), cells), f.values[0])


def test_at_equals_values_exactly() -> None:
    """The engine's order and the numbers the user sees must not differ, not even by rounding."""
    generator = torch.Generator().manual_seed(0)
    for d in (1, 2, 3, 9, 64):
        for dtype in (torch.float32, torch.float64):
            f = rips(torch.randn(3, 30, d, generator=generator, dtype=dtype))
            cells = torch.arange(f.values.shape[1]).repeat(3)
            item = torch.arange(3).repeat_interleave(f.values.shape[1])
            assert torch.equal(f.at(item, cells).reshape(3, -1), f.values)


def test_edge_ends_invert_the_numbering() -> None:
    i, j = torch.tril_indices(300, 300, -1)
    edges = torch.arange(len(i))
    assert torch.equal(torch.stack(edge_ends(edges)), torch.stack([i, j]))


def test_edge_ends_of_huge_numbers() -> None:
    for i in (94_906_267, 3_000_000_000):
        for j in (0, i - 1):
            ends = edge_ends(torch.tensor([i * (i - 1) // 2 + j]))
            assert [int(x) for x in ends] == [i, j]


def test_explicit_lists_all_simplices_by_dimension() -> None:
    cells = rips(TRIANGLE).explicit(0, 1)
    assert list(cells.dim) == [0, 0, 0, 1, 1, 1, 2]
    assert list(cells.source) == [0, 1, 2, 3, 4, 5, 5]
    assert cells.boundary[3] == [(1, 1), (0, -1)]


def test_explicit_leaves_out_what_lies_above_max_scale() -> None:
    assert list(rips(TRIANGLE, max_scale=4.5).explicit(0, 1).source) == [0, 1, 2, 3, 4]
    assert list(rips(TRIANGLE, max_scale=4.0).explicit(0, 1).source) == [0, 1, 2, 3, 4]


def test_missing_edges_are_infinite_distances() -> None:
    distances = torch.tensor([[[0.0, 1.0, math.inf], [1.0, 0.0, math.inf], [math.inf, math.inf, 0.0]]])
    assert list(rips(distances=distances).explicit(0, 1).source) == [0, 1, 2, 3]


def test_the_diagonal_is_not_read() -> None:
    assert rips(distances=torch.full((1, 2, 2), 3.0)).values.tolist() == [[0.0, 0.0, 3.0]]


@pytest.mark.parametrize("name", nasty.REFUSED_CLOUDS)
def test_refused_clouds(name: str) -> None:
    points, message = nasty.REFUSED_CLOUDS[name]
    with pytest.raises(ValueError, match=message):
        rips(points)


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (torch.tensor([[[0.0, 1.0], [2.0, 0.0]]]), r"distances must be symmetric; pass \(D \+ D.mT\) / 2"),
        (torch.tensor([[[0.0, -1.0], [-1.0, 0.0]]]), "distances must not be negative"),
        (torch.zeros(1, 2, 3), r"distances must be square, got \(1, 2, 3\)"),
        (torch.full((1, 2, 2), math.nan), "distances contains NaN"),
        (torch.zeros(2, 2), r"distances must have shape \(batch, n, n\), got \(2, 2\); for one matrix pass"),
    ],
)
def test_refused_distances(distances: torch.Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rips(distances=distances)


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="points must be a torch.Tensor, got list; use torch.as_tensor"):
        rips([[[0.0]]])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"points must be a floating-point tensor, got torch.int64; convert it"):
        rips(torch.zeros(1, 2, 2, dtype=torch.int64))
    with pytest.raises(TypeError, match="either points or distances=, got both or neither"):
        rips()
    with pytest.raises(TypeError, match="either points or distances=, got both or neither"):
        rips(TRIANGLE, distances=torch.cdist(TRIANGLE, TRIANGLE))


@pytest.mark.parametrize("max_scale", [0, -1.0, math.nan])
def test_refused_max_scale(max_scale: float) -> None:
    with pytest.raises(ValueError, match="max_scale must be above 0, got"):
        rips(TRIANGLE, max_scale=max_scale)
