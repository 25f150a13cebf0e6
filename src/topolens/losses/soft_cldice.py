"""clDice: the Dice of centre lines, so that a broken vessel costs more than a thin one."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from topolens._checks import check_positive
from topolens.losses.class_maps import Activation, ClassMaps, Reduction, check_reduction, class_maps, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast
from topolens.losses.soft_skeleton import skeleton_and_steps, soft_skeleton
from topolens.losses.thinning import thinned
from topolens.losses.topological_skeleton import topological_skeleton

Skeleton = Literal["soft", "topological"]
Per = Literal["class", "item", "batch"]


@without_autocast
def soft_cldice(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    skeleton: Skeleton = "soft",
    iterations: int | None = None,
    smooth: float = 1.0,
    mean_smooth: float = 0.0,
    per: Per = "class",
    noise: float = 0.33,
    generator: torch.Generator | None = None,
) -> Tensor:
    """One minus clDice: the harmonic mean of how much of each skeleton lies in the other mask.

    With skeletons S: precision (sum S(p) y + smooth) / (sum S(p) + smooth), recall (sum S(y) p + smooth) / (sum S(y) +
    smooth), loss 1 - 2 precision recall / (precision + recall + `mean_smooth`).

    Args:
        logits: As in `dice_loss`.
        target: As in `dice_loss`.
        activation: As in `dice_loss`.
        include_background: As in `dice_loss`.
        reduction: As in `dice_loss`.
        skeleton: "soft" (`soft_skeleton`) or "topological" (`topological_skeleton`), slower and of the right topology.
        iterations: Of the skeleton. None: for "soft" the largest radius, in steps along the axes, of the target of that
            item and class (0 where it is empty), for "topological" as many as it takes.
        smooth: Keeps the ratios finite.
        mean_smooth: Added to the denominator of the harmonic mean.
        per: Over what sums run before ratios are taken: each "class" of each item, each "item" with its classes
            together, or the whole "batch".
        noise: Of the topological skeleton of the prediction; the target has none.
        generator: Source of that noise.

    Returns:
        Between 0 and 1 with "mean". With "none" shape (batch, classes), (batch, 1) with `per="item"`, (1, 1) with
        "batch".

    Raises:
        TypeError: As in `dice_loss`.
        ValueError: As in `dice_loss`; or if a setting of the skeleton is wrong.

    Gradients: through the prediction and its skeleton; the target's skeleton is constant. 0 where prediction and target
        are constant maps.
    Cost: One pass of minima and maxima for each iteration, forward and twice backward; two maps are kept for each.
    Source: "clDice - a novel topology-preserving loss function for tubular structure segmentation", 2021; usually
        (1 - a) `dice_loss` + a `soft_cldice` with a up to 1/2. Equal to `SoftclDiceLoss` of MONAI >= 1.6 with
        `per="item"`, `mean_smooth=1e-4` and `iterations=3`, there the defaults.

    Example:
        >>> target = torch.zeros(1, 1, 5, 8)
        >>> target[..., 1:4, :] = 1
        >>> broken = target.clone()
        >>> broken[..., 4] = 0
        >>> round(float(soft_cldice(broken * 40 - 20, target)), 3)
        0.059
    """
    check_reduction(reduction)
    check_positive("smooth", smooth)
    _check_choices(skeleton, per)
    maps = class_maps(logits, target, activation, include_background)
    if skeleton == "soft":
        of_prediction, of_target = _soft_skeletons(maps, iterations)
    else:
        of_prediction = topological_skeleton(maps.probability, iterations, noise, generator=generator)
        of_target = thinned(maps.target > 0.5, iterations).to(maps.target.dtype)
    over = {"class": range(2, logits.ndim), "item": range(1, logits.ndim), "batch": range(logits.ndim)}[per]

    def share(part: Tensor, whole: Tensor) -> Tensor:
        return (part.sum([*over], keepdim=True) + smooth) / (whole.sum([*over], keepdim=True) + smooth)

    precision = share(of_prediction * maps.target, of_prediction)
    recall = share(of_target * maps.probability, of_target)
    return reduced((1 - 2 * precision * recall / (precision + recall + mean_smooth)).flatten(1), reduction)


def _soft_skeletons(maps: ClassMaps, iterations: int | None) -> tuple[Tensor, Tensor]:
    """Of prediction and target, with as many iterations as the target needs."""
    of_target, steps = skeleton_and_steps(maps.target, iterations)
    return soft_skeleton(maps.probability, steps if iterations is None else iterations), of_target


def _check_choices(skeleton: str, per: str) -> None:
    if skeleton not in ("soft", "topological"):
        raise ValueError(f"skeleton must be 'soft' or 'topological', got {skeleton!r}")
    if per not in ("class", "item", "batch"):
        raise ValueError(f"per must be 'class', 'item' or 'batch', got {per!r}")


class SoftClDiceLoss(MapLoss):
    """`soft_cldice` with its settings kept; the noise of the topological skeleton is off in evaluation mode.

    Args:
        activation: As in the function, as are all others.
        include_background: Whether channel 0 of several counts as a class.
        reduction: "mean", "sum" or "none".
        skeleton: "soft" or "topological".
        iterations: Of the skeleton.
        smooth: Keeps the ratios finite.
        mean_smooth: Added to the denominator of the harmonic mean.
        per: "class", "item" or "batch".
        noise: Of the topological skeleton.
        generator: Source of that noise.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        skeleton: Skeleton = "soft",
        iterations: int | None = None,
        smooth: float = 1.0,
        mean_smooth: float = 0.0,
        per: Per = "class",
        noise: float = 0.33,
        generator: torch.Generator | None = None,
    ) -> None:
        _check_choices(skeleton, per)
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            skeleton=skeleton,
            iterations=iterations,
            smooth=check_positive("smooth", smooth),
            mean_smooth=mean_smooth,
            per=per,
            noise=noise,
            generator=generator,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return soft_cldice(logits, target, **{**self.settings, "noise": self.noise if self.training else 0.0})
