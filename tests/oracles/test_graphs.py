"""Graphs against GUDHI's simplex tree."""

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

import strategies
from bars import intervals
from topolens.filtrations import lower_star
from topolens.persistence import persistence

gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")


def oracle(values: Tensor, edges: Tensor) -> list[list[tuple[float, float]]]:
    tree = gudhi.SimplexTree()
    for vertex, value in enumerate(values.tolist()):
        tree.insert([vertex], value)
    for a, b in edges.T.tolist():
        tree.insert([a, b], max(float(values[a]), float(values[b])))
    tree.compute_persistence(min_persistence=0, persistence_dim_max=True)
    return [sorted(map(tuple, tree.persistence_intervals_in_dimension(k).tolist())) for k in (0, 1)]


@settings(max_examples=150)
@given(strategies.graphs(max_vertices=20, levels=6))
def test_random_graphs_with_ties(graph: tuple[Tensor, Tensor]) -> None:
    d = persistence(lower_star(*graph))
    assert [intervals(d, k) for k in (0, 1)] == oracle(*graph)


@pytest.mark.parametrize("edges", [300, 1500])
def test_larger_graphs(edges: int) -> None:
    generator = torch.Generator().manual_seed(edges)
    values = torch.rand(500, generator=generator, dtype=torch.float64)
    ends = torch.randint(500, (2, edges), generator=generator)
    d = persistence(lower_star(values, ends))
    assert [intervals(d, k) for k in (0, 1)] == oracle(values, ends)
