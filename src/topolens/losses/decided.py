"""What a network decides at each pixel, class by class, and how sure it is of it."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.losses.class_maps import Activation, class_maps, probabilities

LARGEST = 1e4  # of logits, so that channels of -inf give a large number and no NaN


def decided(
    logits: Tensor,
    activation: Activation | None = "auto",
    include_background: bool = False,
    shift: Tensor | None = None,
) -> Tensor:
    """Boolean maps (batch, classes, sides ...) of what is predicted.

    Channels that exclude each other (softmax, one_vs_max, several channels of probabilities) leave the pixel to the
    largest of them, the first of equal ones; others, and a single one, need more than 1/2. Arguments as in
    `class_maps`; `shift` (batch, channels) is added to probabilities before they are compared.
    """
    x, threshold = logits.detach(), 0.5 if activation is None else 0.0
    if shift is not None:
        shift = shift.reshape(*shift.shape, *[1] * (x.ndim - 2))
        x, threshold = probabilities(x, activation) + shift.to(x), 0.5
    if x.shape[1] == 1 or activation == "sigmoid":
        masks = x > threshold
    else:
        channel = torch.arange(x.shape[1], device=x.device).view(-1, *[1] * (x.ndim - 2))
        masks = x.argmax(1, keepdim=True) == channel
    return masks if include_background or x.shape[1] == 1 else masks[:, 1:]


def check_masks(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both masks as booleans, if they are of one shape."""
    for name, mask in (("prediction", prediction), ("target", target)):
        if not isinstance(mask, Tensor):
            raise TypeError(f"{name} must be a torch.Tensor, got {type(mask).__name__}; use torch.as_tensor({name})")
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction and target must have one shape, got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    return prediction != 0, target != 0


def cross_entropy_maps(
    logits: Tensor, target: Tensor, activation: Activation | None = "auto", include_background: bool = False
) -> Tensor:
    """Cross-entropy of each class against all others, pixel by pixel; arguments as in `class_maps`.

    Computed from log-odds, so that logits of any size have a gradient; given probabilities are kept off 0 and 1.
    """
    maps = class_maps(logits, target, activation, include_background)
    odds = _log_odds(logits.to(maps.probability.dtype), activation)
    odds = odds if include_background or logits.shape[1] == 1 else odds[:, 1:]
    return torch.nn.functional.binary_cross_entropy_with_logits(odds, maps.target, reduction="none")


def _log_odds(x: Tensor, activation: Activation | None) -> Tensor:
    """Logarithms of p / (1 - p) for the probabilities p that `x` stands for."""
    channels = x.shape[1]
    if activation is None:
        tiny = torch.finfo(x.dtype).eps
        return x.clamp(tiny, 1 - tiny).logit()
    x = x.clamp(-LARGEST, LARGEST)
    if activation == "sigmoid" or channels == 1:
        return x
    others = [torch.cat([x[:, :c], x[:, c + 1 :]], 1) for c in range(channels)]
    if activation == "one_vs_max":
        return x - torch.stack([other.amax(1) for other in others], 1)
    return x - torch.stack([other.logsumexp(1) for other in others], 1)
