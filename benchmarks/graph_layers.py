"""The suite of graph layers: `python -m benchmarks.graph_layers [--runs N]`, from the root of the repository.

Every contender runs the same TOGL with the same parameters, forward and backward; only the bars are found in different
ways. The published extension takes the filtration values to the CPU and back, graph by graph, and runs a compiled
union-find for each graph and filtration. It needs Python 3.7 and a torch of its time, so its manner is run in its
place: once with a union-find in plain Python, once with the compiled one of topolens (the nearest to the original), and
once with gudhi's simplex tree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import topolens as tl
from benchmarks.cases import Case, graphs
from benchmarks.engines import packed
from benchmarks.harness import Bench, Contender, optional
from benchmarks.suite import run_suite
from topolens.layers import TOGL, VertexIntervals, vertex_intervals

gudhi = optional("gudhi")
PACKAGES = ("torch", "numpy", "scipy", "gudhi")
ROOMS = (
    "core",
    "src/topolens/engines",
    "src/topolens/filtrations",
    "src/topolens/layers",
    "benchmarks/graph_layers.py",
)
FEATURES, FILTRATIONS = 64, 8
MANNER = "per-graph loop in the published manner"
CASE = Case("graphs-128", "128 random graphs of 30 to 100 vertices, mean degree 4", partial(graphs, 128))
TINY = Case("tiny", "2 random graphs", partial(graphs, 2))

OneFiltration = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Bars = Callable[[Tensor, Tensor, Tensor, int], VertexIntervals]


class Batch(NamedTuple):
    """What a layer is called on, and the layer."""

    layer: TOGL
    x: Tensor
    edge_index: Tensor
    batch: Tensor
    size: int
    values: Tensor


def prepare(given: list[tuple[np.ndarray, np.ndarray]]) -> Batch:
    """Graphs with both directions of every edge, random features, and a layer of fixed parameters."""
    values, edges, batch = packed(given)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = TOGL(FEATURES, FILTRATIONS)
        x = torch.randn(len(values), FEATURES)
    values = layer.filtration(x).detach().requires_grad_()
    return Batch(layer, x, torch.cat([edges, edges.flip(0)], 1), batch, len(given), values)


def at_once(values: Tensor, edge_index: Tensor, batch: Tensor, size: int) -> VertexIntervals:
    """All filtrations of all graphs in one call."""
    return vertex_intervals(values, edge_index, batch, batch_size=size)


def one_by_one(find: OneFiltration, values: Tensor, edge_index: Tensor, batch: Tensor, size: int) -> VertexIntervals:
    """Graph by graph: values to the CPU, rows of deaths and numbers of loops back, bars looked up."""
    parts = []
    for item in range(size):
        own = values[batch == item]
        edges = edge_index[:, batch[edge_index[0]] == item] - int((batch < item).sum())
        heights, ends = own.detach().cpu().numpy(), edges.cpu().numpy()
        found = [find(heights[:, k].copy(), ends) for k in range(values.shape[1])]
        deaths, counts = (torch.from_numpy(np.stack(x, 1)).to(values.device) for x in zip(*found, strict=True))
        never, top = deaths < 0, own.argmax(0, keepdim=True).expand_as(deaths)
        ended = own.gather(0, torch.where(never, top, deaths))
        parts.append((torch.stack([own, ended], -1), torch.stack([own, own.gather(0, top)], -1), counts, never))
    components, loops, counts, never = (torch.cat(x) for x in zip(*parts, strict=True))
    return VertexIntervals(components, loops, counts.to(values.dtype), never)


def python_union_find(heights: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row where the component of each vertex dies, -1 for never, and loops that close at each vertex."""
    rank = np.empty(len(heights), np.int64)
    rank[np.argsort(heights, kind="stable")] = np.arange(len(heights))
    ends = rank[edges[:, edges[0] < edges[1]]]
    low, high = ends.min(0), ends.max(0)
    order = np.lexsort((low, high))
    parent, dead, loops = list(range(len(heights))), [-1] * len(heights), [0] * len(heights)

    def root(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for a, b in zip(low[order].tolist(), high[order].tolist(), strict=True):
        first, second = sorted((root(a), root(b)))
        if first == second:
            loops[b] += 1
        else:
            parent[second], dead[second] = first, b
    vertex = np.argsort(rank)
    deaths = np.array(dead)[rank]
    return np.where(deaths < 0, -1, vertex[deaths]), np.array(loops)[rank]


def engine(heights: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same from topolens's engine, called for one graph and one filtration."""
    found = tl.lower_star(torch.from_numpy(heights), torch.from_numpy(edges)).pairs(1, 2)
    births, ends = found.cells.T
    merged = found.dim == 0
    deaths = np.arange(len(heights))
    deaths[births[merged]] = ends[merged]
    return deaths, np.bincount(births[~merged], minlength=len(heights))


def simplex_tree(heights: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same from gudhi."""
    tree = gudhi.SimplexTree()
    tree.insert_batch(np.arange(len(heights))[None], heights.astype(np.float64))
    tree.insert_batch(edges, heights[edges].max(0).astype(np.float64))
    tree.compute_persistence(homology_coeff_field=2, persistence_dim_max=True)
    finite, endless = tree.lower_star_persistence_generators()
    deaths = np.arange(len(heights))
    if finite:
        deaths[finite[0][:, 0]] = finite[0][:, 1]
    deaths[endless[0]] = -1
    loops = endless[1] if len(endless) > 1 else np.zeros(0, np.int64)
    return deaths, np.bincount(loops, minlength=len(heights))


def forward_backward(bars_of: Bars, given: Batch) -> list[Tensor]:
    """Gradients for all parameters of the layer from fixed ones on vertices and graphs, so that no loss costs time."""
    layer, x, edge_index, batch, size, _ = given
    values = layer.filtration(x, edge_index)
    bars = bars_of(values, edge_index, batch, size)
    update = torch.relu(layer.components(bars.components, batch, size))
    vertices, of_graphs = x + layer.norm(update), layer.loops(bars.loops, bars.counts, batch, size)
    return list(torch.autograd.grad((vertices, of_graphs), list(layer.parameters()), (x, torch.ones_like(of_graphs))))


def bars_alone(bars_of: Bars, given: Batch) -> list[Tensor]:
    """The same for the filtration values, without the networks before and behind."""
    bars = bars_of(given.values, given.edge_index, given.batch, given.size)
    return list(torch.autograd.grad((bars.components, bars.loops), given.values, (bars.components, bars.loops)))


def bench(variant: str, run: Callable[[Bars, Batch], list[Tensor]], gives: str) -> Bench:
    """All ways to find the bars inside the same work."""

    def contender(name: str, bars_of: Bars, **more: Any) -> Contender:
        total = lambda slopes: sum(float(slope.abs().sum()) for slope in slopes)  # noqa: E731
        return Contender(name, partial(run, bars_of), gives, prepare, total, **more)

    contenders = (
        contender("topolens", at_once, is_ours=True),
        contender(f"{MANNER}, union-find in Python", partial(one_by_one, python_union_find)),
        contender(f"{MANNER}, compiled union-find", partial(one_by_one, engine)),
        contender("per-graph loop, gudhi SimplexTree", partial(one_by_one, simplex_tree), package="gudhi"),
    )
    return Bench("togl", CASE, contenders, variant=variant, tiny=TINY)


SUITE = (
    bench(
        f"whole layer, {FILTRATIONS} filtrations, {FEATURES} features, forward and backward",
        forward_backward,
        "gradients of all parameters",
    ),
    bench(
        f"bars alone, {FILTRATIONS} filtrations, forward and backward", bars_alone, "gradients of the filtration values"
    ),
)


if __name__ == "__main__":
    run_suite("graph_layers", SUITE, PACKAGES, ROOMS)
