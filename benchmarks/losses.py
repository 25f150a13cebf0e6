"""The losses suite: `python -m benchmarks.losses [--only NAME] [--runs N]`, from the root.

The C++ program for Betti matching (nstucki/Betti-Matching-3D) is in no package index. The rows of it are figures of an
earlier measurement on two cores of the same family, and each says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

import topolens as tl
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender
from benchmarks.suite import run_suite

ROOMS = ("core", "src/topolens/engines", "src/topolens/losses")
EARLIER = "measured earlier, November 2026, on two cores of the same family under load; not run here"

# Wall seconds of Betti-Matching-3D, two threads where known, one for the volume; superlevel, unmatched bars included.
PEER = {
    "1x512x512/smooth": 0.29,
    "1x512x512/noise": 0.51,
    "16x128x128/smooth": 0.20,
    "16x128x128/noise": 0.36,
    "1x64x64x64/smooth": 1.49,
}

Pair = tuple[Tensor, Tensor]  # probabilities or logits, and a target


def segmentation(batch: int, *shape: int, noise: bool = False, logits: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Blobs of some ten pixels; their blurred likelihood with 2 % noise, or nothing but noise."""
    random = np.random.default_rng(0)
    still = (0, *[4] * len(shape))
    truth = gaussian_filter(random.standard_normal((batch, *shape)), still) > 0
    blurred = gaussian_filter(truth.astype(float), (0, *[2] * len(shape))) + 0.02 * random.standard_normal(truth.shape)
    p = random.random(truth.shape) if noise else blurred.clip(0.001, 0.999)
    values = (np.log(p) - np.log1p(-p)) if logits else p
    return values[:, None].astype(np.float32), truth.astype(np.int64)


def tensors(pair: tuple[np.ndarray, np.ndarray]) -> Pair:
    """The same for torch."""
    return torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


def case(batch: int, *shape: int, noise: bool = False) -> Case:
    """Prediction and target of one class."""
    name = f"{'x'.join(map(str, (batch, *shape)))}/{'noise' if noise else 'smooth'}"
    text = f"{batch} × {' × '.join(map(str, shape))}, {'noise' if noise else 'a blurred mask with 2 % noise'}"
    return Case(name, text, partial(segmentation, batch, *shape, noise=noise))


def forward(pair: Pair) -> float:
    """The loss of probabilities."""
    with torch.no_grad():
        return tl.losses.betti_matching(*pair, activation=None).item()


def both_ways(pair: Pair) -> Tensor:
    """The loss of two channels of logits and its gradient."""
    leaf = torch.cat([-pair[0], pair[0]], 1).requires_grad_()
    loss = tl.losses.betti_matching(leaf, pair[1], activation="sigmoid", include_background=True)
    loss.backward()
    assert leaf.grad is not None
    return leaf.grad


OURS = Contender("topolens betti_matching", forward, "loss", tensors, is_ours=True, package="torch")


class UNet(nn.Module):
    """A small one: 16, 32 and 64 channels, two convolutions on each level."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()

        def block(before: int, after: int) -> nn.Sequential:
            layers = [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
            return nn.Sequential(*layers, nn.Conv2d(after, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU())

        self.down = nn.ModuleList([block(1, 16), block(16, 32), block(32, 64)])
        self.rise = nn.ModuleList([nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)])
        self.up = nn.ModuleList([block(64, 32), block(32, 16)])
        self.head = nn.Conv2d(16, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of each pixel."""
        top = self.down[0](x)
        middle = self.down[1](nn.functional.max_pool2d(top, 2))
        bottom = self.down[2](nn.functional.max_pool2d(middle, 2))
        x = self.up[0](torch.cat([self.rise[0](bottom), middle], 1))
        return self.head(self.up[1](torch.cat([self.rise[1](x), top], 1)))


def ce_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and soft Dice."""
    p, y = logits.softmax(1)[:, 1], target.float()
    dice = 1 - (2 * (p * y).sum((1, 2)) + 1e-5) / ((p + y).sum((1, 2)) + 1e-5)
    return nn.functional.cross_entropy(logits, target) + dice.mean()


def step(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Any], Tensor]:
    """A step of training on the same batch."""

    def run(ready: tuple[UNet, torch.optim.Optimizer, Pair]) -> Tensor:
        network, optimiser, (images, target) = ready
        optimiser.zero_grad()
        found = loss(network(images), target)
        found.backward()
        optimiser.step()
        return found.detach()

    return run


def ready_to_train(pair: tuple[np.ndarray, np.ndarray]) -> tuple[UNet, torch.optim.Optimizer, Pair]:
    """A network with its first steps behind it: after these, features are few."""
    torch.manual_seed(0)
    network, batch = UNet(), tensors(pair)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(5):
        step(ce_dice)((network, optimiser, batch))
    return network, optimiser, batch


def with_betti_matching(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy, soft Dice, and half of Betti matching."""
    return ce_dice(logits, target) + 0.5 * tl.losses.betti_matching(logits, target)


TINY = case(1, 16, 16)
TRAINING = (
    Contender("U-Net, CE-Dice and betti_matching", step(with_betti_matching), "step", ready_to_train, is_ours=True),
    Contender("U-Net, CE-Dice", step(ce_dice), "step", ready_to_train, package="torch"),
)
BOTH_WAYS = Contender("topolens betti_matching", both_ways, "gradient", tensors, is_ours=True, package="torch")
SUITE = (
    *(
        Bench("betti matching", made, (OURS,), threads, f"{threads} threads", tiny=TINY)
        for threads in (1, 2)
        for made in (
            *(case(*sides, noise=noise) for sides in ((1, 512, 512), (16, 128, 128)) for noise in (False, True)),
            case(1, 64, 64, 64),
        )
    ),
    *(
        Bench("forward and backward of two channels", case(8, 256, 256, noise=noise), (BOTH_WAYS,), 2, tiny=TINY)
        for noise in (False, True)
    ),
    *(Bench("training step", case(4, 128, 128), TRAINING, threads, f"{threads} threads") for threads in (1, 2)),
)


def with_peer(bench: Bench, found: dict[str, Any]) -> dict[str, Any]:
    """The measured rows, and the earlier figure of the C++ program where there is one."""
    if bench.group == "betti matching" and bench.case.name in PEER:
        seconds = PEER[bench.case.name]
        told = {"ours": False, "gives": "loss", "seconds": seconds, "note": f"{1e3 * seconds:.0f} ms, {EARLIER}"}
        found["rows"].append({"name": "Betti-Matching-3D", **told})
    return found


if __name__ == "__main__":
    run_suite("losses", SUITE, ("torch", "numpy", "scipy"), ROOMS, also=with_peer)
