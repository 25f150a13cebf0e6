"""Purity of nodes against chance, and what two graphs on the same rows have in common."""

import sys
import tracemalloc

import numpy as np
import pytest
import torch
from scipy.stats import hypergeom
from sklearn.metrics import adjusted_rand_score, mutual_info_score

import topolens as tl
from topolens.mapper import agreement, fused_gromov_wasserstein, matched_nodes
from topolens.mapper.comparison import _components_of_rows
from topolens.mapper.purity import _upper_tail, purity


def cloud(n: int = 400, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 2, generator=torch.Generator().manual_seed(seed))


def graph_of(points: torch.Tensor, resolution: int = 6, **settings: object) -> tl.MapperGraph:
    return tl.mapper(points, lens=points[:, :1], resolution=resolution, gain=1.5, **settings)


def test_purity_is_that_of_the_definition() -> None:
    points = cloud()
    graph = graph_of(points)
    labels = (points[:, 0] * 2.99).long().numpy()
    found = purity(graph, torch.from_numpy(labels))
    raw = []
    for node in range(len(graph)):
        inside = labels[graph.members(node)]
        counts = np.bincount(inside, minlength=3)
        best = counts.argmax()
        assert found.classes[node] == best
        assert found.share[node] == pytest.approx(counts[best] / len(inside))
        tail = hypergeom.pmf(np.arange(counts[best], 401), 400, (labels == best).sum(), len(inside)).sum()
        raw.append(min(1.0, 3 * tail))
    order = np.argsort(raw)
    steps = np.array(raw)[order] * len(raw) / np.arange(1, len(raw) + 1)
    expected = np.empty(len(raw))
    expected[order] = np.minimum.accumulate(steps[::-1])[::-1].clip(max=1)
    assert found.p == pytest.approx(expected)
    assert (found.p < 1e-6).any()


@pytest.mark.parametrize("total", [1, 7, 300, 20_000])
def test_the_chance_of_so_many_is_hypergeometric(total: int) -> None:
    rng = np.random.default_rng(total)
    special, drawn = rng.integers(0, total + 1, (2, 200))
    least = rng.integers(np.maximum(0, special + drawn - total), np.minimum(special, drawn) + 1)
    found = _upper_tail(least, total, special, drawn)
    assert ((found >= 0) & (found <= 1 + 1e-9)).all()
    assert found == pytest.approx(hypergeom.sf(least - 1, total, special, drawn), rel=1e-8, abs=1e-280)


