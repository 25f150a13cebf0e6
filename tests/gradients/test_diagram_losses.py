"""Losses on bars push the right way, their derivatives are exact, and a few steps repair what they say they repair."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from topolens.losses import betti_prior, topological_wasserstein, total_persistence
from topolens.losses.class_bars import check_levels, mask_counts

Loss = Callable[[Tensor, Tensor, tuple[int, ...]], Tensor]


def quieter(logits: Tensor, target: Tensor, betti: tuple[int, ...]) -> Tensor:
    """Total persistence with the first bars of each dimension made to stand out, the others levelled."""
    total = logits.new_zeros(())
    for k, n in enumerate(betti):
        rest, first = (total_persistence(logits, dims=[k], ranks=ranks) for ranks in ((n, None), (0, n)))
        total = total + rest - first
    return total


LOSSES: dict[str, Loss] = {
    "persistence": lambda z, y, betti: topological_wasserstein(z, y),
    "prior": lambda z, y, betti: betti_prior(z, betti),
    "prior 1": lambda z, y, betti: betti_prior(z, betti, power=1),
    "total": quieter,
}
each_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
least_sum: Loss = lambda z, y, betti: topological_wasserstein(z, y, assignment="wasserstein")  # noqa: E731


def scene(*boxes: tuple[slice, slice], holes: tuple[tuple[slice, slice], ...] = ()) -> Tensor:
    mask = torch.zeros(9, 11)
    for box in boxes:
        mask[box] = 1
    for hole in holes:
        mask[hole] = 0
    return mask


RING = scene((slice(1, 8), slice(1, 10)), holes=((slice(2, 7), slice(2, 9)),))
DISC = scene((slice(2, 7), slice(2, 9)))
PAIR = scene((slice(3, 6), slice(1, 4)), (slice(3, 6), slice(6, 10)))

# Mask, its Betti numbers, where the logits differ from it and how.
FAULTS: dict[str, tuple[Tensor, tuple[int, int], tuple, float]] = {
    "broken ring": (RING, (1, 1), (1, 5), -1.0),
    "ring with a wide gap": (RING, (1, 1), (1, slice(4, 7)), -1.0),
    "filled ring": (RING, (1, 1), (slice(2, 7), slice(2, 9)), 1.0),
    "false hole": (DISC, (1, 0), (4, 5), -1.2),
    "false piece": (DISC, (1, 0), (0, 10), 1.4),
    "missing piece": (PAIR, (2, 0), (slice(3, 6), slice(6, 10)), -1.0),
    "false bridge": (PAIR, (2, 0), (4, slice(4, 6)), 1.0),
}


def faulty(name: str) -> tuple[Tensor, Tensor, tuple[int, int]]:
    """Logits, target and Betti numbers of a scene with one fault, a little noise on all pixels."""
    mask, betti, place, value = FAULTS[name]
    noise = 0.3 * torch.randn(mask.shape, generator=torch.Generator().manual_seed(0))
    logits = torch.where(mask > 0, 2.0, -2.0)
    logits[place] = value
    return (logits + noise)[None, None], mask[None], betti


def betti_numbers(logits: Tensor) -> tuple[int, ...]:
    return tuple(mask_counts((logits[0] > 0).float(), check_levels(2, "V", None, None))[0].tolist())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("rate", [10.0, 20.0])
@each_loss
def test_ten_steps_repair(loss: Loss, fault: str, rate: float) -> None:
    logits, target, betti = faulty(fault)
    assert betti_numbers(logits) != betti
    for _ in range(10):
        logits.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(logits, target, betti), logits)
        logits = (logits - rate * gradient).detach()
    assert betti_numbers(logits) == betti


@pytest.mark.parametrize("fault", ["false hole", "false piece", "filled ring"])
def test_the_least_sum_repairs_what_is_near(fault: str) -> None:
    logits, target, betti = faulty(fault)
    for _ in range(10):
        logits.requires_grad_()
        (gradient,) = torch.autograd.grad(least_sum(logits, target, betti), logits)
        logits = (logits - 5 * gradient).detach()
    assert betti_numbers(logits) == betti


def test_the_least_sum_gives_up_a_ring_with_a_deep_gap() -> None:
    """As its documentation says: the gap at 0.25 goes down, where the longest bars close it."""
    logits, target, betti = faulty("broken ring")
    logits[0, 0, 1, 5] = -1.1
    for loss, sign in ((least_sum, 1), (LOSSES["persistence"], -1)):
        z = logits.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(z, target, betti), z)
        assert float(gradient[0, 0, 1, 5].sign()) == sign


@each_loss
def test_a_true_second_peak_goes_up_and_a_false_bridge_down(loss: Loss) -> None:
    """The example on which the released code of 2019 pushes the wrong way."""
    p = torch.full((7, 13), 0.05)
    p[2:5, 1:4], p[2:5, 8:11] = 0.9, 0.7
    p[3, 2], p[3, 9] = 0.95, 0.75
    p[3, 4:8] = torch.tensor([0.5, 0.45, 0.5, 0.5])
    target = (p > 0.6)[None]
    z = p.logit()[None, None].requires_grad_()
    (gradient,) = torch.autograd.grad(loss(z, target, (2, 0)), z)
    assert float(gradient[0, 0, 3, 9]) < 0
    assert float(gradient[0, 0, 3, 5]) > 0
    assert float(gradient[0, 0, 3, 2]) < 0
    assert int((gradient != 0).sum()) == 3


@each_loss
def test_the_weakest_pixel_of_a_ring_goes_up_and_its_inside_down(loss: Loss) -> None:
    p = torch.tensor([[0.9, 0.6, 0.9, 0.05], [0.9, 0.2, 0.9, 0.06], [0.95, 0.9, 0.9, 0.04]])
    z = p.logit()[None, None].requires_grad_()
    (gradient,) = torch.autograd.grad(loss(z, (p > 0.5)[None], (1, 1)), z)
    assert float(gradient[0, 0, 0, 1]) < 0
    assert float(gradient[0, 0, 1, 1]) > 0


@each_loss
def test_a_false_hole_is_levelled(loss: Loss) -> None:
    p = torch.tensor([[0.9, 0.8, 0.9, 0.05], [0.9, 0.2, 0.9, 0.06], [0.95, 0.9, 0.9, 0.04]])
    z = p.logit()[None, None].requires_grad_()
    (gradient,) = torch.autograd.grad(loss(z, torch.ones(1, 3, 4), (1, 0)), z)
    assert float(gradient[0, 0, 0, 1]) > 0
    assert float(gradient[0, 0, 1, 1]) < 0


def test_an_object_where_there_is_none_goes_down() -> None:
    z = torch.full((1, 1, 5, 6), -3.0)
    z[0, 0, 2, 2] = 1.0
    z.requires_grad_()
    (gradient,) = torch.autograd.grad(topological_wasserstein(z, torch.zeros(1, 5, 6)), z)
    assert float(gradient[0, 0, 2, 2]) > 0
    (gradient,) = torch.autograd.grad(betti_prior(z, (0, 0)), z)
    assert float(gradient[0, 0, 2, 2]) > 0


SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "persistence": lambda z: topological_wasserstein(z, MASK, reduction="none"),
    "wasserstein": lambda z: topological_wasserstein(z, MASK, assignment="wasserstein", reduction="none"),
    "soft": lambda z: topological_wasserstein(z, SOFT, assignment="wasserstein", reduction="none"),
    "patches": lambda z: topological_wasserstein(z, MASK, patch=3, reduction="none"),
    "frame": lambda z: topological_wasserstein(z, MASK, frame=1.0, construction="T", reduction="none"),
    "prior": lambda z: betti_prior(z, {1: (2, 1), (1, 2): (1, 0)}, reduction="none"),
    "prior 1": lambda z: betti_prior(z, (2, 1), power=1, activation="one_vs_max", reduction="none"),
    "total": lambda z: total_persistence(z, power=1.5, ranks=(1, None), reduction="none"),
}
MASK = torch.randint(3, (2, 4, 5), generator=torch.Generator().manual_seed(3))
SOFT = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)


@pytest.mark.parametrize("loss", SMOOTH.values(), ids=SMOOTH)
def test_derivatives_are_exact(loss: Callable[[Tensor], Tensor]) -> None:
    z = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(5), dtype=torch.float64, requires_grad=True)
    assert bool((loss(z) > 0).all())
    assert torch.autograd.gradcheck(loss, z, eps=1e-7, atol=1e-5)


def test_derivatives_in_volumes() -> None:
    z = torch.randn(1, 1, 3, 4, 3, generator=torch.Generator().manual_seed(6), dtype=torch.float64, requires_grad=True)
    mask = torch.ones(1, 3, 4, 3)
    mask[0, 1, 1, 1] = 0
    assert torch.autograd.gradcheck(lambda z: topological_wasserstein(z, mask), z, eps=1e-7, atol=1e-5)
    assert torch.autograd.gradcheck(lambda z: betti_prior(z, (1, 1, 1)), z, eps=1e-7, atol=1e-5)


def test_a_void_opens_and_a_false_one_closes() -> None:
    shell = torch.ones(5, 5, 5)
    shell[1:4, 1:4, 1:4] = 0
    z = torch.where(shell > 0, 2.0, 0.5) + 0.1 * torch.randn(5, 5, 5, generator=torch.Generator().manual_seed(7))
    for target, betti, sign in ((shell, (1, 0, 1), 1), (torch.ones(5, 5, 5), (1, 0, 0), -1)):
        for loss in LOSSES.values():
            x = z[None, None].clone().requires_grad_()
            (gradient,) = torch.autograd.grad(loss(x, target[None], betti), x)
            assert float(gradient[0, 0, 1:4, 1:4, 1:4].sum().sign()) == sign
