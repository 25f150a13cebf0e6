"""The order and the packing of integer bars."""

import numpy as np

from topolens.engines import Pairs, canonical, concatenate


def pairs(*rows: tuple[int, int, int, int]) -> Pairs:
    """Bars from rows (batch, dim, birth, death)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Pairs(table[:, 1], table[:, 0], table[:, 2:])


def test_canonical_order_is_batch_dim_birth_death() -> None:
    mixed = pairs((1, 0, 0, 5), (0, 1, 3, 4), (0, 0, 2, 9), (0, 0, 2, -1), (0, 0, 1, 7))
    found = canonical(mixed)
    assert found.batch.tolist() == [0, 0, 0, 0, 1]
    assert found.dim.tolist() == [0, 0, 0, 1, 0]
    assert found.cells.tolist() == [[1, 7], [2, -1], [2, 9], [3, 4], [0, 5]]


def test_concatenate_numbers_the_parts() -> None:
    found = concatenate([pairs((0, 0, 1, 2)), pairs(), pairs((0, 1, 3, -1), (0, 1, 4, 5))])
    assert found.batch.tolist() == [0, 2, 2]
    assert found.cells.tolist() == [[1, 2], [3, -1], [4, 5]]


def test_concatenate_nothing() -> None:
    found = concatenate([])
    assert found.dim.shape == found.batch.shape == (0,)
    assert found.cells.shape == (0, 2)
    assert found.dim.dtype == found.batch.dtype == found.cells.dtype == np.int64
