"""TOGL: a layer of a graph network that sees components and loops."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.deep_sets import PermutationEquivariant
from topolens.layers.lower_stars import graph_rows
from topolens.layers.point_transforms import GaussianTransform, LineTransform, TentTransform
from topolens.layers.structure_elements import RationalHatTransform
from topolens.layers.vertex_filtrations import VertexFiltration
from topolens.layers.vertex_intervals import ESSENTIAL, static_intervals, vertex_intervals

EMBEDDINGS = ("deep_sets", "transforms")


class TOGLFeatures(NamedTuple):
    """What TOGL says of each vertex and of each graph.

    Args:
        vertices: Features of the vertices, shape (vertices, features).
        graphs: Features of the graphs from their loops, shape (graphs, hidden).
    """

    vertices: Tensor
    graphs: Tensor


class TOGL(nn.Module):
    """Topological graph layer: learnable filtrations, their bars, and what a network makes of these.

    Vertices get x + norm(relu(embedding of the components they start under every filtration)); graphs get a sum over
    their loops. All filtrations of all graphs go through the engine in one call.

    Args:
        features: Features of a vertex, in and out.
        filtrations: Number of learnable filtrations.
        hidden: Width of the filtration's network, of the embedding, and of what graphs get.
        embedding: Of components: "deep_sets", in which the vertices of a graph see their mean, or "transforms", three
            each of tents, Gaussians, lines and rational hats with centres in the plane.
        essential: Where bars end that never die: at the largest value of their "graph" or of their "component".
        static: Leave the topology out and keep the parameters: see `static_intervals`. The baseline to report.

    Raises:
        ValueError: If `embedding` or `essential` is unknown.

    Gradients: To x and all parameters, through the births and deaths.
    Cost: O(filtrations (vertices log vertices + edges)) in the engine, one matrix product per vertex beside it.
    Source: "Topological Graph Neural Networks", 2022. There a loop comes with the edge that closes it, which depends on
        the order of edges; here with the vertex at which it closes, and the number of loops that do. Isolated vertices
        and graphs without edges are served, the centres of transforms lie in the plane rather than on the diagonal, and
        a true bar (0, 0) counts.

    Example:
        >>> layer = TOGL(features=4)
        >>> triangle = torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]])
        >>> out = layer(torch.randn(3, 4), triangle)
        >>> out.vertices.shape, out.graphs.shape
        (torch.Size([3, 4]), torch.Size([1, 32]))
    """

    def __init__(
        self,
        features: int,
        filtrations: int = 8,
        hidden: int = 32,
        *,
        embedding: str = "deep_sets",
        essential: str = "graph",
        static: bool = False,
    ) -> None:
        super().__init__()
        if embedding not in EMBEDDINGS:
            raise ValueError(f"embedding must be 'deep_sets' or 'transforms', got {embedding!r}")
        if essential not in ESSENTIAL:
            raise ValueError(f"essential must be 'graph' or 'component', got {essential!r}")
        self.essential, self.static = essential, static
        self.filtration = VertexFiltration(features, filtrations, hidden)
        kind = _DeepSetEmbedding if embedding == "deep_sets" else _TransformEmbedding
        self.components = kind(filtrations, hidden, features)
        self.loops = _LoopEmbedding(filtrations, hidden)
        self.norm = nn.BatchNorm1d(features)

    def forward(
        self, x: Tensor, edge_index: Tensor, batch: Tensor | None = None, batch_size: int | None = None
    ) -> TOGLFeatures:
        """From x (vertices, features), edge_index (2, edges) and batch (vertices,) to features of both kinds."""
        values = self.filtration(x, edge_index)
        rows, size = graph_rows(x, batch, batch_size)
        if self.static:
            bars = static_intervals(values, edge_index, rows, batch_size=size)
        else:
            bars = vertex_intervals(values, edge_index, rows, batch_size=size, essential=self.essential)
        update = torch.relu(self.components(bars.components, rows, size))
        return TOGLFeatures(x + self._normed(update), self.loops(bars.loops, bars.counts, rows, size))

    def _normed(self, update: Tensor) -> Tensor:
        """Batch normalisation; a single vertex has no variance, and is normalised by the running figures."""
        if self.training and len(update) < 2:
            norm = self.norm
            return nn.functional.batch_norm(
                update, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, 0.0, norm.eps
            )
        return self.norm(update)

    def extra_repr(self) -> str:
        """The settings, for printing."""
        return f"essential={self.essential!r}, static={self.static}"


class _DeepSetEmbedding(nn.Module):
    """A linear layer and two equivariant ones on the bars of a vertex under all filtrations."""

    def __init__(self, filtrations: int, hidden: int, features: int) -> None:
        super().__init__()
        self.first = nn.Linear(2 * filtrations, hidden)
        self.second = PermutationEquivariant(hidden, hidden, "mean")
        self.third = PermutationEquivariant(hidden, features, "mean")

    def forward(self, intervals: Tensor, batch: Tensor, size: int) -> Tensor:
        x = torch.relu(self.first(intervals.flatten(1)))
        return self.third(torch.relu(self.second(x, batch, size)), batch, size)


class _TransformEmbedding(nn.Module):
    """Functions of one bar, shared by all filtrations, then a linear layer."""

    def __init__(self, filtrations: int, hidden: int, features: int, each: int = 3) -> None:
        super().__init__()
        # Filtration values lie in (0, 1), and deaths above births.
        self.transforms = nn.ModuleList(
            [
                TentTransform(torch.rand(each)),
                GaussianTransform(torch.rand(each, 2).sort(1).values, sigma=0.25),
                LineTransform(each),
                RationalHatTransform(torch.rand(each, 2).sort(1).values),
            ]
        )
        self.out = nn.Linear(filtrations * each * len(self.transforms), features)

    def forward(self, intervals: Tensor, batch: Tensor, size: int) -> Tensor:
        bars = intervals.flatten(0, 1)
        nowhere = torch.zeros(len(bars), dtype=torch.int64, device=bars.device)
        diagrams = Diagrams(bars, nowhere, nowhere, nowhere[:, None].expand(-1, 2), 1)
        each = torch.cat([transform(diagrams) for transform in self.transforms], 1)
        return self.out(each.reshape(len(intervals), self.out.in_features))


class _LoopEmbedding(nn.Module):
    """A linear layer on what closes at a vertex under all filtrations, the sum over a graph, and a linear layer."""

    def __init__(self, filtrations: int, hidden: int) -> None:
        super().__init__()
        self.first = nn.Linear(3 * filtrations, hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, intervals: Tensor, counts: Tensor, batch: Tensor, size: int) -> Tensor:
        there = counts > 0
        marked = torch.cat([(intervals * there[..., None]).flatten(1), counts], 1)
        each = torch.relu(self.first(marked)) * there.any(1, keepdim=True)
        return self.out(each.new_zeros(size, each.shape[1]).index_add(0, batch, each))
