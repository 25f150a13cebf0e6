"""Networks trained, untrained, trained on shuffled labels, and from another seed: what a report must tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from topolens.probes.twin import untrained_model
from topolens.studies.images import Images

CLASSES = 10
ROLES = ("trained", "another seed", "untrained", "shuffled labels")
BATCH = 50


class Task(NamedTuple):
    """Samples to train on and others to look at.

    Args:
        x, y: Images (samples, channels, h, w) and their labels, to train on.
        held_out: Others, with right labels in every role.
        held_out_labels: Theirs.
    """

    x: Tensor
    y: Tensor
    held_out: Tensor
    held_out_labels: Tensor


def task_of(images: Images, train: int, held_out: int, seed: int = 0) -> Task:
    """So many samples of each part of a data set, drawn at random and standardised by the mean over all pixels.

    Raises:
        ValueError: If there are too few images.
    """
    if len(images.train) < train or len(images.test) < held_out:
        raise ValueError(f"{images.name} has {len(images.train)} and {len(images.test)} images; ask for fewer")
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(images.train), generator=generator)[:train]
    others = torch.randperm(len(images.test), generator=generator)[:held_out]
    x = images.train[rows]
    middle, spread = x.mean(), x.std()
    return Task((x - middle) / spread, images.train_labels[rows], (images.test[others] - middle) / spread,
                images.test_labels[others])  # fmt: skip


def mlp(task: Task) -> nn.Module:
    """A multilayer perceptron, 64:64:32:10."""
    inputs = task.x[0].numel()
    return nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
        nn.Linear(32, CLASSES),
    )  # fmt: skip


def cnn(task: Task) -> nn.Module:
    """Three convolutions, the first two of stride 2, and two linear layers."""
    channels, height, width = task.x.shape[1:]
    pixels = -(-height // 4) * -(-width // 4)
    return nn.Sequential(
        nn.Conv2d(channels, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(24, 24, 3, 1, 1), nn.ReLU(), nn.Flatten(), nn.Linear(24 * pixels, 32), nn.ReLU(),
        nn.Linear(32, CLASSES),
    )  # fmt: skip


def network(make: Callable[[Task], nn.Module], task: Task, role: str, seed: int = 0, epochs: int = 200) -> nn.Module:
    """A network of a role, trained by Adam until it fits its labels, and in evaluation mode.

    Args:
        make: `mlp` or `cnn`.
        task: Its samples; labels are shuffled here where the role says so.
        role: One of `ROLES`.
        seed: Of its weights and batches; another seed takes one that no other role has.
        epochs: At most so many; it ends as soon as 99.5 % of the labels of an epoch are right.

    Raises:
        ValueError: If there is no such role.
    """
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, got {role!r}")
    seed = 100 * seed + ROLES.index(role)
    model = untrained_model(lambda: make(task), seed)
    generator = torch.Generator().manual_seed(seed)
    y = task.y[torch.randperm(len(task.y), generator=generator)] if role == "shuffled labels" else task.y
    optimiser = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(0 if role == "untrained" else epochs):
        right = 0
        for rows in torch.randperm(len(y), generator=generator).split(BATCH):
            optimiser.zero_grad()
            outputs = model(task.x[rows])
            nn.functional.cross_entropy(outputs, y[rows]).backward()
            optimiser.step()
            right += int((outputs.argmax(1) == y[rows]).sum())
        if right >= 0.995 * len(y):
            break
    return model.eval()
