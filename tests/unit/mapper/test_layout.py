"""Positions of nodes: unfolded, deterministic, within the square, aligned to lenses and to other graphs."""

import numpy as np
import pytest
import torch

import topolens as tl
from topolens.mapper import lens_layout, lens_positions
from topolens.mapper.layout import layout

CONNECTED = {"clusters": "connected", "gain": 1.5}


def ring(n: int = 600) -> torch.Tensor:
    angle = torch.arange(n) * (2 * torch.pi / n)
    return torch.stack([angle.cos(), angle.sin()], 1)


def ring_graph(resolution: int = 20) -> tl.MapperGraph:
    return tl.mapper(ring(), lens=ring()[:, :1], resolution=resolution, **CONNECTED)


def inside(xy: np.ndarray) -> bool:
    return bool((np.abs(xy) <= 1).all())


def test_a_ring_is_drawn_as_one() -> None:
    graph = ring_graph()
    xy = layout(graph)
    assert xy.shape == (len(graph), 2)
    assert inside(xy)
    assert np.ptp(xy, axis=0).max() == pytest.approx(2.0)
    centred = xy - (xy.max(0) + xy.min(0)) / 2
    assert np.linalg.norm(centred, axis=1).min() > 0.3  # nothing lies in the hole
    lengths = np.linalg.norm(np.diff(xy[graph.edges], axis=1)[:, 0], axis=1)
    assert lengths.max() < 3 * lengths.min()
    assert np.corrcoef(xy[:, 0], lens_positions(graph)[:, 0])[0, 1] > 0.9


def test_a_torus_keeps_far_nodes_far() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 2000, generator=generator) * 2 * torch.pi
    torus = torch.stack([(2 + b.cos()) * a.cos(), (2 + b.cos()) * a.sin(), b.sin()], 1)
    graph = tl.mapper(torus, resolution=8, **CONNECTED)
    xy = layout(graph)
    lengths = np.linalg.norm(xy[graph.edges[:, 0]] - xy[graph.edges[:, 1]], axis=1)
    rng = np.random.default_rng(0)
    i, j = rng.integers(len(graph), size=(2, 2000))
    assert lengths.mean() < 0.4 * np.linalg.norm(xy[i] - xy[j], axis=1).mean()


def test_same_seed_same_drawing_on_any_number_of_threads() -> None:
    points = torch.rand(6000, 2, generator=torch.Generator().manual_seed(1))
    graph = tl.mapper(points, resolution=60, gain=1.5, clusters="one_cluster")
    assert len(graph) > 2000  # large enough that the core divides the work
    before, drawn = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            drawn.append(layout(graph))
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*drawn)
    assert not np.array_equal(drawn[0], layout(graph, seed=1))


def test_components_do_not_overlap() -> None:
    clouds = [ring() + torch.tensor([6.0 * k, 0.0]) for k in range(3)]
    points = torch.cat([*clouds, torch.tensor([[30.0, 0.0], [40.0, 0.0]])])
    graph = tl.mapper(points, lens=points[:, :1], resolution=60, clusters="connected", gain=1.5)
    xy = layout(graph)
    assert inside(xy)
    cloud = (graph.node_means(points[:, :1])[:, 0] / 6).round()
    boxes = [(xy[cloud == k].min(0), xy[cloud == k].max(0)) for k in np.unique(cloud)]
    assert len(boxes) == 5
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert (low > other_high).any() or (other_low > high).any()


def test_few_nodes_and_none() -> None:
    none = tl.mapper(torch.zeros(0, 2))
    assert layout(none).shape == lens_layout(none).shape == (0, 2)
    one = tl.mapper(torch.ones(5, 2))
    assert layout(one).tolist() == lens_layout(one).tolist() == [[0.0, 0.0]]
    two = tl.mapper(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), resolution=2, gain=2.0)
    assert layout(two).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_nodes_of_the_same_points_part() -> None:
    graph = tl.mapper(torch.zeros(30, 1), lens=torch.linspace(0, 1, 30)[:, None], resolution=3, gain=1e6)
    xy = layout(graph)
    assert len(graph) == 3
    assert np.linalg.norm(xy[graph.edges[:, 0]] - xy[graph.edges[:, 1]], axis=1).min() > 0.1


def test_two_lenses_are_the_axes() -> None:
    graph = tl.mapper(ring(), resolution=8, **CONNECTED)
    xy = lens_layout(graph)
    means = graph.node_means(graph.lens)
    assert np.ptp(xy, axis=0).tolist() == [2.0, 2.0]
    for axis in (0, 1):
        assert np.corrcoef(xy[:, axis], means[:, axis])[0, 1] > 1 - 1e-9


def test_one_lens_is_the_x_axis_and_strands_open() -> None:
    graph = ring_graph()
    xy = lens_layout(graph)
    x = graph.node_means(graph.lens)[:, 0]
    assert inside(xy)
    assert np.corrcoef(xy[:, 0], x)[0, 1] > 1 - 1e-9
    upper = graph.node_means(ring())[:, 1]
    middle = np.abs(x) < 0.7
    assert abs(np.corrcoef(np.sign(upper[middle]), np.sign(xy[middle, 1]))[0, 1]) == pytest.approx(1.0)
    apart = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    assert apart[np.triu_indices(len(graph), 1)].min() > 0.01


def test_alignment_follows_the_other_graph() -> None:
    coarse, fine = ring_graph(12), ring_graph(25)
    angle = 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reference = 0.6 * layout(coarse) @ turn  # no drawing of ours stands like this
    xy = layout(fine, aligned_to=(coarse, reference))
    assert inside(xy)
    shared = (fine.membership.T.astype(float) @ coarse.membership.astype(float)).toarray()
    target = shared @ reference / shared.sum(1, keepdims=True)
    assert np.linalg.norm(xy - target, axis=1).mean() < 0.1
    free = layout(fine)
    assert np.linalg.norm(free - target, axis=1).mean() > 0.3


def test_alignment_places_nodes_without_a_match() -> None:
    graph = ring_graph()
    part = graph.without_small(int(graph.sizes.max()))
    assert 0 < len(part) < len(graph)
    xy = layout(graph, aligned_to=(part, np.zeros((len(part), 2))))
    assert np.isfinite(xy).all()
    assert inside(xy)
    nothing = graph.without_small(10_000)
    assert np.array_equal(layout(graph, aligned_to=(nothing, np.zeros((0, 2)))), layout(graph))


def test_refusals() -> None:
    graph, other = ring_graph(), tl.mapper(ring(50), lens=ring(50)[:, :1])
    with pytest.raises(ValueError, match="same rows only, got 600 and 50"):
        layout(graph, aligned_to=(other, np.zeros((len(other), 2))))
    with pytest.raises(ValueError, match="positions must have shape"):
        layout(graph, aligned_to=(graph, np.zeros((3, 2))))
