"""What holds for all masks and logits: topology kept, thin lines, one by one, flips, order of classes."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import euler_number

from topolens import losses
from topolens.losses import soft_skeleton, topological_skeleton
from topolens.losses.thinning import thinned

NAMES = ["dice_loss", "cross_entropy_dice", "soft_cldice", "skeleton_recall", "cbdice"]
SIZES = {2: (11, 16), 3: (6, 7, 9)}


def mask(seed: int, axes: int, blur: float, share: float) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).random(SIZES[axes]), blur)
    return noise > np.quantile(noise, 1 - share)


def betti(x: np.ndarray) -> tuple[int, int, int]:
    """Components of the foreground (8 or 26), of the background (4 or 6), and the Euler characteristic."""
    x = np.pad(x, 1)
    return ndimage.label(x, np.ones((3,) * x.ndim))[1], ndimage.label(~x)[1], int(euler_number(x, x.ndim))


masks = st.builds(
    mask,
    seed=st.integers(0, 10_000),
    axes=st.sampled_from([2, 3]),
    blur=st.sampled_from([0.01, 0.7, 1.5]),
    share=st.floats(0.05, 0.95),
)


@settings(deadline=None, max_examples=60)
@given(masks, st.sampled_from([None, 1, 2]))
def test_thinning_keeps_betti_numbers(x: np.ndarray, iterations: int | None) -> None:
    lines = thinned(torch.as_tensor(x)[None, None], iterations)[0, 0].numpy()
    assert not (lines & ~x).any()
    assert betti(lines) == betti(x)


@settings(deadline=None, max_examples=30)
@given(masks)
def test_lines_are_thin(x: np.ndarray) -> None:
    """No pixel but the end of a line could be taken away: tried one by one, by counting anew."""
    lines = np.pad(thinned(torch.as_tensor(x)[None, None])[0, 0].numpy(), 1)
    whole = betti(lines)
    for place in np.argwhere(lines):
        around = tuple(slice(i - 1, i + 2) for i in place)
        if lines[around].sum() > 2:
            assert not _simple(lines[around]), f"{tuple(place)} of {whole}"


def _simple(patch: np.ndarray) -> bool:
    """By components: one of the foreground around the pixel, one of the background beside it, within 8 or 18."""
    without = patch.copy()
    without[(1,) * patch.ndim] = False
    near = np.indices(patch.shape) - 1
    within = np.abs(near).sum(0) <= 2
    background, _ = ndimage.label(~patch & within)
    beside = {
        int(background[tuple(1 + s * (np.arange(patch.ndim) == a))]) for a, s in product(range(patch.ndim), (-1, 1))
    }
    return ndimage.label(without, np.ones((3,) * patch.ndim))[1] == 1 and len(beside - {0}) == 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.sampled_from([2, 3]))
def test_soft_skeleton_of_flipped_and_turned_maps(seed: int, axes: int) -> None:
    x = torch.rand(2, 2, *SIZES[axes], generator=torch.Generator().manual_seed(seed))
    for axis in range(2, x.ndim):
        assert torch.equal(soft_skeleton(x.flip(axis), 3), soft_skeleton(x, 3).flip(axis))
    assert torch.equal(soft_skeleton(x.transpose(2, 3), 3), soft_skeleton(x, 3).transpose(2, 3))


@settings(deadline=None, max_examples=20)
@given(masks)
def test_mirrored_masks_have_topological_skeletons_of_the_same_topology(x: np.ndarray) -> None:
    """Not the same pixels: parities come in an order."""
    mirrored = thinned(torch.as_tensor(x.copy())[None, None].flip(3))[0, 0].numpy()
    assert betti(mirrored) == betti(x)


def test_skeletons_of_a_batch_are_those_of_its_items() -> None:
    x = torch.rand(3, 2, 13, 9)
    for skeleton in (lambda m: soft_skeleton(m), lambda m: topological_skeleton(m, noise=0)):
        assert torch.equal(skeleton(x), torch.cat([skeleton(item[None]) for item in x]))
        assert torch.equal(skeleton(x), torch.cat([skeleton(x[:, :1]), skeleton(x[:, 1:])], 1))


def blobs(seed: int, channels: int, axes: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(rng.standard_normal((3, max(2, channels), *SIZES[axes])), [0, 0] + [1.2] * axes)
    target = torch.as_tensor(fields.argmax(1))
    logits = torch.as_tensor(8 * fields + rng.standard_normal(fields.shape))[:, -channels:]
    return logits, target


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1000), channels=st.sampled_from([1, 2, 3]), axes=st.sampled_from([2, 3]))
def test_batch_is_one_by_one(name: str, seed: int, channels: int, axes: int) -> None:
    logits, target = blobs(seed, channels, axes)
    loss = getattr(losses, name)
    together = loss(logits, target, reduction="none")
    alone = torch.cat([loss(x[None], y[None], reduction="none") for x, y in zip(logits, target, strict=True)])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(loss(logits, target, reduction="sum"), together.sum())
    torch.testing.assert_close(loss(logits, target), together.mean())


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1000), axes=st.sampled_from([2, 3]))
def test_flips_and_the_order_of_classes_change_nothing(name: str, seed: int, axes: int) -> None:
    logits, target = blobs(seed, 3, axes)
    loss = getattr(losses, name)
    value = loss(logits, target, reduction="none")
    for axis in range(2, logits.ndim):
        flipped = loss(logits.flip(axis), target.flip(axis - 1), reduction="none")
        torch.testing.assert_close(flipped, value, rtol=1e-12, atol=1e-12)
    swapped = loss(logits[:, [0, 2, 1]], torch.tensor([0, 2, 1])[target], reduction="none")
    torch.testing.assert_close(swapped.flip(1), value, rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=20)
@given(masks)
def test_background_around_a_mask_changes_no_topological_skeleton(x: np.ndarray) -> None:
    """By an even width: an odd one moves the parities, and lines with them."""
    wide = torch.nn.functional.pad(torch.as_tensor(x)[None, None], [2, 4] * x.ndim)
    inside = (..., *[slice(2, -4)] * x.ndim)
    assert torch.equal(thinned(wide)[inside], thinned(torch.as_tensor(x)[None, None]))
    odd = torch.nn.functional.pad(torch.as_tensor(x)[None, None], [1, 0] * x.ndim)
    assert betti(thinned(odd)[0, 0].numpy()) == betti(x)


@pytest.mark.parametrize("name", ["dice_loss", "soft_cldice", "skeleton_recall", "cbdice"])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), axes=st.sampled_from([2, 3]))
def test_background_around_background_changes_nothing(name: str, seed: int, axes: int) -> None:
    logits, target = blobs(seed, 1, axes)
    frame = torch.nn.functional.pad(torch.ones([n - 2 for n in target.shape[1:]]), [1, 1] * axes).bool()
    target, logits = torch.where(frame, target, 0), torch.where(frame, logits, -60.0)
    wider = torch.nn.functional.pad(logits, [2, 1] * axes, value=-60.0), torch.nn.functional.pad(target, [2, 1] * axes)
    loss = getattr(losses, name)
    torch.testing.assert_close(loss(*wider), loss(logits, target), rtol=1e-9, atol=1e-9)
