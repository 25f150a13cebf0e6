"""Topograph on images small enough to see."""

import math

import pytest
import torch
from torch import Tensor

from topolens.losses import TopographLoss, topograph, topograph_regions


def image(*rows: str) -> Tensor:
    """Masks from rows of # and ., shape (1, 1, h, w)."""
    return torch.tensor([[float(c == "#") for c in row] for row in rows])[None, None]


RING = image(".....", ".###.", ".#.#.", ".###.", ".....")
BROKEN = image(".....", ".###.", ".#...", ".###.", ".....")
FILLED = image(".....", ".###.", ".###.", ".###.", ".....")
WIDER = image("#####", "#####", "##.##", "#####", "#####")
TWO = image("##.##", "##.##")
BRIDGED = image("##.##", "#####")


@pytest.mark.parametrize(
    ("prediction", "target", "critical"),
    [
        (RING, RING, 0),
        (BROKEN, RING, 1),
        (RING, BROKEN, 1),
        (FILLED, RING, 1),
        (RING, FILLED, 1),
        (WIDER, RING, 0),
        (RING, WIDER, 0),
        (BRIDGED, TWO, 1),
        (TWO, BRIDGED, 1),
        (TWO, 0 * TWO, 2),
        (0 * TWO, TWO, 2),
        (0 * TWO + 1, 0 * TWO, 1),
        (image("##...", "##..."), image("#####", "#####"), 0),
    ],
)
def test_critical_regions_by_eye(prediction: Tensor, target: Tensor, critical: int) -> None:
    numbers = topograph_regions(prediction, target)
    assert int(numbers.max()) == critical
    assert ((numbers > 0) <= (prediction != target)).all()
    value = topograph(6 * prediction - 3, target)
    torch.testing.assert_close(value, critical * torch.tensor(3.0).sigmoid())


def test_a_corner_is_a_bridge_where_the_foreground_is_wide() -> None:
    one, both = image("#...", "...."), image("#...", ".#..")
    apart = image("#...", "...#")
    for prediction, connectivity, critical in ((both, 8, 0), (both, 4, 1), (apart, 8, 1), (apart, 4, 1)):
        assert int(topograph_regions(prediction, one, connectivity).max()) == critical


def test_a_mask_beside_its_target_is_no_fault() -> None:
    """As in the paper, where the line at which the two touch counts as common; the pixel-wise DIU is 2 here."""
    above, below = image("#....#", "######", "#....#", "#....#"), image("#....#", "#....#", "######", "#....#")
    assert int(topograph_regions(above, below).max()) == 0


def test_a_fault_that_intersection_and_union_do_not_show() -> None:
    """Two pieces against one: the intersection still has one piece, and so has the union, so that the DIU is 0."""
    prediction, target = image("#.#"), image("##.")
    assert topograph_regions(prediction, target).tolist() == [[[[0, 1, 0]]]]


def test_aggregates() -> None:
    p, y = torch.tensor([[[[0.9, 0.2, 0.4, 0.9, 0.1, 0.7]]]]), torch.tensor([[[[1.0, 1, 1, 1, 0, 0]]]])
    expected = {
        "mean": 0.7 + 0.7,
        "sum": 0.8 + 0.6 + 0.7,
        "max": 0.8 + 0.7,
        "min": 0.6 + 0.7,
        "rms": math.sqrt((0.64 + 0.36) / 2) + 0.7,
        "ce": -(math.log(0.2) + math.log(0.4)) / 2 - math.log(0.3),
    }
    for aggregate, value in expected.items():
        found = topograph(p, y, activation=None, aggregate=aggregate)  # type: ignore[arg-type]
        torch.testing.assert_close(found, torch.tensor(value))


def test_classes_and_reductions() -> None:
    torch.manual_seed(0)
    logits, classes = torch.randn(3, 4, 9, 7), torch.randint(4, (3, 1, 9, 7))
    each = topograph(logits, classes, reduction="none")
    assert each.shape == (3, 3)
    assert (each > 0).all()
    assert topograph(logits, classes, reduction="none", include_background=True).shape == (3, 4)
    torch.testing.assert_close(topograph(logits, classes), each.mean())
    torch.testing.assert_close(topograph(logits, classes, reduction="sum"), each.sum())
    for b in range(3):
        torch.testing.assert_close(topograph(logits[b : b + 1], classes[b : b + 1], reduction="none"), each[b : b + 1])
    masks = torch.nn.functional.one_hot(logits.argmax(1), 4).movedim(-1, 1)
    truth = torch.nn.functional.one_hot(classes[:, 0], 4).movedim(-1, 1)
    numbers, p = topograph_regions(masks, truth)[1, 2], logits.softmax(1)[1, 2]
    wrong = torch.where(masks[1, 2] > 0, p, 1 - p)
    by_hand = sum(float(wrong[numbers == k].mean()) for k in range(1, int(numbers.max()) + 1))
    assert float(each[1, 1]) == pytest.approx(by_hand, rel=1e-5)


