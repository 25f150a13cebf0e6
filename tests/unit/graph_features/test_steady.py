"""Weighted graphs and their features by hand: kinds of vertices, ties, digraphs, own features, refusals."""

import pytest
import torch

from lettered_graphs import INF, bars, lettered
from topolens import graph_features as gf
from topolens.graph_features import Feature, weighted_graph

PATH = torch.tensor([[0, 1], [1, 2]])
WEIGHTS = torch.tensor([1.0, 2.0])
NONE = torch.zeros(2, 0, dtype=torch.int64)
NAN = float("nan")
LEAF = Feature("leaf", "vertices", convex=True, rule=lambda graph, v: graph.degree(v) == 1, reach="ends")


def test_vertices_come_with_their_first_edge_or_at_once_or_by_their_own_weight() -> None:
    text = "ab:1 bc:2"
    isolated = gf.degree_window(-1, 1)
    assert bars(gf.steady(lettered(text), isolated), text) == {}
    assert bars(gf.steady(lettered(text, vertices="all"), isolated), text) == {"c": [(1.0, 2.0)]}
    own = torch.tensor([0.5, 3.0, -1.0], dtype=torch.float64)
    found = gf.steady(lettered(text, vertices=own), isolated)
    assert bars(found, text) == {"a": [(0.5, 3.0)], "c": [(-1.0, 3.0)]}
    assert found.diagram().cells.tolist() == [[0, 1], [2, 1]]  # both end when b enters: that lets the edges in


def test_cells_are_edges_numbered_on_from_the_vertices() -> None:
    d = gf.steady(weighted_graph(WEIGHTS, PATH), LEAF).diagram()
    assert d.cells.tolist() == [[3, -1], [3, 4], [4, -1]]
    assert d.intervals.tolist() == [[1.0, INF], [1.0, 2.0], [2.0, INF]]
    assert d.dim.tolist() == [0, 0, 0]


def test_equal_weights_enter_at_once() -> None:
    """At 1 all of a path is there: its middle is a hub from the start, and its ends never were."""
    found = gf.steady(weighted_graph(torch.ones(2), PATH), gf.hub())
    assert found.objects == (1,)
    assert found.diagram().intervals.tolist() == [[1.0, INF]]


def test_a_gap_within_one_weight_is_no_gap() -> None:
    """With vy before vz the hub v would stop for a moment at 2."""
    text = "vu:1 vw:1 uz:2 vy:2 vx:2"
    assert bars(gf.steady(lettered(text), gf.hub()), text) == {"v": [(1.0, INF)]}


def test_what_lasts_no_time_does_not_count() -> None:
    """Among the edges of weight 1 the vertex v would be a hub for a moment, and again at 4 before u catches up."""
    text = "vu:1 vw:1 ux:1 vy:2 uz:3 vp:4 uq:4"
    for persistence in (gf.steady, gf.ranging):
        assert bars(persistence(lettered(text), gf.hub()), text) == {"v": [(2.0, 3.0)]}


def test_repeated_edges_and_loops() -> None:
    edges = torch.tensor([[0, 1, 1, 1], [1, 0, 1, 2]])
    found = gf.steady(weighted_graph(torch.tensor([5.0, 1.0, 0.0, 2.0]), edges), gf.degree_window(0, 2))
    assert found.objects == (0, 1, 2)
    assert found.diagram().intervals.tolist() == [[1.0, INF], [1.0, 2.0], [2.0, INF]]


def test_what_never_enters() -> None:
    found = gf.steady(weighted_graph(torch.tensor([1.0, INF]), PATH), gf.degree_window(0))
    assert found.objects == (0, 1)


def test_superlevel() -> None:
    found = gf.steady(weighted_graph(WEIGHTS, PATH, superlevel=True), gf.degree_window(0, 2))
    assert found.objects == (0, 2, 1)
    assert found.diagram().intervals.tolist() == [[1.0, -INF], [2.0, -INF], [2.0, 1.0]]
    assert found.count(2, 1.5).tolist() == [2]


def test_nothing() -> None:
    for batch, size in ((None, 0), (torch.zeros(2, dtype=torch.int64), 1)):
        for vertices in ("edge-born", "all"):
            graph = weighted_graph(torch.zeros(0), NONE, vertices=vertices, batch=batch)
            for found in (gf.steady(graph, gf.hub()), gf.ranging(graph, gf.clique(1)), gf.coherent(graph, gf.blocks())):
                assert len(found.diagram()) == 0
                assert found.diagram().batch_size == size
                assert found.count(0, 1).tolist() == [0] * size
    lonely = weighted_graph(torch.zeros(0), NONE, vertices=torch.tensor([3.0, 1.0]))
    assert gf.coherent(lonely, gf.components()).diagram().intervals.tolist() == [[3.0, INF], [1.0, INF]]
    assert gf.steady(lonely, gf.independent_set()).diagram().intervals.tolist() == [[3.0, INF]]


