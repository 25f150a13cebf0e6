"""Sprite sheets: a small picture of each point, many on a sheet."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

COLUMNS, PER_SHEET = 32, 1024
LARGEST = 64  # pixels
SMALLEST = 12


def pictures_of(x: Any) -> Tensor | None:
    """Samples as pictures, shape (n, channels of 1 or 3, size, size), floating point; None where they are none.

    Large ones are made smaller, by the mean of their pixels; what is not square gets a border of zeros.
    """
    if not isinstance(x, Tensor) or not x.is_floating_point():
        return None
    if x.ndim == 3 and min(x.shape[1:]) > 1:
        x = x[:, None]
    if x.ndim != 4 or x.shape[1] not in (1, 2, 3, 4) or min(x.shape[2:]) < 2:
        return None
    x = x.detach().cpu().float()[:, :3] if x.shape[1] >= 3 else x.detach().cpu().float()[:, :1]
    if max(x.shape[2:]) > LARGEST:
        smaller = [max(1, side * LARGEST // max(x.shape[2:])) for side in x.shape[2:]]
        x = torch.nn.functional.interpolate(x, smaller, mode="area")
    height, width = x.shape[2:]
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return torch.nn.functional.pad(x, (left, size - width - left, top, size - height - top))


def shaded(pictures: Tensor, signed: bool = False) -> np.ndarray:
    """Pixels as bytes, shape (n, size, size, channels).

    Args:
        pictures: Shape (n, channels, size, size).
        signed: Whether 0 is the middle grey and each picture has its own scale; else the scale is [0, 1] where all
            pixels lie in it, and else from the smallest to the largest of all.
    """
    finite = torch.nan_to_num(pictures, nan=0.0, posinf=0.0, neginf=0.0)
    if signed:
        shares = finite / finite.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 2 + 0.5
    else:
        low, high = (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 1.0)
        within = low >= -1e-6 and high <= 1 + 1e-6
        shares = finite if within else (finite - low) / max(high - low, 1e-12)
    pixels = (shares.clamp(0, 1) * 255).round().to(torch.uint8)
    enlarged = max(1, math.ceil(SMALLEST / max(pixels.shape[2], 1)))
    return pixels.movedim(1, 3).numpy().repeat(enlarged, 1).repeat(enlarged, 2)


def write_sheets(pixels: np.ndarray, write: Callable[[int, bytes], None]) -> dict[str, int] | None:
    """Sheets of PNG go to `write(sheet, bytes)`; what the page must know of them comes back, None without points."""
    if not len(pixels):
        return None
    size, sheets = pixels.shape[1], math.ceil(len(pixels) / PER_SHEET)
    for sheet in range(sheets):
        write(sheet, _png(_sheet(pixels[sheet * PER_SHEET : (sheet + 1) * PER_SHEET])))
    return {"size": size, "columns": COLUMNS, "per_sheet": PER_SHEET, "sheets": sheets}


def _sheet(tiles: np.ndarray) -> np.ndarray:
    count, size, _, channels = tiles.shape
    rows = math.ceil(count / COLUMNS)
    full = np.zeros((rows * COLUMNS, size, size, channels), np.uint8)
    full[:count] = tiles
    return full.reshape(rows, COLUMNS, size, size, channels).swapaxes(1, 2).reshape(rows * size, -1, channels)


def _png(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()
