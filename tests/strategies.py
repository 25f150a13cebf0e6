"""Hypothesis strategies for small inputs with many ties."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor


def _tensor(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x)).double()


def images(max_side: int = 5, levels: int = 5, batch: int = 1) -> st.SearchStrategy[Tensor]:
    """Images (batch, height, width) of whole numbers in [0, levels)."""
    shapes = st.tuples(st.just(batch), st.integers(1, max_side), st.integers(1, max_side))
    return hnp.arrays(np.int64, shapes, elements=st.integers(0, levels - 1)).map(_tensor)


def grids(sides: int, max_side: int = 4, levels: int = 4, batch: int = 1) -> st.SearchStrategy[Tensor]:
    """Signals, images or volumes (batch, *sides) of whole numbers in [0, levels)."""
    shapes = st.tuples(st.just(batch), *[st.integers(1, max_side)] * sides)
    return hnp.arrays(np.int64, shapes, elements=st.integers(0, levels - 1)).map(_tensor)


def clouds(max_points: int = 8, levels: int = 4, batch: int = 1) -> st.SearchStrategy[Tensor]:
    """Clouds (batch, n, d) of grid points, so with equal points and equal distances."""
    shapes = st.tuples(st.just(batch), st.integers(1, max_points), st.integers(1, 3))
    return hnp.arrays(np.int64, shapes, elements=st.integers(0, levels - 1)).map(_tensor)


@st.composite
def distances(draw: st.DrawFn, max_points: int = 8, levels: int = 5) -> Tensor:
    """Symmetric matrices (1, n, n) of whole numbers; the triangle inequality need not hold."""
    n = draw(st.integers(1, max_points))
    lower = torch.tril(draw(hnp.arrays(np.int64, (1, n, n), elements=st.integers(0, levels)).map(_tensor)), -1)
    return lower + lower.mT


@st.composite
def graphs(draw: st.DrawFn, max_vertices: int = 8, levels: int = 5) -> tuple[Tensor, Tensor]:
    """Vertex values and edge_index of one graph."""
    n = draw(st.integers(1, max_vertices))
    values = draw(hnp.arrays(np.int64, n, elements=st.integers(0, levels - 1)).map(_tensor))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    edges = draw(st.lists(ends, max_size=2 * n))
    return values, torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T


@st.composite
def weighted_graphs(draw: st.DrawFn, max_vertices: int = 8, levels: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """Vertex values, edge values and edge_index of one graph; no edge before its ends."""
    vertex_values, edges = draw(graphs(max_vertices, levels))
    steps = hnp.arrays(np.int64, edges.shape[1], elements=st.integers(0, levels - 1)).map(_tensor)
    return vertex_values, vertex_values[edges].amax(0) + draw(steps), edges
