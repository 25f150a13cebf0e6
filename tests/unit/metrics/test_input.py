"""What metrics take for masks, and what they refuse."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from topolens import metrics as m

CONNECTED = [m.betti_number_error, m.betti_matching_error, m.diu, m.variation_of_information, m.adapted_rand_error]
OTHERS = [m.dice, m.cldice, m.hausdorff95, m.average_surface_distance]
PAIRED: list[Callable[..., Tensor]] = [
    *((lambda p, y, f=f, **k: f(p, y, connectivity=8, **k)) for f in CONNECTED),
    *OTHERS,
]
NAMES = [f.__name__ for f in [*CONNECTED, *OTHERS]]
TYPES = [torch.uint8, torch.int64, torch.float32, torch.float64, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
def test_types_say_the_same(metric: Callable[..., Tensor]) -> None:
    one, other = torch.rand(2, 3, 8, 9, generator=torch.Generator().manual_seed(0)) > 0.4
    expected = metric(one, other)
    assert len(expected) == 3
    for dtype in TYPES:
        assert torch.equal(metric(one.to(dtype), other), expected)
    assert torch.equal(metric(one.float().requires_grad_(), other), expected)
    turned = metric(one.mT.contiguous().mT, other.mT.contiguous().mT)
    assert torch.equal(turned, expected)


@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
def test_classes_as_numbers_and_as_channels(metric: Callable[..., Tensor]) -> None:
    one, other = torch.randint(4, (2, 2, 7, 8), generator=torch.Generator().manual_seed(1))
    channels = [torch.stack([x == 1, x == 3], 1) for x in (one, other)]
    expected = metric(*channels)
    assert expected.shape[:2] == (2, 2)
    assert torch.equal(metric(one, other, classes=(1, 3)), expected)
    assert torch.equal(metric(one[:, None].float(), other[:, None], classes=[1, 3]), expected)
    for c in (0, 1):
        assert torch.equal(metric(channels[0][:, c], channels[1][:, c]), expected[:, c])
    assert metric(one, other, classes=()).shape[:2] == (2, 0)


@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
@pytest.mark.parametrize("shape", [(0, 4, 5), (2, 0, 5), (2, 3, 0, 4), (0, 2, 3, 3), (1, 1, 1), (1, 1, 7), (1, 7, 1)])
def test_nothing_and_hardly_anything(metric: Callable[..., Tensor], shape: tuple[int, ...]) -> None:
    none, all_ = torch.zeros(shape, dtype=torch.bool), torch.ones(shape, dtype=torch.bool)
    lead = shape[:-2]
    for one, other in ((none, none), (all_, all_), (none, all_)):
        assert metric(one, other).shape[: len(lead)] == lead
    assert not metric(all_, all_).isnan().any()


def test_shapes_of_single_masks() -> None:
    for shape in [(0, 4, 5), (2, 0, 5), (2, 3, 0, 4), (0, 2, 3, 3)]:
        empty = torch.zeros(shape)
        assert m.betti_numbers(empty, connectivity=4).shape == (*shape[:-2], 2)
        assert m.euler_characteristic(empty, connectivity=4).tolist() == torch.zeros(shape[:-2]).tolist()
    for shape in [(2, 0, 3, 4), (0, 3, 3, 3), (1, 2, 3, 0, 1)]:
        empty = torch.zeros(shape)
        assert m.betti_numbers(empty, connectivity=6).tolist() == torch.zeros(*shape[:-3], 3).tolist()
        assert m.diu(empty, empty, connectivity=26).tolist() == torch.zeros(*shape[:-3], 3).tolist()
        assert m.betti_matching_error(empty, empty, connectivity=26).tolist() == torch.zeros(*shape[:-3], 3).tolist()


@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
def test_nothing_is_changed_in_place(metric: Callable[..., Tensor]) -> None:
    one, other = torch.rand(2, 2, 6, 6).gt(0.5).float()
    before = one.clone(), other.clone()
    metric(one, other)
    assert torch.equal(one, before[0])
    assert torch.equal(other, before[1])


ZEROS = torch.zeros(2, 4, 5)


@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
@pytest.mark.parametrize(
    ("prediction", "target", "error", "message"),
    [
        (ZEROS.numpy(), ZEROS, TypeError, "prediction must be a torch.Tensor, got ndarray; use torch.as_tensor"),
        (ZEROS, [0], TypeError, "target must be a torch.Tensor, got list"),
        (ZEROS + 0.3, ZEROS, ValueError, "prediction must hold nothing but 0 and 1; set a threshold"),
        (ZEROS, ZEROS + float("nan"), ValueError, "target must hold nothing but 0 and 1; set a threshold"),
        (ZEROS, ZEROS.int() + 255, ValueError, "target must hold nothing but 0 and 1"),
        (ZEROS - 1, ZEROS, ValueError, "prediction must hold nothing but 0 and 1"),
        (ZEROS, ZEROS[:, None], ValueError, r"must have the same shape, got \(2, 4, 5\) and \(2, 1, 4, 5\)"),
        (ZEROS, ZEROS.mT, ValueError, r"must have the same shape, got \(2, 4, 5\) and \(2, 5, 4\)"),
        (ZEROS[0], ZEROS, ValueError, r"prediction must have shape \(batch, h, w\) or \(batch, classes, h, w\), got"),
    ],
)
def test_refused(metric: Callable, prediction: object, target: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        metric(prediction, target)


@pytest.mark.parametrize("metric", [m.betti_numbers, m.euler_characteristic])
def test_refused_masks(metric: Callable[..., Tensor]) -> None:
    with pytest.raises(ValueError, match="connectivity must be 4 or 8"):
        metric(ZEROS, connectivity=1)
    with pytest.raises(ValueError, match=r"mask must have shape \(batch, d, h, w\) or \(batch, classes, d, h, w\)"):
        metric(ZEROS, connectivity=26)
    with pytest.raises(TypeError, match="connectivity"):
        metric(ZEROS)
    with pytest.raises(ValueError, match="mask must hold nothing but 0 and 1"):
        metric(ZEROS + 2, connectivity=4)
    with pytest.raises(ValueError, match="must have one channel of class numbers where classes are named, got 2"):
        metric(ZEROS[None], connectivity=8, classes=[1])


def test_refused_settings() -> None:
    with pytest.raises(ValueError, match=r"patch must be a positive integer or 2 of them, got 0"):
        m.betti_number_error(ZEROS, ZEROS, connectivity=4, patch=0)
    with pytest.raises(ValueError, match=r"patch must be a positive integer or 2 of them, got \(3, 3, 3\)"):
        m.betti_number_error(ZEROS, ZEROS, connectivity=4, patch=(3, 3, 3))
    with pytest.raises(ValueError, match="ties must be 'canonical' or 'index', got 'any'"):
        m.betti_matching_error(ZEROS, ZEROS, connectivity=4, ties="any")
    for spacing in (0.0, -1, (1, 2, 3), (1.0, float("inf")), float("nan")):
        with pytest.raises(ValueError, match="spacing must be a positive number or 2 of them"):
            m.hausdorff95(ZEROS, ZEROS, spacing=spacing)
    with pytest.raises(ValueError, match="axes must be 2"):
        m.dice(ZEROS, ZEROS, axes=1)
    with pytest.raises(ValueError, match="hold whole class numbers where classes are named; use .argmax"):
        m.dice(ZEROS + 0.5, ZEROS, classes=[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("metric", PAIRED, ids=NAMES)
def test_gpu_equals_cpu(metric: Callable[..., Tensor]) -> None:
    one, other = torch.rand(2, 3, 8, 9) > 0.4
    there = metric(one.cuda(), other.cuda())
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), metric(one, other))
    with pytest.raises(ValueError, match="prediction and target must be on one device"):
        metric(one.cuda(), other)
