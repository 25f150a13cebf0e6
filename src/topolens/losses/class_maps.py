"""Logits and targets in any of the usual shapes, as one map of probability and one of truth for each class."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_floating, check_no_nan, is_traced

Activation = Literal["auto", "sigmoid", "softmax", "one_vs_max"]
Reduction = Literal["mean", "sum", "none"]
ACTIVATIONS = ("auto", "sigmoid", "softmax", "one_vs_max")


class ClassMaps(NamedTuple):
    """A map for each item and class of interest; the background is among them only where it was asked for."""

    probability: Tensor  # (batch, classes, *S), float32 or float64
    target: Tensor  # (batch, classes, *S), of the same type; 0 or 1, or between where the target was soft


def class_maps(
    logits: Tensor, target: Tensor, activation: Activation | None = "auto", include_background: bool = False
) -> ClassMaps:
    """Probabilities and targets of the same shape, class by class.

    Args:
        logits: What a network gives, shape (batch, channels, h, w) or (batch, channels, d, h, w); half precision is
            raised to float32.
        target: Class numbers, shape (batch, 1, *S) or (batch, *S), or one map per channel, shape (batch, channels, *S).
            With one channel, 1 is the object.
        activation: "sigmoid" (channels apart from each other), "softmax", "one_vs_max" (softmax of a channel against
            the largest other one, 1/2 exactly where the decision changes), "auto" (sigmoid of one channel, softmax of
            more), or None where `logits` are probabilities already.
        include_background: Whether channel 0 of several is a class of its own; it is dropped after the activation.

    Returns:
        Maps of the classes, all of them with one channel or with `include_background`, otherwise all but the first.

    Raises:
        TypeError: If `logits` is no floating-point tensor, or `target` no tensor.
        ValueError: If a shape, a class number or the activation is wrong, or logits contain NaN.

    Gradients: through the activation, to `logits`; none to `target`.
    """
    probability = probabilities(logits, activation)
    truth = one_map_per_class(target, logits).to(probability.dtype)
    first = 0 if include_background or logits.shape[1] == 1 else 1
    return ClassMaps(probability[:, first:], truth[:, first:])


def probabilities(logits: Tensor, activation: Activation | None = "auto") -> Tensor:
    """Logits as probabilities of the same shape, at least float32; arguments as in `class_maps`."""
    if activation is not None and activation not in ACTIVATIONS:
        names = ", ".join(map(repr, ACTIVATIONS))
        raise ValueError(f"activation must be one of {names} or None, got {activation!r}")
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a torch.Tensor, got {type(logits).__name__}; use torch.as_tensor(logits)")
    if logits.ndim not in (4, 5) or logits.shape[1] == 0:
        raise ValueError(
            "logits must have shape (batch, channels, h, w) or (batch, channels, d, h, w) with a channel at least, got "
            f"{tuple(logits.shape)}"
        )
    x = check_floating("logits", logits)
    x = x if x.dtype == torch.float64 else x.float()
    if not is_traced():
        _warn_of_other_scale(check_no_nan("logits", x).detach(), activation)
    if activation == "auto":
        activation = "sigmoid" if x.shape[1] == 1 else "softmax"
    if activation == "softmax":
        return x.softmax(1)
    if activation == "sigmoid":
        return x.sigmoid()
    return x if activation is None else (x - _largest_other(x)).sigmoid()


def one_map_per_class(target: Tensor, logits: Tensor) -> Tensor:
    """The target in the shape of `logits`; arguments as in `class_maps`."""
    if not isinstance(target, Tensor):
        raise TypeError(f"target must be a torch.Tensor, got {type(target).__name__}; use torch.as_tensor(target)")
    target, shape = target.detach(), tuple(logits.shape)
    if tuple(target.shape) == (shape[0], *shape[2:]):
        target = target[:, None]
    if tuple(target.shape) == shape:
        if not is_traced() and target.numel() and not bool(((target >= 0) & (target <= 1)).all()):
            few = "; class numbers need a channel for each class" if shape[1] == 1 else ""
            raise ValueError(f"target must lie between 0 and 1 where it has the shape of logits{few}")
        return target
    if tuple(target.shape) != (shape[0], 1, *shape[2:]):
        raise ValueError(
            f"target must have shape {(shape[0], 1, *shape[2:])} (class numbers) or {shape} (one map per channel), got "
            f"{tuple(target.shape)}"
        )
    classes = target[:, 0].long()
    if not is_traced() and target.numel():
        if bool((classes != target[:, 0]).any()):
            raise ValueError("target must hold whole class numbers where it has one channel and logits have several")
        if bool(((classes < 0) | (classes >= shape[1])).any()):
            least, most = int(classes.min()), int(classes.max())
            raise ValueError(f"target must hold class numbers from 0 to {shape[1] - 1}, got {least} to {most}")
    return torch.nn.functional.one_hot(classes, shape[1]).movedim(-1, 1)


def reduced(values: Tensor, reduction: Reduction = "mean") -> Tensor:
    """Mean or sum of one value for each item and class, shape (batch, classes), or these themselves ("none")."""
    check_reduction(reduction)
    if reduction == "none":
        return values
    return values.sum() if reduction == "sum" or not values.numel() else values.mean()


def check_reduction(reduction: str) -> None:
    """Refuse an unknown reduction, before anything costly is done."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")


def _largest_other(x: Tensor) -> Tensor:
    """The largest logit among the other channels."""
    if x.shape[1] == 1:
        raise ValueError("activation 'one_vs_max' needs two channels at least; use 'sigmoid' for one")
    best, place = x.topk(2, 1).values, x.argmax(1, keepdim=True)
    channel = torch.arange(x.shape[1], device=x.device).view(-1, *[1] * (x.ndim - 2))
    return torch.where(channel == place, best[:, 1:], best[:, :1])


def _warn_of_other_scale(x: Tensor, activation: str | None) -> None:
    """Warn of values that look like logits where probabilities are due, and the other way round."""
    if not x.numel():
        return
    least, most = (float(v) for v in torch.aminmax(x))
    if activation is None and (least < 0 or most > 1):
        warnings.warn(
            f"probabilities must lie between 0 and 1, got {least:.3g} to {most:.3g}; if these are logits, name an "
            "activation",
            stacklevel=4,
        )
    like = 0 <= least < most <= 1 and (x.shape[1] == 1 or bool(((x.sum(1) - 1).abs() < 1e-3).all()))
    if activation is not None and like:
        warnings.warn(
            "logits look like probabilities, and would go through the activation once more; if they are, set "
            "activation=None",
            stacklevel=4,
        )
