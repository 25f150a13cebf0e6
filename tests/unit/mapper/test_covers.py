from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import anderson

from topolens.mapper import (
    ball_cover,
    connected,
    cover,
    gmapper_cover,
    kmeans_cover,
    mapper,
    precomputed_cover,
    quantile_cover,
)
from topolens.mapper.interval_covers import anderson_darling
from topolens.mapper.subdivision import capped


def as_sets(found):
    ends = found.offsets.tolist()
    return [set(found.members[a:b].tolist()) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def values(n=200, d=2, seed=0):
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


RULES = {
    "uniform": lambda x: cover(x, 7, 2.5),
    "cell": lambda x: cover(x, 7, 2.5, "cell"),
    "quantile": lambda x: quantile_cover(x, 7, 2.5),
    "ball": lambda x: ball_cover(x, 0.8),
    "ball by number": ball_cover,
    "kmeans": lambda x: kmeans_cover(x, 9, 0.4),
    "gmapper": lambda x: gmapper_cover(x, 1.0),
    "capped": lambda x: capped(cover(x, 3, 2.0), x, 25),
}


@pytest.mark.parametrize("name", RULES)
def test_every_point_is_covered_and_comes_back_to_its_boxes(name):
    x = values()
    found = RULES[name](x)
    assert set(found.members.tolist()) == set(range(len(x)))
    again = found.place(x)
    kept = [box for box in as_sets(again) if box]
    assert kept == as_sets(found)
    some = torch.tensor([3, 77, 140])
    wanted = [{i for i, row in enumerate(some.tolist()) if row in box} for box in as_sets(found)]
    assert [box for box in as_sets(found.place(x[some])) if box] == [box for box in wanted if box]


@pytest.mark.parametrize("name", [name for name in RULES if "ball" not in name and name != "kmeans"])
def test_values_beyond_the_cover_lie_in_no_box(name):
    far = torch.tensor([[100.0, 0.0], [0.0, -100.0]], dtype=torch.float64)
    assert len(RULES[name](values()).place(far).members) == 0


def test_quantile_intervals_hold_equally_many_points_and_equal_values_fall_together():
    skewed = values(1000, 1).exp().pow(3)
    sizes = [len(box) for box in as_sets(quantile_cover(skewed, 10, 1.0))]
    assert len(sizes) == 10
    assert max(sizes) - min(sizes) <= 1
    tied = torch.cat([torch.zeros(60, 1), torch.arange(1.0, 41.0)[:, None]])
    for box in as_sets(quantile_cover(tied, 10, 2.0)):
        assert len(box & set(range(60))) in (0, 60)
    # Monotone maps of the lens change nothing.
    one, two = quantile_cover(skewed, 8, 2.0), quantile_cover(skewed.log(), 8, 2.0)
    assert as_sets(one) == as_sets(two)
    assert as_sets(quantile_cover(torch.ones(5, 1), 4)) == [{0, 1, 2, 3, 4}]


def test_balls_are_round_their_centres_and_centres_are_apart():
    x = values(300, 3)
    found = ball_cover(x, 1.0)
    distances = torch.cdist(x, x)
    for box in as_sets(found):
        assert any(set(torch.nonzero(distances[c] <= 1.0).flatten().tolist()) == box for c in box)
    assert ball_cover(x).cells.numel() == 100
    assert as_sets(ball_cover(torch.ones(4, 2))) == [{0, 1, 2, 3}]
    assert ball_cover(torch.zeros(0, 2), 1.0).members.numel() == 0
    assert sorted(map(len, as_sets(ball_cover(torch.arange(40.0)[:, None], 0.5)))) == [1] * 40


def test_cells_of_k_means_widen():
    x = values()
    tight, wide = kmeans_cover(x, 9, 0.0), kmeans_cover(x, 9, 0.5)
    assert len(tight.members) == 200 < len(wide.members)
    assert all(a <= b for a, b in zip(as_sets(tight), as_sets(wide), strict=True))
    assert len(kmeans_cover(torch.ones(6, 1), 3).cells) == 1
    assert torch.equal(kmeans_cover(x, 5, seed=1).members, kmeans_cover(x, 5, seed=1).members)


def test_gmapper_splits_bumps_and_leaves_one_alone():
    one = values(500, 1)
    assert len(gmapper_cover(one).cells) == 1
    found = gmapper_cover(torch.cat([one - 12, one]))
    assert [len(box) for box in as_sets(found)] == pytest.approx([500] * 2, abs=25)
    three = torch.cat([one - 12, one, one + 12])  # a mixture of two cuts through the middle bump, as the rule has it
    assert 3 <= len(gmapper_cover(three).cells) <= 6
    assert len(gmapper_cover(three, most=2).cells) == 2
    assert len(gmapper_cover(torch.ones(20, 1)).cells) == 1


@pytest.mark.filterwarnings("ignore")
def test_the_statistic_is_that_of_scipy():
    x = np.sort(values(200, 1).exp().numpy().ravel())
    assert anderson_darling(x) == pytest.approx(anderson(x).statistic * (1 + 4 / 200 - 25 / 200**2))
    assert anderson_darling(x[:7]) == 0.0


def test_given_sets():
    found = precomputed_cover([torch.tensor([2, 0]), torch.zeros(0, dtype=torch.int64), torch.tensor([2, 3])], n=5)
    assert as_sets(found) == [{0, 2}, {2, 3}]
    assert found.cells.tolist() == [0, 2]
    graph = mapper(torch.arange(5.0)[:, None], cover=found, clusters="one_cluster")
    assert graph.edges.tolist() == [[0, 1]]
    assert (graph.left_out.outside, graph.left_out.in_nodes) == (2, 3)
    assert "2 of 5 points lie in no node: outside the cover" in graph.left_out.sentence
    for sets in ([[0, 5]], [[-1]], [[1, 1]]):
        with pytest.raises(ValueError, match="at most once"):
            precomputed_cover([torch.tensor(x) for x in sets], n=5)


@pytest.mark.parametrize("cap", [1, 10, 60])
def test_crowded_boxes_are_split_into_overlapping_parts(cap):
    x = values(400, 2)
    whole = cover(x, 3, 2.0)
    found = capped(whole, x, cap)
    sizes = found.offsets.diff()
    assert int(sizes.max()) <= cap
    before = dict(zip(whole.cells.tolist(), as_sets(whole), strict=True))
    after: dict[int, set] = {}
    for cell, box in zip(found.cells.tolist(), as_sets(found), strict=True):
        after[cell] = after.get(cell, set()) | box
    assert before == after
    if cap >= 10:
        assert len(found.members) > len(whole.members)  # parts share points


def test_equal_values_cannot_be_split_and_that_is_said():
    lens = torch.tensor([[0.0]] * 50 + [[1.0]] * 3)
    graph = mapper(
        torch.randn(53, 2, generator=torch.Generator().manual_seed(0)), lens, 1, clusters="one_cluster", cap=9
    )
    assert sorted(graph.sizes.tolist()) == [3, 50]
    assert any("more than 9 points" in remark for remark in graph.remarks)


def test_a_line_stays_a_line_when_its_boxes_are_split():
    line = torch.linspace(0, 1, 500)[:, None]
    graph = mapper(line, resolution=2, gain=1.5, cap=60)
    degrees = np.bincount(graph.edges.ravel(), minlength=len(graph))
    assert len(graph) > 8
    assert graph.coverage == 1.0
    assert degrees.min() >= 1


def test_a_cap_too_small_for_a_sparse_cloud_is_said():
    sparse_cloud = torch.randn(1500, 9, generator=torch.Generator().manual_seed(0))
    settings = {"resolution": 3, "gain": 2.0, "clusters": partial(connected, scale=2.2)}
    (remark,) = mapper(sparse_cloud, cap=40, **settings).remarks
    assert "do not hang together" in remark
    assert "raise cap" in remark
    assert mapper(sparse_cloud, cap=1500, **settings).remarks == ()
    assert mapper(sparse_cloud[:, :2], cap=40, **settings).remarks == ()


@pytest.mark.parametrize("name", ["quantile", "ball", "kmeans", "gmapper"])
def test_covers_by_name(name):
    graph = mapper(values(300, 3), cover=name, clusters="connected")
    assert graph.coverage == 1.0
    assert graph.settings["cover"] == name


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"cover": "hexagons"}, ValueError, "cover must be one of"),
        ({"cover": 3}, TypeError, "cover must be a name"),
        ({"cover": lambda lens: lens}, TypeError, "must make a Cover"),
        ({"cover": precomputed_cover([torch.tensor([9])], 10)}, ValueError, "rows of the 5 points"),
        ({"cap": 0}, ValueError, "cap must be"),
        ({"noise": "hide"}, ValueError, "noise must be one of"),
        ({"min_shared": 0}, ValueError, "min_shared"),
    ],
)
def test_what_cannot_be_done_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        mapper(values(5), **change)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: quantile_cover(x, 0), "resolution"),
        (lambda x: ball_cover(x, 0.0), "scale must be above 0"),
        (lambda x: ball_cover(x, start=9), "start must be a row"),
        (lambda x: kmeans_cover(x, 0), "centres"),
        (lambda x: kmeans_cover(x, 2, -1.0), "widening"),
        (lambda x: gmapper_cover(x, 0.0), "threshold"),
        (lambda x: gmapper_cover(x, overlap=-1.0), "overlap"),
        (lambda x: gmapper_cover(x, most=0), "most"),
        (lambda x: gmapper_cover(x / 0), "finite|NaN"),
    ],
)
def test_bad_settings_of_covers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(values(5))
