"""Layers on graphs by hand: bars of small graphs, what message passing cannot see, and what is refused."""

import copy
import io

import pytest
import torch
from torch import Tensor, nn

import topolens as tl
from graph_layers import FEATURES, LAYERS, made, random_graphs, rows
from topolens.layers import (
    GFL,
    TOGL,
    GINFiltration,
    HeatKernelSignature,
    PersistenceReadout,
    gfl_readout,
    heat_kernel_signature,
    laplacian_spectrum,
    lower_stars,
    persistence_readout,
    static_intervals,
    vertex_intervals,
)

TRIANGLES = torch.tensor([[0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3]])
HEXAGON = torch.tensor([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]])
NO_EDGES = torch.zeros(2, 0, dtype=torch.int64)
ONE = torch.zeros(6, dtype=torch.int64)


def both_ways(edge_index: Tensor) -> Tensor:
    return torch.cat([edge_index, edge_index.flip(0)], 1)


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None]


def test_the_degree_example_of_the_paper() -> None:
    """Filtered by degree: D0 is {(1, inf), (1, 3), (2, 3), (3, 3), (3, 3)} and D1 is {(3, inf)}; here inf is 3."""
    edges = torch.tensor([[0, 1, 2, 2, 3], [2, 3, 3, 4, 4]])
    degrees = torch.bincount(edges.flatten()).float()
    assert degrees.tolist() == [1, 1, 3, 3, 2]
    bars = vertex_intervals(degrees[:, None], edges)
    assert sorted(bars.components[:, 0].tolist()) == [[1, 3], [1, 3], [2, 3], [3, 3], [3, 3]]
    assert bars.essential[:, 0].tolist() == [True, False, False, False, False]
    assert bars.counts.sum() == 1
    assert bars.loops[:, 0][bars.counts[:, 0] > 0].tolist() == [[3, 3]]


def test_where_endless_bars_end() -> None:
    """An edge 0-1 of values 0, 1 beside a triangle 5, 6, 7."""
    values = column(0, 1, 5, 6, 7)
    edges = torch.tensor([[0, 2, 3, 4], [1, 3, 4, 2]])
    of_graph = vertex_intervals(values, edges)
    assert of_graph.components[:, 0].tolist() == [[0, 7], [1, 1], [5, 7], [6, 6], [7, 7]]
    own = vertex_intervals(values, edges, essential="component")
    assert own.components[:, 0].tolist() == [[0, 1], [1, 1], [5, 7], [6, 6], [7, 7]]
    assert own.loops[4, 0].tolist() == [7, 7]
    assert own.counts[:, 0].tolist() == [0, 0, 0, 0, 1]


def test_several_loops_close_at_one_vertex() -> None:
    """All edges between four vertices, some of them listed in both directions."""
    edges = torch.tensor([[0, 0, 0, 1, 1, 2, 3, 2], [1, 2, 3, 2, 3, 3, 1, 0]])
    assert vertex_intervals(column(0, 1, 2, 3), edges).counts[:, 0].tolist() == [0, 0, 1, 2]


def test_static_leaves_the_topology_out() -> None:
    edges = torch.tensor([[0, 1, 2], [1, 2, 0]])
    bars = static_intervals(column(3, 1, 2), edges)
    assert bars.components[:, 0].tolist() == [[3, 3], [1, 1], [2, 2]]
    assert bars.counts[:, 0].tolist() == [1, 0, 0]  # the later end of the first edge
    assert bars.loops[0, 0].tolist() == [3, 3]
    assert not bars.essential.any()
    assert static_intervals(column(3, 1), NO_EDGES).counts.sum() == 0


def test_static_keeps_the_number_of_parameters() -> None:
    counts = [sum(p.numel() for p in TOGL(FEATURES, static=static).parameters()) for static in (False, True)]
    assert counts[0] == counts[1]
    layer = TOGL(FEATURES)
    TOGL(FEATURES, static=True).load_state_dict(layer.state_dict())
    assert layer.filtration.second.weight.shape == (8, 32)


