"""Graph classification with and without topology: TOGL and PersLay beside the same networks that see none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from topolens.diagrams import Diagrams
from topolens.extended_persistence import extended_persistence
from topolens.layers import (
    TOGL,
    GaussianTransform,
    HeatKernelSignature,
    LaplacianSpectrum,
    PersLay,
    laplacian_spectrum,
    lower_stars,
)
from topolens.studies.graph_sets import GraphBatch, GraphSet, duplicate_groups, folds

BATCH = 64
TIMES = (0.1, 10.0)


class Chunk(NamedTuple):
    """A mini-batch, with the spectra that its heat kernel signatures need."""

    graphs: GraphBatch
    spectrum: LaplacianSpectrum


class MessagePassing(nn.Module):
    """One level of GIN: two linear layers on a vertex and the sum of its neighbours, batch normalisation, ReLU."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, features))
        self.norm = nn.BatchNorm1d(features)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """New features of the vertices, with the old ones added."""
        near = torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])
        return x + torch.relu(self.norm(self.net(x + near)))


class TOGLNetwork(nn.Module):
    """Three levels on the vertices, of which the second is TOGL or another level of message passing.

    Args:
        features: Features of a vertex.
        classes: Number of classes.
        second: "togl", "static" (TOGL without topology) or "none" (message passing).
        hidden: Width.
    """

    def __init__(self, features: int, classes: int, second: str = "togl", hidden: int = 32) -> None:
        super().__init__()
        self.embed = nn.Linear(features, hidden)
        self.first, self.third = MessagePassing(hidden), MessagePassing(hidden)
        self.second = (
            MessagePassing(hidden) if second == "none" else TOGL(hidden, hidden=hidden, static=second == "static")
        )
        self.out = nn.Linear(hidden if second == "none" else 2 * hidden, classes)

    def forward(self, chunk: Chunk) -> Tensor:
        """Logits, shape (graphs, classes)."""
        x, edge_index, batch, labels = chunk.graphs
        x = self.first(self.embed(x), edge_index)
        seen = []
        if isinstance(self.second, TOGL):
            x, of_graphs = self.second(x, edge_index, batch, len(labels))
            seen = [of_graphs]
        else:
            x = self.second(x, edge_index)
        x = self.third(x, edge_index)
        counts = torch.bincount(batch, minlength=len(labels)).clamp(min=1)[:, None]
        means = x.new_zeros(len(labels), x.shape[1]).index_add(0, batch, x) / counts
        return self.out(torch.cat([means, *seen], 1))


class PersLayNetwork(nn.Module):
    """Heat kernel signatures with learnable times, extended persistence, PersLay on each kind of bar, a linear layer.

    Args:
        classes: Number of classes.
        static: Take the points (value, value) of all vertices in place of each kind of bar: no topology, the same
            parameters.
        centres: Gaussians for each kind of bar.
    """

    def __init__(self, classes: int, static: bool = False, centres: int = 16) -> None:
        super().__init__()
        self.static = static
        self.signature = HeatKernelSignature(TIMES)
        self.layers = nn.ModuleList(
            PersLay(GaussianTransform(torch.rand(centres, 2).sort(1).values, sigma=0.2)) for _ in range(4)
        )
        width = 4 * centres * len(TIMES)
        self.out = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, classes))

    def forward(self, chunk: Chunk) -> Tensor:
        """Logits, shape (graphs, classes)."""
        graphs, size = chunk.graphs, len(chunk.graphs.labels)
        values = self.signature(chunk.spectrum)
        kinds: Sequence[Diagrams]
        if self.static:
            kinds = [_points(values, graphs.batch, size)] * 4
        else:
            kinds = extended_persistence(lower_stars(values, graphs.edge_index, graphs.batch, batch_size=size))
        seen = [
            layer(_upwards(bars)).view(len(TIMES), size, -1) for layer, bars in zip(self.layers, kinds, strict=True)
        ]
        return self.out(torch.cat(seen, 2).transpose(0, 1).flatten(1))


def _upwards(bars: Diagrams) -> Diagrams:
    """Bars with the smaller end first."""
    return replace(bars, intervals=torch.stack([bars.intervals.amin(1), bars.intervals.amax(1)], 1))


def _points(values: Tensor, batch: Tensor, size: int) -> Diagrams:
    """A point of the diagonal for each vertex and filtration, items as in `lower_stars`."""
    flat = values.T.flatten()
    item = (batch + size * torch.arange(values.shape[1])[:, None]).flatten()
    cells = torch.arange(len(flat))[:, None].expand(-1, 2)
    return Diagrams(torch.stack([flat, flat], 1), torch.zeros_like(item), item, cells, size * values.shape[1])


PIPELINES: dict[str, Callable[[GraphSet], nn.Module]] = {
    "GIN-3": lambda graphs: TOGLNetwork(graphs.features.shape[1], graphs.classes, "none"),
    "GIN-2-TOGL-1": lambda graphs: TOGLNetwork(graphs.features.shape[1], graphs.classes, "togl"),
    "GIN-2-TOGL-1, static": lambda graphs: TOGLNetwork(graphs.features.shape[1], graphs.classes, "static"),
    "HKS, extended persistence, PersLay": lambda graphs: PersLayNetwork(graphs.classes),
    "HKS, points of vertices, PersLay": lambda graphs: PersLayNetwork(graphs.classes, static=True),
}


