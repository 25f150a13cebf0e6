"""Topograph and warping find no fault exactly where prediction and target are homotopy equivalent."""

import itertools

import numpy as np
import pytest
import torch

from mask_homology import betti, defect
from topolens.losses import critical_pixels, topograph_regions

MASKS = np.array(list(itertools.product([False, True], repeat=9))).reshape(-1, 3, 3)
CODES = MASKS.reshape(-1, 9) @ (1 << np.arange(9)[::-1])


def equivalences(connectivity: int) -> np.ndarray:
    """Which of the inclusions among the 512 masks are homotopy equivalences."""
    table = np.zeros((512, 512), bool)
    for a, b in itertools.product(range(512), repeat=2):
        if a & b == a:
            table[a, b] = a == b or defect(MASKS[a], MASKS[b], connectivity) == 0
    return table


@pytest.mark.parametrize("connectivity", [8, 4])
def test_all_pairs_of_three_by_three_masks(connectivity: int) -> None:
    first, second = (x.reshape(-1) for x in np.meshgrid(CODES, CODES, indexing="ij"))
    p, y = (torch.from_numpy(MASKS[x])[:, None] for x in (first, second))
    table = equivalences(connectivity)
    union = first | second
    equivalent = table[first, union] & table[second, union]
    faultless = (topograph_regions(p, y, connectivity) == 0).flatten(1).all(1).numpy()
    np.testing.assert_array_equal(faultless, equivalent)
    warped = ~critical_pixels(p, y, connectivity).flatten(1).any(1).numpy()
    assert warped[equivalent].all()
    numbers = np.array([betti(mask, connectivity) for mask in MASKS])
    assert (numbers[first[warped]] == numbers[second[warped]]).all()