def test_arrows() -> None:
    """a sends 1 to b and gets 2 back, then 1 to c: a sink from 2 on, until more leaves it."""
    text = "ab:1 ba:2 ac:3"
    found = {name: bars(gf.steady(lettered(text, directed=True), f), text) for name, f in
             {"source": gf.source(), "sink": gf.sink()}.items()}  # fmt: skip
    assert found["source"] == {"a": [(1.0, 2.0), (3.0, INF)], "b": [(2.0, INF)]}
    assert found["sink"] == {"a": [(2.0, 3.0)], "b": [(1.0, 2.0)], "c": [(3.0, INF)]}
    by_number = gf.ranging(lettered(text, directed=True), gf.source(weighted=False))
    assert bars(by_number, text) == {"a": [(1.0, INF)]}


def test_counts_between_levels_and_beyond() -> None:
    found = gf.steady(weighted_graph(WEIGHTS, PATH), LEAF)
    assert [int(found.count(u, v)) for u, v in ((0.5, 0.9), (1, 1), (1.5, 1.9), (1, 2), (2, 2), (2, 99))] == [
        0, 2, 2, 1, 2, 2,
    ]  # fmt: skip


def test_input_is_not_changed_and_keeps_its_type() -> None:
    for dtype in (torch.float16, torch.float32, torch.float64):
        weights, edges = WEIGHTS.to(dtype), PATH.clone()
        d = gf.steady(weighted_graph(weights, edges), LEAF).diagram()
        assert d.intervals.dtype == dtype
        assert torch.equal(weights, WEIGHTS.to(dtype))
        assert torch.equal(edges, PATH)


def test_a_member_must_stay_whole() -> None:
    """Ends of the tree fall apart: what looks like a sampling is none."""
    leaves = gf.CoherentSampling(
        "leaves", lambda graph: [frozenset([v]) for v in graph.neighbours if graph.degree(v) == 1]
    )
    with pytest.raises(ValueError, match=r"each member of leaves must lie in exactly one .* lies in 0; the sampling"):
        gf.coherent(weighted_graph(WEIGHTS, PATH), leaves)


