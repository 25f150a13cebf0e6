"""Persistence pooling: each patch of an image by the persistences of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from topolens.layers.neighbourhoods import Ranges, check_axes, checked_windows, neighbourhood
from topolens.layers.patches import each_axis, falling_patches, largest_of_patches, patches
from topolens.layers.persistence_filter import image_axes, persistence_filter

ORDERS = ("sorted", "position")
SCOPES = ("image", "patch")
MODES = ("max", "PL", "PML")
INITS = ("mean", "max")


def persistence_pool(
    x: Tensor,
    kernel_size: int | Sequence[int],
    weight: Tensor | None = None,
    *,
    stride: int | Sequence[int] | None = None,
    order: str = "sorted",
    scope: str = "image",
    **filter_words: Any,
) -> Tensor:
    """The largest persistence of each patch, or weighted sums of all of them.

    Every pixel of a patch is one point of its diagram, for each window of the bank: see `persistence_filter`.

    Args:
        x: Signals, images or volumes, shape (batch, channels, sides ...).
        kernel_size: Sides of a patch.
        weight: Shape (channels, outputs, windows * pixels of a patch), or 1 in place of channels where all share it;
            the pixels of one window together. None: the largest.
        stride: Steps from patch to patch; None: `kernel_size`. Patches that do not fit are left out.
        order: Which persistence a weight belongs to: "sorted", the i-th largest of its window, so that a patch counts
            as a multiset; "position", that of the i-th pixel in raster order.
        scope: "image": windows look beyond their patch; "patch": each patch is padded by itself.
        filter_words: `k`, `windows`, `adjacency`, `padding_mode`, `include_center`, `tie` of `persistence_filter`.

    Returns:
        Shape (batch, channels * windows, out ...) without weights, (batch, channels * outputs, out ...) with
        them; those of one channel together.

    Raises:
        ValueError: If a size, a word or the shape of the weights is wrong, or as for `persistence_filter`.

    Gradients: To the weights, and to x through the persistences; equal ones of a patch take their weights in
        reading order.
    Cost: That of the filter, and of sorting the pixels of each patch.
    Source: "Persistence-based operators in machine learning", 2022, section 3.2. The paper leaves open what a weight
        belongs to, whether windows look beyond the patch, and has one window and one output; see `order`, `scope`.

    Example:
        >>> import torch
        >>> step = torch.tensor([[[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]])
        >>> persistence_pool(step, 2, windows=[(0, 3)]).tolist()
        [[[0.0, 1.0, 0.0]]]
    """
    if order not in ORDERS:
        raise ValueError(f"order must be 'sorted' or 'position', got {order!r}")
    if weight is None and scope == "image":
        steps = kernel_size if stride is None else stride
        axes = image_axes(x)
        sizes = each_axis("kernel_size", kernel_size, axes), each_axis("stride", steps, axes)
        return largest_of_patches(persistence_filter(x, **filter_words), *sizes)
    is_sorted = order == "sorted" and weight is not None
    points = persistences(x, kernel_size, kernel_size if stride is None else stride, scope, is_sorted, **filter_words)
    if weight is None:
        return points.amax(3).flatten(1, 2)
    return weighted(points, weight)


def persistences(
    x: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    scope: str,
    is_sorted: bool,
    **filter_words: Any,
) -> Tensor:
    """Persistences of the pixels of each patch, shape (batch, channels, windows, pixels, out ...)."""
    if scope not in SCOPES:
        raise ValueError(f"scope must be 'image' or 'patch', got {scope!r}")
    if scope == "patch" and filter_words.get("padding_mode") == "valid":
        raise ValueError("scope='patch' needs windows of every pixel, got padding_mode='valid'; use 'replicate'")
    axes = image_axes(x)
    bank = len(bank_of(axes, **filter_words))
    size, step = each_axis("kernel_size", kernel_size, axes), each_axis("stride", stride, axes)
    if scope == "image":
        found = (falling_patches if is_sorted else patches)(persistence_filter(x, **filter_words), size, step)
        return found.unflatten(1, (x.shape[1], bank))
    cut = patches(x, size, step)  # batch, channels, pixels, *out
    out = cut.shape[3:]
    alone = cut.flatten(3).movedim(3, 1).flatten(0, 1).unflatten(2, size)
    found = persistence_filter(alone, **filter_words).flatten(2).unflatten(1, (x.shape[1], bank))
    found = found.unflatten(0, (len(x), out.numel())).movedim(1, -1).unflatten(-1, out)
    return found.sort(dim=3, descending=True, stable=True).values if is_sorted else found


def bank_of(axes: int, windows: Ranges = "edges", k: int = 1, **words: Any) -> list[tuple[int, int]]:
    """The pairs (m, n) that these arguments of `persistence_filter` name."""
    places = neighbourhood(axes, k, words.get("adjacency"), words.get("include_center", True))
    return checked_windows(windows, places, k)


def weighted(points: Tensor, weight: Tensor) -> Tensor:
    """Sums over the windows and pixels of (batch, channels, windows, pixels, out ...), one per output of a channel."""
    batch, channels, windows, pixels = points.shape[:4]
    if weight.ndim != 3 or weight.shape[0] not in (1, channels) or weight.shape[2] != windows * pixels:
        raise ValueError(
            f"weight must have shape ({channels} or 1, outputs, {windows * pixels}), one column for each window and "
            f"pixel of a patch, got {tuple(weight.shape)}"
        )
    flat = points.flatten(4).flatten(2, 3)
    found = torch.matmul(weight.to(flat.dtype), flat)  # batch, channels, outputs, patches
    return found.reshape(batch, channels * weight.shape[1], *points.shape[4:])


class _PersistencePool(nn.Module):
    axes: int

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        *,
        mode: str = "PL",
        channels: int = 1,
        out_per_channel: int = 1,
        init: str = "mean",
        softmax: bool = False,
        order: str = "sorted",
        scope: str = "image",
        **filter_words: Any,
    ) -> None:
        super().__init__()
        for name, word, allowed in (("mode", mode, MODES), ("init", init, INITS), ("order", order, ORDERS)):
            if word not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {word!r}")
        self.kernel_size = each_axis("kernel_size", kernel_size, self.axes)
        self.stride = self.kernel_size if stride is None else each_axis("stride", stride, self.axes)
        self.mode, self.order, self.scope, self.softmax = mode, order, scope, softmax
        self.filter_words = filter_words | {"windows": bank_of(self.axes, **filter_words)}
        components = len(self.filter_words["windows"]) * torch.Size(self.kernel_size).numel()
        self.weight: nn.Parameter | None
        if mode == "max":
            self.register_parameter("weight", None)
        else:
            for name, count in (("channels", channels), ("out_per_channel", out_per_channel)):
                if not isinstance(count, int) or count < 1:
                    raise ValueError(f"{name} must be a positive integer, got {count!r}")
            self.weight = nn.Parameter(torch.empty(channels, out_per_channel, components))
            self.reset_parameters(init)

    def reset_parameters(self, init: str = "mean") -> None:
        """Start at the mean of all persistences, plus little noise, or at the largest of each window."""
        if self.weight is None:
            return
        with torch.no_grad():
            count = self.weight.shape[2]
            noise = torch.randn_like(self.weight) * (0.1 / count)
            if self.softmax:
                self.weight.copy_(noise)
            elif init == "mean":
                self.weight.copy_(noise + 1 / count)
            else:
                windows = len(self.filter_words["windows"])
                self.weight.zero_().view(*self.weight.shape[:2], windows, -1)[..., 0] = 1 / windows

    def forward(self, x: Tensor) -> Tensor:
        """Pooled x, shape (batch, channels * outputs, out ...); in mode "max" as many outputs as windows."""
        check_axes("x", x, self.axes)
        weight: Tensor | None = self.weight
        if weight is not None and weight.shape[0] not in (1, x.shape[1]):
            raise ValueError(f"x must have {weight.shape[0]} channels, as the layer was made for, got {x.shape[1]}")
        if weight is not None and self.softmax:
            weight = weight.softmax(2)
        found = persistence_pool(
            x, self.kernel_size, weight, stride=self.stride, order=self.order, scope=self.scope, **self.filter_words
        )
        if self.mode != "PML" or weight is None:
            return found
        largest = largest_of_patches(x, self.kernel_size, self.stride)
        outputs = found.unflatten(1, (x.shape[1], weight.shape[1]))
        return (outputs + largest[:, :, None]).flatten(1, 2)

    def extra_repr(self) -> str:
        """The settings."""
        rest = "".join(f", {word}={value!r}" for word, value in self.filter_words.items())
        return f"{self.kernel_size}, stride={self.stride}, mode={self.mode!r}, order={self.order!r}{rest}"


class PersistencePool1d(_PersistencePool):
    """`persistence_pool` of signals (batch, channels, length), with learned weights.

    Its settings are those of `PersistencePool2d`.
    """

    axes = 1


class PersistencePool2d(_PersistencePool):
    """`persistence_pool` of images (batch, channels, h, w), with learned weights.

    Args:
        kernel_size: Sides of a patch.
        stride: Steps from patch to patch; None: `kernel_size`.
        mode: "max": the largest persistence, one output per window; "PL": learned weighted sums; "PML": the same plus
            the largest intensity of the patch.
        channels: Of the input; 1: all channels share the weights.
        out_per_channel: Weighted sums per channel.
        init: Where weights start: "mean" of all persistences, or "max", the largest of each window.
        softmax: Whether weights pass through a softmax, so that they are above 0 and add up to 1.
        order: "sorted" or "position", see `persistence_pool`.
        scope: "image" or "patch", see `persistence_pool`.
        filter_words: `k`, `windows`, `adjacency`, `padding_mode`, `include_center`, `tie` of `persistence_filter`.
    """

    axes = 2


class PersistencePool3d(_PersistencePool):
    """`persistence_pool` of volumes (batch, channels, d, h, w), with learned weights.

    Its settings are those of `PersistencePool2d`.
    """

    axes = 3
