"""Attacks: how far they go, that the strong ones beat the weak, what a random model is worth."""

import pytest
import torch
from torch import Tensor, nn

from topolens.studies.attacks import CW, FGSM, LONG_PGD, NOISE, PGD, Effort, attacked, flat, losses, right

EFFORT = Effort(steps=10, restarts=2, search=4, descent=40)


class Halves(nn.Module):
    """Tells whether the left half of an image is brighter than the right one."""

    def forward(self, x: Tensor) -> Tensor:
        gap = x[..., : x.shape[-1] // 2].flatten(1).mean(1) - x[..., x.shape[-1] // 2 :].flatten(1).mean(1)
        return 20 * torch.stack([-gap, gap], 1)


@pytest.fixture
def halves() -> tuple[nn.Module, Tensor, Tensor]:
    """Images of two pixels, the left one brighter by 0.02, 0.15 or 0.5: changes of 0.01, 0.075 or 0.25 undo it."""
    pytest.importorskip("foolbox", reason="attacks need foolbox")
    images = torch.tensor([[0.51, 0.49], [0.575, 0.425], [0.75, 0.25]])[:, None, None]
    return Halves().eval(), images, torch.ones(3, dtype=torch.int64)


@pytest.mark.parametrize("attack", [FGSM, PGD, LONG_PGD])
def test_attacks_undo_what_their_size_allows(halves: tuple[nn.Module, Tensor, Tensor], attack: str) -> None:
    model, images, labels = halves
    for size, kept in ((0.005, [1, 1, 1]), (0.05, [0, 1, 1]), (0.1, [0, 0, 1]), (0.3, [0, 0, 0])):
        found = attacked(model, images, labels, attack, size, EFFORT)
        assert (found - images).abs().max() <= size + 1e-6
        assert right(model, found, labels, random=False).tolist() == kept
        assert not found.requires_grad


def test_noise_keeps_its_size_and_its_worst_start(halves: tuple[nn.Module, Tensor, Tensor]) -> None:
    model, images, labels = halves
    found = attacked(model, images, labels, NOISE, 0.1, EFFORT)
    assert (found - images).abs().max() <= 0.1 + 1e-6
    assert (losses(model, found, labels) >= losses(model, images, labels)).all()


def test_carlini_and_wagner_find_the_shortest_way(halves: tuple[nn.Module, Tensor, Tensor]) -> None:
    """The nearest image of the other kind is at 0.02 / sqrt(2), 0.15 / sqrt(2), 0.5 / sqrt(2)."""
    model, images, labels = halves
    found = attacked(model, images, labels, CW, float("inf"), Effort(search=9, descent=100))
    assert right(model, found, labels, random=False).tolist() == [0, 0, 0]
    lengths = (found - images).flatten(1).norm(dim=1)
    shortest = torch.tensor([0.02, 0.15, 0.5]) / 2**0.5
    assert (lengths >= shortest - 1e-4).all()
    assert (lengths <= shortest + 0.1).all()


def test_random_models_are_judged_by_many_draws() -> None:
    class Coin(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.rand(len(x), 2)

    torch.manual_seed(0)
    found = right(Coin(), torch.zeros(200, 1), torch.zeros(200, dtype=torch.int64), random=True)
    assert len(found.unique()) > 5
    assert found.mean() == pytest.approx(0.5, abs=0.05)


def test_flat_gradients_are_seen() -> None:
    class Step(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([x[:, 0], x[:, 0].clamp(0.5, 1)], 1)

    images = torch.tensor([[0.2], [0.7]])
    assert flat(Step(), images, torch.zeros(2, dtype=torch.int64)) == 0.5
