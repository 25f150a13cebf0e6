"""A convolution-like layer: the persistences of a bank of windows at each pixel, mixed across channels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from topolens.layers.neighbourhoods import Ranges, check_axes, checked_windows, neighbourhood
from topolens.layers.persistence_filter import persistence_filter


class PersistenceConv2d(nn.Module):
    """`persistence_filter` with a bank of windows, channel by channel, then a learned mix of channels and windows.

    In space it sees order statistics only: the pixels of a window may be permuted. Across channels it is linear.

    Args:
        in_channels: Of the input.
        out_channels: Of the result.
        k: Reach of the window in steps.
        windows: The bank, see `persistence_filter`.
        stride: Keeps every so many pixels of each side.
        groups: Blocks of channels that are mixed among themselves only.
        residual: Whether the mix also sees the intensity of the pixel itself.
        bias: Whether a learned constant is added to each output.
        filter_words: `adjacency`, `padding_mode`, `include_center`, `tie` of `persistence_filter`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        k: int = 1,
        windows: Ranges = "unit",
        *,
        stride: int = 1,
        groups: int = 1,
        residual: bool = False,
        bias: bool = True,
        **filter_words: Any,
    ) -> None:
        super().__init__()
        if not isinstance(stride, int) or stride < 1:
            raise ValueError(f"stride must be a positive integer, got {stride!r}")
        if residual and filter_words.get("padding_mode") == "valid":
            raise ValueError("residual=True needs an output for every pixel, got padding_mode='valid'")
        places = neighbourhood(2, k, filter_words.get("adjacency"), filter_words.get("include_center", True))
        self.windows = checked_windows(windows, places, k)
        self.in_channels, self.k, self.stride, self.residual = in_channels, k, stride, residual
        self.filter_words = filter_words
        features = len(self.windows) + residual
        self.mix = nn.Conv2d(in_channels * features, out_channels, 1, groups=groups, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (batch, out_channels, out ...) of x with shape (batch, in_channels, h, w)."""
        check_axes("x", x, 2)
        if x.shape[1] != self.in_channels:
            raise ValueError(f"x must have {self.in_channels} channels, as the layer was made for, got {x.shape[1]}")
        found = persistence_filter(x, self.k, self.windows, **self.filter_words)
        if self.residual:
            bank = found.unflatten(1, (self.in_channels, len(self.windows)))
            found = torch.cat([bank, x[:, :, None]], 2).flatten(1, 2)
        return self.mix(found[..., :: self.stride, :: self.stride])

    def extra_repr(self) -> str:
        """The settings."""
        return f"k={self.k}, windows={self.windows}, stride={self.stride}, residual={self.residual}"
