"""Topograph and warping find no fault exactly where prediction and target are homotopy equivalent."""

import itertools

import numpy as np
import pytest
import torch
from scipy import ndimage

from mask_homology import betti, defect
from topolens.engines.masks import homotopy_warp, wrong_regions
from topolens.losses import critical_pixels, topograph_regions
from topolens.metrics import simple_points

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


def pairs(count: int, shape: tuple[int, ...], seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Smooth masks and what noise makes of them."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.normal(size=(count, 1, *shape)), (0, 0, *[1.2] * len(shape)))
    field = smooth / smooth.std()
    return torch.from_numpy(field + rng.normal(0, 0.4, field.shape) > 0), torch.from_numpy(field > 0)


@pytest.mark.parametrize("connectivity", [8, 4])
def test_a_region_is_regular_if_the_other_mask_takes_it_without_a_change(connectivity: int) -> None:
    for p, y in (pairs(60, (9, 13)), (torch.rand(60, 1, 7, 5) < 0.6, torch.rand(60, 1, 7, 5) < 0.6)):
        numbers = wrong_regions(p[:, 0], y[:, 0], connectivity == 8).numpy()
        assert (numbers < 0).any()
        assert (numbers > 0).any()
        np.testing.assert_array_equal(numbers != 0, (p != y)[:, 0].numpy())
        for item, (one, other) in enumerate(zip(p[:, 0].numpy(), y[:, 0].numpy(), strict=True)):
            for number in np.unique(numbers[item][numbers[item] != 0]):
                region = numbers[item] == number
                base = other if one[region].all() else one
                assert (defect(base, base | region, connectivity) == 0) == (number < 0)


@pytest.mark.parametrize(
    ("shape", "connectivity"), [((13, 9), 8), ((13, 9), 4), ((6, 7, 8), 26), ((6, 7, 8), 6), ((1, 13, 9), 26)]
)
def test_warped_masks_keep_their_betti_numbers(shape: tuple[int, ...], connectivity: int) -> None:
    p, y = (x[:, 0] for x in pairs(25, shape))
    joined = {26: 8, 6: 4}[connectivity] if shape[0] == 1 else connectivity
    for start, goal in ((p, y), (y, p)):
        warped = homotopy_warp(start, goal, connectivity in (8, 26))
        wrong = warped != goal
        assert wrong.sum() < (start != goal).sum() / 2
        assert not (wrong & (start == goal)).any()
        assert not (wrong & simple_points(warped[:, None], connectivity)[:, 0]).any()
        for one, other in zip(start.numpy(), warped.numpy(), strict=True):
            one, other = (x[0] if shape[0] == 1 else x for x in (one, other))
            assert betti(one, joined) == betti(other, joined)


def test_masks_without_critical_regions_have_no_critical_pixels() -> None:
    p, y = pairs(4000, (6, 6), seed=1)
    for connectivity in (8, 4):
        faultless = (topograph_regions(p, y, connectivity) == 0).flatten(1).all(1)
        regular = faultless & (p != y).flatten(1).any(1)
        warped = ~critical_pixels(p, y, connectivity).flatten(1).any(1)
        assert regular.sum() > 100
        assert warped[regular].all()
        astray = (warped & ~faultless).nonzero()[:, 0]  # through the intersection instead of the union
        assert len(astray) < 0.1 * warped.sum()
        same = [betti(p[k, 0].numpy(), connectivity) == betti(y[k, 0].numpy(), connectivity) for k in astray]
        assert all(same)


@pytest.mark.parametrize("shape", [(40, 31), (9, 12, 11)])
def test_a_batch_is_its_items_on_any_number_of_threads(shape: tuple[int, ...]) -> None:
    p, y = (x.reshape(3, 2, *shape) for x in pairs(6, shape))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        together = critical_pixels(p, y)
        regions = topograph_regions(p, y) if len(shape) == 2 else None
    finally:
        torch.set_num_threads(before)
    for b, c in itertools.product(range(3), range(2)):
        one = (slice(b, b + 1), slice(c, c + 1))
        assert torch.equal(critical_pixels(p[one], y[one]), together[one])
        if regions is not None:
            assert torch.equal(topograph_regions(p[one], y[one]), regions[one])


@pytest.mark.parametrize("connectivity", [8, 4])
def test_critical_regions_turn_with_the_images(connectivity: int) -> None:
    p, y = pairs(20, (17, 11))
    found = topograph_regions(p, y, connectivity) > 0
    for turn in (lambda x: x.flip(2), lambda x: x.flip(3), lambda x: x.rot90(1, (2, 3)), lambda x: x.mT):
        assert torch.equal(topograph_regions(turn(p), turn(y), connectivity) > 0, turn(found))
    assert torch.equal(topograph_regions(y, p, connectivity) > 0, found)
    assert found.any()
