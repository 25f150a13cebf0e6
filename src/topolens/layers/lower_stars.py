"""Several lower-star filtrations of the same graphs as one batch, so that the engine is called once."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor, is_traced
from topolens.filtrations import LowerStar
from topolens.filtrations.graph_batch import GraphBatch, check_edge_index, check_graphs


def graph_rows(vertices: Tensor, batch: Tensor | None, batch_size: int | None = None) -> tuple[Tensor, int]:
    """Graph of each vertex and the number of graphs, one graph where neither is given.

    Args:
        vertices: Any tensor with one row per vertex.
        batch: Graph of each vertex, shape (vertices,), or None.
        batch_size: Number of graphs; None: up to that of the last vertex.

    Raises:
        ValueError: If `batch` names more graphs than there are.
    """
    if batch is None:
        rows = torch.zeros(len(vertices), dtype=torch.int64, device=vertices.device)
        return rows, 1 if batch_size is None else batch_size
    if batch_size is None:
        return batch.long(), int(batch[-1]) + 1 if len(batch) else 0
    if not is_traced() and len(batch) and int(batch[-1]) >= batch_size:
        raise ValueError(f"batch must name graphs in [0, {batch_size}), got {int(batch[-1])}; raise batch_size")
    return batch.long(), batch_size


def lower_stars(
    vertex_values: Tensor, edge_index: Tensor, batch: Tensor | None = None, *, batch_size: int | None = None
) -> LowerStar:
    """F lower-star filtrations of B graphs as one filtration of F * B items, filtration by filtration.

    Item k * B + b is graph b under column k; cell k * vertices + v is vertex v under column k.

    Args:
        vertex_values: Values of all vertices, one column per filtration, shape (vertices, F).
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        batch_size: Number of graphs, where the last of them have no vertices.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is not finite, an edge leaves its graph, or `batch` falls.

    Gradients: To the vertices of birth and death.
    Cost: as `topolens.lower_star` for F times as many graphs, in one call.

    Example:
        >>> import topolens as tl
        >>> values = torch.tensor([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
        >>> both = lower_stars(values, torch.tensor([[0, 1], [1, 2]]))
        >>> tl.extended_persistence(both).ext0.intervals      # of a path under both filtrations
        tensor([[0., 2.],
                [0., 2.]])
    """
    check_no_nan("vertex_values", check_tensor("vertex_values", vertex_values, ("vertices", "filtrations")))
    if torch.isinf(vertex_values).any():
        raise ValueError("vertex_values contains inf, but every vertex must enter; clamp those values")
    graphs = check_graphs(check_edge_index(edge_index), len(vertex_values), batch)
    rows, size = graph_rows(vertex_values, batch, batch_size)
    vertices, filtrations = vertex_values.shape
    step = torch.arange(filtrations, device=edge_index.device)[:, None]
    edges = (_once(graphs.edge_index.long(), vertices)[:, None] + step * vertices).flatten(1)
    items = (rows.to(step.device) + step * size).flatten()
    return LowerStar(vertex_values.T.flatten(), GraphBatch(edges, items, filtrations * size), superlevel=False)


def _once(edge_index: Tensor, vertices: int) -> Tensor:
    """Each edge in one direction and once: half the work for every filtration."""
    a, b = edge_index
    key = (torch.minimum(a, b) * vertices + torch.maximum(a, b)).unique()
    return torch.stack([key // max(vertices, 1), key % max(vertices, 1)])
