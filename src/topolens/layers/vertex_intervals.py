"""Bars of graphs laid out by vertex: each vertex starts one component and ends any number of loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from topolens._checks import check_tensor, is_traced
from topolens.filtrations.graph_batch import check_edge_index, check_graphs
from topolens.layers.lower_stars import graph_rows, lower_stars

ESSENTIAL = ("graph", "component")


class VertexIntervals(NamedTuple):
    """Bars of F filtrations of a batch of graphs, one row per vertex and one column per filtration.

    Args:
        components: Birth and death of the component that a vertex starts, shape (vertices, F, 2); (value, value) for a
            vertex that joins an older one at once.
        loops: Birth and death of the loops that close at a vertex, shape (vertices, F, 2), whether any do or not.
        counts: Number of these loops, shape (vertices, F), in the dtype of the values.
        essential: Whether the vertex starts a component that never dies, shape (vertices, F), bool.
    """

    components: Tensor
    loops: Tensor
    counts: Tensor
    essential: Tensor


def vertex_intervals(
    vertex_values: Tensor,
    edge_index: Tensor,
    batch: Tensor | None = None,
    *,
    batch_size: int | None = None,
    essential: str = "graph",
) -> VertexIntervals:
    """Bars of F lower-star filtrations of a batch of graphs, one component and the number of loops per vertex.

    An edge enters with its later end, and so a loop belongs to the vertex at which it closes.

    Args:
        vertex_values: Values of all vertices, one column per filtration, shape (vertices, F), finite.
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        batch_size: Number of graphs, where the last of them have no vertices.
        essential: Where bars end that never die: at the largest value of their "graph" or of their "component".

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is not finite, an edge leaves its graph, `batch` falls, or
            `essential` is unknown.

    Gradients: To the two vertices of each bar; which these are is a choice (by row) where values tie.
    Cost: One call of the engine, O(F (vertices log vertices + edges)). `torch.compile` traces it, given `batch_size`.
    Source: "Topological Graph Neural Networks", 2022, section 3, whose essential bars end with the graph's last edge.

    Example:
        >>> triangle = torch.tensor([[0, 1, 2], [1, 2, 0]])
        >>> bars = vertex_intervals(torch.tensor([[0.0], [1.0], [3.0]]), triangle)
        >>> bars.components[:, 0].tolist(), bars.counts[:, 0].tolist()
        ([[0.0, 3.0], [1.0, 1.0], [3.0, 3.0]], [0.0, 0.0, 1.0])
    """
    check_tensor("vertex_values", vertex_values, ("vertices", "filtrations"))
    if essential not in ESSENTIAL:
        raise ValueError(f"essential must be 'graph' or 'component', got {essential!r}")
    rows, size = graph_rows(vertex_values, batch, batch_size)
    ends, counts, tops = _bars(vertex_values.detach(), edge_index, rows, size, essential)
    never = ends < 0
    deaths = vertex_values.gather(0, torch.where(never, tops, ends))
    last = vertex_values.gather(0, tops)
    return VertexIntervals(
        torch.stack([vertex_values, deaths], -1),
        torch.stack([vertex_values, last], -1),
        counts.to(vertex_values.dtype),
        never,
    )


def static_intervals(
    vertex_values: Tensor, edge_index: Tensor, batch: Tensor | None = None, *, batch_size: int | None = None
) -> VertexIntervals:
    """What stands in for `vertex_intervals` where the topology is left out: values alone, in the same layout.

    Every vertex has the bar (value, value), and the first edge listed of each graph counts as a loop.

    Args:
        vertex_values: Values of all vertices, one column per filtration, shape (vertices, F).
        edge_index: Vertex rows of all edges, shape (2, edges), int64.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        batch_size: Number of graphs, where the last of them have no vertices.

    Raises:
        TypeError: If `edge_index` is no tensor of integers.
        ValueError: If shapes do not fit, an edge leaves its graph, or `batch` falls.

    Gradients: To the values; evenly among equals for the largest of a graph.
    Source: "Topological Graph Neural Networks", 2022, section 5.1, where the edge is drawn anew each time.
    """
    rows, size = graph_rows(vertex_values, batch, batch_size)
    if not is_traced():
        check_graphs(check_edge_index(edge_index), len(vertex_values), rows)
    index = rows[:, None].expand_as(vertex_values)
    largest = vertex_values.new_zeros(size, vertex_values.shape[1])
    largest = largest.scatter_reduce(0, index, vertex_values, "amax", include_self=False)
    loops = torch.stack([vertex_values, largest[rows]], -1)
    counts = torch.zeros_like(vertex_values.detach())
    if edges := edge_index.shape[1]:
        number = torch.arange(edges, device=edge_index.device)
        first = number.new_full((size,), edges).scatter_reduce(0, rows[edge_index[0].long()], number, "amin")
        a, b = edge_index[:, first.clamp(max=edges - 1)].long()
        later = torch.where(vertex_values[a] > vertex_values[b], a[:, None], b[:, None])
        counts = counts.scatter_add(0, later, (first < edges)[:, None].to(counts).expand_as(later).contiguous())
    never = torch.zeros_like(vertex_values, dtype=torch.bool)
    return VertexIntervals(torch.stack([vertex_values, vertex_values], -1), loops, counts, never)


@torch.library.custom_op("topolens::vertex_bars", mutates_args=())
def _bars(
    values: Tensor, edge_index: Tensor, batch: Tensor, size: int, essential: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Per vertex and filtration: row where its component dies, -1 for never; loops; row of the largest value."""
    vertices, filtrations = values.shape
    found = lower_stars(values, edge_index, batch, batch_size=size).pairs(max_dim=1, field=2)
    births, deaths = found.cells.T
    is_component = found.dim == 0
    ends = np.arange(filtrations * vertices)
    ends[births[is_component]] = deaths[is_component]
    ends = np.maximum(ends.reshape(filtrations, vertices) - vertices * np.arange(filtrations)[:, None], -1)
    counts = np.bincount(births[~is_component], minlength=ends.size).reshape(ends.shape)
    rows, loops = (torch.from_numpy(x.T.copy()).to(values.device) for x in (ends, counts))
    parts = batch if essential == "graph" else _components(edge_index, vertices).to(batch.device)
    return rows, loops, _largest(values, parts)


@_bars.register_fake
def _(values: Tensor, edge_index: Tensor, batch: Tensor, size: int, essential: str) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(values.new_empty(values.shape, dtype=torch.int64) for _ in range(3))  # type: ignore[return-value]


def _components(edge_index: Tensor, vertices: int) -> Tensor:
    """Number of the connected component of each vertex, shape (vertices,), int64."""
    a, b = edge_index.to("cpu").numpy()
    matrix = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(vertices, vertices))
    return torch.from_numpy(connected_components(matrix, directed=False)[1].astype(np.int64))


def _largest(values: Tensor, parts: Tensor) -> Tensor:
    """Row of the largest value in the part that each vertex belongs to, the first among equals, shape of `values`."""
    index = parts[:, None].expand_as(values)
    count = int(parts.max()) + 1 if len(parts) else 0
    largest = values.new_zeros(count, values.shape[1]).scatter_reduce(0, index, values, "amax", include_self=False)
    number = torch.arange(len(values), device=values.device)[:, None].expand_as(values)
    candidates = torch.where(values == largest[parts], number, len(values))
    first = number.new_full(largest.shape, len(values)).scatter_reduce(0, index, candidates, "amin")
    return first[parts]
