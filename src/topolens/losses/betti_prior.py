"""Priors on Betti numbers: how many pieces, loops and voids a class should have, without any ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from topolens.losses.class_bars import check_levels, class_bars, leading, sums
from topolens.losses.class_maps import Activation, Reduction, check_reduction, probabilities, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast
from topolens.losses.total_persistence import check_power

Numbers = Sequence[int | None]
Prior = Numbers | Mapping[int | tuple[int, ...], Numbers]


@without_autocast
def betti_prior(
    logits: Tensor,
    betti: Prior,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    construction: str = "V",
    frame: float | None = None,
    power: float = 2.0,
) -> Tensor:
    """How far the bars of each class, or union of classes, are from having the Betti numbers it should have.

    As the level falls from 1 to 0, pieces and holes appear and vanish; persistence D is the difference. Of dimension k
    the longest b_k should last from 1 to 0, the others not at all: the sum of 1 - D^power over the former and of
    D^power over the latter; one that is missing counts 1.

    Args:
        logits: Shape (batch, channels, h, w) or (batch, channels, d, h, w).
        betti: Numbers of pieces, loops and, in volumes, voids of each class: (1, 0) says one piece without a hole. None
            for a number, or leaving the last ones out, says nothing of that dimension. Or a dict from a class number,
            or a tuple of such for their union, to these numbers; a single channel is class 1.
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None for probabilities.
        include_background: Whether channel 0 of several is a class where `betti` is no dict.
        reduction: "mean", "sum" or "none".
        construction: "V" (pieces hang together through sides) or "T" (also through corners), as in `cubical`.
        frame: Level of a border around each map: 1 joins what reaches the border, 0 sets it apart, None: no border.
        power: At least 1: 2 as in the paper on one class; 1 as in that on several, with a gradient that does not fade
            as bars do.

    Returns:
        The reduced loss, or with "none" shape (batch, classes), or (batch, entries of the dict) in their order. 0 for a
        class without pixels.

    Raises:
        ValueError: If a shape, class, number or setting is wrong, or logits contain NaN.
        TypeError: If `logits` is no floating-point tensor.

    Gradients: to the pixels of birth and death of each bar; none where the map is constant. A union is the sum of
        probabilities, or with "sigmoid" and "one_vs_max" the largest of them.
    Cost: that of the bars of each class or union.
    Source: "A topological loss function for deep-learning based image segmentation using persistent homology", 2020;
        unions and power 1 as in "A persistent homology-based topological loss for CNN-based multiclass segmentation of
        CMR", 2022. The piece that never dies takes part as a bar down to 0.

    Example:
        >>> p = torch.tensor([[[[0.9, 0.1, 0.6]]]])                   # bars from 0.9 to 0 and from 0.6 to 0.1
        >>> betti_prior(p, (1,), activation=None, power=1)            # 1 - 0.9, and 0.5 of the false piece
        tensor(0.6000)
    """
    check_reduction(reduction)
    check_power(power)
    probability = probabilities(logits, activation)
    groups, numbers = _subjects(betti, logits.shape[1], include_background, logits.ndim - 2)
    summed = activation in (None, "softmax") or (activation == "auto" and logits.shape[1] > 1)
    maps = torch.stack([_union(probability[:, list(group)], summed) for group in groups], 1)
    wanted = torch.tensor(numbers, device=maps.device).repeat(len(maps), 1)
    dims = [k for k in range(logits.ndim - 2) if any(row[k] >= 0 for row in numbers)]
    d = class_bars(maps.flatten(0, 1), check_levels(logits.ndim - 2, construction, frame, dims))
    matched = leading(d.persistence, d, wanted.clamp(min=0))
    size = d.persistence.pow(power)
    costs = torch.where(matched, 1 - size, size).masked_fill(wanted[d.batch, d.dim] < 0, 0.0)
    missing = wanted.clamp(min=0).sum(1) - torch.bincount(d.batch[matched], minlength=len(wanted))
    values = sums(costs, d) + (missing if maps.numel() else 0.0)
    return reduced(values.view(maps.shape[:2]), reduction)


def _subjects(
    betti: Prior, channels: int, include_background: bool, axes: int
) -> tuple[list[tuple[int, ...]], list[list[int]]]:
    """The channels of each class or union, and the number wanted of each dimension, -1 where nothing is said."""
    shift = 1 if channels == 1 else 0
    if isinstance(betti, Mapping):
        named = [(key,) if isinstance(key, int) else tuple(key) for key in betti]
        rows = list(betti.values())
    else:
        named = [(c,) for c in range(shift or 1 - include_background, channels + shift)]
        rows = [betti] * len(named)
    known = range(shift, channels + shift)
    for name in named:
        if not name or len(set(name)) < len(name) or any(c not in known for c in name):
            raise ValueError(f"betti must name classes from {known[0]} to {known[-1]} or tuples of them, got {name!r}")
    if any(len(row) > axes or any(b is not None and (not isinstance(b, int) or b < 0) for b in row) for row in rows):
        raise ValueError(f"betti must hold up to {axes} numbers of at least 0 or None for each class, got {betti!r}")
    numbers = [[-1 if b is None else b for b in row] + [-1] * (axes - len(row)) for row in rows]
    if not any(b >= 0 for row in numbers for b in row):
        raise ValueError(f"betti must say how many bars there should be of one class and dimension, got {betti!r}")
    return [tuple(c - shift for c in name) for name in named], numbers


def _union(probability: Tensor, summed: bool) -> Tensor:
    """Probability (batch, *S) of one of several classes; a sum stays within 1, whatever rounding does."""
    if probability.shape[1] == 1:
        return probability[:, 0]
    return probability.sum(1).clamp(max=1) if summed else probability.amax(1)


class BettiPriorLoss(MapLoss):
    """`betti_prior` with its settings.

    Args:
        betti: As there, and so are all others.
        activation: "auto", "sigmoid", "softmax", "one_vs_max" or None.
        include_background: Whether channel 0 of several is a class.
        reduction: "mean", "sum" or "none".
        construction: "V" or "T".
        frame: Level of a border around each map.
        power: Of each persistence.

    Example:
        >>> loss = BettiPriorLoss({1: (1, 0), 2: (1, 1), (1, 2): (1, 0)}, power=1)    # a disc within a ring
        >>> loss(torch.zeros(2, 3, 5, 5)).shape
        torch.Size([])
    """

    def __init__(
        self,
        betti: Prior,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        construction: str = "V",
        frame: float | None = None,
        power: float = 2.0,
    ) -> None:
        check_power(power)
        super().__init__(
            betti=betti,
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            construction=construction,
            frame=frame,
            power=power,
        )

    def forward(self, logits: Tensor, target: Tensor | None = None) -> Tensor:
        """The function of the same name; a target, as other losses take one, is not looked at."""
        return betti_prior(logits, **self.settings)
