"""Lower-star filtrations of graphs with values on their vertices."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import lower_star_critical, lower_star_pairs
from topolens.filtrations.base import Filtration


class LowerStar(Filtration):
    """Graphs packed end to end; a cell is a vertex's row in `vertex_values`, an edge its later end."""

    modes = ("sparse", "basin")

    def __init__(self, vertex_values: Tensor, edge_index: Tensor, batch: Tensor) -> None:
        self.batch_size = int(batch.max()) + 1 if len(batch) else 0
        self.edges = edge_index.T
        self.offsets = torch.searchsorted(batch, torch.arange(self.batch_size + 1, device=batch.device))
        self.source = vertex_values
        self.values = vertex_values.detach()

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`; graphs have no torsion, so the field does not matter."""
        return lower_star_pairs(self.values, self.edges, self.offsets, max_dim)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        return self.source[cells]

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Filtration.critical`."""
        return lower_star_critical(self.values, self.edges, births, targets)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values.to("cpu", torch.float64).numpy()
        start, stop = int(self.offsets[item]), int(self.offsets[item + 1])
        own = self.edges[(self.edges[:, 0] >= start) & (self.edges[:, 0] < stop)]
        edges = sorted({(min(e), max(e)) for e in own.tolist() if e[0] != e[1]})
        source = [*range(start, stop), *(max(e, key=lambda v: (values[v], v)) for e in edges)]
        boundary: list[list[tuple[int, int]]] = [[] for _ in range(stop - start)]
        boundary += [[(b - start, 1), (a - start, -1)] for a, b in edges]
        return Complex([0] * (stop - start) + [1] * len(edges), source, boundary, values)


def lower_star(vertex_values: Tensor, edge_index: Tensor, batch: Tensor | None = None) -> LowerStar:
    """Lower-star filtrations of a batch of graphs, in the layout of PyTorch Geometric.

    A vertex enters at its value, an edge with the later of its two ends. A vertex of value +inf never enters.

    Args:
        vertex_values: Values of all vertices of all graphs, shape (vertices,).
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once,
            self-loops are left out.
        batch: Graph of each vertex, shape (vertices,), int64, never falling. None: one graph.

    Returns:
        A filtration with one item per graph; a bar's cells are rows of `vertex_values`.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, a value is NaN or -inf, an edge leaves its graph or names no vertex,
            or `batch` falls.

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
    check_no_nan("vertex_values", check_tensor("vertex_values", vertex_values, ("vertices",)))
    if torch.isneginf(vertex_values).any():
        raise ValueError("vertex_values contains -inf, a birth at infinity; clamp those values")
    vertices = len(vertex_values)
    if not isinstance(edge_index, Tensor) or edge_index.ndim != 2 or edge_index.shape[0] != 2:
        got = tuple(edge_index.shape) if isinstance(edge_index, Tensor) else type(edge_index).__name__
        raise ValueError(f"edge_index must have shape (2, edges), got {got}; transpose a list of pairs with .T")
    if edge_index.is_floating_point():
        raise TypeError(f"edge_index must be an integer tensor, got {edge_index.dtype}; convert it with .long()")
    if edge_index.numel() and not 0 <= int(edge_index.min()) <= int(edge_index.max()) < vertices:
        raise ValueError(
            f"edge_index must name rows in [0, {vertices}), got {int(edge_index.min())} to {int(edge_index.max())}"
        )
    batch = torch.zeros(vertices, dtype=torch.int64, device=vertex_values.device) if batch is None else batch
    if (
        batch.shape != (vertices,)
        or batch.is_floating_point()
        or (batch.diff() < 0).any()
        or (vertices and batch[0] < 0)
    ):
        raise ValueError(f"batch must be {vertices} integers that never fall, one per vertex; sort the graphs first")
    if (batch[edge_index[0]] != batch[edge_index[1]]).any():
        raise ValueError("edge_index joins vertices of two graphs; check it against batch")
    return LowerStar(vertex_values, edge_index, batch)
