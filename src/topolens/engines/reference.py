"""Textbook persistence of explicit complexes: slow, short, and what every other engine must equal."""

from collections.abc import Sequence

import numpy as np

from topolens.engines.pairs import Complex, Pairs, canonical, concatenate

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
    first, second = ([float(cells.values[s]) for s in cells.source] for cells in (inner, outer))
    rows, order = (
        sorted(range(len(x)), key=lambda c, x=x, cells=cells: (x[c], cells.source[c], cells.dim[c], c))  # type: ignore[misc]
        for x, cells in ((first, inner), (second, outer))
    )
    rank_of = {c: rank for rank, c in enumerate(rows)}
    own, across = (
        [{rank_of[face]: a % field for face, a in inner.boundary[c] if a % field} for c in cells]
        for cells in (rows, order)
    )
    ends = set(reduce(own, field).values())
    death = reduce(across, field)
    bars = []
    for rank, birth in enumerate(rows):
        if rank in ends or inner.dim[birth] > max_dim or first[birth] == np.inf:
            continue
        end = order[death[rank]] if rank in death else None
        if end is None or second[end] == np.inf:
            bars.append((inner.dim[birth], inner.source[birth], -1))
        elif first[birth] < second[end]:
            bars.append((inner.dim[birth], inner.source[birth], outer.source[end]))
    table = np.array(bars, dtype=np.int64).reshape(-1, 3)
    return canonical(Pairs(table[:, 0], np.zeros(len(table), dtype=np.int64), table[:, 1:]))


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
