"""Losses on the numbers of pieces and holes that a class should have, by hand."""

import pytest
import torch

from topolens.losses import BettiPriorLoss, betti_prior

RING = torch.tensor([[0.9, 0.7, 0.9], [0.9, 0.2, 0.9], [0.9, 0.9, 0.9]])[None, None]  # a piece, a hole of 0.7 to 0.2


@pytest.mark.parametrize(
    ("betti", "power", "value"),
    [
        ((1, 1), 1, 0.1 + 0.5),
        ((1, 1), 2, 1 - 0.81 + 1 - 0.25),
        ((1, 0), 1, 0.1 + 0.5),
        ((1, 0), 2, 1 - 0.81 + 0.25),
        ((0, 0), 2, 0.81 + 0.25),
        ((2, 1), 1, 0.1 + 1 + 0.5),  # a missing piece counts 1
        ((1,), 1, 0.1),
        ((None, 1), 1, 0.5),
        ((None, 0), 2, 0.25),
    ],
)
def test_by_hand(betti: tuple, power: float, value: float) -> None:
    torch.testing.assert_close(betti_prior(RING, betti, activation=None, power=power), torch.tensor(value))


def test_classes_and_their_unions() -> None:
    """A disc within a ring: the ring has a hole, the two together have none."""
    outer, inner = torch.zeros(5, 5), torch.zeros(5, 5)
    outer[:], inner[1:4, 1:4] = 0.8, 0.7
    outer[1:4, 1:4] = 0.2
    maps = torch.stack([1 - outer - inner, outer, inner])[None]
    betti = {1: (1, 1), 2: (1, 0), (1, 2): (1, 0)}
    values = betti_prior(maps, betti, activation=None, power=1, reduction="none")
    torch.testing.assert_close(values, torch.tensor([[0.2 + 0.4, 0.3, 0.1]]))
    torch.testing.assert_close(betti_prior(maps, betti, activation=None, power=1), values.mean())
    swapped = betti_prior(maps, {1: (1, 0)}, activation=None, power=1, reduction="none")
    torch.testing.assert_close(swapped, torch.tensor([[0.2 + 0.6]]))


def test_unions_of_channels_that_are_apart_are_their_largest() -> None:
    logits = torch.randn(2, 3, 4, 5)
    for activation in ("sigmoid", "one_vs_max"):
        both = betti_prior(logits, {(1, 2): (1, 0)}, activation=activation)
        p = logits.sigmoid() if activation == "sigmoid" else _one_vs_max(logits)
        one = betti_prior(p[:, 1:].amax(1, keepdim=True), (1, 0), activation=None)
        torch.testing.assert_close(both, one)


def _one_vs_max(logits: torch.Tensor) -> torch.Tensor:
    others = torch.stack([logits[:, [j for j in range(3) if j != c]].amax(1) for c in range(3)], 1)
    return (logits - others).sigmoid()


def test_plain_numbers_are_for_all_classes_but_the_background() -> None:
    logits = torch.randn(2, 3, 4, 5)
    some = betti_prior(logits, (1, 0), reduction="none")
    torch.testing.assert_close(some, betti_prior(logits, {1: (1, 0), 2: (1, 0)}, reduction="none"))
    every = betti_prior(logits, (1, 0), include_background=True, reduction="none")
    torch.testing.assert_close(every, betti_prior(logits, dict.fromkeys(range(3), (1, 0)), reduction="none"))
    single = betti_prior(logits[:, :1], {1: (1, 0)}, reduction="none")
    torch.testing.assert_close(single, betti_prior(logits[:, :1], (1, 0), reduction="none"))


def test_what_is_said_of_one_class_does_not_count_for_another() -> None:
    logits = torch.randn(2, 3, 4, 5)
    both = betti_prior(logits, {1: (1, None), 2: (None, 0)}, reduction="none")
    torch.testing.assert_close(both[:, :1], betti_prior(logits, {1: (1,)}, reduction="none"))
    torch.testing.assert_close(both[:, 1:], betti_prior(logits, {2: (None, 0)}, reduction="none"))


def test_voids() -> None:
    ball = torch.full((1, 1, 3, 3, 3), 0.8)
    ball[0, 0, 1, 1, 1] = 0.3
    torch.testing.assert_close(betti_prior(ball, (1, 0, 1), activation=None, power=1), torch.tensor(0.2 + 0.5))
    torch.testing.assert_close(betti_prior(ball, (1, 0, 0), activation=None, power=1), torch.tensor(0.2 + 0.5))
    torch.testing.assert_close(betti_prior(ball, (None, None, 0), activation=None), torch.tensor(0.25))


def test_the_module_is_the_function() -> None:
    logits = torch.randn(2, 3, 4, 5)
    loss = BettiPriorLoss({(1, 2): (1, 1)}, power=1, construction="T")
    assert loss(logits) == betti_prior(logits, {(1, 2): (1, 1)}, power=1, construction="T")
    assert loss(logits, torch.zeros(2, 4, 5)) == loss(logits)
    assert "betti={(1, 2): (1, 1)}" in repr(loss)


@pytest.mark.parametrize(
    ("channels", "betti", "message"),
    [
        (3, (1, 0, 0), "betti must hold up to 2 numbers"),
        (3, (1, -1), "betti must hold up to 2 numbers"),
        (3, (1, 0.5), "betti must hold up to 2 numbers"),
        (3, {3: (1, 0)}, r"betti must name classes from 0 to 2 or tuples of them, got \(3,\)"),
        (3, {(1, 1): (1, 0)}, "betti must name classes"),
        (3, {(): (1, 0)}, "betti must name classes"),
        (1, {0: (1, 0)}, "betti must name classes from 1 to 1"),
        (3, (None, None), "betti must say how many"),
        (3, {}, "betti must say how many"),
    ],
)
def test_wrong_priors_are_refused(channels: int, betti: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        betti_prior(torch.randn(1, channels, 4, 5), betti)


def test_powers_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="power must be a finite number of at least 1, got 0.5"):
        betti_prior(torch.randn(1, 1, 4, 5), (1,), power=0.5)
    with pytest.raises(ValueError, match="power must be"):
        BettiPriorLoss((1,), power=0.5)
