import json
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy import sparse

from topolens.mapper import MapperGraph, betti_numbers, faces, lens_positions, mapper


def graph_of(node_sets, n):
    """A Mapper graph from the points of each node."""
    rows = [point for members in node_sets for point in sorted(members)]
    columns = [node for node, members in enumerate(node_sets) for _ in members]
    shape = (n, len(node_sets))
    membership = sparse.csr_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)
    membership.sort_indices()
    lens, cell = np.arange(n, dtype=float)[:, None], np.arange(len(node_sets))
    return MapperGraph(membership, faces(membership, 2), faces(membership, 3), lens, cell, {})


def random_sets(seed, n=40, nodes=12, share=0.2):
    chosen = np.random.default_rng(seed).random((n, nodes)) < share
    return [set(np.flatnonzero(column).tolist()) | {node} for node, column in enumerate(chosen.T)]


def faces_by_hand(node_sets, size, min_shared=1):
    chosen = combinations(range(len(node_sets)), size)
    return [list(f) for f in chosen if len(set.intersection(*(node_sets[i] for i in f))) >= min_shared]


def rank_mod_2(rows):
    pivots = []
    for row in rows:
        for pivot in pivots:
            row = min(row, row ^ pivot)
        if row:
            pivots.append(row)
    return len(pivots)


def betti_by_hand(graph):
    edges = [tuple(edge) for edge in graph.edges.tolist()]
    bit = {edge: 1 << place for place, edge in enumerate(edges)}
    d1 = rank_mod_2([(1 << i) | (1 << j) for i, j in edges])
    d2 = rank_mod_2([bit[a, b] | bit[a, c] | bit[b, c] for a, b, c in graph.triangles.tolist()])
    return len(graph) - d1, len(edges) - d1 - d2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("min_shared", [1, 2, 3])
def test_faces_equal_intersections_of_sets(seed, min_shared):
    sets = random_sets(seed)
    membership = graph_of(sets, 40).membership
    assert faces(membership, 2, min_shared).tolist() == faces_by_hand(sets, 2, min_shared)
    assert faces(membership, 3, min_shared).tolist() == faces_by_hand(sets, 3, min_shared)


@pytest.mark.parametrize("seed", range(12))
def test_betti_numbers_equal_ranks_by_hand(seed):
    sets = random_sets(seed, n=30, nodes=4 + seed, share=0.02 * seed)
    graph = graph_of(sets, 30)
    assert betti_numbers(graph) == betti_by_hand(graph)
    assert betti_numbers(graph, 3) == betti_by_hand(graph_of([s for s in sets if len(s) >= 3], 30))


def test_betti_numbers_of_nerves_one_can_draw():
    ring = [{0, 1}, {1, 2}, {2, 3}, {3, 0}]
    assert betti_numbers(graph_of(ring, 4)) == (1, 1)
    assert betti_numbers(graph_of([*ring, {4}], 5)) == (2, 1)
    assert betti_numbers(graph_of([*ring, {4}], 5), min_size=2) == (1, 1)
    assert betti_numbers(graph_of([{0, 1}, {1, 2}, {2, 0}], 3)) == (1, 1)  # pairs only: a hollow triangle
    assert betti_numbers(graph_of([{0, 1, 3}, {1, 2, 3}, {2, 0, 3}], 4)) == (1, 0)
    assert betti_numbers(graph_of([], 3)) == (0, 0)


def test_too_many_faces_are_refused():
    one_point = sparse.csr_array(np.ones((1, 700), bool))
    with pytest.raises(ValueError, match="lower gain"):
        faces(one_point, 3)


def test_faces_of_nodes_without_points():
    assert faces(sparse.csr_array((5, 4), dtype=bool), 2).shape == (0, 2)
    assert faces(sparse.csr_array((0, 0), dtype=bool), 3).shape == (0, 3)


SETS = [{0, 1, 2}, {2, 3}, {2, 3, 4, 5}, {5}]


