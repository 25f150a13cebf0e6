"""Labelled sets of graphs: from files, made up, packed into batches, and split so that no graph is on both sides."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

PARTS = ("num_nodes", "num_edges", "edges", "y")


class GraphBatch(NamedTuple):
    """Graphs packed end to end: features, edges in both directions, graph of each vertex, labels of the graphs."""

    x: Tensor  # (vertices, features), float32
    edge_index: Tensor  # (2, edges), int64
    batch: Tensor  # (vertices,), int64
    labels: Tensor  # (graphs,), int64


class GraphSet(NamedTuple):
    """Graphs with whole-number labels, end to end; the ends of an edge count from its graph's first vertex."""

    name: str
    sizes: Tensor  # (graphs,), int64
    edge_counts: Tensor  # (graphs,), int64
    edges: Tensor  # (edges, 2), int64, each edge once
    labels: Tensor  # (graphs,), int64
    features: Tensor  # (vertices, features), float32

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    def batch(self, items: Tensor) -> GraphBatch:
        """The graphs of these numbers, in this order."""
        sizes, counts = self.sizes[items], self.edge_counts[items]
        vertices = _rows(self.sizes.cumsum(0)[items] - sizes, sizes)
        ends = self.edges[_rows(self.edge_counts.cumsum(0)[items] - counts, counts)]
        ends = (ends + (sizes.cumsum(0) - sizes).repeat_interleave(counts)[:, None]).T
        graph = torch.arange(len(items)).repeat_interleave(sizes)
        return GraphBatch(self.features[vertices], torch.cat([ends, ends.flip(0)], 1), graph, self.labels[items])


def _rows(starts: Tensor, counts: Tensor) -> Tensor:
    """Ranges starts[i] .. starts[i] + counts[i], one after the other."""
    place = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    return starts.repeat_interleave(counts) + place


def read_graphs(path: str | Path, name: str) -> GraphSet:
    """One set of graphs of an `.npz` file with arrays `<name>__num_nodes`, `__num_edges`, `__edges` and `__y`.

    Features are one-hot node labels where `<name>__node_label` tells vertices apart, else one-hot degrees, with one
    place for 10 and more.

    Args:
        path: The file.
        name: The set, such as "MUTAG".

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no `.npz` file, holds no set of this name, or the set has no graphs.
    """
    if Path(path).exists() and not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is no .npz file; such a file is written by numpy.savez")
    with np.load(path) as data:
        absent = [part for part in PARTS if f"{name}__{part}" not in data]
        if absent:
            sets = sorted({key.split("__")[0] for key in data})
            raise ValueError(f"{path} must hold {name}__{absent[0]}; its sets are {', '.join(sets)}")
        sizes, counts, edges, labels = (torch.from_numpy(data[f"{name}__{part}"]).long() for part in PARTS)
        if not len(sizes) or not len(labels):
            raise ValueError(f"{name} in {path} holds no graphs")
        key = f"{name}__node_label"
        marks = torch.from_numpy(data[key]).long() if key in data else None
    return _made(name, sizes, counts, edges, labels, marks)


def _made(
    name: str, sizes: Tensor, counts: Tensor, edges: Tensor, labels: Tensor, marks: Tensor | None = None
) -> GraphSet:
    """The set, with one-hot features."""
    if marks is None or len(marks.unique()) == 1:
        starts = (sizes.cumsum(0) - sizes).repeat_interleave(counts)
        marks = torch.bincount((edges + starts[:, None]).flatten(), minlength=int(sizes.sum())).clamp(max=10)
    marks = marks.unique(return_inverse=True)[1]
    return GraphSet(name, sizes, counts, edges, labels, torch.nn.functional.one_hot(marks).float())


