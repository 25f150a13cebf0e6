"""Extended persistence of graphs = the textbook: the boundary matrix of the coned graph, reduced."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

import nasty
import strategies
from bars import difference
from graph_packing import Graph, packed
from topolens.engines import Pairs, canonical, concatenate
from topolens.engines.reference import reduce
from topolens.extended_persistence import ExtendedDiagrams, extended_persistence
from topolens.filtrations import LowerStar, lower_star

KINDS = ExtendedDiagrams._fields


def coned(values: np.ndarray, rows: range, edges: list[tuple[int, int]]) -> Iterator[tuple[tuple, list, int]]:
    """Cells of a graph and of its cone in order, as (name, names of the faces, vertex that it enters with).

    Going up, an edge enters with its later end. Then follows the cone over each of them, going down, where an edge
    enters with its earlier end. The apex is older than all.
    """
    order = sorted(rows, key=lambda v: (values[v], v))
    rank = {v: r for r, v in enumerate(order)}
    yield ("down",), [], -1
    for v in order:
        yield ("up", v), [], v
        for a, b in edges:
            if max(rank[a], rank[b]) == rank[v]:
                yield ("up", a, b), [("up", a), ("up", b)], v
    for v in reversed(order):
        yield ("down", v), [("up", v), ("down",)], v
        for a, b in edges:
            if min(rank[a], rank[b]) == rank[v]:
                yield ("down", a, b), [("up", a, b), ("down", a), ("down", b)], v


def textbook(f: LowerStar, item: int) -> list[Pairs]:
    """Extended bars of one graph, in the order of ExtendedDiagrams."""
    values = f.values.double().numpy()
    edges = sorted({(a, b) for a, b, _ in f.graphs.edges(item)})
    names, faces, vertices = zip(*coned(values, f.graphs.rows(item), edges), strict=True)
    position = {name: k for k, name in enumerate(names)}
    partner = reduce([{position[face]: 1 for face in own} for own in faces], 2)
    bars: dict[str, list[tuple[int, int, int]]] = {kind: [] for kind in KINDS}
    for birth, death in partner.items():
        sweeps = names[birth][0], names[death][0]
        dim = len(faces[birth]) - 1 if faces[birth] else 0
        kind = {("up", "up"): "ord", ("down", "down"): "rel", ("up", "down"): "ext"}[sweeps] + str(dim)
        one, other = vertices[birth], vertices[death]
        if kind.startswith("ext") or values[one] != values[other]:
            bars[kind].append((dim, one, other))
    tables = [np.array(bars[kind], dtype=np.int64).reshape(-1, 3) for kind in KINDS]
    return [Pairs(t[:, 0], np.zeros(len(t), np.int64), t[:, 1:]) for t in tables]


def differences(f: LowerStar) -> str:
    """Empty if the four diagrams are the textbook's."""
    found = extended_persistence(f)
    by_item = [textbook(f, item) for item in range(f.batch_size)]
    said = []
    for k, kind in enumerate(KINDS):
        expected = canonical(concatenate([kinds[k] for kinds in by_item]))
        own = Pairs(*(x.numpy() for x in (found[k].dim, found[k].batch, found[k].cells)))
        if text := difference(own, expected):
            said.append(f"{kind}: {text}")
    return "; ".join(said)


def labelled_graphs(n: int) -> list[list[tuple[int, int]]]:
    possible = list(combinations(range(n), 2))
    return [[e for k, e in enumerate(possible) if mask >> k & 1] for mask in range(2 ** len(possible))]


def test_all_graphs_up_to_five_vertices_in_all_orders() -> None:
    """All 1,099 labelled graphs with values rising by label: that is each graph in each order of its vertices."""
    graphs: list[Graph] = [(list(map(float, range(n))), edges) for n in range(1, 6) for edges in labelled_graphs(n)]
    f = packed(graphs)
    assert f.batch_size == 1 + 2 + 8 + 64 + 1024
    assert differences(f) == ""


def test_all_graphs_up_to_five_vertices_with_ties() -> None:
    generator = torch.Generator().manual_seed(0)
    graphs: list[Graph] = [
        (torch.randint(3, (n,), generator=generator).double().tolist(), edges)
        for n in range(1, 6)
        for edges in labelled_graphs(n)
    ]
    assert differences(packed(graphs)) == ""


def test_graphs_of_six_vertices() -> None:
    generator = torch.Generator().manual_seed(1)
    possible = list(combinations(range(6), 2))
    graphs: list[Graph] = []
    for density in torch.rand(700, generator=generator).tolist():
        chosen = torch.rand(len(possible), generator=generator) < density
        values = torch.randint(8, (6,), generator=generator).double().tolist()
        graphs.append((values, [e for e, kept in zip(possible, chosen.tolist(), strict=True) if kept]))
    assert differences(packed(graphs)) == ""


@settings(max_examples=150)
@given(strategies.graphs(max_vertices=14, levels=9))
def test_random_graphs_with_loops_and_doubles(graph: tuple[Tensor, Tensor]) -> None:
    assert differences(lower_star(*graph)) == ""
    assert differences(lower_star(*graph, superlevel=True)) == ""


@pytest.mark.parametrize("edges", [60, 150, 400])
def test_larger_graphs(edges: int) -> None:
    generator = torch.Generator().manual_seed(edges)
    values = torch.rand(60, generator=generator)
    assert differences(lower_star(values, torch.randint(60, (2, edges), generator=generator))) == ""


@pytest.mark.parametrize("name", [n for n, (values, *_) in nasty.GRAPHS.items() if values.isfinite().all()])
def test_nasty_graphs(name: str) -> None:
    values, edges, batch = nasty.GRAPHS[name]
    assert differences(lower_star(values, edges, batch)) == ""


def test_float32_and_float64_agree() -> None:
    generator = torch.Generator().manual_seed(3)
    values, edges = torch.rand(400, generator=generator), torch.randint(400, (2, 900), generator=generator)
    for one, other in zip(
        *(extended_persistence(lower_star(x, edges)) for x in (values, values.double())), strict=True
    ):
        assert torch.equal(one.cells, other.cells)


def test_one_thread_is_two_threads(use_threads) -> None:
    generator = torch.Generator().manual_seed(2)
    f = packed(
        [
            (torch.rand(n, generator=generator).tolist(), torch.randint(n, (3 * n, 2), generator=generator).tolist())
            for n in (1, 50, 7, 4000, 3, 1500)
        ]
    )
    use_threads(1)
    alone = extended_persistence(f)
    for count in (2, 3):
        use_threads(count)
        for one, other in zip(alone, extended_persistence(f), strict=True):
            assert torch.equal(one.cells, other.cells)
            assert torch.equal(one.batch, other.batch)
