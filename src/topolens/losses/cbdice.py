"""cbDice: clDice in which each pixel of a centre line counts by the width of the vessel there."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from topolens._checks import check_positive
from topolens.losses.class_maps import Activation, ClassMaps, Reduction, check_reduction, class_maps, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast
from topolens.losses.soft_cldice import Skeleton
from topolens.losses.soft_skeleton import soft_skeleton
from topolens.losses.thinning import thinned

Weighting = Literal["inverse", "linear"]


class Widths(NamedTuple):
    """Of each pixel of a mask, 0 elsewhere."""

    distance: Tensor  # to the background, at most the largest radius, and relative to it
    radius: Tensor  # on the skeleton: the distance
    thinness: Tensor  # on the skeleton: large where the radius is small


@without_autocast
def cbdice(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    weighting: Weighting = "inverse",
    skeleton: Skeleton = "soft",
    iterations: int | None = None,
    smooth: float = 1.0,
) -> Tensor:
    """One minus centreline boundary Dice: clDice with distances to the boundary as weights.

    In mask and target, D is the distance to the background relative to the largest radius R on the skeleton, N the
    same on the skeleton, I a weight there that falls with N. Precision is sum I_p D_y over the sum of I_p N, recall
    sum I_y D_p over that of I_y N, with N of the other skeleton where there is one, else of its own; the loss is 1
    minus their harmonic mean.

    Args:
        logits: As in `dice_loss`. The mask is where the probability is above 1/2.
        target: As in `dice_loss`.
        activation: As in `dice_loss`; with "one_vs_max" the mask is where the class is the likeliest.
        include_background: As in `dice_loss`.
        reduction: As in `dice_loss`.
        weighting: I is "inverse": 1 / N, as in the paper, or "linear": 1 + 1 / R - N, as in later code; in volumes
            1 / N^2 or the square.
        skeleton: "soft" or "topological", of mask and target.
        iterations: Of the skeletons; None: as many as it takes.
        smooth: Added to both sums of a ratio.

    Returns:
        With "none" shape (batch, classes). At most 1; a little below 0 where thick parts agree better than thin ones.

    Raises:
        TypeError: As in `dice_loss`.
        ValueError: As in `dice_loss`; or if a setting of the skeleton or the weighting is wrong.

    Gradients: to the probabilities of pixels in the mask, which all weights are multiplied with; masks, skeletons and
        distances are constant. So there are none where nothing is above 1/2: train with `cross_entropy_dice` beside it.
    Cost: Distances on the CPU, about 10 ms for 512 x 512 pixels and map, and two skeletons without gradients.
    Source: "Centerline boundary Dice loss for vascular segmentation", 2024. Its code takes all classes but the
        background as one and all items as one sum; ours is per item and class.

    Example:
        >>> target = torch.zeros(1, 1, 7, 9)
        >>> target[..., 2:5, :] = 1
        >>> far = torch.zeros(1, 1, 7, 9)
        >>> far[..., 6, :] = 1
        >>> bool(cbdice(target * 40 - 20, target) < cbdice(far * 40 - 20, target))
        True
    """
    check_reduction(reduction)
    check_positive("smooth", smooth)
    if weighting not in ("inverse", "linear"):
        raise ValueError(f"weighting must be 'inverse' or 'linear', got {weighting!r}")
    if skeleton not in ("soft", "topological"):
        raise ValueError(f"skeleton must be 'soft' or 'topological', got {skeleton!r}")
    maps = class_maps(logits, target, activation, include_background)
    of_prediction, of_target = _both(maps, weighting, skeleton, iterations)
    precision = _share(of_prediction, of_target, smooth)
    recall = _share(of_target, of_prediction, smooth)
    return reduced(1 - 2 * precision * recall / (precision + recall), reduction)


def _both(maps: ClassMaps, weighting: str, skeleton: str, iterations: int | None) -> tuple[Widths, Widths]:
    """The widths of the predicted mask, times the probability, and of the target."""
    likely = _widths(maps.probability.detach() > 0.5, maps.target.dtype, weighting, skeleton, iterations)
    true = _widths(maps.target > 0.5, maps.target.dtype, weighting, skeleton, iterations)
    return Widths(*(map_ * maps.probability for map_ in likely)), true


def _share(own: Widths, other: Widths, smooth: float) -> Tensor:
    """How much of the own skeleton lies deep within the other mask."""
    space = [*range(2, own.radius.ndim)]
    most = torch.where(other.radius != 0, other.radius, own.radius) * own.thinness
    return ((own.thinness * other.distance).sum(space) + smooth) / (most.sum(space) + smooth)


def _widths(mask: Tensor, dtype: torch.dtype, weighting: str, skeleton: str, iterations: int | None) -> Widths:
    """Distances and radii of masks of shape (batch, classes, ...)."""
    space = [*range(2, mask.ndim)]
    distance = _distances(mask, dtype)
    lines = soft_skeleton(mask.to(dtype), iterations) if skeleton == "soft" else thinned(mask, iterations).to(dtype)
    largest = (distance * lines).amax(space, keepdim=True).clamp_min(1) if mask.numel() else distance
    distance = torch.minimum(distance, largest) / largest
    radius = distance * lines
    power = mask.ndim - 3
    thin = (1 + 1e-7) / (radius**power + 1e-7) if weighting == "inverse" else (1 + 1 / largest - radius) ** power
    return Widths(distance, radius, thin * lines)


def _distances(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """From each pixel of the foreground to the background; 1 all over where there is none."""
    out = torch.zeros(mask.shape, dtype=torch.float64)
    for item, distance in zip(mask.flatten(0, 1).cpu().numpy(), out.flatten(0, 1).numpy(), strict=True):
        distance[...] = np.ones(item.shape) if item.all() else ndimage.distance_transform_edt(item)
    return out.to(dtype).to(mask.device)


class CbDiceLoss(MapLoss):
    """`cbdice` with its settings kept.

    Args:
        activation: As in the function, as are all others.
        include_background: Whether channel 0 of several counts as a class.
        reduction: "mean", "sum" or "none".
        weighting: "inverse" or "linear".
        skeleton: "soft" or "topological".
        iterations: Of the skeletons.
        smooth: Added to both sums of a ratio.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        weighting: Weighting = "inverse",
        skeleton: Skeleton = "soft",
        iterations: int | None = None,
        smooth: float = 1.0,
    ) -> None:
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            weighting=weighting,
            skeleton=skeleton,
            iterations=iterations,
            smooth=check_positive("smooth", smooth),
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return cbdice(logits, target, **self.settings)
