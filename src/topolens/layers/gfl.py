"""Graph filtration learning: a readout of graphs by the bars of one learnable filtration."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.layers.lower_stars import graph_rows
from topolens.layers.structure_elements import rational_hat_transform
from topolens.layers.vertex_filtrations import GINFiltration
from topolens.layers.vertex_intervals import vertex_intervals


def gfl_readout(
    vertex_values: Tensor,
    edge_index: Tensor,
    batch: Tensor | None = None,
    *,
    finite: tuple[Tensor, Tensor],
    components: tuple[Tensor, Tensor],
    loops: tuple[Tensor, Tensor],
    batch_size: int | None = None,
) -> Tensor:
    """Sums of rational hats over the three barcodes of a filtered graph, shape (graphs, sum of all centres).

    In this order: bars of dimension 0 that die and have a length, births of components, births of loops.

    Args:
        vertex_values: Values of all vertices, shape (vertices,), finite.
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        finite: Centres (birth, death) and radii of the hats on bars that die, shapes (centres, 2) and (centres,).
        components: Centres and radii of the hats on births of components, both of shape (centres,).
        loops: The same on births of loops.
        batch_size: Number of graphs, where the last of them have no vertices.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is not finite, an edge leaves its graph, or `batch` falls.

    Gradients: To the values at births and deaths, to centres and radii.
    Source: "Graph Filtration Learning", 2020, section 3; hats as in "Learning Representations of Persistence Barcodes",
        2019, here in the norm 1.
    """
    rows, size = graph_rows(vertex_values, batch, batch_size)
    bars = vertex_intervals(vertex_values[:, None], edge_index, rows, batch_size=size)
    intervals, never = bars.components[:, 0], bars.essential[:, 0]
    dies = ~never & (intervals[:, 1] > intervals[:, 0])
    born = torch.stack([vertex_values, torch.zeros_like(vertex_values)], 1)
    flat = [(torch.stack([c, torch.zeros_like(c)], 1), r) for c, r in (components, loops)]
    hats = torch.cat(
        [
            rational_hat_transform(intervals, *finite) * dies[:, None],
            rational_hat_transform(born, *flat[0]) * never[:, None],
            rational_hat_transform(born, *flat[1]) * bars.counts,
        ],
        1,
    )
    return hats.new_zeros(size, hats.shape[1]).index_add(0, rows, hats)


class GFL(nn.Module):
    """Graph filtration learning readout: one learnable filtration of a graph, its barcodes under rational hats.

    Args:
        features: Features of a vertex.
        centres: Hats for each of the three barcodes; 3 * centres features come out.
        hidden: Width of the filtration's network.

    Gradients: To x and all parameters, through births and deaths; defined wherever the values of vertices differ.
    Source: "Graph Filtration Learning", 2020, section 4. Vertices have features here: give one-hot degrees or labels
        for the embeddings used there, and put a network behind.

    Example:
        >>> layer = GFL(features=4, centres=10)
        >>> triangle = torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]])
        >>> layer(torch.randn(3, 4), triangle).shape
        torch.Size([1, 30])
    """

    def __init__(self, features: int, centres: int = 32, hidden: int = 32) -> None:
        super().__init__()
        self.filtration = GINFiltration(features, 1, hidden)
        # Filtration values lie in (0, 1), and deaths above births.
        self.finite_centres = nn.Parameter(torch.rand(centres, 2).sort(1).values)
        self.component_centres = nn.Parameter(torch.rand(centres))
        self.loop_centres = nn.Parameter(torch.rand(centres))
        self.radii = nn.Parameter(torch.full((3, centres), 0.1))

    def forward(
        self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None, batch_size: int | None = None
    ) -> Tensor:
        """From x (vertices, features), edge_index (2, edges), both directions listed, to (graphs, 3 * centres)."""
        return gfl_readout(
            self.filtration(x, edge_index)[:, 0],
            edge_index,
            batch,
            finite=(self.finite_centres, self.radii[0]),
            components=(self.component_centres, self.radii[1]),
            loops=(self.loop_centres, self.radii[2]),
            batch_size=batch_size,
        )
