"""Clusters of like neurons: merges are bars of dimension 0, planted copies are found, a chain is no clique."""

import pytest
import torch

from topolens.measures import (
    correlation_persistence,
    prune_candidates,
    redundancy_dendrogram,
    redundant_clusters,
)


def independent(samples: int = 300, neurons: int = 20, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, neurons, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_copies() -> torch.Tensor:
    x = independent()
    x[:, 5], x[:, 11], x[:, 17] = -3 * x[:, 2] + 1, x[:, 2] + 0.01 * independent(seed=1)[:, 0], 0.5 * x[:, 9]
    return x


def test_merges_are_the_bars_of_dimension_0():
    x = independent()
    deaths = correlation_persistence(x, 0).finite().intervals[:, 1].sort().values
    assert torch.allclose(redundancy_dendrogram(x).merges[:, 2], deaths)


def test_planted_copies_are_one_cluster():
    labels = redundant_clusters(redundancy_dendrogram(with_copies()), 0.95)
    assert int(labels.max()) + 1 == 17
    assert labels[2] == labels[5] == labels[11]
    assert labels[9] == labels[17]
    assert labels[:5].tolist() == [0, 1, 2, 3, 4]


def test_planted_copies_are_candidates_and_one_of_each_is_kept():
    found = prune_candidates(with_copies(), 0.95)
    groups = [{2, 5, 11}, {9, 17}]
    for group in groups:
        gone = {one.neuron for one in found if one.neuron in group}
        assert len(gone) == len(group) - 1
        assert {one.stands_in for one in found if one.neuron in group} == group - gone
    assert len(found) == 3
    assert all(abs(one.correlation) > 0.99 for one in found)
    assert any(one.correlation < 0 for one in found)
    assert prune_candidates(independent(), 0.95) == []


def test_ends_of_a_chain_are_not_candidates_of_each_other():
    base, turn = torch.linalg.qr(independent(300, 2) - independent(300, 2).mean(0))[0].T
    angles = torch.linspace(0, 1.5, 16, dtype=torch.float64)
    chain = base[:, None] * torch.cos(angles) + turn[:, None] * torch.sin(angles)
    assert redundant_clusters(redundancy_dendrogram(chain), 0.99).max() == 0
    found = prune_candidates(chain, 0.99)
    kept = set(range(16)) - {one.neuron for one in found}
    assert 1 < len(kept) < 16
    assert all(abs(one.correlation) >= 0.99 for one in found)
    assert {one.stands_in for one in found} <= kept


def test_constants_are_no_copies_of_each_other():
    x = independent()
    x[:, :3] = 1.0
    assert prune_candidates(x, 0.5) == []
    assert int(redundant_clusters(redundancy_dendrogram(x), 0.5).max()) == 19


def test_one_neuron_is_its_own_cluster():
    assert redundant_clusters(redundancy_dendrogram(independent(neurons=1))).tolist() == [0]
    assert prune_candidates(independent(neurons=1)) == []


def test_refused():
    with pytest.raises(ValueError, match="at least one neuron"):
        redundancy_dendrogram(torch.zeros(5, 0))
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\], got 1.5"):
        prune_candidates(independent(), 1.5)
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\], got 0"):
        redundant_clusters(redundancy_dendrogram(independent()), 0)
    with pytest.raises(ValueError, match="NaN"):
        redundancy_dendrogram(independent() * torch.nan)
