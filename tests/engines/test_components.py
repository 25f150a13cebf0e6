"""Components without cell values: spanning trees of matrices and of clouds = the textbook, on ties too."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from bars import difference, reference
from topolens.engines.boruvka import spanning_tree
from topolens.engines.compiled import components, components_of_trees, edge_lengths, matrix_faults, rips_values
from topolens.engines.edges import edge_ends
from topolens.filtrations import rips

INF = float("inf")
scales = st.sampled_from([None, 1.0, 2.0, 3.5])


@settings(max_examples=200)
@given(strategies.distances(max_points=12, levels=5), scales)
def test_matrices(distances: Tensor, max_scale: float | None) -> None:
    f = rips(distances=distances, max_scale=max_scale)
    assert difference(f.pairs(0, 2), reference(f, 0)) == ""


@settings(max_examples=200)
@given(strategies.clouds(max_points=12, batch=2), scales)
def test_clouds(points: Tensor, max_scale: float | None) -> None:
    f = rips(points, max_scale=max_scale)
    assert difference(f.pairs(0, 2), reference(f, 0)) == ""


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [2, 17, 255, 256, 257, 700])
def test_larger_clouds_as_with_cell_values(n: int, dtype: torch.dtype) -> None:
    """Blocks of 256 vertices, tiles of 16: their borders are where such code goes wrong."""
    points = torch.randn(2, n, 5, generator=torch.Generator().manual_seed(n)).to(dtype)
    f = rips(points)
    whole = f.pairs(1, 2)
    low = whole.dim == 0
    expected = type(whole)(whole.dim[low], whole.batch[low], whole.cells[low])
    assert difference(f.pairs(0, 2), expected) == ""
    values = torch.from_numpy(rips_values(points, is_cloud=True).numpy())
    i, j = edge_ends(torch.arange(n * (n - 1) // 2))
    square = points.new_zeros(2, n, n)
    square[:, i, j] = square[:, j, i] = values[:, n:]
    assert difference(components(square, is_cloud=False, max_scale=INF), expected) == ""
    for item in range(2):
        assert torch.equal(edge_lengths(points, torch.full_like(i, item), i, j), values[item, n:])


@settings(max_examples=150)
@given(strategies.distances(max_points=12, levels=3), scales)
def test_trees_in_tensor_operations(distances: Tensor, max_scale: float | None) -> None:
    """The path that a GPU takes, here on the CPU."""
    distances[distances == 3] = INF
    limit = INF if max_scale is None else max_scale
    expected = components(distances, is_cloud=False, max_scale=limit)
    assert difference(components_of_trees(*spanning_tree(distances), limit), expected) == ""


def test_trees_of_a_batch_in_tensor_operations() -> None:
    points = torch.randint(6, (5, 60, 2), generator=torch.Generator().manual_seed(3)).double()
    distances = torch.cdist(points, points)
    expected = components(distances, is_cloud=False, max_scale=INF)
    assert difference(components_of_trees(*spanning_tree(distances), INF), expected) == ""


@pytest.mark.parametrize("n", [1, 5, 16, 31, 33])
def test_every_fault_of_a_matrix_is_seen(n: int) -> None:
    clean = torch.rand(1, n, n, generator=torch.Generator().manual_seed(n))
    clean = clean + clean.mT
    assert matrix_faults(clean) == (False, False, False)
    for i, j in torch.tril_indices(n, n, -1).T.tolist():
        for a, b in ((i, j), (j, i)):
            broken = clean.clone()
            broken[0, a, b] = float("nan")
            assert matrix_faults(broken)[0]
            broken[0, a, b] = 9.0
            assert matrix_faults(broken) == (False, False, True)
        broken = clean.clone()
        broken[0, i, j] = broken[0, j, i] = -1.0
        assert matrix_faults(broken) == (False, True, False)


def test_one_thread_is_two_threads(use_threads) -> None:
    points = torch.rand(1, 900, 3, generator=torch.Generator().manual_seed(0))
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    found = []
    for count in (1, 2, 3):
        use_threads(count)
        found.append((rips_values(points, True), rips_values(distances, False), matrix_faults(distances)))
    for values, copied, faults in found[1:]:
        assert torch.equal(values, found[0][0])
        assert torch.equal(copied, found[0][1])
        assert faults == (False, False, False)
