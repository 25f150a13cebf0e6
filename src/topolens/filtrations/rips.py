"""Vietoris-Rips filtrations of point clouds and distance matrices."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_floating, check_no_nan, check_positive, check_tensor
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import rips_pairs
from topolens.filtrations.base import Filtration


def edge_ends(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices i > j of edge numbers i (i - 1) / 2 + j."""
    i = ((1 + torch.sqrt(1 + 8 * edges.to(torch.float64))) / 2).floor().to(torch.int64)
    i = i - (i * (i - 1) // 2 > edges).to(torch.int64)
    i = i + (i * (i + 1) // 2 <= edges).to(torch.int64)
    return i, edges - i * (i - 1) // 2


def flag_complex(values: np.ndarray, n: int, max_dim: int, max_scale: float) -> Complex:
    """All simplices of a flag complex up to dimension max_dim + 1 whose edges lie at or below max_scale."""

    def rank(cell: int) -> tuple[float, int]:
        return float(values[cell]), cell

    dims, source = [0] * n, list(range(n))
    boundary: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    position: dict[tuple[int, ...], int] = {(v,): v for v in range(n)}
    for dim in range(1, max_dim + 2):
        for simplex in combinations(range(n), dim + 1):
            latest = max((n + b * (b - 1) // 2 + a for a, b in combinations(simplex, 2)), key=rank)
            if values[latest] > max_scale or np.isinf(values[latest]):
                continue
            faces = [simplex[:k] + simplex[k + 1 :] for k in range(dim + 1)]
            boundary.append([(position[face], (-1) ** k) for k, face in enumerate(faces)])
            position[simplex] = len(source)
            dims.append(dim)
            source.append(latest)
    return Complex(dims, source, boundary, values)


class Rips(Filtration):
    """Flag complexes on n vertices: cells are the vertices, then edge (i > j) at n + i (i - 1) / 2 + j."""

    def __init__(self, points: Tensor | None, distances: Tensor | None, max_scale: float) -> None:
        given = points if points is not None else distances
        assert given is not None
        self.batch_size, self.n = given.shape[:2]
        self.max_scale = max_scale
        self._points, self._distances = points, distances
        with torch.no_grad():
            square = (
                distances
                if points is None
                else torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
            )
            assert square is not None
            rows, columns = torch.tril_indices(self.n, self.n, -1, device=given.device)
            vertices = square.new_zeros(self.batch_size, self.n)
            self.values = torch.cat([vertices, square[:, rows, columns]], 1)

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        return rips_pairs(self.values, self.n, max_dim, field, self.max_scale)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`; only the asked edges are computed, so no n x n gradient is kept."""
        is_edge = cells >= self.n
        i, j = edge_ends((cells - self.n)[is_edge])
        item = batch[is_edge]
        if self._points is None:
            assert self._distances is not None
            lengths = self._distances[item, i, j]
        else:
            lengths = torch.linalg.vector_norm(self._points[item, i] - self._points[item, j], dim=-1)
            # cdist rounds otherwise; its own last digit is kept, so that bars are what the engine saw.
            lengths = lengths + (self.values[item, cells[is_edge]] - lengths.detach())
        return lengths.new_zeros(cells.shape).masked_scatter(is_edge, lengths)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        return flag_complex(values, self.n, max_dim, self.max_scale)


def rips(points: Tensor | None = None, *, distances: Tensor | None = None, max_scale: float | None = None) -> Rips:
    """Vietoris-Rips filtrations of a batch of point clouds or distance matrices.

    A simplex enters at its longest edge, in the unit of the distance (its diameter, not its radius).

    Args:
        points: Clouds, shape (batch, n, d), Euclidean.
        distances: Instead of points: symmetric dissimilarities, shape (batch, n, n); they need not obey the
            triangle inequality. The diagonal is not read, nor the upper triangle once checked.
        max_scale: Edges above it are left out, and bars alive there never die. None: no limit.

    Returns:
        A filtration of n + n (n - 1) / 2 cells per item, vertices at 0. n may be 0 or 1.

    Raises:
        TypeError: If the input is no floating-point tensor, or both or none of the two are given.
        ValueError: If the shape is wrong, an entry is NaN, distances are negative or not symmetric, or
            `max_scale` is not above 0.

    Gradients: flow to the coordinates (or to the distances' lower triangle) of the critical edges.
    Cost: n^2 / 2 values per item; the engine's time and memory depend on the cloud and grow fast with max_dim.
    Source: "Topological persistence and simplification", 2002; "Ripser", 2021, for the definition of the order.

    Example:
        >>> import topolens as tl
        >>> pair = tl.rips(torch.tensor([[[0.0], [3.0]]]))
        >>> tl.persistence(pair, max_dim=0).finite().intervals
        tensor([[0., 3.]])
    """
    if (points is None) == (distances is None):
        raise TypeError("rips takes either points or distances=, got both or neither")
    scale = float("inf") if max_scale is None else check_positive("max_scale", float(max_scale))
    if points is not None:
        check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]")
        check_no_nan("points", points)
        if torch.isinf(points).any():
            raise ValueError("points contains infinite coordinates; remove those points first")
    else:
        assert distances is not None
        check_tensor("distances", distances, ("batch", "n", "n"), "for one matrix pass distances[None]")
        if distances.shape[1] != distances.shape[2]:
            raise ValueError(f"distances must be square, got {tuple(distances.shape)}")
        check_no_nan("distances", check_floating("distances", distances))
        if (distances < 0).any():
            raise ValueError("distances must not be negative; shift or square them first")
        if not torch.equal(distances, distances.mT):
            raise ValueError("distances must be symmetric; pass (D + D.mT) / 2 if it differs by rounding only")
    return Rips(points, distances, scale)
