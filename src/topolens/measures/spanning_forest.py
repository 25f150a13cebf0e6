"""Maximum spanning trees of the bipartite graph between the inputs and the outputs of a layer."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from topolens._checks import check_floating
from topolens.engines import compiled

SAMPLE = 4096
EDGES_PER_COMPONENT = 4  # random weights need a half of it


class MagnitudePruning(NamedTuple):
    """How far a layer can be pruned by magnitude before its graph falls apart.

    Args:
        share: Of the weights, those smaller than the weakest edge of the spanning tree: pruning them by magnitude
            leaves all neurons connected, pruning one magnitude more does not.
        threshold: The magnitude of that weakest edge.
        most: Share that any way of pruning can take and leave the graph connected: all but n - 1 edges.
        components: Pieces that the graph of the weights other than 0 has already; 1 where it is connected.
    """

    share: float
    threshold: float
    most: float
    components: int


def spanning_tree_weights(weight: Tensor) -> Tensor:
    """Magnitudes of the edges of the maximum spanning tree of a layer's graph, in falling order.

    The graph has a vertex for each output and each input neuron and an edge of length abs(w) for each weight. These are
    where components merge when edges enter in falling order, so the bars of degree 0.

    Args:
        weight: Shape (out, in) or (out, in, kernel ...), which is read as (out, in * kernel).

    Returns:
        Shape (out + in - 1,), on the CPU, float64 for float64 and float32 otherwise, without a gradient.

    Raises:
        TypeError: If `weight` is no floating-point tensor.
        ValueError: If it has fewer than two axes or no entries, or contains NaN or infinite ones.

    Cost: two passes over the matrix for the largest entry of each row and column (one round of Boruvka's method), one
        for the long edges between the at most min(out, in) components of these, and a tree of the components.

    Example:
        >>> spanning_tree_weights(torch.tensor([[3.0, -2.0], [0.5, 1.0]]))
        tensor([3., 2., 1.])
    """
    return torch.from_numpy(_tree(magnitudes("weight", weight)))


def magnitude_pruning_bound(weight: Tensor) -> MagnitudePruning:
    """What share of a layer's weights can be pruned by magnitude before its bipartite graph falls apart.

    Args:
        weight: Shape (out, in) or (out, in, kernel ...), which is read as (out, in * kernel).

    Returns:
        A share of 0 with a threshold of 0 where weights of 0 have disconnected neurons already.

    Raises:
        TypeError, ValueError: As `spanning_tree_weights`.

    Cost: its spanning tree and one pass.
    Source: "A zeroth-order topological perspective on magnitude pruning" (Balwani and Krzyston, 2022): what keeps the
        spanning tree keeps the bars of degree 0.

    Example:
        >>> magnitude_pruning_bound(torch.tensor([[3.0, -2.0], [0.5, 1.0]])).share
        0.25
    """
    entries = magnitudes("weight", weight)
    tree = _tree(entries)
    threshold = float(tree[-1])
    return MagnitudePruning(
        float((entries < tree[-1]).mean()),
        threshold,
        1 - len(tree) / entries.size,
        int((tree == 0).sum()) + 1,
    )


def magnitudes(name: str, weight: Tensor) -> np.ndarray:
    """Absolute entries of a weight as a matrix on the CPU, checked."""
    if not isinstance(weight, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(weight).__name__}; use torch.as_tensor({name})")
    if check_floating(name, weight).ndim < 2 or not weight.numel():
        raise ValueError(
            f"{name} must have shape (out, in) or (out, in, kernel ...) with at least one entry, got "
            f"{tuple(weight.shape)}; of a whole network pass the matrices of probes.weight_matrices"
        )
    entries = np.abs(compiled.array(weight.flatten(1)))
    if not np.isfinite(entries.max()):  # the largest entry is NaN if one is
        found = "NaN" if np.isnan(entries).any() else "infinite entries"
        raise ValueError(f"{name} contains {found}; a network that diverged has no graph of weights, take one before")
    return entries


def _tree(entries: np.ndarray) -> np.ndarray:
    """Edges of the maximum spanning tree of a bipartite graph with these lengths (rows, columns), falling."""
    rows, columns = entries.shape
    # Ties go to the first column of a row and the first row of a column: one order of all edges, so no cycle.
    best_column, best_row = entries.argmax(1), _first_largest_row(entries)
    column = np.flatnonzero(best_column[best_row] != np.arange(columns))  # the others are edges of their row already
    i = np.concatenate([np.arange(rows), best_row[column]])
    j = np.concatenate([best_column, column])
    graph = coo_matrix((np.ones(len(i), dtype=np.int8), (i, rows + j)), shape=(rows + columns, rows + columns))
    count, label = connected_components(graph, directed=False)
    found = entries[i, j]
    if count > 1:
        found = np.concatenate([found, _tree_between(entries, label[:rows], label[rows:], count)])
    return np.sort(found)[::-1].copy()


def _first_largest_row(entries: np.ndarray) -> np.ndarray:
    """`entries.argmax(0)`, in a tenth of its time: numpy walks down the columns for that."""
    row, column = np.divmod(np.flatnonzero(entries == entries.max(0)), entries.shape[1])
    first = np.full(entries.shape[1], len(entries))
    np.minimum.at(first, column, row)
    return first


def _tree_between(entries: np.ndarray, row_label: np.ndarray, column_label: np.ndarray, count: int) -> np.ndarray:
    """Edges that join the components of a first round: looked for among long edges, and among more if these fail."""
    flat = entries.reshape(-1)
    some = np.sort(flat[:: max(len(flat) // SAMPLE, 1)])
    wanted = EDGES_PER_COMPONENT * count * math.log(count + 1) / len(flat)
    while True:
        shortest = some[int(len(some) * (1 - wanted))] if wanted < 0.5 else 0
        place = np.flatnonzero(flat >= shortest)
        row, column = np.divmod(place, entries.shape[1])
        between = np.full(count * count, -1, dtype=entries.dtype)
        np.maximum.at(between, row_label[row] * count + column_label[column], flat[place])
        between = between.reshape(count, count)
        longest = torch.from_numpy(np.maximum(between, between.T))
        lengths = -longest
        lengths.fill_diagonal_(torch.inf)
        i, j = compiled.spanning_tree(lengths[None])[0].T
        edges = longest[i, j].numpy()
        if edges.min() >= 0:
            return edges
        wanted *= 8
