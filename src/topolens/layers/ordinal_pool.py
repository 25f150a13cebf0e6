"""Ordinal pooling: a learned weighted sum of the intensities of each patch in falling order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from topolens._checks import check_floating
from topolens.layers.neighbourhoods import check_axes
from topolens.layers.patches import each_axis, falling_patches
from topolens.layers.persistence_pool import weighted


def ordinal_pool(
    x: Tensor, weight: Tensor, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None
) -> Tensor:
    """Sum over each patch of weight i times its i-th largest intensity, channel by channel.

    Args:
        x: Images, shape (batch, channels, h, w).
        weight: Shape (channels, pixels of a patch), or 1 in place of channels where all share it.
        kernel_size: Sides of a patch.
        stride: Steps from patch to patch; None: `kernel_size`.

    Returns:
        Shape (batch, channels, out ...).

    Raises:
        ValueError: If a shape is wrong or a patch does not fit.

    Source: "Ordinal pooling", 2021; (1, 0, ..., 0) gives max pooling, equal weights average pooling.
    """
    check_floating("x", check_axes("x", x, 2))
    if weight.ndim != 2:
        raise ValueError(f"weight must have shape (channels, pixels of a patch), got {tuple(weight.shape)}")
    size = each_axis("kernel_size", kernel_size, 2)
    cut = falling_patches(x, size, size if stride is None else each_axis("stride", stride, 2))
    return weighted(cut[:, :, None], weight[:, None])


class OrdinalPool2d(nn.Module):
    """`ordinal_pool` of images, starting at average pooling.

    Args:
        channels: Of the input; 1: all channels share the weights.
        kernel_size: Sides of a patch.
        stride: Steps from patch to patch; None: `kernel_size`.
    """

    def __init__(
        self, channels: int, kernel_size: int | Sequence[int], stride: int | Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not isinstance(channels, int) or channels < 1:
            raise ValueError(f"channels must be a positive integer, got {channels!r}")
        self.kernel_size = each_axis("kernel_size", kernel_size, 2)
        self.stride = self.kernel_size if stride is None else each_axis("stride", stride, 2)
        pixels = self.kernel_size[0] * self.kernel_size[1]
        self.weight = nn.Parameter(torch.full((channels, pixels), 1 / pixels))

    def forward(self, x: Tensor) -> Tensor:
        """The function of the same name."""
        return ordinal_pool(x, self.weight, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{len(self.weight)}, kernel_size={self.kernel_size}, stride={self.stride}"
