"""Attacks on a classifier, by foolbox, and what an image is worth to the model after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from topolens._optional import foolbox

NOISE, FGSM, PGD, LONG_PGD, CW = "random noise", "FGSM", "PGD", "PGD, five times the steps", "C&W"
BPDA, EOT, EOT_BPDA = "BPDA", "EOT", "EOT and BPDA"
EPSILONS, LARGE = (0.01, 0.1, 0.3), 1.0
LENGTHS = (0.5, 1.0, 2.0, float("inf"))
PART = 250
JUDGED = 10


@dataclass(frozen=True)
class Effort:
    """How hard the attackers try, and on how much.

    Args:
        test_images: Test images attacked, 0 for all.
        steps: Steps of projected gradient descent, alone and inside of BPDA and EOT.
        restarts: Its random starts, of which the one that raises the loss most is kept.
        draws: Draws of the purifier's noise whose probabilities EOT averages.
        search: Rounds of C&W's search for its constant.
        descent: Steps of C&W in each.
    """

    test_images: int = 500
    steps: int = 40
    restarts: int = 2
    draws: int = 10
    search: int = 5
    descent: int = 100


def attacked(model: nn.Module, images: Tensor, labels: Tensor, attack: str, size: float, effort: Effort) -> Tensor:
    """The images after an attack: none further than `size` from where it was, by its largest pixel; C&W at any length.

    Args:
        model: Gives logits; what the attacker believes to attack.
        images: Images in [0, 1], (n, channels, height, width).
        labels: Their classes.
        attack: `NOISE`, `FGSM`, `CW`, or one of those that take steps of projected gradient descent.
        size: The largest change of a pixel; ignored by C&W.
        effort: Steps and restarts.

    Raises:
        ImportError: foolbox is not installed.
    """
    tool = _tool(attack, effort)
    seen = foolbox().PyTorchModel(model, bounds=(0, 1), device=images.device)
    tries = effort.restarts if attack not in (FGSM, CW) else 1
    parts = []
    for part, names in zip(images.split(PART), labels.split(PART), strict=True):
        goal = foolbox().criteria.Misclassification(names)
        options: dict[str, Any] = {} if attack == CW else {"epsilon": size}
        best, worst = part, losses(model, part, names)
        for _ in range(tries):
            found = _noisy(part, size) if attack == NOISE else tool.run(seen, part, goal, **options).detach()
            loss = losses(model, found, names)
            better = loss >= worst
            best = torch.where(better[:, None, None, None], found, best)
            worst = torch.where(better, loss, worst)
        # What failed at C&W's search comes back as it was; what it found counts whatever the loss says.
        parts.append(found if attack == CW else best)
    return torch.cat(parts)


def _tool(attack: str, effort: Effort) -> Any:
    attacks = foolbox().attacks
    if attack == FGSM:
        return attacks.LinfFastGradientAttack()
    if attack == CW:
        return attacks.L2CarliniWagnerAttack(
            binary_search_steps=effort.search, steps=effort.descent, stepsize=0.1, initial_const=1.0
        )
    steps = effort.steps * (5 if attack == LONG_PGD else 1)
    return attacks.LinfPGD(rel_stepsize=2.5 / steps, steps=steps, random_start=True)


def _noisy(images: Tensor, size: float) -> Tensor:
    # foolbox's own noise divides by the largest value without its sign, and so goes further than it may.
    return (images + size * (2 * torch.rand_like(images) - 1)).clamp(0, 1)


def losses(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each image."""
    with torch.no_grad():
        return functional.cross_entropy(model(images), labels, reduction="none")


def right(model: nn.Module, images: Tensor, labels: Tensor, random: bool) -> Tensor:
    """How often the model is right on each image: 0 or 1, or, where it is random, the share of ten draws."""
    with torch.no_grad():
        answers = [
            torch.cat([model(part).argmax(1) for part in images.split(PART)]) == labels
            for _ in range(JUDGED if random else 1)
        ]
    return torch.stack(answers).double().mean(0)


def flat(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of images at which the gradient of the loss is exactly zero."""
    zero = []
    for part, names in zip(images.split(PART), labels.split(PART), strict=True):
        start = part.clone().requires_grad_()
        (slope,) = torch.autograd.grad(functional.cross_entropy(model(start), names, reduction="sum"), start)
        zero.append((slope == 0).flatten(1).all(1))
    return float(torch.cat(zero).double().mean())
