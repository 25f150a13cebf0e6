"""Learnable filtrations of graphs: values in (0, 1) on the vertices, from their features."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from topolens._checks import check_no_nan, check_tensor, is_traced
from topolens.filtrations.graph_batch import check_edge_index, check_graphs


def check_features(x: Tensor, features: int) -> Tensor:
    """The tensor itself, if it has so many features per vertex and no NaN."""
    check_tensor("x", x, ("vertices", "features"))
    if x.shape[1] != features:
        raise ValueError(f"x must have {features} features per vertex, as the layer was made for, got {x.shape[1]}")
    return x if is_traced() else check_no_nan("x", x)


def in_full_precision(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What the network makes of x outside of autocast: values rounded to half precision would tie."""
    with torch.autocast(x.device.type, enabled=False):
        return network(x)


class VertexFiltration(nn.Module):
    """Filtration values of each vertex from its own features: two linear layers with a ReLU between, then a sigmoid.

    Args:
        features: Features of a vertex.
        filtrations: Number of filtrations that come out.
        hidden: Width between the two layers, which all filtrations share.

    Source: "Topological Graph Neural Networks", 2022, section 3.1.

    Example:
        >>> VertexFiltration(features=5, filtrations=3)(torch.randn(10, 5)).shape
        torch.Size([10, 3])
    """

    def __init__(self, features: int, filtrations: int = 8, hidden: int = 32) -> None:
        super().__init__()
        self.features = features
        self.first, self.second = nn.Linear(features, hidden), nn.Linear(hidden, filtrations)

    def forward(self, x: Tensor, edge_index: Tensor | None = None) -> Tensor:
        """From x (vertices, features) to (vertices, filtrations); edges do not matter."""
        return in_full_precision(self._values, check_features(x, self.features))

    def _values(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.second(torch.relu(self.first(x.to(self.first.weight.dtype)))))


class GINFiltration(VertexFiltration):
    """Filtration values of each vertex from its features and those of its neighbours: one level of GIN, then a sigmoid.

    The two layers of `VertexFiltration` on (1 + eps) x_v + the sum of x_u over all edges (u, v) listed.

    Args:
        features: Features of a vertex.
        filtrations: Number of filtrations that come out.
        hidden: Width between the two layers.

    Source: "Graph Filtration Learning", 2020, section 4, without batch normalisation between the layers.

    Example:
        >>> layer = GINFiltration(features=5, filtrations=1)
        >>> layer(torch.randn(3, 5), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).shape
        torch.Size([3, 1])
    """

    def __init__(self, features: int, filtrations: int = 1, hidden: int = 32) -> None:
        super().__init__(features, filtrations, hidden)
        self.eps = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, edge_index: Tensor | None = None) -> Tensor:
        """From x (vertices, features) and edge_index (2, edges), both directions listed, to (vertices, filtrations)."""
        x = check_features(x, self.features)
        if edge_index is None:
            raise ValueError("edge_index must be given: values depend on neighbours; or take VertexFiltration")
        if not is_traced():
            check_graphs(check_edge_index(edge_index), len(x), None)
        sums = torch.zeros_like(x).index_add(0, edge_index[1].long(), x[edge_index[0].long()])
        return in_full_precision(self._values, (1 + self.eps) * x + sums)
