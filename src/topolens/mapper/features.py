"""Branches and loops of a Mapper graph, each with its extent along a lens and the nodes it runs through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from topolens.engines.compiled import partners
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import lower_star
from topolens.mapper.graph import MapperGraph


@dataclass(frozen=True, eq=False)
class Feature:
    """A branch or a loop.

    Args:
        kind: "lower branch" (ends at a low value), "upper branch" or "loop".
        lens: Lens along which it was found, from 0.
        low: Lowest mean lens value on it; of an upper branch, where it joins the rest.
        high: Highest value on it; of a lower branch, where it joins the rest.
        nodes: Its nodes, int64: of a branch all of them, rising; of a loop one cycle round it, in order.
    """

    kind: str
    lens: int
    low: float
    high: float
    nodes: np.ndarray

    @property
    def length(self) -> float:
        """How far it reaches along its lens."""
        return self.high - self.low


class Extents(NamedTuple):
    """Lens values between which branches and loops reach, one row (low, high) each."""

    lower: np.ndarray
    upper: np.ndarray
    loops: np.ndarray


def features(graph: MapperGraph, lens: int = 0) -> list[Feature]:
    """Branches and loops of the nerve along one lens, by extended persistence of the nodes' mean lens values.

    Branches are the bars Ord0 and Rel1 of the graph. Loops are the bars Ext1 of the nerve with its triangles, so that
    three nodes that share a point make none.

    Args:
        graph: A Mapper graph.
        lens: Which lens, from 0.

    Returns:
        Lower branches, upper branches and loops, each kind from the longest to the shortest; without those of length
        0, except loops, of which there are as many as `betti_numbers` says.

    Raises:
        ValueError: If the graph has no such lens.

    Cost: near linear for branches; loops reduce one boundary matrix of the nerve and its cone.
    Source: "Extending persistence using Poincaré and Lefschetz duality", 2009; "Structure and stability of the
        one-dimensional Mapper", 2018. Ours: the triangles of the nerve are filled in.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> angle = torch.arange(60) * (2 * torch.pi / 60)
        >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
        >>> graph = mapper(circle, lens=circle[:, :1], resolution=5, gain=1.5)
        >>> [(found.kind, len(found.nodes)) for found in features(graph)]
        [('loop', 8)]
    """
    values = _values(graph, lens)
    found = [_branch(graph, lens, values, birth, death) for birth, death in _branch_cells(values, graph.edges)]
    found += [_branch(graph, lens, -values, birth, death) for birth, death in _branch_cells(-values, graph.edges)]
    found += [_loop(graph, lens, values, edge, end) for edge, end in _loop_cells(values, graph)]
    order = ("lower branch", "upper branch", "loop")
    return sorted(found, key=lambda feature: (order.index(feature.kind), -feature.length))


def extents(graph: MapperGraph, lens: int = 0) -> Extents:
    """The extents alone of what `features` lists, without those of length 0.

    Args:
        graph: A Mapper graph.
        lens: Which lens, from 0.

    Raises:
        ValueError: If the graph has no such lens.
    """
    values = _values(graph, lens)
    lower, upper = (_branch_cells(x, graph.edges) for x in (values, -values))
    loops = np.array([(values[end], values[graph.edges[edge]].max()) for edge, end in _loop_cells(values, graph)])
    loops = loops.reshape(-1, 2)
    return Extents(values[lower], values[upper[:, ::-1]], loops[loops[:, 1] > loops[:, 0]])


def _values(graph: MapperGraph, lens: int) -> np.ndarray:
    if not 0 <= lens < graph.lens.shape[1]:
        raise ValueError(f"lens must lie in [0, {graph.lens.shape[1]}), got {lens}")
    return graph.node_means(graph.lens)[:, lens]


def _branch_cells(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Vertices where each branch from below begins and where it joins another, shape (branches, 2)."""
    if not len(edges):
        return np.zeros((0, 2), np.int64)
    filtration = lower_star(torch.from_numpy(values), torch.from_numpy(np.ascontiguousarray(edges.T)))
    return extended_persistence(filtration).ord0.cells.numpy()


def _branch(graph: MapperGraph, lens: int, values: np.ndarray, birth: int, death: int) -> Feature:
    """The branch that rises from one vertex up to where it joins another; `values` are negated for upper branches."""
    earlier = np.flatnonzero((values < values[death]) | ((values == values[death]) & (np.arange(len(values)) < death)))
    place = np.full(len(values), -1)
    place[earlier] = np.arange(len(earlier))
    inside = place[graph.edges[(place[graph.edges] >= 0).all(axis=1)]]
    links = sparse.csr_array((np.ones(len(inside)), tuple(inside.T)), shape=(len(earlier), len(earlier)))
    component = connected_components(links, directed=False)[1]
    nodes = earlier[component == component[place[birth]]]
    truth = graph.node_means(graph.lens)[:, lens]
    low, high = sorted((float(truth[birth]), float(truth[death])))
    return Feature("lower branch" if truth[birth] < truth[death] else "upper branch", lens, low, high, nodes)


