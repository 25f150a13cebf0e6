"""Grad-CAM, and what happens to an answer when the pixels it marks are taken away or put back first."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def grad_cam(model: nn.Sequential, images: Tensor, place: int) -> Tensor:
    """Heat maps (n, h, w) of the predicted class, at least 0 and at most 1, from the activations after layer `place`.

    Each channel is weighted with the mean over space of the gradient of the predicted logit; what is positive in the
    weighted sum is scaled up to the size of the image. A map without anything positive is 0 everywhere.

    Source: "Grad-CAM: visual explanations from deep networks via gradient-based localization", 2017.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.enable_grad():
            activations = model[: place + 1](images).detach().requires_grad_()
            logits = model[place + 1 :](activations)
            (slope,) = torch.autograd.grad(logits.max(1).values.sum(), activations)
    finally:
        model.train(was_training)
    heat = (slope.mean((2, 3), keepdim=True) * activations.detach()).sum(1, keepdim=True).relu()
    heat = functional.interpolate(heat, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]
    return heat / heat.amax((1, 2), keepdim=True).clamp(min=torch.finfo(heat.dtype).tiny)


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Pearson's correlation of two stacks of maps (n, h, w), map by map; NaN where one of the two is constant."""
    a, b = ((x - x.mean((1, 2), keepdim=True)).flatten(1) for x in (first, second))
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))


def answers_under(model: nn.Module, images: Tensor, order: Tensor, steps: int, insert: bool) -> Tensor:
    """Probability of the first answer as pixels go (deletion) or come (insertion), shape (n, steps + 1).

    Args:
        model: Logits (n, classes) of images.
        images: Shape (n, channels, h, w); a pixel that is gone is 0 in all channels.
        order: Numbers of the pixels in the order in which they go or come, shape (n, h * w).
        steps: Equal portions of the pixels.
        insert: Whether pixels come, on an empty image, or go.
    """
    model.eval()
    pixels = order.shape[1]
    rank = torch.empty_like(order).scatter_(1, order, torch.arange(pixels).expand_as(order))
    with torch.no_grad():
        answer = model(images).argmax(1, keepdim=True)
        found = []
        for step in range(steps + 1):
            first = rank < pixels * step // steps
            shown = (first if insert else ~first).reshape(-1, 1, *images.shape[2:])
            found.append(model(images * shown).softmax(1).gather(1, answer)[:, 0])
    return torch.stack(found, 1)
