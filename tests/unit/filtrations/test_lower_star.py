"""Lower-star filtrations by hand: cells, packing, refusals."""

import pytest
import torch

from topolens.filtrations import lower_star
from topolens.persistence import persistence

VALUES = torch.tensor([0.0, 2.0, 1.0])
PATH = torch.tensor([[0, 1], [1, 2]])


def test_an_edge_enters_with_its_later_end() -> None:
    cells = lower_star(VALUES, PATH).explicit(0, 1)
    assert list(cells.dim) == [0, 0, 0, 1, 1]
    assert list(cells.source) == [0, 1, 2, 1, 1]
    assert cells.boundary[3:] == [[(1, 1), (0, -1)], [(2, 1), (1, -1)]]


def test_ends_of_equal_value_enter_by_row() -> None:
    assert list(lower_star(torch.ones(3), PATH).explicit(0, 1).source) == [0, 1, 2, 1, 2]


def test_both_directions_and_loops_count_once() -> None:
    doubled = torch.cat([PATH, PATH.flip(0), torch.tensor([[1], [1]])], 1)
    once, twice = (persistence(lower_star(VALUES, edges)) for edges in (PATH, doubled))
    assert torch.equal(once.cells, twice.cells)


def test_graphs_are_packed_end_to_end() -> None:
    values = torch.cat([VALUES, VALUES])
    edges = torch.cat([PATH, PATH + 3], 1)
    f = lower_star(values, edges, torch.tensor([0, 0, 0, 1, 1, 1]))
    assert f.batch_size == 2
    assert f.graphs.offsets.tolist() == [0, 3, 6]
    d = persistence(f)
    assert d.batch.tolist() == [0, 0, 1, 1]
    assert d.cells.tolist() == [[0, -1], [2, 1], [3, -1], [5, 4]]


def test_a_graph_without_vertices_counts() -> None:
    f = lower_star(VALUES, torch.zeros(2, 0, dtype=torch.int64), torch.tensor([1, 1, 3]))
    assert f.batch_size == 4
    assert persistence(f).batch.tolist() == [1, 1, 3]


def test_large_values_first() -> None:
    d = persistence(lower_star(torch.tensor([3.0, 1.0, 2.0]), PATH, superlevel=True))
    assert d.intervals.tolist() == [[3.0, -float("inf")], [2.0, 1.0]]
    assert d.cells.tolist() == [[0, -1], [2, 1]]


def test_vertices_that_never_enter_a_superlevel_filtration() -> None:
    d = persistence(lower_star(torch.tensor([3.0, -float("inf"), 2.0]), PATH, superlevel=True))
    assert d.intervals.tolist() == [[3.0, -float("inf")], [2.0, -float("inf")]]
    with pytest.raises(ValueError, match="vertex_values contains inf, a birth at infinity; clamp those values"):
        lower_star(torch.tensor([3.0, float("inf"), 2.0]), PATH, superlevel=True)


@pytest.mark.parametrize(
    ("values", "edges", "batch", "message"),
    [
        (torch.tensor([0.0, float("nan")]), PATH[:, :1], None, "vertex_values contains NaN"),
        (torch.tensor([0.0, -float("inf")]), PATH[:, :1], None, "vertex_values contains -inf"),
        (VALUES[None], PATH, None, r"vertex_values must have shape \(vertices\), got \(1, 3\)"),
        (VALUES, PATH.T[:, :1], None, None),
        (VALUES, PATH[0], None, r"edge_index must have shape \(2, edges\), got \(2,\); transpose a list of pairs"),
        (VALUES, [[0], [1]], None, r"edge_index must have shape \(2, edges\), got list"),
        (VALUES, PATH + 1, None, r"edge_index must name rows in \[0, 3\), got 1 to 3"),
        (VALUES, PATH - 1, None, r"edge_index must name rows in \[0, 3\), got -1 to 1"),
        (VALUES, PATH, torch.tensor([0, 1, 0]), "batch must be 3 integers that never fall, one per vertex"),
        (VALUES, PATH, torch.tensor([0, 0]), "batch must be 3 integers that never fall, one per vertex"),
        (VALUES, PATH, torch.tensor([-1, 0, 0]), "batch must be 3 integers that never fall, one per vertex"),
        (VALUES, PATH, torch.zeros(3), "batch must be 3 integers that never fall, one per vertex"),
        (VALUES, PATH, torch.tensor([0, 0, 1]), "edge_index joins vertices of two graphs; check it against batch"),
    ],
)
def test_refused(values: torch.Tensor, edges: object, batch: torch.Tensor | None, message: str | None) -> None:
    if message is None:
        assert lower_star(values, edges, batch).batch_size == 1  # type: ignore[arg-type]
        return
    with pytest.raises(ValueError, match=message):
        lower_star(values, edges, batch)  # type: ignore[arg-type]


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="edge_index must be an integer tensor, got torch.float32; convert it"):
        lower_star(VALUES, PATH.float())
    with pytest.raises(TypeError, match="vertex_values must be a floating-point tensor, got torch.int64; convert it"):
        lower_star(VALUES.long(), PATH)
