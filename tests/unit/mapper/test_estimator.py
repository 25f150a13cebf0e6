import inspect
import pickle
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone

import topolens as tl
from topolens.mapper import Mapper, connected, dbscan, density, mapper, pca, precomputed_cover

CLOUD = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
OTHER = torch.randn(80, 3, generator=torch.Generator().manual_seed(1))


def test_the_estimator_makes_the_graph_of_the_function():
    made = Mapper(resolution=8, gain=2.0, clusters="connected").fit(CLOUD)
    graph = mapper(CLOUD, resolution=8, gain=2.0, clusters="connected")
    assert np.array_equal(made.membership_.toarray(), graph.membership.toarray())
    assert np.array_equal(made.graph_.edges, graph.edges)
    assert made.n_features_in_ == 3
    assert made.left_out_ == graph.left_out
    assert np.array_equal(
        Mapper(resolution=8).fit_transform(CLOUD.numpy()).toarray(), mapper(CLOUD, resolution=8).membership.toarray()
    )
    assert tl.Mapper is Mapper


def test_scikit_learn_can_clone_it():
    first = Mapper(lens=["norm", CLOUD[:, 0]], clusters=partial(dbscan, eps=1.0), gain=(2.0, 3.0))
    second = clone(first)
    assert second.get_params().keys() == first.get_params().keys()
    assert second.gain == (2.0, 3.0)
    assert not hasattr(clone(Mapper().fit(CLOUD)), "graph_")
    assert Mapper().set_params(gain=2.0).gain == 2.0
    assert repr(Mapper(gain=2.0)) == "Mapper(gain=2.0)"
    with pytest.raises(ValueError, match="settings are lens"):
        Mapper().set_params(overlap=0.5)


def test_it_can_be_kept_and_read_again():
    made = Mapper(resolution=4, cap=50).fit(CLOUD)
    again = pickle.loads(pickle.dumps(made))
    assert np.array_equal(again.transform(OTHER).toarray(), made.transform(OTHER).toarray())


COVERS = ["uniform", "quantile", "ball", "kmeans", "gmapper"]


@pytest.mark.parametrize("cover", COVERS)
@pytest.mark.parametrize("settings", [{}, {"cap": 12}, {"metric": "cosine"}, {"lens": ["density", "eccentricity"]}])
def test_its_own_points_come_back_to_their_nodes(cover, settings):
    if settings.get("lens") and cover != "ball":
        settings = {"lens": ["norm", "eccentricity"]}  # a point is its own neighbour once it is new
    made = Mapper(resolution=6, gain=2.0, cover=cover, **settings).fit(CLOUD)
    again = made.transform(CLOUD)
    assert np.array_equal(again.toarray(), made.membership_.toarray())
    some = made.place(CLOUD[100:150])
    assert np.array_equal(some.membership.toarray(), made.membership_.toarray()[100:150])
    assert some.left_out.sentence == "all 50 points lie in a node"


def test_new_points_join_the_nearest_point_of_their_boxes():
    made = Mapper(resolution=5, gain=2.0, metric=None, clusters=partial(connected, scale=0.8)).fit(CLOUD)
    found = made.place(OTHER).membership.toarray()
    there = made._made.boxes.place(pca(OTHER, 2, CLOUD))
    ends = there.offsets.tolist()
    wanted = np.zeros_like(found)
    for cell, start, end in zip(there.cells.tolist(), ends[:-1], ends[1:], strict=True):
        nodes = np.flatnonzero(made.graph_.cell == cell)
        for point in there.members[start:end].tolist():
            far = [float((OTHER[point] - CLOUD[made.graph_.members(node)]).norm(dim=1).min()) for node in nodes]
            if far:
                wanted[point, nodes[int(np.argmin(far))]] = True
    assert np.array_equal(found, wanted)


def test_points_far_off_are_counted_not_forced():
    made = Mapper(resolution=5, gain=2.0, metric=None).fit(CLOUD)
    strange = torch.cat([CLOUD[:1], CLOUD[1:2] + 1e-3, torch.full((1, 3), 99.0)])
    near = made.place(strange, max_distance=1e-4)
    assert near.left_out[:3] == (3, 1, 1)
    assert near.left_out.outside == 1
    assert near.left_out.sentence == (
        "2 of 3 points lie in no node: 1 too far from the nearest point, 1 in no box with a node"
    )
    assert made.transform(torch.zeros(0, 3)).shape == (0, len(made.graph_))


def test_given_lens_values_must_be_given_again():
    made = Mapper(resolution=4).fit(CLOUD, lens=CLOUD[:, :1])
    with pytest.raises(ValueError, match="lens="):
        made.transform(OTHER)
    found = made.transform(CLOUD[:20], lens=CLOUD[:20, :1])
    assert np.array_equal(found.toarray(), made.membership_.toarray()[:20])


def test_precomputed_distances_place_new_points_too():
    far = torch.cdist(CLOUD, CLOUD, compute_mode="donot_use_mm_for_euclid_dist")
    new = torch.cdist(OTHER, CLOUD, compute_mode="donot_use_mm_for_euclid_dist")
    settings = {"resolution": 5, "gain": 2.0, "clusters": partial(connected, scale=0.7)}
    given = Mapper(metric="precomputed", **settings).fit(far, lens=CLOUD[:, :2])
    plain = Mapper(metric=None, **settings).fit(CLOUD, lens=CLOUD[:, :2])
    assert np.array_equal(given.membership_.toarray(), plain.membership_.toarray())
    for limit in (None, 0.4):
        one = given.place(new, lens=OTHER[:, :2], max_distance=limit)
        two = plain.place(OTHER, lens=OTHER[:, :2], max_distance=limit)
        assert np.array_equal(one.membership.toarray(), two.membership.toarray())


def test_a_lens_that_knows_its_reference_judges_new_points_by_it():
    made = Mapper(lens=partial(density, neighbours=3), resolution=4).fit(CLOUD)
    alone = made.place(OTHER[:1])  # a single point has no density of its own
    assert alone.membership.nnz > 0


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: Mapper().transform(CLOUD), AttributeError, "call fit first"),
        (lambda: Mapper().fit(CLOUD).transform(CLOUD[:, :2]), ValueError, r"shape \(m, 3\)"),
        (lambda: Mapper(metric="precomputed").fit(CLOUD), ValueError, r"shape \(n, n\)"),
        (lambda: Mapper(metric="precomputed").fit(CLOUD[:3]), ValueError, "lens must be given"),
        (lambda: Mapper("norm", metric="precomputed").fit(CLOUD[:3].abs()), ValueError, "symmetric"),
        (lambda: Mapper("norm", metric="precomputed").fit(-torch.ones(3, 3)), ValueError, "at least 0"),
    ],
)
def test_what_cannot_be_done_is_refused(act, error, message):
    with pytest.raises(error, match=message):
        act()


def test_a_cover_given_as_sets_places_nothing():
    made = Mapper(cover=precomputed_cover([torch.arange(300)], 300)).fit(CLOUD)
    with pytest.raises(ValueError, match="as a rule"):
        made.transform(OTHER)


def test_settings_are_those_of_the_function():
    ours, theirs = (
        {name: (p.default, p.annotation) for name, p in inspect.signature(each).parameters.items()}
        for each in (Mapper, mapper)
    )
    theirs.pop("points")
    assert ours == theirs
