"""Where patches lie."""

import torch

from topolens.losses.patch_cuts import cuts


def test_patches_side_by_side_cover_the_map() -> None:
    x = torch.arange(2 * 3 * 5 * 8.0).view(2, 3, 5, 8)
    (whole,) = cuts([x], None)
    assert torch.equal(whole[:, :, 0], x)
    (found,) = cuts([x], (2, 4))
    assert found.shape == (2, 3, 3 * 2, 2, 4)
    assert torch.equal(found[:, :, 5], x[:, :, 3:, 4:])  # the last row of patches is moved back by one
    assert set(found.flatten().tolist()) == set(x.flatten().tolist())
    assert cuts([x], (9, 8))[0].shape == (2, 3, 1, 5, 8)


def test_several_maps_are_cut_at_the_same_places() -> None:
    x = torch.rand(1, 1, 9, 9, 9)
    first, second = cuts([x, -x], 4, crops=5, generator=torch.Generator().manual_seed(1))
    assert first.shape == (1, 1, 5, 4, 4, 4)
    assert torch.equal(first, -second)
    assert len({float(patch.sum()) for patch in first[0, 0]}) > 1
