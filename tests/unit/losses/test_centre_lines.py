"""clDice, Skeleton Recall, cbDice, Dice and cross-entropy: formulas by hand, repaired rings, odd inputs, refusals."""

import copy
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.utils.data import DataLoader

from topolens import losses
from topolens.losses import (
    SkeletonTube,
    cbdice,
    cross_entropy_dice,
    dice_loss,
    skeleton_recall,
    skeleton_tube,
    soft_cldice,
    soft_skeleton,
)

NAMES = ["dice_loss", "cross_entropy_dice", "soft_cldice", "skeleton_recall", "cbdice"]
MODULES = {
    "dice_loss": losses.DiceLoss,
    "cross_entropy_dice": losses.CrossEntropyDiceLoss,
    "soft_cldice": losses.SoftClDiceLoss,
    "skeleton_recall": losses.SkeletonRecallLoss,
    "cbdice": losses.CbDiceLoss,
}
SHAPES = [(2, 1, 9, 12), (2, 3, 9, 12), (1, 2, 6, 7, 8), (1, 1, 1, 7), (1, 2, 6, 1), (1, 1, 1, 1), (1, 2, 1, 4, 5)]
every = pytest.mark.parametrize("name", NAMES)


def function(name: str) -> Callable[..., torch.Tensor]:
    return getattr(losses, name)


