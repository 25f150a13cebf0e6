"""LEAP: pooling by a learned weighted sum of the intensities of each patch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from topolens._checks import check_floating
from topolens.layers.neighbourhoods import check_axes
from topolens.layers.patches import each_axis


def leap_pool(x: Tensor, weight: Tensor, stride: int | Sequence[int] | None = None) -> Tensor:
    """Sum of weight times intensity over each patch, channel by channel: a convolution with one filter per channel.

    Args:
        x: Images, shape (batch, channels, h, w).
        weight: Shape (channels, h, w) of a patch.
        stride: Steps from patch to patch; None: the sides of a patch.

    Returns:
        Shape (batch, channels, out ...).

    Raises:
        ValueError: If a shape is wrong.

    Source: "Learning pooling for convolutional neural network", 2017; weights of 1 / (h w) give average pooling.
    """
    check_floating("x", check_axes("x", x, 2))
    if weight.ndim != 3 or len(weight) != x.shape[1]:
        raise ValueError(f"weight must have shape ({x.shape[1]}, h, w) of a patch, got {tuple(weight.shape)}")
    step = each_axis("stride", tuple(weight.shape[1:]) if stride is None else stride, 2)
    return nn.functional.conv2d(x, weight[:, None].to(x.dtype), stride=step, groups=max(1, x.shape[1]))


class LEAPPool2d(nn.Module):
    """`leap_pool` of images, starting at average pooling.

    Args:
        channels: Of the input.
        kernel_size: Sides of a patch.
        stride: Steps from patch to patch; None: `kernel_size`.
    """

    def __init__(
        self, channels: int, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(channels, int) or channels < 1:
            raise ValueError(f"channels must be a positive integer, got {channels!r}")
        size = each_axis("kernel_size", kernel_size, 2)
        self.stride = size if stride is None else each_axis("stride", stride, 2)
        self.weight = nn.Parameter(torch.full((channels, *size), 1 / (size[0] * size[1])))

    def forward(self, x: Tensor) -> Tensor:
        """The function of the same name."""
        return leap_pool(x, self.weight, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{len(self.weight)}, kernel_size={tuple(self.weight.shape[1:])}, stride={self.stride}"
