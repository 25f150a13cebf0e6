"""Cubical filtrations of images."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor

from topolens._checks import check_no_nan
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import SMALL_INTEGERS, cubical_pairs, lower_star_critical
from topolens.filtrations.base import Filtration
from topolens.filtrations.smoothing import blurred


class Cubical(Filtration):
    """Cubical complexes of 2D images; a cell is a flat pixel index, row * width + column."""

    modes = ("sparse", "basin", "smooth")

    def __init__(self, images: Tensor, construction: str, superlevel: bool) -> None:
        self.batch_size = images.shape[0]
        self.shape = tuple(images.shape[1:])
        self.construction = construction
        self.superlevel = superlevel
        self.never = float("-inf") if superlevel else float("inf")
        self.source = images

    @property
    def device(self) -> torch.device:
        """See `Filtration.device`."""
        return self.source.device

    @property
    def values(self) -> Tensor:  # type: ignore[override]
        """See `Filtration.values`; the engine itself reads the images, and turns them round where asked to."""
        values = real(self.source.detach()).flatten(1)
        return -values if self.superlevel else values

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`; planar images have no torsion, so the field does not matter."""
        return cubical_pairs(self.source, self.construction, self.superlevel, max_dim)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        places = torch.add(cells, batch, alpha=math.prod(self.shape)).flatten()
        # torch looks up no unsigned shorts.
        pixels = real(self.source) if self.source.dtype == torch.uint16 else self.source
        return real(pixels.flatten().index_select(0, places)).view_as(cells)

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Filtration.critical`; pixels are joined to the later ones of their neighbours."""
        corners = self.construction == "T"
        steps = [step for step in product((-1, 0, 1), repeat=len(self.shape)) if step > (0,) * len(self.shape)]
        edges = _grid_edges(self.shape, [s for s in steps if corners or sum(map(abs, s)) == 1], births.device)
        columns: list[list[Tensor]] = [[], [], []]
        for item in batch.unique().tolist():
            bars = (batch == item).nonzero()[:, 0]
            bar, cell, end = lower_star_critical(self.values[item], edges, births[bars], targets[bars])
            for column, rows in zip(columns, (bars[bar], cell, end), strict=True):
                column.append(rows)
        bar, cell, end = (torch.cat([births[:0], *column]) for column in columns)
        return bar, cell, end

    def smoothed(self, gradient: Tensor, bandwidth: float | None) -> Tensor:
        """See `Filtration.smoothed`."""
        return blurred(gradient, len(self.shape), bandwidth)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        height, width = self.shape
        first, last = (1, 1) if self.construction == "T" else (0, 0)
        # Doubled coordinates: an odd one means the cube is an interval along that axis.
        cubes = product(range(2 * height - 1 + 2 * first), range(2 * width - 1 + 2 * last))
        by_dim = sorted(cubes, key=lambda cube: cube[0] % 2 + cube[1] % 2)
        if not height * width:
            by_dim = []
        position = {cube: index for index, cube in enumerate(by_dim)}
        dims, source, boundary = [], [], []
        for cube in by_dim:
            pixels = self._pixels(cube, height, width)
            pick = max if self.construction == "V" else min
            source.append(pick(pixels, key=lambda pixel: (values[pixel], pixel)))
            dims.append(cube[0] % 2 + cube[1] % 2)
            boundary.append(_faces(cube, position))
        return Complex(dims, source, boundary, values)

    def _pixels(self, cube: tuple[int, int], height: int, width: int) -> list[int]:
        """Pixels that are vertices (V) of a cube, or top cells (T) around it."""
        spans = []
        for x, size in zip(cube, (height, width), strict=True):
            # V: vertices sit at even coordinates. T: top cells sit at odd ones.
            ends = (x // 2, (x + 1) // 2) if self.construction == "V" else ((x - 1) // 2, x // 2)
            spans.append([p for p in sorted(set(ends)) if 0 <= p < size])
        return [row * width + column for row, column in product(*spans)]


def _grid_edges(shape: tuple[int, ...], steps: list[tuple[int, ...]], device: torch.device) -> Tensor:
    """Pairs of pixels that lie one of the steps apart, shape (edges, 2)."""
    index = torch.arange(math.prod(shape), device=device).reshape(shape)
    pairs = []
    for step in steps:
        near = tuple(slice(max(0, -s), size - max(0, s)) for s, size in zip(step, shape, strict=True))
        far = tuple(slice(max(0, s), size - max(0, -s)) for s, size in zip(step, shape, strict=True))
        pairs.append(torch.stack([index[near].flatten(), index[far].flatten()], 1))
    return torch.cat(pairs)


def _faces(cube: tuple[int, int], position: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    row, column = cube
    faces = []
    if row % 2:
        faces += [(position[row + 1, column], 1), (position[row - 1, column], -1)]
    if column % 2:
        sign = -1 if row % 2 else 1
        faces += [(position[row, column + 1], sign), (position[row, column - 1], -sign)]
    return faces


def real(x: Tensor) -> Tensor:
    """The tensor itself, integers of up to 16 bits as float32, which holds them exactly."""
    return x if x.is_floating_point() else x.to(torch.float32)


def check_pixels(images: Tensor, superlevel: bool) -> None:
    """Refuses NaN and births at infinity in one pass: a minimum and a maximum carry both."""
    if images.dtype in SMALL_INTEGERS:
        return
    if not images.is_floating_point():
        raise TypeError(
            f"images must be floating-point numbers or integers of type uint8, int16 or uint16, got {images.dtype}; "
            "convert it with .float()"
        )
    if not images.numel():
        return
    low, high = images.detach().aminmax()
    check_no_nan("images", low)
    if torch.isinf(high if superlevel else low) and (high > 0 if superlevel else low < 0):
        raise ValueError(f"images contains {'inf' if superlevel else '-inf'}, a birth at infinity; clamp those pixels")


def cubical(images: Tensor, *, construction: str = "V", superlevel: bool = False) -> Cubical:
    """Cubical filtrations of a batch of 2D images.

    A pixel enters at its value. With construction V pixels are vertices and a cube enters with its last pixel
    (foreground 4-connected, background 8-connected); with T pixels are squares and their sides enter with the
    first square (foreground 8-connected, background 4-connected). A pixel of +inf (superlevel: -inf) never enters.

    Args:
        images: Shape (batch, height, width) or (batch, channels, height, width); channels become batch items,
            item b * channels + c. Any side may be 0 or 1. Floating-point numbers, or integers of type uint8,
            int16 or uint16, whose bars come as float32.
        construction: "V" or "T".
        superlevel: Bright pixels enter first. Births then lie above deaths, and essential bars die at -inf.

    Returns:
        A filtration of height * width cells per item.

    Raises:
        TypeError: If `images` holds other integers, booleans or complex numbers.
        ValueError: If the shape is not one of the two, an entry is NaN or -inf (superlevel: inf), or
            `construction` is unknown.

    Gradients: flow to the pixels of birth and death.
    Cost: near one read of the image where it is smooth, a few passes over its saddle pixels where it is noisy.
    Source: "Cubical homology and the topological classification of 2D and 3D imagery", 2001; V against T as in
        "The persistent homology of dual digital image constructions", 2022.

    Example:
        >>> import topolens as tl
        >>> ring = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
        >>> tl.persistence(tl.cubical(ring)).of_dim(1).intervals
        tensor([[0., 1.]])
    """
    if not isinstance(images, Tensor) or images.ndim not in (3, 4):
        got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(
            f"images must have shape (batch, height, width) or (batch, channels, height, width), got {got}; "
            "for one image pass image[None]"
        )
    check_pixels(images, superlevel)
    if construction not in ("V", "T"):
        raise ValueError(f'construction must be "V" or "T", got {construction!r}')
    return Cubical(images.flatten(0, 1) if images.ndim == 4 else images, construction, superlevel)
