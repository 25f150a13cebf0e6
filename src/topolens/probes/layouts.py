"""Which axis of an activation is the batch, which the features, and what is left: positions or tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

FEATURES_LAST = (nn.Linear, nn.LayerNorm, nn.Embedding, nn.MultiheadAttention, nn.RNNBase, nn.Bilinear)
FEATURES_FIRST = ("Conv", "BatchNorm", "InstanceNorm", "GroupNorm", "MaxPool", "AvgPool")


class Laid(NamedTuple):
    """An activation with its axes in order: samples, positions (none, or several axes), features."""

    x: Tensor
    are_tokens: bool  # one axis of positions behind which features stand, as in a sequence


def first_tensor(output: Any) -> Tensor | None:
    """The first tensor of floating-point numbers in an output that may be a tuple, a mapping or a dataclass."""
    if isinstance(output, Tensor):
        return output if output.is_floating_point() and output.ndim else None
    parts: Any = ()
    if isinstance(output, Mapping):
        parts = output.values()
    elif isinstance(output, (tuple, list)):
        parts = output
    elif is_dataclass(output) and not isinstance(output, type):
        parts = [getattr(output, part.name) for part in fields(output)]
    return next((found for part in parts if (found := first_tensor(part)) is not None), None)


def answer_of(output: Any) -> Tensor | None:
    """What a network answers: what is named "logits" where outputs have names, else the first tensor."""
    named = output if isinstance(output, Mapping) else getattr(output, "__dict__", {})
    found = first_tensor(named.get("logits"))
    return first_tensor(output) if found is None else found


def laid_out(module: nn.Module, x: Tensor, samples: int, before: tuple[tuple[int, ...], bool] | None) -> Laid | None:
    """The activation with samples first and features last; None if no axis is the batch's.

    Args:
        module: What gave the activation.
        x: The activation.
        samples: Of the batch.
        before: Shape of the last activation whose layout was certain, and whether its features were last: a ReLU after
            a convolution keeps the layout.
    """
    if x.shape[0] != samples or (x.ndim == 3 and _is_sequence_first(module) and x.shape[1] == samples):
        if x.ndim < 2 or x.shape[1] != samples:
            return None
        x = x.transpose(0, 1)
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim == 2:
        return Laid(x, are_tokens=False)
    last = features_last(module)
    if last is None:
        last = before[1] if before is not None and before[0] == tuple(x.shape) else x.ndim == 3
    return Laid(x if last else x.movedim(1, -1), are_tokens=last and x.ndim == 3)


def features_last(module: nn.Module) -> bool | None:
    """Whether features are the last axis of what a module gives; None where its kind does not say."""
    kind = type(module).__name__
    if kind.endswith(("1d", "2d", "3d")):  # a LayerNorm2d is a LayerNorm all the same
        return False
    if isinstance(module, FEATURES_LAST) or is_linear_conv1d(module):
        return True
    return False if any(part in kind for part in FEATURES_FIRST) else None


def is_linear_conv1d(module: nn.Module) -> bool:
    """Whether this is what transformers calls Conv1D: a linear layer with its weight stored as (in, out)."""
    return type(module).__name__ == "Conv1D" and hasattr(module, "nf")


def _is_sequence_first(module: nn.Module) -> bool:
    return any(getattr(part, "batch_first", True) is False for part in module.modules())


def reduced_rows(laid: Laid, positions: str, tokens: str, place: Tensor) -> Tensor:
    """One row per sample, shape (samples, features); a copy, never a view.

    Args:
        laid: The activation.
        positions: "mean", "max", "random" or "flatten", for pixels and voxels.
        tokens: The same, or "first" or "last", for sequences.
        place: Where the random position of each sample lies, shape (samples, 3), in [0, 1) along each axis.
    """
    x, how = laid.x, tokens if laid.are_tokens else positions
    if x.ndim == 2:
        return x.clone()
    if how == "flatten":
        return x.movedim(-1, 1).flatten(1).clone()
    if how == "mean":
        return x.flatten(1, -2).mean(1)
    if how == "max":
        return x.flatten(1, -2).amax(1)
    if how in ("first", "last"):
        return x[:, 0 if how == "first" else -1].clone()
    sizes = x.shape[1:-1]
    index = [(place[:, min(axis, 2)].to(x.device) * size).long() for axis, size in enumerate(sizes)]
    where = (torch.arange(len(x), device=x.device), *index)
    return x[where]
