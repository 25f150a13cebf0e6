"""Minimum spanning trees in plain tensor operations, for matrices that should not leave their device."""

import torch
from torch import Tensor

from topolens.engines.edges import edge_ends


def spanning_tree(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Kruskal's tree of each of the matrices (batch, n, n), for edges ordered by (length, edge number).

    Each round, every component takes its first edge to another one; log2 n rounds of O(batch n^2) work at most.

    Returns:
        Ends (batch, n - 1, 2), int64, and lengths (batch, n - 1) of the edges, in no particular order.
    """
    batch, n, _ = distances.shape
    if n < 2 or not batch:
        return distances.new_zeros(batch, max(n - 1, 0), 2, dtype=torch.int64), distances.new_zeros(
            batch, max(n - 1, 0)
        )
    vertex = torch.arange(n, device=distances.device)
    component = vertex.expand(batch, n)
    chosen = torch.zeros(batch, n, n, dtype=torch.bool, device=distances.device)
    last = torch.iinfo(torch.int64).max
    while bool((component != component[:, :1]).any()):
        inside = component[:, :, None] == component[:, None, :]
        length, edge = _first_edge(distances.masked_fill(inside, torch.inf), inside)
        # The first edge out of each component: least length, then least edge number.
        least = torch.full_like(length, torch.inf).scatter_reduce(1, component, length, "amin")
        edge = edge.masked_fill(length > least.gather(1, component), last)
        number = torch.full_like(edge, last).scatter_reduce(1, component, edge, "amin")
        item, root = (number < last).nonzero(as_tuple=True)
        i, j = edge_ends(number[item, root])
        chosen[item, i, j] = True
        component = _joined(component, item, component[item, i], component[item, j])
    item, i, j = chosen.nonzero(as_tuple=True)
    return torch.stack([i, j], 1).reshape(batch, n - 1, 2), distances[item, i, j].reshape(batch, n - 1)


def _first_edge(distances: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """For each vertex the length and the number of its first edge out of its component."""
    n = distances.shape[1]
    vertex = torch.arange(n, device=distances.device)
    length = distances.amin(2)
    # At one vertex the numbers of the edges rise with the other end.
    other = torch.where((distances == length[:, :, None]) & ~inside, vertex, n).amin(2)
    high, low = torch.maximum(vertex, other), torch.minimum(vertex, other)
    return length, torch.where(other < n, high * (high - 1) // 2 + low, torch.iinfo(torch.int64).max)


def _joined(component: Tensor, item: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Components named by their least vertex once `a` and `b` are joined."""
    n = component.shape[1]
    names = torch.arange(n, device=component.device).expand_as(component)
    while True:
        x, y = component[item, a], component[item, b]
        place = item * n + torch.maximum(x, y)
        parent = names.flatten().scatter_reduce(0, place, torch.minimum(x, y), "amin").reshape(names.shape)
        for _ in range(n.bit_length()):  # to the end of each chain
            parent = parent.gather(1, parent)
        component = parent.gather(1, component)
        if torch.equal(component[item, a], component[item, b]):
            return component
