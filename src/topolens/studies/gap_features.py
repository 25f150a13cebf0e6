"""What is measured at each network for its generalisation gap: bars of its neurons, and their correlations alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topolens.filtrations import rips
from topolens.measures.neuron_correlations import correlation_dissimilarity
from topolens.measures.neuron_sampling import sample_neurons
from topolens.persistence import persistence
from topolens.probes import record
from topolens.studies.gap_vectors import feature_sets

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
POOL = 2
WHERE = ("trained", "untrained", "noise", "shuffled")
Features = dict[str, np.ndarray]


@dataclass(frozen=True)
class Protocol:
    """How neurons are looked at.

    Args:
        samples: Images of the training set at each draw, out of the first `POOL` times as many, the same for all
            networks.
        neurons: At each draw; a network that has fewer shows all.
        resamples: Independent draws of images and neurons.
        sampling: "importance" as published, "uniform" or "stratified", see `measures.sample_neurons`.
        seed: Of the draws.
    """

    samples: int = 2000
    neurons: int = 3000
    resamples: int = 5
    sampling: str = "importance"
    seed: int = 0


def neuron_activations(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What each layer with weights answers, every place of every channel a neuron, shape (images, neurons).

    Args:
        model: The network.
        images: Shape (images, channels, height, width).
    """
    layers = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    return dict(record(model, images, layers, positions="flatten", batch_size=500).activations)


def resampled_features(activations: dict[str, Tensor], protocol: Protocol) -> list[Features]:
    """The 33 feature sets and the moments of the correlations, for each draw of neurons.

    Args:
        activations: Layer -> shape (samples, neurons).
        protocol: How neurons are drawn.

    Cost: 4 s a draw for 3,000 neurons and 2,000 samples on one thread, and 1.1 GB.
    """
    found = []
    for draw in range(protocol.seed, protocol.seed + protocol.resamples):
        n = len(next(iter(activations.values())))
        rows = torch.randperm(n, generator=torch.Generator().manual_seed(draw))[: protocol.samples]
        seen = {name: x[rows] for name, x in activations.items()}
        neurons = sample_neurons(seen, protocol.neurons, protocol.sampling, draw)
        distances = correlation_dissimilarity(torch.cat(list(seen.values()), 1)[:, neurons])
        found.append({**feature_sets(_bars(distances)), "correlations": correlation_moments(distances)})
    return found


def correlation_moments(distances: Tensor) -> np.ndarray:
    """Mean, deviation and quantiles of the absolute correlations of pairs, and the effective rank of all over neurons.

    Args:
        distances: 1 - absolute correlation, shape (neurons, neurons).

    Returns:
        Shape (8,). The effective rank is neurons^2 over the sum of squared correlations: n if none correlate.
    """
    n = len(distances)
    strength = 1 - distances
    pairs = strength[tuple(torch.tril_indices(n, n, -1))]
    if not len(pairs):
        return np.zeros(3 + len(QUANTILES))
    quantiles = np.quantile(pairs.numpy(), QUANTILES)
    rank = n / float(strength.square().sum())
    return np.array([float(pairs.mean()), float(pairs.std(correction=0)), *quantiles, rank])


def controls(model: nn.Module, untrained: nn.Module, images: Tensor, protocol: Protocol) -> dict[str, list[Features]]:
    """`resampled_features` of the network, and of what should tell nothing of its training.

    Args:
        model: The trained network.
        untrained: The same with its first weights.
        images: Of the training set; the first ones are used.
        protocol: How neurons are looked at.

    Returns:
        By names of `WHERE`: "noise" is the trained network on Gaussian images of the pixels' mean and deviation,
        "shuffled" its activations with samples in another order for each neuron.
    """
    chosen = images[: POOL * protocol.samples]
    generator = torch.Generator().manual_seed(protocol.seed)
    noise = torch.randn(chosen.shape, generator=generator) * chosen.std(0) + chosen.mean(0)
    own = neuron_activations(model, chosen)
    shuffled = {name: x.gather(0, torch.rand(x.shape, generator=generator).argsort(0)) for name, x in own.items()}
    looked_at = own, neuron_activations(untrained, chosen), neuron_activations(model, noise), shuffled
    return {where: resampled_features(x, protocol) for where, x in zip(WHERE, looked_at, strict=True)}


def as_lists(found: dict[str, list[Features]]) -> dict[str, Any]:
    """The same as JSON has it: where -> name -> a list of numbers for each resample."""
    return {
        where: {name: [draw[name].tolist() for draw in draws] for name in draws[0]} for where, draws in found.items()
    }


def _bars(distances: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Births and deaths of the finite bars; neurons that merge at 0 count in dimension 0."""
    finite = persistence(rips(distances=distances[None]), max_dim=1).finite()
    intervals = [finite.of_dim(dim).intervals.double().numpy() for dim in (0, 1)]
    copies = np.zeros((len(distances) - 1 - len(intervals[0]), 2)) if len(distances) else np.zeros((0, 2))
    return np.concatenate([copies, intervals[0]]), intervals[1]
