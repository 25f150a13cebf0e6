"""Dice and clDice against MONAI >= 1.6, thinning against scikit-image."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.morphology import skeletonize

from topolens.losses import dice_loss, skeleton_tube, soft_cldice, soft_skeleton
from topolens.losses.thinning import thinned

SHAPES = [(2, 1, 17, 23), (3, 3, 16, 9), (2, 2, 7, 9, 8)]


def pair(shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(len(shape))
    logits = 3 * torch.randn(shape, generator=generator)
    classes = torch.randint(max(2, shape[1]), (shape[0], *shape[2:]), generator=generator)
    hot = torch.nn.functional.one_hot(classes, max(2, shape[1])).movedim(-1, 1)
    return logits, hot[:, -shape[1] :].float()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("background", [True, False])
def test_monai_cldice(shape: tuple[int, ...], background: bool) -> None:
    monai = pytest.importorskip("monai.losses", minversion=None)
    logits, target = pair(shape)
    act = {"softmax": True} if shape[1] > 1 else {"sigmoid": True}
    include = background or shape[1] == 1
    for reduction in ("mean", "sum", "none"):
        theirs = monai.SoftclDiceLoss(iter_=3, include_background=include, reduction=reduction, **act)
        ours_in, theirs_in = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        ours = soft_cldice(
            ours_in,
            target,
            include_background=include,
            reduction=reduction,
            iterations=3,
            mean_smooth=1e-4,
            per="item",
        )
        value = theirs(theirs_in, target)
        torch.testing.assert_close(ours.squeeze(), value.squeeze())
        ours.sum().backward()
        value.sum().backward()
        torch.testing.assert_close(ours_in.grad, theirs_in.grad)


@pytest.mark.parametrize("shape", SHAPES)
def test_monai_dice_and_skeleton(shape: tuple[int, ...]) -> None:
    monai = pytest.importorskip("monai.losses")
    from monai.losses.cldice import soft_skel

    logits, target = pair(shape)
    act = {"softmax": True} if shape[1] > 1 else {"sigmoid": True}
    for whole in (False, True):
        theirs = monai.DiceLoss(include_background=shape[1] == 1, batch=whole, **act)(logits, target)
        torch.testing.assert_close(dice_loss(logits, target, whole_batch=whole), theirs)
    for iterations in (0, 1, 4):
        assert torch.equal(soft_skeleton(logits.sigmoid(), iterations), soft_skel(logits.sigmoid(), iterations))
        assert torch.equal(soft_skeleton(target, iterations), soft_skel(target, iterations))


@pytest.mark.parametrize(("shape", "times"), [((60, 71), 1.3), ((17, 18, 19), 3)])
def test_thinning_reaches_where_that_of_scikit_image_does(shape: tuple[int, ...], times: float) -> None:
    """With more branches to corners, in volumes above all; as in the published algorithm, ends of lines stay."""
    for seed in range(4):
        field = ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), 3)
        mask = field > np.median(field)
        ours = thinned(torch.as_tensor(mask)[None, None])[0, 0].numpy()
        theirs = skeletonize(mask)
        depth = ndimage.distance_transform_edt(mask)
        assert ours.sum() < times * theirs.sum()
        assert ndimage.distance_transform_edt(~ours)[theirs].max() <= 5
        assert depth[ours].mean() > 0.7 * depth[theirs].mean()


def test_tube_is_that_of_scikit_image_and_two_dilations() -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(0).random((40, 50)), 3)
    labels = np.digitize(field, np.quantile(field, [0.5, 0.75]))
    lines = skeletonize(labels > 0)
    wide = ndimage.binary_dilation(ndimage.binary_dilation(lines))
    assert np.array_equal(skeleton_tube(labels), wide * labels)
