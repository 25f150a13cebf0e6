"""Votes of neighbours, Reeb nets and the area under the curve, by hand."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from topolens.measures import auroc, auroc_draws, label_support, nearest_samples, neighbour_votes, reeb_net

CHAIN = torch.tensor([[1], [2], [1], [2]])  # a path 0 - 1 - 2 - 3


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_nearest_samples_are_those_of_scikit_learn() -> None:
    x = noise(300, 5)
    found = NearestNeighbors(n_neighbors=7).fit(x.numpy()).kneighbors(return_distance=False)
    assert np.array_equal(nearest_samples(x, 7).numpy(), found)


def test_votes_of_a_path() -> None:
    """One step: each sample hears its neighbours; two steps: also theirs, but never itself."""
    labels = torch.tensor([0, 1, 0, 0])
    one = neighbour_votes(CHAIN, labels, 2, steps=1)
    assert one.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [1.0, 0.0]]
    two = neighbour_votes(CHAIN, labels, 2, steps=2)
    # Sample 0: half of the second step comes back to itself and is left out, half goes to sample 2.
    torch.testing.assert_close(two[0], torch.tensor([0.5, 1.0], dtype=torch.float64) / 1.5)


def test_a_sample_has_no_vote_on_itself() -> None:
    x, labels = noise(60, 3), torch.randint(3, (60,), generator=torch.Generator().manual_seed(1))
    near = nearest_samples(x, 5)
    net = reeb_net(near, noise(60, 3, seed=2))
    for find in (lambda y: neighbour_votes(near, y, 3), lambda y: label_support(net, y, 3)):
        changed = labels.clone()
        changed[7] = (labels[7] + 1) % 3
        torch.testing.assert_close(find(labels)[7], find(changed)[7])
        assert not torch.allclose(find(labels), find(changed))


def test_unknown_labels_do_not_vote() -> None:
    votes = neighbour_votes(CHAIN, torch.tensor([-1, -1, -1, 1]), 2, steps=1)
    assert votes.tolist() == [[0.5, 0.5], [0.5, 0.5], [0.0, 1.0], [0.5, 0.5]]


def test_a_reeb_net_of_a_line_is_a_line() -> None:
    """100 samples on a line, one lens along it: four pieces in a row, sharing the samples that lie at the cuts."""
    x = torch.arange(100, dtype=torch.float64)[:, None]
    net = reeb_net(nearest_samples(x, 2), x, largest=30, smallest=2, overlap=0.05, steps=0)
    assert len(net.nodes) == 4
    assert net.edges.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert torch.equal(torch.cat(net.nodes).unique(), torch.arange(100))
    shared = [len(set(net.nodes[a].tolist()) & set(net.nodes[b].tolist())) for a, b in net.edges.tolist()]
    assert net.strengths.tolist() == shared
    assert min(shared) >= 1


def test_a_reeb_net_without_overlap_stays_connected_by_edges() -> None:
    x = torch.arange(100, dtype=torch.float64)[:, None]
    net = reeb_net(nearest_samples(x, 2), x, largest=26, smallest=2, overlap=0.0, steps=0)
    assert net.edges.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert sum(len(node) for node in net.nodes) == 100


def test_pieces_follow_predictions_not_places() -> None:
    """Two interleaved kinds of samples on one line: the net separates what is predicted apart."""
    x = torch.arange(80, dtype=torch.float64)[:, None]
    kind = torch.arange(80) // 4 % 2
    net = reeb_net(nearest_samples(x, 8), kind[:, None].double(), largest=10, smallest=1, steps=0)
    assert all(len(kind[node].unique()) == 1 for node in net.nodes)


def test_apart_stays_apart() -> None:
    x = torch.cat([noise(40, 2), noise(40, 2, seed=1) + 100])
    net = reeb_net(nearest_samples(x, 5), noise(80, 2, seed=2))
    side = [int(node[0] >= 40) for node in net.nodes]
    assert all(bool(((node >= 40) == s).all()) for node, s in zip(net.nodes, side, strict=True))
    assert all(side[a] == side[b] for a, b in net.edges.tolist())


def test_a_constant_lens_cuts_nothing() -> None:
    x = noise(50, 2)
    near = nearest_samples(x, 10)
    assert len(reeb_net(near, torch.full((50, 3), 1 / 3)).nodes) == 1


def test_auroc_is_that_of_scikit_learn() -> None:
    low, high = noise(50).round(decimals=1), noise(70, seed=1).round(decimals=1) + 0.5
    truth = np.r_[np.zeros(50), np.ones(70)]
    assert auroc(low, high) == pytest.approx(roc_auc_score(truth, torch.cat([low, high]).numpy()))


def test_bootstrap_covers_the_true_area() -> None:
    """Normal scores one apart have an area of 0.760; 95 % intervals miss it in 5 % of data sets."""
    misses = 0
    for seed in range(60):
        both = noise(160, seed=seed)
        ends = auroc_draws(both[None, :80], both[None, 80:] + 1, draws=100, seed=seed)[:, 0].quantile(
            torch.tensor([0.025, 0.975], dtype=torch.float64)
        )
        misses += not ends[0] <= 0.7602 <= ends[1]
    assert misses <= 9  # binomial(60, 0.05) exceeds 9 with probability 0.001


def test_what_cannot_be_is_refused() -> None:
    x = noise(10, 2)
    with pytest.raises(ValueError, match="k must be at least 1 and below the number of samples"):
        nearest_samples(x, 10)
    with pytest.raises(ValueError, match="NaN"):
        nearest_samples(x.masked_fill(x > 0, torch.nan), 2)
    with pytest.raises(ValueError, match="labels must hold a whole number for each of 4 samples"):
        neighbour_votes(CHAIN, torch.tensor([0.0, 1.0, 0.0, 1.0]), 2)
    with pytest.raises(ValueError, match=r"labels must lie in 0 ... 1, or be -1"):
        neighbour_votes(CHAIN, torch.tensor([0, 1, 2, 0]), 2)
    with pytest.raises(ValueError, match=r"neighbours must have shape \(10, k\)"):
        reeb_net(CHAIN, x)
    with pytest.raises(ValueError, match="overlap must lie in"):
        reeb_net(nearest_samples(x, 2), x, overlap=1.0)
    with pytest.raises(ValueError, match="below must hold at least one score"):
        auroc(torch.zeros(0), torch.ones(3))
    with pytest.raises(ValueError, match="a draw at least"):
        auroc_draws(torch.zeros(1, 3), torch.ones(2, 3))
