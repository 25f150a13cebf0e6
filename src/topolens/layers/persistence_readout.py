"""Persistence pooling of whole graphs: each feature is a filtration, and its longest bars are what is read out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens._checks import check_tensor
from topolens.layers.lower_stars import graph_rows
from topolens.layers.segments import reduced
from topolens.layers.vertex_filtrations import check_features
from topolens.layers.vertex_intervals import vertex_intervals


def persistence_readout(
    x: Tensor, edge_index: Tensor, batch: Tensor | None = None, *, k: int = 1, batch_size: int | None = None
) -> Tensor:
    """The k largest persistences of components under every feature, in falling order, shape (graphs, features, k).

    Each feature filters the graph from below; a component that never dies ends at its own largest value, so the largest
    persistence of a connected graph is the range of the feature. 0 where there are fewer than k.

    Args:
        x: Features of all vertices, shape (vertices, features), finite.
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.
        k: How many are kept.
        batch_size: Number of graphs, where the last of them have no vertices.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If k is below 1, shapes do not fit, a value is not finite, an edge leaves its graph, or `batch`
            falls.

    Gradients: +1 to the vertex of death and -1 to that of birth, for the bars that are kept.
    Source: "Persistence-based operators in machine learning", 2022, whose pooling of images has one bar per pixel.

    Example:
        >>> path = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
        >>> persistence_readout(torch.tensor([[0.0], [2.0], [1.0], [4.0], [3.0]]), path, k=3)
        tensor([[[4., 1., 1.]]])
    """
    check_tensor("x", x, ("vertices", "features"))
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    rows, size = graph_rows(x, batch, batch_size)
    bars = vertex_intervals(x, edge_index, rows, batch_size=size, essential="component").components
    return reduced(bars[..., 1] - bars[..., 0], rows, size, "topk", k).view(size, k, x.shape[1]).mT


class PersistenceReadout(nn.Module):
    """Learned weights on what `persistence_readout` gives, for each feature its own.

    y = the sum over i of weight_i times the i-th largest persistence, plus the feature's maximum where wanted.

    Args:
        features: Features of a vertex.
        k: How many persistences count; 1 is max-persistence pooling with a factor.
        outputs: Numbers that come out for each feature.
        maximum: Add the largest value of the feature in the graph, 0 for a graph without vertices.

    Raises:
        ValueError: If k is below 1.

    Example:
        >>> layer = PersistenceReadout(features=3, k=4, outputs=2)
        >>> layer(torch.randn(5, 3), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])).shape
        torch.Size([1, 6])
    """

    def __init__(self, features: int, k: int = 8, outputs: int = 1, *, maximum: bool = False) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        self.k, self.maximum = k, maximum
        self.weight = nn.Parameter((1 + 0.1 * torch.randn(features, k, outputs)) / k)

    def forward(
        self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None, batch_size: int | None = None
    ) -> Tensor:
        """From x (vertices, features), edge_index (2, edges) and batch (vertices,) to (graphs, features * outputs)."""
        check_features(x, self.weight.shape[0])
        rows, size = graph_rows(x, batch, batch_size)
        longest = persistence_readout(x, edge_index, rows, k=self.k, batch_size=size)
        out = torch.einsum("gfk,fko->gfo", longest, self.weight.to(x.dtype))
        if self.maximum:
            out = out + reduced(x, rows, size, "max")[..., None]
        return out.flatten(1)

    def extra_repr(self) -> str:
        """The settings, for printing."""
        return f"k={self.k}, maximum={self.maximum}"
