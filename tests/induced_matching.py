"""The induced matching of two images cell by cell: boundary matrices over Z/2 reduced as in a textbook."""

from collections.abc import Callable
from itertools import product

import numpy as np

Cell = tuple[int, ...]  # doubled coordinates; odd ones are intervals
Bar = tuple[int, int]  # pixels of birth and death
Row = tuple[int, Bar | None, Bar | None]  # dimension, bar of f, bar of g


class Image:
    """The cells of an image of rising thresholds, in the order of (value, pixel, dimension, cell)."""

    def __init__(self, values: np.ndarray, construction: str) -> None:
        self.values = values.ravel()
        grown = 1 if construction == "T" else -1
        cells = list(product(*(range(2 * side + grown) for side in values.shape))) if values.size else []
        cells.sort(key=lambda cell: (dim(cell), cell))
        pick = max if construction == "V" else min
        self.pixel = {
            cell: pick(pixels(cell, values.shape, construction), key=lambda p: (self.values[p], p)) for cell in cells
        }
        self.order = sorted(cells, key=lambda c: (self.values[self.pixel[c]], self.pixel[c], dim(c), c))
        self.rank = {cell: rank for rank, cell in enumerate(self.order)}

    def value(self, cell: Cell) -> float:
        """When a cell enters."""
        return self.values[self.pixel[cell]]


def dim(cell: Cell) -> int:
    """Number of intervals a cell is the product of."""
    return sum(x % 2 for x in cell)


def pixels(cell: Cell, shape: tuple[int, ...], construction: str) -> list[int]:
    """Flat pixels that are vertices of a cell (V), or top cells it lies in (T)."""
    ranges = []
    for x, side in zip(cell, shape, strict=True):
        low, high = (x // 2, (x + 1) // 2) if construction == "V" else ((x - 1) // 2, x // 2)
        ranges.append(sorted({p for p in (low, high) if 0 <= p < side}))
    return [int(np.ravel_multi_index(place, shape)) for place in product(*ranges)]


def faces(cell: Cell) -> list[Cell]:
    """Cells in the boundary of a cell."""
    return [(*cell[:k], x + s, *cell[k + 1 :]) for k, x in enumerate(cell) if x % 2 for s in (-1, 1)]


def reduced(columns: Image, rows: Image) -> dict[Cell, Cell]:
    """Cell that gives birth -> cell that ends it, of columns in one order and pivots in another."""
    owner: dict[Cell, set[Cell]] = {}
    ends: dict[Cell, Cell] = {}
    for cell in columns.order:
        column = set(faces(cell))
        while column and (low := max(column, key=rows.rank.__getitem__)) in owner:
            column ^= owner[low]
        if column:
            owner[low], ends[low] = column, cell
    return ends


def bars_between(columns: Image, rows: Image, valid: bool = True) -> dict[Cell, Cell]:
    """The same, bars of positive length unless others are valid too."""
    ends = reduced(columns, rows)
    return {birth: end for birth, end in ends.items() if not valid or rows.value(birth) < columns.value(end)}


def induced_matching(f: np.ndarray, g: np.ndarray, construction: str, valid: bool = True) -> list[Row]:
    """Finite bars of f and g, rising, matched through their minimum; sorted as numbers."""
    one, other, union = (Image(x, construction) for x in (f, g, np.minimum(f, g)))
    return matching(one, other, union, valid)


def matching(
    one: Image, other: Image, union: Image, valid: bool, find: Callable[..., dict[Cell, Cell]] = bars_between
) -> list[Row]:
    """The same of images that are ordered already."""
    bars = [dict(find(x, x)) for x in (one, other)]
    alive = set(find(union, union).values())
    through = [
        {end: birth for birth, end in find(union, x, valid).items() if birth in own and end in alive}
        for x, own in zip((one, other), bars, strict=True)
    ]
    table: list[Row] = []
    for end in through[0].keys() & through[1].keys():
        births = [own[end] for own in through]
        named = [placed(x, birth, own.pop(birth)) for x, own, birth in zip((one, other), bars, births, strict=True)]
        table.append((dim(births[0]), *named))
    table += [(dim(birth), placed(one, birth, end), None) for birth, end in bars[0].items()]
    table += [(dim(birth), None, placed(other, birth, end)) for birth, end in bars[1].items()]
    return sorted(table, key=lambda row: (row[0], row[1] or (-2, -2), row[2] or (-2, -2)))


def placed(image: Image, birth: Cell, end: Cell) -> Bar:
    """The pixels of two cells."""
    return image.pixel[birth], image.pixel[end]


def cost(rows: list[Row], f: np.ndarray, g: np.ndarray) -> float:
    """The loss of a matching, as its authors write it."""
    total = 0.0
    for _, one, other in rows:
        a, b = (None if bar is None else np.array([x.flat[p] for p in bar]) for x, bar in ((f, one), (g, other)))
        if a is not None and b is not None:
            total += 2 * float(np.square(a - b).sum())
        else:
            alone = a if a is not None else b
            total += float(np.square(alone[0] - alone[1]))
    return total
