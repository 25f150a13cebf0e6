"""Cubical filtrations of signals, images and volumes."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import pad

from topolens._checks import check_no_nan, is_traced
from topolens.engines import Complex, Pairs
from topolens.engines.compiled import SMALL_INTEGERS, cubical_pairs, framed_pairs, lower_star_critical
from topolens.filtrations.base import Filtration
from topolens.filtrations.smoothing import blurred

Cube = tuple[int, ...]  # doubled coordinates: an odd one means the cube is an interval along that axis


class Cubical(Filtration):
    """Cubical complexes of arrays; a cell is a flat pixel index in C order, the frame one cell after all pixels."""

    modes = ("sparse", "basin", "smooth")

    def __init__(self, images: Tensor, construction: str, superlevel: bool, frame: float | None) -> None:
        self.batch_size = images.shape[0]
        self.shape = tuple(images.shape[1:])
        self.construction = construction
        self.superlevel = superlevel
        self.never = float("-inf") if superlevel else float("inf")
        self.frame = frame
        self.source = images

    @property
    def device(self) -> torch.device:
        """See `Filtration.device`."""
        return self.source.device

    @property
    def values(self) -> Tensor:  # type: ignore[override]
        """See `Filtration.values`; the engine itself reads the images, and turns them round where asked to."""
        values = real(self.source.detach()).flatten(1)
        if self.frame is not None:
            values = torch.cat([values, values.new_full((self.batch_size, 1), self.frame)], 1)
        return -values if self.superlevel else values

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`; these complexes have no torsion, so the field does not matter."""
        if self.frame is None:
            return cubical_pairs(self.source, self.construction, self.superlevel, max_dim)
        values = self.values
        level = -self.frame if self.superlevel else self.frame
        pixels = values[:, :-1].to(torch.promote_types(values.dtype, torch.float32))
        # Among equals the frame is the last: pixels up to its level step down by the least there is.
        below = torch.where(pixels <= level, torch.nextafter(pixels, pixels.new_tensor(-math.inf)), pixels)
        framed = pad(below.reshape(self.batch_size, *self.shape), (1, 1) * len(self.shape), value=level)
        return framed_pairs(framed, self._sources(), values, self.construction, max_dim)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        pixels = math.prod(self.shape)
        inside = cells if self.frame is None else cells.clamp(max=pixels - 1)
        places = torch.add(inside, batch, alpha=pixels).flatten()
        # torch looks up no unsigned shorts.
        source = real(self.source) if self.source.dtype == torch.uint16 else self.source
        found = real(source.flatten().index_select(0, places)).view_as(cells)
        return found if self.frame is None else torch.where(cells < pixels, found, self.frame)

    def recipe(self) -> str | None:
        """See `Filtration.recipe`."""
        return f"cubical {self.construction} {self.superlevel} {len(self.shape)} {self.frame}"

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See `Filtration.critical`; pixels are joined to the later ones of their neighbours."""
        edges = _grid_edges(self._sources(), corners=self.construction == "T").to(births.device)
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

    def _sources(self) -> Tensor:
        """The cell of each entry of the array, frame included."""
        pixels = math.prod(self.shape)
        index = torch.arange(pixels).reshape(self.shape)
        return index if self.frame is None else pad(index, (1, 1) * len(self.shape), value=pixels)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = self.values[item].to("cpu", torch.float64).numpy()
        sources = self._sources()
        shape, cells = tuple(sources.shape), sources.flatten().tolist()
        grown = 1 if self.construction == "T" else -1
        cubes = product(*(range(2 * size + grown) for size in shape)) if cells else iter(())
        by_dim = sorted(cubes, key=_dim)
        position = {cube: index for index, cube in enumerate(by_dim)}
        pick = max if self.construction == "V" else min
        source = [
            pick((cells[pixel] for pixel in self._pixels(cube, shape)), key=lambda cell: (values[cell], cell))
            for cube in by_dim
        ]
        return Complex([_dim(cube) for cube in by_dim], source, [_faces(cube, position) for cube in by_dim], values)

    def _pixels(self, cube: Cube, shape: tuple[int, ...]) -> list[int]:
        """Pixels that are vertices (V) of a cube, or top cells (T) around it."""
        found = [0]
        for x, size in zip(cube, shape, strict=True):
            # V: vertices sit at even coordinates. T: top cells sit at odd ones.
            ends = {x // 2, (x + 1) // 2} if self.construction == "V" else {(x - 1) // 2, x // 2}
            found = [size * pixel + p for pixel in found for p in sorted(ends) if 0 <= p < size]
        return found


def _dim(cube: Cube) -> int:
    return sum(x % 2 for x in cube)


def _faces(cube: Cube, position: dict[Cube, int]) -> list[tuple[int, int]]:
    faces, sign = [], 1
    for axis, x in enumerate(cube):
        if x % 2:
            for step in (1, -1):
                face = (*cube[:axis], x + step, *cube[axis + 1 :])
                faces.append((position[face], step * sign))
            sign = -sign
    return faces


def _grid_edges(cells: Tensor, corners: bool) -> Tensor:
    """Pairs of different cells that are neighbours in an array of cells, shape (edges, 2)."""
    start = (0,) * cells.ndim
    pairs = []
    for step in product((-1, 0, 1), repeat=cells.ndim):
        if step <= start or (sum(map(abs, step)) > 1 and not corners):
            continue
        near = tuple(slice(max(0, -s), size - max(0, s)) for s, size in zip(step, cells.shape, strict=True))
        far = tuple(slice(max(0, s), size - max(0, -s)) for s, size in zip(step, cells.shape, strict=True))
        pairs.append(torch.stack([cells[near].flatten(), cells[far].flatten()], 1))
    edges = torch.cat(pairs)
    return edges[edges[:, 0] != edges[:, 1]]


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
    if is_traced() or not images.numel():
        return
    low, high = images.detach().aminmax()
    check_no_nan("images", low)
    if torch.isinf(high if superlevel else low) and (high > 0 if superlevel else low < 0):
        raise ValueError(f"images contains {'inf' if superlevel else '-inf'}, a birth at infinity; clamp those pixels")


def cubical(
    images: Tensor,
    *,
    construction: str = "V",
    superlevel: bool = False,
    axes: int | None = None,
    frame: float | None = None,
) -> Cubical:
    """Cubical filtrations of a batch of signals, images or volumes.

    A pixel (sample, voxel) enters at its value. With construction V pixels are vertices and a cube enters with its
    last pixel (early pixels are connected through sides, late ones also through corners); with T pixels are top
    cells and their faces enter with the first of them (the other way round). A pixel of +inf (superlevel: -inf)
    never enters.

    Args:
        images: Shape (batch, ...sides) or (batch, channels, ...sides) with 1, 2 or 3 sides; channels become batch
            items, item b * channels + c. Any side may be 0 or 1. Floating-point numbers, or integers of type
            uint8, int16 or uint16, whose bars come as float32.
        construction: "V" or "T".
        superlevel: Bright pixels enter first. Births then lie above deaths, and essential bars die at -inf.
        axes: Number of sides. None: 1 for a tensor of two axes, 2 for three or four, 3 for five; say 3 for
            volumes without channels, 1 for signals with channels.
        frame: Value of a border, one pixel wide, that is laid around each image and closes what would run out
            of it: the least value (superlevel: the largest) joins it all, as `relative=True` of Betti matching,
            the largest makes it background. The two ends of a signal's border are apart. None: no border. An
            image without pixels gets none.

    Returns:
        A filtration with one cell per pixel, numbered in C order, and one more for the frame, after all pixels.

    Raises:
        TypeError: If `images` holds other integers, booleans or complex numbers.
        ValueError: If the shape does not fit, an entry is NaN or -inf (superlevel: inf), `construction` is
            unknown, `axes` is not 1, 2 or 3, or `frame` is not finite in the type of `images`.
        OverflowError: If a volume has 2^31 voxels or more, its border counted.

    Gradients: flow to the pixels of birth and death; the frame is constant.
    Cost: signals O(length). Images near one read where they are smooth, a few passes over their saddle pixels
        where they are noisy. Volumes a sort of their voxels, and in dimension 1 a reduction of their saddles.
    Source: "Cubical homology and the topological classification of 2D and 3D imagery", 2001; V against T as in
        "The persistent homology of dual digital image constructions", 2022; pairing the cells of one voxel first
        as in "Theory and algorithms for constructing discrete Morse complexes from grayscale digital images", 2011.

    Example:
        >>> import topolens as tl
        >>> ring = torch.tensor([[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
        >>> tl.persistence(tl.cubical(ring)).of_dim(1).intervals
        tensor([[0., 1.]])
    """
    if construction not in ("V", "T"):
        raise ValueError(f'construction must be "V" or "T", got {construction!r}')
    items = _items(images, axes)
    check_pixels(items, superlevel)
    return Cubical(items, construction, superlevel, _checked_frame(frame, items))


def _items(images: Tensor, axes: int | None) -> Tensor:
    """Images as (items, ...sides)."""
    if axes not in (None, 1, 2, 3):
        raise ValueError(f"axes must be 1, 2 or 3 (signals, images, volumes), got {axes!r}")
    got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
    if not isinstance(images, Tensor) or (axes is None and not 2 <= images.ndim <= 5):
        raise ValueError(
            f"images must be a tensor of shape (batch, *sides) or (batch, channels, *sides), got {got}; "
            "for one image pass image[None]"
        )
    sides = axes if axes is not None else {2: 1, 3: 2, 4: 2, 5: 3}[images.ndim]
    if images.ndim not in (sides + 1, sides + 2):
        raise ValueError(
            f"images must have {sides + 1} or {sides + 2} axes for axes={sides} (batch, perhaps channels, sides), "
            f"got shape {got}; for one image pass image[None]"
        )
    return images.flatten(0, 1) if images.ndim == sides + 2 else images


def _checked_frame(frame: float | None, items: Tensor) -> float | None:
    """The frame's value as the images' type holds it."""
    if frame is None:
        return None
    if isinstance(frame, Tensor):
        raise TypeError("frame must be a number or None, got a tensor; the frame is constant, use frame.item()")
    value = float(frame) if is_traced() else float(torch.tensor(float(frame), dtype=real(items[:0]).dtype))
    if not math.isfinite(value):
        raise ValueError(f"frame must be a finite number, got {frame} for images of {items.dtype}")
    return value if math.prod(items.shape[1:]) else None
