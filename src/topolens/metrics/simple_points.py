"""Simple points: pixels and voxels that can change sides without a change of topology."""

from __future__ import annotations

from torch import Tensor

from topolens.engines import masks as kernel

WIDE = {2: (8, 4), 3: (26, 6)}  # connectivity of the foreground where it is the wide one, and where it is not


def simple_points(mask: Tensor, connectivity: int | None = None) -> Tensor:
    """Where a mask can be flipped, one pixel at a time, without a change of topology.

    A point is simple if the foreground next to it forms one piece there that touches it, and the background too. The
    points of the foreground among them can be taken away, those of the background added.

    Args:
        mask: Masks, shape (batch, channels, h, w) or (batch, channels, d, h, w); what is not 0 is foreground. Outside
            all is background.
        connectivity: Of the foreground: 8 (default) or 4 in images, 26 (default) or 6 in volumes; that of the
            background is the other one of the two.

    Returns:
        Boolean, shape of `mask`, on its device.

    Raises:
        TypeError: If `mask` is no tensor.
        ValueError: If its shape or the connectivity is wrong.

    Cost: linear; images look their neighbourhoods up, volumes flood them.
    Source: "Simple points, topological numbers and geodesic neighborhoods in cubic grids", 1994.

    Example:
        >>> import torch
        >>> bar = torch.tensor([[[[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]]])
        >>> (bar * simple_points(bar))[0, 0, 1]                     # only its ends can go
        tensor([0, 1, 0, 1, 0])
    """
    if not isinstance(mask, Tensor):
        raise TypeError(f"mask must be a torch.Tensor, got {type(mask).__name__}; use torch.as_tensor(mask)")
    if mask.ndim not in (4, 5):
        raise ValueError(
            f"mask must have shape (batch, channels, h, w) or (batch, channels, d, h, w), got {tuple(mask.shape)}"
        )
    wide = foreground_is_wide(connectivity, mask.ndim - 2)
    return kernel.simple_points((mask != 0).flatten(0, 1), wide).reshape(mask.shape).to(mask.device)


def foreground_is_wide(connectivity: int | None, axes: int) -> bool:
    """Whether pixels of the foreground that share a corner are neighbours; those of the background then are not.

    Raises:
        ValueError: If the connectivity is none of images (axes = 2) or volumes (3).
    """
    wide, narrow = WIDE[axes]
    if connectivity not in (None, wide, narrow):
        kind = "images" if axes == 2 else "volumes"
        raise ValueError(f"connectivity of {kind} must be {wide} or {narrow}, got {connectivity!r}")
    return connectivity != narrow
