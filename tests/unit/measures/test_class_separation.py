"""Classes in the spanning tree by hand, against shuffled labels, with duplicates and ties."""

import math

import pytest
import torch

from topolens.measures import class_separation


def noise(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_two_pairs_by_hand() -> None:
    """0 - 1 | 5 - 7: two edges within, one between of length 4; of all pairs 4 of 6 are between."""
    found = class_separation(torch.tensor([[0.0], [1.0], [5.0], [7.0]]), torch.tensor([3, 3, 9, 9]))
    assert found.between == pytest.approx(1 / 3)
    assert found.expected == pytest.approx(2 / 3)
    assert found.merges.tolist() == [4.0]
    assert found.connects.tolist() == [1.0, 2.0]
    assert found.apart.tolist() == [4.0, 4.0]
    assert found.z < 0


def test_expected_and_z_are_those_of_shuffles() -> None:
    x, labels = noise(100, 3), torch.arange(100) % 4
    found = [class_separation(x, labels[torch.randperm(100, generator=torch.Generator().manual_seed(s))], 200)
             for s in range(200)]  # fmt: skip
    between = torch.tensor([one.between for one in found])
    z = torch.tensor([one.z for one in found])
    assert float(between.mean()) == pytest.approx(found[0].expected, abs=0.01)
    assert abs(float(z.mean())) < 0.25
    assert float(z.std()) == pytest.approx(1, abs=0.2)
    assert sum(one.p_value <= 0.05 for one in found) <= 18  # 10 expected, 18 with probability 1 %


def test_planted_classes_are_found() -> None:
    labels = torch.arange(200) % 5
    found = class_separation(noise(200, 8) + 4 * torch.eye(8, dtype=torch.float64)[labels], labels)
    assert found.p_value == 0.001
    assert found.z < -10
    assert len(found.merges) == 4
    assert found.merges.tolist() == sorted(found.merges.tolist())


def test_duplicates_and_constant_layers_favour_no_order() -> None:
    """All points the same, sorted by class: a tree in order of the samples would find classes where there are none."""
    labels = torch.arange(4).repeat_interleave(25)
    p_values = [class_separation(torch.zeros(100, 2), labels, 199, seed=seed).p_value for seed in range(20)]
    assert sum(p <= 0.05 for p in p_values) <= 3
    twice = class_separation(noise(30, 2).repeat_interleave(2, 0), torch.arange(2).repeat(30))
    assert math.isfinite(twice.z)
    assert twice.p_value > 0.05


def test_collapsed_classes_have_only_the_edges_they_need() -> None:
    labels = torch.arange(60) % 3
    found = class_separation(torch.eye(3)[labels], labels)
    assert found.between == pytest.approx(2 / 59)
    assert found.connects.tolist() == [0, 0, 0]
    assert found.merges.tolist() == pytest.approx([2**0.5, 2**0.5])


def test_unchanged_by_scale_turns_and_order() -> None:
    x, labels = noise(80, 4), torch.arange(80) % 3
    value = class_separation(x, labels).between
    turn = torch.linalg.qr(noise(4, 4, 1))[0]
    for same in (1e-5 * x, x @ turn + 3, x[:, [3, 1, 0, 2]], 1e5 * x):
        assert class_separation(same, labels).between == value
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    assert class_separation(x[order], labels[order]).between == value


def test_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 classes"):
        class_separation(noise(10, 2), torch.zeros(10, dtype=torch.int64))
    with pytest.raises(ValueError, match="each class needs at least 2 samples"):
        class_separation(noise(3, 2), torch.tensor([0, 0, 1]))
    with pytest.raises(ValueError, match="NaN"):
        class_separation(noise(4, 2) * math.nan, torch.tensor([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="permutations must be at least 1"):
        class_separation(noise(4, 2), torch.tensor([0, 0, 1, 1]), 0)
