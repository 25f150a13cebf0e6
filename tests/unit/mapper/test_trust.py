"""Branches and loops: found, trusted where they are real, and not where they are noise; parameters advised."""

import os
from functools import partial

import joblib
import numpy as np
import pytest
import torch

import topolens as tl
from topolens.mapper import (
    Remade,
    advised,
    betti_numbers,
    connected,
    cover_only,
    extents,
    features,
    instability,
    parameter_grid,
)
from topolens.mapper.stability import Stability, stability

ONE_LENS = {"resolution": 20, "gain": 2.0, "clusters": "connected"}
TWO_LENSES = {"resolution": 12, "gain": 2.0, "clusters": "connected"}
EXHAUSTIVE = bool(os.environ.get("TOPOLENS_EXHAUSTIVE"))


def spread(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def circle(n: int, seed: int) -> torch.Tensor:
    g = spread(seed)
    angle = torch.rand(n, generator=g) * 2 * torch.pi
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(n, 2, generator=g)


def eight(n: int, seed: int) -> torch.Tensor:
    ring = circle(n, seed)
    side = torch.where(torch.arange(n) % 2 == 0, 1.0, -1.0)
    return torch.stack([(ring[:, 0] + 1) * side, ring[:, 1]], 1)


def fork(n: int, seed: int) -> torch.Tensor:
    """A Y on its side: one stem to the left, two arms to the right."""
    g = spread(seed)
    along, which = torch.rand(n, generator=g), torch.arange(n) % 3
    angle = which * 2 * torch.pi / 3 + torch.pi
    return torch.stack([along * angle.cos(), along * angle.sin()], 1) + 0.03 * torch.randn(n, 2, generator=g)


def ball(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, 3, generator=spread(seed))


def square(n: int, seed: int) -> torch.Tensor:
    return torch.rand(n, 2, generator=spread(seed))


def judged(points: torch.Tensor, lenses: int = 1, resamples: int = 40, **settings: object) -> Stability:
    chosen = {**(ONE_LENS if lenses == 1 else TWO_LENSES), **settings}
    graph = tl.mapper(points, lens=points[:, :lenses], **chosen)
    return stability(graph, Remade(points, chosen), resamples=resamples)


def confident(some: list) -> int:
    return sum(x.is_confident for x in some)


# Features -----------------------------------------------------------------------------------------------------------


def test_loops_are_those_of_the_filled_nerve() -> None:
    for seed in range(4):
        points = square(300, seed)
        graph = tl.mapper(points, resolution=9, gain=1.7)
        for lens in (0, 1):
            loops = [x for x in features(graph, lens) if x.kind == "loop"]
            assert len(loops) == betti_numbers(graph)[1]
            means = graph.node_means(graph.lens)[:, lens]
            joined = set(map(tuple, graph.edges.tolist()))
            for loop in loops:
                steps = zip(loop.nodes.tolist(), np.roll(loop.nodes, -1).tolist(), strict=True)
                assert all((min(step), max(step)) in joined for step in steps)
                assert len(set(loop.nodes.tolist())) == len(loop.nodes) >= 3
                assert means[loop.nodes].max() == pytest.approx(loop.high)


def test_without_triangles_features_are_the_extended_persistence_of_the_graph() -> None:
    points = circle(500, 1)
    graph = tl.mapper(points, lens=points[:, :1], resolution=25, gain=1.4)
    assert not len(graph.triangles)
    values = torch.from_numpy(graph.node_means(graph.lens)[:, 0])
    plain = tl.extended_persistence(tl.lower_star(values, torch.from_numpy(graph.edges.T.copy())))
    found = extents(graph)
    for bars, expected in ((found.lower, plain.ord0), (found.upper, plain.rel1), (found.loops, plain.ext1)):
        rows = expected.intervals.numpy()
        rows = np.sort(rows[rows[:, 0] != rows[:, 1]], axis=1)
        assert np.array_equal(bars[np.lexsort(bars.T)], rows[np.lexsort(rows.T)])


def test_a_fork_has_one_upper_branch_with_the_points_of_one_arm() -> None:
    points = fork(900, 0)
    graph = tl.mapper(points, lens=points[:, :1], **ONE_LENS)
    longest = max(features(graph), key=lambda x: x.length)
    assert longest.kind == "upper branch"
    rows = np.unique(np.concatenate([graph.members(node) for node in longest.nodes]))
    arm = np.bincount(rows % 3, minlength=3) / len(rows)
    assert arm.max() > 0.9
    means = graph.node_means(graph.lens)[:, 0]
    assert means[longest.nodes].max() == pytest.approx(longest.high)
    assert means[longest.nodes].min() > longest.low


def test_features_of_the_smallest_graphs() -> None:
    assert features(tl.mapper(torch.zeros(0, 2))) == []
    assert features(tl.mapper(torch.ones(4, 2))) == []
    with pytest.raises(ValueError, match="lens must lie in"):
        features(tl.mapper(torch.rand(9, 2)), 2)


# Stability ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lenses", [1, 2])
def test_real_loops_are_confident(lenses: int) -> None:
    ring, both = judged(circle(500, 0), lenses), judged(eight(1000, 0), lenses)
    assert (confident(ring.loops), confident(both.loops)) == (1, 2)
    assert confident(ring.branches) == 0
    # Along the second lens each half of the eight has an end of its own.
    assert {x.feature.lens for x in both.branches if x.is_confident} <= {1}
    assert ring.loops[0].confidence > 0.9
    assert ring.cover_loops == (0 if lenses == 1 else 1)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_coarser_cover_finds_both_loops_of_fewer_points(seed: int) -> None:
    wide = partial(connected, slack=2.0)
    assert confident(judged(eight(500, seed), resolution=10, clusters=wide).loops) == 2
    assert confident(judged(square(500, seed), resolution=10, clusters=wide).loops) == 0


def test_a_real_branch_is_confident() -> None:
    found = judged(fork(900, 1))
    assert confident(found.branches) == 1
    assert confident(found.loops) == 0
    assert found.branches[0].feature.kind == "upper branch"
    assert "1 of" in found.sentence


NOISE = [(cloud, lenses) for cloud in (ball, square) for lenses in (1, 2)]


@pytest.mark.parametrize(("cloud", "lenses"), NOISE, ids=lambda x: getattr(x, "__name__", x))
def test_noise_has_no_confident_branch_or_loop(cloud: object, lenses: int) -> None:
    """In at most 5 % of the clouds; of few clouds, in none."""
    clouds = 100 if EXHAUSTIVE else 4 - lenses
    wrong = np.zeros(2)
    for seed in range(clouds):
        found = judged(cloud(300, seed), lenses, resamples=20 * lenses)
        wrong += [confident(found.branches) > 0, confident(found.loops) > 0]
    assert (wrong <= 0.05 * clouds).all()


def test_nodes_and_edges_of_a_clean_ring_come_back() -> None:
    points = circle(800, 2)
    graph = tl.mapper(points, lens=points[:, :1], **ONE_LENS)
    found = stability(graph, Remade(points, ONE_LENS), resamples=20)
    same = stability(graph, Remade(points, ONE_LENS), resamples=20, jitter=0.0, vary=0.0)
    assert found.nodes.shape == (len(graph),)
    assert found.edges.shape == (len(graph.edges),)
    assert ((found.nodes >= 0) & (found.nodes <= 1)).all()
    assert same.nodes.mean() > found.nodes.mean() > 0.5
    assert found.edges.mean() > 0.9


def test_nodes_that_never_come_back_have_no_confidence() -> None:
    points = circle(300, 3)
    graph = tl.mapper(points, lens=points[:, :1], **ONE_LENS)
    split = torch.zeros(300, 2)
    split[:, 0] = torch.arange(300)  # each point its own cluster

    def alone(rows: np.ndarray, lens: np.ndarray, finer: float = 1.0) -> tl.MapperGraph:
        scale = partial(connected, scale=0.5)
        return tl.mapper(split[rows], lens=torch.from_numpy(lens), resolution=20, gain=1.0, clusters=scale, metric=None)

    found = stability(graph, alone, resamples=5)
    assert found.nodes.max() < 0.5
    assert found.edges.mean() < 0.2
    assert confident(found.loops) == 0


def test_same_result_for_any_number_of_jobs_and_seeds_count() -> None:
    points = circle(200, 4)
    graph = tl.mapper(points, lens=points[:, :1], **ONE_LENS)
    one = stability(graph, Remade(points, ONE_LENS), resamples=6)
    # Processes take seconds to start; threads do the same work in the same order.
    with joblib.parallel_config("loky" if EXHAUSTIVE else "threading"):
        two = stability(graph, Remade(points, ONE_LENS), resamples=6, jobs=2)
    other = stability(graph, Remade(points, ONE_LENS), resamples=6, seed=1)
    assert one.to_json() == two.to_json()
    assert one.to_json() != other.to_json()
    assert stability(graph, Remade(points, ONE_LENS), resamples=6, share=None).to_json() != one.to_json()


def test_progress_is_told_and_can_stop_the_work() -> None:
    points = circle(200, 5)
    graph = tl.mapper(points, lens=points[:, :1], **ONE_LENS)
    told: list[tuple[int, int]] = []
    made = 0

    def counting(rows: np.ndarray, lens: np.ndarray, finer: float = 1.0) -> tl.MapperGraph:
        nonlocal made
        made += 1
        return Remade(points, ONE_LENS)(rows, lens, finer)

    stability(graph, counting, resamples=4, progress=lambda *x: told.append(x))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    made = 0

    def stop(done: int, expected: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stability(graph, counting, resamples=50, progress=stop)
    assert made < 10


def test_refusals_and_the_smallest_graph() -> None:
    points = torch.ones(5, 2)
    graph = tl.mapper(points)
    assert stability(graph, Remade(points), resamples=3).nodes.tolist() == [1.0]
    empty = tl.mapper(torch.zeros(0, 2))
    assert stability(empty, Remade(torch.zeros(0, 2)), resamples=2).nodes.shape == (0,)
    with pytest.raises(ValueError, match="resamples"):
        stability(graph, Remade(points), resamples=0)
    with pytest.raises(ValueError, match="jitter"):
        stability(graph, Remade(points), jitter=-1)
    with pytest.raises(ValueError, match="share"):
        stability(graph, Remade(points), share=0)
    with pytest.raises(TypeError, match="job"):
        stability(graph, Remade(points), job=2)


def test_the_cover_alone_is_the_graph_of_one_cluster_per_box() -> None:
    points = square(300, 0)
    for lenses in (1, 2):
        ours = cover_only(tl.mapper(points, lens=points[:, :lenses], resolution=8, gain=2.0))
        truth = tl.mapper(points, lens=points[:, :lenses], resolution=8, gain=2.0, clusters="one_cluster")
        assert (ours.membership != truth.membership).nnz == 0
        assert np.array_equal(ours.edges, truth.edges)
        assert np.array_equal(ours.triangles, truth.triangles)


# Advice -------------------------------------------------------------------------------------------------------------


def test_advised_parameters_show_the_ring() -> None:
    points = circle(1500, 6)
    found = advised(points, points[:, :1])
    graph = tl.mapper(
        points,
        lens=points[:, :1],
        resolution=found.resolution,
        gain=found.gain,
        clusters=partial(connected, scale=found.scale),
    )
    assert betti_numbers(graph) == (1, 1)
    assert graph.settings["interval_lengths"] == pytest.approx(found.interval_lengths)
    assert found == advised(points, points[:, :1])
    assert found != advised(points, points[:, :1], seed=1)


def test_advice_follows_its_definition() -> None:
    points = square(120, 1)
    found = advised(points, points, metric=None, resamples=2000)
    size = round(120 / (np.log(120) / np.log(10)))
    apart = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    rng = np.random.default_rng(9)
    far = [apart[:, rng.choice(120, size, replace=False)].min(1).max() for _ in range(2000)]
    assert found.scale == pytest.approx(np.mean(far), rel=0.03)
    i, j = np.nonzero(apart <= found.scale)
    change = np.abs(points.numpy()[i] - points.numpy()[j]).max(0)
    assert (np.array(found.interval_lengths) >= 3 * change * (1 - 1e-6)).all()
    finer = (np.ptp(points.numpy(), 0)) / (1 + np.array(found.resolution) / 1.5)
    assert (finer < 3 * change).all()  # one more interval would make them too short


def test_too_few_points_are_said() -> None:
    found = advised(torch.randn(30, 20, generator=spread(0)), torch.rand(30, 1, generator=spread(1)))
    assert found.resolution == [1]
    assert "one interval" in found.sentence
    with pytest.raises(ValueError, match="at least 2"):
        advised(torch.zeros(1, 2), torch.zeros(1, 1))


@pytest.mark.parametrize("n", [2, 5, 10, 11, 12])
def test_advice_for_a_handful_of_points_can_be_taken(n: int) -> None:
    points = square(n, 3)
    found = advised(points, points[:, :1])
    assert found.scale > 0
    clusters = partial(connected, scale=found.scale)
    assert len(tl.mapper(points, points[:, :1], found.resolution, found.gain, clusters=clusters))


def test_advice_refuses_what_it_cannot_judge() -> None:
    points = square(20, 4)
    for wrong in (float("inf"), float("nan")):
        broken = points.clone()
        broken[3, 0] = wrong
        for given in ((broken, points), (points, broken)):
            with pytest.raises(ValueError, match="infinite|NaN"):
                advised(*given)
    with pytest.raises(ValueError, match="resamples must be at least 1"):
        advised(points, points, resamples=0)
    with pytest.raises(ValueError, match="at least one column"):
        advised(points, points[:, :0])
    with pytest.raises(ValueError, match="coincide"):
        advised(torch.zeros(5, 2), torch.rand(5, 1))


def test_the_grid_repeats_what_single_graphs_say() -> None:
    points = circle(300, 7)
    labels = (points[:, 0] > 0).long()
    told: list[tuple[int, int]] = []
    settings = {"clusters": "connected"}
    grid = parameter_grid(
        points, points[:, :1], [5, 12], [1.5, 2.0, 3.0], labels, settings, pairs=2, progress=lambda *x: told.append(x)
    )
    assert told[-1] == (6, 6)
    for i, resolution in enumerate(grid.resolutions):
        for j, gain in enumerate(grid.gains):
            graph = tl.mapper(points, lens=points[:, :1], resolution=resolution, gain=gain, clusters="connected")
            assert grid.nodes[i][j] == len(graph)
            assert (grid.components[i][j], grid.loops[i][j]) == betti_numbers(graph)
            assert grid.coverage[i][j] == 1.0
            assert 0.5 < grid.purity[i][j] <= 1
            assert 0 <= grid.instability[i][j] < 0.3
    without = parameter_grid(points, points[:, :1], [5], [1.5], pairs=0).to_json()
    assert without["purity"] == without["instability"] == [[None]]
    with pytest.raises(ValueError, match="at least one"):
        parameter_grid(points, points[:, :1], [], [1.5])


def test_instability_counts_points_that_change_sides() -> None:
    points = torch.tensor([[0.0], [1.0], [10.0], [11.0], [20.0]])
    lens = torch.zeros(5, 1)
    joined, parted = (
        tl.mapper(points, lens=lens, clusters=partial(connected, scale=s), metric=None) for s in (30.0, 2.0)
    )
    rows = np.arange(5)
    assert instability(joined, joined, rows, rows) == 0.0
    assert instability(joined, parted, rows, rows) == pytest.approx(3 / 5)
    assert instability(joined, joined, rows, rows + 5) == 0.0
