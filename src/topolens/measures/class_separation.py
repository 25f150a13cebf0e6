"""How far classes lie apart, from the spanning tree of a layer: edges between classes, scales at which they merge."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from topolens.engines.edges import edge_ends
from topolens.filtrations import rips
from topolens.measures.dimension import distances_of
from topolens.measures.neural_collapse import checked_classes
from topolens.persistence import persistence
from topolens.sampling import null_p_value

SMALLEST = 1e-300


class ClassSeparation(NamedTuple):
    """How classes hang together in dimension 0.

    Args:
        between: Share of the edges of the minimum spanning tree that join two classes.
        expected: The same if labels were shuffled.
        z: `between` minus `expected`, in standard deviations over shuffles; negative where classes keep apart. NaN
            where no shuffle changes it.
        p_value: Share of shuffles with as few edges between classes, itself among them.
        merges: Scales at which classes join, rising, shape (classes - 1,).
        connects: Scale at which each class is one component by itself, in the order of the labels.
        apart: Distance of each class from the nearest sample of another one.
    """

    between: float
    expected: float
    z: float
    p_value: float
    merges: Tensor
    connects: Tensor
    apart: Tensor


def class_separation(points: Tensor, labels: Tensor, permutations: int = 999, *, seed: int = 0) -> ClassSeparation:
    """Whether neighbours are of one class: the test of Friedman and Rafsky, and the bars of dimension 0 by class.

    Args:
        points: Activations, shape (samples, d), Euclidean.
        labels: Class of each sample, shape (samples,), whole numbers.
        permutations: Shuffles of the labels over the same tree, at least 1.
        seed: Of the shuffles, and of the tree where edges are equally long.

    Returns:
        A class is one component before it touches another where `connects` is below `apart`. Both are ruled by single
        samples, as all scales of dimension 0; `between` is not.

    Raises:
        ValueError: If a shape is wrong, points contain NaN or infinite values, there are fewer than two classes, a
            class has one sample only, or there are no permutations.

    Cost: all distances, O(n^2 d), and a minimum spanning tree of all points and of each class.
    Source: "Multivariate generalizations of the Wald-Wolfowitz and Smirnov two-sample tests", 1979, for several
        classes; permutations in place of the normal approximation. The scales are ours.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    _, classes, place = checked_classes(points, labels)
    distances = distances_of(points)
    ends = tree_edges(distances, seed)
    between = share_between(ends, place)
    generator = torch.Generator().manual_seed(seed + 1)
    shuffles = torch.tensor(
        [share_between(ends, place[torch.randperm(len(place), generator=generator)]) for _ in range(permutations)],
        dtype=torch.float64,
    )
    expected = expected_between(place)
    spread = float((shuffles - expected).square().mean().sqrt())
    return ClassSeparation(
        between,
        expected,
        (between - expected) / spread if spread > 0 else math.nan,
        null_p_value(between, shuffles.tolist(), larger=False),
        *_scales(distances, place, len(classes)),
    )


def tree_edges(distances: Tensor, seed: int) -> Tensor:
    """Ends of the edges of a minimum spanning tree, shape (n - 1, 2); which of equally long ones is up to the seed."""
    n = len(distances)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    # Bars of length 0 are left out of diagrams, but duplicates are joined by edges too.
    lengths = distances[order][:, order].clamp_min(SMALLEST).fill_diagonal_(0)
    cells = persistence(rips(distances=lengths[None]), max_dim=0).finite().cells[:, 1]
    return order[torch.stack(edge_ends(cells - n), 1)]


def share_between(ends: Tensor, place: Tensor) -> float:
    """Share of the edges whose ends are of different classes."""
    return float((place[ends[:, 0]] != place[ends[:, 1]]).double().mean())


def expected_between(place: Tensor) -> float:
    """The mean of `share_between` over all shuffles of the labels, whatever the tree."""
    counts, n = place.bincount().double(), len(place)
    return float(1 - (counts * (counts - 1)).sum() / (n * (n - 1)))


def _scales(distances: Tensor, place: Tensor, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    """Merges of classes, and of each class the scale at which it is one and its distance from the others."""
    members = [(place == c).nonzero()[:, 0] for c in range(classes)]
    gaps = torch.zeros(classes, classes, dtype=torch.float64)
    for a in range(classes):
        rows = distances[members[a]]
        for b in range(a):
            gaps[a, b] = gaps[b, a] = rows[:, members[b]].min()
    connects = torch.stack([_lengths(distances[m][:, m])[-1] for m in members])
    return _lengths(gaps), connects, gaps.clone().fill_diagonal_(math.inf).amin(1)


def _lengths(distances: Tensor) -> Tensor:
    """Lengths of the edges of the minimum spanning tree, rising, those of length 0 too."""
    found = persistence(rips(distances=distances[None]), max_dim=0).finite().persistence.sort().values
    return torch.cat([found.new_zeros(len(distances) - 1 - len(found)), found])
