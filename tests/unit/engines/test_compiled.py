"""The doorway to the compiled core: conversions in the open."""

import numpy as np
import pytest
import torch

from topolens.engines import compiled


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        (torch.float32, np.float32),
        (torch.float64, np.float64),
        (torch.float16, np.float32),
        (torch.bfloat16, np.float32),
    ],
)
def test_array_keeps_or_widens_the_precision(given: torch.dtype, arrives: type) -> None:
    x = compiled.array(torch.ones(2, 3, dtype=given))
    assert x.dtype == arrives
    assert x.tolist() == [[1.0] * 3] * 2


def test_array_is_contiguous_and_cut_from_autograd() -> None:
    x = compiled.array(torch.arange(6.0, requires_grad=True).reshape(2, 3).T)
    assert x.flags.c_contiguous
    assert x.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


def test_threads_are_torchs(use_threads) -> None:
    use_threads(1)
    assert compiled.threads() == 1


def test_partners_of_an_interval() -> None:
    """Cells: two corners and the side between them, which ends the second corner."""
    offsets, rows, coefficients = np.array([0, 0, 0, 2]), np.array([0, 1]), np.array([-1, 1])
    found = compiled.partners(offsets, rows, coefficients, np.array([0, 0, 1]), 3)
    assert found.tolist() == [-1, 2, 1]


def test_spanning_tree_of_a_path() -> None:
    points = torch.tensor([[[0.0], [3.0], [1.0]]])
    tree = compiled.spanning_tree(torch.cdist(points, points))
    assert sorted(tuple(sorted(e)) for e in tree[0].tolist()) == [(0, 2), (1, 2)]


def test_kth_neighbour_on_a_line() -> None:
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert compiled.kth_neighbour(points, 1).tolist() == [1.0, 1.0, 2.0, 4.0]
    assert compiled.kth_neighbour(points, 2).tolist() == [3.0, 2.0, 3.0, 6.0]


def test_maxmin_on_a_line() -> None:
    points = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert compiled.maxmin(points, 3, 0).tolist() == [0, 3, 2]


def test_maxmin_stops_when_points_run_out() -> None:
    assert compiled.maxmin(torch.zeros(4, 2), 3, 1).tolist() == [1]


def test_witness_edges_of_three_landmarks() -> None:
    """Landmarks at 0, 2 and 6 on a line, which are points themselves, and a point at 1."""
    points = torch.tensor([[0.0], [2.0], [6.0], [1.0]])
    distances = torch.cdist(points[:3], points)
    assert compiled.witness_edges(distances, torch.zeros(4)).tolist() == [3, 1, 1]


def test_cocycles_of_a_square() -> None:
    """Sides 1, diagonals 2: one loop, born at the last side (3, 2), closed by the first diagonal (2, 0)."""
    values = torch.tensor([0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
    found = compiled.rips_cocycles(values, 4, 5, float("inf"))
    assert found.cells.tolist() == [[9, 5]]
    assert found.offsets.tolist() == [0, len(found.edges)]
    loop = {4: 1, 6: 1, 9: 1, 7: -1}  # 0 -> 1 -> 2 -> 3 -> 0, against the orientation of edge (3, 0)
    turn = sum(int(a) * loop[int(e)] for e, a in zip(found.edges, found.coefficients, strict=True)) % 5
    assert turn != 0
