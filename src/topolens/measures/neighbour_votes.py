"""What the neighbours of a sample say about its label: votes that travel over the graph of nearest samples."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import coo_matrix, csr_matrix, diags
from torch import Tensor

from topolens._checks import check_finite_points, check_tensor


def nearest_samples(features: Tensor, k: int = 10) -> Tensor:
    """Row numbers of the k nearest other samples of each sample, nearest first, shape (samples, k).

    Args:
        features: Shape (samples, d).
        k: At most samples - 1.

    Raises:
        ValueError: If features have another shape, contain NaN or infinite entries, or there are no more than k
            samples.

    Cost: all distances, in blocks of 4 million; compared in float32, so that rounding does not order equal ones.
    """
    check_finite_points(check_tensor("features", features, ("samples", "d")))
    if not 1 <= k < len(features):
        raise ValueError(f"k must be at least 1 and below the number of samples, got k={k} and {len(features)} samples")
    x = features.detach().to("cpu", torch.float64)
    x = x - x.mean(0)
    norms = x.square().sum(1)
    found, block = [], max(1, 4_000_000 // len(x))
    for start in range(0, len(x), block):
        own = x[start : start + block]
        squares = (norms[start : start + block, None] + norms - 2 * own @ x.T).clamp_min(0).float()
        squares[torch.arange(len(own)), torch.arange(start, start + len(own))] = torch.inf
        found.append(squares.topk(k, largest=False).indices)
    return torch.cat(found)


def neighbour_votes(neighbours: Tensor, labels: Tensor, classes: int, *, steps: int = 3) -> Tensor:
    """The share of each class among the labels that walk to a sample over the graph, its own label left out.

    Sum over t = 1 ... steps of (P^t - diag P^t) Y, with P = D^-1 A of the graph that joins two samples if one is among
    the nearest of the other.

    Args:
        neighbours: Nearest samples of each sample, shape (samples, k), from `nearest_samples`.
        labels: Class of each sample, shape (samples,), below `classes`; -1 where it is not known.
        classes: How many classes there are.
        steps: Longest walk.

    Returns:
        Shape (samples, classes), float64, rows of sum 1; 1 / classes each where no label arrives.

    Raises:
        ValueError: If shapes do not fit, or labels are no whole numbers or out of range.

    Cost: a sparse product per step; after three steps a sample has met about k^3 others.
    Source: ours, as the control of `label_support`: the same votes on a graph that no prediction has cut.
    """
    return shares(vote_kernel(neighbours, steps) @ one_hot(labels, len(neighbours), classes))


def vote_kernel(neighbours: Tensor, steps: int = 3) -> csr_matrix:
    """The matrix that takes labels to votes, (samples, samples), zero on its diagonal; see `neighbour_votes`.

    Args:
        neighbours: As there.
        steps: As there.
    """
    graph = neighbour_graph(neighbours)
    step = (diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph).tocsr()
    walk, total = step, step
    for _ in range(steps - 1):
        walk = walk @ step
        total = total + walk
    return (total - diags(total.diagonal())).tocsr()


def neighbour_graph(neighbours: Tensor) -> csr_matrix:
    """The symmetric matrix of zeros and ones of the graph that joins each sample to its neighbours."""
    if neighbours.ndim != 2 or neighbours.is_floating_point():
        raise ValueError(f"neighbours must be whole numbers of shape (samples, k), got {tuple(neighbours.shape)}")
    near = neighbours.detach().cpu().numpy()
    n, k = near.shape
    directed = coo_matrix((np.ones(n * k), (np.repeat(np.arange(n), k), near.ravel())), shape=(n, n)).tocsr()
    both = directed.maximum(directed.T).tocsr()
    both.sort_indices()
    return both


def one_hot(labels: Tensor, samples: int, classes: int) -> np.ndarray:
    """Labels as rows of zeros with a one, shape (samples, classes); rows of zeros where a label is -1.

    Args:
        labels: Shape (samples,).
        samples: How many there should be.
        classes: How many classes there are.
    """
    if labels.shape != (samples,) or labels.is_floating_point():
        raise ValueError(
            f"labels must hold a whole number for each of {samples} samples, got {labels.dtype} of shape "
            f"{tuple(labels.shape)}"
        )
    place = labels.detach().cpu().numpy()
    if place.size and (place.min() < -1 or place.max() >= classes):
        raise ValueError(
            f"labels must lie in 0 ... {classes - 1}, or be -1 where unknown, got {place.min()} ... {place.max()}"
        )
    known = np.flatnonzero(place >= 0)
    out = np.zeros((samples, classes))
    out[known, place[known]] = 1.0
    return out


def shares(mass: np.ndarray) -> Tensor:
    """Rows divided by their sums; rows of zeros become even."""
    positive = np.maximum(mass, 0.0)
    total = positive.sum(1, keepdims=True)
    even = np.full_like(positive, 1 / positive.shape[1])
    return torch.from_numpy(np.where(total > 1e-12, positive / np.maximum(total, 1e-12), even))
