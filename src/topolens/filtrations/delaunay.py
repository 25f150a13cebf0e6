"""Delaunay triangulations as lists of simplices, whatever position the points are in."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import Delaunay, QhullError

FLAT = 1e-10  # directions in which a cloud is thinner than this part of its extent do not count


class Triangulation(NamedTuple):
    """All simplices of a triangulation, dimension after dimension, each dimension in lexicographic order."""

    simplices: list[np.ndarray]  # per dimension k: (count, k + 1) int64, vertices rising
    faces: list[np.ndarray]  # per dimension k: (count, k + 1) int64, number of the face without vertex j


def delaunay(points: np.ndarray) -> Triangulation:
    """Delaunay triangulation of points (n, d), d at least 2, within the affine space that they span.

    Points that the triangulation cannot hold, such as duplicates, hang on the nearest vertex by an edge.

    Raises:
        ValueError: If Qhull gives up.
    """
    centred = points - points.mean(0) if len(points) else points
    spread = np.linalg.svd(centred, full_matrices=False)
    extent = spread.S.max(initial=0)
    rank = int((FLAT * extent < spread.S).sum())
    flat = centred @ spread.Vh[:rank].T
    if rank < 2:
        order = np.argsort(flat[:, 0] if rank else flat.sum(1), kind="stable")
        return _closed(len(points), [np.stack([order[:-1], order[1:]], 1)])
    try:
        found = Delaunay(flat)
    except QhullError as error:
        raise ValueError(f"points could not be triangulated by Qhull: {str(error).splitlines()[0]}") from None
    return _closed(len(points), [found.coplanar[:, [0, 2]].astype(np.int64), found.simplices.astype(np.int64)])


def _closed(n: int, cells: list[np.ndarray]) -> Triangulation:
    """The complex of n vertices and the faces of cells, given as rows of equal width."""
    top = max([1, *(rows.shape[1] for rows in cells if len(rows))])
    simplices: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    below = np.zeros((0, top + 1), np.int64)
    for width in range(top, 0, -1):
        # Faces of the dimension above come first, so that the inverse says where each of them went.
        inherited = np.concatenate([np.delete(below, j, axis=1) for j in range(width + 1)])
        own = [np.sort(rows, axis=1) for rows in cells if rows.shape[1] == width]
        own += [np.arange(n)[:, None]] if width == 1 else []
        rows, inverse = _distinct(np.concatenate([inherited, *own]), n)
        faces.insert(0, inverse[: len(inherited)].reshape(width + 1, -1).T)
        simplices.insert(0, rows)
        below = rows
    return Triangulation(simplices, [np.zeros((n, 0), np.int64), *faces[:-1]])


def _distinct(rows: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows of vertex numbers below n in lexicographic order, and where each row went."""
    number = np.zeros(len(rows), np.int64)
    for column in rows.T:
        number = np.unique(number * n + column, return_inverse=True)[1]
    first = np.zeros(number.max(initial=-1) + 1, np.int64)
    first[number] = np.arange(len(rows))
    return rows[first], number
