"""Laws of persistence filters and pooling: identities of order statistics, symmetries, stability, batches."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from topolens.layers import PersistencePool2d, persistence_filter, persistence_pool, rank_filter

MODES = ("replicate", "reflect", "circular", "zeros", "absent")


def images(levels: int = 6) -> st.SearchStrategy[Tensor]:
    """(batch, channels, h, w) of whole numbers."""
    shapes = st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(3, 7), st.integers(3, 7))
    grids = hnp.arrays(np.int64, shapes, elements=st.integers(-levels, levels))
    return grids.map(lambda x: torch.from_numpy(x).double())


@st.composite
def ranges(draw: st.DrawFn, k: int = 1) -> tuple[int, int]:
    m = draw(st.integers(0, (2 * k + 1) ** 2 - 1))
    return m, draw(st.integers(m + 1, (2 * k + 1) ** 2))


def filtered(x: Tensor, window: tuple[int, int], mode: str = "replicate", k: int = 1) -> Tensor:
    return persistence_filter(x, k, [window], padding_mode=mode)


@settings(max_examples=40, deadline=None)
@given(images(), st.data(), st.sampled_from([1, 2]))
def test_telescoping_and_unit_gaps(x: Tensor, data: st.DataObject, k: int) -> None:
    m, last = data.draw(ranges(k))
    n = data.draw(st.integers(m + 1, last))
    whole = filtered(x, (m, last), k=k)
    assert torch.equal(filtered(x, (m, n), k=k) + filtered(x, (n - 1, last), k=k), whole)
    gaps = persistence_filter(x, k, "unit").unflatten(1, (x.shape[1], -1))
    assert torch.equal(gaps[:, :, m : last - 1].sum(2), whole)


@settings(max_examples=40, deadline=None)
@given(images(), ranges(), st.sampled_from(MODES))
def test_wider_windows_last_longer(x: Tensor, window: tuple[int, int], mode: str) -> None:
    m, n = window
    inner = filtered(x, window, mode)
    assert (inner >= 0).all()
    assert (inner <= filtered(x, (max(m - 1, 0), n), mode)).all()
    assert (inner <= filtered(x, (m, min(n + 1, 9)), mode)).all()


@settings(max_examples=40, deadline=None)
@given(images(), ranges(), st.sampled_from(["replicate", "reflect", "circular", "zeros"]))
def test_duality(x: Tensor, window: tuple[int, int], mode: str) -> None:
    m, n = window
    assert torch.equal(filtered(-x, window, mode), filtered(x, (9 - n, 9 - m), mode))


@settings(max_examples=40, deadline=None)
@given(images(), ranges(), st.integers(1, 4), st.integers(-5, 5), st.sampled_from(["replicate", "circular", "absent"]))
def test_affine_and_increasing_maps(x: Tensor, window: tuple[int, int], a: int, b: int, mode: str) -> None:
    assert torch.equal(filtered(a * x + b, window, mode), a * filtered(x, window, mode))
    births_and_deaths = (window[0], window[1] - 1)
    cubes = rank_filter(x**3, births_and_deaths, padding_mode=mode)
    assert torch.equal(cubes, rank_filter(x, births_and_deaths, padding_mode=mode) ** 3)


@settings(max_examples=30, deadline=None)
@given(images())
def test_the_widest_window_is_the_morphological_gradient(x: Tensor) -> None:
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    pool = torch.nn.functional.max_pool2d
    assert torch.equal(filtered(x, (0, 9)), pool(padded, 3, 1) + pool(-padded, 3, 1))


@settings(max_examples=40, deadline=None)
@given(images(), ranges(), st.integers(0, 2**31), st.sampled_from(MODES))
def test_stability(x: Tensor, window: tuple[int, int], seed: int, mode: str) -> None:
    change = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype) - 0.5
    most = change.abs().max() + 1e-12
    ends = (window[0], window[1] - 1)
    moved = rank_filter(x + change, ends, padding_mode=mode) - rank_filter(x, ends, padding_mode=mode)
    assert moved.abs().max() <= most
    assert (filtered(x + change, window, mode) - filtered(x, window, mode)).abs().max() <= 2 * most


@settings(max_examples=30, deadline=None)
@given(images(), ranges(), st.integers(0, 2**31))
def test_pixels_of_one_window_may_be_permuted(x: Tensor, window: tuple[int, int], seed: int) -> None:
    corner = x[..., :3, :3]
    order = torch.randperm(9, generator=torch.Generator().manual_seed(seed))
    mixed = corner.flatten(2)[..., order].unflatten(2, (3, 3))
    assert torch.equal(filtered(mixed, window, "valid"), filtered(corner, window, "valid"))


@settings(max_examples=30, deadline=None)
@given(images(), ranges(), st.integers(-3, 3), st.integers(-3, 3))
def test_shifts_turns_and_flips(x: Tensor, window: tuple[int, int], down: int, right: int) -> None:
    found = filtered(x, window, "circular")
    assert torch.equal(filtered(x.roll((down, right), (2, 3)), window, "circular"), found.roll((down, right), (2, 3)))
    for mode in MODES:
        found = filtered(x, window, mode)
        assert torch.equal(filtered(x.rot90(1, (2, 3)), window, mode), found.rot90(1, (2, 3)))
        assert torch.equal(filtered(x.flip(3), window, mode), found.flip(3))
        assert torch.equal(filtered(x.mT, window, mode), found.mT)
        assert torch.equal(filtered(x.flip(1), window, mode), found.flip(1))


@settings(max_examples=30, deadline=None)
@given(images(), ranges())
def test_zero_where_the_values_between_are_equal(x: Tensor, window: tuple[int, int]) -> None:
    ordered = rank_filter(x, tuple(range(9))).unflatten(1, (x.shape[1], 9))[:, :, window[0] : window[1]]
    assert torch.equal(filtered(x, window) == 0, (ordered == ordered[:, :, :1]).all(2))


@settings(max_examples=30, deadline=None)
@given(images(), ranges(), st.sampled_from(MODES), st.sampled_from(["zero", "average"]))
def test_a_batch_is_one_by_one(x: Tensor, window: tuple[int, int], mode: str, tie: str) -> None:
    whole = x.clone().requires_grad_()
    found = persistence_filter(whole, windows=[window], padding_mode=mode, tie=tie)
    (slope,) = torch.autograd.grad(found.square().sum(), whole)
    for item in range(len(x)):
        one = x[item : item + 1].clone().requires_grad_()
        alone = persistence_filter(one, windows=[window], padding_mode=mode, tie=tie)
        assert torch.equal(alone[0], found[item])
        assert torch.equal(torch.autograd.grad(alone.square().sum(), one)[0][0], slope[item])


@settings(max_examples=30, deadline=None)
@given(images(), ranges(), st.integers(0, 2**31))
def test_sorted_pooling_sees_a_multiset(x: Tensor, window: tuple[int, int], seed: int) -> None:
    weight = torch.rand(1, 2, 4, generator=torch.Generator().manual_seed(seed), dtype=x.dtype)
    found = persistence_pool(x, 2, weight, windows=[window])
    points = torch.nn.functional.unfold(filtered(x, window), 2, stride=2).unflatten(1, (x.shape[1], 4))
    by_hand = torch.einsum("bcsn,os->bcon", points.sort(2, descending=True).values, weight[0])
    torch.testing.assert_close(found.flatten(2), by_hand.flatten(1, 2))


@settings(max_examples=20, deadline=None)
@given(images(), ranges())
def test_pooling_with_a_softmax_is_stable(x: Tensor, window: tuple[int, int]) -> None:
    layer = PersistencePool2d(2, windows=[window], softmax=True).double()
    change = 0.1 * torch.sin(17 * x + 3)
    assert (layer(x + change) - layer(x)).abs().max() <= 2 * change.abs().max() + 1e-12


@pytest.mark.parametrize("scope", ["image", "patch"])
def test_one_point_everywhere_in_a_small_patch(scope: str) -> None:
    """A 2 x 2 patch padded by itself looks the same from all its pixels when its window covers it evenly."""
    x = torch.randn(1, 1, 6, 6, dtype=torch.float64)
    found = persistence_pool(x, 2, scope=scope, windows=[(0, 9)])
    spread = torch.nn.functional.max_pool2d(x, 2) + torch.nn.functional.max_pool2d(-x, 2)
    assert torch.equal(found, spread) == (scope == "patch")
