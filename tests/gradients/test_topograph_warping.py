"""Where the gradients of topograph and warping lie, which way they point, and what descent makes of an image."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from mask_homology import betti
from topolens.losses import critical_pixels, topograph, topograph_regions, warping

AGGREGATES = ["mean", "sum", "max", "min", "rms", "ce"]
LOSSES: dict[str, Callable[..., Tensor]] = {
    f"topograph, {a}": lambda x, y, a=a: topograph(x, y, aggregate=a) for a in AGGREGATES
}
LOSSES |= {f"warping, {a}": partial(warping, aggregate=a) for a in ("mean", "sum")}


def ring(size: int = 14, thick: int = 2) -> Tensor:
    """A square ring, shape (1, 1, size, size)."""
    mask = torch.zeros(1, 1, size, size)
    mask[..., 3 : size - 3, 3 : size - 3] = 1
    mask[..., 3 + thick : size - 3 - thick, 3 + thick : size - 3 - thick] = 0
    return mask


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("channels", [1, 3])
def test_gradcheck(name: str, channels: int) -> None:
    torch.manual_seed(1)
    logits = torch.randn(2, channels, 6, 5, dtype=torch.float64, requires_grad=True)
    target = torch.randint(max(2, channels), (2, 1, 6, 5))
    assert float(LOSSES[name](logits.detach(), target)) > 0
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, target), logits)


@pytest.mark.parametrize("name", LOSSES)
def test_only_critical_pixels_are_moved_and_towards_the_target(name: str) -> None:
    torch.manual_seed(0)
    truth = (torch.nn.functional.avg_pool2d(torch.randn(4, 1, 20, 17), 3, 1, 1) > 0).float()
    logits = (2 * truth - 1 + 1.2 * torch.randn_like(truth)).requires_grad_()
    LOSSES[name](logits, truth).backward()
    masks = logits.detach() > 0
    found = critical_pixels(masks, truth) if name.startswith("warping") else topograph_regions(masks, truth) > 0
    assert found.any()
    assert (found < (masks != (truth > 0))).any()  # some errors do not matter
    assert logits.grad is not None
    assert not logits.grad[~found].any()
    assert (logits.grad * (2 * truth - 1) <= 0).all()
    if name.split(", ")[-1] not in ("max", "min"):
        assert logits.grad[found].all()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("fault", ["gap", "hole", "bridge", "speck"])
def test_ten_steps_of_descent_mend_the_fault(name: str, fault: str) -> None:
    truth = ring()
    logits = 4 * truth - 2
    place = {"gap": (slice(6, 8), slice(3, 5)), "hole": (6, 6), "bridge": (6, slice(5, 9)), "speck": (1, 1)}[fault]
    if fault == "hole":
        truth = ring(thick=4)
        logits = 4 * truth - 2
    logits[(0, 0, *place)] = -0.5 * logits[(0, 0, *place)]
    logits.requires_grad_()
    goal = betti(truth[0, 0].numpy() > 0, 8)
    assert betti((logits[0, 0] > 0).numpy(), 8) != goal
    for _ in range(12):
        (gradient,) = torch.autograd.grad(LOSSES[name](logits, truth), logits)
        length = gradient.abs().max()
        logits = (logits - 0.3 * gradient / length.clamp(min=1e-12)).detach().requires_grad_()
    assert betti((logits[0, 0] > 0).numpy(), 8) == goal
    assert float(LOSSES[name](logits, truth)) == 0


def test_descent_mends_a_tunnel_in_a_volume() -> None:
    truth = torch.zeros(1, 1, 8, 8, 8)
    truth[..., 2:6, 2:6, 2:6] = 1
    logits = 4 * truth - 2
    logits[..., 3, 3] *= -0.4
    logits.requires_grad_()
    assert betti((logits[0, 0] > 0).numpy(), 26) != (1, 0, 0)
    for _ in range(15):
        (gradient,) = torch.autograd.grad(warping(logits, truth, aggregate="sum"), logits)
        logits = (logits - 2 * gradient).detach().requires_grad_()
    assert betti((logits[0, 0] > 0).numpy(), 26) == (1, 0, 0)
