"""Persistence pooling against max and LEAP pooling: the table of the persistence-based operators paper, run again.

Two small networks on labelled images, one pooling after the other, each with several seeds; a finished run is kept as
a small file, so that a killed study goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from topolens.layers import LEAPPool2d, PersistencePool2d
from topolens.runs.kept import kept
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.images import Images, read_images

FLAT, CONVOLUTIONAL = "(a)", "(b)"
POOLINGS = {
    FLAT: ("max", "LEAP", "PL", "PML", "max persistence", "bank", "LEAP, 8 outputs", "raw pixels"),
    CONVOLUTIONAL: ("max", "LEAP", "PL", "PML", "max persistence", "bank"),
}
WIDTHS = (16, 32)
FLAT_SIDE, CONVOLUTIONAL_SIDE = 3, 2


@dataclass(frozen=True)
class Recipe:
    """All that determines how a network is trained, next to its data, architecture, pooling and seed.

    Args:
        images: Training images used (a tenth of them for validation), 0 for all.
        test_images: Test images used, 0 for all.
        epochs: Passes over the images at most.
        patience: Passes without a lower validation loss after which training stops.
        batch: Images per step.
        rate: Adam's learning rate.
    """

    images: int = 0
    test_images: int = 0
    epochs: int = 100
    patience: int = 3
    batch: int = 32
    rate: float = 3e-4


@dataclass(frozen=True)
class Run:
    """One training: on which file, which architecture and pooling, from which seed."""

    data: str
    architecture: str
    pooling: str
    seed: int


def pooling_layer(name: str, channels: int, side: int, wide: bool) -> tuple[nn.Module, int]:
    """A pooling of square patches, and its outputs for each channel; `wide` banks have one output per window."""
    if name == "raw pixels":
        return nn.Identity(), 1
    if name == "max":
        return nn.MaxPool2d(side), 1
    if name == "LEAP":
        return LEAPPool2d(channels, side), 1
    if name == "LEAP, 8 outputs":
        return nn.Conv2d(channels, 8 * channels, side, side, groups=channels, bias=False), 8
    if name == "max persistence":
        return PersistencePool2d(side, mode="max", windows=[(2, 7)]), 1
    if name in ("PL", "PML"):
        return PersistencePool2d(side, mode=name, channels=channels, windows=[(2, 7)]), 1
    outputs = 8 if wide else 1
    return PersistencePool2d(side, channels=channels, out_per_channel=outputs, windows="unit"), outputs


def network(architecture: str, pooling: str, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Architecture (a): pooling, then a linear classifier; (b): two convolutions, each pooled, then the classifier.

    Weights of convolutions and classifier start from Glorot's uniform distribution, biases at 0, as in Keras.
    """
    layers: list[nn.Module] = []
    if architecture == FLAT:
        layers.append(pooling_layer(pooling, shape[0], FLAT_SIDE, wide=True)[0])
    else:
        channels = shape[0]
        for width in WIDTHS:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            layers.append(pooling_layer(pooling, width, CONVOLUTIONAL_SIDE, wide=False)[0])
            channels = width
    body = nn.Sequential(*layers, nn.Flatten())
    with torch.no_grad():
        features = body(torch.zeros(1, *shape)).shape[1]
    whole = nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, classes))
    for layer in whole:
        if isinstance(layer, (nn.Linear, nn.Conv2d)) and layer.bias is not None:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return whole


def train(model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator) -> list[float]:
    """Trains until the validation loss has not fallen for `patience` passes; the validation loss after each pass."""
    order = torch.randperm(len(images), generator=generator)
    held, kept = order.tensor_split([max(1, len(order) // 10)])
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.rate, eps=1e-7)
    losses: list[float] = []
    while len(losses) < recipe.epochs:
        model.train()
        shuffled = kept[torch.randperm(len(kept), generator=generator)]
        for rows in shuffled.split(recipe.batch):
            optimizer.zero_grad()
            functional.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimizer.step()
        losses.append(float(functional.cross_entropy(logits(model, images[held]), labels[held])))
        if len(losses) - losses.index(min(losses)) > recipe.patience:
            break
    return losses


def logits(model: nn.Module, images: Tensor) -> Tensor:
    """The network's answers, without gradients, a few images at a time."""
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part) for part in images.split(500)])


