"""Persistence filters: = rank filters of scipy, = counting from the definition, and identities of order statistics."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import rank_filter
from torch import Tensor
from torch.nn import functional

from topolens.engines import windows as engine
from topolens.layers import persistence_filter
from topolens.layers.persistence_filter import neighbourhood

SCIPY = {"replicate": "nearest", "reflect": "mirror", "circular": "wrap", "zeros": "constant"}


def noise(*shape: int, seed: int = 0, levels: int | None = None) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    if levels:
        return torch.randint(levels, shape, generator=generator).double()
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def footprint(axes: int, k: int, adjacency: int | None, include_center: bool) -> np.ndarray:
    mask = np.zeros((2 * k + 1,) * axes, bool)
    for place in neighbourhood(axes, k, adjacency, include_center):
        mask[place[3 - axes :]] = True
    return mask


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("k", [1, 2])
def test_every_window_is_a_difference_of_rank_filters(k: int, levels: int | None) -> None:
    x = noise(2, 2, 7, 9, seed=k, levels=levels)
    size = (2 * k + 1) ** 2
    ranked = [
        np.stack([[rank_filter(c.numpy(), r, size=2 * k + 1, mode="nearest") for c in b] for b in x])
        for r in range(size)
    ]
    for m in range(size):
        pairs = [(m, n) for n in range(m + 1, size + 1)]
        found = persistence_filter(x, k, pairs).reshape(2, 2, len(pairs), 7, 9)
        for w, (_, n) in enumerate(pairs):
            np.testing.assert_array_equal(found[:, :, w].numpy(), ranked[n - 1] - ranked[m])


@pytest.mark.parametrize("include_center", [True, False])
@pytest.mark.parametrize("padding_mode", list(SCIPY))
@pytest.mark.parametrize(("axes", "adjacency"), [(1, 2), (2, 8), (2, 4), (3, 26), (3, 6)])
def test_shapes_and_paddings(axes: int, adjacency: int, padding_mode: str, include_center: bool) -> None:
    for k in (1, 2):
        x = noise(1, 1, *(6, 5, 4)[:axes], seed=axes)
        mask = footprint(axes, k, adjacency, include_center)
        size = int(mask.sum())
        m, n = size // 3, size - size // 4
        options = {"adjacency": adjacency, "padding_mode": padding_mode, "include_center": include_center}
        found = persistence_filter(x, k, [(m, n)], **options)
        # One axis more: along a single one scipy 1.17 takes every footprint for a full one.
        low, high = (rank_filter(x[0].numpy(), r, footprint=mask[None], mode=SCIPY[padding_mode]) for r in (m, n - 1))
        np.testing.assert_array_equal(found[0].numpy(), high - low)


def test_counting() -> None:
    """The length of {t: m < #{pixels below t} < n}, from the definition, with pixels outside that do not exist."""
    x = noise(1, 1, 5, 6, levels=4)
    levels = torch.arange(0, 6)
    for m, n in [(0, 2), (2, 7), (3, 9), (0, 9)]:
        found = persistence_filter(x, 1, [(m, n)], padding_mode="absent")[0, 0]
        for i, j in product(range(5), range(6)):
            window = x[0, 0, max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].flatten()
            below = [(window < t).sum() for t in levels]
            lasting = sum(bool(m < count < n) for count in below[: int(window.max()) + 1])
            assert found[i, j] == lasting


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([None, 2, 4]), st.data())
def test_identities(seed: int, levels: int | None, data: st.DataObject) -> None:
    x = noise(2, 2, 6, 7, seed=seed, levels=levels)
    m, middle, n = sorted(data.draw(st.lists(st.integers(0, 9), min_size=3, max_size=3, unique=True)))

    def p(a: int, b: int, image: Tensor = x) -> Tensor:
        return persistence_filter(image, 1, [(a, b)], padding_mode="circular")

    if middle > m and middle + 1 <= n:
        torch.testing.assert_close(p(m, middle + 1) + p(middle, n), p(m, n))
    assert (p(m, middle) <= p(m, n)).all()
    assert (p(middle, n) <= p(m, n)).all()
    assert torch.equal(p(m, n, -x), p(9 - n, 9 - m))
    torch.testing.assert_close(p(m, n, 3 * x - 5), 3 * p(m, n))
    assert torch.equal(p(0, 9), _dilated(x) + _dilated(-x))
    shift = noise(2, 2, 6, 7, seed=seed + 1).clamp(-0.1, 0.1)
    assert ((p(m, n, x + shift) - p(m, n)).abs() <= 2 * shift.abs().max() + 1e-12).all()
    for turn in (lambda y: y.rot90(1, (2, 3)), lambda y: y.flip(3), lambda y: y.mT, lambda y: y.roll((2, 3), (2, 3))):
        assert torch.equal(p(m, n, turn(x)), turn(p(m, n)))
    unit = persistence_filter(x, 1, "unit", padding_mode="circular").reshape(2, 2, 8, 6, 7)
    torch.testing.assert_close(unit[:, :, m : n - 1].sum(2), p(m, n))
    for b, c in product(range(2), range(2)):
        assert torch.equal(p(m, n, x[b : b + 1, c : c + 1])[0, 0], p(m, n)[b, c])


