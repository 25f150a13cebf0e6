"""Networks of the purification study: a classifier, autoencoders of one size, and wrappers that attackers need."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from topolens.losses import topological_autoencoder
from topolens.studies.images import Images

LATENT = 16
WIDTHS = (16, 32, 64)
BATCH, RATE = 64, 1e-3
NOISE = 0.25
HARDENED_AT = 0.1


@dataclass(frozen=True)
class Training:
    """All that determines how the networks of a seed are trained, next to their data.

    Args:
        images: Training images used, 0 for all.
        epochs: Passes over them, the same for every network.
        strength: Weight of the topological loss beside the mean squared error of images in [-1, 1].
    """

    images: int = 0
    epochs: int = 20
    strength: float = 0.5


def classifier(shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Two convolutions, each with max pooling, and two linear layers."""
    side = math.prod(length // 2 // 2 for length in shape[1:])
    return nn.Sequential(
        nn.Conv2d(shape[0], 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * side, 64), nn.ReLU(), nn.Linear(64, classes),
    )  # fmt: skip


class Autoencoder(nn.Module):
    """Three strided convolutions down to a short code, and the mirror image of them up to pixels in [0, 1]."""

    spread: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        sides = [tuple(shape[1:])]
        down: list[nn.Module] = []
        for before, width in zip((shape[0], *WIDTHS), WIDTHS, strict=False):
            down += [nn.Conv2d(before, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            sides.append(tuple((length + 1) // 2 for length in sides[-1]))
        middle = (WIDTHS[-1], *sides[-1])
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(math.prod(middle), LATENT))
        # Normalised, as in the paper's networks, so that the decoder learns as fast from codes close to each other.
        up: list[nn.Module] = [
            nn.Linear(LATENT, math.prod(middle)),
            nn.Unflatten(1, middle),
            nn.BatchNorm2d(WIDTHS[-1]),
            nn.ReLU(),
        ]
        for before, width, side in zip(WIDTHS[::-1], WIDTHS[-2::-1], sides[-2:0:-1], strict=False):
            up += [nn.Upsample(side), nn.Conv2d(before, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
        up += [nn.Upsample(sides[0]), nn.Conv2d(WIDTHS[0], shape[0], 3, padding=1), nn.Sigmoid()]
        self.decoder = nn.Sequential(*up)
        self.register_buffer("spread", torch.ones(LATENT))

    def forward(self, images: Tensor) -> Tensor:
        """The images as they come back from their codes."""
        return self.decoder(self.encoder(images))


class Noisy(nn.Module):
    """An autoencoder that shakes its codes: Gaussian noise, `noise` times the spread of each coordinate."""

    def __init__(self, autoencoder: Autoencoder, noise: float = NOISE) -> None:
        super().__init__()
        self.autoencoder, self.noise = autoencoder, noise

    def forward(self, images: Tensor) -> Tensor:
        """One draw of what comes back."""
        codes = self.autoencoder.encoder(images)
        return self.autoencoder.decoder(codes + self.noise * self.autoencoder.spread * torch.randn_like(codes))


class StraightThrough(nn.Module):
    """A purifier whose gradient is taken for that of the identity: backward pass differentiable approximation."""

    def __init__(self, purifier: nn.Module) -> None:
        super().__init__()
        self.purifier = purifier

    def forward(self, images: Tensor) -> Tensor:
        """What the purifier gives."""
        return images + (self.purifier(images) - images).detach()


class Averaged(nn.Module):
    """The logarithm of a random model's mean probabilities over draws: expectation over transformation."""

    def __init__(self, model: nn.Module, draws: int) -> None:
        super().__init__()
        self.model, self.draws = model, draws

    def forward(self, images: Tensor) -> Tensor:
        """Logarithms of probabilities, which are logits as well."""
        answers = [self.model(images).log_softmax(1) for _ in range(self.draws)]
        return torch.stack(answers).logsumexp(0) - math.log(self.draws)


def trained_classifier(data: Images, training: Training, seed: int, harden: bool = False) -> nn.Sequential:
    """A classifier, with `harden` trained on images after one step of attack from a random start."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = classifier(tuple(data.train.shape[1:]), data.classes)
        optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
        for _ in range(training.epochs):
            for rows in torch.randperm(len(data.train)).split(BATCH):
                images, labels = data.train[rows], data.train_labels[rows]
                if harden:
                    images = _one_step(model, images, labels)
                optimizer.zero_grad()
                functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
    return model.eval()


def _one_step(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Images after the step of Wong, Rice and Kolter: a random start, then 1.25 of the size along the sign."""
    start = (2 * torch.rand_like(images) - 1) * HARDENED_AT
    moved = (images + start).clamp(0, 1).requires_grad_()
    (slope,) = torch.autograd.grad(functional.cross_entropy(model(moved), labels), moved)
    change = (start + 1.25 * HARDENED_AT * slope.sign()).clamp(-HARDENED_AT, HARDENED_AT)
    return (images + change).clamp(0, 1).detach()


def trained_autoencoder(data: Images, training: Training, strength: float, seed: int) -> Autoencoder:
    """An autoencoder; initial weights and batches of a seed are the same at every `strength`, 0 for a plain one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Autoencoder(tuple(data.train.shape[1:]))
        scale = nn.Parameter(_start(model, data.train[:BATCH]))  # a logarithm, so that no step makes it negative
        optimizer = torch.optim.Adam([*model.parameters(), scale], lr=RATE)
        for _ in range(training.epochs):
            for rows in torch.randperm(len(data.train)).split(BATCH):
                images = data.train[rows]
                codes = model.encoder(images)
                loss = 4 * functional.mse_loss(model.decoder(codes), images)  # of images in [-1, 1]
                if strength:
                    loss = loss + strength * topology(images, codes, scale.exp())
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        model.eval()
        with torch.no_grad():
            model.spread = torch.cat([model.encoder(part) for part in data.train.split(500)]).std(0)
    return model


def _start(model: Autoencoder, images: Tensor) -> Tensor:
    """The logarithm of the scale at which codes are as far apart as images, on the mean.

    From 1, the paper's start, codes shrink first, to a tenth, and a short training does not recover from that.
    """
    with torch.no_grad():
        codes, points = model.encoder(images), (2 * images - 1).flatten(1) / (2 * math.sqrt(images[0].numel()))
        ratio = functional.pdist(codes).mean() / functional.pdist(points).mean()
    return ratio.clamp(1e-3, 1e3).nan_to_num(1.0).log()


def topology(images: Tensor, codes: Tensor, scale: Tensor) -> Tensor:
    """The topological loss between a batch of images and their codes, images measured as in the paper."""
    return topological_autoencoder((2 * images - 1).flatten(1), codes, scale, normalise="cube")