def part_of(path: str, recipe: Recipe) -> Images:
    """The part of the data that a recipe uses, the same for all seeds and poolings."""
    return _images(path, recipe.images, recipe.test_images)


@lru_cache(maxsize=4)
def _images(path: str, images: int, test_images: int) -> Images:
    data = read_images(path)
    generator = torch.Generator().manual_seed(0)
    train_rows = torch.randperm(len(data.train), generator=generator)[: images or None]
    test_rows = torch.randperm(len(data.test), generator=generator)[: test_images or None]
    return Images(
        data.name,
        data.train[train_rows],
        data.train_labels[train_rows],
        data.test[test_rows],
        data.test_labels[test_rows],
    )


def trained(run: Run, recipe: Recipe) -> nn.Sequential:
    """The network of a run, trained: the same weights each time."""
    return _trained(run, recipe)[0]


def _trained(run: Run, recipe: Recipe) -> tuple[nn.Sequential, list[float]]:
    data = part_of(run.data, recipe)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = network(run.architecture, run.pooling, tuple(data.train.shape[1:]), data.classes)
    generator = torch.Generator().manual_seed(run.seed)
    return model, train(model, data.train, data.train_labels, recipe, generator)


def measured(run: Run, recipe: Recipe, work: Path) -> dict[str, Any]:
    """What a run gives; one that was made before is read from its file in `work`."""
    words = json.dumps([asdict(run) | {"data": Path(run.data).stem}, asdict(recipe)], sort_keys=True)
    place = work / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.json"
    return kept(place, lambda: _measured(run, recipe))


def _measured(run: Run, recipe: Recipe) -> dict[str, Any]:
    torch.set_num_threads(1)
    start = time.perf_counter()
    model, losses = _trained(run, recipe)
    seconds = time.perf_counter() - start
    data = part_of(run.data, recipe)
    right = logits(model, data.test).argmax(1) == data.test_labels
    return asdict(run) | {
        "data": data.name,
        "accuracy": float(right.double().mean()),
        "epochs": len(losses),
        "parameters": sum(p.numel() for p in model.parameters()),
        "pooling_parameters": sum(p.numel() for m in model if _is_pooling(m) for p in m.parameters()),
        "seconds_per_epoch": seconds / len(losses),
    }


def _is_pooling(layer: nn.Module) -> bool:
    return isinstance(layer, (LEAPPool2d, PersistencePool2d)) or (isinstance(layer, nn.Conv2d) and layer.bias is None)


def runs(data: list[str], seeds: int, seed: int) -> list[Run]:
    """All runs of the study, those of one seed together, so that a stopped study has whole seeds."""
    return [
        Run(path, architecture, pooling, seed + k)
        for k in range(seeds)
        for path in data
        for architecture, poolings in POOLINGS.items()
        for pooling in poolings
    ]


def results(
    data: list[str], recipe: Recipe, seeds: int, seed: int, work: Path, workers: int, progress: Progress | None
) -> list[dict[str, Any]]:
    """The results of all runs, in their order, on `workers` processes of one thread each."""
    for path in data:
        read_images(path)  # a bad file stops the study here, not in a worker an hour later
    work.mkdir(parents=True, exist_ok=True)
    todo = runs(data, seeds, seed)
    return side_by_side(measured, [(run, recipe, work) for run in todo], workers, progress, _name)


def _name(run: Run, *_: object) -> str:
    return f"{Path(run.data).stem} {run.architecture} {run.pooling}, seed {run.seed}"