def _loop(graph: MapperGraph, lens: int, values: np.ndarray, edge: int, end: int) -> Feature:
    """The shortest cycle that the edge closes with edges that came before it."""
    before = _edge_order(values, graph.edges)
    earlier = graph.edges[before < before[edge]]
    lengths = sparse.csr_array((np.ones(len(earlier)), tuple(earlier.T)), shape=(len(graph), len(graph)))
    start, stop = graph.edges[edge].tolist()
    parents = dijkstra(lengths, directed=False, indices=start, return_predecessors=True)[1]
    cycle = [stop]
    while cycle[-1] != start:
        cycle.append(int(parents[cycle[-1]]))
    high = float(values[graph.edges[edge]].max())
    return Feature("loop", lens, float(values[end]), high, np.array(cycle, dtype=np.int64))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Place of each vertex in the order of values, equal ones by number."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _edge_order(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Place of each edge in the order in which they enter."""
    ranks = _ranks(values)[edges]
    order = np.empty(len(edges), np.int64)
    order[np.lexsort([ranks.min(1), ranks.max(1)])] = np.arange(len(edges))
    return order


def _loop_cells(values: np.ndarray, graph: MapperGraph) -> list[tuple[int, int]]:
    """Edge that closes each loop of the nerve from below, and the vertex at which it opens from above.

    The nerve enters by rising values, then a cone over it by falling ones. A loop is a class that an edge begins, no
    triangle of the nerve ends, and the cone over an edge does.
    """
    nodes, edges, triangles = len(graph), graph.edges, graph.triangles
    links = sparse.csr_array((np.ones(len(edges)), tuple(edges.T)), shape=(nodes, nodes))
    if nodes == 0 or len(edges) == nodes - connected_components(links, directed=False)[0]:
        return []
    ranks, entering = _ranks(values), _edge_order(values, edges)
    first_cone = 1 + nodes + len(edges) + len(triangles)
    # Cells in the order of the filtration: the tip, vertices, edges and triangles upwards, cones downwards.
    tops = np.concatenate([ranks, ranks[edges].max(1), ranks[triangles].max(1) if len(triangles) else []])
    sizes = np.repeat([0, 1, 2], [nodes, len(edges), len(triangles)])
    within = np.concatenate([np.zeros(nodes), entering, np.arange(len(triangles))])
    place = np.empty(len(tops), np.int64)
    place[np.lexsort([within, sizes, tops])] = 1 + np.arange(len(tops))
    bottoms = np.concatenate([ranks, ranks[edges].min(1)])
    cone = np.empty(len(bottoms), np.int64)
    cone[
        np.lexsort([np.concatenate([np.zeros(nodes), entering]), np.repeat([0, 1], [nodes, len(edges)]), -bottoms])
    ] = first_cone + np.arange(len(bottoms))
    vertex, edge = place[:nodes], place[nodes : nodes + len(edges)]
    key = edges[:, 0] * nodes + edges[:, 1]
    sides = [edge[np.searchsorted(key, triangles[:, i] * nodes + triangles[:, j])] for i, j in ((0, 1), (0, 2), (1, 2))]
    faces = [
        (place[nodes + len(edges) :], np.stack(sides, 1)),
        (edge, vertex[edges]),
        (cone[:nodes], np.column_stack([np.zeros(nodes, np.int64), vertex])),
        (cone[nodes:], np.column_stack([edge, cone[edges]])),
    ]
    partner = _partners(faces, first_cone + len(bottoms))
    ended = partner[edge]
    loops = np.flatnonzero(ended >= first_cone)
    opens = np.empty(len(bottoms) + first_cone, np.int64)
    opens[cone[nodes:]] = edges[np.arange(len(edges)), ranks[edges].argmin(1)]
    return list(zip(loops.tolist(), opens[ended[loops]].tolist(), strict=True))


def _partners(faces: list[tuple[np.ndarray, np.ndarray]], cells: int) -> np.ndarray:
    """Partners of all cells, given cells and their faces, one array (cells, faces) per number of faces."""
    counts = np.zeros(cells + 1, np.int64)
    for owners, boundary in faces:
        counts[owners + 1] = boundary.shape[1]
    offsets = np.cumsum(counts)
    rows, dims = np.empty(offsets[-1], np.int64), np.maximum(np.diff(offsets) - 1, 0)
    for owners, boundary in faces:
        rows[offsets[owners][:, None] + np.arange(boundary.shape[1])] = np.sort(boundary, axis=1)
    return partners(offsets, rows, np.ones(len(rows), np.int64), dims, 2)
