"""Representation topology divergence: bars that tell the topology of two clouds of the same points apart."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from topolens.engines.edges import edge_ends
from topolens.filtrations.crossed_rips import crossed_rips
from topolens.losses.class_maps import Reduction, check_reduction, reduced
from topolens.losses.clouds import Normalise, as_pair, check_normalise, checked_scale, distances, lengths, unit
from topolens.losses.precision import without_autocast
from topolens.persistence import persistence


@without_autocast
def rtd(
    points: Tensor,
    latent: Tensor,
    scale: float | Tensor | None = None,
    *,
    card: int | None = 50,
    order: float = 1.0,
    symmetric: bool = True,
    straight_through: bool = True,
    normalise: Normalise | None = "max",
    reduction: Reduction = "mean",
) -> Tensor:
    """Sum of the lengths of the bars that appear where one cloud is compared with the other.

    For distances A and B of the same n points: bars of dimension 1 of the Rips filtration of the 2n x 2n distances
    [[0, A], [A, min(A, B)]]. Each is a feature of one topology on its way into the other; there is none if A = B.

    Args:
        points: Data, shape (n, d) or (batch, n, d); a minibatch is one cloud. Flatten images first.
        latent: What the encoder makes of them, shape (n, k) or (batch, n, k).
        scale: Latent distances are divided by it; None: 1.
        card: Only as many of the longest bars of each cloud count; None: all.
        order: Power of the lengths, at least 1.
        symmetric: Whether the mean of RTD(data, latent) and RTD(latent, data) is taken, or the first alone.
        straight_through: Whether a death at an edge of min(A, B) where the data's distance is the smaller one moves
            the latent distance all the same, down towards it; otherwise the latent cloud learns nothing from it.
        normalise: Data distances are divided by the largest in the cloud ("max"), by 2 sqrt(d), the largest within
            [-1, 1]^d ("cube"), or by nothing (None).
        reduction: Of the clouds' values: "mean", "sum" or "none".

    Returns:
        A scalar, or with "none" one value per cloud, shape (batch,), (1,) for one cloud.

    Raises:
        TypeError: If a cloud is no floating-point tensor.
        ValueError: If shapes do not fit, a coordinate is NaN or infinite, or an option is out of its range.

    Gradients: To the distances of the critical edges, in both clouds, and to `scale`; `straight_through` bends those
        of `latent`, and is not the gradient of the value.
    Cost: Rips filtrations of 2n points to dimension 1 on the CPU; with gradients 8 ms for n = 128 and 30 ms for 256 on
        one thread, half of it if not symmetric.
    Source: "Learning Topology-Preserving Data Representations", 2023; made from the definition. The variant with
        max(A, B) is left out.

    Example:
        >>> points, latent = torch.tensor([[0.0], [3.0]]), torch.tensor([[0.0], [1.0]])
        >>> rtd(points, latent, normalise=None)    # (3 - 1 one way, 0 the other way) / 2
        tensor(1.)
    """
    check_reduction(reduction)
    check_normalise("normalise", normalise)
    if card is not None and (not isinstance(card, int) or card < 1):
        raise ValueError(f"card must be a positive integer or None, got {card!r}")
    if not 1 <= order < float("inf"):
        raise ValueError(f"order must be a finite number of at least 1, got {order}")
    x, z = as_pair(points, latent)
    a, b = distances(x), distances(z)
    data = _Measured(x, unit(x, normalise, a))
    inner = _Measured(z, checked_scale(scale, z).expand(len(z), 1))
    a, b = a / data.unit.detach()[..., None], b / inner.unit.detach()[..., None]
    totals = []
    for first, matrix in ((data, a), (inner, b))[: 1 + symmetric]:
        bars = persistence(crossed_rips(matrix, torch.minimum(a, b)), max_dim=1).of_dim(1)
        births = _values(bars.batch, bars.cells[:, 0], first, (data, inner), bent=False)
        deaths = _values(bars.batch, bars.cells[:, 1], first, (data, inner), bent=straight_through)
        # Lengths round otherwise than the engine's distances; a bar is never shorter than 0.
        known = replace(bars, intervals=torch.stack([births, torch.maximum(births, deaths)], 1))
        totals.append(known.longest(len(bars) if card is None else card).pow(order).sum(1))
    return reduced(torch.stack(totals).mean(0), reduction)


class _Measured(NamedTuple):
    cloud: Tensor  # (batch, n, d)
    unit: Tensor  # (batch, 1), what lengths are divided by

    def at(self, item: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """Single distances with their gradients."""
        return lengths(self.cloud, (item, i, j)) / self.unit[item, 0]


def _values(item: Tensor, cells: Tensor, first: _Measured, both: tuple[_Measured, _Measured], bent: bool) -> Tensor:
    """Values of edges of `crossed_rips` with their gradients; lesser data distances go inside if `bent`."""
    n = first.cloud.shape[1]
    i, j = edge_ends(cells - 2 * n)
    outer, inner = (cloud.at(item, i % n, j % n) for cloud in both)
    other = outer.detach() + (inner - inner.detach()) if bent else outer
    least = torch.where(inner < outer, inner, other)
    value = torch.where(j < n, outer if first is both[0] else inner, least)
    return torch.where(i < n, torch.zeros_like(value), value)


class RTDLoss(nn.Module):
    """`rtd` with a scale: `loss = reconstruction + weight * this(points, latent)`.

    Give its parameters to the optimiser too, else the scale does not learn.

    Args:
        scale: The scale, or where it starts.
        learn_scale: Whether it is trained.
        card: As in the function.
        order: As in the function.
        symmetric: As in the function.
        straight_through: As in the function.
        normalise: As in the function.
        reduction: As in the function.

    Raises:
        ValueError: If `scale` is not above 0.
    """

    def __init__(
        self,
        scale: float = 1.0,
        *,
        learn_scale: bool = True,
        card: int | None = 50,
        order: float = 1.0,
        symmetric: bool = True,
        straight_through: bool = True,
        normalise: Normalise | None = "max",
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        self.scale = nn.Parameter(checked_scale(scale, torch.zeros(())), requires_grad=learn_scale)
        self.card, self.order, self.symmetric, self.straight_through = card, order, symmetric, straight_through
        self.normalise, self.reduction = normalise, reduction

    def forward(self, points: Tensor, latent: Tensor) -> Tensor:
        """The loss of one minibatch, or of a batch of clouds."""
        return rtd(
            points,
            latent,
            self.scale,
            card=self.card,
            order=self.order,
            symmetric=self.symmetric,
            straight_through=self.straight_through,
            normalise=self.normalise,
            reduction=self.reduction,
        )

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"learn_scale={self.scale.requires_grad}, card={self.card}, order={self.order:g}, "
            f"symmetric={self.symmetric}, straight_through={self.straight_through}, normalise={self.normalise!r}"
        )
