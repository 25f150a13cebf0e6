"""Topological against plain autoencoders: networks, training and measures of one run.

A finished run is kept as a small file, so that a killed study goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor, nn
from torch.nn import functional

from topolens.losses import TopologicalAutoencoderLoss
from topolens.losses.clouds import as_pair, checked_scale, lengths, unit
from topolens.runs.kept import kept
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.embedding_measures import KS, measures
from topolens.studies.images import Images, read_images
from topolens.studies.spheres import spheres

SPHERES = "spheres"
TOPOLOGICAL, RANDOM, PLAIN = "TopoAE", "AE, random pairs", "AE"
METHODS = ("PCA", "t-SNE", PLAIN, RANDOM, TOPOLOGICAL)
SIDE = 64  # pixels of a picture of latent points


@dataclass(frozen=True)
class Setting:
    """How autoencoders are trained on a data set: the best the paper's search found for the topological one.

    Args:
        widths: Of the hidden layers of the encoder; the decoder mirrors them.
        batch: Points per step.
        rate: Adam's learning rate.
        weight: Of the topological term beside the mean squared error.
    """

    widths: tuple[int, ...]
    batch: int
    rate: float
    weight: float


DEEP = (1000, 500, 250)
SETTINGS = {
    SPHERES: Setting((32, 32), 28, 2.727e-4, 0.4336),
    "mnist": Setting(DEEP, 126, 1.53e-4, 0.5),
    "fashion_mnist": Setting(DEEP, 95, 6.5e-3, 2.226),
}


@dataclass(frozen=True)
class Recipe:
    """All that determines a run next to its data, method and seed.

    Args:
        points: Training points used (15 % of them for validation), 0 for all.
        test_points: Test points that are measured, 0 for all.
        epochs: Passes over the points at most.
        patience: Passes without a lower validation loss after which training stops.
    """

    points: int = 0
    test_points: int = 0
    epochs: int = 100
    patience: int = 10


@dataclass(frozen=True)
class Run:
    """One method on one data set (`SPHERES` or a file) from one seed."""

    data: str
    method: str
    seed: int


def setting(name: str) -> Setting:
    """The setting of a data set; that of MNIST for one the paper does not have."""
    return next((SETTINGS[key] for key in SETTINGS if name.startswith(key)), SETTINGS["mnist"])


class Autoencoder(nn.Module):
    """Linear layers with batch normalisation to two numbers and back.

    Args:
        features: Numbers per point.
        widths: Of the hidden layers.
        images: Whether points are images in [-1, 1]: then normalisation comes after the rectifier, and a hyperbolic
            tangent comes last, as in the paper's networks.
    """

    def __init__(self, features: int, widths: Sequence[int], images: bool) -> None:
        super().__init__()
        self.encoder = _layers((features, *widths, 2), images)
        self.decoder = _layers((2, *reversed(widths), features), images)
        if images:
            self.decoder.append(nn.Tanh())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latent points and reconstructions."""
        z = self.encoder(x)
        return z, self.decoder(z)


def _layers(widths: Sequence[int], images: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in zip(widths[:-2], widths[1:-1], strict=True):
        between = [nn.ReLU(), nn.BatchNorm1d(b)] if images else [nn.BatchNorm1d(b), nn.ReLU()]
        layers += [nn.Linear(a, b), *between]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class RandomPairs(nn.Module):
    """The control: the loss of a topological autoencoder at as many pairs drawn at random, so with no tree in it."""

    def __init__(self, normalise: str, generator: torch.Generator) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.normalise, self.generator = normalise, generator

    def forward(self, points: Tensor, latent: Tensor) -> Tensor:
        """Sum of the squared differences of 2 (n - 1) distances, divided by n."""
        x, z = as_pair(points, latent)
        n = len(points)
        i = torch.randint(n, (1, 2 * n - 2), generator=self.generator)
        j = (i + torch.randint(1, n, i.shape, generator=self.generator)) % n
        edges = (torch.zeros(1, 1, dtype=torch.int64), i, j)
        gap = lengths(x, edges) / unit(x, self.normalise) - lengths(z, edges) / checked_scale(self.scale, z)  # type: ignore[arg-type]
        return gap.square().sum() / n


def train(
    model: Autoencoder, term: nn.Module | None, x: Tensor, how: Setting, recipe: Recipe, generator: torch.Generator
) -> list[float]:
    """Trains until the validation loss has not fallen for `patience` passes and goes back to its lowest.

    Returns the validation loss after each pass.
    """
    order = torch.randperm(len(x), generator=generator)
    held, kept = order.tensor_split([round(0.15 * len(x))])
    everything = nn.ModuleList([model] if term is None else [model, term])
    optimizer = torch.optim.Adam(everything.parameters(), lr=how.rate, weight_decay=1e-5)
    best = copy.deepcopy(everything.state_dict())
    losses: list[float] = []
    while len(losses) < recipe.epochs:
        everything.train()
        for rows in kept[torch.randperm(len(kept), generator=generator)].split(how.batch):
            if len(rows) == min(how.batch, len(kept)):  # whole minibatches, as in the paper's code
                optimizer.zero_grad()
                _loss(model, term, x[rows], how.weight).backward()
                optimizer.step()
        everything.eval()
        with torch.no_grad():
            losses.append(float(np.mean([float(_loss(model, term, x[rows], how.weight)) for rows in
                                         held.split(how.batch) if len(rows) > 1])))  # fmt: skip
        if losses[-1] == min(losses):
            best = copy.deepcopy(everything.state_dict())
        if len(losses) - losses.index(min(losses)) > recipe.patience:
            break
    everything.load_state_dict(best)
    return losses


def _loss(model: Autoencoder, term: nn.Module | None, x: Tensor, weight: float) -> Tensor:
    z, back = model(x)
    error = functional.mse_loss(back, x)
    return error if term is None else error + weight * term(x, z)


@lru_cache(maxsize=4)
def part_of(data: str, points: int, test_points: int) -> Images:
    """The part of the data that is used, the same for all methods and seeds; rows of numbers, images in [-1, 1]."""
    if data == SPHERES:
        whole = spheres()
    else:
        read = read_images(data)
        whole = read._replace(train=2 * read.train.flatten(1) - 1, test=2 * read.test.flatten(1) - 1)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(whole.train), generator=generator)[: points or None]
    tests = torch.randperm(len(whole.test), generator=generator)[: test_points or None]
    return Images(whole.name, whole.train[rows], whole.train_labels[rows], whole.test[tests], whole.test_labels[tests])


