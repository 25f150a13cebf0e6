"""Where nodes are drawn: each component by the slow vibrations of its graph, components in rows by size."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

from topolens.mapper import MapperGraph

DENSE = 600  # nodes up to which all eigenvectors are computed


def layout(graph: MapperGraph, seed: int = 0) -> np.ndarray:
    """Positions of the nodes, shape (nodes, 2), within [-1, 1].

    Args:
        graph: The graph; edges weigh by their Jaccard index.
        seed: Starts the search for eigenvectors of large components.
    """
    nodes = len(graph)
    if not nodes:
        return np.zeros((0, 2))
    a, b = graph.edges.T
    weights = sparse.coo_array((graph.jaccard, (a, b)), shape=(nodes, nodes)).tocsr()
    weights = weights + weights.T
    count, component = connected_components(weights, directed=False)
    members = [np.flatnonzero(component == c) for c in range(count)]
    members.sort(key=lambda rows: (-len(rows), rows[0]))
    places = [_spectral(weights[rows][:, rows], seed) for rows in members]
    found = np.zeros((nodes, 2))
    for rows, place in zip(members, _packed(places), strict=True):
        found[rows] = place
    return within(found)


def within(positions: np.ndarray) -> np.ndarray:
    """The same moved and scaled into [-1, 1], sides alike."""
    if not len(positions):
        return positions
    low, high = positions.min(0), positions.max(0)
    reach = float((high - low).max())
    return (positions - (low + high) / 2) * (2 / reach if reach > 0 else 0.0)


def _spectral(weights: sparse.csr_array, seed: int) -> np.ndarray:
    """Second and third eigenvector of the random walk of one component."""
    n = weights.shape[0]
    if n < 3:
        return np.column_stack([np.arange(n, dtype=np.float64), np.zeros(n)])
    degree = np.asarray(weights.sum(axis=1)).ravel()
    scale = sparse.diags_array(1 / np.sqrt(degree))
    walk = scale @ weights @ scale
    if n <= DENSE:
        vectors = np.linalg.eigh(walk.toarray())[1][:, ::-1][:, 1:3]
    else:
        start = np.random.default_rng(seed).standard_normal(n)
        values, vectors = eigsh(walk + sparse.eye_array(n), k=3, which="LA", v0=start, tol=1e-4, maxiter=20 * n)
        vectors = vectors[:, np.argsort(-values)[1:3]]
    vectors = vectors / np.sqrt(degree)[:, None]
    signs = np.sign(vectors[np.abs(vectors).argmax(0), [0, 1]])
    centred = vectors * signs - (vectors * signs).mean(0)
    return centred / max(np.abs(centred).max(), 1e-12) * np.sqrt(n)


def _packed(places: list[np.ndarray]) -> list[np.ndarray]:
    """Components beside each other in rows, as wide as the whole is high."""
    boxes = [place.max(0) - place.min(0) + 1 for place in places]
    width = max(float(np.sqrt(sum(box[0] * box[1] for box in boxes))), float(boxes[0][0]))
    x = y = high = 0.0
    found = []
    for place, box in zip(places, boxes, strict=True):
        if x > 0 and x + box[0] > width:
            x, y, high = 0.0, y + high, 0.0
        found.append(place - place.min(0) + [x, y])
        x, high = x + box[0], max(high, box[1])
    return found
