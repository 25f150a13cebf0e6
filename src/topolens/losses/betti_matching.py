"""Betti matching: features of topology that prediction and target share are drawn together, the others removed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from topolens.losses.class_maps import Activation, Reduction, check_reduction, class_maps, reduced
from topolens.losses.matched_bars import Comparison, Direction, Matching
from topolens.losses.precision import without_autocast

Push = Literal["diagonal", "beyond"]


@without_autocast
def betti_matching(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    filtration: Direction = "superlevel",
    construction: Literal["V", "T"] = "V",
    relative: bool = False,
    valid: bool = True,
    essential: bool = False,
    threshold: float = 0.0,
    matched_weight: float = 1.0,
    unmatched_weight: float = 1.0,
    push_unmatched_to: Push = "diagonal",
) -> Tensor:
    """Squared differences of births and deaths of matched features, and squared lengths of unmatched ones.

    A feature (component, loop, void) of the prediction is matched with one of the target if both live on in one
    feature of their union. Matched ones cost 2 ((b - b')^2 + (d - d')^2), others (b - d)^2, summed over a map.

    Args:
        logits: What a network gives, shape (batch, channels, h, w) or (batch, channels, d, h, w).
        target: Class numbers, shape (batch, 1, *S) or (batch, *S), or one map per channel in [0, 1], shape of
            `logits`.
        activation: "auto" (sigmoid of one channel, softmax of more), "sigmoid", "softmax", "one_vs_max", or None
            where `logits` are probabilities already.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean" or "sum" over items and classes, or "none".
        filtration: "superlevel": thresholds fall from 1 to 0, features are those of the foreground. "sublevel":
            they rise, features are those of the background. "both": the sum of the two.
        construction: "V": bright pixels are connected through sides, in superlevel sets foreground is 4- or
            6-connected. "T": through corners too, 8- or 26-connected; in "sublevel" this holds for dark pixels.
        relative: Whether a frame of foreground, one pixel wide, is laid around all maps, so that arcs that end at
            the border count as loops.
        valid: Whether features must live on in the union at a moment at least to be the same. False: as in the
            published programs, where the order of pixels alone may match two that never exist together.
        essential: Whether the oldest component counts, which never dies: 2 (b - b')^2, so that the maximum of the
            prediction is drawn to that of the target, also where the target is empty.
        threshold: Unmatched features of the prediction cost nothing up to this length.
        matched_weight: Weight of matched features.
        unmatched_weight: Weight of unmatched features.
        push_unmatched_to: What unmatched features of the prediction are told. "diagonal": birth and death come
            closer until the feature is gone. "beyond": birth and death go to the far ends of [0, 1] and cost 2 times
            the squared distances from there, however short the feature is; use a `threshold` then.

    Returns:
        One number; with "none" shape (batch, classes).

    Raises:
        TypeError: If `logits` is no floating-point tensor, or `target` no tensor.
        ValueError: If a shape, a class number or a setting is wrong, or logits contain NaN.

    Gradients: to the pixels of birth and death of each feature of the prediction, through the activation; which
        pixels these are is locally constant, and a choice (by index) where values tie. Unmatched features of the
        target add a constant: nothing in the prediction corresponds to them. A map without a feature but the oldest
        component has no gradient.
    Cost: images some 80 ns per pixel smooth and 130 ns noisy, in parallel over maps; volumes 2 microseconds per voxel.
    Source: "Topologically faithful image segmentation via induced matching of persistence barcodes", 2023; classes as
        in "Topologically faithful multi-class segmentation in medical images", 2024.

    Example:
        >>> p, target = torch.tensor([[[[0.9, 0.3, 0.8]]]]), torch.tensor([[[1, 0, 1]]])
        >>> betti_matching(p, target, activation=None)      # the second blob should rise to 1, the bridge sink to 0
        tensor(0.2600)
    """
    check_reduction(reduction)
    settings = Costs(essential, threshold, matched_weight, unmatched_weight, push_unmatched_to)
    comparison = Comparison(filtration, construction, relative, valid)
    maps = class_maps(logits, target, activation, include_background)
    found = comparison.of(maps)
    batch, classes = maps.target.shape[:2]
    sums = maps.probability.new_zeros(batch * classes)
    sums = sums.index_add(0, found.number % max(1, batch * classes), settings.of(found))
    return reduced(sums.view(batch, classes), reduction)


@dataclass(frozen=True)
class Costs:
    """What each row of a matching costs, arguments as in `betti_matching`."""

    essential: bool = False
    threshold: float = 0.0
    matched_weight: float = 1.0
    unmatched_weight: float = 1.0
    push_unmatched_to: Push = "diagonal"

    def __post_init__(self) -> None:
        if self.push_unmatched_to not in ("diagonal", "beyond"):
            raise ValueError(f"push_unmatched_to must be 'diagonal' or 'beyond', got {self.push_unmatched_to!r}")
        for name in ("threshold", "matched_weight", "unmatched_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number of at least 0, got {getattr(self, name)}")

    def of(self, found: Matching) -> Tensor:
        """One number per row."""
        one, other = found.values(0), found.values(1)
        matched = 2 * (one - other).square().sum(1)
        if not self.essential:
            matched = torch.where(found.is_essential, 0.0, matched)
        lengths = (one - other).diff(dim=1)[:, 0]  # of the one bar of the row
        unmatched = lengths.square()
        if self.push_unmatched_to == "beyond":
            # Births of falling thresholds lie above deaths.
            near = torch.where(found.is_superlevel, 1.0, 0.0).to(one.dtype)
            beyond = 2 * ((one[:, 0] - 1 + near).square() + (one[:, 1] - near).square())
            unmatched = torch.where(found.is_false, beyond, unmatched)
        short = found.is_false & (lengths.detach().abs() <= self.threshold)
        unmatched = torch.where(short, 0.0, unmatched)
        return torch.where(found.is_matched, self.matched_weight * matched, self.unmatched_weight * unmatched)


class BettiMatchingLoss(nn.Module):
    """`betti_matching` as a Module.

    Args:
        activation: What makes probabilities of logits, None if nothing.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean" or "sum" over items and classes, or "none".
        filtration: "superlevel", "sublevel" or "both".
        construction: "V" or "T".
        relative: Whether a frame of foreground is laid around all maps.
        valid: Whether features must live on in the union at a moment at least to be matched.
        essential: Whether the oldest component counts.
        threshold: Length up to which unmatched features of the prediction cost nothing.
        matched_weight: Weight of matched features.
        unmatched_weight: Weight of unmatched features.
        push_unmatched_to: "diagonal" or "beyond".

    Raises:
        ValueError: If a setting is wrong.

    Example:
        >>> loss = BettiMatchingLoss(activation=None)
        >>> loss(torch.tensor([[[[0.9, 0.3, 0.8]]]]), torch.tensor([[[1, 0, 1]]]))
        tensor(0.2600)
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        filtration: Direction = "superlevel",
        construction: Literal["V", "T"] = "V",
        relative: bool = False,
        valid: bool = True,
        essential: bool = False,
        threshold: float = 0.0,
        matched_weight: float = 1.0,
        unmatched_weight: float = 1.0,
        push_unmatched_to: Push = "diagonal",
    ) -> None:
        super().__init__()
        check_reduction(reduction)
        self.activation, self.include_background, self.reduction = activation, include_background, reduction
        self.comparison = Comparison(filtration, construction, relative, valid)
        self.costs = Costs(essential, threshold, matched_weight, unmatched_weight, push_unmatched_to)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return betti_matching(
            logits,
            target,
            activation=self.activation,
            include_background=self.include_background,
            reduction=self.reduction,
            **asdict(self.comparison),
            **asdict(self.costs),
        )

    def extra_repr(self) -> str:
        """The settings."""
        settings = {
            "activation": self.activation,
            "include_background": self.include_background,
            "reduction": self.reduction,
            **asdict(self.comparison),
            **asdict(self.costs),
        }
        return ", ".join(f"{name}={value!r}" for name, value in settings.items())
