"""Warping on masks small enough to see."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from topolens.engines.masks import homotopy_warp
from topolens.losses import WarpingLoss, critical_pixels, warping
from topolens.metrics import simple_points


def image(*rows: str) -> Tensor:
    """Masks from rows of # and ., shape (1, 1, h, w)."""
    return torch.tensor([[float(c == "#") for c in row] for row in rows])[None, None]


RING = image(".....", ".###.", ".#.#.", ".###.", ".....")
BROKEN = image(".....", ".###.", ".#...", ".###.", ".....")
WIDER = image("#####", "#####", "##.##", "#####", "#####")


def solid(*slices: tuple[slice, ...]) -> Tensor:
    """Boxes in a volume of 7 x 7 x 7."""
    mask = torch.zeros(1, 1, 7, 7, 7)
    for where in slices:
        mask[(..., *where)] = 1
    return mask


def test_critical_pixels_by_eye() -> None:
    assert not critical_pixels(RING, RING).any()
    assert not critical_pixels(WIDER, RING).any()
    assert critical_pixels(BROKEN, RING).nonzero().tolist() == [[0, 0, 2, 3]]
    assert critical_pixels(RING, BROKEN).nonzero().tolist() == [[0, 0, 2, 3]]
    assert int(critical_pixels(0 * RING, RING).sum()) == int(RING.sum())
    bar, gap = image("########"), image("###...##")
    assert torch.equal(critical_pixels(gap, bar), gap != bar)
    thick, open_ = image(*["########"] * 3), image(*["###...##"] * 3)
    assert 3 <= int(critical_pixels(open_, thick).sum()) < 9


def test_volumes() -> None:
    ball = solid((slice(1, 6), slice(1, 6), slice(1, 6)))
    hollow, pierced = ball.clone(), ball.clone()
    hollow[0, 0, 3, 3, 3] = 0
    pierced[0, 0, :, 3, 3] = 0
    dented = ball.clone()
    dented[0, 0, 1:4, 3, 3] = 0
    for connectivity in (26, 6):
        assert critical_pixels(hollow, ball, connectivity).nonzero().tolist() == [[0, 0, 3, 3, 3]]
        assert not critical_pixels(dented, ball, connectivity).any()
        tunnel = critical_pixels(pierced, ball, connectivity)
        assert 1 <= int(tunnel.sum()) <= 5
        assert (tunnel <= (pierced != ball)).all()


def test_a_mask_beside_its_target_is_no_fault() -> None:
    above, below = image("#....#", "######", "#....#", "#....#"), image("#....#", "#....#", "######", "#....#")
    assert not critical_pixels(above, below).any()


def test_nearest_points_are_flipped_first() -> None:
    """A plain loop that picks the first simple point by distance and place says which ones are left."""
    rng = np.random.default_rng(0)
    for shape, connectivity in (((9, 8), 8), ((9, 8), 4), ((4, 5, 6), 26), ((4, 5, 6), 6)):
        for _ in range(6):
            start, goal = (ndimage.gaussian_filter(rng.normal(size=shape), 0.7) > 0 for _ in range(2))
            found = homotopy_warp(*(torch.from_numpy(x)[None] for x in (start, goal)), connectivity in (8, 26))[0]
            np.testing.assert_array_equal(found.numpy(), warped(start, goal, connectivity))


def warped(start: np.ndarray, goal: np.ndarray, connectivity: int) -> np.ndarray:
    inside = ndimage.distance_transform_edt(np.pad(start, 1))[(slice(1, -1),) * start.ndim]
    outside = ndimage.distance_transform_edt(~start) if start.any() else np.zeros(start.shape)
    mask, moved = start.copy(), True
    while moved:
        moved = False
        for adds in (True, False):
            while True:
                simple = simple_points(torch.from_numpy(mask)[None, None], connectivity)[0, 0].numpy()
                due = np.argwhere((mask != goal) & simple & (goal == adds))
                if not len(due):
                    break
                squared = np.rint(np.where(adds, outside, inside) ** 2)
                mask[tuple(min(due.tolist(), key=lambda place: (squared[tuple(place)], place)))] = adds
                moved = True
    return mask