def embedded(run: Run, recipe: Recipe) -> tuple[np.ndarray, float | None, int]:
    """The test points in the plane, the mean squared error of their reconstruction, and the passes it took."""
    data = part_of(run.data, recipe.points, recipe.test_points)
    if run.method == "t-SNE":
        # It has no map for new points: as in the paper it sees the test points.
        return TSNE(random_state=run.seed, n_jobs=1).fit_transform(data.test.numpy()), None, 0
    generator = torch.Generator().manual_seed(run.seed)
    if run.method == "PCA":
        kept = torch.randperm(len(data.train), generator=generator)[round(0.15 * len(data.train)) :]
        pca = PCA(2, random_state=run.seed).fit(data.train[kept].numpy())
        z = pca.transform(data.test.numpy())
        return z, float(((pca.inverse_transform(z) - data.test.numpy()) ** 2).mean()), 0
    how, images = setting(data.name), run.data != SPHERES
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        model = Autoencoder(prod(data.train.shape[1:]), how.widths, images)
    normalise = "cube" if images else "max"
    term = {
        PLAIN: lambda: None,
        RANDOM: lambda: RandomPairs(normalise, torch.Generator().manual_seed(run.seed)),
        TOPOLOGICAL: lambda: TopologicalAutoencoderLoss(normalise=normalise),  # type: ignore[arg-type]
    }[run.method]()
    losses = train(model, term, data.train, how, recipe, generator)
    with torch.no_grad():
        z, back = model.eval()(data.test)
    return z.numpy(), float(functional.mse_loss(back, data.test)), len(losses)


def picture(z: np.ndarray, labels: np.ndarray) -> list[list[int]]:
    """Latent points as grey pixels, the classes from bright to dark, that with the most points darkest."""
    low, high = z.min(0), z.max(0)
    place = ((SIDE - 1) * (z - low) / np.where(high > low, high - low, 1)).round().astype(int)
    classes, counts = np.unique(labels, return_counts=True)
    pixels = np.zeros((SIDE, SIDE), dtype=int)
    for level, name in enumerate(classes[np.argsort(-counts, kind="stable")]):
        rows = place[labels == name]
        pixels[SIDE - 1 - rows[:, 1], rows[:, 0]] = 2 + level
    return pixels.tolist()


def measured(run: Run, recipe: Recipe, work: Path) -> dict[str, Any]:
    """What a run gives; one that was made before is read from its file in `work`."""
    words = json.dumps([asdict(run) | {"data": Path(run.data).stem}, asdict(recipe)], sort_keys=True)
    place = work / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.json"
    return kept(place, lambda: _measured(run, recipe))


def _measured(run: Run, recipe: Recipe) -> dict[str, Any]:
    torch.set_num_threads(1)
    start = time.perf_counter()
    data = part_of(run.data, recipe.points, recipe.test_points)
    z, error, epochs = embedded(run, recipe)
    seconds = time.perf_counter() - start
    ks = [k for k in KS if 2 * k < len(data.test)]
    return asdict(run) | {
        "data": data.name,
        "measures": measures(data.test.numpy(), z, ks) | {"mse": error},
        "epochs": epochs,
        "seconds": seconds,
        "picture": picture(z, data.test_labels.numpy()),
    }


def runs(data: Sequence[str], seeds: int, seed: int) -> list[Run]:
    """All runs of the study, those of one seed together, so that a stopped study has whole seeds."""
    return [Run(name, method, seed + k) for k in range(seeds) for name in data for method in METHODS]


def results(
    data: Sequence[str], recipe: Recipe, seeds: int, seed: int, work: Path, workers: int, progress: Progress | None
) -> list[dict[str, Any]]:
    """The results of all runs, in their order, on `workers` processes of one thread each."""
    for name in data:  # a bad file stops the study here, not in a worker an hour later
        few = len(part_of(name, recipe.points, recipe.test_points).test)
        if few <= 2 * KS[0]:
            raise ValueError(f"{name} must have more than {2 * KS[0]} test points to be measured, got {few}")
    work.mkdir(parents=True, exist_ok=True)
    todo = runs(data, seeds, seed)
    return side_by_side(measured, [(run, recipe, work) for run in todo], workers, progress, _name)


def _name(run: Run, *_: object) -> str:
    return f"{Path(run.data).stem} {run.method}, seed {run.seed}"
