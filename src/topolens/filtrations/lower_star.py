"""Lower-star filtrations of graphs with values on their vertices."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.engines import Complex, Pairs
from topolens.engines.compiled import lower_star_critical, lower_star_pairs
from topolens.filtrations.base import Filtration
from topolens.filtrations.graph_batch import GraphBatch, check_edge_index, check_graphs, check_values


class LowerStar(Filtration):
    """Graphs packed end to end; a cell is a vertex's row in `vertex_values`, an edge its later end."""

    modes = ("sparse", "basin")

    def __init__(self, vertex_values: Tensor, graphs: GraphBatch, superlevel: bool) -> None:
        self.batch_size = graphs.size
        self.graphs = graphs
        self.never = float("-inf" if superlevel else "inf")
        self.source = vertex_values
        self.values = -vertex_values.detach() if superlevel else vertex_values.detach()

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`; graphs have no torsion, so the field does not matter."""
        return lower_star_pairs(self.values, self.graphs.edge_index, self.graphs.offsets, max_dim)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        return self.source[cells]

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Filtration.critical`."""
        return lower_star_critical(self.values, self.graphs.edge_index.T, births, targets)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values.to("cpu", torch.float64).numpy()
        rows = self.graphs.rows(item)
        edges = sorted({(a, b) for a, b, _ in self.graphs.edges(item)})
        source = [*rows, *(max(e, key=lambda v: (values[v], v)) for e in edges)]
        boundary: list[list[tuple[int, int]]] = [[] for _ in rows]
        boundary += [[(b - rows.start, 1), (a - rows.start, -1)] for a, b in edges]
        return Complex([0] * len(rows) + [1] * len(edges), source, boundary, values)


def lower_star(
    vertex_values: Tensor, edge_index: Tensor, batch: Tensor | None = None, *, superlevel: bool = False
) -> LowerStar:
    """Lower-star filtrations of a batch of graphs, in the layout of PyTorch Geometric.

    A vertex enters at its value, an edge with the later of its two ends. A vertex of value +inf (superlevel: -inf)
    never enters.

    Args:
        vertex_values: Values of all vertices of all graphs, shape (vertices,).
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once,
            self-loops are left out.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        superlevel: Vertices of large value enter first (upper stars). Births then lie above deaths, and essential
            bars die at -inf.

    Returns:
        A filtration with one item per graph; a bar's cells are rows of `vertex_values`.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is NaN or -inf (superlevel: inf), an edge leaves its graph or names
            no vertex, or `batch` falls.

    Gradients: flow to the vertices of birth and death.
    Cost: O(vertices log vertices + edges).
    Source: "Topological persistence and simplification", 2002.

    Example:
        >>> import topolens as tl
        >>> path = tl.lower_star(torch.tensor([0.0, 2.0, 1.0]), torch.tensor([[0, 1], [1, 2]]))
        >>> tl.persistence(path).intervals       # the end at 1 joins at the middle, at 2
        tensor([[0., inf],
                [1., 2.]])
    """
    check_values("vertex_values", vertex_values, "vertices", superlevel)
    graphs = check_graphs(check_edge_index(edge_index), len(vertex_values), batch)
    return LowerStar(vertex_values, graphs, superlevel)
