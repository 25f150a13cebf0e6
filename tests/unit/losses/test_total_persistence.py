"""Sums of persistence over ranks of bars, by hand."""

import pytest
import torch

from topolens.losses import TotalPersistenceLoss, total_persistence

PEAKS = torch.tensor([[[[0.9, 0.1, 0.6, 0.3, 0.4]]]])  # pieces of 0.9 - 0, 0.6 - 0.1 and 0.4 - 0.3


@pytest.mark.parametrize(
    ("ranks", "power", "value"),
    [
        ((0, None), 1, 0.9 + 0.5 + 0.1),
        ((0, 1), 1, 0.9),
        ((1, None), 1, 0.5 + 0.1),
        ((1, 2), 2, 0.25),
        ((0, None), 2, 0.81 + 0.25 + 0.01),
        ((3, None), 1, 0.0),
        ((0, 0), 1, 0.0),
    ],
)
def test_by_hand(ranks: tuple, power: float, value: float) -> None:
    found = total_persistence(PEAKS, activation=None, ranks=ranks, power=power)
    torch.testing.assert_close(found, torch.tensor(value))


def test_ranks_are_counted_in_each_dimension_and_class() -> None:
    ring = torch.tensor([[0.9, 0.7, 0.9], [0.9, 0.2, 0.9], [0.9, 0.9, 0.9]])
    maps = torch.stack([1 - ring, ring])[None]
    first = total_persistence(maps, activation=None, ranks=(0, 1), reduction="none")
    torch.testing.assert_close(first, torch.tensor([[0.9 + 0.5]]))
    loops = total_persistence(maps, activation=None, dims=[1], reduction="none", include_background=True)
    torch.testing.assert_close(loops, torch.tensor([[0.0, 0.5]]))


def test_the_module_is_the_function() -> None:
    logits = torch.randn(2, 3, 4, 5)
    settings = {"ranks": (1, 3), "power": 2.0, "dims": [0], "frame": 0.0}
    loss = TotalPersistenceLoss(**settings)
    assert loss(logits) == total_persistence(logits, **settings)
    assert loss(logits, torch.zeros(2, 4, 5)) == loss(logits)
    assert "ranks=(1, 3)" in repr(loss)


@pytest.mark.parametrize("ranks", [(-1, None), (2, 1), (0.5, None), (0, 1.5)])
def test_wrong_ranks_are_refused(ranks: tuple) -> None:
    with pytest.raises(ValueError, match="ranks must be two numbers 0 <= first <= last"):
        total_persistence(PEAKS, activation=None, ranks=ranks)
    with pytest.raises(ValueError, match="ranks must be two numbers"):
        TotalPersistenceLoss(ranks=ranks)
