"""Rips filtrations of points that enter one after the other, so that outliers come late."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_positive, check_tensor
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import edge_lengths, rips_pairs
from topolens.engines.edges import edge_ends
from topolens.filtrations.base import Filtration
from topolens.filtrations.flag_complex import flag_complex


class WeightedRips(Filtration):
    """Flag complexes with the cells of `Rips`; `source` holds the points with their weights as a last coordinate."""

    def __init__(self, points: Tensor, weights: Tensor, p: float, max_scale: float) -> None:
        self.batch_size, self.n = points.shape[:2]
        self.max_scale = max_scale
        self._p = p
        self.source = torch.cat([points, weights[..., None]], 2)

    @property
    def device(self) -> torch.device:
        """See `Filtration.device`."""
        return self.source.device

    @cached_property
    def values(self) -> Tensor:  # type: ignore[override]
        """See `Filtration.values`."""
        cells = torch.arange(self.n + self.n * (self.n - 1) // 2, device=self.device)
        item = torch.arange(self.batch_size, device=self.device)[:, None]
        with torch.no_grad():
            return self.at(item.expand(-1, len(cells)), cells.expand(self.batch_size, -1))

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        return rips_pairs(self.values, self.n, max_dim, field, self.max_scale)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        if not self.n:
            return self.source.new_zeros(cells.shape)
        is_edge = cells >= self.n
        i, j = edge_ends((cells - self.n).clamp(min=0))
        i = torch.where(is_edge, i, cells.clamp(max=self.n - 1))
        j = torch.where(is_edge, j, i)
        points, weights = self.source[..., :-1], self.source[..., -1]
        apart = is_edge & (points[batch, i] != points[batch, j]).any(-1)
        gaps = torch.where(apart[..., None], points[batch, i] - points[batch, j], 1)
        lengths = torch.linalg.vector_norm(gaps, dim=-1)
        if self.device.type == "cpu":  # the last digit does not depend on how many edges are asked for
            lengths = lengths + (edge_lengths(points.detach(), batch, i, j).where(apart, lengths) - lengths).detach()
        f, g = weights[batch, i], weights[batch, j]
        late = 2 * torch.maximum(f, g)
        return torch.where(apart, torch.maximum(late, self._meeting(lengths, f, g)), late)

    def _meeting(self, d: Tensor, f: Tensor, g: Tensor) -> Tensor:
        """Twice the level at which the balls of two points at distance d meet, if both have entered by then."""
        if self._p == 1:
            return d + f + g
        if self._p == 2:
            return torch.sqrt((d**2 + (f + g) ** 2) * (d**2 + (f - g) ** 2)) / d
        return d

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        return flag_complex(values, self.n, max_dim, self.max_scale)


def weighted_rips(points: Tensor, weights: Tensor, *, p: float = 1.0, max_scale: float | None = None) -> WeightedRips:
    """Rips filtrations in which each point enters at twice its own weight.

    At level 2 t a point of weight f <= t has a ball of radius (t^p - f^p)^(1/p), and two points are joined once their
    balls meet; a simplex enters with its last edge. With weights 0 this is `rips`, with `sampling.dtm` as weights the
    DTM filtration, in which outliers come late.

    Args:
        points: Clouds, shape (batch, n, d), Euclidean.
        weights: Weights, at least 0, shape (batch, n), in the unit of the points.
        p: 1, 2 or infinity. The larger p, the faster balls grow once they are there.
        max_scale: Cells above it are left out. None: no limit.

    Returns:
        A filtration with the cells of `rips`: vertices, then edge (i > j) at n + i (i - 1) / 2 + j.

    Raises:
        TypeError: If one of the two is no floating-point tensor.
        ValueError: If shapes do not fit, a number is not finite, a weight is negative, `p` is none of the three, or
            `max_scale` is not above 0.

    Gradients: flow to the points and the weights of the critical cells, to weights alone where the heavier one decides.
    Cost: as `rips` from the matrix of values.
    Source: "DTM-based filtrations", 2019. Levels are doubled, as in GUDHI, so that weights of 0 give `rips`.

    Example:
        >>> import topolens as tl
        >>> pair = tl.weighted_rips(torch.tensor([[[0.0], [3.0]]]), torch.tensor([[0.0, 1.0]]))
        >>> tl.persistence(pair, max_dim=0).intervals          # the second point enters at 2, they meet at 3 + 0 + 1
        tensor([[0., inf],
                [2., 4.]])
    """
    check_tensor("points", points, ("batch", "n", "d"), "for one cloud pass points[None]")
    check_tensor("weights", weights, ("batch", "n"), "for one cloud pass weights[None]")
    if weights.shape != points.shape[:2]:
        raise ValueError(
            f"weights must have shape {tuple(points.shape[:2])}, one per point, got {tuple(weights.shape)}"
        )
    check_finite_points(points)
    if not torch.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("weights must be finite and at least 0; clamp them or shift all by one number")
    if p not in (1, 2, math.inf):
        raise ValueError(f"p must be 1, 2 or infinity, got {p}")
    scale = math.inf if max_scale is None else check_positive("max_scale", float(max_scale))
    return WeightedRips(points, weights.to(points), p, scale)
