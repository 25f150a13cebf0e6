"""Patches of signals, images and volumes, and the values of each in falling order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from topolens.engines.windows import Windows, rank_ranges


def each_axis(name: str, size: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """One positive integer per axis."""
    sizes = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(sizes) != axes or any(not isinstance(s, int) or s < 1 for s in sizes):
        raise ValueError(f"{name} must be a positive integer or {axes} of them, got {size!r}")
    return sizes


def patches(x: Tensor, kernel_size: Sequence[int], stride: Sequence[int]) -> Tensor:
    """Patches that fit: (batch, channels, *sides) -> (batch, channels, pixels of a patch, *out)."""
    _check_fit(x, kernel_size)
    axes = len(kernel_size)
    for axis, (size, step) in enumerate(zip(kernel_size, stride, strict=True), start=2):
        x = x.unfold(axis, size, step)
    return x.flatten(-axes).movedim(-1, 2)


def falling_patches(x: Tensor, kernel_size: Sequence[int], stride: Sequence[int]) -> Tensor:
    """As `patches`, the values of each patch from the largest on; equal ones in reading order."""
    _check_fit(x, kernel_size)
    absent = 3 - len(kernel_size)
    places = [(z, y, x) for z, y, x in product(*map(range, (*(1,) * absent, *kernel_size)))]
    out = [(side - size) // step + 1 for side, size, step in zip(x.shape[2:], kernel_size, stride, strict=True)]
    ranks = list(range(len(places)))
    grid = Windows(places, _three(out), _three(stride), ranks, [-1] * len(ranks), ranks[::-1])
    real = x if x.dtype == torch.float64 else x.float()
    planes = real.reshape(-1, *(1,) * absent, *x.shape[2:])
    return rank_ranges(planes, grid.flat(), False, "apart")[0].reshape(*x.shape[:2], len(ranks), *out).to(x.dtype)


def largest_of_patches(x: Tensor, kernel_size: Sequence[int], stride: Sequence[int]) -> Tensor:
    """The largest value of each patch, (batch, channels, *out)."""
    _check_fit(x, kernel_size)
    pool = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[len(kernel_size) - 1]
    return pool(x, tuple(kernel_size), tuple(stride))


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    z, y, x = (*(1,) * (3 - len(numbers)), *numbers)
    return z, y, x


def _check_fit(x: Tensor, kernel_size: Sequence[int]) -> None:
    sides = tuple(x.shape[2:])
    if any(side < size for side, size in zip(sides, kernel_size, strict=True)):
        raise ValueError(f"kernel_size must not exceed the sides of x, {sides}, got {tuple(kernel_size)}")