def test_noise_brings_up_what_is_nearly_wrong() -> None:
    p = torch.where(BROKEN > 0, 0.95, torch.where(RING > 0, 0.55, 0.05))
    assert float(topograph(p, RING, activation=None)) == 0
    values = [
        float(topograph(p, RING, activation=None, noise=0.2, generator=torch.Generator().manual_seed(seed)))
        for seed in range(40)
    ]
    assert {round(value, 5) for value in values} == {0.0, 0.45}
    again = topograph(p, RING, activation=None, noise=0.2, generator=torch.Generator().manual_seed(3))
    assert float(again) == values[3]
    loss = TopographLoss(activation=None, noise=0.2).eval()
    assert {float(loss(p, RING)) for _ in range(20)} == {0.0}


def test_the_module_is_the_function() -> None:
    logits, classes = torch.randn(2, 3, 8, 9), torch.randint(3, (2, 8, 9))
    loss = TopographLoss(connectivity=4, aggregate="max", include_background=True, reduction="sum")
    expected = topograph(logits, classes, connectivity=4, aggregate="max", include_background=True, reduction="sum")
    torch.testing.assert_close(loss(logits, classes), expected)
    assert "connectivity=4, aggregate='max'" in repr(loss)


@pytest.mark.parametrize("shape", [(0, 1, 4, 4), (2, 1, 0, 4), (2, 3, 1, 9), (2, 1, 9, 1), (1, 2, 1, 1)])
@pytest.mark.parametrize("aggregate", ["mean", "max", "rms", "ce"])
def test_empty_full_and_thin_images_have_finite_gradients(shape: tuple[int, ...], aggregate: str) -> None:
    for fill, truth in ((-40.0, 0), (40.0, 0), (0.0, 1), (40.0, 1), (-torch.inf, 1)):
        logits = torch.full(shape, fill).requires_grad_()
        if shape[1] > 1 and fill == -torch.inf:
            continue
        target = torch.full((shape[0], 1, *shape[2:]), truth)
        value = topograph(logits, target, aggregate=aggregate)  # type: ignore[arg-type]
        value.backward()
        assert value.isfinite()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()


def test_nothing_given_is_changed() -> None:
    logits, target = 6 * BROKEN - 3, RING.clone()
    topograph(logits, target)
    topograph_regions(logits, target)
    assert torch.equal(logits, 6 * BROKEN - 3)
    assert torch.equal(target, RING)


def test_half_precision_and_autocast_give_single_precision() -> None:
    logits = (6 * BROKEN - 3).bfloat16()
    assert topograph(logits, RING).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert topograph(logits, RING).dtype == torch.float32
    assert topograph(logits.double(), RING).dtype == torch.float64


def test_refusals() -> None:
    with pytest.raises(TypeError, match="target must be a torch.Tensor, got list"):
        topograph_regions(RING, [])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="in volumes use warping"):
        topograph(torch.zeros(1, 1, 3, 3, 3), torch.zeros(1, 1, 3, 3, 3))
    with pytest.raises(ValueError, match="in volumes use warping"):
        topograph_regions(torch.zeros(1, 1, 3, 3, 3), torch.zeros(1, 1, 3, 3, 3))
    with pytest.raises(ValueError, match="contain.* NaN"):
        topograph(RING * torch.nan, RING)
    with pytest.raises(ValueError, match="target must have shape"):
        topograph(6 * RING - 3, RING[..., 1:])
    with pytest.raises(ValueError, match="one shape"):
        topograph_regions(RING, RING[..., 1:])
    for make in (lambda **k: topograph(6 * RING - 3, RING, **k), TopographLoss):
        with pytest.raises(ValueError, match="connectivity of images must be 8 or 4, got 6"):
            make(connectivity=6)
        with pytest.raises(ValueError, match="aggregate must be one of"):
            make(aggregate="median")
        with pytest.raises(ValueError, match="noise must lie"):
            make(noise=-1)
        with pytest.raises(ValueError, match="reduction must be"):
            make(reduction="all")
