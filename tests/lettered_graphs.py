"""Small weighted graphs written as letters, and bars by the letters of their objects."""

import torch
from torch import Tensor

from topolens.graph_features import CoherentPersistence, FeaturePersistence, WeightedGraph, weighted_graph

INF = float("inf")
Bars = dict[str, list[tuple[float, float]]]


def letters(text: str) -> str:
    """The vertices of a graph, in the order of the alphabet: vertex i is the i-th of them."""
    return "".join(sorted({v for edge in text.split() for v in edge.split(":")[0]}))


def parts(text: str) -> tuple[Tensor, Tensor]:
    """Weights and edge_index of "ab:2 bc:5"; an edge leads from its first letter to its second."""
    names = letters(text)
    edges = [edge.split(":") for edge in text.split()]
    ends = torch.tensor([[names.index(v) for v in ab] for ab, _ in edges], dtype=torch.int64)
    return torch.tensor([float(w) for _, w in edges], dtype=torch.float64), ends.reshape(-1, 2).T


def lettered(text: str, **options) -> WeightedGraph:
    """The weighted graph "ab:2 bc:5"."""
    values, edges = parts(text)
    return weighted_graph(values, edges, **options)


def bars(found: FeaturePersistence | CoherentPersistence, text: str) -> Bars:
    """Bars by object: "a" for a vertex, "abc" for a set of vertices."""
    names = letters(text)
    out: Bars = {}
    for thing, bar in zip(found.objects, found.diagram().intervals.tolist(), strict=True):
        name = "".join(names[v] for v in (thing if isinstance(thing, tuple) else (thing,)))
        out[name] = sorted([*out.get(name, []), tuple(bar)])
    return out


def edge_bars(found: FeaturePersistence, text: str) -> Bars:
    """Bars by set of edges: "ab cd"."""
    edges = [edge.split(":")[0] for edge in text.split()]
    out: Bars = {}
    for thing, bar in zip(found.objects, found.diagram().intervals.tolist(), strict=True):
        name = " ".join(sorted(edges[e] for e in thing))
        out[name] = sorted([*out.get(name, []), tuple(bar)])
    return out
