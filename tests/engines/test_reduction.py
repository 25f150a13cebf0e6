"""The compiled reduction of explicit complexes = the textbook."""

import numpy as np
import pytest
import torch

from topolens.engines.compiled import partners
from topolens.engines.reference import reduce
from topolens.filtrations import cubical, rips


@pytest.mark.parametrize("field", [2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_partners_of_random_complexes(field: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    if seed % 2:
        cells = rips(torch.rand(1, 9, 3, generator=generator).mul(4).round(), max_scale=3.0).explicit(0, 2)
    else:
        cells = cubical(torch.randint(4, (1, 4, 5), generator=generator).float()).explicit(0, 1)
    order = sorted(
        range(len(cells.dim)), key=lambda c: (cells.values[cells.source[c]], cells.source[c], cells.dim[c], c)
    )
    rank = {c: r for r, c in enumerate(order)}
    columns = [sorted((rank[face], sign) for face, sign in cells.boundary[c]) for c in order]
    offsets = np.cumsum([0, *map(len, columns)])
    rows, signs = (np.array([entry[k] for column in columns for entry in column], dtype=np.int64) for k in (0, 1))
    found = partners(offsets, rows, signs, np.array([cells.dim[c] for c in order]), field)
    expected = np.full(len(order), -1)
    for birth, death in reduce([{r: s % field for r, s in column} for column in columns], field).items():
        expected[birth], expected[death] = death, birth
    assert np.array_equal(found, expected)