def test_too_many_sets() -> None:
    graph = weighted_graph(torch.arange(28.0), torch.combinations(torch.arange(8)).T)
    sets = [f() for f in (gf.independent_set, gf.clique, gf.maximal_clique, gf.vertex_cover, gf.dominating_set)]
    sets += [gf.matching(), gf.maximal_matching(), gf.eulerian_edge_set(), gf.eulerian_vertex_set()]
    sets += [Feature("everything", "edge sets", convex=True, rule=lambda graph, x: True)]
    for feature in sets:
        with pytest.raises(
            ValueError,
            match=f"{feature.name} has more than 100 candidates in a graph of 8 vertices and 28 edges; pass the "
            "feature a max_size, or raise max_candidates",
        ):
            gf.steady(graph, feature, max_candidates=100)
    assert len(gf.steady(graph, gf.clique(max_size=2), max_candidates=100).objects) == 28
    wide = weighted_graph(torch.arange(400.0), torch.stack([torch.zeros(400).long(), torch.arange(1, 401)]))
    with pytest.raises(ValueError, match="vertex_cover has more than 100000 candidates"):
        gf.steady(wide, gf.vertex_cover())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edge_values": torch.tensor([1.0, NAN])}, "edge_values contains NaN; remove"),
        ({"edge_values": torch.tensor([1.0, -INF])}, "edge_values contains -inf, a birth at infinity"),
        ({"edge_values": torch.ones(3)}, "edge_values must hold one value per edge, got 3 values for 2 edges"),
        ({"vertices": "some"}, 'vertices must be "edge-born", "all" or a tensor of values, got \'some\''),
        ({"vertices": torch.tensor([0.0, NAN, 1.0])}, "vertices contains NaN"),
        ({"vertices": torch.zeros(2)}, r"edge_index must name rows in \[0, 2\), got 0 to 2"),
        ({"batch": torch.tensor([0, 0, 1])}, "edge_index joins vertices of two graphs"),
        ({"batch": torch.tensor([1, 0, 0])}, "batch must be 3 integers that never fall"),
        ({"edge_index": PATH.T[:, :1]}, r"edge_index must have shape \(2, edges\), got \(2, 1\)|one value per edge"),
    ],
)
def test_refused_graphs(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        weighted_graph(**{"edge_values": WEIGHTS, "edge_index": PATH, **change})


def test_refused_types() -> None:
    with pytest.raises(TypeError, match="edge_values must be a floating-point tensor, got torch.int64"):
        weighted_graph(torch.tensor([1, 2]), PATH)
    with pytest.raises(TypeError, match="edge_index must be an integer tensor"):
        weighted_graph(WEIGHTS, PATH.float())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gf.degree_window(2, 2), "degree_window needs -1 <= m < n, got m = 2 and n = 2"),
        (lambda: gf.degree_window(-2), "degree_window needs -1 <= m < n, got m = -2"),
        (lambda: gf.k_core(0), "k_core needs k of at least 1, got 0"),
        (lambda: gf.blocks(1), "min_size of blocks must be at least 2, one edge, got 1"),
        (lambda: gf.clique_communities(1), "k of clique_communities must be at least 2, got 1"),
        (lambda: gf.clique(3, 2), "sizes of clique must satisfy 1 <= min_size <= max_size, got 3 and 2"),
        (lambda: gf.matching(0), "sizes of matching must satisfy 1 <= min_size"),
        (lambda: gf.eulerian_edge_set(0), "sizes of eulerian_edge_set must satisfy"),
        (lambda: Feature("x", "faces", True, print), "objects must be one of vertices, vertex sets, edge sets, got"),
        (lambda: Feature("x", "vertices", True, print, "far"), "reach must be one of ends, neighbours, graph, got"),
        (lambda: gf.steady(weighted_graph(WEIGHTS, PATH), gf.sink()), "sink needs a digraph; pass directed=True"),
        (lambda: gf.steady(weighted_graph(WEIGHTS, PATH), LEAF).count(2, 1), "count needs u <= v, got u = 2 and v = 1"),
        (
            lambda: gf.coherent(weighted_graph(WEIGHTS, PATH, superlevel=True), gf.components()).count(1, 2),
            "count needs u >= v in a superlevel filtration, got u = 1 and v = 2; exchange them",
        ),
        (lambda: gf.steady(weighted_graph(WEIGHTS, PATH), LEAF).count(NAN, 1), "count needs u <= v, got u = nan"),
        (lambda: gf.degree_intervals(WEIGHTS, PATH, [(1, 1)]), r"windows must be pairs \(m, n\) with 0 <= m < n"),
        (lambda: gf.degree_intervals(WEIGHTS, PATH, [(-1, 1)]), r"windows must be pairs \(m, n\) with 0 <= m < n"),
        (lambda: gf.degree_intervals(WEIGHTS[:1], PATH, [(0, 1)]), "one value per edge, got 1 values for 2 edges"),
        (lambda: gf.degree_intervals(WEIGHTS * NAN, PATH, [(0, 1)]), "edge_values contains NaN"),
    ],
)  # fmt: skip
def test_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_degree_intervals_of_nothing() -> None:
    assert gf.degree_intervals(torch.zeros(0), NONE, [(0, 1)]).shape == (0, 1, 2)
    assert gf.degree_intervals(WEIGHTS, PATH, []).shape == (3, 0, 2)
    lonely = gf.degree_intervals(torch.zeros(0), NONE, [(0, 1)], batch=torch.tensor([0, 1]), never=1.0)
    assert lonely.tolist() == [[[1.0, 1.0]], [[1.0, 1.0]]]


def test_a_long_path_needs_no_recursion() -> None:
    n = 3000
    ends = torch.stack([torch.arange(n - 1), torch.arange(1, n)])
    found = gf.steady(weighted_graph(torch.ones(n - 1), ends), gf.k_core(1))
    assert len(found.objects) == n
    from topolens.graph_features.connectivity import blocks_of

    neighbours = {v: [w for w in (v - 1, v + 1) if 0 <= w < n] for v in range(n)}
    assert len(blocks_of(neighbours)) == n - 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu() -> None:
    weights, edges = torch.rand(200, dtype=torch.float64), torch.randint(40, (2, 200))
    windows = [(0, 2), (1, 4), (3, None)]
    here = gf.degree_intervals(weights, edges, windows)
    there = gf.degree_intervals(weights.cuda(), edges.cuda(), windows)
    assert there.device.type == "cuda"
    assert torch.equal(there.cpu(), here)
    d, e = (gf.steady(weighted_graph(w, i), gf.hub()).diagram() for w, i in
            ((weights, edges), (weights.cuda(), edges.cuda())))  # fmt: skip
    assert e.intervals.device.type == e.cells.device.type == "cuda"
    assert torch.equal(e.intervals.cpu(), d.intervals)
