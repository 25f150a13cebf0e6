"""Lazy witness filtrations: a few landmarks, let in by all other points."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_positive, check_tensor
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import rips_pairs, witness_edges
from topolens.engines.edges import edge_ends
from topolens.filtrations.base import Filtration
from topolens.filtrations.flag_complex import flag_complex
from topolens.filtrations.smoothing import interpolated


class Witness(Filtration):
    """Flag complexes on the landmarks: cells are L vertices, then edge (i > j) at L + i (i - 1) / 2 + j.

    For each edge `witnesses` keeps the point that lets it in first, so that its value is a short formula
    of a few coordinates.
    """

    modes = ("sparse", "smooth")

    def __init__(self, points: Tensor, landmarks: Tensor, nu: int, max_scale: float) -> None:
        self.batch_size, self.n = landmarks.shape
        self.max_scale = max_scale
        self.source, self._landmarks = points, landmarks
        with torch.no_grad():
            chosen, nearest = [], []
            edges = self.n * (self.n - 1) // 2
            for cloud, picked in zip(points, landmarks, strict=True):
                distances = torch.cdist(cloud[picked], cloud, compute_mode="donot_use_mm_for_euclid_dist")
                slack, near = distances.new_zeros(len(cloud)), picked.new_full((len(cloud),), -1)
                if nu:
                    slack, near = (x[-1] for x in torch.topk(distances, nu, dim=0, largest=False))
                nearest.append(near)
                chosen.append(witness_edges(distances, slack).to(points.device) if edges else picked.new_zeros(0))
            self.witnesses = torch.stack(chosen) if chosen else landmarks.new_zeros(0, edges)
            self._nearest = torch.stack(nearest) if nearest else landmarks.new_zeros(0, points.shape[1])
            item = torch.arange(self.batch_size, device=points.device).repeat_interleave(edges)
            cells = torch.arange(self.n, self.n + edges, device=points.device).repeat(self.batch_size)
            vertices = points.new_zeros(self.batch_size, self.n)
            self.values = torch.cat([vertices, self.at(item, cells).reshape(self.batch_size, edges)], 1)

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        return rips_pairs(self.values, self.n, max_dim, field, self.max_scale)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        is_edge = cells >= self.n
        item, edge = batch[is_edge], (cells - self.n)[is_edge]
        i, j = edge_ends(edge)
        z = self.witnesses[item, edge]
        witness = self.source[item, z]

        def reach(landmark: Tensor) -> Tensor:
            """Distance of each edge's witness to a landmark, 0 with zero gradient where they coincide."""
            gap = self.source[item, self._landmarks[item, landmark]] - witness
            apart = gap.detach().abs().sum(-1) > 0
            safe = torch.where(apart[:, None], gap, torch.ones_like(gap))
            return torch.where(apart, torch.linalg.vector_norm(safe, dim=-1), gap.sum(-1))

        entry = torch.maximum(reach(i), reach(j))
        near = self._nearest[item, z]
        slack = torch.where(near >= 0, reach(near.clamp_min(0)), torch.zeros_like(entry))
        return self.source.new_zeros(cells.shape).masked_scatter(is_edge, (entry - slack).clamp_min(0))

    def smoothed(self, gradient: Tensor, bandwidth: float | None) -> Tensor:
        """See `Filtration.smoothed`."""
        return interpolated(gradient, self.source, bandwidth)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        return flag_complex(values, self.n, max_dim, self.max_scale)


def witness(points: Tensor, *, landmarks: Tensor, nu: int = 1, max_scale: float | None = None) -> Witness:
    """Lazy witness filtrations on landmarks chosen among the points.

    An edge (a, b) enters at min over z of max(0, max(d(a, z), d(b, z)) - m(z)), where m(z) is 0 for nu = 0 and
    the distance of z to its nu-th nearest landmark otherwise. Vertices enter at 0, simplices with their last edge.

    Args:
        points: Clouds, shape (batch, n, d), Euclidean.
        landmarks: Rows of the landmarks, shape (batch, L), int64, or (L,) for the same rows in every cloud;
            `topolens.sampling.maxmin` finds well-spread ones.
        nu: 0, 1 or 2 (up to L). Larger values let edges in earlier.
        max_scale: Edges above it are left out. None: no limit.

    Returns:
        A filtration of L + L (L - 1) / 2 cells per item.

    Raises:
        TypeError: If `points` is no floating-point tensor or `landmarks` no integer one.
        ValueError: If shapes do not fit, a coordinate is not finite, a landmark names no point, or nu is out of range.

    Gradients: flow to the landmarks and witnesses of the critical edges.
    Cost: O(L^2 n) per item for the edges, then a flag complex on L vertices.
    Source: "Topological estimation using witness complexes", 2004, the lazy form; JavaPlex's default is nu = 1.
        There the filtration is rounded to steps; here it is exact.

    Example:
        >>> import topolens as tl
        >>> cloud = tl.shapes.circle(200)[None]
        >>> marks = tl.sampling.maxmin(cloud, 20)
        >>> tl.persistence(tl.witness(cloud, landmarks=marks)).of_dim(1).batch_size
        1
    """
    check_finite_points(check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]"))
    if not isinstance(landmarks, Tensor) or landmarks.is_floating_point():
        raise TypeError("landmarks must be an integer tensor of rows of points; see topolens.sampling.maxmin")
    landmarks = landmarks.expand(len(points), -1) if landmarks.ndim == 1 else landmarks
    if landmarks.ndim != 2 or len(landmarks) != len(points):
        raise ValueError(f"landmarks must have shape ({len(points)}, L) or (L,), got {tuple(landmarks.shape)}")
    if landmarks.numel() and not 0 <= int(landmarks.min()) <= int(landmarks.max()) < points.shape[1]:
        raise ValueError(f"landmarks must name rows in [0, {points.shape[1]})")
    if not 0 <= nu <= landmarks.shape[1]:
        raise ValueError(f"nu must lie in [0, {landmarks.shape[1]}] (the number of landmarks), got {nu}")
    scale = float("inf") if max_scale is None else check_positive("max_scale", float(max_scale))
    return Witness(points, landmarks.to(points.device, torch.int64), nu, scale)
