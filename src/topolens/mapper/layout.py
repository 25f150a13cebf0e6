"""Where to draw the nodes of a Mapper graph: unfolded by forces, along its lenses, or as another graph is drawn."""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from topolens.engines.compiled import refined_layout
from topolens.mapper.graph import MapperGraph, lens_positions

PIVOTS = 40
NEAREST = 0.05  # of the length of an edge that shares one point in many; ends with the same points are not one spot
ROUNDS = 300
SMOOTHING_ROUNDS = 50
LARGE = 5000  # nodes from which half the rounds are made
MARGIN = 1.5  # edge lengths between components
SHOWS = 0.6  # least correlation with the lens that turns a drawing


def layout(
    graph: MapperGraph,
    seed: int = 0,
    aligned_to: tuple[MapperGraph, np.ndarray] | None = None,
) -> np.ndarray:
    """Positions that unfold the graph: nodes that share points lie near each other, others far apart.

    Each component starts from its graph distances to some pivots, where an edge is as long as its ends' Jaccard
    distance, projected to the plane that keeps most of them; forces then even it out. Components are turned so that
    x grows with the first lens and are packed in rows, the largest first.

    Args:
        graph: A Mapper graph.
        seed: Seed of the pivots and of the offsets that part nodes in one place.
        aligned_to: Another graph on the same rows and its positions, shape (its nodes, 2). Nodes then start where the
            other graph has their points and are only smoothed, so that both drawings can be compared.

    Returns:
        Positions, shape (nodes, 2), float64, within [-1, 1], alike for every number of threads.

    Raises:
        ValueError: If the graph to align to has another number of rows, or its positions another shape.

    Cost: O((nodes log nodes + edges) * rounds) in the compiled core, and one shortest-path search for each of 40
        pivots.
    Source: "Eigensolver methods for progressive multidimensional scaling of large data", 2006, for the start; "Graph
        drawing by force-directed placement", 1991, for the forces; "A hierarchical O(N log N) force-calculation
        algorithm", 1986, for their sum. Ours: moves are divided by the stiffness of the forces.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> line = torch.linspace(0, 1, 50)[:, None]
        >>> layout(mapper(line, resolution=5, gain=1.5))[3:, 0].round(1).tolist()   # a path along the x axis
        [0.5, 1.0]
    """
    if len(graph) == 0:
        return np.zeros((0, 2))
    links = links_of(graph)
    rng = np.random.default_rng(seed)
    if aligned_to is not None:
        return _aligned(graph, links, aligned_to, rng)
    return _into_square(_packed(graph, links, rng))


def links_of(graph: MapperGraph) -> sparse.csr_array:
    """Edges in both directions, weighted by the share of points their ends have in common."""
    nodes, (a, b) = len(graph), graph.edges.T
    both = np.concatenate([a, b]), np.concatenate([b, a])
    return sparse.csr_array((np.tile(graph.jaccard, 2), both), shape=(nodes, nodes))


def components(links: sparse.csr_array) -> list[np.ndarray]:
    """Nodes of each component, rising; the components by their first node."""
    count, component = connected_components(links, directed=False)
    order = np.argsort(component, kind="stable")
    return np.split(order, np.searchsorted(component[order], np.arange(1, count)))


