"""Every feature on every level of random graphs, with ties, as networkx decides it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import weighted_graphs
from topolens import graph_features as gf
from topolens.graph_features import Feature, WeightedGraph, weighted_graph

nx = pytest.importorskip("networkx", reason="the oracle is networkx")

INF = float("inf")
Bar = tuple[object, float, float]


def levels(graph: WeightedGraph) -> Iterator[tuple[float, "nx.Graph"]]:
    """Each weight with the graph of all that has entered by then; edges carry their number, the first to enter."""
    rows = graph.vertex_count
    values = graph.source.tolist()
    born: list[tuple[float, int]] = [(values[v], v) for v in range(rows)] if graph.vertices == "given" else []
    edges = []
    for e, (a, b) in enumerate(graph.graphs.edge_index.T.tolist()):
        entry = max([values[rows + e], *(values[v] for v in (a, b) if born)])
        if a != b:
            edges.append((entry, e, a, b))
    for level in sorted({x[0] for x in born} | {x[0] for x in edges}):
        found = nx.DiGraph() if graph.directed else nx.Graph()
        found.add_nodes_from(v for value, v in born if value <= level)
        found.add_nodes_from(range(rows) if graph.vertices == "all" else ())
        for entry, e, a, b in sorted(edges):
            if entry <= level and not found.has_edge(a, b):
                found.add_edge(a, b, number=e, weight=values[rows + e])
        yield level, found


def brute_force(graph: WeightedGraph, holding: Callable[["nx.Graph"], Iterable[object]]) -> list[Bar]:
    """Bars from what holds at each level."""
    since: dict[object, float] = {}
    bars: list[Bar] = []
    for level, at_level in levels(graph):
        now = set(holding(at_level))
        bars += [(x, since.pop(x), level) for x in since.keys() - now]
        since |= dict.fromkeys(now - since.keys(), level)
    return sorted([*bars, *((x, birth, INF) for x, birth in since.items())])


def bars(graph: WeightedGraph, feature: Feature) -> list[Bar]:
    found = gf.steady(graph, feature)
    d = found.diagram()
    assert (d.cells[:, 1] >= 0).tolist() == d.intervals[:, 1].isfinite().tolist()
    return sorted((x, *bar) for x, bar in zip(found.objects, d.intervals.tolist(), strict=True))


def subsets(of: Iterable[int], least: int = 1) -> Iterator[tuple[int, ...]]:
    rows = sorted(of)
    return (x for size in range(least, len(rows) + 1) for x in combinations(rows, size))


def edge_subsets(g: "nx.Graph") -> Iterator[tuple[tuple[int, ...], set[tuple[int, int]]]]:
    ends = {number: (a, b) for a, b, number in g.edges(data="number")}
    return ((x, {ends[e] for e in x}) for x in subsets(ends))


def is_eulerian(g: "nx.Graph") -> bool:
    return g.number_of_edges() > 0 and nx.is_eulerian(g)


def eulerian_edge_sets(g: "nx.Graph") -> Iterator[tuple[int, ...]]:
    return (x for x, edges in edge_subsets(g) if is_eulerian(nx.Graph(list(edges))))


ORACLES: dict[str, tuple[Feature, Callable[["nx.Graph"], Iterable[object]]]] = {
    "hub": (gf.hub(), lambda g: (v for v in g if g.degree[v] and all(g.degree[w] < g.degree[v] for w in g[v]))),
    "window 1 3": (gf.degree_window(1, 3), lambda g: (v for v in g if 1 < g.degree[v] < 3)),
    "window -1 1": (gf.degree_window(-1, 1), lambda g: (v for v in g if g.degree[v] < 1)),
    "window 0": (gf.degree_window(0), lambda g: (v for v in g if g.degree[v] > 0)),
    "window -1 0": (gf.degree_window(-1, 0), lambda g: ()),
    "2-core": (gf.k_core(2), lambda g: nx.k_core(g, 2)),
    "3-core": (gf.k_core(3), lambda g: nx.k_core(g, 3)),
    "cycle": (gf.on_cycle(), lambda g: {v for cycle in nx.simple_cycles(g) for v in cycle}),
    "triangle": (gf.in_triangle(), lambda g: (v for v, count in nx.triangles(g).items() if count)),
    "articulation": (gf.articulation(), nx.articulation_points),
    "clique": (gf.clique(1), lambda g: (tuple(sorted(x)) for x in nx.enumerate_all_cliques(g))),
    "maximal clique": (gf.maximal_clique(1), lambda g: (tuple(sorted(x)) for x in nx.find_cliques(g))),
    "independent": (
        gf.independent_set(1),
        lambda g: (x for x in subsets(g) if not g.subgraph(x).number_of_edges()),
    ),
    "cover": (gf.vertex_cover(), lambda g: (x for x in subsets(g) if all({*e} & {*x} for e in g.edges))),
    "dominating": (gf.dominating_set(), lambda g: (x for x in subsets(g) if nx.is_dominating_set(g, x))),
    "Eulerian vertices": (gf.eulerian_vertex_set(), lambda g: (x for x in subsets(g, 3) if is_eulerian(g.subgraph(x)))),
    "Eulerian edges": (gf.eulerian_edge_set(), eulerian_edge_sets),
    "matching": (gf.matching(), lambda g: (x for x, edges in edge_subsets(g) if nx.is_matching(g, edges))),
    "maximal matching": (
        gf.maximal_matching(),
        lambda g: (x for x, edges in edge_subsets(g) if nx.is_maximal_matching(g, edges)),
    ),
}


@pytest.mark.parametrize("name", ORACLES)
@settings(max_examples=25)
@given(graph=weighted_graphs(max_vertices=5), vertices=st.sampled_from(["edge-born", "all", "given"]))
def test_on_all_levels(name: str, graph: tuple, vertices: str) -> None:
    """With the closed forms, and by asking the definition after each edge."""
    vertex_values, edge_values, edges = graph
    if name in ("Eulerian edges", "matching", "maximal matching"):
        edge_values, edges = edge_values[:7], edges[:, :7]  # the oracle looks at all subsets
    batch = torch.zeros(len(vertex_values), dtype=torch.int64)
    given_or_word = vertex_values if vertices == "given" else vertices
    grown = weighted_graph(edge_values, edges, vertices=given_or_word, batch=None if vertices == "given" else batch)
    feature, holding = ORACLES[name]
    wanted = brute_force(grown, holding)
    assert bars(grown, feature) == wanted
    assert bars(grown, replace(feature, runs=None)) == wanted


@pytest.mark.parametrize("name", ORACLES)
@settings(max_examples=15)
@given(graph=weighted_graphs(max_vertices=5))
def test_counts_are_those_of_the_definition(name: str, graph: tuple) -> None:
    """Steady: at every level from u to v. Ranging: at some level up to u and at some level from v on."""
    _, edge_values, edges = graph
    edge_values, edges = edge_values[:7], edges[:, :7]
    grown = weighted_graph(edge_values, edges)
    feature, holding = ORACLES[name]
    found = [gf.steady(grown, feature), gf.ranging(grown, feature)]
    at = [(level, set(holding(g))) for level, g in levels(grown)]
    for i, (u, _) in enumerate(at):
        for j, (v, _) in enumerate(at[i:], start=i):
            steady = set.intersection(*(x for _, x in at[i : j + 1]))
            ranging = set().union(*(x for _, x in at[: i + 1])) & set().union(*(x for _, x in at[j:]))
            assert [f.count(u, v).tolist() for f in found] == [[len(steady)], [len(ranging)]]
            for f in found:
                birth, death = f.diagram().intervals.unbind(1)
                assert f.count(u, v) == ((birth <= u) & (death > v)).sum()


DIRECTED = {
    "source": (gf.source(), lambda g: (v for v in g if g.out_degree(v, "weight") > g.in_degree(v, "weight"))),
    "sink": (gf.sink(), lambda g: (v for v in g if g.in_degree(v, "weight") > g.out_degree(v, "weight"))),
    "source by number": (gf.source(weighted=False), lambda g: (v for v in g if g.out_degree(v) > g.in_degree(v))),
    "sink by number": (gf.sink(weighted=False), lambda g: (v for v in g if g.in_degree(v) > g.out_degree(v))),
    "hub without arrows": (gf.hub(), lambda g: ORACLES["hub"][1](g.to_undirected())),
    "2-core without arrows": (gf.k_core(2), lambda g: nx.k_core(g.to_undirected(), 2)),
    "triangle without arrows": (gf.in_triangle(), lambda g: ORACLES["triangle"][1](g.to_undirected())),
}


@pytest.mark.parametrize("name", DIRECTED)
@settings(max_examples=40)
@given(graph=weighted_graphs(max_vertices=6))
def test_digraphs_on_all_levels(name: str, graph: tuple) -> None:
    _, edge_values, edges = graph
    feature, holding = DIRECTED[name]
    grown = weighted_graph(edge_values, edges, directed=True)
    assert bars(grown, feature) == brute_force(grown, holding)


FAMILIES: dict[str, tuple[gf.CoherentSampling, Callable[["nx.Graph"], Iterable[Iterable[object]]]]] = {
    "components": (gf.components(), nx.connected_components),
    "edge blocks": (gf.edge_blocks(), lambda g: (x for x in nx.k_edge_components(g, 2) if len(x) > 1)),
    "blocks": (gf.blocks(), lambda g: (x for x in nx.biconnected_components(g) if len(x) > 2)),
    "blocks and bridges": (gf.blocks(2), nx.biconnected_components),
    "triangle communities": (gf.clique_communities(3), lambda g: nx.community.k_clique_communities(g, 3)),
    "edge communities": (gf.clique_communities(2), lambda g: nx.community.k_clique_communities(g, 2)),
}


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=40)
@given(graph=weighted_graphs(max_vertices=7))
def test_coherent_samplings_count_what_contains_what(name: str, graph: tuple) -> None:
    """The number of members at v that contain one at u, by the diagram and by the definition."""
    _, edge_values, edges = graph
    grown = weighted_graph(edge_values, edges)
    sampling, family = FAMILIES[name]
    found = gf.coherent(grown, sampling)
    d = found.diagram()
    at = [(level, [{*x} for x in family(g)]) for level, g in levels(grown)]
    for i, (u, early) in enumerate(at):
        for v, late in at[i:]:
            alive = ((d.intervals[:, 0] <= u) & (d.intervals[:, 1] > v)).sum()
            wanted = sum(any(x <= y for x in early) for y in late)
            assert found.count(u, v).tolist() == [int(alive)] == [wanted]
