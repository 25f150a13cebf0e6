"""Total persistence: how much stands out of a map of probability, the first bars or all but them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.losses.class_bars import check_levels, class_bars, leading, sums
from topolens.losses.class_maps import Activation, Reduction, check_reduction, probabilities, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast


@without_autocast
def total_persistence(
    logits: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    construction: str = "V",
    frame: float | None = None,
    dims: Sequence[int] | None = None,
    power: float = 1.0,
    ranks: tuple[int, int | None] = (0, None),
) -> Tensor:
    """Sum of persistence^power over bars of each class's probability, from rank to rank of each dimension.

    As the level falls from 1 to 0, pieces and holes appear at their birth and vanish at their death; persistence is the
    difference. Less of it below the first bars is a quieter map; its negative for the first bars makes them stand out.

    Args:
        logits: Shape (batch, channels, h, w) or (batch, channels, d, h, w).
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None for probabilities.
        include_background: Whether channel 0 of several counts.
        reduction: "mean", "sum" or "none".
        construction: "V" (pieces hang together through sides) or "T" (also through corners), as in `cubical`.
        frame: Level of a border around each map: 1 joins what reaches the border, 0 sets it apart, None: no border.
        dims: Dimensions that count: 0 pieces, 1 loops, in volumes 2 voids; None: all.
        power: Of each persistence, at least 1.
        ranks: From which to which bar of each dimension, in falling order, as a slice counts: (0, None) all, (0, k) the
            first k, (k, None) all but these. The piece that never dies is a bar down to 0.

    Returns:
        The reduced sum, or with "none" shape (batch, classes). 0 for a class without pixels.

    Raises:
        ValueError: If a shape or setting is wrong, or logits contain NaN.
        TypeError: If `logits` is no floating-point tensor.

    Gradients: to the pixels of birth and death of each bar; none where the map is constant.
    Cost: that of the bars.
    Source: "A topology layer for machine learning", 2020, sections 3 and 4.

    Example:
        >>> p = torch.tensor([[[[0.9, 0.1, 0.6]]]])                  # bars from 0.9 to 0 and from 0.6 to 0.1
        >>> total_persistence(p, activation=None, dims=[0], ranks=(1, None))
        tensor(0.5000)
    """
    check_reduction(reduction)
    check_power(power)
    first, last = _checked_ranks(ranks)
    probability = probabilities(logits, activation)
    maps = probability if include_background or logits.shape[1] == 1 else probability[:, 1:]
    d = class_bars(maps.flatten(0, 1), check_levels(logits.ndim - 2, construction, frame, dims))
    counted = ~_first(d, first) if last is None else _first(d, last) & ~_first(d, first)
    return reduced(sums(d.persistence.pow(power).masked_fill(~counted, 0.0), d).view(maps.shape[:2]), reduction)


def _first(d: Diagrams, k: int) -> Tensor:
    """Whether each bar is among the longest k of its item and dimension."""
    return leading(d.persistence, d, torch.full((d.batch_size, 3), k, device=d.batch.device))


def check_power(power: float) -> float:
    """The power itself, if its slope at 0 is finite."""
    if not 1 <= power < float("inf"):
        raise ValueError(f"power must be a finite number of at least 1, got {power}")
    return power


def _checked_ranks(ranks: tuple[int, int | None]) -> tuple[int, int | None]:
    """First rank and the one after the last."""
    first, last = ranks
    if not isinstance(first, int) or first < 0 or (last is not None and (not isinstance(last, int) or last < first)):
        raise ValueError(f"ranks must be two numbers 0 <= first <= last, or last None, got {ranks!r}")
    return first, last


class TotalPersistenceLoss(MapLoss):
    """`total_persistence` with its settings.

    Args:
        activation: As there, and so are all others.
        include_background: Whether channel 0 of several counts.
        reduction: "mean", "sum" or "none".
        construction: "V" or "T".
        frame: Level of a border around each map.
        dims: Dimensions that count.
        power: Of each persistence.
        ranks: From which to which bar of each dimension.

    Example:
        >>> TotalPersistenceLoss(dims=[1], ranks=(1, None))(torch.zeros(1, 1, 5, 5))
        tensor(0.)
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        construction: str = "V",
        frame: float | None = None,
        dims: Sequence[int] | None = None,
        power: float = 1.0,
        ranks: tuple[int, int | None] = (0, None),
    ) -> None:
        check_power(power)
        _checked_ranks(ranks)
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            construction=construction,
            frame=frame,
            dims=dims,
            power=power,
            ranks=ranks,
        )

    def forward(self, logits: Tensor, target: Tensor | None = None) -> Tensor:
        """The function of the same name; a target, as other losses take one, is not looked at."""
        return total_persistence(logits, **self.settings)
