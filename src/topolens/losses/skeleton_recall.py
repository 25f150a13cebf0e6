"""Skeleton Recall: how much of a thin tube around the target's centre line is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from topolens._checks import check_positive
from topolens._optional import skimage
from topolens.losses.class_maps import Activation, Reduction, check_reduction, class_maps, reduced
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast

Labels = TypeVar("Labels", np.ndarray, Tensor)


def skeleton_tube(target: Labels, dilations: int = 2, axes: int | None = None) -> Labels:
    """The target cut down to a tube around the skeleton of its foreground: class numbers there, 0 elsewhere.

    The skeleton is that of all classes together, so that a junction between two of them is kept.

    Args:
        target: Class numbers or masks, shape (h, w) or (d, h, w), with more axes in front if `axes` is given; what
            stands in front is taken one by one, so that masks that overlap have a skeleton each.
        dilations: By how many pixels along the axes the skeleton is widened.
        axes: 2 or 3 axes of space; None: all axes.

    Returns:
        The shape and type of `target`, which stays as it is.

    Raises:
        TypeError: If `target` is neither an array nor a tensor.
        ValueError: If its shape or a setting is wrong.
        ImportError: scikit-image is not installed.

    Cost: About 10 ms for 512 x 512 pixels, on the CPU: meant for the workers of a loader.
    Source: "Skeleton recall loss for connectivity conserving and resource efficient segmentation of thin tubular
        structures", 2024, section 3.

    Example:
        >>> bar = torch.zeros(7, 9, dtype=torch.int64)
        >>> bar[1:6] = 2
        >>> skeleton_tube(bar, dilations=1)[:, 4].tolist()
        [0, 0, 2, 2, 2, 0, 0]
    """
    if not isinstance(target, np.ndarray | Tensor):
        raise TypeError(f"target must be an array or a tensor, got {type(target).__name__}")
    axes = target.ndim if axes is None else axes
    if axes not in (2, 3) or target.ndim < axes:
        raise ValueError(
            f"target must have 2 or 3 axes of space, got axes={axes} and shape {tuple(target.shape)}; with a channel "
            "or batch in front, say axes=2 or axes=3"
        )
    if not isinstance(dilations, int) or dilations < 0:
        raise ValueError(f"dilations must be an integer of at least 0, got {dilations!r}")
    labels = target if isinstance(target, np.ndarray) else target.detach().cpu().numpy()
    items = labels.reshape(-1, *labels.shape[labels.ndim - axes :]) if labels.size else labels[:0]
    tube = np.zeros(items.shape, dtype=bool)
    for item, out in zip(items, tube, strict=True):
        out[...] = _dilated_skeleton(item > 0, dilations)
    cut = np.where(tube.reshape(labels.shape), labels, np.zeros((), labels.dtype)) if labels.size else labels.copy()
    return cut if isinstance(target, np.ndarray) else torch.from_numpy(cut).to(target.device)


def _dilated_skeleton(mask: np.ndarray, dilations: int) -> np.ndarray:
    """The skeleton of a mask, widened; masks one pixel wide are thinned in the plane or line they lie in."""
    if not mask.any():
        return mask
    if mask.ndim == 3 and 1 in mask.shape:
        flat = int(np.argmin(mask.shape))
        return np.expand_dims(_dilated_skeleton(mask.take(0, flat), dilations), flat)
    lines = mask if 1 in mask.shape else skimage("morphology").skeletonize(mask)
    return ndimage.binary_dilation(lines, iterations=dilations) if dilations else lines.astype(bool)


@dataclass(frozen=True)
class SkeletonTube:
    """`skeleton_tube` as a transform for a loader; it can be sent to its workers.

    Args:
        dilations: By how many pixels the skeleton is widened.
        axes: 2 or 3 axes of space, where others stand in front; None: all axes.
    """

    dilations: int = 2
    axes: int | None = None

    def __call__(self, target: Labels) -> Labels:
        """The function of the same name."""
        return skeleton_tube(target, self.dilations, self.axes)


@without_autocast
def skeleton_recall(
    logits: Tensor,
    tube: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    smooth: float = 1e-5,
    from_target: bool = False,
    dilations: int = 2,
) -> Tensor:
    """One minus the share of the target's tube that is predicted: 1 - (sum p t + smooth) / (sum t + smooth).

    Args:
        logits: As in `dice_loss`.
        tube: What `skeleton_tube` gives for the target, in the shapes that `dice_loss` takes; or the target itself if
            `from_target` is set.
        activation: As in `dice_loss`.
        include_background: As in `dice_loss`; only for one map per channel, since class 0 has no tube.
        reduction: As in `dice_loss`.
        smooth: Keeps the ratio finite; a class without a tube has loss 0.
        from_target: Make the tubes here, on the CPU; for trials, or where the loader is out of reach. Class numbers
            have the skeleton of all classes together, maps one each.
        dilations: Of these tubes.

    Returns:
        Between 0 and 1 with "mean".

    Raises:
        TypeError: As in `dice_loss`.
        ValueError: As in `dice_loss`; or with `include_background` and class numbers.
        ImportError: `from_target` is set and scikit-image is not installed.

    Gradients: to `logits` within the tube; 0 for a class without one. What is predicted too much costs nothing: add
        `cross_entropy_dice`.
    Cost: One pass over the maps, less than Dice.
    Source: "Skeleton recall loss for connectivity conserving and resource efficient segmentation of thin tubular
        structures", 2024, equation 2, plus 1; usually added to cross-entropy and Dice with weight 1.

    Example:
        >>> tube = torch.zeros(1, 4, 6, dtype=torch.int64)
        >>> tube[:, 1:3] = 1
        >>> round(float(skeleton_recall(torch.full((1, 1, 4, 6), -1.0), tube)), 4)
        0.7311
    """
    check_reduction(reduction)
    check_positive("smooth", smooth)
    if isinstance(tube, Tensor) and isinstance(logits, Tensor):
        per_channel = tube.shape == logits.shape
        if include_background and not per_channel and logits.ndim > 1 and logits.shape[1] > 1:
            raise ValueError("include_background needs one map per channel: class 0 of class numbers has no skeleton")
        if from_target and logits.ndim in (4, 5):
            tube = skeleton_tube(tube, dilations, logits.ndim - 2)
    maps = class_maps(logits, tube, activation, include_background)
    space = [*range(2, logits.ndim)]
    recalled, size = (maps.probability * maps.target).sum(space), maps.target.sum(space)
    return reduced(1 - (recalled + smooth) / (size + smooth), reduction)


class SkeletonRecallLoss(MapLoss):
    """`skeleton_recall` with its settings kept.

    Args:
        activation: As in the function, as are all others.
        include_background: Whether channel 0 of one map per channel counts as a class.
        reduction: "mean", "sum" or "none".
        smooth: Keeps the ratio finite.
        from_target: Make the tubes from whole targets, on the CPU.
        dilations: Of these tubes.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        smooth: float = 1e-5,
        from_target: bool = False,
        dilations: int = 2,
    ) -> None:
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            smooth=check_positive("smooth", smooth),
            from_target=from_target,
            dilations=dilations,
        )

    def forward(self, logits: Tensor, tube: Tensor) -> Tensor:
        """The function of the same name."""
        return skeleton_recall(logits, tube, **self.settings)
