"""The compiled engine for flag complexes = the textbook, cell by cell, over several fields."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import spaces
import strategies
from bars import difference, reference
from topolens.filtrations import rips

fields = pytest.mark.parametrize("field", [2, 3, 5])


def symmetric(values: Tensor, n: int) -> Tensor:
    """Distances (batch, n, n) from the lower triangle row by row."""
    square = values.new_zeros(len(values), n, n)
    rows, columns = torch.tril_indices(n, n, -1)
    square[:, rows, columns] = values
    return square + square.mT


def test_all_distances_of_three_levels_on_four_points() -> None:
    """All 729 matrices over {0, 1, 2}."""
    values = torch.cartesian_prod(*[torch.arange(3.0)] * 6)
    f = rips(distances=symmetric(values, 4))
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


def test_all_graphs_on_five_points() -> None:
    """All 1,024 flag complexes that enter at once, on five vertices."""
    values = torch.tensor(list(product([1.0, float("inf")], repeat=10)))
    f = rips(distances=symmetric(values, 5))
    assert difference(f.pairs(3, 3), reference(f, 3, 3)) == ""


@fields
@settings(max_examples=120)
@given(
    strategies.distances(max_points=9, levels=6),
    st.integers(0, 4),
    st.sampled_from([None, 1.0, 2.0, 3.5, 5.0, 100.0]),
)
def test_random_whole_numbers(field: int, distances: Tensor, max_dim: int, max_scale: float | None) -> None:
    f = rips(distances=distances, max_scale=max_scale)
    assert difference(f.pairs(max_dim, field), reference(f, max_dim, field)) == ""


@settings(max_examples=120)
@given(strategies.clouds(max_points=9, batch=2), st.integers(0, 3), st.sampled_from([None, 1.0, 2.0]))
def test_random_grid_points(points: Tensor, max_dim: int, max_scale: float | None) -> None:
    f = rips(points, max_scale=max_scale)
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@fields
@pytest.mark.parametrize(("n", "d", "max_dim"), [(40, 2, 1), (25, 3, 2), (16, 4, 3), (70, 2, 0)])
def test_larger_clouds(field: int, n: int, d: int, max_dim: int) -> None:
    f = rips(torch.rand(1, n, d, generator=torch.Generator().manual_seed(n)))
    assert difference(f.pairs(max_dim, field), reference(f, max_dim, field)) == ""


@pytest.mark.parametrize("levels", [2, 4, 20])
def test_larger_whole_numbers(levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    values = torch.randint(1, levels + 1, (3, 18 * 17 // 2), generator=generator).float()
    f = rips(distances=symmetric(values, 18))
    for max_dim in (1, 2):
        assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@pytest.mark.parametrize("name", nasty.CLOUDS)
@pytest.mark.parametrize("max_dim", [0, 1, 3])
@pytest.mark.parametrize("max_scale", [None, 1.0])
def test_nasty_clouds(name: str, max_dim: int, max_scale: float | None) -> None:
    f = rips(nasty.CLOUDS[name], max_scale=max_scale)
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@fields
def test_projective_plane(field: int) -> None:
    f = rips(distances=spaces.projective_plane())
    found = f.pairs(2, field)
    essential = [int(((found.dim == k) & (found.cells[:, 1] < 0)).sum()) for k in range(3)]
    assert essential == ([1, 1, 1] if field == 2 else [1, 0, 0])
    assert difference(found, reference(f, 2, field)) == ""


def test_dense_and_sparse_paths_agree() -> None:
    """A cut above all distances changes nothing; a cut below most of them is the textbook's."""
    points = torch.rand(2, 30, 2, generator=torch.Generator().manual_seed(5))
    whole, wide = rips(points), rips(points, max_scale=10.0)
    assert difference(wide.pairs(1, 2), whole.pairs(1, 2)) == ""
    for max_scale in (0.1, 0.2, 0.4):
        narrow = rips(points, max_scale=max_scale)
        assert difference(narrow.pairs(1, 2), reference(narrow, 1)) == ""


def test_float32_and_float64_agree() -> None:
    points = torch.rand(2, 25, 3, generator=torch.Generator().manual_seed(6))
    f = rips(points)
    g = rips(distances=symmetric(f.values[:, 25:].double(), 25))
    assert difference(f.pairs(2, 2), g.pairs(2, 2)) == ""


def test_one_thread_is_two_threads(use_threads) -> None:
    generator = torch.Generator().manual_seed(7)
    for shape, max_dim in (((5, 20, 3), 2), ((1, 60, 3), 2), ((1, 300, 2), 1), ((2, 150, 4), 1)):
        f = rips(torch.rand(shape, generator=generator).mul(30).round())
        use_threads(1)
        alone = f.pairs(max_dim, 3)
        for count in (2, 3):
            use_threads(count)
            assert difference(f.pairs(max_dim, 3), alone) == ""
