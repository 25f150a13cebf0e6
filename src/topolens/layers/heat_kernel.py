"""Heat kernel signatures: how much of the heat set on a vertex is still there after a time, as a filtration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from topolens.filtrations.graph_batch import check_edge_index, check_graphs

LARGEST_BLOCK = 2**22  # matrix entries that are decomposed at once


class LaplacianSpectrum(NamedTuple):
    """Spectra of the normalised Laplacians of a batch of graphs: all that heat needs to know of them.

    Args:
        eigenvalues: In rising order, shape (graphs, most vertices of a graph), 0 beyond a graph's own.
        squares: Squared entry of each vertex in each eigenvector of its graph, shape (vertices, most vertices of a
            graph), 0 beyond.
        batch: Graph of each vertex, shape (vertices,), int64.
    """

    eigenvalues: Tensor
    squares: Tensor
    batch: Tensor


@torch.no_grad()
def laplacian_spectrum(
    edge_index: Tensor, batch: Tensor, *, batch_size: int | None = None, dtype: torch.dtype | None = None
) -> LaplacianSpectrum:
    """Spectra of I - D^(-1/2) A D^(-1/2) for a batch of graphs; 0 for an isolated vertex, which keeps its heat.

    Args:
        edge_index: Vertex rows of all edges, shape (2, edges), int64. Both directions of an edge count once, self-loops
            are left out.
        batch: Graph of each vertex, shape (vertices,), int64, never falling; zeros for one graph.
        batch_size: Number of graphs, where the last of them have no vertices.
        dtype: Of the result; None: torch's default. It is computed in float64.

    Raises:
        TypeError: If a tensor has the wrong type.
        ValueError: If shapes do not fit, an edge leaves its graph, or `batch` falls.

    Gradients: None.
    Cost: O(vertices^3) per graph, once; graphs of about the same size are decomposed together.
    Source: "PersLay: A Neural Network Layer for Persistence Diagrams and New Graph Topological Signatures", 2020,
        section 4.
    """
    graphs = check_graphs(check_edge_index(edge_index), len(batch), batch)
    size = graphs.size if batch_size is None else batch_size
    sizes = torch.bincount(batch, minlength=size)
    starts = sizes.cumsum(0) - sizes
    most = int(sizes.max()) if size else 0
    place = torch.arange(len(batch), device=batch.device) - starts[batch]
    edges = graphs.edge_index.long()
    edges = torch.cat([edges, edges.flip(0)], 1)[:, (edges[0] != edges[1]).repeat(2)]
    dtype = dtype or torch.get_default_dtype()
    eigenvalues = torch.zeros(size, most, dtype=dtype, device=batch.device)
    squares = torch.zeros(len(batch), most, dtype=dtype, device=batch.device)
    slot = torch.full((size,), -1, dtype=torch.int64, device=batch.device)
    for items in _alike(sizes):
        width = int(sizes[items].max())
        slot[items] = torch.arange(len(items), device=batch.device)
        own, ends = slot[batch] >= 0, edges[:, slot[batch[edges[0]]] >= 0]
        adjacency = torch.zeros(len(items), width, width, dtype=torch.float64, device=batch.device)
        adjacency[slot[batch[ends[0]]], place[ends[0]], place[ends[1]]] = 1
        found, vectors = torch.linalg.eigh(_normalised(adjacency, sizes[items]))
        kept = torch.arange(width, device=batch.device) < sizes[items, None]  # what pads comes last
        eigenvalues[items, :width] = (found * kept).to(dtype)
        squares[own, :width] = (vectors.square() * kept[:, None])[slot[batch[own]], place[own]].to(dtype)
        slot[items] = -1
    return LaplacianSpectrum(eigenvalues, squares, batch.long())


def _alike(sizes: Tensor) -> Iterator[Tensor]:
    """Graphs that are decomposed together: of about the same size, and not too many."""
    order = sizes.argsort(stable=True)
    group: list[int] = []
    for item, width in zip(order.tolist(), sizes[order].tolist(), strict=True):
        if group and (width > 1.25 * sizes[group[0]] + 4 or (len(group) + 1) * width**2 > LARGEST_BLOCK):
            yield torch.tensor(group, device=sizes.device)
            group = []
        if width:
            group.append(item)
    if group:
        yield torch.tensor(group, device=sizes.device)


def _normalised(adjacency: Tensor, sizes: Tensor) -> Tensor:
    """Normalised Laplacians (graphs, width, width); 4 on the diagonal beyond a graph's size, above all true ones."""
    degree = adjacency.sum(2)
    scale = torch.where(degree > 0, degree.clamp(min=1).rsqrt(), torch.zeros_like(degree))
    beyond = torch.arange(degree.shape[1], device=degree.device) >= sizes[:, None]
    diagonal = torch.where(beyond, torch.full_like(degree, 4.0), (degree > 0).to(degree))
    return torch.diag_embed(diagonal) - scale[:, :, None] * adjacency * scale[:, None]


def heat_kernel_signature(spectrum: LaplacianSpectrum, times: Tensor) -> Tensor:
    """Heat left on each vertex after each time, the sum over k of exp(-t lambda_k) psi_k(v)^2, shape (vertices, times).

    1 at time 0; as time goes on, degree over the total degree of the component.

    Args:
        spectrum: What `laplacian_spectrum` returns.
        times: Shape (times,), not negative.

    Raises:
        ValueError: If `times` is not one-dimensional.

    Gradients: To the times.
    Cost: O(vertices * vertices of the largest graph * times).
    Source: "PersLay", 2020, section 4.

    Example:
        >>> edge = laplacian_spectrum(torch.tensor([[0], [1]]), torch.tensor([0, 0]))
        >>> heat_kernel_signature(edge, torch.tensor([0.0, 100.0]))
        tensor([[1.0000, 0.5000],
                [1.0000, 0.5000]])
    """
    if times.ndim != 1:
        raise ValueError(f"times must have shape (times,), got {tuple(times.shape)}; for one time pass times[None]")
    decay = torch.exp(-spectrum.eigenvalues[..., None].to(times) * times)
    return torch.stack([(spectrum.squares.to(times) * d[spectrum.batch]).sum(1) for d in decay.unbind(2)], 1)


class HeatKernelSignature(nn.Module):
    """Learnable times of `heat_kernel_signature`: filtrations of graphs, one per time.

    Args:
        times: First times, above 0; kept as logarithms.

    Raises:
        ValueError: If a time is not above 0.

    Example:
        >>> from topolens.layers import lower_stars
        >>> import topolens as tl
        >>> square, batch = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 3, 0, 2]]), torch.zeros(4, dtype=torch.int64)
        >>> values = HeatKernelSignature(times=[0.1, 10.0])(laplacian_spectrum(square, batch))
        >>> len(tl.extended_persistence(lower_stars(values, square, batch)).ext1)    # two loops under two filtrations
        4
    """

    def __init__(self, times: Sequence[float] = (0.1, 10.0)) -> None:
        super().__init__()
        if not all(t > 0 for t in times):
            raise ValueError(f"times must be above 0, got {list(times)}")
        self.log_times = nn.Parameter(torch.tensor([float(t) for t in times]).log())

    def forward(self, spectrum: LaplacianSpectrum) -> Tensor:
        """Shape (vertices, times)."""
        return heat_kernel_signature(spectrum, self.log_times.exp())
