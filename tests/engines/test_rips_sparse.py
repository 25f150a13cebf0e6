"""Flag complexes from a list of edges = the same from a matrix and = the textbook, cell by cell."""

import numpy as np
import pytest
import torch

from bars import difference
from topolens import _core
from topolens.engines import Pairs, canonical
from topolens.filtrations import rips


def sparse(vertices, ends, values, max_dim: int, field: int = 2, threads: int = 1) -> Pairs:
    dim, batch, birth, death = _core.rips_pairs_sparse(
        np.asarray(vertices, dtype=np.float64),
        np.asarray(ends, dtype=np.int64).reshape(-1, 2),
        np.asarray(values, dtype=np.float64),
        max_dim,
        field,
        threads,
    )
    return Pairs(dim, batch, np.stack([birth, death], 1))


def listed(matrix: np.ndarray, max_scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ends, values and cell numbers in the dense filtration of the edges at or below max_scale."""
    i, j = np.tril_indices(len(matrix), -1)
    kept = matrix[i, j] <= max_scale
    cells = len(matrix) + np.flatnonzero(kept)
    return np.stack([j[kept], i[kept]], 1), matrix[i, j][kept], cells


def in_dense_cells(found: Pairs, n: int, cells: np.ndarray) -> Pairs:
    names = np.concatenate([np.arange(n), cells, [-1]])
    return canonical(Pairs(found.dim, found.batch, names[found.cells]))


def whole_numbers(n: int, levels: int, seed: int) -> np.ndarray:
    matrix = np.tril(np.random.default_rng(seed).integers(1, levels + 1, (n, n)), -1).astype(float)
    return matrix + matrix.T


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("field", [2, 3])
def test_lists_are_matrices(seed: int, field: int) -> None:
    n, levels = 3 + seed % 17, [3, 8, 1000][seed % 3]
    matrix = whole_numbers(n, levels, seed)
    for max_scale in (levels / 3, levels / 2, levels):
        f = rips(distances=torch.from_numpy(matrix)[None], max_scale=max_scale)
        ends, values, cells = listed(matrix, max_scale)
        for max_dim in (0, 1, 2, 3):
            found = sparse(np.zeros(n), ends, values, max_dim, field)
            assert difference(in_dense_cells(found, n, cells), f.pairs(max_dim, field)) == ""


@pytest.mark.parametrize(("n", "d", "max_scale"), [(400, 2, 0.2), (300, 3, 0.5), (150, 9, 1.3)])
def test_clouds_cut_at_a_scale(n: int, d: int, max_scale: float) -> None:
    points = np.random.default_rng(n).uniform(size=(n, d))
    matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
    f = rips(distances=torch.from_numpy(np.maximum(matrix, matrix.T))[None], max_scale=max_scale)
    ends, values, cells = listed(np.maximum(matrix, matrix.T), max_scale)
    expected = f.pairs(1, 2)
    for threads in (1, 3):
        assert difference(in_dense_cells(sparse(np.zeros(n), ends, values, 1, 2, threads), n, cells), expected) == ""


def test_ties_go_to_the_edge_given_first() -> None:
    """A square with both diagonals, all edges at 1: the last side to come opens the loop at once closed."""
    sides = [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert sparse(np.zeros(4), sides, np.ones(4), 1).cells.tolist() == [[0, -1], [1, 4], [2, 5], [3, 6], [7, -1]]
    order = [3, 1, 0, 2]
    found = sparse(np.zeros(4), [sides[k] for k in order], np.ones(4), 1)
    assert found.cells[found.dim == 1].tolist() == [[7, -1]]
    with_diagonal = sparse(np.zeros(4), [*sides, (2, 0)], [1, 1, 1, 1, 2], 1)
    assert with_diagonal.cells[with_diagonal.dim == 1].tolist() == [[7, 8]]


def test_vertices_enter_with_values() -> None:
    """The younger vertex dies; a vertex that arrives joined leaves no bar; vertices at infinity never enter."""
    assert sparse([2, 1], [(0, 1)], [3], 0).cells.tolist() == [[0, 2], [1, -1]]
    assert sparse([3, 1], [(0, 1)], [3], 1).cells.tolist() == [[1, -1]]
    assert sparse([0, np.inf], [(0, 1)], [np.inf], 1).cells.tolist() == [[0, -1]]


def test_no_edges_and_no_vertices() -> None:
    for max_dim in (0, 1, 2):
        assert len(sparse([], [], [], max_dim).dim) == 0
        assert sparse([0, 0], [], [], max_dim).cells.tolist() == [[0, -1], [1, -1]]


def test_a_long_cycle_of_more_vertices_than_a_matrix_takes() -> None:
    n = 100_000
    around = np.stack([np.arange(n), (np.arange(n) + 1) % n], 1)
    for max_dim in (1, 2):
        found = sparse(np.zeros(n), around, 1 + np.arange(n) / n, max_dim)
        assert found.cells[found.dim == 1].tolist() == [[2 * n - 1, -1]]
        assert (found.dim == 0).sum() == n


@pytest.mark.parametrize(
    ("vertices", "ends", "values", "sentence"),
    [
        ([0, 0], [(0, 2)], [1], "two different vertices below n = 2, but edge 0"),
        ([0, 0], [(1, 1)], [1], "two different vertices"),
        ([0] * 4, [(0, 1), (1, 0)], [1, 2], "comes twice"),
        ([0, 2], [(0, 1)], [1], "none below a vertex"),
        ([0, 0], [(0, 1)], [np.nan], "no NaN"),
        ([0, np.nan], [], [], "no NaN"),
        ([0, 0], [(0, 1)], [1, 2], "shape \\(edges, 2\\)"),
    ],
)
def test_refusals(vertices, ends, values, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        sparse(vertices, ends, values, 1)


@pytest.mark.parametrize("field", [2, 3])
@pytest.mark.parametrize(("kind", "n"), [("noise", 70), ("levels", 80), ("cube", 110), ("torus", 120)])
def test_two_ways_to_degree_two(kind: str, n: int, field: int) -> None:
    """A matrix goes by lunes, a list by cohomology: independent methods, on inputs too large for the textbook."""
    rng = np.random.default_rng(n)
    if kind in ("noise", "levels"):
        matrix = whole_numbers(n, 10**6 if kind == "noise" else 30, n)
    else:
        angles = rng.uniform(0, 2 * np.pi, (n, 2))
        around = np.concatenate([np.cos(angles), np.sin(angles)], 1)
        points = rng.uniform(size=(n, 6)) if kind == "cube" else around
        matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
        matrix = np.maximum(matrix, matrix.T)
    f = rips(distances=torch.from_numpy(matrix)[None])
    ends, values, cells = listed(matrix, np.inf)
    found = in_dense_cells(sparse(np.zeros(n), ends, values, 2, field), n, cells)
    assert (found.dim == 2).sum() > 3
    assert difference(found, f.pairs(2, field)) == ""


def test_many_open_loops_at_once() -> None:
    """Squares side by side, more than the bit matrix takes: each is a loop of its own."""
    count = 9000
    corners = 4 * np.arange(count)[:, None] + np.array([[0, 1, 1, 2, 2, 3, 3, 0]])
    found = sparse(np.zeros(4 * count), corners.reshape(-1, 2), np.ones(4 * count), 1)
    assert (found.dim == 1).sum() == count
    assert (found.cells[found.dim == 1, 1] == -1).all()
