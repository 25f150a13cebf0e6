"""Laws of steady, ranging and coherent persistence: stability, batches, names, directions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import bars as compare
from strategies import weighted_graphs
from topolens import graph_features as gf
from topolens.distances import bottleneck
from topolens.filtrations import edge_weighted
from topolens.graph_features import Feature, PersistenceFunction, WeightedGraph, weighted_graph
from topolens.persistence import persistence

FEATURES = [
    gf.hub(),
    gf.degree_window(0, 2),
    gf.degree_window(1, 3),
    gf.degree_window(2),
    gf.k_core(2),
    gf.on_cycle(),
    gf.in_triangle(),
    gf.articulation(),
    gf.source(),
    gf.sink(),
    gf.clique(),
    gf.maximal_clique(1),
    gf.independent_set(max_size=3),
    gf.vertex_cover(max_size=3),
    gf.dominating_set(max_size=2),
    gf.eulerian_vertex_set(max_size=4),
    gf.eulerian_edge_set(),
    gf.matching(max_size=2),
    gf.maximal_matching(max_size=3),
]
CONVEX = [feature for feature in FEATURES if feature.convex]
SAMPLINGS = [gf.components(), gf.edge_blocks(), gf.blocks(), gf.blocks(2), gf.clique_communities(3)]
WORDS = st.sampled_from(["edge-born", "all"])
each_feature = pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f.name)


def functions(graph: WeightedGraph, feature: Feature) -> list[gf.FeaturePersistence]:
    return [gf.steady(graph, feature), gf.ranging(graph, feature)]


def objects(found: gf.FeaturePersistence) -> list[tuple]:
    """Objects with their intervals, whatever the order."""
    return sorted((x, *bar) for x, bar in zip(found.objects, found.diagram().intervals.tolist(), strict=True))


@st.composite
def moved(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor]:
    """One graph with two sets of weights."""
    _, values, edges = draw(weighted_graphs(max_vertices=6, levels=6))
    steps = draw(
        st.lists(st.sampled_from([-2.5, -1.0, -0.5, 0.0, 0.5, 1.0]), min_size=len(values), max_size=len(values))
    )
    # Of parallel edges the first to enter counts, so the two weights of a pair move as one only where there is one.
    key = edges.amin(0) * 100 + edges.amax(0)
    first = [i for i, k in enumerate(key.tolist()) if k not in key[:i].tolist()]
    return (
        values[first],
        (values + torch.tensor(steps, dtype=values.dtype).reshape(values.shape))[first],
        edges[:, first],
    )


def largest_move(one: Tensor, other: Tensor, edges: Tensor) -> float:
    return max((one - other)[edges[0] != edges[1]].abs().tolist(), default=0.0)


@pytest.mark.parametrize("feature", CONVEX, ids=lambda f: f.name)
@given(graph=moved(), vertices=WORDS)
def test_convex_features_are_stable_and_steady_is_ranging(feature: Feature, graph: tuple, vertices: str) -> None:
    one, other, edges = graph
    found = [functions(weighted_graph(values, edges, vertices=vertices), feature) for values in (one, other)]
    for steady, ranging in found:
        assert steady.stable
        assert objects(steady) == objects(ranging)
        assert steady.diagram().cells.tolist() == ranging.diagram().cells.tolist()
    far = bottleneck(found[0][0].diagram(), found[1][0].diagram())
    assert (far <= largest_move(one, other, edges)).all()


@pytest.mark.parametrize("feature", CONVEX, ids=lambda f: f.name)
@settings(max_examples=30)
@given(graph=moved(), own=st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 2)), min_size=6, max_size=6))
def test_convex_features_are_stable_when_vertices_move_too(feature: Feature, graph: tuple, own: list) -> None:
    one, other, edges = graph
    first, steps = torch.tensor(own, dtype=torch.float64).T
    found = [
        gf.steady(weighted_graph(values, edges, vertices=vertices), feature).diagram()
        for values, vertices in ((one, first), (other, first + steps))
    ]
    assert bottleneck(*found) <= max(largest_move(one, other, edges), float(steps.abs().max()))


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: s.name)
@given(graph=moved())
def test_coherent_samplings_are_stable(sampling: gf.CoherentSampling, graph: tuple) -> None:
    one, other, edges = graph
    found = [gf.coherent(weighted_graph(values, edges), sampling).diagram() for values in (one, other)]
    assert (bottleneck(*found) <= largest_move(one, other, edges)).all()


@each_feature
@settings(max_examples=20)
@given(graphs=st.lists(weighted_graphs(max_vertices=5), min_size=1, max_size=4), vertices=WORDS)
def test_a_batch_is_its_items_one_by_one(feature: Feature, graphs: list, vertices: str) -> None:
    sizes = [len(v) for v, _, _ in graphs]
    batch = torch.arange(len(graphs)).repeat_interleave(torch.tensor(sizes))
    edges = torch.cat([e + sum(sizes[:i]) for i, (_, _, e) in enumerate(graphs)], 1)
    values = torch.cat([w for _, w, _ in graphs])
    together = gf.steady(
        weighted_graph(values, edges, vertices=vertices, batch=batch, directed=feature.directed), feature
    )
    assert together.diagram().batch_size == len(graphs)
    counts = together.count(2, 3)
    first_row = first_edge = 0
    for b, (own, w, e) in enumerate(graphs):
        zeros = torch.zeros(len(own), dtype=torch.int64)
        graph = weighted_graph(w, e, vertices=vertices, batch=zeros, directed=feature.directed)
        alone = gf.steady(graph, feature)
        d, of_item = alone.diagram(), together.diagram()[b]
        assert torch.equal(of_item.intervals, d.intervals)
        assert counts[b] == alone.count(2, 3)
        things = [x for x, i in zip(together.objects, together.diagram().batch.tolist(), strict=True) if i == b]
        back = first_edge if feature.objects == "edge sets" else first_row
        assert things == [tuple(p + back for p in x) if isinstance(x, tuple) else x + back for x in alone.objects]
        first_row, first_edge = first_row + len(own), first_edge + len(w)


@each_feature
@settings(max_examples=20)
@given(graph=weighted_graphs(max_vertices=5), data=st.data())
def test_names_and_the_order_of_edges_do_not_matter(feature: Feature, graph: tuple, data: st.DataObject) -> None:
    own, values, edges = graph
    rename = torch.tensor(data.draw(st.permutations(range(len(own)))))
    order = torch.tensor(data.draw(st.permutations(range(len(values)))), dtype=torch.int64)
    batch = torch.zeros(len(own), dtype=torch.int64)
    one = weighted_graph(values, edges, batch=batch, directed=feature.directed)
    other = weighted_graph(values[order], rename[edges[:, order]], batch=batch, directed=feature.directed)
    for a, b in zip(functions(one, feature), functions(other, feature), strict=True):
        assert compare.rows(a.diagram()) == compare.rows(b.diagram())
        if feature.objects != "edge sets":
            renamed = [
                (tuple(sorted(rename[list(x)].tolist())) if isinstance(x, tuple) else int(rename[x]), *bar)
                for x, *bar in objects(a)
            ]
            assert sorted(renamed) == objects(b)


@each_feature
@settings(max_examples=20)
@given(graph=weighted_graphs(max_vertices=5))
def test_superlevel_is_the_sublevel_of_the_negative(feature: Feature, graph: tuple) -> None:
    """Sources compare weights, so only their numbers of edges are compared here."""
    feature = gf.source(weighted=False) if feature.directed else feature
    own, values, edges = graph
    for vertices in ("edge-born", "all", own):
        born = {"vertices": vertices, "directed": feature.directed}
        negated = {"vertices": -vertices if isinstance(vertices, Tensor) else vertices, "directed": feature.directed}
        up = weighted_graph(values, edges, **born)
        down = weighted_graph(-values, edges, superlevel=True, **negated)
        for a, b in zip(functions(up, feature), functions(down, feature), strict=True):
            assert torch.equal(a.diagram().intervals, -b.diagram().intervals)
            assert torch.equal(a.diagram().cells, b.diagram().cells)
            assert a.objects == b.objects
            assert torch.equal(a.count(1, 3), b.count(-1, -3))


@given(graph=weighted_graphs(max_vertices=8))
def test_components_are_homology_of_dimension_0(graph: tuple) -> None:
    """With weights on vertices; bars of two functions in one protocol."""
    own, values, edges = graph
    filtration = edge_weighted(values, edges, vertex_values=own)
    found: list[PersistenceFunction] = [
        gf.coherent(weighted_graph(values, edges, vertices=own), gf.components()),
        gf.homology(filtration),
    ]
    assert all(isinstance(f, PersistenceFunction) for f in found)
    one, other = (f.diagram() for f in found)
    assert compare.rows(one) == compare.rows(other) == compare.rows(persistence(filtration, 0))
    for u, v in ((0.0, 0.0), (1.0, 3.0), (2.0, 5.0), (-1.0, 9.0)):
        assert found[0].count(u, v) == found[1].count(u, v)


@given(graph=weighted_graphs(max_vertices=7), vertices=WORDS)
def test_the_inequality_of_persistence_functions(graph: tuple, vertices: str) -> None:
    """Rising in u, falling in v, and no more arrive between two levels the later one looks."""
    _, values, edges = graph
    grown = weighted_graph(values, edges, vertices=vertices)
    levels = sorted({-1.0, *values.tolist()})
    found: list[PersistenceFunction] = [*functions(grown, gf.hub()), gf.coherent(grown, gf.blocks(2))]
    for f in found:
        table = [[int(f.count(u, v).sum()) if u <= v else 0 for v in levels] for u in levels]
        n = range(len(levels))
        assert all(table[i][k] <= table[j][k] for i in n for j in n for k in n if i <= j <= k)
        assert all(table[i][j] >= table[i][k] for i in n for j in n for k in n if i <= j <= k)
        for i, j, k, m in ((i, j, k, m) for i in n for j in n for k in n for m in n if i <= j < k <= m):
            assert table[j][k] - table[i][k] >= table[j][m] - table[i][m]


@given(graph=weighted_graphs(max_vertices=8), data=st.data())
def test_degree_intervals_are_the_steady_degree_windows(graph: tuple, data: st.DataObject) -> None:
    own, values, edges = graph
    values[data.draw(st.integers(0, len(values))) :] = data.draw(st.sampled_from([2.0, float("inf")]))
    windows = [(0, 1), (0, 2), (1, 3), (2, None), (0, None), (1, 9)]
    batch = torch.zeros(len(own), dtype=torch.int64)
    for sign in (1, -1):
        options = {"batch": batch, "superlevel": sign < 0}
        dense = gf.degree_intervals(sign * values, edges, windows, **options)
        assert dense.shape == (len(own), len(windows), 2)
        for i, (m, n) in enumerate(windows):
            found = gf.steady(weighted_graph(sign * values, edges, **options), gf.degree_window(m, n))
            born, dies = dense[:, i].unbind(1)
            alive = (born != dies).nonzero()[:, 0].tolist()
            assert objects(found) == [(v, *dense[v, i].tolist()) for v in alive]
        capped = gf.degree_intervals(sign * values, edges, windows, never=sign * 50.0, **options)
        assert torch.equal(capped, dense.clamp(-50, 50))
