"""Textbook persistence of explicit complexes: slow, short, and what every other engine must equal."""

from collections.abc import Sequence

import numpy as np

from topolens.engines.pairs import Complex, Matches, Pairs, canonical, concatenate

Column = dict[int, int]  # rank of a cell -> its coefficient in 1 .. field - 1


def reference_pairs(complexes: Sequence[Complex], max_dim: int, field: int) -> Pairs:
    """Bars of a batch of explicit complexes by column reduction over Z/field, one item per complex.

    Cells of value +inf never enter. Bars whose birth and death have equal values are left out, among them
    all bars within one filtration cell; so are bars of dimension above `max_dim`. Essential bars die at -1.

    Args:
        complexes: One per item, with all cells up to dimension max_dim + 1.
        max_dim: Largest homology dimension.
        field: Prime p of the coefficients Z/p.

    Returns:
        Bars in canonical order, named by the sources of their two cells.

    Cost: cubic in the number of cells.
    Source: "Computing persistent homology", 2005, section 4; cells of one value are ordered by source.
    """
    return canonical(concatenate([_pairs_of(cells, max_dim, field) for cells in complexes]))


def _pairs_of(cells: Complex, max_dim: int, field: int) -> Pairs:
    """Bars of one complex."""
    value = [float(cells.values[source]) for source in cells.source]
    present = [c for c in range(len(value)) if value[c] < np.inf]
    order = sorted(present, key=lambda c: (value[c], cells.source[c], cells.dim[c], c))
    rank_of = {c: rank for rank, c in enumerate(order)}
    columns = [{rank_of[face]: a % field for face, a in cells.boundary[c] if a % field} for c in order]
    death = reduce(columns, field)
    ends = set(death.values())
    bars = []
    for rank, birth in enumerate(order):
        if rank in ends or cells.dim[birth] > max_dim:
            continue
        end = order[death[rank]] if rank in death else None
        if end is None:
            bars.append((cells.dim[birth], cells.source[birth], -1))
        elif value[birth] < value[end]:
            bars.append((cells.dim[birth], cells.source[birth], cells.source[end]))
    table = np.array(bars, dtype=np.int64).reshape(-1, 3)
    return Pairs(table[:, 0], np.zeros(len(table), dtype=np.int64), table[:, 1:])


def reference_image_pairs(inner: Complex, outer: Complex, max_dim: int, field: int) -> Pairs:
    """Bars of the image of H(inner) -> H(outer), two filtrations of one complex with the values of inner on top.

    Births are cells of inner, deaths of outer. Bars that do not live for a moment are left out.

    Args:
        inner: One item, with all cells up to dimension max_dim + 1.
        outer: The same cells in the same places.
        max_dim: Largest homology dimension.
        field: Prime p of the coefficients Z/p.

    Returns:
        Bars in canonical order, named by the sources of their two cells.

    Cost: cubic in the number of cells.
    Source: "Persistent homology for kernels, images, and cokernels", 2009: columns in the order of outer, pivots in
        the order of inner.
    """
    bars = []
    for birth, end in _image_bars(inner, outer, field):
        death = -1 if end is None or outer.values[outer.source[end]] == np.inf else outer.source[end]
        if inner.dim[birth] <= max_dim and inner.values[inner.source[birth]] < np.inf:
            bars.append((inner.dim[birth], inner.source[birth], death))
    table = np.array(bars, dtype=np.int64).reshape(-1, 3)
    return canonical(Pairs(table[:, 0], np.zeros(len(table), dtype=np.int64), table[:, 1:]))


def _image_bars(inner: Complex, outer: Complex, field: int) -> list[tuple[int, int | None]]:
    """Cells that start and end the bars of H(inner) -> H(outer), of all dimensions, empty bars left out."""
    rows, order = _entry(inner), _entry(outer)
    rank_of = {c: rank for rank, c in enumerate(rows)}
    own, across = (
        [{rank_of[face]: a % field for face, a in inner.boundary[c] if a % field} for c in cells]
        for cells in (rows, order)
    )
    ends = set(reduce(own, field).values())
    death = reduce(across, field)
    bars: list[tuple[int, int | None]] = []
    for rank, birth in enumerate(rows):
        if rank in ends:
            continue
        end = order[death[rank]] if rank in death else None
        if end is None or inner.values[inner.source[birth]] < outer.values[outer.source[end]]:
            bars.append((birth, end))
    return bars


def _entry(cells: Complex) -> list[int]:
    """All cells in the order in which they enter."""
    return sorted(
        range(len(cells.source)),
        key=lambda c: (float(cells.values[cells.source[c]]), cells.source[c], cells.dim[c], c),
    )


def reference_matches(first: Complex, second: Complex, outer: Complex, max_dim: int, field: int) -> Matches:
    """Bars of two filtrations of one complex, matched through a third whose sublevel sets contain both of theirs.

    A bar of `first` goes to the bar of its image in the homology of `outer` that starts with the same cell, and this
    one to the bar of outer that ends with the same cell; likewise for `second`. Bars that meet there are matched. At
    most one bar of each may live forever, as is so for images.

    Args:
        first: One item, with all cells up to dimension max_dim + 1.
        second: The same cells in the same places.
        outer: Again, with values that are at most those of both.
        max_dim: Largest homology dimension.
        field: Prime p of the coefficients Z/p.

    Returns:
        All bars of positive length, named by the sources of their cells, in order of dimension and cells.

    Cost: cubic in the number of cells.
    Source: "Induced matchings and the algebraic stability of persistence barcodes", 2015; "Topologically faithful image
        segmentation via induced matching of persistence barcodes", 2023.
    """
    bars = [dict(_image_bars(own, own, field)) for own in (first, second)]
    through = [{end: birth for birth, end in _image_bars(own, outer, field)} for own in (first, second)]
    table = []
    for end in through[0].keys() & through[1].keys():
        births = through[0][end], through[1][end]
        one, other = births
        table.append(_match((first, one, bars[0].pop(one)), (second, other, bars[1].pop(other))))
    table += [_match((first, *bar), None) for bar in bars[0].items()]
    table += [_match(None, (second, *bar)) for bar in bars[1].items()]
    kept = np.array([row for row in sorted(table) if row[0] <= max_dim], dtype=np.int64).reshape(-1, 5)
    return Matches(kept[:, 0], np.zeros(len(kept), dtype=np.int64), kept[:, 1:3], kept[:, 3:])


Bar = tuple[Complex, int, int | None]


def _match(first: Bar | None, second: Bar | None) -> tuple[int, ...]:
    """Dimension, birth and death source of one bar, and those of the other."""
    row: list[int] = []
    for bar in (first, second):
        if bar is None:
            row += [-2, -2]
            continue
        cells, birth, end = bar
        dim = cells.dim[birth]
        row += [cells.source[birth], -1 if end is None else cells.source[end]]
    return (dim, *row)


def reduce(columns: list[Column], field: int) -> dict[int, int]:
    """Rank of each cell that starts a finite bar -> rank of the cell that ends it; `columns` are reduced in place."""
    owner: dict[int, int] = {}
    for rank, column in enumerate(columns):
        while column and (low := max(column)) in owner:
            other = columns[owner[low]]
            factor = -column[low] * pow(other[low], -1, field)
            for row, coefficient in other.items():
                column[row] = (column.get(row, 0) + factor * coefficient) % field
                if not column[row]:
                    del column[row]
        if column:
            owner[max(column)] = rank
    return owner
