"""Graphs against GUDHI's simplex tree."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

import strategies
from bars import intervals
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import edge_weighted, lower_star
from topolens.persistence import persistence

gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")

Bars = list[tuple[float, float]]


def simplex_tree(values: Tensor, edges: Tensor, edge_values: Tensor | None = None):
    """Simplices are inserted one by one."""
    tree = gudhi.SimplexTree()
    for vertex, value in enumerate(values.tolist()):
        tree.insert([vertex], value)
    entry = values[edges].amax(0) if edge_values is None else edge_values
    for (a, b), value in zip(edges.T.tolist(), entry.tolist(), strict=True):
        if a != b:
            tree.insert([a, b], value)
    return tree


def oracle(values: Tensor, edges: Tensor, edge_values: Tensor | None = None) -> list[Bars]:
    tree = simplex_tree(values, edges, edge_values)
    tree.compute_persistence(min_persistence=0, persistence_dim_max=True)
    return [sorted(map(tuple, tree.persistence_intervals_in_dimension(k).tolist())) for k in (0, 1)]


def extended_oracle(values: Tensor, edges: Tensor) -> list[Bars]:
    tree = simplex_tree(values, edges)
    tree.extend_filtration()
    return [sorted(bar for _, bar in kind) for kind in tree.extended_persistence()]


def extended_agrees(values: Tensor, edges: Tensor) -> bool:
    """GUDHI has no bars of zero length, and rescales values, so that they come back rounded."""
    found = [d.detach().to(torch.float64).intervals for d in extended_persistence(lower_star(values, edges))]
    for own, wanted in zip(found, extended_oracle(values, edges), strict=True):
        bars = np.array(sorted(map(tuple, own[own[:, 0] != own[:, 1]].tolist()))).reshape(-1, 2)
        other = np.array(wanted).reshape(-1, 2)
        # Rounding may exchange bars of almost equal birth, so both are sorted by rounded numbers.
        one, two = (np.array(sorted(x.round(9).tolist())).reshape(-1, 2) for x in (bars, other))
        if one.shape != two.shape or not np.allclose(one, two, rtol=0, atol=1e-8):
            return False
    return True


def random_graph(generator: torch.Generator, levels: int = 0) -> tuple[Tensor, Tensor]:
    """Up to 25 vertices, tree-like to dense; values in general position, or with ties at `levels` levels."""
    n = int(torch.randint(1, 26, (1,), generator=generator))
    m = int(n * 3 * torch.rand(1, generator=generator))
    values = torch.rand(n, generator=generator, dtype=torch.float64)
    values = torch.floor(values * levels) if levels else values
    return values, torch.randint(n, (2, m), generator=generator)


@pytest.mark.parametrize("levels", [0, 5])
def test_a_thousand_random_graphs(levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    for _ in range(600):
        graph = random_graph(generator, levels)
        d = persistence(lower_star(*graph))
        assert [intervals(d, k) for k in (0, 1)] == oracle(*graph)
        assert extended_agrees(*graph)


@settings(max_examples=150)
@given(strategies.graphs(max_vertices=20, levels=6))
def test_random_graphs_with_ties(graph: tuple[Tensor, Tensor]) -> None:
    d = persistence(lower_star(*graph))
    assert [intervals(d, k) for k in (0, 1)] == oracle(*graph)
    assert extended_agrees(*graph)


@settings(max_examples=150)
@given(strategies.weighted_graphs(max_vertices=15, levels=6))
def test_random_graphs_with_edge_values(graph: tuple[Tensor, Tensor, Tensor]) -> None:
    vertex_values, edge_values, edges = graph
    d = persistence(edge_weighted(edge_values, edges, vertex_values=vertex_values))
    assert [intervals(d, k) for k in (0, 1)] == oracle(vertex_values, edges, edge_values)


@pytest.mark.parametrize("edges", [300, 1500])
def test_larger_graphs(edges: int) -> None:
    generator = torch.Generator().manual_seed(edges)
    values = torch.rand(500, generator=generator, dtype=torch.float64)
    ends = torch.randint(500, (2, edges), generator=generator)
    d = persistence(lower_star(values, ends))
    assert [intervals(d, k) for k in (0, 1)] == oracle(values, ends)
    assert extended_agrees(values, ends)