def cycles(graphs: int = 1000, seed: int = 0) -> GraphSet:
    """Unions of cycles on 12 to 30 vertices: one cycle (label 0), or two, each of at least a third of them (label 1).

    Message passing from equal features cannot tell them apart; one component or two does.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(graphs) % 2
    drawn = []
    for label in labels:
        n = int(random.integers(12, 31))
        first = int(random.integers(n // 3, n - n // 3 + 1)) if label else n
        drawn.append((n, [*_ring(0, first), *(_ring(first, n - first) if label else [])]))
    return _packed("CYCLES", drawn, labels)


def necklaces(graphs: int = 1000, seed: int = 0, ring: int = 6, chain: int = 2) -> GraphSet:
    """Chains with two rings, joined by a chain (label 0), or merged along half of each (label 1).

    Both kinds are connected with two independent loops, so Betti numbers do not tell them apart, and both have four
    vertices of degree 3, two of degree 1 and the others of degree 2. With ring >= 20 and chain >= 5 these lie at least
    five edges apart, and three levels of message passing see nothing but the number of vertices.

    Args:
        graphs: How many.
        seed: Of their sizes.
        ring: Fewest vertices of a ring; it has at most four more.
        chain: Fewest vertices of a chain; it has at most six more where rings are apart.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(graphs) % 2
    fewest = (ring, chain, chain, chain)
    drawn = []
    for label in labels:
        around, *chains = (int(least + x) for least, x in zip(fewest, random.integers((5, 7, 7, 7)), strict=True))
        before, between, after = chains
        drawn.append(_merged(around, before, between + after) if label else _apart(around, before, between, after))
    return _packed("NECKLACES", drawn, labels)


def _apart(ring: int, before: int, between: int, after: int) -> tuple[int, list[tuple[int, int]]]:
    """Vertices and edges of two rings with three chains: rings first, then the vertices of the chains."""
    half, n = ring // 2, 2 * ring
    edges = [*_ring(0, ring), *_ring(ring, ring), *_path([half, *range(n, n + between), ring])]
    n += between
    edges += _path([0, *range(n, n + before)])
    n += before
    return n + after, edges + _path([ring + half, *range(n, n + after)])


def _merged(ring: int, before: int, after: int) -> tuple[int, list[tuple[int, int]]]:
    """Vertices and edges of two rings that share the path 0 .. ring // 2, with a chain on the rest of each."""
    half = ring // 2
    n = 2 * ring - half - 1
    after += half + 1  # as many vertices as apart
    edges = [*_ring(0, ring), *_path([half, *range(ring, n), 0])]
    edges += _path([(half + ring) // 2, *range(n, n + before)])
    return n + before + after, edges + _path([(ring + n) // 2, *range(n + before, n + before + after)])


def _ring(first: int, n: int) -> list[tuple[int, int]]:
    return [(first + i, first + (i + 1) % n) for i in range(n)]


def _path(vertices: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(vertices[:-1], vertices[1:], strict=True))


def _packed(name: str, drawn: list[tuple[int, list[tuple[int, int]]]], labels: np.ndarray) -> GraphSet:
    """Without features that tell vertices apart."""
    sizes = torch.tensor([n for n, _ in drawn])
    counts = torch.tensor([len(edges) for _, edges in drawn])
    edges = torch.tensor([edge for _, own in drawn for edge in own])
    alike = torch.ones(int(sizes.sum()), 1)
    return GraphSet(name, sizes, counts, edges, torch.from_numpy(labels).long(), alike)


def duplicate_groups(graphs: GraphSet) -> Tensor:
    """Group of each graph, shape (graphs,): isomorphic graphs, with their features, are always in one.

    Colours are refined by those of the neighbours until no more appear (1-WL); graphs with the same colours are one
    group, so that a few that are not isomorphic may share one.
    """
    everything = graphs.batch(torch.arange(len(graphs.sizes)))
    neighbours: list[list[int]] = [[] for _ in range(len(everything.x))]
    for a, b in everything.edge_index.T.tolist():
        neighbours[a].append(b)
    colours = graphs.features.unique(dim=0, return_inverse=True)[1].tolist()
    known = 0
    while known < (known := len(set(colours))):
        names: dict[tuple[int, tuple[int, ...]], int] = {}
        seen = [(c, tuple(sorted(colours[u] for u in near))) for c, near in zip(colours, neighbours, strict=True)]
        colours = [names.setdefault(one, len(names)) for one in seen]
    groups: dict[tuple[int, ...], int] = {}
    parts = torch.tensor(colours).split(graphs.sizes.tolist())
    return torch.tensor([groups.setdefault(tuple(sorted(part.tolist())), len(groups)) for part in parts])


def folds(labels: Tensor, groups: Tensor, count: int, seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Pairs (training, test) of numbers in [0, graphs): classes evenly spread, each group on one side only.

    Args:
        labels: Class of each graph, shape (graphs,).
        groups: Group of each graph, shape (graphs,), such as `duplicate_groups` gives.
        count: Number of folds.
        seed: Of the shuffle.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    split = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    parts = split.split(np.zeros(len(labels)), labels.numpy(), groups.numpy())
    return [(torch.from_numpy(train), torch.from_numpy(test)) for train, test in parts]
