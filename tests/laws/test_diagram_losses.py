"""Laws of losses on the bars of probability maps: batches, flips, types, inputs that break careless code."""

import functools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from topolens.losses import betti_prior, topological_wasserstein, total_persistence
from topolens.losses.class_bars import check_levels, class_bars, leading, mask_counts

LOSSES: dict[str, Callable[..., Tensor]] = {
    "persistence": topological_wasserstein,
    "wasserstein": functools.partial(topological_wasserstein, assignment="wasserstein"),
    "patches": functools.partial(topological_wasserstein, patch=4),
    "corners": functools.partial(topological_wasserstein, construction="T", threshold=0.03),
    "frame": functools.partial(topological_wasserstein, frame=1.0),
    "prior": lambda logits, target, **settings: betti_prior(logits, (1, 1), **settings),
    "prior 1": lambda logits, target, **settings: betti_prior(logits, (2, 0), power=1, **settings),
    "total": lambda logits, target, **settings: total_persistence(logits, ranks=(1, None), **settings),
}
each_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
SIZES = [(6, 9), (1, 7), (7, 1), (1, 1), (3, 4, 5), (1, 1, 6)]


def sample(size: tuple[int, ...], channels: int = 3, batch: int = 3) -> tuple[Tensor, Tensor]:
    """Logits and class numbers."""
    generator = torch.Generator().manual_seed(sum(size))
    logits = torch.randn(batch, channels, *size, generator=generator, dtype=torch.float64)
    return logits, torch.randint(max(2, channels), (batch, *size), generator=generator)


@each_loss
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_is_one_by_one(loss: Callable[..., Tensor], size: tuple[int, ...], channels: int) -> None:
    logits, target = sample(size, channels)
    together = loss(logits, target, reduction="none")
    assert together.shape == (3, max(1, channels - 1))
    alone = [loss(logits[i : i + 1], target[i : i + 1], reduction="none") for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=1e-14)


@each_loss
def test_gradients_of_a_batch_are_those_of_one_by_one(loss: Callable[..., Tensor]) -> None:
    logits, target = sample((6, 9))
    x = logits.clone().requires_grad_()
    (together,) = torch.autograd.grad(loss(x, target, reduction="sum"), x)
    alone = [torch.autograd.grad(loss(x[i : i + 1], target[i : i + 1], reduction="sum"), x)[0][i] for i in range(3)]
    torch.testing.assert_close(together, torch.stack(alone))
    assert bool((together != 0).flatten(1).any(1).all())


@each_loss
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_flips_and_turns_change_nothing(loss: Callable[..., Tensor], size: tuple[int, ...]) -> None:
    logits, target = sample(size)
    if loss is LOSSES["patches"]:
        logits, target = logits[..., : size[-1] // 4 * 4], target[..., : size[-1] // 4 * 4]
        size = tuple(logits.shape[2:])
        if any(side % 4 and side > 4 for side in size) or not all(size):
            pytest.skip("patches overlap where they do not fit, on one side")
    once = loss(logits, target)
    for axis in range(1, len(size) + 1):
        torch.testing.assert_close(loss(logits.flip(-axis), target.flip(-axis)), once)
    torch.testing.assert_close(loss(logits.transpose(-1, -2), target.transpose(-1, -2)), once)


@each_loss
@pytest.mark.parametrize("steps", [1, 4, 20])
def test_flips_change_nothing_where_many_bars_are_equal(loss: Callable[..., Tensor], steps: int) -> None:
    maps = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0)).mul(steps).round() / steps
    mask = torch.rand(20, 8, 8, generator=torch.Generator().manual_seed(1)) < 0.3
    once = loss(maps, mask, activation=None, reduction="none")
    for axis in (-1, -2):
        torch.testing.assert_close(loss(maps.flip(axis), mask.flip(axis), activation=None, reduction="none"), once)


@each_loss
def test_types_and_autocast(loss: Callable[..., Tensor]) -> None:
    logits, target = sample((6, 9))
    exact = loss(logits, target)
    assert exact.dtype == torch.float64
    single = loss(logits.float(), target)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single, exact.float(), rtol=1e-4, atol=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(logits.float(), target), single)
    assert loss(logits.half(), target).dtype == torch.float32


@each_loss
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("level", [-1e4, -20.0, 0.0, 20.0, 1e4])
def test_constant_maps_have_a_value_and_no_gradient(
    loss: Callable[..., Tensor], size: tuple[int, ...], level: float
) -> None:
    logits = torch.full((2, 1, *size), level, requires_grad=True)
    for target in (torch.zeros(2, *size), torch.ones(2, *size), sample(size, 1, 2)[1]):
        value = loss(logits, target)
        assert bool(torch.isfinite(value))
        (gradient,) = torch.autograd.grad(value, logits)
        assert not bool(gradient.any())


@each_loss
def test_empty_and_full_masks(loss: Callable[..., Tensor]) -> None:
    logits = sample((6, 9), 1)[0].requires_grad_()
    for target in (torch.zeros(3, 6, 9), torch.ones(3, 6, 9)):
        value = loss(logits, target)
        assert bool(torch.isfinite(value) & (value > 0))
        assert bool(torch.isfinite(torch.autograd.grad(value, logits)[0]).all())


