"""Edge-weighted filtrations by hand: cells, counting of vertices, refusals."""

import pytest
import torch

from topolens.filtrations import edge_weighted
from topolens.persistence import persistence

TRIANGLE = torch.tensor([[0, 1, 2], [1, 2, 0]])
LENGTHS = torch.tensor([1.0, 2.0, 3.0])
INF, NAN = float("inf"), float("nan")


def test_edges_are_numbered_on_from_the_vertices() -> None:
    d = persistence(edge_weighted(LENGTHS, TRIANGLE, vertex_values=0.0))
    assert d.cells.tolist() == [[0, -1], [1, 3], [2, 4], [5, -1]]
    assert d.intervals.tolist() == [[0.0, INF], [0.0, 1.0], [0.0, 2.0], [3.0, INF]]


def test_strengths_in_a_superlevel_filtration() -> None:
    """Neural persistence: all vertices at 1, strong edges first."""
    d = persistence(edge_weighted(torch.tensor([0.9, 0.5, 0.2]), TRIANGLE, vertex_values=1.0, superlevel=True))
    assert torch.allclose(d.intervals, torch.tensor([[1.0, -INF], [1.0, 0.9], [1.0, 0.5], [0.2, -INF]]))


def test_of_several_edges_the_first_to_enter_counts() -> None:
    edges = torch.cat([TRIANGLE, TRIANGLE.flip(0), torch.tensor([[1], [1]])], 1)
    values = torch.tensor([9.0, 2.0, 9.0, 1.0, 2.0, 3.0, -5.0])
    d = persistence(edge_weighted(values, edges, vertex_values=0.0))
    assert d.cells.tolist() == [[0, -1], [1, 6], [2, 4], [8, -1]]


def test_vertices_are_those_named_or_those_of_the_batch() -> None:
    edge = torch.tensor([[2], [1]])
    assert len(persistence(edge_weighted(torch.ones(1), edge, vertex_values=0.0)).essential()) == 2
    d = persistence(edge_weighted(torch.ones(1), edge, vertex_values=0.0, batch=torch.tensor([0, 1, 1, 3])))
    assert d.essential().batch.tolist() == [0, 1, 3]
    assert d.batch_size == 4


def test_graphs_without_edges_or_vertices() -> None:
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert len(persistence(edge_weighted(torch.zeros(0), none, vertex_values=0.0))) == 0
    d = persistence(edge_weighted(torch.zeros(0), none, vertex_values=torch.tensor([2.0, 1.0])))
    assert d.intervals.tolist() == [[2.0, INF], [1.0, INF]]


@pytest.mark.parametrize(
    ("values", "vertices", "message"),
    [
        (torch.tensor([1.0, NAN, 3.0]), 0.0, "edge_values contains NaN"),
        (torch.tensor([1.0, -INF, 3.0]), 0.0, "edge_values contains -inf, a birth at infinity"),
        (LENGTHS, torch.tensor([0.0, -INF, 0.0]), "vertex_values contains -inf"),
        (LENGTHS, NAN, "vertex_values contains NaN"),
        (LENGTHS[:2], 0.0, "edge_values must hold one value per edge, got 2 values for 3 edges"),
        (LENGTHS[None], 0.0, r"edge_values must have shape \(edges\), got \(1, 3\)"),
        (LENGTHS, torch.zeros(2), r"edge_index must name rows in \[0, 2\), got 0 to 2"),
        (
            LENGTHS,
            torch.tensor([0.0, 0.0, 2.5]),
            "no edge may enter before its ends, but edge 1 joins vertices 1 and 2 of values 0 and 2.5 and has value 2; "
            "lower the vertices or raise the edge",
        ),
    ],
)
def test_refused(values: torch.Tensor, vertices: torch.Tensor | float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edge_weighted(values, TRIANGLE, vertex_values=vertices)


def test_refused_in_a_superlevel_filtration() -> None:
    with pytest.raises(ValueError, match="edge 0 joins vertices 0 and 1 of values 0 and 0 and has value 1; raise"):
        edge_weighted(LENGTHS, TRIANGLE, vertex_values=0.0, superlevel=True)


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="edge_index must be an integer tensor"):
        edge_weighted(LENGTHS, TRIANGLE.float(), vertex_values=0.0)
    with pytest.raises(TypeError, match="vertex_values must be a floating-point tensor"):
        edge_weighted(LENGTHS, TRIANGLE, vertex_values=torch.zeros(3, dtype=torch.int64))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu() -> None:
    values, edges = torch.rand(60, dtype=torch.float64), torch.randint(30, (2, 60))
    here = persistence(edge_weighted(values, edges, vertex_values=0.0))
    there = persistence(edge_weighted(values.cuda(), edges.cuda(), vertex_values=0.0))
    assert there.intervals.device.type == "cuda"
    assert torch.equal(there.cells.cpu(), here.cells)
