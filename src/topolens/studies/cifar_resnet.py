"""A small residual network trained on CIFAR-10, kept with its untrained self: the demo's second trained network.

Residual stages are where circles of rotating edges are seen most clearly in published networks::

    python -m topolens.studies.cifar_resnet --data cifar10.npz --out cifar_resnet.safetensors

The file holds the convolutions as ``NAME.weight``, the same before training as ``untrained.NAME.weight``, and the test
``accuracy``.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

import numpy as np
import torch
from rich.logging import RichHandler
from rich.progress import track
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

log = logging.getLogger(__name__)

Data = tuple[Tensor, Tensor, Tensor, Tensor]  # training images (n, 3, 32, 32), their labels, the same for tests
WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm, added to their input; the shortcut is subsampled and padded with zeros."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)
        self.stride, self.grown = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        """Features (batch, outputs, height / stride, width / stride) of features (batch, inputs, height, width)."""
        h = functional.relu(self.norm1(self.conv1(x)))
        short = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.grown))
        return functional.relu(self.norm2(self.conv2(h)) + short)


class ResNet(nn.Module):
    """A residual network for 32x32 images: a convolution, then three stages of blocks, then a linear readout.

    Source: "Deep residual learning for image recognition", 2016, section 4.2 (n = 3 gives ResNet-20).
    """

    def __init__(self, blocks: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(WIDTHS[0])
        inputs, stages = WIDTHS[0], []
        for width in WIDTHS:
            strides = [1 if width == WIDTHS[0] else 2] + [1] * (blocks - 1)
            stages.append(nn.Sequential(*(Block(inputs if i == 0 else width, width, s) for i, s in enumerate(strides))))
            inputs = width
        self.stage1, self.stage2, self.stage3 = stages
        self.readout = nn.Linear(WIDTHS[-1], 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (batch, 10) of images (batch, 3, 32, 32)."""
        h = functional.relu(self.norm(self.conv(x)))
        return self.readout(self.stage3(self.stage2(self.stage1(h))).mean((2, 3)).float())


def filters_of(network: nn.Module) -> dict[str, Tensor]:
    """The weights of the convolutions by name."""
    return {
        f"{name}.weight": module.weight.detach().clone().contiguous()
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
    }


def read_cifar(path: Path) -> Data:
    """Images of an ``.npz`` file with ``x_train`` (n, 32, 32, 3), ``y_train``, ``x_test``, ``y_test``."""
    with np.load(path) as file:
        x, y, x_test, y_test = (torch.from_numpy(file[name]) for name in ("x_train", "y_train", "x_test", "y_test"))
    mean, spread = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.247, 0.2435, 0.2616])
    train, test = (((images / 255.0 - mean) / spread).permute(0, 3, 1, 2).contiguous() for images in (x, x_test))
    return train, y.long().flatten(), test, y_test.long().flatten()


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images moved by up to four pixels, half of them mirrored."""
    padded = functional.pad(images, (4, 4, 4, 4))
    row, column = (torch.randint(9, (len(images), 1, 1), generator=generator) for _ in range(2))
    span = torch.arange(32)
    item = torch.arange(len(images))[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[item, row + span[:, None], column + span]
    mirrored = torch.rand(len(images), generator=generator) < 0.5
    moved[mirrored] = moved[mirrored].flip(2)
    return moved.permute(0, 3, 1, 2)


def train(network: nn.Module, data: Data, epochs: int, batch: int, seed: int) -> None:
    """Trains with Nesterov momentum 0.9, weight decay 5e-4 and one cycle of the learning rate up to 0.2."""
    images, labels = data[:2]
    steps = epochs * (len(images) // batch)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=steps, pct_start=0.2)
    generator = torch.Generator().manual_seed(seed)
    network.train()
    for step in track(range(steps), "training"):
        at = step % (len(images) // batch) * batch
        if at == 0:
            order = torch.randperm(len(images), generator=generator)
        rows = order[at : at + batch]
        x = augmented(images[rows], generator).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(x)
        loss = functional.cross_entropy(logits, labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            log.info("step %d of %d: loss %.3f", step, steps, loss.item())


def accuracy(network: nn.Module, data: Data) -> float:
    """The share of right answers on the test images."""
    network.eval()
    with torch.no_grad():
        answers = torch.cat([network(images).argmax(1) for images in data[2].split(500)])
    return (answers == data[3]).float().mean().item()


def main() -> None:
    """The command line of the study."""
    parser = argparse.ArgumentParser(description="Trains a residual network on CIFAR-10 and writes its convolutions.")
    parser.add_argument("--data", type=Path, required=True, help="CIFAR-10 as .npz: x_train, y_train, x_test, y_test")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)])
    data = read_cifar(options.data)
    with torch.random.fork_rng():
        torch.manual_seed(options.seed)
        network = ResNet()
    before = {f"untrained.{name}": weight for name, weight in filters_of(network).items()}
    train(network, data, options.epochs, options.batch, options.seed)
    right = accuracy(network, data)
    log.info("test accuracy %.4f", right)
    facts = {"architecture": "ResNet-20", "data": "CIFAR-10", "script": "topolens.studies.cifar_resnet"}
    facts |= {name: str(value) for name, value in vars(options).items() if name in ("epochs", "batch", "seed")}
    tensors = {**filters_of(network), **before, "accuracy": torch.tensor(right)}
    partial = options.out.with_suffix(".partial")
    save_file(tensors, partial, facts | {"torch": torch.__version__})
    partial.replace(options.out)


if __name__ == "__main__":
    main()
