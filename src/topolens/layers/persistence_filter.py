"""Persistence filters: how long more than m and fewer than n pixels around each pixel have entered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from topolens._checks import check_floating, check_no_nan, is_traced
from topolens.engines.windows import Windows, rank_ranges
from topolens.layers.neighbourhoods import Ranges, check_axes, checked_windows, neighbourhood

PADDING = ("replicate", "reflect", "circular", "zeros", "absent", "valid")
TIES = {"zero": "first", "average": "shared"}


def persistence_filter(
    x: Tensor,
    k: int = 1,
    windows: Ranges = "edges",
    *,
    adjacency: int | None = None,
    padding_mode: str = "replicate",
    include_center: bool = True,
    tie: str = "zero",
) -> Tensor:
    """Persistence of the feature "more than m and fewer than n pixels of my neighbourhood have entered", per pixel.

    Let x_(1) <= ... <= x_(K) be the values within distance k of a pixel. As the threshold rises, the feature holds
    from x_(m+1) to x_(n), once; so its persistence is x_(n) - x_(m+1), a difference of two rank filters.

    Args:
        x: Signals (B, C, L), images (B, C, H, W) or volumes (B, C, D, H, W).
        k: Radius of the neighbourhood in pixels, at least 1.
        windows: Pairs (m, n) with 0 <= m < n <= K, one output channel each; n = None stands for K. "edges": the one
            pair that fires on both sides of a straight edge and is most robust to noise elsewhere, (2, 7) for k = 1,
            (9, 16) for k = 2. "unit": the gaps (0, 2), (1, 3) ... (K - 2, K) between neighbouring ranks, whose sums
            are all other windows.
        adjacency: Neighbours of a pixel at distance 1, which shape the neighbourhood: 8 (a square) or 4 (a diamond) for
            images, 26 or 6 for volumes, 2 for signals. None: the larger one.
        padding_mode: "replicate", "reflect", "circular" or "zeros", as in torch; "absent": what lies outside does not
            exist, and where fewer than n pixels do, the death is the largest of them; "valid": only pixels whose whole
            neighbourhood lies inside have an output, so that each side loses 2k.
        include_center: Whether a pixel is in its own neighbourhood.
        tie: Where the gradient goes if several pixels of a neighbourhood have the value of an end: to the "first" of
            them in reading order under "zero", in equal parts under "average". Either way a persistence of 0, which
            cannot fall, has gradient 0.

    Returns:
        Persistences, at least 0, shape (B, C * windows, ...): channel c of window w is c * windows + w. A batch of
        nothing gives nothing.

    Raises:
        TypeError: If `x` is no floating-point tensor.
        ValueError: If a shape, window or option is none of these, `x` contains NaN, or the padding needs more pixels
            than there are.

    Gradients: +1 at the pixel whose value is x_(n), -1 at that of x_(m+1). Derivatives of any order exist.
    Cost: on the CPU a sorting network, many pixels at a time; elsewhere a sort in tensor operations, a few images at
        a time. For the backward pass a byte (two where K > 256) is kept per pixel and rank that a window names.
    Source: "Persistence-based operators in machine learning", 2022, the feature G of section 3.1 with its parameters k,
        m and n. There the end points are found by counting; the closed form is ours.

    Example:
        >>> step = torch.tensor([[[[0.0, 0.0, 1.0, 1.0]]]]).expand(1, 1, 4, 4)
        >>> persistence_filter(step)[0, 0, 0]        # fires on both sides of the edge
        tensor([0., 1., 1., 0.])
    """
    offsets = neighbourhood(image_axes(x), k, adjacency, include_center)
    pairs = checked_windows(windows, offsets, k)
    return _looked_up(x, k, offsets, [(m, n - 1) for m, n in pairs], padding_mode, tie)


def rank_filter(
    x: Tensor,
    ranks: Sequence[int],
    k: int = 1,
    *,
    adjacency: int | None = None,
    padding_mode: str = "replicate",
    include_center: bool = True,
    tie: str = "zero",
) -> Tensor:
    """Order statistics of the neighbourhood of each pixel: the births (rank m) and deaths (rank n - 1) of filters.

    Args:
        x: Signals, images or volumes, shape (B, C, ...).
        ranks: Ranks from 0 (the least value) to K - 1 (the greatest), one output channel each.
        k, adjacency, padding_mode, include_center, tie: as for `persistence_filter`.

    Returns:
        Values, shape (B, C * ranks, ...): channel c of rank r is c * ranks + r.

    Raises:
        TypeError: If `x` is no floating-point tensor.
        ValueError: As for `persistence_filter`, or if a rank lies outside 0 to K - 1.

    Gradients: 1 at the pixel whose value it is.
    Cost: as `persistence_filter`.
    Source: scipy's rank filter, of any neighbourhood here.

    Example:
        >>> rank_filter(torch.tensor([[[3.0, 1.0, 2.0]]]), [0, 2]).tolist()
        [[[1.0, 1.0, 1.0], [3.0, 3.0, 2.0]]]
    """
    offsets = neighbourhood(image_axes(x), k, adjacency, include_center)
    for rank in ranks:
        if not isinstance(rank, int) or not 0 <= rank < len(offsets):
            raise ValueError(f"ranks must lie between 0 and {len(offsets) - 1}, the pixels but one, got {rank!r}")
    if not len(ranks):
        raise ValueError("ranks must hold at least one rank, got none")
    return _looked_up(x, k, offsets, [(-1, rank) for rank in ranks], padding_mode, tie)


def _looked_up(
    x: Tensor, k: int, offsets: list[tuple[int, int, int]], pairs: list[tuple[int, int]], padding_mode: str, tie: str
) -> Tensor:
    """Differences of two ranks in all windows, a low of -1 for the high rank itself."""
    if tie not in TIES:
        raise ValueError(f"tie must be one of {', '.join(map(repr, TIES))}, got {tie!r}")
    padded = padded_planes(x, k, padding_mode)
    outside = 2 * k if padding_mode == "valid" else 0
    out = [max(0, side - outside) for side in x.shape[2:]]
    sides = (1,) * (5 - x.ndim) + tuple(out)
    ranks = sorted({rank for pair in pairs for rank in pair if rank >= 0})
    places = {rank: place for place, rank in enumerate(ranks)} | {-1: -1}
    lows, highs = [places[low] for low, _ in pairs], [places[high] for _, high in pairs]
    grid = Windows(offsets, (sides[0], sides[1], sides[2]), (1, 1, 1), ranks, lows, highs)
    values, _ = rank_ranges(padded, grid.flat(), padding_mode == "absent", TIES[tie])
    return values.reshape(x.shape[0], x.shape[1] * len(pairs), *out).to(x.dtype)


def image_axes(x: Tensor) -> int:
    """The number of axes in space."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor, got {type(x).__name__}; use torch.as_tensor(x)")
    if x.ndim not in (3, 4, 5):
        raise ValueError(
            f"x must have shape (B, C, L), (B, C, H, W) or (B, C, D, H, W), got {tuple(x.shape)}; "
            "for one image pass x[None]"
        )
    check_floating("x", x)
    if not is_traced():
        check_no_nan("x", x)
    return x.ndim - 2