def _dilated(x: Tensor) -> Tensor:
    return functional.max_pool2d(functional.pad(x, (1, 1, 1, 1), mode="circular"), 3, 1)


def test_a_shuffled_window_says_the_same() -> None:
    x = noise(1, 1, 3, 3)
    shuffled = x.flatten()[torch.randperm(9, generator=torch.Generator().manual_seed(1))].reshape(1, 1, 3, 3)
    unit = [persistence_filter(y, 1, "unit")[0, :, 1, 1] for y in (x, shuffled)]
    assert torch.equal(*unit)


@pytest.mark.parametrize("tie", ["zero", "average"])
@pytest.mark.parametrize("padding_mode", ["replicate", "absent"])
@pytest.mark.parametrize("shape", [(2, 1, 9), (1, 2, 4, 5), (1, 1, 3, 4, 3)])
def test_gradients(shape: tuple[int, ...], padding_mode: str, tie: str) -> None:
    x = noise(*shape).requires_grad_()
    windows = [(0, 2), (1, 3), (0, None)]

    def filtered(y: Tensor) -> Tensor:
        return persistence_filter(y, 1, windows, padding_mode=padding_mode, tie=tie)

    assert torch.autograd.gradcheck(filtered, (x,))
    assert torch.autograd.gradgradcheck(filtered, (x,))


@pytest.mark.parametrize("tie", ["zero", "average"])
def test_ties(tie: str) -> None:
    """Flat windows pull nowhere; on a step the two ends pull on one pixel each, or on all pixels of their value."""
    flat = torch.ones(1, 1, 5, 5, requires_grad=True)
    (slope,) = torch.autograd.grad(persistence_filter(flat, tie=tie).sum(), flat)
    assert not slope.any()
    step = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(1, 1, 4, 4).clone().requires_grad_()
    (slope,) = torch.autograd.grad(persistence_filter(step, tie=tie)[0, 0, 1, 1], step)
    expected = torch.zeros(4, 4)
    if tie == "zero":
        expected[0, 0], expected[0, 2] = -1, 1
    else:
        expected[:3, :2], expected[:3, 2] = -1 / 6, 1 / 3
    torch.testing.assert_close(slope[0, 0], expected)


@pytest.mark.parametrize("levels", [None, 3])
@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("ties", ["first", "shared", "apart"])
def test_tensor_operations(absent: bool, ties: str, levels: int | None) -> None:
    """The path of a GPU, here on the CPU, with strides, single ranks and all three operators."""
    padded = noise(3, 1, 9, 8, levels=levels)
    if absent:
        padded[:, :, 0], padded[:, :, :, 0] = float("inf"), float("inf")
    places = neighbourhood(2, 1, None, True)
    windows = engine.Windows(places, (1, 4, 3), (1, 2, 2), [0, 2, 4, 8], [0, 1, -1, 0], [3, 2, 2, 1])
    if ties == "apart":  # all ranks, as patches ask for them
        windows = windows._replace(ranks=list(range(9)), lows=[-1] * 9, highs=list(range(9)))
        padded = padded.nan_to_num(posinf=7.0)
    values, entries = engine.rank_ranges(padded, windows.flat(), absent, ties)
    by_hand, where = engine._in_tensors(padded, windows, absent, ties == "apart")
    assert torch.equal(values, by_hand)
    assert torch.equal(entries, where)
    gradient, field = noise(*values.shape, seed=5), noise(*padded.shape, seed=6)
    given = padded if ties == "shared" else None
    weights = engine._weights(entries, given, windows, torch.float64)
    back, out = torch.zeros_like(padded), torch.zeros_like(values)
    for view, seen, weight in zip(engine._views(back, windows), engine._views(field, windows), weights, strict=True):
        view += (weight * gradient).sum(1)
        out += weight * seen[:, None]
    torch.testing.assert_close(engine._scatter(gradient, entries, list(padded.shape[1:]), given, windows.flat()), back)
    torch.testing.assert_close(engine._gather(field, entries, given, windows.flat()), out)
