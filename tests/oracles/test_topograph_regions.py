"""Regions and their neighbours, put together from scipy's labels: an independent way to the same numbers."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mask_homology import components, dual
from topolens.engines.masks import wrong_regions

CORNERS = (((0, 0), (1, 1)), ((0, 1), (1, 0)))


def square(image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """That corner of all 2 x 2 squares."""
    y, x = place
    return image[y : image.shape[0] - 1 + y, x : image.shape[1] - 1 + x]


def merged(wrong: np.ndarray, base: np.ndarray, apart: np.ndarray, wide: bool) -> np.ndarray:
    """Labels of wrong pixels: edges join them, and corners unless the other two pixels part them."""
    labels, count = components(wrong, 4)
    ends = []
    for one, other in CORNERS:
        sides = [(one[0], other[1]), (other[0], one[1])]
        parts = base if wide else apart
        parted = square(parts, sides[0]) & square(parts, sides[1])
        met = square(wrong, one) & square(wrong, other) & ~parted
        ends.append(np.stack([square(labels, one)[met], square(labels, other)[met]]))
    i, j = np.concatenate(ends, axis=1)
    _, root = connected_components(coo_array((np.ones(len(i)), (i, j)), (count + 1, count + 1)), directed=False)
    return np.where(wrong, root[labels] + 1, 0)


def touched(regions: np.ndarray, others: np.ndarray, connectivity: int) -> dict[int, set[int]]:
    """Labels of others next to each region."""
    found: dict[int, set[int]] = {int(r): set() for r in np.unique(regions[regions > 0])}
    shifts = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    shifts += [(1, 1), (1, -1), (-1, 1), (-1, -1)] if connectivity == 8 else []
    for shift in shifts:
        moved = np.roll(others, shift, (0, 1))
        for r, other in np.unique(np.stack([regions, moved])[:, (regions > 0) & (moved > 0)], axis=1).T:
            found[int(r)].add(int(other))
    return found


def reference(prediction: np.ndarray, target: np.ndarray, connectivity: int) -> np.ndarray:
    """Numbers of critical and, below 0, of regular regions."""
    p, y = np.pad(prediction, 1), np.pad(target, 1)
    outside, wide = dual(connectivity), connectivity == 8
    ground = components(~p & ~y, outside)[0]
    regions, verdicts = np.zeros(p.shape, int), {}
    for wrong, base in ((p & ~y, y), (y & ~p, p)):
        labels = merged(wrong, base, ~p & ~y, wide)
        labels[labels > 0] += regions.max()
        regions += labels
        beside, clusters = (
            touched(labels, ground, outside),
            touched(labels, components(base, connectivity)[0], connectivity),
        )
        verdicts |= {r: len(beside[r]) == 1 and len(clusters[r]) == 1 for r in beside}
    regions = regions[1:-1, 1:-1]
    numbers, counts = np.zeros(regions.shape, int), {True: 0, False: 0}
    for r in dict.fromkeys(regions[regions > 0].tolist()):
        counts[verdicts[r]] += 1
        numbers[regions == r] = -counts[True] if verdicts[r] else counts[False]
    return numbers


@pytest.mark.parametrize("connectivity", [8, 4])
@pytest.mark.parametrize("shape", [(23, 31), (1, 40), (40, 1), (64, 64)])
def test_the_kernel_finds_the_regions_of_the_reference(shape: tuple[int, int], connectivity: int) -> None:
    rng = np.random.default_rng(0)
    for sigma in (0, 0.6, 1.5):
        masks = [ndimage.gaussian_filter(rng.normal(size=(4, *shape)), (0, sigma, sigma)) > 0 for _ in range(2)]
        found = wrong_regions(*(torch.from_numpy(x) for x in masks), connectivity == 8).numpy()
        for item in range(4):
            np.testing.assert_array_equal(found[item], reference(masks[0][item], masks[1][item], connectivity))
