"""Alpha filtrations: growing balls, cut down to the Delaunay triangulation of their centres."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_positive, check_tensor
from topolens.engines import Complex, Pairs, canonical, concatenate
from topolens.engines.compiled import partners
from topolens.filtrations.base import Filtration
from topolens.filtrations.delaunay import FLAT, Triangulation, delaunay
from topolens.filtrations.smoothing import interpolated

ON_SPHERE = 1e-8  # a point off a sphere by less than this part of its distance to the others lies on it


class Alpha(Filtration):
    """Delaunay complexes; the cells of an item are its vertices, edges, triangles ... in lexicographic order.

    `simplices` names the vertices of every cell, shape (batch, cells, d + 1), -1 where there is none. The value of a
    cell is the radius of the smallest sphere through the vertices of its entry in `_roots` (as a diameter if weak).
    """

    modes = ("sparse", "smooth")

    def __init__(self, points: Tensor, weak: bool, max_scale: float) -> None:
        self.batch_size, n, d = points.shape
        self.source = points
        self.max_scale = max_scale
        self._unit = 2.0 if weak else 1.0
        clouds = points.detach().to("cpu", torch.float64)
        self._complexes = [delaunay(cloud.numpy()) for cloud in clouds]
        sizes = [sum(map(len, c.simplices)) for c in self._complexes]
        shape = self.batch_size, max(sizes, default=0)
        names, roots = np.full((*shape, d + 1), -1), np.zeros(shape, np.int64)
        values = torch.full(shape, math.inf, dtype=torch.float64)
        for b, (cells, cloud) in enumerate(zip(self._complexes, clouds, strict=True)):
            start = 0
            for rows in cells.simplices:
                names[b, start : start + len(rows), : rows.shape[1]] = rows
                start += len(rows)
            roots[b, :start] = (_longest_edges if weak else _first_spheres)(cells, cloud)
            values[b, :start] = self._unit * _radii(cloud, torch.from_numpy(names[b, roots[b, :start]]))
        self.simplices = torch.from_numpy(names).to(points.device)
        self._roots = torch.from_numpy(roots).to(points.device)
        self.values = values.to(points)

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        values = self.values.to("cpu", torch.float64).numpy()
        items = zip(self._complexes, values, strict=True)
        return canonical(concatenate([_pairs(c, v, max_dim, field, self.max_scale) for c, v in items]))

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        names = self.simplices[batch, self._roots[batch, cells]].reshape(-1, self.simplices.shape[2])
        item = batch.reshape(-1, 1).expand_as(names)
        radii = _radii(self.source.to(torch.float64), names, item)
        return (self._unit * radii).to(self.source.dtype).reshape(cells.shape)

    def smoothed(self, gradient: Tensor, bandwidth: float | None) -> Tensor:
        """See `Filtration.smoothed`."""
        return interpolated(gradient, self.source, bandwidth)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        cells = self._complexes[item]
        values = self.values[item].to("cpu", torch.float64).numpy()
        starts = np.cumsum([0, *map(len, cells.simplices)])
        dims: list[int] = []
        boundary: list[list[tuple[int, int]]] = []
        position: dict[int, int] = {}
        for dim, faces in enumerate(cells.faces[: max_dim + 2]):
            for row, cell in zip(faces, range(starts[dim], starts[dim + 1]), strict=True):
                if values[cell] <= self.max_scale:
                    below = [position[starts[dim - 1] + face] for face in row]
                    position[cell] = len(dims)
                    dims.append(dim)
                    boundary.append([(face, (-1) ** j) for j, face in enumerate(below)])
        return Complex(dims, list(position), boundary, values)


def _radii(points: Tensor, names: Tensor, item: Tensor | None = None) -> Tensor:
    """Radii of the smallest spheres through points named by rows (rows, d + 1), padded with -1."""
    radii = points.new_zeros(len(names))
    widths = (names >= 0).sum(1)
    for width in range(2, names.shape[1] + 1):
        (rows,) = (widths == width).nonzero(as_tuple=True)
        if len(rows):
            chosen = names[rows, :width]
            corners = points[chosen] if item is None else points[item[rows, :width], chosen]
            squares = _spheres(corners)[1]
            safe = torch.where(squares > 0, squares, 1)
            radii = radii.index_put((rows,), torch.where(squares > 0, safe.sqrt(), 0))
    return radii


def _spheres(corners: Tensor) -> tuple[Tensor, Tensor]:
    """Centres and squared radii of the smallest spheres through corners (rows, k + 1, d).

    The centre is sought in an orthonormal basis of the edges at the first corner. An edge that adds no direction of
    its own adds no condition either if its end lies on the sphere so far, as the fourth corner of a square does;
    otherwise, as for three points in a row, there is no sphere and the square is inf.
    """
    centre, squared = corners[:, 0], corners.new_zeros(len(corners))
    basis: list[tuple[Tensor, Tensor]] = []
    for j in range(1, corners.shape[1]):
        edge = corners[:, j] - corners[:, 0]
        length = edge.square().sum(1)
        height, rest = length / 2, edge
        for direction, coordinate in basis:
            along = (rest * direction).sum(1)
            rest = rest - along[:, None] * direction
            height = height - along * coordinate
        own = rest.square().sum(1)
        counts = own > FLAT**2 * length
        scale = torch.where(counts, own, 1).sqrt()
        direction = torch.where(counts[:, None], rest / scale[:, None], 0)
        coordinate = torch.where(counts, height / scale, 0)
        basis.append((direction, coordinate))
        centre = centre + coordinate[:, None] * direction
        squared = squared + coordinate.square()
        squared = torch.where(counts | (height.abs() <= ON_SPHERE * length), squared, math.inf)
    return centre, squared


def _first_spheres(cells: Triangulation, cloud: Tensor) -> np.ndarray:
    """For each cell the one whose smallest sphere lets it in: itself, or the first coface if it is not empty."""
    starts = np.cumsum([0, *map(len, cells.simplices)])
    roots = [np.arange(a, b) for a, b in zip(starts, starts[1:], strict=False)]
    squares = [np.zeros(len(cells.simplices[0]))]
    spheres = [_spheres(cloud[torch.from_numpy(rows)]) for rows in cells.simplices]
    squares = [squared.numpy().copy() for _, squared in spheres]
    for dim in range(len(roots) - 2, 0, -1):
        faces = cells.faces[dim + 1]
        opposite = cloud[torch.from_numpy(cells.simplices[dim + 1])]
        centres, radii = (x[torch.from_numpy(faces)] for x in spheres[dim])
        inside = ((opposite - centres).square().sum(2) < radii).numpy()
        covered = np.zeros(len(roots[dim]), bool)
        covered[faces[inside]] = True
        first = np.zeros(len(roots[dim]), np.int64)
        latest = np.argsort(squares[dim + 1], kind="stable")[::-1]
        first[faces[latest]] = latest[:, None]
        squares[dim] = np.where(covered, squares[dim + 1][first], squares[dim])
        roots[dim] = np.where(covered, roots[dim + 1][first], roots[dim])
    return _rising(cells, roots, squares)


def _longest_edges(cells: Triangulation, cloud: Tensor) -> np.ndarray:
    """For each cell its longest edge; vertices stand for themselves."""
    starts = np.cumsum([0, *map(len, cells.simplices)])
    roots = [np.arange(a, b) for a, b in zip(starts, starts[1:], strict=False)]
    squares = [np.zeros(len(rows)) for rows in roots]
    if len(squares) > 1:
        squares[1] = _spheres(cloud[torch.from_numpy(cells.simplices[1])])[1].numpy()
    return _rising(cells, roots, squares)


def _rising(cells: Triangulation, roots: list[np.ndarray], squares: list[np.ndarray]) -> np.ndarray:
    """Roots of all cells, with that of a face where a cell would come before it."""
    for dim in range(1, len(roots)):
        faces = cells.faces[dim]
        last = faces[np.arange(len(faces)), squares[dim - 1][faces].argmax(1)]
        early = squares[dim] < squares[dim - 1][last]
        squares[dim] = np.where(early, squares[dim - 1][last], squares[dim])
        roots[dim] = np.where(early, roots[dim - 1][last], roots[dim])
    return np.concatenate(roots)


def _pairs(cells: Triangulation, values: np.ndarray, max_dim: int, field: int, max_scale: float) -> Pairs:
    """Bars of one item by reduction of the cells up to dimension max_dim + 1."""
    sizes = [len(rows) for rows in cells.simplices[: max_dim + 2]]
    starts, total = np.cumsum([0, *sizes]), sum(sizes)
    dims = np.repeat(np.arange(len(sizes)), sizes)
    order = np.argsort(values[:total], kind="stable")
    order = order[values[order] <= max_scale]
    rank = np.zeros(total, np.int64)
    rank[order] = np.arange(len(order))
    widths = np.where(dims[order] == 0, 0, dims[order] + 1)
    offsets = np.cumsum([0, *widths])
    rows, signs = np.zeros(offsets[-1], np.int64), np.zeros(offsets[-1], np.int64)
    for dim in range(1, len(sizes)):
        (mine,) = np.nonzero(dims[order] == dim)
        below = rank[cells.faces[dim][order[mine] - starts[dim]] + starts[dim - 1]]
        rising = np.argsort(below, axis=1)
        places = offsets[mine][:, None] + np.arange(dim + 1)
        rows[places], signs[places] = np.take_along_axis(below, rising, 1), 1 - 2 * (rising % 2)
    partner = partners(offsets, rows, signs, dims[order], field)
    births = np.nonzero((partner > np.arange(len(order))) | (partner < 0))[0]
    births = births[dims[order[births]] <= max_dim]
    ends = np.where(partner[births] < 0, -1, order[partner[births]])
    lives = (ends < 0) | (values[order[births]] < values[ends])
    pairs = np.stack([order[births], ends], axis=1)[lives]
    return Pairs(dims[order[births]][lives], np.zeros(lives.sum(), np.int64), pairs)


def _checked(points: Tensor, max_scale: float | None) -> float:
    """The scale as a number, once the points have been looked at."""
    check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]")
    if points.shape[2] < 2:
        raise ValueError("points must have at least 2 coordinates; on a line use rips, whose components are the same")
    check_finite_points(points)
    return math.inf if max_scale is None else check_positive("max_scale", float(max_scale))


def alpha(points: Tensor, *, max_scale: float | None = None) -> Alpha:
    """Alpha filtrations of clouds: the homology of growing balls around the points, exactly.

    A simplex of the Delaunay triangulation enters with the radius of the smallest sphere through its vertices if no
    other point lies inside, and with its first coface otherwise. Vertices enter at 0.

    Args:
        points: Clouds, shape (batch, n, d), Euclidean, d at least 2. Meant for d of 2 and 3: the triangulation grows
            as n to the power d / 2, rounded up. Duplicates, and clouds within a line or plane, are fine.
        max_scale: Cells above it, a radius, are left out. None: no limit.

    Returns:
        A filtration whose cells are named, per item, by the rows of its `simplices`: vertices, then edges, triangles
        ... in lexicographic order. Items with fewer cells are padded with cells of value inf, which never enter.
        Values are radii: not squared as in GUDHI, half of those of `rips`.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If the shape is wrong, a coordinate is not finite, `max_scale` is not above 0, or Qhull gives up.

    Gradients: flow to the vertices of the sphere that decides. Flat simplices pass on what their other corners decide.
    Cost: Qhull and, from the radii on, a reduction: about linear in the number of simplices, on one thread.
    Source: "Three-dimensional alpha shapes", 1994. Computed in float64 with rounding, not with exact predicates: bars
        may be off by about 1e-10 of the extent of the cloud.

    Example:
        >>> import topolens as tl
        >>> square = torch.tensor([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]])
        >>> tl.persistence(tl.alpha(square)).of_dim(1).intervals    # born at half a side, dies at half the diagonal
        tensor([[1.0000, 1.4142]])
    """
    return Alpha(points, False, _checked(points, max_scale))


def weak_alpha(points: Tensor, *, max_scale: float | None = None) -> Alpha:
    """Rips filtrations restricted to the Delaunay triangulation: few simplices, each entering with its longest edge.

    Args:
        points: Clouds, shape (batch, n, d), Euclidean, d at least 2, as for `alpha`.
        max_scale: Cells above it, a diameter, are left out. None: no limit.

    Returns:
        A filtration with the cells of `alpha` and the unit of `rips`. Components are those of `rips`; loops and voids
        are close to them, but not the same.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If the shape is wrong, a coordinate is not finite, `max_scale` is not above 0, or Qhull gives up.

    Gradients: flow to the two ends of the edge that decides.
    Cost: as `alpha`, without the spheres.
    Source: "A topology layer for machine learning", 2020, which trains with it.

    Example:
        >>> import topolens as tl
        >>> square = torch.tensor([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]])
        >>> tl.persistence(tl.weak_alpha(square)).of_dim(1).intervals
        tensor([[2.0000, 2.8284]])
    """
    return Alpha(points, True, _checked(points, max_scale))
