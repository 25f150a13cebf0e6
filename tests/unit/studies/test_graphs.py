"""Sets of graphs and the study on them: what made-up sets hold, splits without leaks, a result on little data."""

from collections import Counter
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch

import topolens as tl
from topolens.studies.graph_sets import GraphSet, cycles, duplicate_groups, folds, necklaces, read_graphs
from topolens.studies.graphs import BATCH, PIPELINES, Recipe, _chunks, nested_scores


def betti(graphs: GraphSet) -> list[tuple[int, int]]:
    """Components and independent loops of each graph."""
    packed = graphs.batch(torch.arange(len(graphs.sizes)))
    d = tl.persistence(tl.lower_star(torch.zeros(len(packed.x)), packed.edge_index, packed.batch))
    return [(len(one.of_dim(0)), len(one.of_dim(1))) for one in d]


def degrees(graphs: GraphSet, item: int) -> list[int]:
    return torch.bincount(graphs.batch(torch.tensor([item])).edge_index[0]).bincount().tolist()


def test_cycles() -> None:
    graphs = cycles(20)
    assert betti(graphs) == [(1, 1), (2, 2)] * 10
    assert torch.equal(graphs.sizes, graphs.edge_counts)


def test_necklaces() -> None:
    graphs = necklaces(20)
    assert betti(graphs) == [(1, 2)] * 20
    for item in range(20):
        assert degrees(graphs, item) == [0, 2, int(graphs.sizes[item]) - 6, 4]


def test_three_levels_see_nothing_in_long_necklaces() -> None:
    """Colours refined three times, each with how often it occurs: alike in all, but for how often the plainest does."""
    graphs = necklaces(20, ring=20, chain=5)
    seen = set()
    for item in range(20):
        ends = graphs.batch(torch.tensor([item])).edge_index.T.tolist()
        colours: list[object] = [0] * int(graphs.sizes[item])
        for _ in range(3):
            near: list[list[object]] = [[] for _ in colours]
            for a, b in ends:
                near[a].append(colours[b])
            colours = [(c, tuple(sorted(n, key=repr))) for c, n in zip(colours, near, strict=True)]
        counts = Counter(colours)
        del counts[counts.most_common(1)[0][0]]
        seen.add(frozenset(counts.items()))
    assert len(seen) == 1
    assert betti(graphs) == [(1, 2)] * 20


@pytest.mark.parametrize("values", list(permutations((0.0, 1.0, 2.0))))
def test_degrees_give_long_necklaces_the_same_bars(values: tuple[float, ...]) -> None:
    """Whatever values degrees 1, 2 and 3 get; so one level of message passing before a persistence is not enough."""
    packed = (graphs := necklaces(10, ring=20, chain=5)).batch(torch.arange(10))
    of_vertices = torch.tensor(values)[packed.edge_index[0].bincount() - 1]
    found = tl.persistence(tl.lower_star(of_vertices, packed.edge_index, packed.batch))
    bars = {
        tuple(sorted((k, *bar) for k in (0, 1) for bar in one.of_dim(k).intervals.tolist() if bar[0] < bar[1]))
        for one in found
    }
    assert len(graphs.sizes) == 10
    assert len(bars) == 1


def test_a_batch_holds_the_graphs_asked_for() -> None:
    graphs = necklaces(6)
    packed = graphs.batch(torch.tensor([4, 1]))
    assert packed.batch.bincount().tolist() == graphs.sizes[[4, 1]].tolist()
    assert packed.labels.tolist() == [0, 1]
    alone = graphs.batch(torch.tensor([1]))
    own = packed.edge_index[:, packed.batch[packed.edge_index[0]] == 1] - int(graphs.sizes[4])
    assert sorted(own.T.tolist()) == sorted(alone.edge_index.T.tolist())


def test_isomorphic_graphs_are_one_group_and_others_are_not() -> None:
    """A path, the same renumbered, the same with another feature, and a star."""
    path, other, star = [[0, 1], [1, 2], [2, 3]], [[2, 0], [0, 3], [3, 1]], [[0, 1], [0, 2], [0, 3]]
    edges = torch.tensor([*path, *other, *path, *star])
    features = torch.zeros(16, 1)
    features[8] = 1
    graphs = GraphSet("four", torch.full((4,), 4), torch.full((4,), 3), edges, torch.tensor([0, 0, 1, 1]), features)
    groups = duplicate_groups(graphs).tolist()
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_no_group_lies_on_both_sides() -> None:
    labels = torch.arange(60) % 2
    groups = torch.arange(60) // 3
    parts = folds(labels, groups, 5)
    assert sorted(torch.cat([test for _, test in parts]).tolist()) == list(range(60))
    for train, test in parts:
        assert not set(groups[train].tolist()) & set(groups[test].tolist())


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_cycles_are_told_apart_by_topology_only(pipeline: str) -> None:
    """One training in ten or so gets nowhere, so the best of three is asked for where topology is seen."""
    recipe = Recipe(outer=2, inner=2, epochs=20, rates=(1e-2,))
    scores = [nested_scores(cycles(80), pipeline, recipe, seed) for seed in range(3)]
    best = max(score.mean for score in scores)
    assert all(len(score.accuracies) == len(score.rates) == 2 and score.majority == 0.5 for score in scores)
    if pipeline in ("GIN-2-TOGL-1", "HKS, extended persistence, PersLay"):
        assert best > 0.9
    elif pipeline.startswith("GIN"):  # values of heat kernels hold the length of a cycle, and so say a little
        assert best < 0.6
    assert nested_scores(cycles(80), pipeline, recipe) == scores[0]


def test_no_batch_of_one_graph() -> None:
    graphs = cycles(BATCH + 1)
    assert [len(chunk.graphs.labels) for chunk in _chunks(graphs, torch.arange(BATCH + 1))] == [BATCH + 1]
    assert [len(chunk.graphs.labels) for chunk in _chunks(graphs, torch.arange(BATCH))] == [BATCH]


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pipeline must be one of 'GIN-3', .*, got 'GIN'"):
        nested_scores(cycles(4), "GIN", Recipe(outer=2, inner=2))
    with pytest.raises(FileNotFoundError):
        read_graphs(tmp_path / "none.npz", "MUTAG")
    np.savez(tmp_path / "other.npz", MUTAG__y=np.zeros(1))
    with pytest.raises(ValueError, match=r"other.npz must hold MUTAG__num_nodes; its sets are MUTAG"):
        read_graphs(tmp_path / "other.npz", "MUTAG")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ValueError, match=r"text.npz is no .npz file"):
        read_graphs(tmp_path / "text.npz", "MUTAG")


@pytest.mark.real_data
def test_sets_on_file(data_folder: Path) -> None:
    """MUTAG has node labels; those of IMDB-BINARY are all the same, and degrees take their place."""
    graphs = read_graphs(data_folder / "graphs_tu.npz", "MUTAG")
    assert (len(graphs.sizes), graphs.classes, graphs.features.shape[1]) == (188, 2, 7)
    assert len(duplicate_groups(graphs).unique()) == 175
    assert read_graphs(data_folder / "graphs_tu.npz", "IMDBBINARY").features.shape[1] == 11 - 1
