"""Networks that reports are made of in benchmarks, some of them trained for a few steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two convolutions beside a shortcut, as in ResNet-18."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.norm1, self.relu1 = nn.BatchNorm2d(outer), nn.ReLU()
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(outer), nn.ReLU()
        project = nn.Sequential(nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer))
        self.shortcut = nn.Identity() if inner == outer else project

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        inside = self.norm2(self.conv2(self.relu1(self.norm1(self.conv1(x)))))
        return self.relu2(inside + self.shortcut(x))


def resnet18() -> nn.Module:
    """ResNet-18 for images of 32 x 32: 11 million parameters."""
    parts: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    for inner, outer, stride in ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)):
        parts += [Block(inner, outer, stride), Block(outer, outer, 1)]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def mlp(*widths: int) -> nn.Module:
    """Linear layers with ReLU between them."""
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def cnn(channels: int) -> nn.Module:
    """Two convolutions and two linear layers for images of 28 x 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, channels, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(channels, 2 * channels, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(2 * channels * 25, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


def watched_cnn() -> nn.Module:
    """The CNN that many first lessons train on MNIST: 32 and 64 channels, 128 neurons."""
    return cnn(32)


def trained(model: nn.Module, x: Tensor, y: Tensor, steps: int) -> nn.Module:
    """Some steps of Adam on batches of 64: enough for classes to move apart."""
    optimizer, generator = torch.optim.Adam(model.parameters(), 1e-3), torch.Generator().manual_seed(0)
    model.train()
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    return model.eval()
