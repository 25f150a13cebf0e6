"""How the classes lie in one layer: collapse, separation in the spanning tree, clusters, each with its references."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from topolens.measures import (
    ClassGap,
    ClassSeparation,
    NeuralCollapse,
    class_separation,
    neural_collapse,
    persistent_class_gap,
)
from topolens.measures.class_separation import share_between, tree_edges
from topolens.measures.dimension import distances_of
from topolens.measures.neural_collapse import class_means, variability
from topolens.sampling import Interval, subsample_interval

LEVEL = 0.05
COLLAPSED = 0.1  # NC1 of a collapsed layer, with the whole of its interval
EVEN = 0.2  # NC2 of a collapsed layer, norms and angles
BESIDE_SHUFFLED = 0.1  # its NC1 beside that of shuffled labels, which is small by itself where features are many
# Two untrained networks differ by less: of 24 seeds of a small convolutional network on MNIST and Fashion-MNIST, the
# share of edges between classes was below 0.7 of that of another seed in 0 to 3 % of pairs, by layer, interval apart.
BESIDE_UNTRAINED = 0.7
SHUFFLES = 20


@dataclass(frozen=True)
class ClassLayer:
    """What was measured on one layer."""

    name: str
    collapse: NeuralCollapse
    nc1: Interval
    nc1_shuffled: tuple[float, ...]
    nc4: float
    separation: ClassSeparation
    between: Interval
    gap: ClassGap
    nc1_ratio: Interval | None  # against the untrained twin
    between_ratio: Interval | None
    untrained: tuple[float, float] | None  # NC1 and share of edges between classes of the twin


def class_layer(
    name: str, x: Tensor, labels: Tensor, *, weight: Tensor | None, predictions: Tensor | None, twin: Tensor | None,
    permutations: int, draws: int, seed: int,
) -> ClassLayer:  # fmt: skip
    """All of a layer; ValueError where the means of the classes do not differ."""
    collapse = neural_collapse(x, labels, weight)
    place, x64 = labels.unique(return_inverse=True)[1], x.detach().to("cpu", torch.float64)
    tree = _between_of(x, place, seed)

    def interval(statistic: Callable[[Tensor], float]) -> Interval:
        return subsample_interval(statistic, len(x), draws=draws, seed=seed)

    def centred(statistic: Callable[[Tensor], float]) -> Interval:
        """NC1 rises with the number of samples, so subsamples tell its spread, but not its place."""
        value, low, high = interval(statistic)
        return Interval(value, max(value - (high - low) / 2, 0.0), value + (high - low) / 2)

    generator = torch.Generator().manual_seed(seed)
    shuffled = [place[torch.randperm(len(place), generator=generator)] for _ in range(SHUFFLES)]
    nc1_ratio = between_ratio = untrained = None
    if twin is not None:
        twin64, twin_tree = twin.detach().to("cpu", torch.float64), _between_of(twin, place, seed)
        every = torch.arange(len(x))
        untrained = (nc1_of(twin64, place), twin_tree(every))
        nc1_ratio = centred(lambda rows: _ratio(nc1_of(x64[rows], place[rows]), nc1_of(twin64[rows], place[rows])))
        between_ratio = interval(lambda rows: _ratio(tree(rows), twin_tree(rows)))
    return ClassLayer(
        name,
        collapse,
        centred(lambda rows: nc1_of(x64[rows], place[rows])),
        tuple(nc1_of(x64, other) for other in shuffled),
        math.nan if predictions is None else _other_than_nearest(x64, labels, predictions),
        class_separation(x, labels, permutations, seed=seed),
        interval(tree),
        persistent_class_gap(x, int(place.max()) + 1),
        nc1_ratio,
        between_ratio,
        untrained,
    )


def verdict_of(layer: ClassLayer, p_value: float) -> str:
    """The verdict of a layer, given its p-value corrected for all layers."""
    if p_value > LEVEL:
        return "not separated"
    even = layer.collapse.nc2_norm <= EVEN and layer.collapse.nc2_angle <= EVEN
    beside_shuffled = layer.collapse.nc1 <= BESIDE_SHUFFLED * median(layer.nc1_shuffled)
    if layer.nc1.high <= COLLAPSED and even and beside_shuffled:
        return "collapsed"
    # NC1 of the logits of untrained networks spans three powers of ten between seeds, so it cannot tell.
    is_better = layer.between_ratio is None or layer.between_ratio.high < BESIDE_UNTRAINED
    return "separated" if is_better else "as untrained"


def nc1_of(x: Tensor, place: Tensor) -> float:
    """NC1 of the classes that have two samples at least; infinite where their means are the same."""
    counts = place.bincount()
    rows = (counts[place] >= 2).nonzero()[:, 0]
    x, place = x[rows], place[rows].unique(return_inverse=True)[1]
    classes = int(place.max()) + 1
    means = class_means(x, place, classes)
    centred = means - x.mean(0)
    return variability(x - means[place], centred, classes) if bool((centred != 0).any()) else math.inf


def _between_of(x: Tensor, place: Tensor, seed: int) -> Callable[[Tensor], float]:
    """Share of edges between classes as a function of the rows that are looked at."""
    distances = distances_of(x)
    return lambda rows: share_between(tree_edges(distances[rows][:, rows], seed), place[rows])


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference > 0 else 1.0 if value == 0 else math.inf


def _other_than_nearest(x: Tensor, labels: Tensor, predictions: Tensor) -> float:
    """NC4: share of samples that are predicted to be of another class than that of the nearest mean."""
    classes, place = labels.unique(return_inverse=True)
    nearest = classes[torch.cdist(x, class_means(x, place, len(classes))).argmin(1)]
    return float((nearest != predictions).double().mean())