def ring(size: int = 15, width: float = 2.2) -> torch.Tensor:
    y, x = torch.meshgrid(*[torch.arange(size) - size // 2] * 2, indexing="ij")
    return ((x.float().hypot(y.float()) - size / 3).abs() < width / 2).long()[None]


def test_dice_by_hand() -> None:
    p = torch.tensor([[[[0.5, 1.0, 0.0, 0.25]], [[0.5, 0.0, 1.0, 0.75]]]])
    target = torch.tensor([[[1, 0, 0, 1]]])
    value = dice_loss(p, target, activation=None, smooth=1.0, reduction="none")
    assert value.shape == (1, 1)
    assert float(value) == pytest.approx(1 - (2 * 1.25 + 1) / (2.25 + 2 + 1))
    both = dice_loss(p, target, activation=None, smooth=1.0, include_background=True, reduction="none")
    assert both[0].tolist() == pytest.approx([1 - (2 * 1 + 1) / (1.75 + 2 + 1), float(value)])
    twice = dice_loss(torch.cat([p, p.flip(3)]), target.expand(2, 1, 4), activation=None, whole_batch=True, smooth=1.0)
    assert float(twice) == pytest.approx(1 - (2 * (1.25 + 1.25) + 1) / (2 * 2.25 + 4 + 1))


def test_cross_entropy_and_dice_are_those_of_torch() -> None:
    logits, target = torch.randn(2, 3, 5, 6, dtype=torch.float64), torch.randint(3, (2, 5, 6))
    entropy = torch.nn.functional.cross_entropy(logits, target)
    assert torch.allclose(cross_entropy_dice(logits, target, dice_weight=0), entropy)
    both = cross_entropy_dice(logits, target, cross_entropy_weight=0.5, dice_weight=2)
    torch.testing.assert_close(both, 0.5 * entropy + 2 * dice_loss(logits, target))
    torch.testing.assert_close(
        cross_entropy_dice(logits.softmax(1), target, activation=None, dice_weight=0), entropy, atol=1e-6, rtol=0
    )
    one, mask = logits[:, :1], (target > 1)[:, None].double()
    binary = torch.nn.functional.binary_cross_entropy_with_logits(one, mask)
    assert torch.allclose(cross_entropy_dice(one, mask, dice_weight=0), binary)
    assert torch.allclose(cross_entropy_dice(one.sigmoid(), mask, activation=None, dice_weight=0), binary)
    maps = torch.nn.functional.one_hot(target, 3).movedim(-1, 1)
    apart = cross_entropy_dice(logits, target, activation="sigmoid", dice_weight=0, reduction="none")
    per = torch.nn.functional.binary_cross_entropy_with_logits(logits, maps.double(), reduction="none").mean((2, 3))
    torch.testing.assert_close(apart, per[:, 1:])


def test_cldice_by_hand() -> None:
    p, y = torch.rand(1, 2, 6, 7), (torch.rand(1, 2, 6, 7) > 0.4).float()
    line_p, line_y = soft_skeleton(p, 2), soft_skeleton(y, 2)
    settings = {"activation": None, "include_background": True, "iterations": 2, "reduction": "none", "smooth": 0.5}
    for channel in range(2):
        a, b, s, t = p[0, channel], y[0, channel], line_p[0, channel], line_y[0, channel]
        precision, recall = ((s * b).sum() + 0.5) / (s.sum() + 0.5), ((t * a).sum() + 0.5) / (t.sum() + 0.5)
        value = soft_cldice(p, y, **settings)[0, channel]
        torch.testing.assert_close(value, 1 - 2 * precision * recall / (precision + recall))
    precision = ((line_p * y).sum() + 0.5) / (line_p.sum() + 0.5)
    recall = ((line_y * p).sum() + 0.5) / (line_y.sum() + 0.5)
    whole = 1 - 2 * precision * recall / (precision + recall + 0.1)
    for per in ("item", "batch"):
        value = soft_cldice(p, y, **settings, per=per, mean_smooth=0.1)
        assert value.shape == (1, 1)
        torch.testing.assert_close(value[0, 0], whole)


def test_cldice_takes_as_many_iterations_as_the_target_is_thick() -> None:
    y = torch.zeros(1, 1, 17, 20)
    y[..., 3:14, :] = 1  # radius 6
    p = torch.rand(1, 1, 17, 20)
    assert torch.equal(soft_cldice(p, y, activation=None), soft_cldice(p, y, activation=None, iterations=6))
    assert not torch.equal(soft_cldice(p, y, activation=None), soft_cldice(p, y, activation=None, iterations=2))


def test_cldice_sees_a_gap_that_dice_hardly_sees() -> None:
    target = torch.zeros(1, 1, 9, 40)
    target[..., 3:6, :] = 1
    thinner, broken = target.clone(), target.clone()
    thinner[..., 5, :], broken[..., 18:23] = 0, 0
    for skeleton in ("soft", "topological"):
        of_thinner, of_broken = (
            soft_cldice(x, target, activation=None, skeleton=skeleton, noise=0) for x in (thinner, broken)
        )
        assert of_thinner < of_broken
    assert dice_loss(thinner, target, activation=None) > dice_loss(broken, target, activation=None)


def test_tube_by_hand() -> None:
    bar = np.zeros((7, 11), np.uint8)
    bar[1:6], bar[1:6, 6:] = 3, 5
    tube = skeleton_tube(bar, dilations=1)
    assert tube.dtype == np.uint8
    assert tube[:, 4].tolist() == [0, 0, 3, 3, 3, 0, 0]
    assert tube[:, 7].tolist() == [0, 0, 5, 5, 5, 0, 0]
    assert skeleton_tube(bar, dilations=0)[3, 3:8].all(), "the line runs on from class to class"
    assert np.array_equal(skeleton_tube(bar, dilations=20), bar)
    assert bar[1, 1] == 3


def test_tube_of_tensors_stacks_and_volumes() -> None:
    stack = torch.randint(3, (4, 10, 12))
    apart = torch.stack([skeleton_tube(x) for x in stack])
    assert torch.equal(skeleton_tube(stack, axes=2), apart)
    assert torch.equal(skeleton_tube(stack[:, None], axes=2)[:, 0], apart)
    volume = torch.zeros(7, 7, 12, dtype=torch.bool)
    volume[1:6, 1:6] = True
    tube = skeleton_tube(volume, dilations=1)
    assert tube.dtype == torch.bool
    assert tube[3, 3, 3:9].all()
    assert not tube[1, 1].any()
    plate = torch.zeros(1, 9, 9)
    plate[:, 3:6] = 1
    assert torch.equal(skeleton_tube(plate)[0], skeleton_tube(plate[0]))
    for shape in ((1, 5), (5, 1), (1, 1, 5), (0, 4), (3, 0, 4)):
        assert torch.equal(skeleton_tube(torch.ones(shape)), torch.ones(shape))
    assert int(skeleton_tube(torch.zeros(5, 5)).sum()) == 0


class Masks(torch.utils.data.Dataset):
    """Three masks and their tubes."""

    transform = SkeletonTube(dilations=1)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, item: int) -> torch.Tensor:
        return self.transform(ring(13)[item - item])


def test_tube_is_a_transform_for_workers() -> None:
    assert pickle.loads(pickle.dumps(SkeletonTube(3, axes=2))) == SkeletonTube(3, axes=2)
    batch = next(iter(DataLoader(Masks(), batch_size=3, num_workers=1)))
    assert torch.equal(batch, skeleton_tube(ring(13), 1, axes=2).expand(3, 13, 13))


def test_skeleton_recall_by_hand() -> None:
    p = torch.tensor([[[[0.5, 1.0, 0.0, 0.25]], [[0.5, 0.0, 0.0, 0.75]], [[0.0, 0.0, 1.0, 0.0]]]])
    tube = torch.tensor([[[1, 0, 0, 1]]])
    value = skeleton_recall(p, tube, activation=None, smooth=1.0, reduction="none")
    assert value[0].tolist() == pytest.approx([1 - 2.25 / 3, 0])
    target = torch.cat([ring(), ring(15, 4)])
    logits = torch.randn(2, 1, 15, 15)
    ways = (
        skeleton_recall(logits, target, from_target=True, dilations=1),
        skeleton_recall(logits, target[:, None], from_target=True, dilations=1),
        skeleton_recall(logits, skeleton_tube(target, 1, axes=2)),
    )
    assert ways[0] == ways[1] == ways[2]
    with pytest.raises(ValueError, match="class 0 of class numbers has no skeleton"):
        skeleton_recall(torch.randn(2, 3, 15, 15), target, include_background=True)
    maps = torch.stack([target, target], 1).squeeze(2)
    assert skeleton_recall(torch.randn(2, 2, 15, 15), maps, include_background=True, reduction="none").shape == (2, 2)


def cbdice_by_hand(p: np.ndarray, y: np.ndarray, weighting: str, iterations: int | None) -> float:
    """The published formulas, on one map, with a skeleton given by `soft_skeleton`."""

    def maps(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        line = soft_skeleton(torch.as_tensor(mask, dtype=torch.float64)[None, None], iterations)[0, 0].numpy()
        depth = ndimage.distance_transform_edt(mask)
        radius = depth * line
        most = max(1, radius.max())
        normal = radius / most
        square = 2 if mask.ndim == 3 else 1
        weight = np.zeros(mask.shape)
        on = line > 0
        if weighting == "linear":
            weight[on] = ((most - radius[on] + 1) / most) ** square
        else:
            weight[on] = (1 + 1e-7) / (normal[on] ** square + 1e-7)
        return np.minimum(depth, most) / most, normal, weight

    def combined(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        return np.where(b != 0, b * c, np.where(a != 0, a * c, 0))

    smooth = 0.7
    depth_p, normal_p, weight_p = (m * p for m in maps(p > 0.5))
    depth_y, normal_y, weight_y = maps(y > 0.5)
    first = ((weight_p * depth_y).sum() + smooth) / (combined(normal_p, normal_y, weight_p).sum() + smooth)
    second = ((weight_y * depth_p).sum() + smooth) / (combined(normal_y, normal_p, weight_y).sum() + smooth)
    return 1 - 2 * first * second / (first + second)


@pytest.mark.parametrize("weighting", ["inverse", "linear"])
@pytest.mark.parametrize("shape", [(12, 15), (7, 8, 9)])
@pytest.mark.parametrize("iterations", [None, 0])
def test_cbdice_by_the_published_formulas(weighting: str, shape: tuple[int, ...], iterations: int | None) -> None:
    rng = np.random.default_rng(1)
    y = ndimage.gaussian_filter(rng.random(shape), 1.5)
    p = ndimage.gaussian_filter(rng.random(shape), 1.5)
    y, p = (y > np.median(y)).astype(float), (0.5 + 6 * (0.7 * p + 0.3 * y - np.median(y))).clip(0.01, 0.99)
    maps = torch.as_tensor(p)[None, None], torch.as_tensor(y)[None, None]
    value = cbdice(*maps, activation=None, weighting=weighting, iterations=iterations, smooth=0.7)
    assert float(value) == pytest.approx(cbdice_by_hand(p, y, weighting, iterations), rel=1e-9)


@pytest.mark.parametrize("name", ["soft", "topological", "recall"])
def test_ten_steps_of_descent_mend_a_broken_ring(name: str) -> None:
    target = ring(21, 3.5)
    logits = (target[:, None] * 8.0 - 4.0).clone()
    logits[..., :12, 9:12] = -1.0  # the gap, and a little doubt around it
    recall = losses.SkeletonRecallLoss(from_target=True)
    loss = recall if name == "recall" else losses.SoftClDiceLoss(skeleton=name, noise=0)
    assert ndimage.label((logits <= 0)[0, 0].numpy())[1] == 1
    x = logits.requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.3)
    values = []
    for _ in range(10):
        optimizer.zero_grad()
        value = loss(x, target)
        value.backward()
        optimizer.step()
        values.append(float(value.detach()))
    assert values[-1] < values[0] / 3
    assert ndimage.label((x.detach() <= 0)[0, 0].numpy())[1] == 2, "inside and outside are apart again"


@every
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_and_finite_gradients(name: str, shape: tuple[int, ...]) -> None:
    logits = torch.randn(shape, requires_grad=True)
    target = torch.randint(max(2, shape[1]), (shape[0], *shape[2:]))
    values = function(name)(logits, target, reduction="none")
    assert values.shape == (shape[0], max(1, shape[1] - 1))
    values.sum().backward()
    assert torch.isfinite(values).all()
    assert torch.isfinite(logits.grad).all()
    assert function(name)(logits, target).ndim == 0


@every
def test_no_items_no_pixels(name: str) -> None:
    for shape in ((0, 1, 4, 4), (1, 1, 0, 4)):
        logits = torch.zeros(shape, requires_grad=True)
        assert torch.isfinite(function(name)(logits, torch.zeros(shape), smooth=1.0)) or name == "cross_entropy_dice"


@pytest.mark.parametrize("name", ["soft_cldice", "skeleton_recall", "cbdice"])
@pytest.mark.parametrize("channels", [1, 3])
def test_empty_full_and_constant_patches_are_finite_and_still(name: str, channels: int) -> None:
    for level in (-30.0, -0.75, 2.0, 30.0):
        for fill in (0, 1):
            logits = torch.full((2, channels, 8, 9), level)
            logits[:, 0] = 0.25 if channels > 1 else level
            logits.requires_grad_()
            target = torch.full((2, 8, 9), fill)
            value = function(name)(logits, skeleton_tube(target * 0, axes=2) if name == "skeleton_recall" else target)
            value.backward()
            assert torch.isfinite(value)
            assert float(logits.grad.abs().max()) < 1e-12  # a softmax is not quite constant at the end of a row


@every
def test_perfect_predictions_are_at_the_bottom(name: str) -> None:
    target = torch.cat([ring(), ring(15, 4)])
    logits = torch.stack([-40.0 * (target - 0.5), 40.0 * (target - 0.5)], 1)
    value = function(name)(logits, target)
    assert abs(float(value)) < 1e-3
    assert float(value) < float(function(name)(-logits, target)) - 0.3


@every
def test_modules_say_what_functions_say(name: str) -> None:
    logits, target = torch.randn(2, 3, 8, 9), torch.randint(3, (2, 8, 9))
    module = MODULES[name](reduction="none")
    assert torch.equal(module(logits, target), function(name)(logits, target, reduction="none"))
    assert "reduction='none'" in repr(module)
    assert not list(module.parameters())
    assert torch.equal(copy.deepcopy(module)(logits, target), module(logits, target))


def test_the_module_is_without_noise_in_evaluation() -> None:
    logits, target = torch.randn(2, 1, 8, 9), torch.randint(2, (2, 8, 9))
    loss = losses.SoftClDiceLoss(skeleton="topological", noise=3.0).eval()
    assert loss(logits, target) == loss(logits, target) == soft_cldice(logits, target, skeleton="topological", noise=0)
    assert "noise=3" in repr(loss)
    loss.train()
    assert len({float(loss(logits, target)) for _ in range(5)}) > 1


@every
def test_half_precision_and_autocast(name: str) -> None:
    logits, target = torch.randn(2, 2, 8, 9), torch.randint(2, (2, 8, 9))
    logits = logits.bfloat16().requires_grad_()
    plain = function(name)(logits.float(), target)
    with torch.autocast("cpu", torch.bfloat16):
        value = function(name)(logits, target)
    value.backward()
    assert value.dtype == torch.float32
    assert torch.equal(value, plain)
    assert logits.grad.dtype == torch.bfloat16
    assert torch.isfinite(logits.grad).all()


@every
def test_nothing_is_changed_in_place(name: str) -> None:
    logits, target = torch.randn(2, 2, 8, 9), torch.randint(2, (2, 8, 9))
    copies = logits.clone(), target.clone()
    function(name)(logits, target)
    assert torch.equal(logits, copies[0])
    assert torch.equal(target, copies[1])


@every
def test_refused(name: str) -> None:
    loss = function(name)
    good, target = torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.int64)
    with pytest.raises(ValueError, match="logits contains NaN"):
        loss(torch.full_like(good, math.nan), target)
    with pytest.raises(ValueError, match="target must have shape"):
        loss(good, torch.zeros(1, 3, 4))
    with pytest.raises(ValueError, match="logits must have shape"):
        loss(good[0, 0], target)
    with pytest.raises(ValueError, match="reduction must be"):
        loss(good, target, reduction="all")
    with pytest.raises(ValueError, match="reduction must be"):
        MODULES[name](reduction="all")
    with pytest.raises(ValueError, match="smooth must be above 0"):
        loss(good, target, smooth=0)
    with pytest.raises(TypeError, match="logits must be a torch.Tensor"):
        loss([[0.0]], target)


def test_refused_settings() -> None:
    good, target = torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4)
    with pytest.raises(ValueError, match="skeleton must be 'soft' or 'topological', got 'hard'"):
        soft_cldice(good, target, skeleton="hard")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="per must be 'class', 'item' or 'batch'"):
        soft_cldice(good, target, per="pixel")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weighting must be 'inverse' or 'linear'"):
        cbdice(good, target, weighting="square")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="skeleton must be"):
        cbdice(good, target, skeleton="hard")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 or 3 axes of space, got axes=4"):
        skeleton_tube(torch.zeros(1, 1, 4, 4))
    with pytest.raises(ValueError, match="dilations must be an integer of at least 0"):
        skeleton_tube(torch.zeros(4, 4), -1)
    with pytest.raises(TypeError, match="array or a tensor, got list"):
        skeleton_tube([[0]])  # type: ignore[type-var]
