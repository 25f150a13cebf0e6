"""What goes into the reference engine and what every engine returns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Pairs(NamedTuple):
    """Bars as integers, rows ordered by (batch, dim, birth cell, death cell)."""

    dim: np.ndarray  # (bars,) int64
    batch: np.ndarray  # (bars,) int64
    cells: np.ndarray  # (bars, 2) int64; a death of -1 means never


class Matches(NamedTuple):
    """Bars of two filtrations as integers: matched bars share a row, others stand alone.

    Rows are ordered by (batch, dim, cells). Where a bar has no partner, birth and death of the partner are -2.
    """

    dim: np.ndarray  # (rows,) int64
    batch: np.ndarray  # (rows,) int64
    first: np.ndarray  # (rows, 2) int64: birth and death cell in the first filtration; a death of -1 means never
    second: np.ndarray  # (rows, 2) int64: the same in the second


class Complex(NamedTuple):
    """An explicit complex. Cell j of it enters with the filtration cell `source[j]`.

    The total order of the filtration is (value of the source, source, dim, position in this list).
    """

    dim: Sequence[int]
    source: Sequence[int]
    boundary: Sequence[Sequence[tuple[int, int]]]  # per cell: (face's position, coefficient)
    values: np.ndarray  # filtration values, indexed by source


def canonical(pairs: Pairs) -> Pairs:
    """The same bars in the order (batch, dim, birth cell, death cell)."""
    order = np.lexsort((pairs.cells[:, 1], pairs.cells[:, 0], pairs.dim, pairs.batch))
    return Pairs(pairs.dim[order], pairs.batch[order], pairs.cells[order])


def concatenate(parts: Sequence[Pairs]) -> Pairs:
    """Bars of several items as one batch, part i becoming item i."""
    return Pairs(
        np.concatenate([p.dim for p in parts]) if parts else np.zeros(0, np.int64),
        np.concatenate([np.full(len(p.dim), i, np.int64) for i, p in enumerate(parts)])
        if parts
        else np.zeros(0, np.int64),
        np.concatenate([p.cells for p in parts]) if parts else np.zeros((0, 2), np.int64),
    )
