"""Graphs and digraphs with weights on their edges: what features are followed along."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.filtrations.graph_batch import GraphBatch, check_edge_index, check_graphs, check_values

VERTICES = ("edge-born", "all")


class WeightedGraph:
    """A batch of weighted graphs; a cell is a vertex's row, or the number of vertices plus the number of an edge."""

    def __init__(
        self,
        edge_values: Tensor,
        vertex_values: Tensor | None,
        graphs: GraphBatch,
        vertices: str,
        directed: bool,
        superlevel: bool,
    ) -> None:
        rows = int(graphs.offsets[-1])
        self.batch_size = graphs.size
        self.graphs = graphs
        self.vertices = vertices
        self.vertex_count = rows
        self.directed = directed
        self.superlevel = superlevel
        self.source = torch.cat([edge_values.new_zeros(rows) if vertex_values is None else vertex_values, edge_values])

    def __repr__(self) -> str:
        kind = "digraphs" if self.directed else "graphs"
        edges = len(self.source) - self.vertex_count
        return f"WeightedGraph({self.batch_size} {kind}, vertices={self.vertex_count}, edges={edges})"

    @property
    def never(self) -> float:
        """Death of what never ends."""
        return float("-inf" if self.superlevel else "inf")

    def at(self, cells: Tensor) -> Tensor:
        """Differentiable values of cells, shape of `cells`; what never ends (-1) has the value `never`."""
        inside = self.source[cells.clamp(min=0)] if len(self.source) else self.source.new_zeros(cells.shape)
        return torch.where(cells >= 0, inside, torch.full_like(inside, self.never))


def weighted_graph(
    edge_values: Tensor,
    edge_index: Tensor,
    *,
    vertices: str | Tensor = "edge-born",
    batch: Tensor | None = None,
    directed: bool = False,
    superlevel: bool = False,
) -> WeightedGraph:
    """A batch of graphs that grow by the weights of their edges, in the layout of PyTorch Geometric.

    The graph at level t has the edges of weight at most t (superlevel: at least t).

    Args:
        edge_values: Weights of all edges, shape (edges,). An edge of weight +inf (superlevel: -inf) never enters.
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Of several edges between the same two vertices
            (directed: in the same direction) only the first to enter counts; self-loops are left out.
        vertices: "edge-born": a vertex enters with its first edge. "all": all vertices are there from the first level
            of their graph on. A tensor (vertices,): vertices enter at these values, and an edge no earlier than its
            ends.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph, with as many vertices as
            `edge_index` names.
        directed: Whether an edge leads only from its first row to its second. Features that know no direction see
            the graph without arrows.
        superlevel: Large weights enter first. Births then lie above deaths, and what never ends dies at -inf.

    Returns:
        What `steady`, `ranging` and `coherent` take: one item per graph.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, `vertices` is an unknown word, a weight is NaN or -inf (superlevel: inf), an
            edge leaves its graph or names no vertex, or `batch` falls.

    Gradients: births and deaths are weights, and carry their gradient to them.
    Source: "Steady and ranging sets in graph persistence", 2022; vertices that are there before their edges, and
        weights on vertices, are ours.

    Example:
        >>> path = weighted_graph(torch.tensor([2.0, 5.0]), torch.tensor([[0, 1], [1, 2]]))
        >>> path
        WeightedGraph(1 graphs, vertices=3, edges=2)
    """
    check_values("edge_values", edge_values, "edges", superlevel)
    ends = check_edge_index(edge_index)
    if ends.shape[1] != len(edge_values):
        raise ValueError(
            f"edge_values must hold one value per edge, got {len(edge_values)} values for {ends.shape[1]} edges"
        )
    given = isinstance(vertices, Tensor)
    if not given and vertices not in VERTICES:
        raise ValueError(f'vertices must be "edge-born", "all" or a tensor of values, got {vertices!r}')
    values = check_values("vertices", vertices, "vertices", superlevel).to(edge_values) if given else None  # type: ignore[arg-type]
    named = int(ends.max()) + 1 if ends.numel() else 0
    rows = len(values) if values is not None else named if batch is None else len(batch)
    graphs = check_graphs(ends, rows, batch)
    return WeightedGraph(edge_values, values, graphs, "given" if given else str(vertices), directed, superlevel)
