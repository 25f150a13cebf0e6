"""Homotopy warping: the pixels at which one mask cannot be deformed into the other, and a loss on these alone."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from topolens.engines import masks as kernel
from topolens.losses.class_maps import Activation, Reduction, check_reduction, one_map_per_class, reduced
from topolens.losses.decided import check_masks, cross_entropy_maps, decided
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast
from topolens.metrics.simple_points import foreground_is_wide

Aggregate = Literal["mean", "sum"]


@without_autocast
def warping(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    connectivity: int | None = None,
    aggregate: Aggregate = "mean",
) -> Tensor:
    """Cross-entropy at the critical pixels of each class.

    Args:
        logits: Shape (batch, channels, h, w) or (batch, channels, d, h, w).
        target: Class numbers or one map per channel, see `class_maps`; soft maps count from above 1/2.
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None for probabilities.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean" or "sum" over items and classes, or "none": shape (batch, classes).
        connectivity: Of the foreground, 8 (default) or 4 in images, 26 (default) or 6 in volumes.
        aggregate: "mean" over the critical pixels of an item and class, which does not fade where few are left, or
            their "sum", which counts errors; without critical pixels both are 0.

    Returns:
        One number, or shape (batch, classes).

    Raises:
        TypeError: If `logits` or `target` is of a wrong type.
        ValueError: If a shape or a setting is wrong.

    Gradients: to critical pixels only, upwards where the class was missed, downwards where it is wrong. Which pixels
        these are is locally constant, and a choice where several would do.
    Cost: that of `critical_pixels`.
    Source: "Structure-aware image segmentation with homotopy warping", 2022; see `critical_pixels`.

    Example:
        >>> ring = torch.tensor([[[[1.0, 1, 1], [1, 0, 1], [1, 1, 1]]]])
        >>> broken = ring.clone()
        >>> broken[..., 1, 2] = 0.25
        >>> warping(broken, ring, activation=None)                  # -log(0.25)
        tensor(1.3863)
    """
    check_reduction(reduction)
    _check_aggregate(aggregate)
    entropy = cross_entropy_maps(logits, target, activation, include_background)
    truth = one_map_per_class(target, logits)[:, -entropy.shape[1] :] > 0.5
    critical = critical_pixels(decided(logits, activation, include_background), truth, connectivity)
    sums = torch.where(critical, entropy, torch.zeros_like(entropy)).flatten(2).sum(2)
    return reduced(sums / critical.flatten(2).sum(2).clamp(min=1) if aggregate == "mean" else sums, reduction)


def critical_pixels(prediction: Tensor, target: Tensor, connectivity: int | None = None) -> Tensor:
    """Where masks differ and one of them cannot be deformed further towards the other.

    Each mask is warped towards the other: wrong pixels are flipped if they are simple, those to be added before those
    to be taken away, nearest to the boundary first, until none can be flipped. What is left of the two is critical.

    Args:
        prediction: Masks, shape (batch, channels, h, w) or (batch, channels, d, h, w); what is not 0 is foreground.
        target: Of the same shape.
        connectivity: Of the foreground, 8 (default) or 4 in images, 26 (default) or 6 in volumes.

    Returns:
        Boolean, in the shape of the masks, on the device of `prediction`. Empty if both are deformation retracts of
        their union (in volumes: by simple points); if it is empty, their Betti numbers agree.

    Raises:
        TypeError: If one of them is no tensor.
        ValueError: If the shapes differ or are not those of images or volumes.

    Cost: linear up to a logarithm in the number of wrong pixels, on the CPU, one thread per item.
    Source: "Structure-aware image segmentation with homotopy warping", 2022. There pixels are taken away first, and one
        pass is made; a mask that lies beside its target then has critical pixels though nothing is wrong with it.

    Example:
        >>> critical_pixels(torch.tensor([[[[1, 0, 1]]]]), torch.tensor([[[[1, 1, 1]]]]))
        tensor([[[[False,  True, False]]]])
    """
    masks = check_masks(prediction, target)
    if prediction.ndim not in (4, 5):
        raise ValueError(
            f"masks must have shape (batch, channels, h, w) or (batch, channels, d, h, w), got {tuple(target.shape)}"
        )
    wide = foreground_is_wide(connectivity, prediction.ndim - 2)
    p, y = (mask.flatten(0, 1).cpu() for mask in masks)
    left = (kernel.homotopy_warp(y, p, wide) != p) | (kernel.homotopy_warp(p, y, wide) != y)
    return left.reshape(prediction.shape).to(prediction.device)


def _check_aggregate(aggregate: str) -> None:
    if aggregate not in ("mean", "sum"):
        raise ValueError(f"aggregate must be 'mean' or 'sum', got {aggregate!r}")


class WarpingLoss(MapLoss):
    """`warping` with its settings.

    Args:
        activation: See there.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean", "sum" or "none".
        connectivity: Of the foreground, 8 (default) or 4 in images, 26 (default) or 6 in volumes.
        aggregate: "mean" or "sum" over critical pixels.

    Raises:
        ValueError: If a setting is wrong.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        connectivity: int | None = None,
        aggregate: Aggregate = "mean",
    ) -> None:
        _check_aggregate(aggregate)
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            connectivity=connectivity,
            aggregate=aggregate,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return warping(logits, target, **self.settings)
