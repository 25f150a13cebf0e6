"""What neurons' correlations look like, on a network and on what it is held against."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.filtrations import rips
from topolens.filtrations.rips import Rips
from topolens.measures import bar_summary, neuron_correlation, sample_neurons
from topolens.persistence import persistence
from topolens.sampling import (
    gaussian_cloud,
    same_spectrum,
    shuffled_columns,
    shuffled_pairs,
    subsample_interval,
)

MEANINGS = {
    "mean_correlation": "mean |correlation| of two neurons",
    "h0_mean_death": "mean 1 - |correlation| at which clusters of neurons merge",
    "h0_std_death": "standard deviation of these merges",
    "h0_entropy": "persistent entropy of the merges, in nats",
    "h1_bars": "number of H1 bars",
    "h1_mean_birth": "mean birth of H1 bars",
    "h1_std_birth": "standard deviation of births of H1 bars",
    "h1_mean_death": "mean death of H1 bars",
    "h1_std_death": "standard deviation of deaths of H1 bars",
    "h1_mean_life": "mean length of H1 bars, the lambda of functional graphs",
    "h1_mean_midlife": "mean of (birth + death) / 2 of H1 bars, the mu of functional graphs",
    "h1_entropy": "persistent entropy of H1 bars, in nats",
    "h1_longest": "length of the longest H1 bar",
    "h1_total": "total length of H1 bars",
}
TESTED = ("mean_correlation", "h0_mean_death", "h1_longest", "h1_total")  # together, as one test
HISTOGRAM, SHUFFLED = "same histogram of correlations", "columns shuffled"
SPECTRUM, GAUSSIAN = "random directions, same spectrum", "Gaussian, same covariance"
GAUSSIANS = 5


@dataclass(frozen=True)
class Seen:
    """What one matrix of correlations gives: the numbers named in `MEANINGS`, its bars, its |correlations|."""

    values: dict[str, float]
    diagrams: Diagrams
    pairs: Tensor

    @property
    def tested(self) -> list[float]:
        """The numbers that the verdict rests on."""
        return [self.values[name] for name in TESTED]


def seen(distances: Tensor, scale: float | None) -> Seen:
    """The numbers of distances 1 - |correlation| (n, n), bars cut off at a scale."""
    diagrams = persistence(rips(distances=distances[None], max_scale=scale), 1)
    h0, h1 = bar_summary(diagrams, 0, len(distances)), bar_summary(diagrams, 1)
    pairs = 1 - distances[tuple(torch.tril_indices(len(distances), len(distances), -1))]
    values = {
        "mean_correlation": float(pairs.mean()),
        "h0_mean_death": h0.mean_death,
        "h0_std_death": h0.std_death,
        "h0_entropy": h0.entropy,
        "h1_bars": float(h1.bars),
        "h1_mean_birth": h1.mean_birth,
        "h1_std_birth": h1.std_birth,
        "h1_mean_death": h1.mean_death,
        "h1_std_death": h1.std_death,
        "h1_mean_life": h1.mean_life,
        "h1_mean_midlife": h1.mean_midlife,
        "h1_entropy": h1.entropy,
        "h1_longest": h1.longest_life,
        "h1_total": h1.total_life,
    }
    return Seen(values, diagrams, pairs)


def distances_of(x: Tensor) -> Tensor:
    """1 - |correlation| between the columns of x."""
    return 1 - neuron_correlation(x).abs()


def drawn(layers: dict[str, Tensor], count: int, sampling: str, seed: int) -> Tensor:
    """Columns of so many neurons, drawn from the layers, with mean 0 and deviation 1."""
    flat = torch.cat(list(layers.values()), 1)
    chosen = flat[:, sample_neurons(layers, count, sampling, seed)]
    return (chosen - chosen.mean(0)) / chosen.std(0, correction=0)


def scale_within(x: Tensor, seconds: float, seed: int) -> tuple[float | None, float]:
    """The scale at which bars are cut so that each diagram keeps to its seconds, and the seconds expected of one.

    The same scale for the network and all nulls, or their bars would not compare; the dearest of three decides.
    """
    own = distances_of(x)
    scales, seconds_each = [], []
    for distances in (own, shuffled_pairs(own, seed), distances_of(shuffled_columns(x, seed))):
        cut = Rips(None, distances[None], float("inf")).within(seconds, 1)
        scales.append(cut.max_scale)
        seconds_each.append(cut.cost(1).seconds)
    least = min(scales)
    return (None if least == float("inf") else least), max(seconds_each)


def nulls_of(x: Tensor, count: int, scale: float | None, seed: int) -> dict[str, list[Seen]]:
    """What is seen on each kind of null, by its name."""
    correlation = neuron_correlation(x)
    kinds: dict[str, tuple[int, Callable[[int], Tensor]]] = {
        HISTOGRAM: (count, lambda s: shuffled_pairs(1 - correlation.abs(), s)),
        SHUFFLED: (count, lambda s: distances_of(shuffled_columns(x, s))),
        SPECTRUM: (count, lambda s: 1 - same_spectrum(correlation, s).abs()),
        GAUSSIAN: (min(count, GAUSSIANS), lambda s: distances_of(gaussian_cloud(x, s))),
    }
    return {
        name: [seen(make(1000 * (place + 1) + seed + index), scale) for index in range(many)]
        for place, (name, (many, make)) in enumerate(kinds.items())
    }


def over_samples(x: Tensor, scale: float | None, draws: int, seed: int) -> dict[str, tuple[float, float]]:
    """The interval of each number over subsamples of the samples, widened where need be to hold the number."""
    known: dict[bytes, Seen] = {}

    def at(rows: Tensor) -> Seen:
        key = rows.numpy().tobytes()
        if key not in known:
            known[key] = seen(distances_of(x[rows]), scale)
        return known[key]

    def number(name: str, rows: Tensor) -> float:
        return at(rows).values[name]

    out = {}
    for name in MEANINGS:
        found = subsample_interval(partial(number, name), len(x), draws=draws, seed=seed)
        if math.isfinite(found.low + found.high):
            out[name] = (min(found.low, found.value), max(found.high, found.value))
    return out


def over_neurons(
    layers: dict[str, Tensor], count: int, sampling: str, scale: float | None, draws: int, seed: int
) -> list[dict[str, float]]:
    """The numbers of other draws of neurons; of four in five of them where all are used."""
    total = sum(x.shape[1] for x in layers.values())
    many = count if total > count else max(round(0.8 * total), 4)
    return [
        seen(distances_of(drawn(layers, many, sampling, 500 + seed + index)), scale).values for index in range(draws)
    ]
