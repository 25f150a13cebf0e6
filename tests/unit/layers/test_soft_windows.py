"""Rank filters, modules and learned windows."""

import copy

import pytest
import torch
from torch import Tensor

import nasty
from topolens.layers import (
    PersistenceFilter1d,
    PersistenceFilter2d,
    PersistenceFilter3d,
    SoftPersistenceFilter1d,
    SoftPersistenceFilter2d,
    SoftPersistenceFilter3d,
    persistence_filter,
    rank_filter,
    soft_persistence_filter,
)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", [n for n, x in nasty.IMAGES.items() if x.numel() > 0 or x.shape[0] == 0])
def test_nasty_images(name: str) -> None:
    x = nasty.IMAGES[name]
    x = x if x.ndim == 4 else x[:, None]
    before = x.clone()
    found = persistence_filter(x, windows=[(2, 7), (0, 9)])
    assert found.shape == (len(x), 2 * x.shape[1], *x.shape[2:])
    assert found.dtype == x.dtype
    assert torch.equal(x, before)
    assert not torch.isnan(found).any()
    assert (found >= 0).all()


def test_rank_filter_gives_births_and_deaths() -> None:
    x = noise(1, 2, 6, 6)
    births, deaths = rank_filter(x, (2,)), rank_filter(x, (6,))
    assert torch.equal(deaths - births, persistence_filter(x, windows=[(2, 7)]))
    assert torch.equal(rank_filter(x, (8,)), torch.nn.functional.max_pool2d(x, 3, 1, 1))


MODULES = {
    "1d": (PersistenceFilter1d, SoftPersistenceFilter1d, (2, 3, 9)),
    "2d": (PersistenceFilter2d, SoftPersistenceFilter2d, (2, 3, 6, 5)),
    "3d": (PersistenceFilter3d, SoftPersistenceFilter3d, (2, 2, 4, 5, 3)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name: str) -> None:
    plain, soft, shape = MODULES[name]
    x = torch.randn(shape)
    layer = plain(windows=[(0, None), (0, 2)], padding_mode="reflect")
    expected = persistence_filter(x, windows=[(0, None), (0, 2)], padding_mode="reflect")
    assert torch.equal(copy.deepcopy(layer)(x), expected)
    assert "reflect" in repr(layer)
    assert plain()(x).shape == x.shape
    learned = soft(windows=[(0, None), (0, 2)])
    assert learned(x).shape == (shape[0], 2 * shape[1], *shape[2:])
    other = soft(windows=[(0, 3), (1, 2)])
    other.load_state_dict(learned.state_dict())
    assert torch.equal(other(x), copy.deepcopy(learned)(x))


def test_sharp_soft_windows_are_windows() -> None:
    x = noise(2, 2, 6, 6)
    layer = SoftPersistenceFilter2d(windows=[(2, 7), (0, 9)], sharpness=200.0)
    torch.testing.assert_close(layer(x), persistence_filter(x, windows=[(2, 7), (0, 9)]))


def test_soft_windows_are_means_of_order_statistics() -> None:
    x, birth, death = noise(2, 2, 6, 6), noise(3, 9), noise(3, 9, seed=1)
    ordered = rank_filter(x, tuple(range(9))).unflatten(1, (2, 9))
    expected = torch.einsum("bcrhv,wr->bcwhv", ordered, death.softmax(1) - birth.softmax(1))
    torch.testing.assert_close(soft_persistence_filter(x, birth, death), expected.flatten(1, 2))


def test_soft_windows_learn_where_the_signal_is() -> None:
    torch.manual_seed(0)
    x = torch.rand(4, 1, 8, 8)
    target = persistence_filter(x, windows=[(2, 7)])
    layer = SoftPersistenceFilter2d(windows=[(0, 9)])
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.2)
    losses = []
    for _ in range(150):
        loss = (layer(x) - target).square().mean()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.01 * losses[0]
    assert int(layer.birth.argmax()) == 2
    assert int(layer.death.argmax()) == 6


def test_refused_ranks() -> None:
    for ranks in ([9], [-1], [1.5]):
        with pytest.raises(ValueError, match="ranks must lie between 0 and 8"):
            rank_filter(torch.zeros(1, 1, 3, 3), ranks)
    with pytest.raises(ValueError, match="at least one rank"):
        rank_filter(torch.zeros(1, 1, 3, 3), [])
    with pytest.raises(ValueError, match=r"birth and death must have shape \(windows, 9\)"):
        soft_persistence_filter(torch.zeros(1, 1, 3, 3), torch.zeros(1, 8), torch.zeros(1, 8))
