"""Inputs as a network does not know them, made from those it does, whatever their kind."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.probes.image_shifts import image_shifts


def input_shifts(inputs: Tensor, *, noise: float = 1.0, seed: int = 0) -> dict[str, Tensor]:
    """Shifted copies of a batch of inputs: of pictures noise, blur, inversion and permuted pixels, else two of these.

    Args:
        inputs: Shape (samples, channels, h, w) for pictures; (samples, features) or (samples, tokens, features) else.
        noise: Standard deviation of Gaussian noise for inputs that are no pictures, in standard deviations of each
            feature.
        seed: Of all draws.

    Returns:
        Name of the shift to inputs of the same shape and type. "permuted pixels" has all pixels of all pictures in one
        other order; "noise" and "permuted features" are those of other inputs, which have one order of features.

    Raises:
        TypeError: If inputs are no floating-point tensor, as tokens are.
        ValueError: If there are none, they contain NaN, have no axis of features, or noise is not above 0.

    Example:
        >>> list(input_shifts(torch.rand(3, 5)))
        ['noise', 'permuted features']
    """
    if inputs.ndim == 4:
        return {**image_shifts(inputs, seed=seed), "permuted pixels": _permuted(inputs, inputs.shape[2:].numel(), seed)}
    if inputs.ndim not in (2, 3):
        raise ValueError(
            f"inputs must be (samples, features), with tokens between, or pictures, got {tuple(inputs.shape)}"
        )
    shape = ("samples", "features") if inputs.ndim == 2 else ("samples", "tokens", "features")
    check_no_nan("inputs", check_tensor("inputs", inputs, shape))
    if not inputs.numel() or not noise > 0:
        raise ValueError(f"there must be inputs, and noise above 0, got {tuple(inputs.shape)} and noise={noise}")
    x, features = inputs.detach(), inputs.shape[-1]
    drawn = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(x)
    spread = x.reshape(-1, features).std(0, unbiased=False)
    return {"noise": x + noise * spread * drawn, "permuted features": _permuted(x, features, seed)}


def _permuted(x: Tensor, size: int, seed: int) -> Tensor:
    """The last axes, of so many entries together, in one other order."""
    order = torch.randperm(size, generator=torch.Generator().manual_seed(seed)).to(x.device)
    return x.detach().reshape(*_front(x, size), size)[..., order].reshape(x.shape)


def _front(x: Tensor, size: int) -> tuple[int, ...]:
    axes = 1
    while x.shape[-axes:].numel() < size:
        axes += 1
    return tuple(x.shape[:-axes])
