"""Neurons that another one of their layer can stand for, held against shuffled columns and subsamples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.analyses.neuron_layers import Neurons
from topolens.measures import (
    PruneCandidate,
    neuron_correlation,
    redundancy_dendrogram,
    redundant_clusters,
    sample_neurons,
)
from topolens.measures.redundancy import candidates_of
from topolens.sampling import shuffled_columns, subsample_interval

RARE = 10  # samples on which a neuron must leave its commonest value: two that fire once correlate by chance
LEVELS = tuple(0.5 + i / 100 for i in range(51))


@dataclass(frozen=True)
class Layer:
    """One layer's neurons as they are looked at.

    Args:
        x: Activations (samples, neurons).
        places: Number of each neuron in the layer as given.
        rare: Neurons left out since they hardly ever leave one value.
        thinned: Whether there were more neurons than are looked at.
    """

    x: Tensor
    places: Tensor
    rare: int
    thinned: bool


@dataclass(frozen=True)
class Listed:
    """The candidates and what they are held against.

    Args:
        rows: Layer, neuron, neuron kept for it, their correlation, the least |correlation| over subsamples.
        used: Neurons looked at.
        clusters: Of the neurons, at the level needed, chains included.
        needed: |Correlation| needed to count.
        largest: Largest |correlation| of two neurons of a layer.
        chance: The same in each copy with shuffled columns.
        chance_curve: Share of neurons that join another one's cluster in one such copy, by level.
        interval: Of the share of candidates.
    """

    rows: list[tuple[str, int, int, float, float]]
    used: int
    clusters: int
    needed: float
    largest: float
    chance: list[float]
    chance_curve: tuple[float, ...]
    interval: tuple[float, float]


def rare_below(samples: int) -> int:
    """On how many samples a neuron must leave its commonest value to be looked at."""
    return max(2, min(RARE, samples // 4))


def layers_of(found: Neurons, most: int, seed: int) -> dict[str, Layer]:
    """The layers without neurons that hardly ever vary, at most so many of each."""
    out = {}
    for name, x in found.layers.items():
        leaves = (x != x.mode(0).values).sum(0) if x.numel() else torch.zeros(x.shape[1])
        often = leaves >= rare_below(found.samples)
        kept = often.nonzero()[:, 0]
        rare = x.shape[1] - len(kept)
        thinned = len(kept) > most
        if thinned:
            kept = kept[sample_neurons(x[:, kept], most, "uniform", seed)]
        out[name] = Layer(x[:, kept], found.places[name][kept], rare, thinned)
    return out


def list_candidates(layers: dict[str, Layer], level: float, nulls: int, draws: int, seed: int) -> Listed:
    """Everything that is to be said of redundancy, before it is said."""
    real = {name: layer for name, layer in layers.items() if layer.x.shape[1] > 1}
    chance = [max(_largest(shuffled_columns(layer.x, seed + i)) for layer in real.values()) for i in range(nulls)]
    needed = max([level, *(reached * (1 + 1e-9) for reached in chance)])
    used = sum(layer.x.shape[1] for layer in layers.values())
    own = {name: _candidates(layer.x, needed) for name, layer in real.items()}
    least = {name: torch.ones(len(found), dtype=torch.float64) for name, found in own.items()}

    def share(rows: Tensor) -> float:
        number = 0
        for name, layer in real.items():
            correlation = neuron_correlation(layer.x[rows])
            number += len(candidates_of(correlation, needed)) if needed <= 1 else 0
            pairs = torch.tensor([one[:2] for one in own[name]], dtype=torch.int64).reshape(-1, 2)
            least[name] = least[name].minimum(correlation[pairs[:, 0], pairs[:, 1]].abs())
        return number / used

    samples = len(next(iter(real.values())).x)
    value, low, high = subsample_interval(share, samples, draws=draws, seed=seed)
    rows = [
        (
            name,
            int(layers[name].places[one.neuron]),
            int(layers[name].places[one.stands_in]),
            one.correlation,
            float(low),
        )
        for name, found in own.items()
        for one, low in zip(found, least[name], strict=True)
    ]
    return Listed(
        sorted(rows, key=lambda row: (list(layers).index(row[0]), row[1])),
        used,
        sum(_cluster_count(layer.x, needed) for layer in layers.values()),
        needed,
        max(_largest(layer.x) for layer in real.values()),
        chance,
        merged_shares(_shuffled(real, seed), LEVELS),
        (max(0.0, min(low, value)), min(1.0, max(high, value))),
    )


def share_of(layers: dict[str, Layer], needed: float) -> float:
    """Share of candidates among the neurons of these layers; 0 where there is none."""
    used = sum(layer.x.shape[1] for layer in layers.values())
    return sum(len(_candidates(layer.x, needed)) for layer in layers.values()) / max(used, 1)


def merged_shares(layers: dict[str, Layer], levels: tuple[float, ...]) -> tuple[float, ...]:
    """Share of neurons that join another one's cluster, at each level of |correlation|."""
    heights = [redundancy_dendrogram(layer.x).merges[:, 2] for layer in layers.values() if layer.x.shape[1] > 1]
    used = max(sum(layer.x.shape[1] for layer in layers.values()), 1)
    merges = torch.cat(heights) if heights else torch.zeros(0)
    return tuple(float((merges <= 1 - level + 1e-12).sum()) / used for level in levels)


def _shuffled(layers: dict[str, Layer], seed: int) -> dict[str, Layer]:
    return {
        name: Layer(shuffled_columns(layer.x, seed), layer.places, layer.rare, layer.thinned)
        for name, layer in layers.items()
    }


def _candidates(x: Tensor, needed: float) -> list[PruneCandidate]:
    return candidates_of(neuron_correlation(x), needed) if needed <= 1 else []


def _cluster_count(x: Tensor, needed: float) -> int:
    if needed > 1 or x.shape[1] < 2:
        return x.shape[1]
    return int(redundant_clusters(redundancy_dendrogram(x), needed).max()) + 1


def _largest(x: Tensor) -> float:
    """The largest |correlation| of two columns."""
    return float(neuron_correlation(x).abs().fill_diagonal_(0.0).max())
