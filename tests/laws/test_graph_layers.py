"""Laws of layers on graphs: a batch is its graphs, the numbering does not matter, compiled is the same."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import topolens as tl
from graph_layers import LAYERS, made, random_graphs, rows
from topolens.layers import TOGL, lower_stars, persistence_readout, vertex_intervals

SIZES = [7, 1, 0, 12, 30, 2, 0]
LEARNED = [name for name in LAYERS if name != "TOGL without topology"]


def graph(edge_index: Tensor, batch: Tensor, item: int) -> tuple[Tensor, Tensor]:
    """Rows and edges of one graph."""
    own = (batch == item).nonzero()[:, 0]
    start = int(own[0]) if len(own) else 0
    return own, edge_index[:, batch[edge_index[0]] == item] - start


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_is_its_graphs_one_by_one(name: str) -> None:
    x, edges, batch = random_graphs(SIZES)
    layer = made(name)
    together = rows(layer, x, edges, batch, len(SIZES))
    for item in range(len(SIZES)):
        own, ends = graph(edges, batch, item)
        alone = rows(layer, x[own], ends, torch.zeros_like(own), 1)
        assert torch.allclose(alone[0], together[item], atol=1e-12)


@pytest.mark.parametrize("name", LEARNED)
def test_vertices_have_no_numbers(name: str) -> None:
    """Vertices renumbered, edges shuffled, turned round and doubled where that means nothing."""
    x, edges, batch = random_graphs([30])
    layer = made(name)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    place = order.argsort()
    moved = place[edges][:, torch.randperm(edges.shape[1], generator=torch.Generator().manual_seed(2))]
    assert torch.allclose(rows(layer, x[order], moved, batch, 1), rows(layer, x, edges, batch, 1), atol=1e-12)
    if isinstance(layer, TOGL):
        before, after = layer(x, edges, batch).vertices, layer(x[order], moved.flip(0), batch).vertices
        assert torch.allclose(after, before[order], atol=1e-12)


@pytest.mark.parametrize("name", LEARNED)
def test_the_topology_matters(name: str) -> None:
    """An edge between two old vertices of a tree closes a loop; without edges all components last."""
    x, _, batch = random_graphs([6])
    path = torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    layer = made(name)
    none = torch.zeros(2, 0, dtype=torch.int64)
    assert not torch.allclose(rows(layer, x, path, batch, 1), rows(layer, x, none, batch, 1))


@pytest.mark.parametrize("name", LAYERS)
def test_compiled_is_the_same(name: str) -> None:
    x, edges, batch = random_graphs([9, 0, 15])
    layer = made(name)
    x.requires_grad_()
    torch._dynamo.reset()
    compiled = torch.compile(lambda *given: rows(layer, *given), backend="aot_eager", fullgraph=True)
    plain, traced = (f(x, edges, batch, 3) for f in (lambda *given: rows(layer, *given), compiled))
    slopes = [torch.autograd.grad(out.square().sum(), x)[0] for out in (plain, traced)]
    assert torch.allclose(plain, traced, atol=1e-12)
    assert torch.allclose(*slopes, atol=1e-10)


small = st.integers(1, 8).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1, max_size=3),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=2 * n),
    )
)


@given(small)
def test_vertex_intervals_are_the_diagrams(drawn: tuple[list[list[int]], list[tuple[int, int]]]) -> None:
    """Bars of positive length, endless bars and loops are those of `persistence`, also with ties."""
    columns, ends = drawn
    values = torch.tensor(columns, dtype=torch.float64).T
    edges = torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T
    bars = vertex_intervals(values, edges)
    for k in range(values.shape[1]):
        d = tl.persistence(tl.lower_star(values[:, k], edges))
        dead = bars.components[:, k][~bars.essential[:, k]]
        assert sorted(dead[dead[:, 0] < dead[:, 1]].tolist()) == sorted(d.of_dim(0).finite().intervals.tolist())
        born = values[:, k][bars.essential[:, k]]
        assert sorted(born.tolist()) == sorted(d.of_dim(0).essential().intervals[:, 0].tolist())
        loops = values[:, k].repeat_interleave(bars.counts[:, k].long())
        assert sorted(loops.tolist()) == sorted(d.of_dim(1).intervals[:, 0].tolist())


@given(small)
def test_components_end_as_in_extended_persistence(drawn: tuple[list[list[int]], list[tuple[int, int]]]) -> None:
    columns, ends = drawn
    values = torch.tensor(columns, dtype=torch.float64).T
    edges = torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T
    bars = vertex_intervals(values, edges, essential="component")
    extended = tl.extended_persistence(lower_stars(values, edges)).ext0
    for k in range(values.shape[1]):
        assert sorted(bars.components[:, k][bars.essential[:, k]].tolist()) == sorted(extended[k].intervals.tolist())


@given(small, st.integers(0, 50))
def test_readout_is_stable(drawn: tuple[list[list[int]], list[tuple[int, int]]], seed: int) -> None:
    """The longest bars move by at most twice what the features move."""
    columns, ends = drawn
    x = torch.tensor(columns, dtype=torch.float64).T
    edges = torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T
    moved = x + torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)).double() - 0.5
    change = persistence_readout(moved, edges, k=4) - persistence_readout(x, edges, k=4)
    assert (change.abs().amax((0, 2)) <= 2 * (moved - x).abs().amax(0) + 1e-12).all()


def test_lower_stars_are_filtrations_one_by_one() -> None:
    x, edges, batch = random_graphs(SIZES)
    together = tl.persistence(lower_stars(x, edges, batch, batch_size=len(SIZES)))
    assert together.batch_size == x.shape[1] * len(SIZES)
    for k in range(x.shape[1]):
        for item in range(len(SIZES)):
            own, ends = graph(edges, batch, item)
            alone = tl.persistence(tl.lower_star(x[own, k], ends))
            assert torch.equal(together[k * len(SIZES) + item].intervals, alone.intervals)
