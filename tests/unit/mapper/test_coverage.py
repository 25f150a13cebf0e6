"""Points that lie in no node are counted, and unusual inputs are explained."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from topolens.mapper import dbscan, each_box, edge_statistics, mapper, node_statistics

# Five points close together and one alone, in one box.
LINE = torch.tensor([[0.0], [0.1], [0.2], [0.3], [0.4], [5.0]])
DENSE = partial(dbscan, eps=0.15, min_samples=2)


def one_box(points=LINE, **settings):
    return mapper(points, resolution=1, metric=None, **({"clusters": DENSE} | settings))


def test_noise_is_dropped_and_counted():
    graph = one_box()
    assert [graph.members(0).tolist(), len(graph), graph.coverage] == [[0, 1, 2, 3, 4], 1, 5 / 6]
    assert graph.left_out[:7] == (6, 5, 1, 0, 0, 0, 0)
    assert graph.left_out.sentence == "1 of 6 points lie in no node: noise of dbscan(eps=0.15, min_samples=2)"
    assert graph.remarks == ()


def test_noise_as_singletons_and_as_part_of_the_nearest_cluster():
    alone, joined = one_box(noise="singletons"), one_box(noise="nearest")
    assert [alone.members(i).tolist() for i in range(len(alone))] == [[0, 1, 2, 3, 4], [5]]
    assert [joined.members(i).tolist() for i in range(len(joined))] == [[0, 1, 2, 3, 4, 5]]
    for graph in (alone, joined):
        assert graph.left_out.sentence == "all 6 points lie in a node"


@pytest.mark.parametrize("metric", [None, "precomputed"])
def test_the_nearest_cluster_is_the_nearest(metric):
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(300, 2, dtype=torch.float64, generator=generator)
    given = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    settings = {"lens": points[:, :1], "resolution": 3, "gain": 1.5, "metric": metric}
    rule = partial(dbscan, eps=0.25, min_samples=5)
    cloud = points if metric is None else given
    dropped, joined = (mapper(cloud, clusters=rule, noise=noise, **settings) for noise in ("drop", "nearest"))
    assert dropped.coverage < joined.coverage == 1.0
    assert len(joined) == len(dropped)
    for node in range(len(dropped)):
        kept = set(dropped.members(node).tolist())
        same = [set(joined.members(i).tolist()) for i in np.flatnonzero(joined.cell == dropped.cell[node])]
        grown = next(members for members in same if kept <= members) - kept
        rivals = [dropped.members(i) for i in np.flatnonzero(dropped.cell == dropped.cell[node])]
        for point in grown:
            best = min(float(given[point, rows].min()) for rows in rivals)
            assert float(given[point, dropped.members(node)].min()) == best


def test_nothing_but_noise_is_explained(caplog):
    graph = one_box(clusters=partial(dbscan, eps=0.01, min_samples=3))
    assert (len(graph), graph.edges.shape, graph.coverage) == (0, (0, 2), 0.0)
    assert "6 of 6 points lie in no node" in graph.remarks[0]
    assert "raise eps or lower min_samples" in graph.remarks[0]
    assert graph.remarks[0] in caplog.text
    assert len(one_box(clusters=partial(dbscan, eps=0.01, min_samples=3), noise="nearest")) == 0
    assert len(one_box(clusters=partial(dbscan, eps=0.01, min_samples=3), noise="singletons")) == 6


def test_points_in_boxes_too_small_or_failed_are_told_apart():
    points = torch.arange(7.0)[:, None]
    halves = mapper(
        points, resolution=2, gain=1.0, metric=None, clusters=partial(each_box, estimator=KMeans(1), least=4)
    )
    assert halves.left_out.too_few == 0  # [0, 3] and [3, 6] hold four points each
    short = mapper(points, resolution=2, gain=1.0, clusters=partial(each_box, estimator=KMeans(1), least=5))
    assert short.left_out[:5] == (7, 0, 0, 7, 0)
    assert "lower resolution or raise gain" in short.left_out.sentence
    broken = mapper(points, resolution=2, gain=1.0, clusters=KMeans(9))
    assert broken.left_out[:5] == (7, 0, 0, 0, 7)
    assert "log" in broken.left_out.sentence


def test_points_of_small_nodes_are_counted_apart_from_noise():
    graph = one_box(noise="singletons").without_small(2)
    assert graph.left_out[:7] == (6, 5, 0, 0, 0, 0, 1)
    assert graph.left_out.sentence == "1 of 6 points lie in no node: in nodes of fewer than 2 points"
    both = one_box(torch.cat([LINE, torch.tensor([[9.0], [9.1]])])).without_small(3)
    assert "1 noise of dbscan(eps=0.15, min_samples=2), 2 in nodes of fewer than 3 points" in both.left_out.sentence


@pytest.mark.parametrize(
    ("points", "lens", "words"),
    [
        (torch.ones(1, 2), None, "one point"),
        (torch.ones(5, 2), None, "lens 1 has the same value for all 5 points"),
        (torch.randn(5, 2), torch.ones(5, 1), "choose another"),
    ],
)
def test_unusual_inputs_are_remarked_on(points, lens, words):
    graph = mapper(points, lens)
    assert any(words in remark for remark in graph.remarks)
    assert graph.coverage == 1.0


def test_min_shared_drops_weak_faces():
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    whole, strong = (mapper(points, resolution=5, gain=2.0, min_shared=k) for k in (1, 4))
    kept = whole.without_weak(4)
    assert np.array_equal(strong.edges, kept.edges)
    assert np.array_equal(strong.triangles, kept.triangles)
    assert 0 < len(strong.edges) < len(whole.edges)


def test_statistics_of_nodes_and_edges():
    graph = mapper(torch.arange(4.0)[:, None], resolution=2, gain=2.0, clusters="one_cluster")  # {0, 1, 2}, {1, 2, 3}
    values = np.array([1.0, 2.0, 2.0, 7.0])
    expected = {
        "mean": [5 / 3, 11 / 3], "median": [2, 2], "min": [1, 2], "max": [2, 7], "count": [3, 3],
        "majority": [2, 2], "share": [2 / 3, 2 / 3], "std": [np.std([1, 2, 2]), np.std([2, 2, 7])],
        "entropy": [-np.log(1 / 3) / 3 - 2 * np.log(2 / 3) / 3] * 2,
    }  # fmt: skip
    for name, wanted in expected.items():
        assert node_statistics(graph, values, name).tolist() == pytest.approx(wanted), name
    assert edge_statistics(graph, torch.from_numpy(values)).tolist() == [2.0]
    assert edge_statistics(graph, values, lambda x: len(x)).tolist() == [2.0]
    missing = np.array([np.nan, 2.0, 4.0, np.nan])
    assert node_statistics(graph, missing).tolist() == [3.0, 3.0]
    assert np.isnan(node_statistics(graph, np.full(4, np.nan))).all()
    with pytest.raises(ValueError, match="one value per point"):
        node_statistics(graph, values[:, None])
    with pytest.raises(ValueError, match="statistic must be one of"):
        node_statistics(graph, values, "mode")
