"""Which neurons say the same: clusters by the merges of dimension 0, and neurons that another one can stand for."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from topolens.measures.neuron_correlations import correlation_dissimilarity, neuron_correlation


class Dendrogram(NamedTuple):
    """How neurons merge into clusters of like ones.

    Args:
        merges: Shape (neurons - 1, 4), float64, as `scipy.cluster.hierarchy.linkage` gives it: the two clusters that
            merge, at which 1 - absolute correlation, and the number of neurons of the union. Cluster neurons + i is
            that of row i.
        neurons: How many there are.
    """

    merges: Tensor
    neurons: int


class PruneCandidate(NamedTuple):
    """A neuron that another one can stand for.

    Args:
        neuron: Its number.
        stands_in: The neuron that is kept for it.
        correlation: Between the two, with its sign.
    """

    neuron: int
    stands_in: int
    correlation: float


def redundancy_dendrogram(activations: Tensor) -> Dendrogram:
    """Single linkage of neurons by 1 - absolute correlation: bars of dimension 0 with the clusters that merge there.

    Args:
        activations: Shape (samples, neurons).

    Raises:
        ValueError: If the shape is wrong, there is no neuron, or an entry is NaN or infinite.

    Cost: O(neurons^2) time, 12 bytes for each pair of neurons.
    Source: "Minimum spanning trees and single linkage cluster analysis", 1969.
    """
    from scipy.cluster.hierarchy import linkage

    distances = correlation_dissimilarity(activations).detach().cpu()
    n = len(distances)
    if n == 0:
        raise ValueError("there must be at least one neuron, got none")
    if n == 1:
        return Dendrogram(torch.zeros(0, 4, dtype=torch.float64), 1)
    rows, columns = torch.triu_indices(n, n, 1)
    return Dendrogram(torch.from_numpy(linkage(distances[rows, columns].numpy(), "single")), n)


def redundant_clusters(dendrogram: Dendrogram, level: float = 0.95) -> Tensor:
    """Cluster of each neuron, shape (neurons,), int64: chains of neurons whose correlation is `level` or more in size.

    Clusters are numbered in the order of their first neurons. The ends of a chain may correlate less:
    `prune_candidates` asks for the level between a neuron and the one kept for it.

    Args:
        dendrogram: Of `redundancy_dendrogram`.
        level: Least absolute correlation within a chain, in (0, 1].

    Raises:
        ValueError: If `level` lies outside (0, 1].
    """
    _check_level(level)
    members = [[neuron] for neuron in range(dendrogram.neurons)]
    for left, right, height, _ in dendrogram.merges.tolist():
        joined = height <= 1 - level + 1e-12
        members.append(members[int(left)] + members[int(right)] if joined else [])
    labels = torch.full((dendrogram.neurons,), -1, dtype=torch.int64)
    for cluster in reversed(members):  # the latest unions first: they hold the earlier ones
        if cluster and int(labels[cluster[0]]) < 0:
            labels[cluster] = min(cluster)
    return labels.unique(return_inverse=True)[1]


def prune_candidates(activations: Tensor, level: float = 0.95) -> list[PruneCandidate]:
    """Neurons that could be left out, since one that is kept has an absolute correlation of at least `level` with them.

    The neuron with most such partners is kept first, its partners are candidates, and so on among those left.

    Args:
        activations: Shape (samples, neurons). Constant neurons are not candidates: they say nothing, not the same.
        level: In (0, 1].

    Returns:
        In the order of the neurons' numbers.

    Raises:
        ValueError: If the shape is wrong, an entry is NaN or infinite, or `level` lies outside (0, 1].

    Cost: the correlations of all neurons, and a row of them for each neuron kept.
    """
    return candidates_of(neuron_correlation(activations.detach()).cpu(), level)


def candidates_of(correlation: Tensor, level: float) -> list[PruneCandidate]:
    """The same from correlations (neurons, neurons)."""
    _check_level(level)
    alike = correlation.abs() >= level - 1e-12
    alike.fill_diagonal_(False)
    partners = alike.sum(1)
    found = []
    while len(partners) and int(partners.max()) > 0:
        kept = int(partners.argmax())
        gone = alike[kept].nonzero()[:, 0]
        found += [PruneCandidate(int(neuron), kept, float(correlation[neuron, kept])) for neuron in gone]
        done = torch.cat([gone, torch.tensor([kept])])
        partners -= alike[:, done].sum(1)
        alike[done] = False
        alike[:, done] = False
        partners[done] = 0
    return sorted(found)


def _check_level(level: float) -> None:
    if not 0 < level <= 1:
        raise ValueError(f"level must lie in (0, 1], got {level}")
