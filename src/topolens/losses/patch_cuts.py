"""Patches of maps, so that structures are compared where they are and not somewhere in the image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor


def cuts(
    maps: Sequence[Tensor],
    patch: int | Sequence[int] | None,
    crops: int | None = None,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """The same patches of several maps (batch, classes, *S), each as (batch, classes, patches, *sides).

    Args:
        maps: Of the same shape.
        patch: Sides of a patch, or one number for all; None: the whole map. A longer side means the map's.
        crops: Number of patches at random places; None: side by side, the last of each axis moved back into the map.
        generator: Where the places come from.

    Raises:
        ValueError: If a side or the number is not a positive integer, or there is a number without sides.
    """
    shape = maps[0].shape[2:]
    if patch is None:
        if crops is not None:
            raise ValueError(f"crops={crops} needs patch, the sides of what is cut out")
        return [x[:, :, None] for x in maps]
    if crops is not None and (not isinstance(crops, int) or crops < 1):
        raise ValueError(f"crops must be a positive integer or None, got {crops!r}")
    sides = _sides(patch, shape)
    last = [size - side for size, side in zip(shape, sides, strict=True)]
    if crops is None:
        axes = zip(last, sides, strict=True)
        places = list(product(*([*range(0, end, max(1, side)), end] for end, side in axes)))
    else:
        columns = [torch.randint(end + 1, (crops,), generator=generator).tolist() for end in last]
        places = list(zip(*columns, strict=True))
    return [torch.stack([_window(x, place, sides) for place in places], 2) for x in maps]


def _window(x: Tensor, place: Sequence[int], sides: Sequence[int]) -> Tensor:
    """The part of maps (batch, classes, *S) with these sides at this place."""
    for axis, (start, side) in enumerate(zip(place, sides, strict=True)):
        x = x.narrow(axis + 2, start, side)
    return x


def _sides(patch: int | Sequence[int], shape: Sequence[int]) -> list[int]:
    """Sides of a patch that fits into a map."""
    sides = [patch] * len(shape) if isinstance(patch, int) else list(patch)
    if len(sides) != len(shape) or any(not isinstance(side, int) or side < 1 for side in sides):
        raise ValueError(f"patch must be a positive integer or {len(shape)} of them, got {patch!r}")
    return [min(side, size) for side, size in zip(sides, shape, strict=True)]
