"""Persistence pooling and its baselines: by hand, as members of one family, as modules, and what they refuse."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from topolens.layers import (
    LEAPPool2d,
    OrdinalPool2d,
    PersistenceConv2d,
    PersistencePool1d,
    PersistencePool2d,
    PersistencePool3d,
    leap_pool,
    ordinal_pool,
    persistence_filter,
    persistence_pool,
)
from topolens.layers.patches import falling_patches, patches


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_without_weights_it_is_max_pooling_of_persistences() -> None:
    x = noise(2, 3, 9, 8)
    points = persistence_filter(x, windows=[(2, 7), (0, 9)])
    assert torch.equal(persistence_pool(x, 2, windows=[(2, 7), (0, 9)]), functional.max_pool2d(points, 2))
    assert torch.equal(persistence_pool(x, 3, stride=2), functional.max_pool2d(persistence_filter(x), 3, 2))
    assert torch.equal(
        persistence_pool(x, (2, 3), stride=(1, 2)), functional.max_pool2d(persistence_filter(x), (2, 3), (1, 2))
    )


def test_weights_by_rank_and_by_position() -> None:
    x = noise(1, 1, 4, 4)
    points = persistence_filter(x)[0, 0, :2, :2].flatten()
    weight = torch.tensor([[[1.0, 10.0, 100.0, 1000.0]]], dtype=torch.float64)
    by_position = persistence_pool(x, 2, weight, order="position")[0, 0, 0, 0]
    by_rank = persistence_pool(x, 2, weight)[0, 0, 0, 0]
    torch.testing.assert_close(by_position, (weight.flatten() * points).sum())
    torch.testing.assert_close(by_rank, (weight.flatten() * points.sort(descending=True).values).sum())


def test_weights_by_position_are_a_convolution_of_each_channel() -> None:
    x, weight = noise(2, 3, 6, 6), noise(3, 2, 4)
    found = persistence_pool(x, 2, weight, order="position")
    kernel = weight.reshape(6, 1, 2, 2)
    torch.testing.assert_close(found, functional.conv2d(persistence_filter(x), kernel, stride=2, groups=3))


def test_weights_of_a_bank_stand_window_by_window() -> None:
    x, weight = noise(2, 2, 6, 6), noise(2, 3, 8)
    both = persistence_pool(x, 2, weight, windows=[(2, 7), (0, 9)])
    first = persistence_pool(x, 2, weight[..., :4].contiguous(), windows=[(2, 7)])
    second = persistence_pool(x, 2, weight[..., 4:].contiguous(), windows=[(0, 9)])
    torch.testing.assert_close(both, first + second)
    shared = persistence_pool(x, 2, weight[:1], windows=[(2, 7), (0, 9)])
    torch.testing.assert_close(shared[:, :3], both[:, :3])


def test_a_learned_bank_of_unit_gaps_contains_every_window() -> None:
    x = noise(1, 1, 6, 6)
    weight = torch.zeros(1, 1, 8, 1, dtype=torch.float64)
    weight[:, :, 2:6] = 1.0
    found = persistence_pool(x, 1, weight.flatten(2), windows="unit")
    torch.testing.assert_close(found, persistence_filter(x, windows=[(2, 7)]))


def test_a_patch_by_itself() -> None:
    x = noise(2, 3, 6, 8)
    found = persistence_pool(x, (3, 4), scope="patch", windows=[(1, 8)])
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        patch = x[:, :, 3 * row : 3 * row + 3, 4 * column : 4 * column + 4]
        assert torch.equal(found[:, :, row, column], persistence_filter(patch, windows=[(1, 8)]).amax((2, 3)))
    weight = noise(3, 1, 12)
    overlapping = persistence_pool(x, (3, 4), weight, stride=1, scope="patch", order="position")
    patch = persistence_filter(x[:, :, 2:5, 3:7]).flatten(2)
    torch.testing.assert_close(overlapping[:, :, 2, 3], (patch * weight[:, 0]).sum(2))


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize(("size", "stride"), [((2,), (2,)), ((3,), (1,)), ((2, 3), (2, 1)), ((2, 2, 2), (2, 2, 2))])
def test_patches_in_falling_order(size: tuple[int, ...], stride: tuple[int, ...], levels: int | None) -> None:
    x = noise(2, 3, *(7, 6, 5)[: len(size)])
    x = x if levels is None else x.mul(2).round()
    expected = patches(x, size, stride).sort(2, descending=True).values
    assert torch.equal(falling_patches(x, size, stride), expected)


def test_patches_are_those_of_unfold() -> None:
    x = noise(2, 3, 7, 6)
    expected = functional.unfold(x, (3, 2), stride=(2, 1)).unflatten(1, (3, 6))
    assert torch.equal(patches(x, (3, 2), (2, 1)).flatten(3), expected)
    assert torch.equal(patches(x[:, :, 0], (4,), (2,))[..., 1], x[:, :, 0, 2:6])


def test_baselines_contain_max_and_mean() -> None:
    x = noise(2, 3, 8, 6)
    mean = torch.full((3, 4), 0.25, dtype=x.dtype)
    first = torch.eye(4, dtype=x.dtype)[:1]
    torch.testing.assert_close(ordinal_pool(x, mean, 2), functional.avg_pool2d(x, 2))
    assert torch.equal(ordinal_pool(x, first, 2), functional.max_pool2d(x, 2))
    torch.testing.assert_close(leap_pool(x, mean.reshape(3, 2, 2)), functional.avg_pool2d(x, 2))
    torch.testing.assert_close(LEAPPool2d(3, 2).double()(x), functional.avg_pool2d(x, 2))
    torch.testing.assert_close(OrdinalPool2d(3, 3, 2).double()(x), functional.avg_pool2d(x, 3, 2))
    reference = nn.Conv2d(3, 3, 2, 2, groups=3, bias=False).double()
    torch.testing.assert_close(leap_pool(x, reference.weight[:, 0]), reference(x))


def test_modes_of_the_module() -> None:
    x = torch.randn(2, 3, 6, 6)
    largest = PersistencePool2d(2, mode="max", windows="unit")
    assert not list(largest.parameters())
    assert torch.equal(largest(x), persistence_pool(x, 2, windows="unit"))
    started = PersistencePool2d(2, init="max", windows=[(2, 7)])
    assert torch.equal(started(x), persistence_pool(x, 2))
    learned = PersistencePool2d(2, channels=3, out_per_channel=2, windows="unit")
    assert learned.weight is not None
    assert learned.weight.shape == (3, 2, 32)
    assert (learned.weight - 1 / 32).abs().max() < 0.05
    with_intensity = PersistencePool2d(2, mode="PML", channels=3, out_per_channel=2, windows="unit")
    with_intensity.load_state_dict(learned.state_dict())
    expected = learned(x) + functional.max_pool2d(x, 2).repeat_interleave(2, 1)
    torch.testing.assert_close(with_intensity(x), expected)


def test_a_softmax_keeps_weights_above_zero_and_their_sum() -> None:
    layer = PersistencePool2d(2, softmax=True)
    constant = torch.zeros(1, 1, 8, 8)
    constant[..., ::2] = 1.0
    points = persistence_filter(constant)
    assert (points == points[0, 0, 0, 1]).all()
    torch.testing.assert_close(layer(constant), points[..., :4, :4])


SHAPES = {
    "1d": (PersistencePool1d, (2, 3, 9), (2, 3, 4)),
    "2d": (PersistencePool2d, (2, 3, 9, 6), (2, 3, 4, 3)),
    "3d": (PersistencePool3d, (2, 3, 5, 4, 6), (2, 3, 2, 2, 3)),
}


@pytest.mark.parametrize("scope", ["image", "patch"])
@pytest.mark.parametrize("mode", ["max", "PL", "PML"])
@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, mode: str, scope: str) -> None:
    kind, given, expected = SHAPES[name]
    x = torch.randn(given, requires_grad=True)
    before = x.detach().clone()
    layer = kind(2, mode=mode, scope=scope)
    found = layer(x)
    assert found.shape == expected
    found.sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert torch.equal(x.detach(), before)
    assert layer(x[:0]).shape == (0, *expected[1:])
    assert layer(torch.full(given, 0.5)).isfinite().all()


LAYERS = {
    "PL": lambda: PersistencePool2d(2, channels=3, windows="unit"),
    "PML": lambda: PersistencePool2d(2, mode="PML", softmax=True),
    "patch": lambda: PersistencePool2d(3, scope="patch"),
    "LEAP": lambda: LEAPPool2d(3, 2),
    "ordinal": lambda: OrdinalPool2d(3, 2),
    "conv": lambda: PersistenceConv2d(3, 6, stride=2, groups=3, residual=True),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_modules_like_others(name: str) -> None:
    x = torch.randn(2, 3, 6, 6)
    layer = LAYERS[name]()
    expected = layer(x)
    other = LAYERS[name]()
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(x), expected)
    assert torch.equal(copy.deepcopy(layer)(x), expected)
    assert layer.double()(x.double()).dtype == torch.float64
    assert "(" in repr(layer)
    layer.float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(x.bfloat16()).isfinite().all()
    torch._dynamo.reset()
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), expected)
    compiled(x).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in layer.parameters())


def test_a_convolution_of_persistences() -> None:
    x = noise(2, 3, 7, 6)
    layer = PersistenceConv2d(3, 4, residual=True, stride=2).double()
    bank = persistence_filter(x, windows="unit").unflatten(1, (3, 8))
    features = torch.cat([bank, x[:, :, None]], 2).flatten(1, 2)[..., ::2, ::2]
    torch.testing.assert_close(layer(x), functional.conv2d(features, layer.mix.weight, layer.mix.bias))


REFUSED = {
    "order": ({"order": "random"}, "order must be 'sorted' or 'position', got 'random'"),
    "scope": ({"scope": "batch"}, "scope must be 'image' or 'patch', got 'batch'"),
    "kernel": ({"kernel_size": 0}, "kernel_size must be a positive integer or 2 of them, got 0"),
    "stride": ({"stride": (1, 2, 3)}, "stride must be a positive integer or 2 of them"),
    "too large": ({"kernel_size": 7}, r"kernel_size must not exceed the sides of x, \(6, 6\), got \(7, 7\)"),
    "weight": ({"weight": torch.zeros(2, 1, 4)}, r"weight must have shape \(3 or 1, outputs, 4\)"),
    "columns": ({"weight": torch.zeros(1, 1, 4), "windows": "unit"}, r"weight must have shape \(3 or 1, outputs, 32\)"),
    "window": ({"windows": [(4, 4)]}, "0 <= m < n <= 9"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    words, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        persistence_pool(torch.rand(1, 3, 6, 6), **{"kernel_size": 2, **words})


def test_modules_refuse() -> None:
    with pytest.raises(ValueError, match="mode must be one of 'max', 'PL', 'PML', got 'LP'"):
        PersistencePool2d(2, mode="LP")
    with pytest.raises(ValueError, match="channels must be a positive integer, got 0"):
        PersistencePool2d(2, channels=0)
    with pytest.raises(ValueError, match="x must have 4 channels, as the layer was made for, got 3"):
        PersistencePool2d(2, channels=4)(torch.rand(1, 3, 6, 6))
    with pytest.raises(ValueError, match=r"x must have shape \(batch, channels, h, w\)"):
        PersistencePool2d(2)(torch.rand(3, 6, 6))
    with pytest.raises(ValueError, match="x must have 3 channels"):
        PersistenceConv2d(3, 4)(torch.rand(1, 2, 6, 6))
    with pytest.raises(ValueError, match="stride must be a positive integer, got 0"):
        PersistenceConv2d(3, 4, stride=0)
    with pytest.raises(ValueError, match=r"weight must have shape \(3, h, w\)"):
        leap_pool(torch.rand(1, 3, 6, 6), torch.rand(2, 2, 2))
    with pytest.raises(ValueError, match="channels must be a positive integer"):
        LEAPPool2d(0, 2)
    with pytest.raises(ValueError, match="weight must have shape"):
        ordinal_pool(torch.rand(1, 3, 6, 6), torch.rand(3, 5), 2)
    with pytest.raises(ValueError, match="contains NaN"):
        PersistencePool2d(2)(torch.full((1, 1, 4, 4), float("nan")))