def test_random_labels_are_rarely_called_special() -> None:
    graph = graph_of(cloud(), resolution=10)
    rng = np.random.default_rng(0)
    wrong = [(purity(graph, rng.permutation(np.arange(400) % 4)).p <= 0.05).any() for _ in range(300)]
    assert np.mean(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_unknown_labels_do_not_count() -> None:
    points = cloud()
    graph = graph_of(points)
    labels = np.full(400, np.nan)
    nothing = purity(graph, labels)
    assert (nothing.classes == -1).all()
    assert np.isnan(nothing.p).all()
    assert set(nothing.to_json()["share"]) == {None}
    labels[graph.members(0)] = 7
    found = purity(graph, labels)
    assert (found.classes[0], found.share[0]) == (7, 1.0)
    assert found.p[0] == 1.0  # all that is known is of one class
    assert found.classes[-1] == -1
    one = purity(graph, np.where(np.isnan(labels), -1, labels))
    assert np.array_equal(one.classes, found.classes)


def test_purity_refuses_what_are_no_labels() -> None:
    graph = graph_of(cloud())
    with pytest.raises(ValueError, match="one class number per point"):
        purity(graph, np.zeros(3))
    with pytest.raises(ValueError, match="whole numbers"):
        purity(graph, np.full(400, 0.5))
    for huge in (np.inf, 1e30):
        with pytest.raises(ValueError, match="whole numbers"):
            purity(graph, np.full(400, huge))


def test_many_classes_need_no_table_of_points_by_classes() -> None:
    points = cloud(20_000)
    graph = graph_of(points, clusters="one_cluster")
    tracemalloc.start()
    found = purity(graph, np.arange(20_000) // 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.p == 1).all()
    assert peak < 20_000 * 2_000  # a byte for each point and class


def test_matched_nodes_share_the_points_they_say() -> None:
    points = cloud()
    a, b = graph_of(points), graph_of(points, resolution=9)
    pairs, shared = matched_nodes(a, b)
    brute = [(i, j, len(np.intersect1d(a.members(i), b.members(j)))) for i in range(len(a)) for j in range(len(b))]
    assert [(i, j, n) for i, j, n in brute if n] == [(*pair, n) for pair, n in zip(pairs.tolist(), shared, strict=True)]


def test_components_are_compared_as_scikit_learn_does() -> None:
    points = torch.cat([cloud(100, k) * 0.3 + torch.tensor([0.0, 3.0 * k]) for k in range(4)])
    # The lens does not see what parts the clouds; the second graph joins two of them.
    a = graph_of(points, clusters="connected", metric=None)
    moved = points.clone()
    moved[:, 1] = moved[:, 1].clamp(min=3.0)
    b = tl.mapper(moved, lens=points[:, :1], resolution=6, gain=1.5, clusters="connected", metric=None)
    x, y = _components_of_rows(a), _components_of_rows(b)
    found = agreement(a, b, resamples=50)
    assert 0 < found.adjusted_rand[0] < 1
    assert found.adjusted_rand[0] == pytest.approx(adjusted_rand_score(x, y))
    information = mutual_info_score(x, x) + mutual_info_score(y, y) - 2 * mutual_info_score(x, y)
    assert found.variation_of_information[0] == pytest.approx(information / np.log(2))
    for value, low, high in (found.adjusted_rand, found.variation_of_information, found.nodes):
        assert low <= value <= high
    assert found.to_json()["pairs"]["shared"] == found.shared.tolist()


def test_a_graph_agrees_with_itself_and_not_with_its_cover() -> None:
    points = cloud()
    a = graph_of(points)
    same = agreement(a, a, resamples=0)
    assert (same.nodes[0], same.adjusted_rand[0]) == (1.0, 1.0)
    assert same.variation_of_information[0] == pytest.approx(0, abs=1e-12)
    assert np.isnan(same.nodes[1])
    assert agreement(a, graph_of(points, resolution=20), resamples=0).nodes[0] < 0.7


def test_rows_in_no_node_stand_alone() -> None:
    points = cloud(60)
    a = graph_of(points)
    none = a.without_small(1000)
    found = agreement(a, none, resamples=5)
    assert found.pairs.shape == (0, 2)
    assert found.adjusted_rand[0] == 0.0
    assert found.nodes[0] == 0.0
    empty = tl.mapper(torch.zeros(0, 2))
    assert agreement(empty, empty).adjusted_rand[0] == 1.0
    with pytest.raises(ValueError, match="same rows only"):
        agreement(a, empty)


def test_fused_gromov_wasserstein_is_0_for_the_same_and_grows() -> None:
    points = cloud(200)
    a, near, far = (graph_of(points, resolution=r) for r in (6, 7, 20))
    assert fused_gromov_wasserstein(a, a) == pytest.approx(0, abs=1e-9)
    assert 0 < fused_gromov_wasserstein(a, near) < fused_gromov_wasserstein(a, far) <= 1
    apart = tl.mapper(points, lens=points[:, :1], resolution=6, gain=1.0)  # components: no edge, no path
    assert 0 < fused_gromov_wasserstein(a, apart) <= 1
    with pytest.raises(ValueError, match="alpha"):
        fused_gromov_wasserstein(a, a, alpha=2)
    with pytest.raises(ValueError, match="without nodes"):
        fused_gromov_wasserstein(a, a.without_small(1000))


def test_pot_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ot", None)
    a = graph_of(cloud(50))
    with pytest.raises(ImportError, match=r"topolens\[transport\]"):
        fused_gromov_wasserstein(a, a)
