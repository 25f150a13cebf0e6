"""The compiled engine for graphs with values on edges = the textbook, cell by cell."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from bars import difference, reference
from topolens.filtrations import edge_weighted

INF = float("inf")


def all_graphs() -> tuple[Tensor, Tensor]:
    """All 1,099 labelled graphs of one to five vertices: edge_index and batch."""
    edges, batch = [], []
    for n in range(1, 6):
        possible = list(combinations(range(n), 2))
        for mask in range(2 ** len(possible)):
            edges += [(a + len(batch), b + len(batch)) for k, (a, b) in enumerate(possible) if mask >> k & 1]
            batch += [batch[-1] + 1 if batch else 0] * n
    return torch.tensor(edges).T, torch.tensor(batch)


def test_all_graphs_up_to_five_vertices() -> None:
    generator = torch.Generator().manual_seed(0)
    edges, batch = all_graphs()
    edges = edges[:, torch.randperm(edges.shape[1], generator=generator)]  # graphs need not follow each other here
    vertex_values = torch.randint(3, (len(batch),), generator=generator).double()
    edge_values = vertex_values[edges].amax(0) + torch.randint(3, (edges.shape[1],), generator=generator)
    f = edge_weighted(edge_values, edges, vertex_values=vertex_values, batch=batch)
    assert f.batch_size == 1 + 2 + 8 + 64 + 1024
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@settings(max_examples=150)
@given(strategies.weighted_graphs(max_vertices=10), st.integers(0, 2))
def test_random_graphs_with_loops_and_doubles(graph: tuple[Tensor, Tensor, Tensor], max_dim: int) -> None:
    vertex_values, edge_values, edges = graph
    f = edge_weighted(edge_values, edges, vertex_values=vertex_values)
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""
    down = edge_weighted(-edge_values, edges, vertex_values=-vertex_values, superlevel=True)
    assert difference(down.pairs(max_dim, 2), f.pairs(max_dim, 2)) == ""


@pytest.mark.parametrize("levels", [2, 10**6])
def test_larger_graphs(levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    values = torch.randint(levels, (300,), generator=generator).float()
    f = edge_weighted(values, torch.randint(90, (2, 300), generator=generator), vertex_values=0.0)
    for field in (2, 3):
        assert difference(f.pairs(1, field), reference(f, 1, field)) == ""


def test_missing_vertices_and_edges() -> None:
    generator = torch.Generator().manual_seed(1)
    vertex_values = torch.randint(4, (30,), generator=generator).float()
    vertex_values[vertex_values == 3] = INF
    edges = torch.randint(30, (2, 80), generator=generator)
    edge_values = vertex_values[edges].amax(0) + torch.randint(4, (80,), generator=generator)
    edge_values[::7] = INF
    f = edge_weighted(edge_values, edges, vertex_values=vertex_values)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


def test_one_thread_is_two_threads(use_threads) -> None:
    generator = torch.Generator().manual_seed(2)
    edges, batch = all_graphs()
    f = edge_weighted(torch.rand(edges.shape[1], generator=generator), edges, vertex_values=0.0, batch=batch)
    use_threads(1)
    alone = f.pairs(1, 2)
    for count in (2, 3):
        use_threads(count)
        assert difference(f.pairs(1, 2), alone) == ""
