"""Dice and cross-entropy: the terms of overlap that every loss of shape is added to."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens._checks import check_positive
from topolens.losses.class_maps import Activation, Reduction, check_reduction, class_maps, one_map_per_class, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast


@without_autocast
def dice_loss(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    smooth: float = 1e-5,
    whole_batch: bool = False,
) -> Tensor:
    """One minus the overlap of prediction and target: 1 - (2 sum p y + smooth) / (sum p + sum y + smooth).

    Args:
        logits: What a network gives, shape (batch, channels, h, w) or (batch, channels, d, h, w).
        target: Class numbers, shape (batch, 1, ...) or (batch, ...), or one map per channel in the shape of `logits`.
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None where `logits` are probabilities already.
        include_background: Whether channel 0 of several counts as a class.
        reduction: "mean" or "sum" over items and classes, or "none": shape (batch, classes).
        smooth: Keeps the ratio finite; a class that is neither there nor predicted has loss 0.
        whole_batch: One ratio for each class over all items together, as nnU-Net does for small patches; with "none"
            the shape is (1, classes).

    Returns:
        Between 0 and 1 with "mean".

    Raises:
        TypeError: If `logits` is no floating-point tensor, or `target` no tensor.
        ValueError: If a shape, a class number or a setting is wrong, or logits contain NaN.

    Gradients: to `logits`, also where the target is empty: there they lower what is predicted, by little.
    Cost: A few passes over the maps.
    Source: "V-Net: fully convolutional neural networks for volumetric medical image segmentation", 2016, section 3,
        without its squares; equal to `DiceLoss` of MONAI with the same background and `smooth_nr = smooth_dr = smooth`.

    Example:
        >>> logits = torch.tensor([[[[20.0, 20.0, -20.0, -20.0]]]])
        >>> round(float(dice_loss(logits, torch.tensor([[[1, 0, 1, 0]]]))), 3)
        0.5
    """
    check_reduction(reduction)
    check_positive("smooth", smooth)
    maps = class_maps(logits, target, activation, include_background)
    space = [*range(2, logits.ndim), *([0] if whole_batch else [])]
    overlap = (maps.probability * maps.target).sum(space, keepdim=True)
    size = (maps.probability + maps.target).sum(space, keepdim=True)
    return reduced((1 - (2 * overlap + smooth) / (size + smooth)).flatten(1), reduction)


@without_autocast
def cross_entropy_dice(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    cross_entropy_weight: float = 1.0,
    dice_weight: float = 1.0,
    smooth: float = 1e-5,
    whole_batch: bool = False,
) -> Tensor:
    """Mean cross-entropy of the pixels plus `dice_loss`, each with its weight.

    Args:
        logits: As in `dice_loss`.
        target: As in `dice_loss`.
        activation: As in `dice_loss`. With "sigmoid" the cross-entropy is the binary one of each class; otherwise that
            of all channels, the background among them whatever `include_background` says, the same for each class.
        include_background: As in `dice_loss`, for the Dice term.
        reduction: "mean" or "sum" over items and classes, or "none": shape (batch, classes).
        cross_entropy_weight: Weight of the cross-entropy.
        dice_weight: Weight of the Dice term.
        smooth: As in `dice_loss`.
        whole_batch: As in `dice_loss`, for the Dice term.

    Returns:
        At least 0.

    Raises:
        TypeError: As in `dice_loss`.
        ValueError: As in `dice_loss`.

    Gradients: to `logits`.
    Cost: A few passes over the maps.
    Source: "nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation", 2021, methods.

    Example:
        >>> logits, target = torch.zeros(1, 2, 4, 4), torch.ones(1, 4, 4, dtype=torch.int64)
        >>> round(float(cross_entropy_dice(logits, target, dice_weight=0)), 4)
        0.6931
    """
    check_reduction(reduction)
    overlap = dice_loss(
        logits,
        target,
        activation=activation,
        include_background=include_background,
        reduction="none",
        smooth=smooth,
        whole_batch=whole_batch,
    )
    binary = activation == "sigmoid" or logits.shape[1] == 1
    first = 0 if include_background or logits.shape[1] == 1 else 1
    entropy = _cross_entropy(logits, target, activation, binary).flatten(2).mean(2)[:, first if binary else 0 :]
    return reduced(cross_entropy_weight * entropy + dice_weight * overlap, reduction)


def _cross_entropy(logits: Tensor, target: Tensor, activation: Activation | None, binary: bool) -> Tensor:
    """Of each pixel: a map for each channel of its own (`binary`), or one for all of them."""
    x = logits if logits.dtype == torch.float64 else logits.float()
    truth = one_map_per_class(target, logits).to(x.dtype)
    if activation is None:
        x = x.clamp(torch.finfo(x.dtype).tiny, 1)
        other = (1 - x).clamp_min(torch.finfo(x.dtype).eps)
        return -truth * x.log() - (1 - truth) * other.log() if binary else -(truth * x.log()).sum(1, keepdim=True)
    if binary:
        return nn.functional.binary_cross_entropy_with_logits(x, truth, reduction="none")
    return -(truth * x.log_softmax(1)).sum(1, keepdim=True)


class DiceLoss(MapLoss):
    """`dice_loss` with its settings kept.

    Args:
        activation: As in the function, as are all others.
        include_background: Whether channel 0 of several counts as a class.
        reduction: "mean", "sum" or "none".
        smooth: Keeps the ratio finite.
        whole_batch: One ratio for each class over all items together.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        smooth: float = 1e-5,
        whole_batch: bool = False,
    ) -> None:
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            smooth=check_positive("smooth", smooth),
            whole_batch=whole_batch,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return dice_loss(logits, target, **self.settings)


class CrossEntropyDiceLoss(MapLoss):
    """`cross_entropy_dice` with its settings kept.

    Args:
        activation: As in the function, as are all others.
        include_background: Whether channel 0 of several counts as a class of the Dice term.
        reduction: "mean", "sum" or "none".
        cross_entropy_weight: Weight of the cross-entropy.
        dice_weight: Weight of the Dice term.
        smooth: Keeps the ratio finite.
        whole_batch: One ratio for each class over all items together.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        cross_entropy_weight: float = 1.0,
        dice_weight: float = 1.0,
        smooth: float = 1e-5,
        whole_batch: bool = False,
    ) -> None:
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            cross_entropy_weight=cross_entropy_weight,
            dice_weight=dice_weight,
            smooth=check_positive("smooth", smooth),
            whole_batch=whole_batch,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return cross_entropy_dice(logits, target, **self.settings)
