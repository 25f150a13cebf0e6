"""Tables of steady, ranging and coherent persistence that were worked out by hand and by brute force."""

import pytest
import torch

from lettered_graphs import INF, Bars, bars, edge_bars, lettered
from topolens.distances import bottleneck
from topolens.graph_features import (
    articulation,
    blocks,
    clique,
    coherent,
    components,
    degree_window,
    dominating_set,
    edge_blocks,
    eulerian_edge_set,
    hub,
    in_triangle,
    independent_set,
    k_core,
    matching,
    maximal_clique,
    maximal_matching,
    on_cycle,
    ranging,
    steady,
    vertex_cover,
)

A = "ab:2 bc:5 cd:10 ce:10"
B = "vu:1 vw:1 ux:2 vy:3"
C, C_MOVED = "vu:1 vw:1 ux:2 vy:2.01", "vu:1 vw:1 ux:2.01 vy:2"
D = "vu:1 vw:1 ux:2 uz:3 vy:5 vq:5 ur:5.01 us:5.01"
D_MOVED = "vu:1 vw:1 ux:2 uz:3 vy:5.01 vq:5.01 ur:5 us:5"
K4 = "ab:1 bc:2 ac:3 cd:4 bd:5 ad:6"
GPA = "ab:14 bc:4 cd:6 de:5 ef:12 fg:8 gh:9 if:11 ia:13 ib:2 ic:3 cf:15 ce:7 hf:10"


def table(text: str) -> Bars:
    """Bars written as "b 5 10, c 10 inf"."""
    out: Bars = {}
    for name, birth, death in (row.split() for row in text.split(",")):
        out.setdefault(name, []).append((float(birth), float(death)))
    return out


STEADY = {
    # name: (graph, feature, vertices, bars)
    "A hub": (A, hub(), "edge-born", "b 5 10, c 10 inf"),
    "A D13": (A, degree_window(1, 3), "edge-born", "b 5 inf"),
    "A D02": (A, degree_window(0, 2), "edge-born", "a 2 inf, b 2 5, c 5 10, d 10 inf, e 10 inf"),
    "A independent, edge-born": (
        A,
        independent_set(max_size=2),
        "edge-born",
        "ac 5 inf, ad 10 inf, ae 10 inf, bd 10 inf, be 10 inf, de 10 inf",
    ),
    "A independent": (
        A,
        independent_set(max_size=2),
        "all",
        "bc 2 5, cd 2 10, ce 2 10, ac 2 inf, ad 2 inf, ae 2 inf, bd 2 inf, be 2 inf, de 2 inf",
    ),
    "A articulation": (A, articulation(), "edge-born", "b 5 inf, c 10 inf"),
    "A covers": (A, vertex_cover(max_size=2), "edge-born", "a 2 5, b 2 10, ab 2 10, ac 5 inf, bc 5 inf"),
    "B hub": (B, hub(), "edge-born", "v 1 2, v 3 inf"),
    "C hub": (C, hub(), "edge-born", "v 1 2, v 2.01 inf"),
    "C hub moved": (C_MOVED, hub(), "edge-born", "v 1 inf"),
    "D hub": (D, hub(), "edge-born", "v 1 2, v 5 5.01, u 3 5, u 5.01 inf"),
    "K4 hub": (K4, hub(), "edge-born", "b 2 3, c 4 5"),
    "K4 2-core": (K4, k_core(2), "edge-born", "a 3 inf, b 3 inf, c 3 inf, d 5 inf"),
    "K4 on a cycle": (K4, on_cycle(), "edge-born", "a 3 inf, b 3 inf, c 3 inf, d 5 inf"),
    "K4 in a triangle": (K4, in_triangle(), "edge-born", "a 3 inf, b 3 inf, c 3 inf, d 5 inf"),
    "K4 3-core": (K4, k_core(3), "edge-born", "a 6 inf, b 6 inf, c 6 inf, d 6 inf"),
    "K4 D13": (K4, degree_window(1, 3), "edge-born", "b 2 5, a 3 6, c 3 4, d 5 6"),
    "K4 cliques": (K4, clique(3), "edge-born", "abc 3 inf, bcd 5 inf, abd 6 inf, acd 6 inf, abcd 6 inf"),
    "K4 maximal cliques": (
        K4,
        maximal_clique(),
        "edge-born",
        "ab 1 3, bc 2 3, abc 3 6, cd 4 5, bcd 5 6, abcd 6 inf",
    ),
    "K4 independent": (K4, independent_set(), "all", "bc 1 2, ac 1 3, cd 1 4, bd 1 5, ad 1 6, acd 1 3, bcd 1 2"),
    "K4 independent pairs": (K4, independent_set(max_size=2), "all", "bc 1 2, ac 1 3, cd 1 4, bd 1 5, ad 1 6"),
    "K4 covers of two": (K4, vertex_cover(2, 2), "edge-born", "ab 1 4, ac 2 5, bc 2 6"),
    "K4 dominating": (
        K4,
        dominating_set(max_size=1),
        "edge-born",
        "a 1 2, a 3 4, a 6 inf, b 1 4, b 5 inf, c 3 inf, d 6 inf",
    ),
    "Gpa hub": (GPA, hub(), "edge-born", "i 3 4, c 6 13, g 9 10, f 12 13"),
    "Gpa articulation": (
        GPA,
        articulation(),
        "edge-born",
        "i 3 4, i 11 12, i 13 14, d 6 7, c 6 12, g 9 10, f 11 inf",
    ),
    "Gpa D24": (GPA, degree_window(2, 4), "edge-born", "c 6 7, f 11 12, i 11 13, e 12 inf, b 14 inf"),
    "Gpa cliques": (
        GPA,
        clique(3),
        "edge-born",
        "bci 4 inf, cde 7 inf, fgh 10 inf, abi 14 inf, cef 15 inf, cfi 15 inf",
    ),
}
EDGE_SETS = {
    "K4 Eulerian": (
        eulerian_edge_set(),
        {
            "ab ac bc": (3, INF),
            "bc bd cd": (5, INF),
            "ab ac bd cd": (5, INF),
            "ab ad bd": (6, INF),
            "ac ad cd": (6, INF),
            "ab ad bc cd": (6, INF),
            "ac ad bc bd": (6, INF),
        },
    ),
    "K4 matchings": (matching(2), {"ab cd": (4, INF), "ac bd": (5, INF), "ad bc": (6, INF)}),
    "K4 maximal matchings": (
        maximal_matching(),
        {
            "ab": (1, 4),
            "bc": (2, 6),
            "ac": (3, 5),
            "ab cd": (4, INF),
            "ac bd": (5, INF),
            "ad bc": (6, INF),
        },
    ),
}


