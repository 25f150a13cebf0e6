"""Masks thinned to lines, simple pixel by simple pixel, so that no component, loop or void is lost or made."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import torch
from torch import Tensor


def thinned(mask: Tensor, iterations: int | None = None) -> Tensor:
    """Lines of the same topology as the foreground (8- or 26-connected) of each mask; see `topological_skeleton`.

    Args:
        mask: Foreground, bool, shape (batch, channels, h, w) or (batch, channels, d, h, w); beyond it is background.
        iterations: Rounds; None: until nothing changes.

    Returns:
        A new mask of the same shape.

    Raises:
        ValueError: If `iterations` is negative.
    """
    if iterations is not None and iterations < 0:
        raise ValueError(f"iterations must be at least 0, got {iterations}")
    axes = mask.ndim - 2
    padded = torch.nn.functional.pad(mask.flatten(0, 1), [1, 1] * axes)
    flat, parity = padded.flatten().clone(), _parity(padded)
    sides, around = _steps(padded, _sides(axes)).tolist(), _steps(padded, _around(axes))
    done = 0
    while iterations is None or done < iterations:
        pixels = _border(flat, sides)
        turns = parity[pixels]
        removed = [_remove(flat, pixels[turns == turn], around, axes) for turn in range(2**axes)]
        done += 1
        if not any(removed):
            break
    inside = (slice(None), *[slice(1, -1)] * axes)
    return flat.view(padded.shape)[inside].reshape(mask.shape)


def _border(flat: Tensor, sides: list[int]) -> Tensor:
    """Foreground pixels with background beside them; the frame of background keeps rows from touching."""
    inner = flat.clone()
    for side in sides:
        inner &= flat.roll(-side)
    return (flat & ~inner).nonzero()[:, 0]


def _remove(flat: Tensor, pixels: Tensor, around: Tensor, axes: int) -> bool:
    """Take the removable among some pixels away, in place; whether there were any. No two of them are neighbours."""
    gone = pixels[removable(flat[pixels[:, None] + around], axes)]
    flat[gone] = False
    return bool(len(gone))


def removable(around: Tensor, axes: int) -> Tensor:
    """Whether a foreground pixel is simple and not the end of a line.

    Args:
        around: Its 8 or 26 neighbours, bool, shape (pixels, 8 or 26), in the order of their offsets.
        axes: 2 or 3.

    Returns:
        Shape (pixels,).
    """
    if axes == 2:
        code = (around.long() * 2 ** torch.arange(8, device=around.device)).sum(1)
        return _table(around.device)[code]
    out = torch.zeros(len(around), dtype=torch.bool, device=around.device)
    likely = (keeps_euler(around, axes) & (around.sum(1) > 1)).nonzero()[:, 0]
    out[likely] = _in_one_piece(around[likely], axes)
    return out


@lru_cache(maxsize=8)
def _table(device: torch.device) -> Tensor:
    """The answer for each of the 256 neighbourhoods in the plane, where the Euler characteristic alone decides."""
    around = (torch.arange(256)[:, None] >> torch.arange(8)) % 2 == 1
    return (keeps_euler(around, 2) & (around.sum(1) > 1)).to(device)


def keeps_euler(around: Tensor, axes: int) -> Tensor:
    """Whether the foreground, a union of closed unit cubes, has the same Euler characteristic without the pixel.

    With it go the inside of its cube and those sides, edges and corners that no neighbour shares.
    """
    offsets = _around(axes)
    cell, cube = offsets[None], offsets[:, None]
    shares = ((cube == 0) | (cube == cell)).all(2).float().to(around.device)  # a cell is named by its direction
    sign = (1 - 2 * ((offsets == 0).sum(1) % 2)).float().to(around.device)
    return ((around.float() @ shares) == 0).float() @ sign == (-1) ** (axes + 1)


def _in_one_piece(around: Tensor, axes: int) -> Tensor:
    """Whether the foreground among the neighbours is connected."""
    offsets = _around(axes)
    touch = ((offsets[:, None] - offsets[None]).abs().amax(2) <= 1).float().to(around.device)
    reached, size = torch.zeros_like(around), -1
    reached[torch.arange(len(around), device=around.device), around.int().argmax(1)] = True
    while int(reached.sum()) != size:
        size = int(reached.sum())
        reached = around & (reached.float() @ touch > 0)
    return (reached == around).all(1)


def _around(axes: int) -> Tensor:
    """Offsets of all neighbours."""
    return torch.tensor([offset for offset in product((-1, 0, 1), repeat=axes) if any(offset)])


def _sides(axes: int) -> Tensor:
    """Offsets of the neighbours across a side."""
    offsets = _around(axes)
    return offsets[offsets.abs().sum(1) == 1]


def _steps(padded: Tensor, offsets: Tensor) -> Tensor:
    """What offsets are in the flat order of a map."""
    strides = torch.tensor(padded.contiguous().stride()[1:])
    return (offsets * strides).sum(1).to(padded.device)


def _parity(padded: Tensor) -> Tensor:
    """For each pixel, the parities of its coordinates within the map as one number, (0, 0) first."""
    axes = padded.ndim - 1
    number = torch.zeros(padded.shape[1:], dtype=torch.uint8, device=padded.device)
    for axis in range(axes):
        odd = ((torch.arange(padded.shape[axis + 1], device=padded.device) + 1) % 2).byte()
        number = number * 2 + odd.view(-1, *[1] * (axes - 1 - axis))
    return number.expand(padded.shape).reshape(-1)
