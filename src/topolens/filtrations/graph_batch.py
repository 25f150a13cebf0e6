"""Batches of graphs in the layout of PyTorch Geometric: what all graph filtrations check and share."""

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


class GraphBatch:
    """Graphs packed end to end; graph b owns the vertex rows offsets[b] .. offsets[b + 1].

    Without a size, the graph of the last vertex is the last one.
    """

    def __init__(self, edge_index: Tensor, batch: Tensor, size: int | None = None) -> None:
        self.edge_index = edge_index
        self.size = size if size is not None else int(batch[-1]) + 1 if len(batch) else 0
        self.offsets = torch.searchsorted(batch, torch.arange(self.size + 1, device=batch.device))

    def rows(self, item: int) -> range:
        """Vertex rows of one graph."""
        return range(int(self.offsets[item]), int(self.offsets[item + 1]))

    def edges(self, item: int) -> list[tuple[int, int, int]]:
        """Edges of one graph as (smaller row, larger row, number of the edge), self-loops left out."""
        start, stop = int(self.offsets[item]), int(self.offsets[item + 1])
        own = ((self.edge_index[0] >= start) & (self.edge_index[0] < stop)).nonzero().squeeze(1).tolist()
        ends = self.edge_index[:, own].T.tolist()
        return [(min(a, b), max(a, b), e) for e, (a, b) in zip(own, ends, strict=True) if a != b]


def check_edge_index(edge_index: Tensor) -> Tensor:
    """The tensor itself, if it lists pairs of integers in two rows."""
    if not isinstance(edge_index, Tensor) or edge_index.ndim != 2 or edge_index.shape[0] != 2:
        got = tuple(edge_index.shape) if isinstance(edge_index, Tensor) else type(edge_index).__name__
        raise ValueError(f"edge_index must have shape (2, edges), got {got}; transpose a list of pairs with .T")
    if edge_index.is_floating_point():
        raise TypeError(f"edge_index must be an integer tensor, got {edge_index.dtype}; convert it with .long()")
    return edge_index


def check_values(name: str, values: Tensor, axis: str, superlevel: bool) -> Tensor:
    """The tensor itself, if it holds one number per entry and none that is born at infinity."""
    check_no_nan(name, check_tensor(name, values, (axis,)))
    born = "inf" if superlevel else "-inf"
    if (values == float(born)).any():
        raise ValueError(f"{name} contains {born}, a birth at infinity; clamp those values")
    return values


def check_graphs(edge_index: Tensor, vertices: int, batch: Tensor | None) -> GraphBatch:
    """The batch of graphs, if every edge joins two vertices of one graph and graphs follow each other."""
    if edge_index.numel():
        low, high = (int(x) for x in edge_index.aminmax())
        if not 0 <= low <= high < vertices:
            raise ValueError(f"edge_index must name rows in [0, {vertices}), got {low} to {high}")
    if batch is None:
        return GraphBatch(edge_index, torch.zeros(vertices, dtype=torch.int64, device=edge_index.device))
    if (
        batch.shape != (vertices,)
        or batch.is_floating_point()
        or (batch[1:] < batch[:-1]).any()
        or (vertices and batch[0] < 0)
    ):
        raise ValueError(f"batch must be {vertices} integers that never fall, one per vertex; sort the graphs first")
    if not torch.equal(batch[edge_index[0]], batch[edge_index[1]]):
        raise ValueError("edge_index joins vertices of two graphs; check it against batch")
    return GraphBatch(edge_index, batch)
