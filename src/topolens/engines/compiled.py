"""Calls into the compiled core: arrays are copied to the CPU and converted here, in the open."""

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens import _core
from topolens.engines.pairs import Matches, Pairs, canonical

SMALL_INTEGERS = (torch.uint8, torch.int16, torch.uint16)


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


def whole(x: Tensor) -> np.ndarray:
    """A C-contiguous CPU copy (or view) in int64."""
    return x.detach().to("cpu", torch.int64).contiguous().numpy()


def pixels(x: Tensor) -> np.ndarray:
    """As `array`, but integers of 8 and 16 bits stay what they are."""
    if x.dtype in SMALL_INTEGERS:
        return x.detach().to("cpu").contiguous().numpy()
    return array(x)


def threads() -> int:
    """Threads a kernel may use: as many as torch."""
    return torch.get_num_threads()


def _pairs(found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> Pairs:
    dim, batch, birth, death = found
    return Pairs(dim, batch, np.stack([birth, death], axis=1))


def _entering(found: Pairs, values: np.ndarray, stride: int, at_death: np.ndarray | None = None) -> Pairs:
    """The same bars when cells of value +inf never enter: those born there go, those that die there live on.

    Deaths have values of their own where `at_death` is given.
    """
    ends = values, values if at_death is None else at_death
    births, deaths = (x.reshape(-1)[found.batch * stride + found.cells[:, k]] for k, x in enumerate(ends))
    dies = found.cells[:, 1] >= 0
    kept, never = births < np.inf, dies & (deaths == np.inf)
    if kept.all() and not never.any():
        return found
    cells = np.stack([found.cells[:, 0], np.where(never, -1, found.cells[:, 1])], axis=1)
    return canonical(Pairs(found.dim[kept], found.batch[kept], cells[kept]))


def matrix_faults(distances: Tensor) -> tuple[bool, bool, bool]:
    """Whether matrices (batch, n, n) hold NaN, a negative entry, or one unlike its mirror image."""
    return _core.matrix_faults(array(distances), threads())


def rips_values(given: Tensor, is_cloud: bool) -> Tensor:
    """Cell values (batch, n + n (n - 1) / 2) of points (batch, n, d) or of distances (batch, n, n)."""
    values = _core.values_of_points if is_cloud else _core.values_of_distances
    return torch.from_numpy(values(array(given), threads()))


def components(given: Tensor, is_cloud: bool, max_scale: float) -> Pairs:
    """Bars of degree 0 of points (batch, n, d) or of distances (batch, n, n), without their cell values."""
    find = _core.components_of_points if is_cloud else _core.components_of_distances
    return _pairs(find(array(given), max_scale, threads()))


def components_of_trees(ends: Tensor, lengths: Tensor, max_scale: float) -> Pairs:
    """Bars of degree 0 from spanning trees: ends (batch, n - 1, 2) and lengths (batch, n - 1) of the edges."""
    rows = ends.to("cpu", torch.int64).contiguous().numpy()
    return _pairs(_core.components_of_trees(rows, array(lengths), max_scale, threads()))


@torch.library.custom_op("topolens::edge_lengths", mutates_args=())
def edge_lengths(points: Tensor, item: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """Lengths of edges between points (batch, n, d), to the last digit those of `rips_values`; shape of `i`."""
    ends = (whole(x).reshape(-1) for x in torch.broadcast_tensors(item, i, j))
    return torch.from_numpy(_core.edge_lengths(array(points), *ends)).to(points.dtype).reshape(i.shape)


@edge_lengths.register_fake
def _(points: Tensor, item: Tensor, i: Tensor, j: Tensor) -> Tensor:
    return points.new_empty(i.shape)


def rips_pairs(values: Tensor, n: int, max_dim: int, field: int, max_scale: float) -> Pairs:
    """Bars of flag complexes on n vertices from values (batch, n + n (n - 1) / 2)."""
    return _pairs(_core.rips_pairs(array(values), n, max_dim, field, max_scale, threads()))


def rips_pairs_sparse(vertices: Tensor, ends: Tensor, lengths: Tensor, max_dim: int, field: int) -> Pairs:
    """Bars of one flag complex of vertices with values (n,) and edges (edges, 2) with lengths; edge e is cell n + e."""
    return _pairs(_core.rips_pairs_sparse(array(vertices), whole(ends), array(lengths), max_dim, field, threads()))


def rips_cost(values: Tensor, n: int, max_dim: int, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and bytes that one item (n + n (n - 1) / 2,) will take at each of the rising scales, estimated."""
    *_, seconds, size = _core.rips_cost(array(values), n, max_dim, np.ascontiguousarray(scales, dtype=np.float64))
    return seconds, size


def rips_cocycles(values: Tensor, n: int, field: int, max_scale: float) -> Cocycles:
    """H1 bars of one flag complex from values (n + n (n - 1) / 2,), each with a cocycle just below its death."""
    birth, death, offsets, edges, coefficients = _core.rips_cocycles(array(values), n, field, max_scale)
    return Cocycles(np.stack([birth, death], axis=1), offsets, edges, coefficients)


def cubical_pairs(images: Tensor, construction: str, superlevel: bool, max_dim: int) -> Pairs:
    """Bars of cubical complexes of signals, images or volumes (batch, ...sides) without the pixels that never enter."""
    if images.ndim == 3:
        dim, batch, cells = _core.cubical_pairs(pixels(images), construction, superlevel, max_dim, threads())
        return Pairs(dim, batch, cells)
    values = -array(images) if superlevel else array(images)
    found = (
        _core.signal_pairs(values, threads())
        if images.ndim == 2
        else _core.volume_pairs(values, construction, max_dim, threads())
    )
    return _entering(_pairs(found), values, stride=values[:1].size)


def framed_pairs(framed: Tensor, sources: Tensor, values: Tensor, construction: str, max_dim: int) -> Pairs:
    """The same, rising, with entry i of each framed image named by the cell sources[i] of values (batch, cells)."""
    found = cubical_pairs(framed, construction, False, max_dim)
    cells, numbers = sources.flatten().numpy(), array(values)
    named = np.where(found.cells >= 0, cells[found.cells], -1)
    births, deaths = (numbers[found.batch, named[:, end]] for end in (0, 1))
    kept = (births < deaths) | (named[:, 1] < 0)
    return canonical(Pairs(found.dim[kept], found.batch[kept], named[kept]))


def image_pairs(inner: Tensor, outer: Tensor, construction: str, max_dim: int) -> Pairs:
    """Bars of H(inner) -> H(outer) for images or volumes (batch, sides ...) with inner >= outer; births in inner."""
    shared = torch.promote_types(inner.dtype, outer.dtype)
    first, second = array(inner.to(shared)), array(outer.to(shared))
    find = _core.image_pairs if inner.ndim == 3 else _core.volume_image_pairs
    found = _pairs(find(first, second, construction, max_dim, threads()))
    return _entering(found, first, stride=first[:1].size, at_death=second)


def matched_bars(
    first: Tensor, second: Tensor, outer: Tensor, construction: str, max_dim: int, valid: bool = True
) -> Matches:
    """Bars of images or volumes (batch, sides ...) first and second, matched through outer <= min(first, second).

    Two bars are matched if their images in the homology of outer reach the same bar of it; both images must be alive
    for a moment if `valid`. In dimension 0 the bars that never die are matched with each other. Pixels of +inf count
    as others do.
    """
    shared = torch.promote_types(torch.promote_types(first.dtype, second.dtype), outer.dtype)
    f, g, h = (array(x.to(shared)) for x in (first, second, outer))
    if first.ndim == 3 and valid:
        dim, batch, cells = _core.matched_bars(f, g, h, construction, max_dim, threads())
    else:
        if first.ndim == 3:  # an image is a volume of one layer
            f, g, h = f[:, None], g[:, None], h[:, None]
        dim, batch, cells = _core.matched_volume_bars(f, g, h, construction, max_dim, threads(), valid)
    return Matches(dim, batch, cells[:, :2], cells[:, 2:])


def lower_star_pairs(values: Tensor, edge_index: Tensor, offsets: Tensor, max_dim: int) -> Pairs:
    """Bars of lower-star filtrations of graphs packed end to end."""
    vertices = array(values)
    found = _pairs(_core.lower_star_pairs(vertices, whole(edge_index), whole(offsets), max_dim, threads()))
    return _entering(found, vertices, stride=0) if np.isinf(vertices).any() else found


def edge_weighted_pairs(values: Tensor, vertices: int, edge_index: Tensor, offsets: Tensor, max_dim: int) -> Pairs:
    """Bars of graphs packed end to end, from the values of all vertices followed by those of all edges."""
    cells = array(values)
    found = _pairs(
        _core.edge_weighted_pairs(
            cells[:vertices], cells[vertices:], whole(edge_index), whole(offsets), max_dim, threads()
        )
    )
    return _entering(found, cells, stride=0) if np.isinf(cells).any() else found


def extended_graph_pairs(values: Tensor, edge_index: Tensor, offsets: Tensor) -> list[Pairs]:
    """Extended bars Ord0, Rel1, Ext0 and Ext1 of graphs packed end to end with finite values on their vertices."""
    found = _core.extended_graph_pairs(array(values), whole(edge_index), whole(offsets), threads())
    return [_pairs(kind) for kind in found]


def witness_edges(distances: Tensor, slack: Tensor) -> Tensor:
    """For each pair of landmarks the witness that lets its edge in first, shape (L (L - 1) / 2,)."""
    return torch.from_numpy(_core.witness_edges(array(distances), array(slack), threads()))


Lists = tuple[tuple[int, int, int], np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # see `topolens.engines.windows`


def window_ranges(
    padded: Tensor, out: tuple[int, int, int], lists: Lists, absent: bool, apart: bool
) -> tuple[Tensor, Tensor]:
    """Differences of ranks in windows over planes (planes, depth, height, width), and the entries they came from."""
    values, entries = _core.rank_ranges(array(padded), out, *lists, absent, apart, threads())
    return torch.from_numpy(values), torch.from_numpy(entries)


def window_scatter(
    gradient: Tensor, entries: Tensor, sides: tuple[int, int, int], values: Tensor | None, lists: Lists
) -> Tensor:
    """What a gradient at these differences is at the planes; shared among equal entries where values are given."""
    given = None if values is None else array(values)
    places = entries.contiguous().numpy()
    return torch.from_numpy(_core.rank_ranges_scatter(array(gradient), places, sides, given, *lists, threads()))


def window_gather(field: Tensor, entries: Tensor, values: Tensor | None, lists: Lists) -> Tensor:
    """The adjoint of `window_scatter`."""
    given = None if values is None else array(values)
    places = entries.contiguous().numpy()
    return torch.from_numpy(_core.rank_ranges_gather(array(field), places, given, *lists, threads()))


def spanning_tree(distances: Tensor) -> Tensor:
    """Edges of the minimum spanning trees of distances (batch, n, n), shape (batch, n - 1, 2)."""
    return torch.from_numpy(_core.spanning_tree(array(distances), threads()))


def kth_neighbour(points: Tensor, k: int) -> Tensor:
    """Distance of each of the points (n, d) to its k-th nearest other point, shape (n,)."""
    return torch.from_numpy(_core.kth_neighbour(array(points), k, threads()))


def maxmin(points: Tensor, count: int, start: int) -> Tensor:
    """Indices of farthest-point landmarks among points (n, d); fewer than `count` if points run out."""
    return torch.from_numpy(_core.maxmin(array(points), count, start, threads()))


def kth_neighbour_of(points: Tensor, k: int, rows: Tensor) -> Tensor:
    """Distance of some of the points (n, d), given by their rows, to their k-th nearest other point."""
    return torch.from_numpy(_core.kth_neighbour_of(array(points), k, whole(rows), threads()))


class Merges(NamedTuple):
    """Merges of single linkage in each cell: cell c's are those from offsets[c] - c to offsets[c + 1] - c - 1."""

    heights: np.ndarray  # (memberships - cells,) float64, in no order within a cell
    first: np.ndarray  # int64 places within the cell of two members that are joined
    second: np.ndarray


def cell_clusters(points: Tensor, members: Tensor, offsets: Tensor, bins: int, are_distances: bool = False) -> Tensor:
    """Cluster label of each member within its cell: single linkage cut at the first gap of the histogram."""
    return torch.from_numpy(
        _core.cell_clusters(array(points), whole(members), whole(offsets), bins, threads(), are_distances)
    )


def cell_groups(
    points: Tensor, members: Tensor, offsets: Tensor, scale: float, least: int, are_distances: bool = False
) -> Tensor:
    """Cluster label of each member within its cell: components of the graph of distances up to `scale`.

    With `least` above 0, those of DBSCAN with so many neighbours, the point itself included; -1 is noise.
    """
    return torch.from_numpy(
        _core.cell_groups(array(points), whole(members), whole(offsets), scale, least, threads(), are_distances)
    )


def cell_merges(points: Tensor, members: Tensor, offsets: Tensor, are_distances: bool = False) -> Merges:
    """The merges of single linkage in each cell; no cell may be empty."""
    return Merges(*_core.cell_merges(array(points), whole(members), whole(offsets), threads(), are_distances))


def cut_merges(merges: Merges, offsets: Tensor, cuts: np.ndarray) -> Tensor:
    """Cluster label of each member when each cell keeps its merges up to a height of its own."""
    heights = np.ascontiguousarray(cuts, dtype=np.float64)
    return torch.from_numpy(_core.cut_merges(*merges, whole(offsets), heights))


def cell_nearest(
    points: Tensor, members: Tensor, offsets: Tensor, queries: Tensor, asked: Tensor, starts: Tensor
) -> Tensor:
    """Place in `members` of the member nearest to each query, -1 in an empty cell.

    Cell c asks for the rows asked[starts[c]:starts[c + 1]] of `queries`.
    """
    same = torch.promote_types(points.dtype, queries.dtype)
    cells, questions = (whole(members), whole(offsets)), (whole(asked), whole(starts))
    return torch.from_numpy(
        _core.cell_nearest(array(points.to(same)), *cells, array(queries.to(same)), *questions, threads())
    )


def refined_layout(
    positions: np.ndarray, pulls: sparse.csr_array, length: float, rounds: int, farthest: float, only_y: bool = False
) -> np.ndarray:
    """Positions (points, 2) of a drawing after forces moved them.

    `pulls` holds the weight of each edge at both its ends, `length` is that of an edge of weight 1 between two points
    alone, `farthest` the longest move of the first round.
    """
    starts, ends = (np.ascontiguousarray(x, dtype=np.int64) for x in (pulls.indptr, pulls.indices))
    spots, weights = (np.ascontiguousarray(x, dtype=np.float64) for x in (positions, pulls.data))
    return _core.refined_layout(spots, starts, ends, weights, length, rounds, farthest, only_y, threads())


def partners(
    offsets: np.ndarray, rows: np.ndarray, coefficients: np.ndarray, dims: np.ndarray, field: int
) -> np.ndarray:
    """Partner of each cell of an explicit filtered complex under persistence, -1 where none."""
    starts, faces, signs, heights = (
        np.ascontiguousarray(x, dtype=np.int64) for x in (offsets, rows, coefficients, dims)
    )
    return _core.reduce_boundary(starts, faces, signs, heights, field)


def lower_star_critical(
    values: Tensor, edges: Tensor, births: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Vertices that move bars of degree 0 of a graph to targets."""
    ends = edges.to("cpu", torch.int64).contiguous().numpy()
    numbers = array(values)
    goals = array(targets).astype(numbers.dtype)
    born = births.to("cpu", torch.int64).contiguous().numpy()
    found = _core.lower_star_critical(numbers, ends, born, goals[:, 0].copy(), goals[:, 1].copy())
    bar, cell, end = (torch.from_numpy(x).to(values.device) for x in found)
    return bar, cell, end


def rips_critical(
    values: Tensor, n: int, batch: Tensor, births: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Edges that move bars of degree 0 of flag complexes to targets, items one after the other."""
    numbers = array(values)
    deaths = array(targets).astype(numbers.dtype)[:, 1]
    item, born = (x.to("cpu", torch.int64).numpy() for x in (batch, births))
    rows = [np.zeros((3, 0), np.int64)]
    for b in np.unique(item):
        (bars,) = np.nonzero(item == b)
        bar, cell, end = _core.rips_critical(numbers[b], n, born[bars], deaths[bars])
        rows.append(np.stack([bars[bar], cell, end]))
    bar, cell, end = torch.from_numpy(np.concatenate(rows, axis=1)).to(batch.device)
    return bar, cell, end
