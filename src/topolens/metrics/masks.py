"""Masks in any of the usual shapes as one batch of boolean images or volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from topolens.metrics.components import check_connectivity


class Masks(NamedTuple):
    """Boolean masks one after the other, and how they were grouped."""

    items: Tensor  # (items, ...sides)
    lead: tuple[int, ...]  # (batch,) or (batch, classes)

    def grouped(self, values: Tensor) -> Tensor:
        """Values of the items, shape (items, ...), as those of batch and classes, on the device of the masks."""
        return values.to(self.items.device).reshape(*self.lead, *values.shape[1:])


def masks_of(name: str, mask: Tensor, axes: int, classes: Sequence[int] | None = None) -> Masks:
    """Masks of shape (batch, ...sides) or (batch, classes, ...sides) of `axes` sides, or of a map of classes."""
    if not isinstance(mask, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(mask).__name__}; use torch.as_tensor({name})")
    if mask.ndim not in (axes + 1, axes + 2):
        sides = ", ".join("dhw"[-axes:])
        raise ValueError(
            f"{name} must have shape (batch, {sides}) or (batch, classes, {sides}), got {tuple(mask.shape)}"
        )
    mask = mask.detach()
    if classes is not None:
        mask = _one_channel_per_class(name, mask, axes, classes)
    elif not _is_binary(mask):
        raise ValueError(
            f"{name} must hold nothing but 0 and 1; set a threshold, or name the classes of a map of class numbers"
        )
    return Masks(mask.bool().flatten(0, mask.ndim - axes - 1), tuple(mask.shape[: mask.ndim - axes]))


def pair_of(
    prediction: Tensor, target: Tensor, axes: int | None, classes: Sequence[int] | None = None
) -> tuple[Masks, Masks]:
    """Masks of a prediction and of a target of one shape; axes of None: 3 for tensors of five axes, 2 for fewer."""
    if axes is None:
        axes = 3 if isinstance(prediction, Tensor) and prediction.ndim == 5 else 2
    if axes not in (2, 3):
        raise ValueError(f"axes must be 2 (images) or 3 (volumes), got {axes!r}")
    one, other = masks_of("prediction", prediction, axes, classes), masks_of("target", target, axes, classes)
    if (one.lead, one.items.shape) != (other.lead, other.items.shape):
        raise ValueError(
            f"prediction and target must have the same shape, got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if one.items.device != other.items.device:
        raise ValueError(
            f"prediction and target must be on one device, got {prediction.device} and {target.device}; move one over"
        )
    return one, other


def connected_pair(
    prediction: Tensor, target: Tensor, connectivity: int, classes: Sequence[int] | None = None
) -> tuple[Masks, Masks]:
    """`pair_of` with the number of sides that a connectivity is for."""
    return pair_of(prediction, target, check_connectivity(connectivity), classes)


def pixels_in(masks: Tensor) -> Tensor:
    """Sizes of boolean masks (items, ...sides), shape (items,); short sums first, which torch does faster."""
    return masks.sum(-1, dtype=torch.int32).flatten(1).sum(1)


def _is_binary(mask: Tensor) -> bool:
    if mask.dtype == torch.bool or not mask.numel():
        return True
    least, most = mask.aminmax()
    if not (least >= 0 and most <= 1):
        return False
    return not mask.is_floating_point() or bool(((mask == 0) | (mask == 1)).all())


def _one_channel_per_class(name: str, mask: Tensor, axes: int, classes: Sequence[int]) -> Tensor:
    numbers = list(classes)
    if mask.ndim == axes + 2:
        if mask.shape[1] != 1:
            raise ValueError(
                f"{name} must have one channel of class numbers where classes are named, got {mask.shape[1]}; leave "
                "classes out for one mask per channel"
            )
        mask = mask[:, 0]
    if mask.is_floating_point() and not bool((mask == mask.round()).all()):
        raise ValueError(f"{name} must hold whole class numbers where classes are named; use .argmax(1) of scores")
    return (
        torch.stack([mask == number for number in numbers], 1)
        if numbers
        else mask.new_zeros(len(mask), 0, *mask.shape[1:])
    )