def _packed(graph: MapperGraph, links: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    parts = components(links)
    lens = lens_positions(graph)
    drawn, sizes, lows = np.zeros((len(graph), 2)), np.zeros((len(parts), 2)), np.zeros((len(parts), 2))
    for k, nodes in enumerate(parts):
        if len(nodes) == 2:
            drawn[nodes, 0] = [0.0, 1.0] if lens[nodes[0], 0] <= lens[nodes[1], 0] else [1.0, 0.0]
        elif len(nodes) > 2:
            drawn[nodes] = _turned(unfolded(sparse.csr_array(links[nodes][:, nodes]), rng), lens[nodes])
        lows[k] = drawn[nodes].min(0)
        sizes[k] = drawn[nodes].max(0) - lows[k]
    corners = _in_rows(sizes + MARGIN, np.array([len(nodes) for nodes in parts]))
    for nodes, shift in zip(parts, corners - lows, strict=True):
        drawn[nodes] += shift
    return drawn


def unfolded(links: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    """One connected graph, drawn with edges about 1 long."""
    start = _start(links, rng)
    a, b = links.nonzero()
    lengths = np.linalg.norm(start[a] - start[b], axis=1)
    start /= lengths.mean() or 1.0
    start += rng.uniform(-0.01, 0.01, start.shape)
    rounds = ROUNDS if len(start) < LARGE else ROUNDS // 2
    return refined_layout(start, even_pulls(links), 1.0, rounds, 1.0)


def even_pulls(links: sparse.csr_array) -> sparse.csr_array:
    """Weights of the edges, 1 on average."""
    return links / links.data.mean() if links.nnz else links


def _start(links: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    """The two leading coordinates of pivot scaling, shape (n, 2)."""
    distances = _to_pivots(links, rng)
    squares = distances**2
    centred = squares - squares.mean(0) - squares.mean(1, keepdims=True) + squares.mean()
    # Sums by einsum and the eigenvectors by hand: their rounding does not depend on the threads of a BLAS.
    product = np.einsum("ij,ik->jk", centred, centred)
    plane = _leading(product / (np.abs(product).max() or 1.0), rng)
    return np.einsum("ij,jk->ik", centred, plane)


def _aligned(
    graph: MapperGraph, links: sparse.csr_array, reference: tuple[MapperGraph, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    other, positions = reference
    if other.membership.shape[0] != graph.membership.shape[0]:
        raise ValueError(
            f"graphs can be aligned on the same rows only, got {graph.membership.shape[0]} and "
            f"{other.membership.shape[0]} rows"
        )
    if positions.shape != (len(other), 2):
        raise ValueError(f"positions must have shape ({len(other)}, 2), got {positions.shape}")
    shared = (graph.membership.T.astype(np.float64) @ other.membership.astype(np.float64)).tocsr()
    weight = np.asarray(shared.sum(axis=1)).ravel()
    if not weight.any():
        return _into_square(_packed(graph, links, rng))
    target = _filled((shared @ positions) / np.where(weight, weight, 1.0)[:, None], weight > 0, links)
    drawn = target + rng.uniform(-0.003, 0.003, target.shape)
    if links.nnz:
        a, b = links.nonzero()
        unit = float(np.linalg.norm(drawn[a] - drawn[b], axis=1).mean())
        drawn = unit * refined_layout(drawn / unit, even_pulls(links), 1.0, SMOOTHING_ROUNDS, 0.3)
    fitted = _fitted(drawn, target, weight)
    return fitted / max(1.0, float(np.abs(fitted).max()))


def _filled(target: np.ndarray, known: np.ndarray, links: sparse.csr_array) -> np.ndarray:
    """Targets of all nodes: those without take the mean of their neighbours', or else of all."""
    target, known = target.copy(), known.copy()
    target[~known] = target[known].mean(0)
    joined = (links > 0).astype(np.float64)
    while True:
        count = joined @ known.astype(np.float64)
        fresh = ~known & (count > 0)
        if not fresh.any():
            return target
        target[fresh] = (joined @ np.where(known[:, None], target, 0.0))[fresh] / count[fresh, None]
        known |= fresh


def _fitted(drawn: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The drawing turned, scaled and moved (Procrustes) to fit the targets best, weighted."""
    share = weight / weight.sum()
    z, t = drawn[:, 0] + 1j * drawn[:, 1], target[:, 0] + 1j * target[:, 1]
    middle, goal = (share * z).sum(), (share * t).sum()
    spread = float((share * np.abs(z - middle) ** 2).sum())
    turn = (share * (z - middle).conj() * (t - goal)).sum() / spread if spread else 1.0
    fitted = goal + turn * (z - middle)
    return np.column_stack([fitted.real, fitted.imag])


def _to_pivots(links: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    """Lengths of shortest paths to pivots, shape (n, pivots): each new pivot is the node farthest from the others."""
    n = links.shape[0]
    lengths = sparse.csr_array((np.maximum(1 - links.data, NEAREST), links.indices, links.indptr), shape=links.shape)
    pivot, nearest, columns = int(rng.integers(n)), np.full(n, np.inf), []
    for _ in range(min(PIVOTS, n)):
        columns.append(dijkstra(lengths, indices=pivot))
        nearest = np.minimum(nearest, columns[-1])
        pivot = int(nearest.argmax())
    return np.stack(columns, axis=1)


def _leading(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two leading eigenvectors of a symmetric positive matrix by repeated multiplication, shape (k, 2).

    Where eigenvalues nearly tie, any mixture of their vectors will do for a start.
    """
    vectors = rng.standard_normal((len(matrix), 2))
    for _ in range(60):
        vectors = np.einsum("ij,jk->ik", matrix, vectors)
        for column in range(2):
            for before in range(column):
                overlap = (vectors[:, before] * vectors[:, column]).sum()
                vectors[:, column] -= overlap * vectors[:, before]
            vectors[:, column] /= math.sqrt((vectors[:, column] ** 2).sum()) or 1.0
    return vectors


def _turned(drawn: np.ndarray, lens: np.ndarray) -> np.ndarray:
    """The drawing with x along the first lens where that shows in it, else along its long side; y with the second."""
    centred, values = drawn - drawn.mean(0), lens - lens.mean(0)
    (xx, xy), (_, yy) = np.einsum("ij,ik->jk", centred, centred)
    along = np.einsum("i,ij->j", values[:, 0], centred)
    if (along**2).sum() > SHOWS**2 * (values[:, 0] ** 2).sum() * (xx + yy) / 2:
        angle = math.atan2(along[1], along[0])
    else:
        angle = 0.5 * math.atan2(2 * xy, xx - yy)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = centred[:, 0] * cos + centred[:, 1] * sin, centred[:, 1] * cos - centred[:, 0] * sin
    against = [(column * values[:, k]).sum() < 0 for k, column in enumerate((x, y))]
    return np.column_stack([-x if against[0] else x, -y if against[1] else y])


def _in_rows(sizes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Lower corners of boxes set in rows of about a square, those of most nodes first, shape (boxes, 2)."""
    corners = np.zeros_like(sizes)
    widest = max(float(sizes[:, 0].max()), 1.2 * math.sqrt(float(sizes.prod(1).sum())))
    x = y = height = 0.0
    for box in np.lexsort([-sizes[:, 1], -counts]).tolist():
        width = float(sizes[box, 0])
        if x > 0 and x + width > widest * (1 + 1e-9):
            x, y, height = 0.0, y - height, 0.0
        height = max(height, float(sizes[box, 1]))
        corners[box] = x, y - float(sizes[box, 1])
        x += width
    return corners


def _into_square(drawn: np.ndarray) -> np.ndarray:
    """The drawing moved and shrunk as a whole into [-1, 1]."""
    low, high = drawn.min(0), drawn.max(0)
    half = float((high - low).max()) / 2
    return np.clip((drawn - (low + high) / 2) / (half or 1.0), -1, 1)
