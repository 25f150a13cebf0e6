"""A U-Net in plain torch, as small or as large as its widths, with answers of lower levels for deep supervision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class UNet(nn.Module):
    """Two convolutions on each level, halves on the way down, transposed convolutions and skips on the way up.

    Args:
        widths: Channels of each level, the finest first; sides of images must be multiples of 2^(levels - 1).
        channels: Channels of an image.
        supervised: Levels below the finest that answer too, as the finest does; for training.
    """

    def __init__(self, widths: Sequence[int], channels: int = 3, supervised: int = 0) -> None:
        super().__init__()
        if not widths or not 0 <= supervised < len(widths):
            raise ValueError(f"widths must name a level more than supervised, got {tuple(widths)} and {supervised}")
        self.down = nn.ModuleList(_pair(a, b) for a, b in zip((channels, *widths[:-1]), widths, strict=True))
        steps = [(below, here) for here, below in zip(widths[:-1], widths[1:], strict=True)]
        self.up = nn.ModuleList(nn.ConvTranspose2d(below, here, 2, 2) for below, here in steps)
        self.join = nn.ModuleList(_pair(2 * here, here) for _, here in steps)
        self.answer = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths[: supervised + 1])

    def forward(self, images: Tensor) -> Tensor:
        """Logits of the object, shape (batch, 1, h, w)."""
        return self.answers(images)[0]

    def answers(self, images: Tensor) -> list[Tensor]:
        """The logits, and those of each supervised level below, all in the size of the images."""
        divisor = 2 ** (len(self.down) - 1)
        if any(side % divisor for side in images.shape[2:]):
            raise ValueError(f"sides of images must be multiples of {divisor}, got {tuple(images.shape[2:])}")
        levels = [images]
        for place, block in enumerate(self.down):
            levels.append(block(functional.max_pool2d(levels[-1], 2) if place else images))
        x, found = levels.pop(), []
        for place in range(len(self.down) - 1, -1, -1):
            if place < len(self.up):
                x = self.join[place](torch.cat([levels.pop(), self.up[place](x)], 1))
            if place < len(self.answer):
                found.append(self.answer[place](x))
        size = images.shape[2:]
        return [
            y if y.shape[2:] == size else functional.interpolate(y, size=size, mode="bilinear") for y in found[::-1]
        ]


def _pair(before: int, after: int) -> nn.Sequential:
    """Two convolutions, each normalised within each image."""
    layers: list[nn.Module] = []
    for width in (before, after):
        layers += [nn.Conv2d(width, after, 3, padding=1, bias=False)]
        layers += [nn.InstanceNorm2d(after, affine=True), nn.LeakyReLU(0.01, inplace=True)]
    return nn.Sequential(*layers)
