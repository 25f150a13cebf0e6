"""Layers as analyses take them: a mapping from name to activations, checked once, thinned to the same samples."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.sampling import feasibility


def check_layers(name: str, activations: Mapping[str, Tensor], samples: int | None = None) -> int:
    """Number of samples of layers that all have a row for each of them, without NaN or infinities."""
    if not isinstance(activations, Mapping):
        raise TypeError(f"{name} must map layer names to activations, got {type(activations).__name__}; see record")
    if not activations:
        raise ValueError(f"{name} holds no layer; give at least one")
    for layer, x in activations.items():
        who = f"{name}[{layer!r}]"
        check_no_nan(who, check_tensor(who, x, ("samples", "features"), "use .flatten(1)"))
        if bool(torch.isinf(x).any()):
            raise ValueError(f"{who} contains infinite values; leave this layer out")
        samples = len(x) if samples is None else samples
        if len(x) != samples:
            raise ValueError(f"layers must have a row for each of the same {samples} samples, {who} has {len(x)}")
    return samples or 0


def check_labels(labels: Tensor, samples: int) -> Tensor:
    """Place of each sample's label among those there are, on the CPU."""
    if not isinstance(labels, Tensor) or labels.shape != (samples,) or labels.is_floating_point():
        got = f"{labels.dtype} of shape {tuple(labels.shape)}" if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"labels must hold one whole number for each of {samples} samples, got {got}")
    return labels.detach().cpu().unique(return_inverse=True)[1]


def check_untrained(untrained: Mapping[str, Tensor] | None, activations: Mapping[str, Tensor], samples: int) -> None:
    """Raises unless the twin has the same layers on the same samples."""
    if untrained is None:
        return
    check_layers("untrained", untrained, samples)
    absent = [layer for layer in activations if layer not in untrained]
    if absent:
        raise ValueError(f"untrained must hold every layer of activations, {absent[0]!r} is missing")


def drawn_samples(samples: int, most: int, seed: int) -> Tensor:
    """Rows of at most so many samples, rising."""
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))
    return order[:most].sort().values


def layer_warnings(activations: Mapping[str, Tensor], max_dim: int, seed: int) -> tuple[str, ...]:
    """What `feasibility` says of each layer, layers of which the same is said together."""
    said: dict[str, list[str]] = {}
    for layer, x in activations.items():
        for warning in feasibility(x, max_dim, seed).warnings:
            said.setdefault(warning, []).append(layer)
    return tuple(f"{_names(layers)}: {warning}" for warning, layers in said.items())


def _names(layers: list[str]) -> str:
    shown = ", ".join(layers[:3])
    return shown if len(layers) <= 3 else f"{shown} and {len(layers) - 3} more"
