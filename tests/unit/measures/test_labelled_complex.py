"""Labelled complexes and decision regions, by hand and on drawn boundaries."""

import pytest
import torch

from topolens.measures import decision_regions, labelled_distances, labelled_persistence, nearest_samples


def square(samples: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.rand(samples, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def xor(x: torch.Tensor) -> torch.Tensor:
    return ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()


def test_three_points_by_hand() -> None:
    """0 and 1 of label a at 0 and 3, one of label b at 1: they meet in it at max(1, 2), not at their distance 3."""
    x = torch.tensor([[0.0], [3.0], [1.0]])
    found = labelled_distances(x, torch.tensor([5, 5, 2]))
    assert found.tolist() == [[0.0, 2.0, 1.0], [2.0, 0.0, 2.0], [1.0, 2.0, 0.0]]
    bars = labelled_persistence(x, torch.tensor([5, 5, 2])).finite()
    assert sorted(bars.intervals.tolist()) == [[0.0, 1.0], [0.0, 2.0]]


def test_local_scales_by_hand() -> None:
    """With k = 1 the distances to the nearest other label are 1, 2 and 1."""
    found = labelled_distances(torch.tensor([[0.0], [3.0], [1.0]]), torch.tensor([0, 0, 1]), k=1)
    near, far = 1.0, 2 / 2**0.5
    torch.testing.assert_close(found, torch.tensor([[0, far, near], [far, 0, far], [near, far, 0]]).double())


def test_local_scales_do_not_feel_units() -> None:
    x = square(40)
    torch.testing.assert_close(labelled_distances(7 * x, xor(x), k=3), labelled_distances(x, xor(x), k=3))


def test_a_boundary_round_a_disc_is_a_circle() -> None:
    """Points just inside and outside of a circle: one loop lives far longer than all others."""
    angle = torch.arange(40) * 2 * torch.pi / 40
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    x = torch.cat([0.95 * ring, 1.05 * ring])
    bars = labelled_persistence(x, torch.arange(2).repeat_interleave(40)).of_dim(1)
    longest = bars.longest(2)[0]
    assert longest[0] > 0.8
    assert longest[1] < 0.1


def test_several_labellings_are_a_batch() -> None:
    x = square(30)
    both = torch.stack([xor(x), (x[:, 0] > 0).long()])
    batch = labelled_persistence(x, both)
    assert batch.batch_size == 2
    torch.testing.assert_close(batch[1].intervals, labelled_persistence(x, both[1]).intervals)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = square(60)
    whole = labelled_distances(x, xor(x))
    monkeypatch.setattr("topolens.measures.labelled_complex.BLOCK", 3000)
    assert torch.equal(labelled_distances(x, xor(x)), whole)


@pytest.mark.parametrize("seed", range(5))
def test_xor_has_two_regions_per_class(seed: int) -> None:
    x = square(400, seed)
    near = nearest_samples(x, 10)
    assert decision_regions(near, xor(x)).pieces() == [2, 2]
    assert decision_regions(near, (x[:, 0] > 0).long() + 3).pieces() == [1, 1]


def test_regions_of_a_path_by_hand() -> None:
    """A path of six samples of one label with heights 1, 3, 1, 2, 0.2, 0.4: peaks at 3, 2 and 0.4."""
    near = torch.tensor([[1], [2], [3], [4], [5], [4]])
    heights = torch.tensor([1.0, 3.0, 1.0, 2.0, 0.2, 0.4])
    found = decision_regions(near, torch.zeros(6, dtype=torch.int64), heights)
    assert sorted(found.bars.intervals.round(decimals=3).tolist()) == [[0.4, 0.2], [2.0, 1.0], [3.0, -torch.inf]]
    assert [found.pieces(least)[0] for least in (0.1, 0.5, 1.5)] == [3, 2, 1]


def test_a_single_wrong_sample_is_no_region() -> None:
    x = square(100)
    labels = torch.zeros(100, dtype=torch.int64)
    labels[50] = 1
    assert decision_regions(nearest_samples(x, 10), labels).pieces() == [1, 0]


def test_bad_input() -> None:
    x = square(10)
    with pytest.raises(ValueError, match="at least 2 classes"):
        labelled_distances(x, torch.zeros(10, dtype=torch.int64))
    with pytest.raises(ValueError, match="points contains NaN"):
        labelled_distances(x * torch.nan, xor(x))
    with pytest.raises(ValueError, match="labels must hold a whole number"):
        labelled_distances(x, xor(x).double())
    with pytest.raises(ValueError, match="each point needs k=9"):
        labelled_distances(x, xor(x), k=9)
    with pytest.raises(ValueError, match="take a larger k"):
        labelled_distances(torch.zeros(4, 2), torch.tensor([0, 1, 0, 1]), k=1)
    with pytest.raises(ValueError, match="heights must hold a number"):
        decision_regions(nearest_samples(x, 3), xor(x), torch.zeros(9))
