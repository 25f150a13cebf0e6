"""The compiled engines for signals and volumes, and frames of all kinds, = the textbook, cell by cell."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
from bars import difference, reference
from topolens import _core
from topolens.engines.pairs import Pairs
from topolens.filtrations import cubical

constructions = pytest.mark.parametrize("construction", ["V", "T"])
VOLUMES = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 5)).filter(lambda s: math.prod(s) <= 60)


def volume(shape: tuple[int, ...], levels: int, seed: int = 0, batch: int = 2) -> Tensor:
    return torch.randint(levels, (batch, *shape), generator=torch.Generator().manual_seed(seed)).float()


@constructions
def test_all_volumes_of_two_by_two_by_two(construction: str) -> None:
    """All 6,561 volumes over {0, 1, 2}."""
    volumes = torch.cartesian_prod(*[torch.arange(3.0)] * 8).reshape(-1, 2, 2, 2)
    f = cubical(volumes, construction=construction, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
@pytest.mark.parametrize("length", range(7))
def test_all_short_signals(construction: str, length: int) -> None:
    """All signals over {0, 1, 2}."""
    count = 3**length
    signals = torch.stack([torch.arange(count) // 3**k % 3 for k in range(length)], 1) if length else torch.zeros(1, 0)
    f = cubical(signals.double(), construction=construction)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@settings(max_examples=120)
@given(VOLUMES, st.sampled_from([2, 3, 6, 1000]), st.integers(0, 10**6), st.sampled_from("VT"), st.booleans())
def test_random_volumes_with_ties(
    shape: tuple[int, int, int], levels: int, seed: int, construction: str, superlevel: bool
) -> None:
    f = cubical(volume(shape, levels, seed), construction=construction, superlevel=superlevel, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
@pytest.mark.parametrize("shape", [(3, 4, 5), (5, 4, 3), (1, 6, 7), (6, 1, 7), (7, 6, 1), (1, 1, 30), (30, 1, 1)])
@pytest.mark.parametrize("levels", [2, 4, 10**6])
def test_volumes_of_unequal_sides(construction: str, shape: tuple[int, int, int], levels: int) -> None:
    f = cubical(volume(shape, levels), construction=construction, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
def test_a_larger_volume(construction: str) -> None:
    """Large enough for columns that are added to columns."""
    f = cubical(volume((9, 10, 11), 10**6, batch=1), construction=construction, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
@pytest.mark.parametrize("max_dim", [0, 1, 2, 3])
def test_fewer_dimensions(construction: str, max_dim: int) -> None:
    f = cubical(volume((4, 4, 4), 5), construction=construction, axes=3)
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@constructions
@pytest.mark.parametrize("modulus", [3, 7])
def test_the_field_does_not_matter(construction: str, modulus: int) -> None:
    f = cubical(volume((3, 4, 4), 6), construction=construction, axes=3)
    assert difference(f.pairs(2, modulus), reference(f, 2, modulus)) == ""


@constructions
@pytest.mark.parametrize("name", nasty.VOLUMES)
def test_nasty_volumes(construction: str, name: str) -> None:
    f = cubical(nasty.VOLUMES[name], construction=construction, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
@pytest.mark.parametrize("name", nasty.SIGNALS)
def test_nasty_signals(construction: str, name: str) -> None:
    f = cubical(nasty.SIGNALS[name], construction=construction, axes=1)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=40), st.sampled_from("VT"), st.booleans())
def test_random_signals_with_ties(signal: list[int], construction: str, superlevel: bool) -> None:
    f = cubical(torch.tensor([signal]).double(), construction=construction, superlevel=superlevel)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


# A row of a volume is a signal, a slice of it an image ---------------------------------------------------------------


@constructions
def test_flat_volumes_are_images_and_signals(construction: str) -> None:
    images = volume((20, 30), 40)
    wanted = cubical(images, construction=construction).pairs(2, 2)
    for axis in (1, 2, 3):
        f = cubical(images.unsqueeze(axis), construction=construction, axes=3)
        assert difference(f.pairs(2, 2), wanted) == ""
    signals = volume((200,), 40)
    wanted = cubical(signals, construction=construction).pairs(2, 2)
    assert difference(cubical(signals[:, None], construction=construction).pairs(2, 2), wanted) == ""
    assert difference(cubical(signals[:, None, None], construction=construction, axes=3).pairs(2, 2), wanted) == ""


# Frames --------------------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    st.one_of(
        VOLUMES.filter(lambda s: math.prod(s) <= 12),
        st.tuples(st.integers(1, 5), st.integers(1, 5)),
        st.tuples(st.integers(1, 20)),
    ),
    st.sampled_from([2, 4]),
    st.integers(0, 10**6),
    st.sampled_from("VT"),
    st.booleans(),
    st.sampled_from([-1.0, 0.0, 1.0, 1.5, 5.0]),
)
def test_frames(
    shape: tuple[int, ...], levels: int, seed: int, construction: str, superlevel: bool, frame: float
) -> None:
    images = volume(shape, levels, seed)
    f = cubical(images, construction=construction, superlevel=superlevel, axes=len(shape), frame=frame)
    assert f.values.shape == (2, math.prod(shape) + 1)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_frames_of_all_types(construction: str, dtype: torch.dtype) -> None:
    images = volume((4, 5), 3).sub(1).to(dtype)
    images[0, 0, 0], images[1, 2, 2] = torch.finfo(dtype).max, torch.finfo(dtype).min
    images[0, 2, 2] = float("inf")
    for frame in (-0.0, 1.0, torch.finfo(dtype).max, torch.finfo(dtype).min):
        f = cubical(images, construction=construction, frame=frame)
        assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
@pytest.mark.parametrize("name", nasty.IMAGES)
def test_nasty_images_with_a_frame(construction: str, name: str) -> None:
    f = cubical(nasty.IMAGES[name], construction=construction, frame=1.0)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


# Types, threads, limits ----------------------------------------------------------------------------------------------


@constructions
def test_missing_voxels(construction: str) -> None:
    """Voxels of value +inf never enter: voids around them stay open."""
    volumes = volume((3, 4, 3), 6, batch=60).double()
    volumes[volumes == 5] = float("inf")
    f = cubical(volumes, construction=construction, axes=3)
    assert difference(f.pairs(2, 2), reference(f, 2)) == ""


@constructions
def test_float32_and_float64_agree(construction: str) -> None:
    volumes = torch.rand(2, 12, 9, 10, generator=torch.Generator().manual_seed(1))
    single, double = (cubical(x, construction=construction, axes=3).pairs(2, 2) for x in (volumes, volumes.double()))
    assert difference(single, double) == ""
    signals = volumes.reshape(8, -1)
    single, double = (cubical(x, construction=construction).pairs(2, 2) for x in (signals, signals.double()))
    assert difference(single, double) == ""


@constructions
@pytest.mark.parametrize("levels", [2, 20, 10**6])
def test_one_thread_is_many(construction: str, levels: int, use_threads) -> None:
    # The second is large enough for threads of its own, the batches are shared out.
    for shape, batch in (((20, 20, 20), 1), ((40, 75, 60), 1), ((12, 13, 14), 7), ((5000,), 30)):
        f = cubical(volume(shape, levels, batch=batch), construction=construction, axes=len(shape))
        use_threads(1)
        alone = f.pairs(2, 2)
        for count in (2, 3, 5):
            use_threads(count)
            assert difference(f.pairs(2, 2), alone) == ""


def test_too_many_voxels_are_refused_before_any_work() -> None:
    """The array is never touched, so no memory stands behind it."""
    with pytest.raises(OverflowError, match=r"fewer than 2\^31 voxels with a frame one voxel wide, got 1 x 1 x 240"):
        _core.volume_pairs(np.zeros((1, 1, 1, 240_000_000), np.float32), "V", 0, 1)


def test_the_kernel_refuses_unknown_words() -> None:
    one = torch.zeros(1, 1, 1, 1).numpy()
    with pytest.raises(ValueError, match="construction must be 'V' or 'T', got 'W'"):
        _core.volume_pairs(one, "W", 0, 1)
    with pytest.raises(ValueError, match="max_dim must not be negative"):
        _core.volume_pairs(one, "V", -1, 1)


def test_no_pairs_in_the_empty_batch() -> None:
    for shape in ((0, 5), (0, 2, 3), (0, 2, 3, 4)):
        found = cubical(torch.zeros(shape), axes=len(shape) - 1).pairs(2, 2)
        assert isinstance(found, Pairs)
        assert len(found.dim) == 0
