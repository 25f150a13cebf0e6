"""The networks of a grid: multi-layer perceptrons, and convolutional ones after VGG, without batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from topolens.studies.network_grid import Member

HIDDEN = 128  # neurons between the blocks of a vgg and its output


class GridNetwork(nn.Module):
    """Layers with ReLU between them, and a place after each dense one where neurons can be dropped.

    What is dropped is given from outside, so that a network does the same alone and in a stack of others.

    Args:
        features: What comes before the dense layers.
        sizes: Neurons of the dense layers, from their input to the output.
    """

    def __init__(self, features: nn.Module, sizes: Sequence[int]) -> None:
        super().__init__()
        self.features = features
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.relus = nn.ModuleList(nn.ReLU() for _ in sizes[2:])
        self.hidden = sum(sizes[1:-1])  # neurons that can be dropped

    def forward(self, x: Tensor, kept: Tensor | None = None) -> Tensor:
        """Scores of each class.

        Args:
            x: Images, shape (batch, channels, height, width).
            kept: What hidden neurons are multiplied with, those of all dense layers beside each other, shape
                (batch, hidden neurons); None: nothing is dropped.
        """
        x, start = self.features(x).flatten(1), 0
        for layer, relu in zip(self.dense, self.relus, strict=False):
            x = relu(layer(x))
            if kept is not None:
                x, start = x * kept[:, start : start + x.shape[1]], start + x.shape[1]
        return self.dense[-1](x)


def network(member: Member, shape: Sequence[int], classes: int) -> GridNetwork:
    """A member with its first weights.

    Args:
        member: Which.
        shape: Of an image: channels, height, width.
        classes: Outputs.

    Raises:
        ValueError: If there are more blocks than the image can be halved.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(member.seed)
        if member.architecture == "mlp":
            return GridNetwork(nn.Identity(), [prod(shape), *[member.width] * member.depth, classes])
        return _vgg(member, shape, classes)


def _vgg(member: Member, shape: Sequence[int], classes: int) -> GridNetwork:
    channels, height, width = shape
    if min(height, width) < 2**member.depth:
        raise ValueError(f"images of {height} x {width} pixels cannot be halved {member.depth} times; lower depth")
    layers: list[nn.Module] = []
    for block in range(member.depth):
        for _ in range(int(member.architecture[-1])):
            layers += [nn.Conv2d(channels, member.width * 2**block, 3, padding=1), nn.ReLU()]
            channels = member.width * 2**block
        layers.append(nn.MaxPool2d(2))
        height, width = height // 2, width // 2
    return GridNetwork(nn.Sequential(*layers), [channels * height * width, HIDDEN, classes])
