"""Clusterers of all boxes at once against scikit-learn box by box."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans

from topolens.mapper import (
    connected,
    cover,
    dbscan,
    each_box,
    first_gap,
    gap_rule,
    hdbscan,
    knee,
    mapper,
    one_cluster,
    single_linkage,
)

FUNCTIONS = {
    "connected": partial(connected, scale=0.9),
    "dbscan": partial(dbscan, eps=0.9, min_samples=4),
    "first_gap": first_gap,
    "gap_rule": gap_rule,
    "one_cluster": one_cluster,
}


def cloud(n=400, d=4, seed=0, dtype=torch.float64):
    return torch.randn(n, d, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def boxed(points, resolution=4, gain=2.0):
    boxes = cover(points[:, :2], resolution, gain)
    ends = boxes.offsets.tolist()
    return boxes, list(zip(ends[:-1], ends[1:], strict=True))


def partition(labels):
    """Sets of places, noise aside, and the noise."""
    labels = np.asarray(labels)
    return {frozenset(np.flatnonzero(labels == x).tolist()) for x in np.unique(labels[labels >= 0])}


@pytest.mark.parametrize("scale", [0.3, 0.8, 1.2, 5.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_components_at_a_height_equal_single_linkage(scale, dtype):
    points = cloud(dtype=dtype)
    boxes, ends = boxed(points)
    labels = single_linkage(points, boxes.members, boxes.offsets, height=scale).numpy()
    theirs = AgglomerativeClustering(None, linkage="single", distance_threshold=scale)
    for start, end in ends:
        inside = points[boxes.members[start:end]].double().numpy()
        wanted = theirs.fit_predict(inside) if end - start > 1 else np.zeros(1)
        assert partition(labels[start:end]) == partition(wanted)
        firsts = [np.flatnonzero(labels[start:end] == x)[0] for x in range(labels[start:end].max() + 1)]
        assert firsts == sorted(firsts)  # numbered by first member


@pytest.mark.parametrize("eps", [0.3, 0.7, 1.0, 2.5])
@pytest.mark.parametrize("min_samples", [1, 2, 5, 40])
def test_dbscan_gives_the_labels_of_scikit_learn(eps, min_samples):
    points = cloud(700, 3, seed=min_samples)
    boxes, ends = boxed(points)
    labels = dbscan(points, boxes.members, boxes.offsets, eps=eps, min_samples=min_samples).numpy()
    theirs = DBSCAN(eps=eps, min_samples=min_samples)
    for start, end in ends:
        inside = points[boxes.members[start:end]].numpy()
        assert labels[start:end].tolist() == theirs.fit_predict(inside).tolist()


def test_a_border_point_joins_the_cluster_of_the_first_core_point():
    line = torch.tensor([[9.0], [4.0], [0.0], [0.1], [0.2], [8.0], [8.1], [8.2]])
    whole = torch.arange(len(line)), torch.tensor([0, len(line)])
    found = dbscan(line, *whole, eps=4.0, min_samples=4).tolist()
    assert found == DBSCAN(eps=4.0, min_samples=4).fit_predict(line.numpy()).tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_distances_given_or_computed_are_the_same(name):
    points = cloud(150, 3)
    boxes, _ = boxed(points)
    given = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    one = FUNCTIONS[name](points, boxes.members, boxes.offsets)
    two = FUNCTIONS[name](given, boxes.members, boxes.offsets, metric="precomputed")
    assert torch.equal(one, two)


@pytest.mark.parametrize("name", ["connected", "dbscan"])
def test_scales_of_one_s_own_do_not_depend_on_how_distances_come(name):
    points = cloud(300, 3)
    boxes, _ = boxed(points)
    function = {"connected": connected, "dbscan": dbscan}[name]
    given = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    one = function(points, boxes.members, boxes.offsets)
    assert torch.equal(one, function(given, boxes.members, boxes.offsets, metric="precomputed"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_labels_on_every_number_of_threads(name):
    points = cloud(500, 3, dtype=torch.float32)
    boxes, _ = boxed(points)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(FUNCTIONS[name](points, boxes.members, boxes.offsets))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


def labels_of(clusterer, values, **settings):
    line = torch.tensor(values)[:, None]
    return clusterer(line, torch.arange(len(line)), torch.tensor([0, len(line)]), **settings).tolist()


def test_gap_rules_on_boxes_one_can_check():
    line = [0.0, 1.0, 2.0, 3.5, 9.0]  # heights 1, 1, 1.5, 5.5, diameter 9
    # Differences 1, 0, 0.5, 4: the first of at least 0.3 x 5.5 comes before 5.5, of at least 0.1 x 5.5 before 1.
    assert labels_of(gap_rule, line) == [0, 0, 0, 0, 1]
    assert labels_of(gap_rule, line, size=0.1) == [0, 1, 2, 3, 4]
    # Two equal heights never show a gap; five bins of 1 to 5.5 are empty from the second on.
    assert labels_of(gap_rule, [0.0, 1.0, 2.0], rule="first_histogram_gap") == [0, 0, 0]
    assert labels_of(gap_rule, line, rule="first_histogram_gap") == [0, 0, 0, 0, 1]
    # Ten bins from 1 to 9: filled are 0 and 5 and 9.
    assert labels_of(gap_rule, line, rule="diameter_histogram", bins=10) == [0, 0, 0, 0, 1]
    assert labels_of(gap_rule, line, rule="diameter_histogram", bins=1) == [0] * 5
    for rule in ("first_simple_gap", "first_histogram_gap", "diameter_histogram"):
        assert labels_of(gap_rule, [3.0], rule=rule) == [0]
        assert labels_of(gap_rule, [3.0, 3.0, 3.0], rule=rule) == [0, 0, 0]


def test_a_rising_number_of_bins_always_splits_two_heights():
    line = [0.0, 1.0, 2.01, 3.03]
    assert len(set(labels_of(gap_rule, line, rule="first_histogram_gap"))) > 1
    assert set(labels_of(first_gap, [0.0, 1.0, 2.0, 3.01])) == {0}


def test_knee_is_where_the_curve_bends():
    # 99 points at distance 1 and one far away: the bend lies before the last.
    line = torch.cat([torch.arange(99.0), torch.tensor([1000.0])])[:, None]
    assert knee(line, min_samples=2) == 1.0
    assert knee(torch.ones(5, 2)) == 0.0
    assert knee(torch.ones(1, 2)) == knee(torch.zeros(0, 2)) == 0.0


def known_shapes(n, seed):
    """Clouds in the plane with the number of clusters of each of ten intervals along the first axis."""
    g = torch.Generator().manual_seed(seed)
    along, noise = torch.rand(n, generator=g), 0.05 * torch.randn(n, 2, generator=g)
    angle = 2 * torch.pi * along
    thin = (torch.arange(n) % 6 == 0).float()  # one bar of a sixth of the points
    yield torch.stack([angle.cos(), angle.sin()], 1) + noise, [1, *[2] * 8, 1]
    yield torch.rand(n, 2, generator=g), [1] * 10
    yield torch.stack([2 * along, thin], 1) + noise, [2] * 10


@pytest.mark.parametrize("n", [300, 1000])
def test_dbscan_finds_a_radius_that_leaves_clusters_whole(n):
    right = []
    for seed in range(2):
        for points, wanted in known_shapes(n, seed):
            boxes = cover(points[:, :1], 10, 2.0)
            labels = dbscan(points, boxes.members, boxes.offsets)
            ends = zip(boxes.offsets[:-1].tolist(), boxes.offsets[1:].tolist(), strict=True)
            found = [int(labels[start:end].max()) + 1 for start, end in ends]
            right += [k == count for k, count in zip(wanted, found, strict=True)]
            assert (labels < 0).float().mean() < 0.02
    assert np.mean(right) > 0.9  # with the knee of the distances about 0.4


def test_slack_widens_the_scale_that_is_not_given():
    line = torch.cat([torch.arange(50.0), torch.arange(50.0) + 60.0])[:, None]  # fifth neighbours at 5 at most
    whole, ends = torch.arange(100), torch.tensor([0, 100])
    assert int(connected(line, whole, ends).max()) == 1
    assert int(connected(line, whole, ends, slack=3.0).max()) == 0
    with pytest.raises(ValueError, match="slack must be above 0"):
        connected(line, whole, ends, slack=0.0)


def test_hdbscan_is_scikit_learn_s_in_each_box():
    points = cloud(300, 2)
    points[150:] += 6
    boxes, ends = boxed(points, resolution=2, gain=1.5)
    labels = hdbscan(points, boxes.members, boxes.offsets, min_cluster_size=6).numpy()
    theirs = HDBSCAN(min_cluster_size=6, allow_single_cluster=True, copy=True)
    for start, end in ends:
        if end - start < 6:
            assert set(labels[start:end]) == {-2}
        else:
            assert labels[start:end].tolist() == theirs.fit_predict(points[boxes.members[start:end]].numpy()).tolist()


def test_any_clusterer_is_fitted_anew_in_each_box_and_small_boxes_are_spared(caplog):
    points = torch.tensor([[0.0], [0.1], [5.0], [5.1], [20.0]])
    members, offsets = torch.tensor([0, 1, 2, 3, 4, 0]), torch.tensor([0, 4, 5, 6])
    two = KMeans(2, n_init=1, random_state=0)
    labels = each_box(points, members, offsets, estimator=two)
    assert labels[4:].tolist() == [-2, -2]
    assert labels[0] == labels[1] != labels[2] == labels[3]
    assert not hasattr(two, "labels_")
    five = each_box(points, members, offsets, estimator=KMeans(5), least=1)
    assert five.tolist() == [-3] * 6
    assert "KMeans failed in 3 of 3 boxes" in caplog.text


def test_a_clusterer_of_scikit_learn_in_mapper_equals_the_compiled_one():
    points = cloud(500, 3)
    settings = {"resolution": 6, "gain": 2.0, "metric": None}
    ours = mapper(points, clusters=partial(dbscan, eps=0.6, min_samples=4), **settings)
    theirs = mapper(points, clusters=DBSCAN(eps=0.6, min_samples=4), **settings)
    # One lonely point in a box is no core point, so that both drop it.
    assert np.array_equal(ours.membership.toarray(), theirs.membership.toarray())
    assert ours.left_out.in_nodes == theirs.left_out.in_nodes < 500
    assert theirs.settings["clusters"] == "DBSCAN"


@pytest.mark.parametrize(
    ("function", "change", "message"),
    [
        (dbscan, {"eps": 0.0}, "eps must be above 0"),
        (dbscan, {"min_samples": 0}, "min_samples"),
        (hdbscan, {"min_cluster_size": 1}, "min_cluster_size"),
        (gap_rule, {"rule": "elbow"}, "rule must be one of"),
        (gap_rule, {"size": 2.0}, "size must lie in"),
        (single_linkage, {"height": -1.0}, "above 0"),
        (connected, {"metric": "cosine"}, "precomputed"),
        (connected, {"metric": "precomputed"}, r"shape \(n, n\)"),
    ],
)
def test_what_cannot_be_done_is_refused(function, change, message):
    with pytest.raises(ValueError, match=message):
        function(torch.rand(5, 2), torch.arange(5), torch.tensor([0, 5]), **change)


def test_an_estimator_without_fit_predict_is_refused():
    with pytest.raises(TypeError, match="fit_predict"):
        each_box(torch.rand(5, 2), torch.arange(5), torch.tensor([0, 5]), estimator=object())
