"""Euler characteristics by counting cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import pad

from topolens.metrics.components import check_connectivity
from topolens.metrics.masks import masks_of, pixels_in


def euler_characteristic(mask: Tensor, *, connectivity: int, classes: Sequence[int] | None = None) -> Tensor:
    """Euler characteristics of masks: components minus holes in 2D, components minus tunnels plus voids in 3D.

    Args:
        mask: Shape (batch, ...sides) or (batch, classes, ...sides), boolean or 0 and 1; two sides for connectivity 4 or
            8, three for 6 or 26.
        connectivity: Of the foreground: 4 or 8 in 2D, 6 or 26 in 3D; the background has the other one.
        classes: The classes of interest where `mask` holds class numbers, shape (batch, ...sides) or (batch, 1,
            ...sides).

    Returns:
        Shape (batch,) or (batch, classes), int64; 0 for an empty mask.

    Raises:
        TypeError: If `mask` is no tensor.
        ValueError: If connectivity, shape or values are wrong.

    Cost: a few passes of tensor operations on the device of the mask; 4 sums in 2D, 8 in 3D.
    Source: "Connectivity in digital pictures", 1970; cells are counted instead of bit-quads, which gives the same.

    Example:
        >>> ring = torch.tensor([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]])
        >>> euler_characteristic(ring, connectivity=8)
        tensor([0])
    """
    masks = masks_of("mask", mask, check_connectivity(connectivity), classes)
    return masks.grouped(euler_numbers(masks.items, connectivity))


def euler_numbers(masks: Tensor, connectivity: int) -> Tensor:
    """Euler characteristics of boolean masks (items, ...sides), shape (items,)."""
    sides = masks.ndim - 1
    closed = connectivity in (8, 26)  # pixels are squares with their sides and corners, else corners of squares
    total = torch.zeros(len(masks), dtype=torch.int64, device=masks.device)
    if closed:
        masks = pad(masks, (1, 1) * sides)
    for spans in product((False, True), repeat=sides):
        cells = masks
        for axis, span in enumerate(spans, 1):
            if span:
                near, far = (
                    cells.narrow(axis, 0, max(0, cells.shape[axis] - 1)),
                    cells[(slice(None),) * axis + (slice(1, None),)],
                )
                cells = near | far if closed else near & far
        # A cell spans two pixels along an axis: an interval where they are corners, a point between them as squares.
        dim = sides - sum(spans) if closed else sum(spans)
        total += (-1) ** dim * pixels_in(cells)
    return total
