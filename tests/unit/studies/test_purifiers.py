"""The networks of the purification study: twins but for the loss, and the wrappers that attackers need."""

from pathlib import Path

import pytest
import torch
from torch import nn

from topolens.studies.images import read_images
from topolens.studies.purifiers import (
    Autoencoder,
    Averaged,
    Noisy,
    StraightThrough,
    Training,
    classifier,
    topology,
    trained_autoencoder,
    trained_classifier,
)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 8, 9), (1, 5, 4)])
def test_images_come_back_in_their_shape(shape: tuple[int, ...]) -> None:
    images = torch.rand(3, *shape)
    back = Autoencoder(shape)(images)
    assert back.shape == images.shape
    assert (back >= 0).all()
    assert (back <= 1).all()
    assert classifier(shape, 4)(images).shape == (3, 4)


def test_twins_differ_by_the_loss_alone(digits: Path) -> None:
    """Without passes both are the same network; after some, topology has a smaller loss of its own."""
    data = read_images(digits)
    start = [trained_autoencoder(data, Training(epochs=0), weight, 3) for weight in (0.0, 1.0)]
    for one, other in zip(*(model.parameters() for model in start), strict=True):
        assert torch.equal(one, other)
    plain, shaped = (trained_autoencoder(data, Training(epochs=30), weight, 3) for weight in (0.0, 5.0))
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in shaped.parameters())
    with torch.no_grad():
        best = [
            min(float(topology(data.test, model.encoder(data.test), scale)) for scale in torch.logspace(-2, 2, 81))
            for model in (plain, shaped)
        ]
    assert best[1] < best[0]


def test_training_is_repeatable_and_leaves_the_generator(digits: Path) -> None:
    data = read_images(digits)
    state = torch.get_rng_state()
    first, second = (trained_autoencoder(data, Training(epochs=1), 0.5, 3) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not first.training


def test_topology_is_that_of_images_on_the_cube() -> None:
    """Black and white images of four pixels are 4 / (2 sqrt(4)) = 1 apart; codes at 2 scales to 1; both trees agree."""
    images, codes = torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)]), torch.tensor([[0.0], [3.0]])
    assert float(topology(images, codes, torch.tensor(3.0))) == pytest.approx(0, abs=1e-6)
    assert float(topology(images, codes, torch.tensor(1.0))) == pytest.approx(2 * (3 - 1) ** 2 / 2)


def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other() -> None:
    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x**2

    x = torch.tensor([0.5, 2.0], requires_grad=True)
    y = StraightThrough(Square())(x)
    assert y.tolist() == pytest.approx([0.25, 4.0])
    assert torch.autograd.grad(y.sum(), x)[0].tolist() == [1, 1]


def test_averaged_probabilities() -> None:
    """Draws with probabilities (1/4, 3/4) and (3/4, 1/4) average to (1/2, 1/2), not their logits' softmax alone."""
    draws = iter([torch.tensor([[0.0, 3.0]]), torch.tensor([[3.0, 1.0]])])

    class Draw(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return next(draws)

    a, b = torch.tensor([0.0, 3.0]).softmax(0), torch.tensor([3.0, 1.0]).softmax(0)
    found = Averaged(Draw(), 2)(torch.zeros(1, 1)).softmax(1)[0]
    assert found.tolist() == pytest.approx(((a + b) / 2).tolist(), rel=1e-5)


def test_noise_follows_the_spread_of_the_codes() -> None:
    model = Autoencoder((1, 8, 8)).eval()
    images = torch.rand(4, 1, 8, 8)
    assert not torch.equal(Noisy(model).eval()(images), Noisy(model).eval()(images))
    model.spread = torch.zeros_like(model.spread)
    assert torch.equal(Noisy(model).eval()(images), model(images))


def test_hardened_classifiers_train_on_other_images(digits: Path) -> None:
    data = read_images(digits)
    plain, hard = (trained_classifier(data, Training(epochs=1), 0, harden=harden) for harden in (False, True))
    assert not torch.equal(plain[0].weight, hard[0].weight)
