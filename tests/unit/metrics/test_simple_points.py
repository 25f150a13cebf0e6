"""Simple points against brute force by Betti numbers."""

import itertools

import numpy as np
import pytest
import torch

from mask_homology import betti
from topolens.metrics import simple_points

PATCHES = np.array(list(itertools.product([False, True], repeat=8)))
PATCHES = np.insert(PATCHES, 4, False, axis=1).reshape(-1, 3, 3)


@pytest.mark.parametrize("connectivity", [8, 4])
@pytest.mark.parametrize("foreground", [False, True])
def test_all_neighbourhoods_of_a_pixel(connectivity: int, foreground: bool) -> None:
    without, around = PATCHES, PATCHES.copy()
    around[:, 1, 1] = True
    given = around if foreground else without
    found = simple_points(torch.from_numpy(given)[:, None], connectivity)[:, 0, 1, 1].numpy()
    expected = [betti(a, connectivity) == betti(b, connectivity) for a, b in zip(without, around, strict=True)]
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.sum() < len(found)


def volumes(count: int) -> np.ndarray:
    """Random 3 x 3 x 3 patches of all densities."""
    rng = np.random.default_rng(0)
    return rng.random((count, 3, 3, 3)) < rng.random((count, 1, 1, 1))


def test_random_neighbourhoods_of_a_voxel() -> None:
    """All of a neighbourhood with its centre is contractible; it must be so without it."""
    patches = volumes(4000)
    patches[:, 1, 1, 1] = False
    found = simple_points(torch.from_numpy(patches)[:, None])[:, 0, 1, 1, 1].numpy()
    np.testing.assert_array_equal(found, [betti(patch, 26) == (1, 0, 0) for patch in patches])
    assert 200 < found.sum() < 3800


def test_background_is_as_simple_as_foreground_with_the_other_connectivity() -> None:
    for mask, pair in ((torch.rand(40, 1, 9, 8) < 0.5, (8, 4)), (torch.rand(20, 1, 5, 6, 7) < 0.5, (26, 6))):
        inside = (slice(None), slice(None), *[slice(1, -1)] * (mask.ndim - 2))
        one, other = simple_points(mask, pair[0]), simple_points(~mask, pair[1])
        assert torch.equal(one[inside], other[inside])
        assert one.any()


def test_a_slice_of_a_volume_is_an_image() -> None:
    """One slice alone, and the same between empty ones, where voxels of the slice are looked at as voxels."""
    mask = torch.rand(30, 1, 9, 8) < 0.5
    for narrow, connectivity in ((4, 6), (8, 26)):
        expected = simple_points(mask, narrow)
        assert torch.equal(simple_points(mask[:, :, None], connectivity)[:, :, 0], expected)
        thick = torch.nn.functional.pad(mask[:, :, None].byte(), (0, 0, 0, 0, 1, 1))
        assert torch.equal(simple_points(thick, connectivity)[:, :, 1], expected)


def test_masks_of_any_type_and_size() -> None:
    mask = torch.tensor([[[[0, 3, 0.5, 0]]]])
    assert simple_points(mask).tolist() == [[[[True, True, True, True]]]]
    assert simple_points(mask, 4).tolist() == simple_points(mask != 0, 4).tolist()
    assert simple_points(torch.zeros(2, 3, 0, 5)).shape == (2, 3, 0, 5)
    assert not simple_points(torch.zeros(2, 1, 4, 5)).any()
    assert simple_points(torch.ones(1, 1, 4, 4)).sum() == 12


def test_refusals() -> None:
    with pytest.raises(TypeError, match="use torch.as_tensor"):
        simple_points(np.zeros((1, 1, 3, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"got \(3, 3\)"):
        simple_points(torch.zeros(3, 3))
    with pytest.raises(ValueError, match="of images must be 8 or 4, got 6"):
        simple_points(torch.zeros(1, 1, 3, 3), 6)
    with pytest.raises(ValueError, match="of volumes must be 26 or 6, got 8"):
        simple_points(torch.zeros(1, 1, 3, 3, 3), 8)
