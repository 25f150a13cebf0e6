"""Training on crops, and masks of whole photographs."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from topolens.runs.kept import moved_there
from topolens.studies.mortar_crops import Augmentation, crops, standard
from topolens.studies.mortar_losses import ROWS, Objective
from topolens.studies.unet import UNet

Saw = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """All that determines how a network is trained and tested, next to its row, its labels and its seed.

    Args:
        images: Training images, 0 for all.
        inside: Test images like the training images, 0 for all.
        outside: Test images of each other group, 0 for all.
        widths: Channels of the levels of the U-Net.
        supervised: Levels below the finest that are trained, too.
        side: Of the crops.
        batch: Crops per step.
        steps: Steps of training.
        rate: Learning rate at the start; it falls to 0 as (1 - step / steps)^0.9.
        sgd: Nesterov's momentum of 0.99 with weight decay in place of Adam.
        late: Part of the steps after which topological terms come in.
        turns: Whether crops are turned and flipped.
        light: Chance of other brightness and gamma.
    """

    images: int = 0
    inside: int = 0
    outside: int = 0
    widths: tuple[int, ...] = (8, 16, 32, 64, 128)
    supervised: int = 0
    side: int = 128
    batch: int = 8
    steps: int = 1500
    rate: float = 2e-3
    sgd: bool = False
    late: float = 0.7
    turns: bool = True
    light: float = 0.3


class Trained(NamedTuple):
    """A network, and what it took."""

    model: UNet
    seconds: float  # of the steps made here, not of a beginning that was found
    late_seconds: float  # of one step of the last part
    loss: float  # mean of the last steps


def train(
    row: str, images: Tensor, labels: Tensor, recipe: Recipe, seed: int, work: Path, device: str = "cpu"
) -> Trained:
    """A network, trained; rows that begin alike share that beginning through a file in `work`.

    Args:
        row: One of `ROWS`.
        images: Photographs, uint8, shape (n, 3, h, w).
        labels: Their masks, shape (n, h, w).
        recipe: How.
        seed: Of the weights and of all crops.
        work: Folder of shared beginnings.
        device: Where the network is trained.
    """
    how = ROWS[row]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = UNet(recipe.widths, supervised=recipe.supervised).to(device)
    images, labels = images.to(device), labels.to(device)
    optimiser, schedule = _optimiser(model, recipe)
    generator = torch.Generator().manual_seed(seed)
    start = min(round(recipe.late * recipe.steps), recipe.steps - 1)
    objective = Objective(how, start, recipe.steps // 20)
    augmentation = Augmentation(recipe.turns, recipe.light, how.hue)
    parts = {"model": model, "optimiser": optimiser, "schedule": schedule}
    place = work / f"beginning-{_key(row, labels, recipe, seed)}.pt"
    first, seconds, early, losses = 0, 0.0, 0.0, []
    shared = how.rounds == 1 and any(r.late and (r.base, r.hue) == (how.base, how.hue) for r in ROWS.values())
    if shared and place.exists():
        first = start
        _restore(place, parts, generator)
        objective.resume(start)
    for step in range(first, recipe.steps):
        if step == start:
            early = seconds
            if shared and not place.exists():
                _keep(place, parts, generator)
        began = time.perf_counter()
        if how.rounds > 1 and step and step % -(-recipe.steps // how.rounds) == 0:
            labels = probabilities(model, images)
        x, y = crops(images, labels, recipe.batch, recipe.side, augmentation, generator)
        losses.append(_step(model, objective, optimiser, schedule, x, y))
        seconds += time.perf_counter() - began
    late = (seconds - early) / (recipe.steps - start)
    return Trained(model, seconds, late, float(torch.stack(losses[-100:]).mean()))


def _step(
    model: UNet, objective: Objective, optimiser: torch.optim.Optimizer, schedule: Any, x: Tensor, y: Tensor
) -> Tensor:
    model.train()
    optimiser.zero_grad()
    with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda"):
        answers = model.answers(x)
    loss = objective([answer.float() for answer in answers], y)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 12)
    optimiser.step()
    schedule.step()
    return loss.detach()


def _optimiser(model: UNet, recipe: Recipe) -> tuple[torch.optim.Optimizer, Any]:
    if recipe.sgd:
        optimiser: torch.optim.Optimizer = torch.optim.SGD(
            model.parameters(), recipe.rate, momentum=0.99, nesterov=True, weight_decay=3e-5
        )
    else:
        optimiser = torch.optim.Adam(model.parameters(), recipe.rate)
    fall = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: max(0.0, 1 - step / recipe.steps) ** 0.9)
    return optimiser, fall


def _key(row: str, labels: Tensor, recipe: Recipe, seed: int) -> str:
    """Names all that decides the steps before late terms come in."""
    how = ROWS[row]
    words = json.dumps([how.base.__name__, how.hue, asdict(recipe), seed], sort_keys=True)
    return hashlib.sha256(words.encode() + labels.cpu().numpy().tobytes()).hexdigest()[:24]


def _keep(place: Path, parts: dict[str, Any], generator: torch.Generator) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    states["schedule"].pop("lr_lambdas", None)
    with moved_there(place) as part:
        torch.save(states | {"generator": generator.get_state()}, part)


def _restore(place: Path, parts: dict[str, Any], generator: torch.Generator) -> None:
    found = torch.load(place, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(found[name] | ({"lr_lambdas": [None]} if name == "schedule" else {}))
    generator.set_state(found["generator"])


@torch.no_grad()
def probabilities(model: UNet, images: Tensor) -> Tensor:
    """Probability of mortar at each pixel of whole photographs, shape (n, h, w)."""
    model.eval()
    device = next(model.parameters()).device
    return torch.cat([model(standard(one).to(device)).sigmoid()[:, 0] for one in images.split(1)])