def test_mean_and_sum() -> None:
    broken, ring = (torch.nn.functional.pad(x, (1, 1, 1, 1)) for x in (BROKEN, RING))
    p = torch.where(broken > 0, 0.9, torch.where(ring > 0, 0.25, 0.1))
    p[..., 0, 0] = 0.6
    expected = -math.log(0.25), -math.log(0.4)
    assert float(warping(p, ring, activation=None, aggregate="sum")) == pytest.approx(sum(expected), rel=1e-5)
    assert float(warping(p, ring, activation=None)) == pytest.approx(sum(expected) / 2, rel=1e-5)


@pytest.mark.parametrize("shape", [(9, 7), (5, 6, 4)])
def test_classes_and_reductions(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    logits, classes = torch.randn(3, 4, *shape), torch.randint(4, (3, 1, *shape))
    each = warping(logits, classes, reduction="none")
    assert each.shape == (3, 3)
    assert (each > 0).all()
    assert warping(logits, classes, reduction="none", include_background=True).shape == (3, 4)
    torch.testing.assert_close(warping(logits, classes), each.mean())
    torch.testing.assert_close(warping(logits, classes, reduction="sum"), each.sum())
    for b in range(3):
        torch.testing.assert_close(warping(logits[b : b + 1], classes[b : b + 1], reduction="none"), each[b : b + 1])
    perfect = torch.nn.functional.one_hot(classes[:, 0], 4).movedim(-1, 1) * 5.0
    assert not warping(perfect, classes, reduction="none", include_background=True).any()


def test_the_module_is_the_function() -> None:
    logits, classes = torch.randn(2, 3, 8, 9), torch.randint(3, (2, 8, 9))
    settings = {"connectivity": 4, "aggregate": "sum", "include_background": True, "activation": "one_vs_max"}
    loss = WarpingLoss(**settings)
    torch.testing.assert_close(loss(logits, classes), warping(logits, classes, **settings))
    assert "connectivity=4, aggregate='sum'" in repr(loss)


@pytest.mark.parametrize(
    "shape", [(0, 1, 4, 4), (2, 1, 0, 4), (2, 3, 1, 9), (2, 1, 9, 1), (1, 2, 1, 1), (1, 1, 1, 3, 1)]
)
def test_empty_full_and_thin_images_have_finite_gradients(shape: tuple[int, ...]) -> None:
    for fill, truth in ((-40.0, 0), (40.0, 0), (0.0, 1), (40.0, 1)):
        logits = torch.full(shape, fill).requires_grad_()
        value = warping(logits, torch.full((shape[0], 1, *shape[2:]), truth))
        value.backward()
        assert value.isfinite()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()


def test_nothing_given_is_changed() -> None:
    logits, target = 6 * BROKEN - 3, RING.clone()
    warping(logits, target)
    critical_pixels(logits, target)
    assert torch.equal(logits, 6 * BROKEN - 3)
    assert torch.equal(target, RING)


def test_half_precision_and_autocast_give_single_precision() -> None:
    logits = (6 * BROKEN - 3).bfloat16()
    assert warping(logits, RING).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert warping(logits, RING).dtype == torch.float32
    assert warping(logits.double(), RING).dtype == torch.float64


def test_refusals() -> None:
    with pytest.raises(TypeError, match="target must be a torch.Tensor, got list"):
        critical_pixels(RING, [])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="contain.* NaN"):
        warping(RING * torch.nan, RING)
    with pytest.raises(ValueError, match="target must have shape"):
        warping(6 * RING - 3, RING[..., 1:])
    with pytest.raises(ValueError, match="one shape"):
        critical_pixels(RING, RING[..., 1:])
    with pytest.raises(ValueError, match=r"got \(5, 5\)"):
        critical_pixels(RING[0, 0], RING[0, 0])
    with pytest.raises(ValueError, match="connectivity of images must be 8 or 4, got 6"):
        warping(6 * RING - 3, RING, connectivity=6)
    for make in (lambda **k: warping(6 * RING - 3, RING, **k), WarpingLoss):
        with pytest.raises(ValueError, match="aggregate must be"):
            make(aggregate="max")
        with pytest.raises(ValueError, match="reduction must be"):
            make(reduction="all")
