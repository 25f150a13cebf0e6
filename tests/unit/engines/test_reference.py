"""The oracle itself, on complexes whose bars can be found on paper."""

import numpy as np
import pytest

import spaces
from topolens.engines import Complex
from topolens.engines.reference import reference_pairs
from topolens.filtrations import rips

INF = float("inf")


def bars(cells: Complex, max_dim: int = 1, field: int = 2) -> list[tuple[int, int, int]]:
    """(dim, birth, death) of one complex."""
    found = reference_pairs([cells], max_dim, field)
    return [(int(k), int(b), int(d)) for k, (b, d) in zip(found.dim, found.cells, strict=True)]


def triangle(values: list[float]) -> Complex:
    """Corners 0, 1, 2; sides 3 = (1, 0), 4 = (2, 0), 5 = (2, 1); the face 6."""
    boundary = [[], [], [], [(1, 1), (0, -1)], [(2, 1), (0, -1)], [(2, 1), (1, -1)], [(5, 1), (4, -1), (3, 1)]]
    return Complex([0, 0, 0, 1, 1, 1, 2], list(range(7)), boundary, np.array(values))


def test_triangle() -> None:
    assert bars(triangle([0, 1, 2, 3, 4, 5, 6])) == [(0, 0, -1), (0, 1, 3), (0, 2, 4), (1, 5, 6)]


def test_equal_values_leave_no_bar() -> None:
    assert bars(triangle([0, 0, 0, 0, 1, 1, 1])) == [(0, 0, -1), (0, 2, 4)]


def test_max_dim_cuts() -> None:
    assert bars(triangle([0, 1, 2, 3, 4, 5, 6]), max_dim=0) == [(0, 0, -1), (0, 1, 3), (0, 2, 4)]


def test_ties_are_broken_by_the_source() -> None:
    """All three sides at 1: side 3 joins corners 0 and 1, side 4 joins 2, side 5 closes the loop."""
    assert bars(triangle([0, 0, 0, 1, 1, 1, 2])) == [(0, 0, -1), (0, 1, 3), (0, 2, 4), (1, 5, 6)]


def test_infinite_cells_never_enter() -> None:
    assert bars(triangle([0, 0, 0, 1, 1, 1, INF])) == [(0, 0, -1), (0, 1, 3), (0, 2, 4), (1, 5, -1)]
    assert bars(triangle([INF] * 7)) == []


def test_cells_of_one_source_make_no_bar_among_themselves() -> None:
    """All cells enter with vertex 0 or 1: an interval, named by its later end."""
    interval = Complex([0, 0, 1], [0, 1, 1], [[], [], [(1, 1), (0, -1)]], np.array([0.0, 1.0]))
    assert bars(interval) == [(0, 0, -1)]


def test_no_complexes_and_empty_complexes() -> None:
    assert len(reference_pairs([], 1, 2).dim) == 0
    assert len(reference_pairs([Complex([], [], [], np.zeros(0))], 1, 2).dim) == 0


def test_items_are_numbered() -> None:
    found = reference_pairs(
        [triangle([0, 1, 2, 3, 4, 5, 6]), Complex([], [], [], np.zeros(0)), triangle([0.0] * 7)], 1, 2
    )
    assert found.batch.tolist() == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(("field", "betti"), [(2, [1, 1, 1]), (3, [1, 0, 0]), (5, [1, 0, 0])])
def test_projective_plane_has_torsion(field: int, betti: list[int]) -> None:
    plane = rips(distances=spaces.projective_plane()).explicit(0, 2)
    found = reference_pairs([plane], 2, field)
    assert [int(((found.dim == k) & (found.cells[:, 1] < 0)).sum()) for k in range(3)] == betti