def padded_planes(x: Tensor, k: int, padding_mode: str) -> Tensor:
    """Planes (B * C, D, H, W) in float32 or float64 with k pixels more on each side of the axes in space."""
    if padding_mode not in PADDING:
        raise ValueError(f"padding_mode must be one of {', '.join(map(repr, PADDING))}, got {padding_mode!r}")
    sides, axes = x.shape[2:], x.ndim - 2
    most = {"reflect": min(sides) - 1, "circular": min(sides), "valid": (min(sides) - 1) // 2}.get(padding_mode, k)
    if x.numel() and k > most:
        raise ValueError(
            f"padding_mode {padding_mode!r} allows for k at most {most} with sides {tuple(sides)}, got {k}; "
            "use 'replicate' or a smaller k"
        )
    real = x if x.dtype == torch.float64 else x.float()
    if padding_mode == "valid":
        padded = real
    elif x.numel() == 0:
        padded = real.new_zeros(*x.shape[:2], *(side + 2 * k for side in sides))
    elif padding_mode in ("zeros", "absent"):
        padded = functional.pad(real, (k, k) * axes, value=float("inf") if padding_mode == "absent" else 0.0)
    else:
        padded = functional.pad(real, (k, k) * axes, mode=padding_mode)
    return padded.reshape(-1, *(1,) * (3 - axes), *padded.shape[2:])


class _PersistenceFilter(nn.Module):
    """What the three modules share: they keep the options of `persistence_filter` and have nothing to learn."""

    axes: ClassVar[int]

    def __init__(
        self,
        k: int = 1,
        windows: Ranges = "edges",
        *,
        adjacency: int | None = None,
        padding_mode: str = "replicate",
        include_center: bool = True,
        tie: str = "zero",
    ) -> None:
        super().__init__()
        places = neighbourhood(self.axes, k, adjacency, include_center)
        self.windows = checked_windows(windows, places, k)
        self.options: dict[str, Any] = {
            "k": k,
            "adjacency": adjacency,
            "padding_mode": padding_mode,
            "include_center": include_center,
            "tie": tie,
        }

    def forward(self, x: Tensor) -> Tensor:
        """Persistences (B, C * windows, ...) of x (B, C, ...)."""
        check_axes("x", x, self.axes)
        return persistence_filter(x, windows=self.windows, **self.options)

    def extra_repr(self) -> str:
        """The options that were given."""
        return ", ".join(f"{name}={value!r}" for name, value in [("windows", self.windows), *self.options.items()])


class PersistenceFilter1d(_PersistenceFilter):
    """`persistence_filter` of signals (B, C, L) as a module without parameters; options as those of the function.

    Example:
        >>> PersistenceFilter1d(k=2, windows=[(1, 4)])(torch.zeros(1, 3, 8)).shape
        torch.Size([1, 3, 8])
    """

    axes = 1


class PersistenceFilter2d(_PersistenceFilter):
    """`persistence_filter` of images (B, C, H, W) as a module without parameters; options as those of the function.

    Example:
        >>> PersistenceFilter2d(windows="unit")(torch.zeros(1, 3, 8, 8)).shape       # eight gaps for each channel
        torch.Size([1, 24, 8, 8])
    """

    axes = 2


class PersistenceFilter3d(_PersistenceFilter):
    """`persistence_filter` of volumes (B, C, D, H, W) as a module without parameters; options as those of the function.

    Example:
        >>> PersistenceFilter3d(windows=[(8, 19)])(torch.zeros(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 4, 4, 4])
    """

    axes = 3
