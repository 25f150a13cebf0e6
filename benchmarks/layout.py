"""Drawings of Mapper graphs beside those of networkx and igraph: `python -m benchmarks.layout [--only NAME]`.

igraph is under the GPL: it runs only where the user has installed it, and nothing of it is read.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

import topolens as tl
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender, optional
from benchmarks.mapper import filters
from benchmarks.suite import run_suite
from topolens.mapper import layout, pca

nx = optional("networkx")
igraph = optional("igraph")
PACKAGES = ("torch", "numpy", "scipy", "networkx", "igraph")
ROOMS = ("core", "src/topolens/engines", "src/topolens/mapper")
ITERATIONS = 50  # what networkx makes by default


def filter_graph(n: int, resolution: int) -> tl.MapperGraph:
    """Nodes of two points or more of a graph of filters, a third of them near a circle."""
    cloud = torch.from_numpy(filters(n))
    return tl.mapper(cloud, pca(cloud, 2), resolution, 3.0, None, "first_gap").without_small(2)


def square_graph(n: int, resolution: int) -> tl.MapperGraph:
    """The cover of a square, as a mesh of cells each joined to its eight neighbours."""
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(0))
    return tl.mapper(points, points, resolution, 2.0, None, "one_cluster")


def networkx_graph(graph: tl.MapperGraph) -> Any:
    """Nodes and weighted edges alone."""
    made = nx.Graph()
    made.add_nodes_from(range(len(graph)))
    made.add_weighted_edges_from((a, b, w) for (a, b), w in zip(graph.edges.tolist(), graph.jaccard, strict=True))
    return made


def igraph_graph(graph: tl.MapperGraph) -> Any:
    """The same for igraph."""
    return igraph.Graph(n=len(graph), edges=graph.edges.tolist())


def bench(name: str, text: str, make: Any, too_slow: frozenset[str] = frozenset()) -> Bench:
    """One graph; all must place as many nodes."""
    contenders = [Contender("topolens layout", layout, "positions", total=lambda xy: float(len(xy)), is_ours=True)]
    peers = {
        "networkx spring": lambda g: nx.spring_layout(g, iterations=ITERATIONS, seed=0),
        "networkx forceatlas2": lambda g: nx.forceatlas2_layout(g, max_iter=ITERATIONS, seed=0),
        "networkx spectral": lambda g: nx.spectral_layout(g),
    }
    contenders += [
        Contender(key, run, "positions", networkx_graph, lambda xy: float(len(xy)), package="networkx")
        for key, run in peers.items()
    ]
    contenders += [
        Contender(
            "igraph Fruchterman-Reingold",
            lambda g: g.layout_fruchterman_reingold(niter=500),
            "positions",
            igraph_graph,
            lambda xy: float(len(xy)),
            package="igraph",
        )
    ]
    tiny = Case("tiny", "", partial(square_graph, 300, 5))
    return Bench("layout", Case(name, text, make), tuple(contenders), tiny=tiny, too_slow=too_slow)


SLOW = frozenset({"networkx spring", "networkx forceatlas2"})
SUITE = (
    bench("filters", "about 2,000 nodes of 20,000 filters", partial(filter_graph, 20_000, 47)),
    bench("mesh", "about 20,000 nodes of a mesh", partial(square_graph, 200_000, 145), SLOW),
)
GOALS = (
    {"text": "Layout of 2,000 nodes in 1 s", "groups": ["layout"], "cases": ["filters"], "peer": [], "factor": 1.0},
    {"text": "Layout of 20,000 nodes in 20 s", "groups": ["layout"], "cases": ["mesh"], "peer": [], "factor": 20.0},
)

if __name__ == "__main__":
    run_suite("layout", SUITE, PACKAGES, ROOMS, [goal | {"kind": "seconds"} for goal in GOALS])
