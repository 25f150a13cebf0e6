"""Reeb nets of predictions: a graph of samples cut along its predictions until each piece is small or of one mind."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from torch import Tensor

from topolens._checks import check_no_nan, check_positive, check_tensor
from topolens.measures.neighbour_votes import neighbour_graph, one_hot, shares


class ReebNet(NamedTuple):
    """Pieces of a graph of samples, and which of them meet.

    Args:
        nodes: Row numbers of the samples of each piece, rising; a sample near a cut is in more than one.
        edges: Pairs of nodes that share samples, or that hold ends of the edges which keep the net as connected as the
            graph was; shape (edges, 2), first below second.
        strengths: Samples shared, or edges held, by each of `edges`, shape (edges,), int64.
        samples: How many samples there are.
    """

    nodes: tuple[Tensor, ...]
    edges: Tensor
    strengths: Tensor
    samples: int


def reeb_net(
    neighbours: Tensor,
    lenses: Tensor,
    *,
    largest: int = 20,
    smallest: int = 5,
    overlap: float = 0.01,
    tolerance: float = 0.01,
    steps: int = 10,
) -> ReebNet:
    """Pieces in which samples are near each other and predicted alike.

    Lenses are smoothed over the graph and scaled to [0, 1]. A piece of more than `largest` samples is cut in the middle
    of the lens that varies most over it, and falls into the connected components of its two halves.

    Args:
        neighbours: Nearest samples of each sample, shape (samples, k), from `nearest_samples`; read as undirected.
        lenses: One number per sample and lens, shape (samples, lenses): probabilities of the classes.
        largest: Pieces up to this size are left whole.
        smallest: Smaller pieces join the one they have most edges to.
        overlap: Of the two halves, as a share of the range of the lens, in [0, 1).
        tolerance: A piece over which no lens varies by more than this is left whole.
        steps: Of smoothing, P <- P_0 / 2 + D^-1 A P / 2.

    Raises:
        ValueError: If shapes do not fit, lenses contain NaN, or a size, the overlap or the tolerance is out of range.

    Cost: about log2(samples) passes over the graph.
    Source: "Topological structure of complex predictions", 2023, methods.
    """
    x = check_no_nan("lenses", check_tensor("lenses", lenses, ("samples", "lenses"))).detach().to("cpu", torch.float64)
    if neighbours.ndim != 2 or len(neighbours) != len(x):
        raise ValueError(f"neighbours must have shape ({len(x)}, k), got {tuple(neighbours.shape)}")
    check_positive("tolerance", tolerance)
    if not 0 <= overlap < 1 or not 1 <= smallest <= largest:
        raise ValueError(
            f"overlap must lie in [0, 1) and 1 <= smallest <= largest, got {overlap}, {smallest} and {largest}"
        )
    graph = neighbour_graph(neighbours)
    pieces = _cut(graph, _smoothed(graph, x.numpy(), steps), largest, overlap, tolerance)
    pieces = _joined(graph, pieces, smallest)
    edges, strengths = _net_edges(graph, _membership(pieces, len(x)))
    return ReebNet(tuple(torch.from_numpy(p) for p in pieces), edges, strengths, len(x))


def label_support(net: ReebNet, labels: Tensor, classes: int, *, steps: int = 2) -> Tensor:
    """The share of each class among the labels that reach a sample over the net, its own label left out.

    Labels gather in the nodes of their samples, take lazy steps along the net, and are read off by the samples.

    Args:
        net: From `reeb_net`.
        labels: Class of each sample, shape (samples,), below `classes`; -1 where it is not known.
        classes: How many classes there are.
        steps: Of the lazy walk between nodes; 0 stays within them.

    Returns:
        Shape (samples, classes), float64, rows of sum 1; 1 / classes each where no label arrives. One minus the entry
        of a sample's label (prediction) estimates how likely that is wrong.

    Raises:
        ValueError: If labels have another shape, are no whole numbers, or out of range.

    Source: "Topological structure of complex predictions", 2023, methods; that a sample's own label is left out is
        ours: without, every label speaks for itself.
    """
    votes = one_hot(labels, net.samples, classes)
    member = _membership([node.numpy() for node in net.nodes], net.samples)
    sent = csr_matrix(member @ _walk(net, steps))  # what a sample reads off each node
    own = np.asarray(member.multiply(sent).sum(1)).ravel()
    return shares(sent @ (member.T @ votes) - own[:, None] * votes)


def _smoothed(graph: csr_matrix, lenses: np.ndarray, steps: int) -> np.ndarray:
    step = diags(1 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1)) @ graph
    out = lenses
    for _ in range(steps):
        out = 0.5 * lenses + 0.5 * (step @ out)
    low, high = out.min(0), out.max(0)
    # A lens that varies by rounding only must not be blown up to [0, 1].
    return (out - low) / np.where(high - low > 1e-9, high - low, 1.0)


def _cut(graph: csr_matrix, lenses: np.ndarray, largest: int, overlap: float, tolerance: float) -> list[np.ndarray]:
    done: list[np.ndarray] = []
    waiting = _components(graph, np.arange(graph.shape[0]))
    while waiting:
        piece = waiting.pop()
        own = lenses[piece]
        low, high = own.min(0), own.max(0)
        lens = int((high - low).argmax())
        spread = high[lens] - low[lens]
        if len(piece) <= largest or spread <= tolerance:
            done.append(piece)
            continue
        middle, margin = (low[lens] + high[lens]) / 2, overlap * spread / 2
        for half in (own[:, lens] <= middle + margin, own[:, lens] > middle - margin):
            waiting += _components(graph, piece[half])
    return sorted(done, key=lambda piece: piece.tolist())


def _components(graph: csr_matrix, rows: np.ndarray) -> list[np.ndarray]:
    count, label = connected_components(graph[rows][:, rows], directed=False)
    order = np.argsort(label, kind="stable")
    return np.split(rows[order], np.cumsum(np.bincount(label, minlength=count))[:-1]) if count else []


def _membership(pieces: list[np.ndarray], samples: int) -> csr_matrix:
    """Which sample is in which piece, shape (samples, pieces)."""
    columns = np.repeat(np.arange(len(pieces)), [len(p) for p in pieces])
    rows = np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64)
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(samples, len(pieces)))


def _joined(graph: csr_matrix, pieces: list[np.ndarray], smallest: int) -> list[np.ndarray]:
    """Pieces below the smallest size go to the one they hold most edges to, until none is left that could."""
    while True:
        member = _membership(pieces, graph.shape[0])
        between = (member.T @ graph @ member).tolil()
        between.setdiag(0)
        between = between.tocsr()
        between.eliminate_zeros()
        goes, target = [], []
        for place, piece in enumerate(pieces):
            row = between[[place]]
            if len(piece) < smallest and row.nnz:
                goes.append(place)
                target.append(int(row.indices[row.data.argmax()]))
        if not goes:
            return pieces
        size = len(pieces)
        _, label = connected_components(coo_matrix((np.ones(len(goes)), (goes, target)), shape=(size, size)), False)
        groups = [np.flatnonzero(label == group) for group in range(max(label) + 1)]
        merged = [np.unique(np.concatenate([pieces[i] for i in group])) for group in groups]
        pieces = sorted(merged, key=lambda piece: piece.tolist())


def _net_edges(graph: csr_matrix, member: csr_matrix) -> tuple[Tensor, Tensor]:
    """Edges between nodes that share samples, and the strongest others that are needed to connect them."""
    shared = (member.T @ member).tolil()
    shared.setdiag(0)
    shared = shared.tocsr()
    shared.eliminate_zeros()
    count, label = connected_components(shared, directed=False)
    group = _membership([np.flatnonzero(label == g) for g in range(count)], member.shape[1])
    held = (member.T @ graph @ member).tocoo()
    apart = label[held.row] != label[held.col]
    row, column, weight = held.row[apart], held.col[apart], held.data[apart]
    # The strongest edge between two groups of nodes stands for them; ties go to the first.
    order = np.lexsort((column, row, -weight))
    pairs = np.stack([label[row[order]], label[column[order]]], 1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    best = order[np.sort(first)]
    lengths = coo_matrix((1 / weight[best], (label[row[best]], label[column[best]])), shape=(group.shape[1],) * 2)
    tree = set(zip(*(x.tolist() for x in minimum_spanning_tree(lengths.tocsr()).nonzero()), strict=True))
    kept = [e for e in best if (label[row[e]], label[column[e]]) in tree]
    own = shared.tocoo()
    ends = np.concatenate([np.stack([own.row, own.col], 1)[own.row < own.col], np.stack([row[kept], column[kept]], 1)])
    strengths = np.concatenate([own.data[own.row < own.col], weight[kept]])
    ends = np.sort(ends, 1)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    return torch.from_numpy(ends[order].astype(np.int64)), torch.from_numpy(strengths[order].astype(np.int64))


def _walk(net: ReebNet, steps: int) -> np.ndarray:
    """The lazy walk between nodes, (nodes, nodes): how much of what starts in a column is read in a row."""
    m = len(net.nodes)
    weights = np.zeros((m, m))
    i, j = net.edges.numpy().T
    weights[i, j] = weights[j, i] = net.strengths.numpy()
    degree = weights.sum(1)
    step = 0.5 * np.eye(m) + 0.5 * np.where(degree[:, None] > 0, weights / np.maximum(degree, 1)[:, None], np.eye(m))
    return np.linalg.matrix_power(step, steps)