class MessagePassing(nn.Module):
    """Three levels of GIN and a sum: as strong as 1-WL."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(nn.Linear(features, features) for _ in range(3))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for level in self.levels:
            x = torch.tanh(level(x + torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])))
        return x


@pytest.mark.parametrize("kind", ["TOGL", "GFL", "PersistenceReadout of a constant", "PersistenceReadout"])
def test_two_triangles_are_no_hexagon(kind: str) -> None:
    """Equal under message passing, told apart by components and loops."""
    x = torch.ones(6, FEATURES, dtype=torch.float64)
    pair = [both_ways(TRIANGLES), both_ways(HEXAGON)]
    passing = MessagePassing(FEATURES).double()
    assert torch.equal(*(passing(x, edges) for edges in pair))
    if kind == "PersistenceReadout of a constant":  # components alone have no length here
        assert torch.equal(*(persistence_readout(x, edges) for edges in pair))
        return
    layer = made(kind)
    if kind == "PersistenceReadout":  # any feature that is not constant on vertices will do
        x = torch.arange(6.0).double()[:, None].expand(6, FEATURES)
    first, second = (rows(layer, x, edges, ONE, 1) for edges in pair)
    assert (first - second).abs().max() > 1e-3


def test_togl_without_topology_does_not_tell_them_apart() -> None:
    x = torch.ones(6, FEATURES, dtype=torch.float64)
    layer = made("TOGL without topology")
    assert torch.equal(*(rows(layer, x, both_ways(edges), ONE, 1) for edges in (TRIANGLES, HEXAGON)))


def test_gfl_by_hand() -> None:
    """Hats with the centre on a bar and radius 2 are 1 - 1 / 3 there; 0 wherever there is no bar."""
    edges = torch.tensor([[0, 1, 2, 3, 3], [1, 2, 3, 4, 1]])  # a path 0 2 1 4 3, and a loop closed at 4
    values = torch.tensor([0.0, 2.0, 1.0, 4.0, 3.0])
    two = torch.tensor([2.0])
    out = gfl_readout(
        values,
        edges,
        finite=(torch.tensor([[1.0, 2.0]]), two),
        components=(torch.tensor([0.0]), two),
        loops=(torch.tensor([4.0]), two),
    )
    hat, far = 1 - 1 / 3, 1 / 5 - 1 / 3  # (3, 4) lies 4 away from (1, 2) in the norm 1
    assert out[0].tolist() == pytest.approx([hat + far, hat, hat])


def test_persistence_readout_by_hand() -> None:
    values = column(0, 2, 1, 4, 3)
    edges = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    assert persistence_readout(values, edges, k=5).tolist() == [[[4, 1, 1, 0, 0]]]
    assert persistence_readout(values, edges, k=7).tolist() == [[[4, 1, 1, 0, 0, 0, 0]]]
    layer = PersistenceReadout(1, k=2, maximum=True)
    layer.weight.data = torch.tensor([[[1.0], [10.0]]])
    assert layer(values - 3, edges).tolist() == [[4 + 10 + 1]]


def test_signature_of_small_graphs() -> None:
    """A single edge has eigenvalues 0 and 2; an isolated vertex keeps its heat."""
    spectrum = laplacian_spectrum(torch.tensor([[0], [1]]), torch.tensor([0, 0, 0]), dtype=torch.float64)
    t = torch.tensor([0.0, 0.5, 3.0], dtype=torch.float64)
    found = heat_kernel_signature(spectrum, t)
    assert torch.allclose(found[:2], (0.5 + 0.5 * torch.exp(-2 * t)).expand(2, 3))
    assert torch.equal(found[2], torch.ones_like(t))


def test_spectra_of_graphs_of_all_sizes() -> None:
    sizes = [1, 40, 0, 3, 12, 0]
    _, edges, batch = random_graphs(sizes)
    together = laplacian_spectrum(edges, batch, batch_size=6)
    assert together.eigenvalues.shape == (6, 40)
    assert torch.allclose(together.squares.sum(1), torch.ones(56))
    for item, n in enumerate(sizes):
        first = sum(sizes[:item])
        own = edges[:, batch[edges[0]] == item] - first
        alone = laplacian_spectrum(own, torch.zeros(n, dtype=torch.int64), batch_size=1)
        assert torch.allclose(together.eigenvalues[item, :n], alone.eigenvalues[0], atol=1e-6)
        assert not together.eigenvalues[item, n:].any()


def test_times_stay_above_zero_and_learn() -> None:
    layer = HeatKernelSignature([0.5, 2.0])
    spectrum = laplacian_spectrum(HEXAGON, ONE)
    bars = tl.extended_persistence(lower_stars(layer(spectrum), HEXAGON, ONE))
    assert bars.ext1.batch_size == 2
    layer(spectrum).square().sum().backward()
    assert (layer.log_times.grad != 0).all()
    with pytest.raises(ValueError, match=r"times must be above 0, got \[0.0, 1\]"):
        HeatKernelSignature([0.0, 1])


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(
    ("vertices", "edges", "batch", "size"),
    [
        (0, NO_EDGES, [], 0),
        (0, NO_EDGES, [], 3),
        (1, NO_EDGES, [0], 1),
        (4, NO_EDGES, [0, 0, 2, 2], 4),
        (3, torch.tensor([[0, 0, 1], [0, 1, 0]]), [0, 0, 0], 1),
    ],
)
@pytest.mark.parametrize("train", [False, True])
def test_little_or_nothing(name: str, vertices: int, edges: Tensor, batch: list[int], size: int, train: bool) -> None:
    layer = LAYERS[name]().train(train)
    x = torch.randn(vertices, FEATURES, requires_grad=True)
    out = rows(layer, x, edges, torch.tensor(batch, dtype=torch.int64), size)
    out.sum().backward()
    assert len(out) == size
    assert out.isfinite().all()
    assert x.grad is not None
    assert all(p.grad is None or p.grad.isfinite().all() for p in [x, *layer.parameters()])


@pytest.mark.parametrize("name", LAYERS)
def test_constant_features_give_no_nan(name: str) -> None:
    layer = LAYERS[name]()
    x = torch.ones(6, FEATURES, requires_grad=True)
    out = rows(layer, x, both_ways(TRIANGLES), ONE, 1)
    out.sum().backward()
    assert out.isfinite().all()
    assert all(p.grad.isfinite().all() for p in [x, *layer.parameters()] if p.grad is not None)


@pytest.mark.parametrize("name", LAYERS)
def test_saved_copied_and_nothing_changed(name: str) -> None:
    x, edges, batch = random_graphs([5, 9])
    kept = [t.clone() for t in (x, edges, batch)]
    layer = made(name)
    expected = rows(layer, x, edges, batch, 2)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = made(name, seed=1)
    assert not torch.equal(rows(other, x, edges, batch, 2), expected)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(rows(other, x, edges, batch, 2), expected)
    assert torch.equal(rows(copy.deepcopy(layer), x, edges, batch, 2), expected)
    assert all(torch.equal(a, b) for a, b in zip(kept, (x, edges, batch), strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_autocast(name: str) -> None:
    """Half precision where it helps; filtration values stay whole, so that bars do not tie."""
    x, edges, batch = random_graphs([20, 30])
    layer = made(name).float()
    plain = rows(layer, x.float(), edges, batch, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = rows(layer, x.float(), edges, batch, 2)
        out.sum().backward()
    assert torch.allclose(out.float(), plain, rtol=0.05, atol=0.5)
    if hasattr(layer, "filtration"):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(layer.filtration(x.float(), edges), layer.filtration(x.float(), edges).float())


@pytest.mark.parametrize("name", LAYERS)
def test_int32_edges(name: str) -> None:
    x, edges, batch = random_graphs([5, 9])
    layer = made(name)
    assert torch.equal(rows(layer, x, edges, batch, 2), rows(layer, x, edges.int(), batch, 2))


@pytest.mark.parametrize("name", LAYERS)
def test_refused(name: str) -> None:
    x, edges, batch = random_graphs([5, 9])
    layer = made(name)
    with pytest.raises(ValueError, match="x contains NaN"):
        layer(x.masked_fill(x == x[3, 1], torch.nan), edges, batch)
    with pytest.raises(ValueError, match="x must have 4 features per vertex, as the layer was made for, got 3"):
        layer(x[:, :3], edges, batch)
    with pytest.raises(ValueError, match=r"x must have shape \(vertices, features\), got \(14,\)"):
        layer(x[:, 0], edges, batch)
    with pytest.raises(ValueError, match=r"batch must name graphs in \[0, 1\), got 1; raise batch_size"):
        layer(x, edges, batch, 1)


@pytest.mark.parametrize("name", LAYERS)
def test_bad_edges_are_refused(name: str) -> None:
    x, edges, batch = random_graphs([5, 9])
    layer = made(name)
    with pytest.raises(ValueError, match=r"edge_index must have shape \(2, edges\), got \(\d+, 2\)"):
        layer(x, edges.T, batch)
    with pytest.raises(ValueError, match=r"edge_index must name rows in \[0, 14\), got 14 to 14"):
        layer(x, torch.full((2, 1), 14), batch)
    with pytest.raises(ValueError, match="edge_index joins vertices of two graphs"):
        layer(x, torch.tensor([[0], [13]]), batch)
    with pytest.raises(ValueError, match="batch must be 14 integers that never fall"):
        layer(x, edges, batch.flip(0), 2)


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="embedding must be 'deep_sets' or 'transforms', got 'mlp'"):
        TOGL(3, embedding="mlp")
    with pytest.raises(ValueError, match="essential must be 'graph' or 'component', got 'max'"):
        TOGL(3, essential="max")
    with pytest.raises(ValueError, match="essential must be 'graph' or 'component', got 'max'"):
        vertex_intervals(column(0.0), NO_EDGES, essential="max")
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        persistence_readout(column(0.0), NO_EDGES, k=0)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        PersistenceReadout(3, k=0)
    with pytest.raises(ValueError, match="edge_index must be given"):
        GINFiltration(3)(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="vertex_values contains inf"):
        vertex_intervals(column(float("inf")), NO_EDGES)
    with pytest.raises(ValueError, match=r"times must have shape \(times,\), got \(\); for one time pass"):
        heat_kernel_signature(laplacian_spectrum(HEXAGON, ONE), torch.tensor(1.0))


def test_half_precision_input_runs() -> None:
    x, edges, batch = random_graphs([20, 30])
    out = TOGL(FEATURES).bfloat16()(x.bfloat16(), edges, batch)
    assert out.vertices.dtype == torch.bfloat16
    assert GFL(FEATURES)(x.float(), edges, batch).shape == (2, 96)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", LAYERS)
def test_on_a_gpu(name: str) -> None:
    x, edges, batch = random_graphs([5, 0, 9])
    layer = made(name)
    expected = rows(layer, x, edges, batch, 3)
    found = rows(layer.cuda(), x.cuda(), edges.cuda(), batch.cuda(), 3)
    assert found.is_cuda
    assert torch.allclose(found.cpu(), expected, atol=1e-10)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_spectra_on_a_gpu() -> None:
    _, edges, batch = random_graphs([5, 0, 9])
    times = torch.tensor([0.1, 10.0])
    expected = heat_kernel_signature(laplacian_spectrum(edges, batch), times)
    found = heat_kernel_signature(laplacian_spectrum(edges.cuda(), batch.cuda()), times.cuda())
    assert torch.allclose(found.cpu(), expected, atol=1e-5)
