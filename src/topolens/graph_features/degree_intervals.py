"""The degree window of all vertices of a batch of graphs at once, in plain torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from topolens.filtrations.graph_batch import check_edge_index, check_graphs, check_values


def degree_intervals(
    edge_values: Tensor,
    edge_index: Tensor,
    windows: Sequence[tuple[int, int | None]],
    *,
    batch: Tensor | None = None,
    superlevel: bool = False,
    never: float | None = None,
) -> Tensor:
    """Birth and death of the degree windows D_{m,n} of every vertex, shape (vertices, windows, 2).

    From when to when it has more than m and fewer than n neighbours: the birth is the (m + 1)-th smallest weight of
    its edges, the death the n-th (superlevel: largest). `steady(graph, degree_window(m, n))` says the same.

    Args:
        edge_values: Weights of all edges, shape (edges,). An edge of weight +inf (superlevel: -inf) never enters.
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Of several edges between the same two vertices,
            in either direction, only the first to enter counts; self-loops are left out.
        windows: Pairs (m, n) with 0 <= m < n; n = None: no upper bound.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: as many vertices as `edge_index`
            names.
        superlevel: Large weights enter first. Births then lie above deaths.
        never: What stands for a birth or death that does not happen. None: inf (superlevel: -inf). With the end of the
            scale, such as 1 for weights in [0, 1], every entry is finite and a vertex without a bar has one of
            length 0.

    Returns:
        Births and deaths, shape (vertices, windows, 2).

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a window is none, a weight is NaN or -inf (superlevel: inf), an edge names no
            vertex or leaves its graph, or `batch` falls.

    Gradients: 1 to the edge of each birth and of each death, among equal weights the first; none to what never happens.
    Cost: O(edges log edges) on the device of the input, and a gather for each window.
    Source: "Steady and ranging sets in graph persistence", 2022, for the feature; the closed form is ours.

    Example:
        >>> star = torch.tensor([[0, 1, 2, 2], [1, 2, 3, 4]])
        >>> degree_intervals(torch.tensor([2.0, 5.0, 10.0, 10.0]), star, [(1, 3)])[:3, 0]
        tensor([[inf, inf],
                [ 5., inf],
                [10., 10.]])
    """
    for m, n in windows:
        if m < 0 or (n is not None and n <= m):
            raise ValueError(f"windows must be pairs (m, n) with 0 <= m < n, got ({m}, {n})")
    check_values("edge_values", edge_values, "edges", superlevel)
    ends = check_edge_index(edge_index)
    if ends.shape[1] != len(edge_values):
        raise ValueError(
            f"edge_values must hold one value per edge, got {len(edge_values)} values for {ends.shape[1]} edges"
        )
    named = int(ends.max()) + 1 if ends.numel() else 0
    vertices = named if batch is None else len(batch)
    check_graphs(ends, vertices, batch)
    edge, start, degree = _incident(
        -edge_values.detach() if superlevel else edge_values.detach(), ends.long(), vertices
    )
    end = float("-inf" if superlevel else "inf") if never is None else never
    columns = [rank for m, n in windows for rank in (m, None if n is None else n - 1)]
    found = [_ranked(edge_values, edge, start, degree, rank, end) for rank in columns]
    return torch.stack(found, 1).view(vertices, len(windows), 2) if found else edge_values.new_zeros(vertices, 0, 2)


def _incident(values: Tensor, ends: Tensor, vertices: int) -> tuple[Tensor, Tensor, Tensor]:
    """Edges around each vertex in their order, the place in that list where each vertex begins, and its degree."""
    low, high = ends.amin(0), ends.amax(0)
    order = torch.argsort(values, stable=True)
    order = order[(low != high)[order] & (values < float("inf"))[order]]
    key = low[order] * vertices + high[order]
    by_pair = torch.argsort(key, stable=True)
    repeated = torch.zeros_like(by_pair, dtype=torch.bool)
    repeated[by_pair[1:]] = key[by_pair][1:] == key[by_pair][:-1]
    order = order[~repeated]
    vertex = torch.cat([low[order], high[order]])
    # Interleaved by rank first, so that one stable sort leaves the edges of a vertex in their order.
    rank = torch.arange(len(order), device=values.device).repeat(2)
    by_rank = torch.argsort(rank, stable=True)
    by_vertex = by_rank[torch.argsort(vertex[by_rank], stable=True)]
    degree = torch.bincount(vertex, minlength=vertices)
    return order.repeat(2)[by_vertex], degree.cumsum(0) - degree, degree


def _ranked(values: Tensor, edge: Tensor, start: Tensor, degree: Tensor, rank: int | None, never: float) -> Tensor:
    """Value of the edge of a rank (from 0) around each vertex, `never` where there are not so many; (vertices,)."""
    out = values.new_full(degree.shape, never)
    if rank is None or not len(edge):
        return out
    place = (start + rank).clamp(max=len(edge) - 1)
    return torch.where(degree > rank, values[edge[place]], out)