@dataclass(frozen=True)
class Recipe:
    """How pipelines are trained and tested.

    Args:
        outer: Number of outer folds.
        inner: Number of inner folds within the training part of each outer one.
        epochs: Largest number of epochs.
        rates: Learning rates of Adam to choose from.
    """

    outer: int = 10
    inner: int = 3
    epochs: int = 60
    rates: tuple[float, ...] = (1e-2, 1e-3)


class FoldScore(NamedTuple):
    """What one outer fold gives: test accuracy, and the learning rate and number of epochs chosen within."""

    accuracy: float
    rate: float
    epochs: int


class Score(NamedTuple):
    """Test accuracy of one pipeline on one set, one number per outer fold."""

    pipeline: str
    graphs: str
    accuracies: list[float]
    majority: float  # share of the largest class
    rates: list[float]  # learning rate chosen in each outer fold

    @property
    def mean(self) -> float:
        """Mean over the outer folds."""
        return mean(self.accuracies)

    @property
    def spread(self) -> float:
        """Standard deviation over the outer folds."""
        return stdev(self.accuracies) if len(self.accuracies) > 1 else math.nan


def nested_scores(graphs: GraphSet, pipeline: str, recipe: Recipe, seed: int = 0) -> Score:
    """Nested cross-validation: the inner folds choose learning rate and number of epochs, the outer fold is seen once.

    Isomorphic graphs never lie on both sides of a split.

    Args:
        graphs: The set.
        pipeline: One of `PIPELINES`.
        recipe: Numbers of folds and epochs, and learning rates.
        seed: Of splits, parameters and the order of batches.

    Raises:
        ValueError: If the pipeline is unknown.
    """
    groups = duplicate_groups(graphs)
    parts = [fold_score(graphs, groups, pipeline, number, recipe, seed) for number in range(recipe.outer)]
    majority = float(torch.bincount(graphs.labels).max()) / len(graphs.labels)
    return Score(pipeline, graphs.name, [p.accuracy for p in parts], majority, [p.rate for p in parts])


def fold_score(
    graphs: GraphSet, groups: Tensor, pipeline: str, number: int, recipe: Recipe, seed: int = 0
) -> FoldScore:
    """One outer fold of `nested_scores`; `groups` are those of `duplicate_groups`.

    Raises:
        ValueError: If the pipeline is unknown.
    """
    if pipeline not in PIPELINES:
        raise ValueError(f"pipeline must be one of {', '.join(map(repr, PIPELINES))}, got {pipeline!r}")
    train, test = folds(graphs.labels, groups, recipe.outer, seed)[number]
    splits = folds(graphs.labels[train], groups[train], recipe.inner, seed)
    curves = {
        rate: torch.tensor([_curve(graphs, pipeline, train[a], train[b], rate, recipe.epochs, seed) for a, b in splits])
        for rate in recipe.rates
    }
    best = {rate: curve.mean(0).max(0) for rate, curve in curves.items()}
    rate = max(best, key=lambda r: float(best[r].values))
    epochs = int(best[rate].indices) + 1
    return FoldScore(_curve(graphs, pipeline, train, test, rate, epochs, seed + number + 1)[-1], rate, epochs)


def _curve(
    graphs: GraphSet, pipeline: str, train: Tensor, test: Tensor, rate: float, epochs: int, seed: int
) -> list[float]:
    """Accuracy on the test part after each epoch of training on the other."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = PIPELINES[pipeline](graphs)
        optimiser = torch.optim.Adam(model.parameters(), rate)
        batches, held_out = _chunks(graphs, train[torch.randperm(len(train))]), _chunks(graphs, test)
        curve = []
        for _ in range(epochs):
            model.train()
            for place in torch.randperm(len(batches)).tolist():
                loss = nn.functional.cross_entropy(model(batches[place]), batches[place].graphs.labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            # Where vertices are alike, running figures that lag behind would be divided by no variance at all.
            update_bn([(chunk,) for chunk in batches], model)
            curve.append(_accuracy(model, held_out))
    return curve


def _chunks(graphs: GraphSet, items: Tensor) -> list[Chunk]:
    parts = list(items.split(BATCH))
    if len(parts) > 1 and len(parts[-1]) == 1:  # one graph has no variance to be normalised by
        parts[-2:] = [torch.cat(parts[-2:])]
    packed = (graphs.batch(part) for part in parts)
    return [Chunk(b, laplacian_spectrum(b.edge_index, b.batch, batch_size=len(b.labels))) for b in packed]


@torch.no_grad()
def _accuracy(model: nn.Module, chunks: list[Chunk]) -> float:
    model.eval()
    right = sum(int((model(chunk).argmax(1) == chunk.graphs.labels).sum()) for chunk in chunks)
    return right / sum(len(chunk.graphs.labels) for chunk in chunks)