@each_loss
def test_nothing_to_see(loss: Callable[..., Tensor]) -> None:
    for shape in ((0, 3, 4, 5), (2, 3, 0, 5), (2, 3, 4, 0), (0, 3, 0, 0), (2, 3, 0, 4, 5)):
        logits = torch.zeros(shape, requires_grad=True)
        target = torch.zeros(shape[0], *shape[2:], dtype=torch.int64)
        value = loss(logits, target)
        assert value == 0
        value.backward()
        assert loss(logits, target, reduction="none").shape == (shape[0], 2)


@each_loss
def test_nothing_handed_in_is_changed(loss: Callable[..., Tensor]) -> None:
    logits, target = sample((6, 9))
    before = logits.clone(), target.clone()
    loss(logits.requires_grad_(), target).backward()
    assert torch.equal(logits, before[0])
    assert torch.equal(target, before[1])


@each_loss
def test_nan_is_refused(loss: Callable[..., Tensor]) -> None:
    logits, target = sample((6, 9))
    logits[0, 1, 2, 3] = torch.nan
    with pytest.raises(ValueError, match="logits contains NaN"):
        loss(logits, target)
    with pytest.raises(ValueError, match="logits must have shape"):
        loss(logits[0], target)
    with pytest.raises(TypeError, match="logits must be a floating-point tensor"):
        loss(torch.zeros(1, 3, 4, 4, dtype=torch.int64), target)


@each_loss
def test_ties_and_saturation_are_finite(loss: Callable[..., Tensor]) -> None:
    logits, target = sample((6, 9))
    for x in (logits.round(), 1e3 * logits, 1e3 * logits.round().float()):
        x = x.clone().requires_grad_()
        value = loss(x, target)
        value.backward()
        assert bool(torch.isfinite(value) & torch.isfinite(x.grad).all())


@pytest.mark.parametrize("loss", [LOSSES["persistence"], LOSSES["wasserstein"], LOSSES["patches"], LOSSES["frame"]])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_perfect_prediction_costs_nothing(loss: Callable[..., Tensor], size: tuple[int, ...]) -> None:
    target = sample(size)[1]
    maps = torch.nn.functional.one_hot(target, 3).movedim(-1, 1).double()
    assert loss(maps, target, activation=None) == 0
    assert loss(maps, maps, activation=None) == 0


@pytest.mark.parametrize("construction", ["V", "T"])
def test_the_least_sum_is_never_above_the_longest(construction: str) -> None:
    logits, target = sample((8, 9), 1, 20)
    masks = target.bool() & (torch.rand(20, 8, 9, generator=torch.Generator().manual_seed(1)) < 0.4)
    settings = {"construction": construction, "reduction": "none"}
    least = topological_wasserstein(2 * logits, masks, assignment="wasserstein", **settings)
    longest = topological_wasserstein(2 * logits, masks, **settings)
    assert bool((least <= longest + 1e-12).all())
    assert bool((least < longest - 1e-3).any())


@pytest.mark.parametrize("size", [(8, 11), (4, 5, 6)], ids=str)
@pytest.mark.parametrize("construction", ["V", "T"])
def test_duality_of_masks(size: tuple[int, ...], construction: str) -> None:
    """Alexander: pieces of the ground, border joined to it, are holes of the object and one more."""
    masks = torch.rand(12, *size, generator=torch.Generator().manual_seed(0)).lt(0.5).double()
    axes = len(size)
    object_ = mask_counts(masks, check_levels(axes, construction, None, None))
    ground = mask_counts(1 - masks, check_levels(axes, "T" if construction == "V" else "V", 1.0, None))
    assert torch.equal(ground[:, 0], object_[:, -1] + 1)


def test_bars_of_some_dimensions_are_those_of_all() -> None:
    maps = torch.rand(3, 5, 6, 4)
    every = class_bars(maps, check_levels(3, "V", None, None))
    for k in range(3):
        some = class_bars(maps, check_levels(3, "V", None, [k]))
        assert torch.equal(some.intervals, every.of_dim(k).intervals)
    assert bool((every.intervals >= 0).all() & (every.intervals <= 1).all())


@pytest.mark.parametrize("steps", [2, 10, 10**6])
def test_leading_bars_are_those_of_a_sort(steps: int) -> None:
    generator = torch.Generator().manual_seed(steps)
    maps = torch.rand(6, 7, 9, generator=generator).mul(steps).round() / steps
    d = class_bars(maps, check_levels(2, "V", None, None))
    wanted = torch.randint(12, (6, 2), generator=generator)
    wanted[0], wanted[1] = 0, 1000
    found = leading(d.persistence, d, wanted)
    for item in range(6):
        for k in range(2):
            rows = ((d.batch == item) & (d.dim == k)).nonzero()[:, 0]
            order = d.persistence[rows].argsort(descending=True, stable=True)
            first = rows[order][: int(wanted[item, k])]
            assert sorted(first.tolist()) == rows[found[rows]].tolist()