@pytest.mark.parametrize("name", STEADY)
def test_steady(name: str) -> None:
    text, feature, vertices, wanted = STEADY[name]
    graph = lettered(text, vertices=vertices)
    found = steady(graph, feature)
    assert bars(found, text) == table(wanted)
    assert found.stable == feature.convex
    if feature.convex:
        assert bars(ranging(graph, feature), text) == table(wanted)


@pytest.mark.parametrize("name", EDGE_SETS)
def test_steady_sets_of_edges(name: str) -> None:
    feature, wanted = EDGE_SETS[name]
    found = edge_bars(steady(lettered(K4), feature), K4)
    assert found == {x: [bar] for x, bar in wanted.items()}


RANGING = {
    "B": (B, hub(), "v 1 inf"),
    "D": (D, hub(), "v 1 5.01, u 3 inf"),
    "D moved": (D_MOVED, hub(), "v 1 2, u 3 inf"),
    "K4 dominating": (K4, dominating_set(max_size=1), "a 1 inf, b 1 inf, c 3 inf, d 6 inf"),
    "Gpa articulation": (GPA, articulation(), "i 3 14, d 6 7, c 6 12, g 9 10, f 11 inf"),
}


@pytest.mark.parametrize("name", RANGING)
def test_ranging(name: str) -> None:
    text, feature, wanted = RANGING[name]
    assert bars(ranging(lettered(text), feature), text) == table(wanted)


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        (components(), [(2, INF), (5, 6), (8, 11)]),
        (edge_blocks(), [(4, INF), (10, 12)]),
        (blocks(), [(4, INF), (7, 12), (10, INF)]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_coherent_samplings_of_the_graph_of_14_edges(sampling, wanted: list[tuple[float, float]]) -> None:
    assert sorted(map(tuple, coherent(lettered(GPA), sampling).diagram().intervals.tolist())) == wanted


@pytest.mark.parametrize(
    ("persistence", "one", "other", "far"), [(steady, C, C_MOVED, 1.01), (ranging, D, D_MOVED, 2.005)]
)
def test_hubs_are_not_stable(persistence, one: str, other: str, far: float) -> None:
    """Weights that move by 0.01 move a bar a hundred times as far: why `stable` is False."""
    found = [persistence(lettered(text), hub()) for text in (one, other)]
    distance = bottleneck(*(f.diagram() for f in found))
    torch.testing.assert_close(distance, torch.tensor([far], dtype=torch.float64))
    assert not any(f.stable for f in found)


def test_the_figure_of_the_source() -> None:
    """Figure 2: one vertex is prevalent from 5 to 10, another from 10 on for ever."""
    d = steady(lettered(A), hub()).diagram()
    assert d.intervals.tolist() == [[5.0, 10.0], [10.0, INF]]
    assert d.cells.tolist() == [
        [5 + 1, 5 + 2],
        [5 + 3, -1],
    ]  # c has three neighbours with ce, the second edge of weight 10
