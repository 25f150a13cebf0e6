"""Calls into the compiled core: arrays are copied to the CPU and converted here, in the open."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens import _core
from topolens.engines.pairs import Pairs, canonical


class Cocycles(NamedTuple):
    """One cocycle for each H1 bar of one flag complex, in the order of birth and death cells."""

    cells: np.ndarray  # (bars, 2) int64; a death of -1 means never
    offsets: np.ndarray  # (bars + 1,) int64: bar r owns rows offsets[r]:offsets[r + 1] of the next two
    edges: np.ndarray  # (rows,) int64: the edge's cell; edge (i > j) is oriented from j to i
    coefficients: np.ndarray  # (rows,) int64 in [0, field)


def array(x: Tensor) -> np.ndarray:
    """A C-contiguous CPU copy (or view) in float64 where the input is float64, float32 otherwise."""
    real = torch.float64 if x.dtype == torch.float64 else torch.float32
    return x.detach().to("cpu", real).contiguous().numpy()


def threads() -> int:
    """Threads a kernel may use: as many as torch."""
    return torch.get_num_threads()


def _pairs(found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> Pairs:
    dim, batch, birth, death = found
    return Pairs(dim, batch, np.stack([birth, death], axis=1))


def _entering(found: Pairs, values: np.ndarray, stride: int) -> Pairs:
    """The same bars when cells of value +inf never enter: those born there go, those that die there live on."""
    births, deaths = (values.reshape(-1)[found.batch * stride + found.cells[:, end]] for end in (0, 1))
    dies = found.cells[:, 1] >= 0
    kept, never = births < np.inf, dies & (deaths == np.inf)
    if kept.all() and not never.any():
        return found
    cells = np.stack([found.cells[:, 0], np.where(never, -1, found.cells[:, 1])], axis=1)
    return canonical(Pairs(found.dim[kept], found.batch[kept], cells[kept]))


def rips_pairs(values: Tensor, n: int, max_dim: int, field: int, max_scale: float) -> Pairs:
    """Bars of flag complexes on n vertices from values (batch, n + n (n - 1) / 2)."""
    return _pairs(_core.rips_pairs(array(values), n, max_dim, field, max_scale, threads()))


def rips_cocycles(values: Tensor, n: int, field: int, max_scale: float) -> Cocycles:
    """H1 bars of one flag complex from values (n + n (n - 1) / 2,), each with a cocycle just below its death."""
    birth, death, offsets, edges, coefficients = _core.rips_cocycles(array(values), n, field, max_scale)
    return Cocycles(np.stack([birth, death], axis=1), offsets, edges, coefficients)


def cubical_pairs(images: Tensor, construction: str, max_dim: int) -> Pairs:
    """Bars of cubical complexes from signals, images or volumes (batch, *sides) with 1, 2 or 3 sides."""
    values = array(images)
    return _entering(_cubical(values, construction, max_dim), values, stride=values[:1].size)


def framed_pairs(framed: Tensor, sources: Tensor, values: Tensor, construction: str, max_dim: int) -> Pairs:
    """The same, with entry i of each framed image named by the cell sources[i] of values (batch, cells)."""
    found = _cubical(array(framed), construction, max_dim)
    cells, numbers = sources.flatten().numpy(), array(values)
    named = np.where(found.cells >= 0, cells[found.cells], -1)
    births, deaths = (numbers[found.batch, named[:, end]] for end in (0, 1))
    kept = (births < deaths) | (named[:, 1] < 0)
    bars = Pairs(found.dim[kept], found.batch[kept], named[kept])
    return canonical(_entering(bars, numbers, stride=numbers.shape[1]))


def _cubical(values: np.ndarray, construction: str, max_dim: int) -> Pairs:
    if values.ndim == 2:
        return _pairs(_core.signal_pairs(values, threads()))
    kernel = _core.cubical_pairs if values.ndim == 3 else _core.volume_pairs
    return _pairs(kernel(values, construction, max_dim, threads()))


def lower_star_pairs(values: Tensor, edges: Tensor, offsets: Tensor, max_dim: int) -> Pairs:
    """Bars of lower-star filtrations of graphs packed end to end."""
    edge_rows = edges.detach().to("cpu", torch.int64).contiguous().numpy()
    starts = offsets.detach().to("cpu", torch.int64).contiguous().numpy()
    vertices = array(values)
    return _entering(
        _pairs(_core.lower_star_pairs(vertices, edge_rows, starts, max_dim, threads())), vertices, stride=0
    )


def witness_edges(distances: Tensor, slack: Tensor) -> Tensor:
    """For each pair of landmarks the witness that lets its edge in first, shape (L (L - 1) / 2,)."""
    return torch.from_numpy(_core.witness_edges(array(distances), array(slack), threads()))


def spanning_tree(distances: Tensor) -> Tensor:
    """Edges of the minimum spanning trees of distances (batch, n, n), shape (batch, n - 1, 2)."""
    return torch.from_numpy(_core.spanning_tree(array(distances), threads()))


def kth_neighbour(points: Tensor, k: int) -> Tensor:
    """Distance of each of the points (n, d) to its k-th nearest other point, shape (n,)."""
    return torch.from_numpy(_core.kth_neighbour(array(points), k, threads()))


def maxmin(points: Tensor, count: int, start: int) -> Tensor:
    """Indices of farthest-point landmarks among points (n, d); fewer than `count` if points run out."""
    return torch.from_numpy(_core.maxmin(array(points), count, start, threads()))


def cell_clusters(points: Tensor, members: Tensor, offsets: Tensor, bins: int) -> Tensor:
    """Cluster label of each member within its cell: single linkage cut at the first gap of the histogram."""
    rows = members.to("cpu", torch.int64).contiguous().numpy()
    starts = offsets.to("cpu", torch.int64).contiguous().numpy()
    return torch.from_numpy(_core.cell_clusters(array(points), rows, starts, bins, threads()))


def partners(
    offsets: np.ndarray, rows: np.ndarray, coefficients: np.ndarray, dims: np.ndarray, field: int
) -> np.ndarray:
    """Partner of each cell of an explicit filtered complex under persistence, -1 where none."""
    starts, faces, signs, heights = (
        np.ascontiguousarray(x, dtype=np.int64) for x in (offsets, rows, coefficients, dims)
    )
    return _core.reduce_boundary(starts, faces, signs, heights, field)
