"""Filtrations of graphs with values on their edges."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.engines import Complex, Pairs
from topolens.engines.compiled import edge_weighted_pairs
from topolens.filtrations.base import Filtration
from topolens.filtrations.graph_batch import GraphBatch, check_edge_index, check_graphs, check_values


class EdgeWeighted(Filtration):
    """Graphs packed end to end; a cell is a vertex's row, or the number of vertices plus the number of an edge."""

    def __init__(self, vertex_values: Tensor, edge_values: Tensor, graphs: GraphBatch, superlevel: bool) -> None:
        self.batch_size = graphs.size
        self.graphs = graphs
        self.vertices = len(vertex_values)
        self.never = float("-inf" if superlevel else "inf")
        self.source = torch.cat([vertex_values, edge_values])
        self.values = -self.source.detach() if superlevel else self.source.detach()

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`; graphs have no torsion, so the field does not matter."""
        return edge_weighted_pairs(self.values, self.vertices, self.graphs.edge_index, self.graphs.offsets, max_dim)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        return self.source[cells]

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values.to("cpu", torch.float64).numpy()
        rows = self.graphs.rows(item)
        first: dict[tuple[int, int], int] = {}
        for a, b, e in self.graphs.edges(item):
            cell = self.vertices + e
            first[a, b] = min(first.get((a, b), cell), cell, key=lambda c: (values[c], c))
        source = [*rows, *first.values()]
        boundary: list[list[tuple[int, int]]] = [[] for _ in rows]
        boundary += [[(b - rows.start, 1), (a - rows.start, -1)] for a, b in first]
        return Complex([0] * len(rows) + [1] * len(first), source, boundary, values)


def edge_weighted(
    edge_values: Tensor,
    edge_index: Tensor,
    *,
    vertex_values: Tensor | float,
    batch: Tensor | None = None,
    superlevel: bool = False,
) -> EdgeWeighted:
    """Filtrations of a batch of graphs by the values of their edges, in the layout of PyTorch Geometric.

    Vertices and edges enter at their own values; no edge may enter before its ends. A value of +inf (superlevel:
    -inf) never enters.

    Args:
        edge_values: Values of all edges, shape (edges,).
        edge_index: Vertex rows of all edges, shape (2, edges), int64, in any order. Of several edges between the
            same two vertices, in either direction, only the first to enter counts; self-loops are left out.
        vertex_values: Values of all vertices of all graphs, shape (vertices,), or one number for all: 0 for lengths,
            1 with `superlevel` for strengths in [0, 1]. With a number there are as many vertices as `batch` has
            entries or, without it, as `edge_index` names.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        superlevel: Large values enter first. Births then lie above deaths, and essential bars die at -inf.

    Returns:
        A filtration with one item per graph. A bar's cells are vertex rows, and edges numbered on from the vertices:
        vertices + e.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is NaN or -inf (superlevel: inf), an edge leaves its graph, names
            no vertex or enters before one of its ends, or `batch` falls.

    Gradients: flow to the vertices and edges of birth and death.
    Cost: O(vertices log vertices + edges log edges).
    Source: "Neural persistence: a complexity measure for deep neural networks using algebraic topology", 2019,
        which uses dimension 0 of superlevel filtrations with vertices at 1.

    Example:
        >>> import topolens as tl
        >>> triangle = torch.tensor([[0, 1, 2], [1, 2, 0]])
        >>> f = tl.edge_weighted(torch.tensor([1.0, 2.0, 3.0]), triangle, vertex_values=0.0)
        >>> tl.persistence(f).intervals          # a tree of lengths 1 and 2; the third edge closes a loop
        tensor([[0., inf],
                [0., 1.],
                [0., 2.],
                [3., inf]])
    """
    check_values("edge_values", edge_values, "edges", superlevel)
    ends = check_edge_index(edge_index)
    if ends.shape[1] != len(edge_values):
        raise ValueError(
            f"edge_values must hold one value per edge, got {len(edge_values)} values for {ends.shape[1]} edges"
        )
    if not isinstance(vertex_values, Tensor):
        named = int(ends.max()) + 1 if ends.numel() else 0
        vertex_values = edge_values.new_full((len(batch) if batch is not None else named,), vertex_values)
    vertex_values = check_values("vertex_values", vertex_values, "vertices", superlevel).to(edge_values)
    graphs = check_graphs(ends, len(vertex_values), batch)
    _check_order(vertex_values.detach(), edge_values.detach(), ends, superlevel)
    return EdgeWeighted(vertex_values, edge_values, graphs, superlevel)


def _check_order(vertex_values: Tensor, edge_values: Tensor, ends: Tensor, superlevel: bool) -> None:
    at_ends = vertex_values[ends]
    early = (edge_values > at_ends.amin(0)) if superlevel else (edge_values < at_ends.amax(0))
    early &= ends[0] != ends[1]
    if early.any():
        e = int(early.nonzero()[0])
        a, b = ends[:, e].tolist()
        raise ValueError(
            f"no edge may enter before its ends, but edge {e} joins vertices {a} and {b} of values "
            f"{float(vertex_values[a]):g} and {float(vertex_values[b]):g} and has value {float(edge_values[e]):g}; "
            f"{'raise' if superlevel else 'lower'} the vertices or {'lower' if superlevel else 'raise'} the edge"
        )
