"""Gradients of the skeleton family in float64, where a small step changes no minimum, mask or line."""

from collections.abc import Callable

import pytest
import torch

from topolens.losses import cbdice, cross_entropy_dice, dice_loss, skeleton_recall, soft_cldice, soft_skeleton


def spread(*shape: int, seed: int = 0) -> torch.Tensor:
    """Values between 0 and 1, all different."""
    return torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(1, 2, 4, 5), (1, 1, 3, 3, 4)])
@pytest.mark.parametrize("iterations", [0, 2, None])
def test_soft_skeleton(shape: tuple[int, ...], iterations: int | None) -> None:
    x = spread(*shape).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: soft_skeleton(x, iterations), (x,))


@pytest.mark.parametrize("loss", [dice_loss, cross_entropy_dice, soft_cldice, skeleton_recall, cbdice])
@pytest.mark.parametrize("shape", [(2, 1, 5, 6), (2, 3, 5, 6), (1, 2, 3, 4, 5)])
def test_losses(loss: Callable[..., torch.Tensor], shape: tuple[int, ...]) -> None:
    logits = (6 * spread(*shape) - 3).requires_grad_()
    target = (spread(shape[0], *shape[2:], seed=1) * max(2, shape[1])).long()
    assert torch.autograd.gradcheck(lambda x: loss(x, target, reduction="none"), (logits,))


def test_gradients_of_gradients() -> None:
    logits = (6 * spread(1, 1, 5, 6) - 3).requires_grad_()
    target = (spread(1, 5, 6, seed=1) * 2).long()
    for loss in (dice_loss, soft_cldice, skeleton_recall):
        assert torch.autograd.gradgradcheck(lambda x, loss=loss: loss(x, target, smooth=1.0), (logits,))


def test_what_is_kept_is_two_maps_for_each_iteration() -> None:
    x = torch.rand(1, 1, 40, 50, requires_grad=True)
    kept: dict[int, int] = {}

    def keep(saved: torch.Tensor) -> torch.Tensor:
        kept[saved.untyped_storage().data_ptr()] = saved.untyped_storage().nbytes()
        return saved

    sizes = []
    for iterations in (5, 15):
        kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
            out = soft_skeleton(x, iterations)
        sizes.append(sum(kept.values()) / x.nbytes)
        assert out.requires_grad
    assert (sizes[1] - sizes[0]) / 10 < 3