def test_sizes_members_weights_jaccard():
    graph = graph_of(SETS, 7)
    assert len(graph) == 4
    assert graph.sizes.tolist() == [3, 2, 4, 1]
    assert [set(graph.members(node).tolist()) for node in range(4)] == SETS
    assert graph.edges.tolist() == [[0, 1], [0, 2], [1, 2], [2, 3]]
    assert graph.weights.tolist() == [1, 1, 2, 1]
    assert graph.jaccard.tolist() == [1 / 4, 1 / 6, 1 / 2, 1 / 4]
    assert graph.triangles.tolist() == [[0, 1, 2]]
    assert graph.coverage == 6 / 7
    with pytest.raises(IndexError, match="node"):
        graph.members(4)


def test_node_means():
    graph = graph_of(SETS, 6)
    values = torch.stack([torch.arange(6.0), torch.ones(6)], 1)
    assert graph.node_means(values).tolist() == [[1.0, 1.0], [2.5, 1.0], [3.5, 1.0], [5.0, 1.0]]
    assert np.array_equal(graph.node_means(values.numpy()), graph.node_means(values.requires_grad_()))
    with pytest.raises(ValueError, match="for one value per point"):
        graph.node_means(torch.arange(6.0))


def test_without_small_renumbers():
    graph = graph_of(SETS, 6)
    large = graph.without_small(3)
    assert [set(large.members(node).tolist()) for node in range(len(large))] == [SETS[0], SETS[2]]
    assert large.edges.tolist() == [[0, 1]]
    assert large.triangles.tolist() == []
    assert large.cell.tolist() == [0, 2]
    assert (graph.coverage, large.without_small(4).coverage) == (1.0, 4 / 6)
    assert len(graph.without_small(100)) == 0
    assert len(graph) == 4


def test_without_weak_keeps_strong_faces():
    graph = graph_of(SETS, 6).without_weak(2)
    assert graph.edges.tolist() == [[1, 2]]
    assert graph.triangles.tolist() == []


def test_lens_positions():
    graph = graph_of(SETS, 6)
    assert lens_positions(graph).tolist() == [[1.0, 0.0], [2.5, 0.0], [3.5, 0.0], [5.0, 0.0]]
    angle = torch.arange(60) * (2 * torch.pi / 60)
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    ring = mapper(circle, lens=circle[:, :1], resolution=5, gain=1.5)
    assert lens_positions(ring)[:, 1].tolist() == [0.0, -0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0.0]
    plane = mapper(circle, lens=circle, resolution=3, gain=2.0)
    assert np.array_equal(lens_positions(plane), plane.node_means(circle))


def test_json_is_plain_and_complete():
    graph = graph_of(SETS, 6)
    content = json.loads(json.dumps(graph.to_json(lens_positions(graph))))
    assert [node["members"] for node in content["nodes"]] == [sorted(members) for members in SETS]
    assert content["nodes"][1] == {"id": 1, "size": 2, "members": [2, 3], "cell": 1, "lens": [2.5], "x": 2.5, "y": 0.0}
    assert content["links"][2] == {"source": 1, "target": 2, "weight": 2, "jaccard": 0.5}
    assert content["triangles"] == [[0, 1, 2]]
    with pytest.raises(ValueError, match="positions must have shape"):
        graph.to_json(np.zeros((3, 2)))


def test_json_of_a_mapper_graph_holds_its_settings():
    graph = mapper(torch.rand(50, 3, generator=torch.Generator().manual_seed(0)), resolution=(3, 4), gain=(2.0, 3.0))
    settings = json.loads(json.dumps(graph.to_json()))["graph"]
    assert settings["resolution"] == [3, 4]
    assert settings["clusters"] == "first_gap"
    assert len(settings["interval_lengths"]) == 2
    assert 1 <= settings["boxes_per_point"] <= 12


def test_networkx_graph():
    networkx = pytest.importorskip("networkx")
    graph = graph_of(SETS, 6).to_networkx()
    assert sorted(graph.edges) == [(0, 1), (0, 2), (1, 2), (2, 3)]
    assert graph.nodes[1] == {"size": 2, "members": [2, 3], "cell": 1, "lens": [2.5]}
    assert graph.edges[1, 2] == {"weight": 2, "jaccard": 0.5}
    assert networkx.number_connected_components(graph) == 1


def test_shapes_that_do_not_fit_are_refused():
    graph = graph_of(SETS, 6)
    with pytest.raises(ValueError, match="got"):
        MapperGraph(graph.membership, graph.edges, graph.triangles, graph.lens[:3], graph.cell, {})
