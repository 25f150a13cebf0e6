"""Image persistence of volumes, and the matching of their bars, = the textbook, cell by cell."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
from bars import difference
from topolens import _core
from topolens.engines import Pairs, canonical, concatenate
from topolens.engines.compiled import image_pairs, matched_bars
from topolens.engines.reference import reference_image_pairs, reference_matches
from topolens.filtrations import cubical

constructions = pytest.mark.parametrize("construction", ["V", "T"])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 5)).filter(lambda s: math.prod(s) <= 40)


def differences(one: Tensor, other: Tensor, construction: str, outer: Tensor | None = None, max_dim: int = 2) -> str:
    """Empty if pairs of one in outer, and the matching of one and other, are those of the textbook."""
    outer = torch.minimum(one, other) if outer is None else outer
    f, g, h = (cubical(x, construction=construction, axes=3) for x in (one, other, outer))
    matches = matched_bars(one, other, outer, construction, max_dim)
    parts = []
    for item in range(len(one)):
        complexes = [x.explicit(item, max_dim) for x in (f, g, h)]
        parts.append(reference_image_pairs(complexes[0], complexes[2], max_dim, 2))
        expected = reference_matches(*complexes, max_dim=max_dim, field=2)
        for name in ("dim", "first", "second"):
            here, there = getattr(matches, name)[matches.batch == item], getattr(expected, name)
            if not np.array_equal(here, there):
                return f"{name} of item {item}: {here.tolist()}, not {there.tolist()}"
    return difference(image_pairs(one, outer, construction, max_dim), canonical(concatenate(parts)))


def noise(levels: int, count: int, *shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    one, other = torch.randint(levels, (2, count, *shape), generator=torch.Generator().manual_seed(seed)).double()
    return one, other


@constructions
def test_volumes_of_two_by_two_by_two(construction: str) -> None:
    """A sample of all pairs of volumes over {0, 1, 2}, and each volume in itself."""
    one, other = noise(3, 1000, 2, 2, 2)
    assert differences(one, other, construction) == ""
    volumes = torch.cartesian_prod(*[torch.arange(3.0)] * 8).reshape(-1, 2, 2, 2)
    f = cubical(volumes, construction=construction, axes=3)
    assert difference(image_pairs(volumes, volumes, construction, 2), f.pairs(2, 2)) == ""


@constructions
@pytest.mark.parametrize("levels", [2, 3, 6, 1000])
@pytest.mark.parametrize("shape", [(3, 3, 4), (4, 3, 3), (2, 5, 3), (1, 5, 6), (5, 1, 6), (6, 5, 1), (1, 1, 9)])
def test_random_volumes(construction: str, levels: int, shape: tuple[int, int, int]) -> None:
    assert differences(*noise(levels, 10, *shape), construction) == ""


@pytest.mark.parametrize(("construction", "count"), [("V", 120), ("T", 40)])
def test_the_order_of_cells_at_one_voxel(construction: str, count: int) -> None:
    """Where a voxel joins three components, their order counts; an outer volume of its own makes that show."""
    one, other = noise(1000, count, 4, 4, 4)
    outer = torch.minimum(one, other) * torch.rand(one.shape, generator=torch.Generator().manual_seed(1))
    assert differences(one, other, construction, outer) == ""


@constructions
@pytest.mark.parametrize("levels", [3, 10**6])
def test_larger_volumes(construction: str, levels: int) -> None:
    """Large enough for columns that are added to columns."""
    one, other = noise(levels, 1, 8, 9, 7)
    assert differences(one, other, construction) == ""
    wave = torch.linspace(0, 12, 8 * 9 * 7).sin().reshape(one.shape) * levels
    assert differences(wave + 0.2 * one, wave + 0.2 * other, construction) == ""


@settings(max_examples=100)
@given(SHAPES, st.sampled_from([2, 3, 6, 1000]), st.integers(0, 10**6), st.sampled_from("VT"), st.integers(0, 2))
def test_random_volumes_with_ties(
    shape: tuple[int, int, int], levels: int, seed: int, construction: str, lower: int
) -> None:
    one, other = noise(levels, 2, *shape, seed=seed)
    assert differences(one, other, construction, torch.minimum(one, other) - lower * (other - one).abs()) == ""


@constructions
@pytest.mark.parametrize("max_dim", [0, 1, 2, 3])
def test_fewer_dimensions(construction: str, max_dim: int) -> None:
    assert differences(*noise(5, 3, 3, 3, 4), construction, max_dim=max_dim) == ""


@constructions
def test_missing_voxels(construction: str) -> None:
    outer, other = noise(6, 20, 3, 3, 3)
    inner = outer + other.remainder(3)
    outer[outer == 5] = inner[inner >= 5] = float("inf")
    inner = torch.maximum(inner, outer)
    f, g = (cubical(x, construction=construction, axes=3) for x in (inner, outer))
    parts = [reference_image_pairs(f.explicit(k, 2), g.explicit(k, 2), 2, 2) for k in range(20)]
    assert difference(image_pairs(inner, outer, construction, 2), canonical(concatenate(parts))) == ""


@constructions
@pytest.mark.parametrize("name", [n for n, x in nasty.VOLUMES.items() if x.ndim == 4])
@pytest.mark.parametrize("max_dim", [0, 1, 2])
def test_a_volume_in_itself(construction: str, name: str, max_dim: int) -> None:
    volumes = nasty.VOLUMES[name]
    f = cubical(volumes, construction=construction, axes=3)
    assert difference(image_pairs(volumes, volumes, construction, max_dim), f.pairs(max_dim, 2)) == ""


@constructions
def test_a_volume_is_matched_with_itself(construction: str) -> None:
    volumes = torch.rand(2, 12, 9, 10, generator=torch.Generator().manual_seed(0))
    found = matched_bars(volumes, volumes, volumes, construction, 2)
    assert np.array_equal(found.first, found.second)
    assert np.array_equal(found.first, cubical(volumes, construction=construction, axes=3).pairs(2, 2).cells)


@constructions
@pytest.mark.parametrize("levels", [3, 10**6])
def test_all_bars_are_there(construction: str, levels: int) -> None:
    """With their partners taken away, matches are the bars of each volume."""
    one, other = noise(levels, 2, 20, 18, 19)
    found = matched_bars(one, other, torch.minimum(one, other), construction, 2)
    for volumes, bars in ((one, found.first), (other, found.second)):
        own = bars[:, 0] >= 0
        pairs = canonical(Pairs(found.dim[own], found.batch[own], bars[own]))
        assert difference(pairs, cubical(volumes, construction=construction, axes=3).pairs(2, 2)) == ""


@constructions
def test_a_layer_is_an_image(construction: str) -> None:
    one, other = noise(30, 5, 14, 17)
    outer = torch.minimum(one, other)
    flat = image_pairs(one, outer, construction, 1)
    for axis in (1, 2, 3):
        assert difference(image_pairs(one.unsqueeze(axis), outer.unsqueeze(axis), construction, 1), flat) == ""
    if construction == "V":
        layers = matched_bars(*(x.unsqueeze(1) for x in (one, other, outer)), construction, 2)
        for found, expected in zip(layers, matched_bars(one, other, outer, construction, 1), strict=True):
            assert np.array_equal(found, expected)


@constructions
def test_exchanging_the_volumes_exchanges_the_bars(construction: str) -> None:
    one, other = noise(9, 3, 6, 5, 7)
    outer = torch.minimum(one, other)
    there, back = matched_bars(one, other, outer, construction, 2), matched_bars(other, one, outer, construction, 2)
    sides = [np.column_stack([x.batch, x.dim, *bars]) for x, bars in ((there, there[2:]), (back, back[:1:-1]))]
    here, other_way = (sorted(map(tuple, side.tolist())) for side in sides)
    assert here == other_way


@constructions
def test_one_thread_is_many(construction: str, use_threads) -> None:
    for shape, count in (((11, 12, 13), 5), ((30, 31, 32), 1)):
        one, other = noise(20, count, *shape)
        outer = torch.minimum(one, other)
        use_threads(1)
        alone, matches = image_pairs(one, outer, construction, 2), matched_bars(one, other, outer, construction, 2)
        for threads in (2, 3, 5):
            use_threads(threads)
            assert difference(image_pairs(one, outer, construction, 2), alone) == ""
            for found, expected in zip(matched_bars(one, other, outer, construction, 2), matches, strict=True):
                assert np.array_equal(found, expected)


@constructions
def test_both_float_types(construction: str) -> None:
    one, other = torch.rand(2, 2, 9, 8, 10, generator=torch.Generator().manual_seed(1))
    outer = torch.minimum(one, other)
    single, double = (image_pairs(a, b, construction, 2) for a, b in ((one, outer), (one.double(), outer.double())))
    assert difference(single, double) == ""


@pytest.mark.parametrize("shape", [(0, 4, 4, 4), (2, 0, 5, 3), (1, 2, 3, 0)])
def test_nothing_to_match(shape: tuple[int, ...]) -> None:
    volumes = torch.zeros(shape)
    assert len(matched_bars(volumes, volumes, volumes, "V", 2).dim) == 0
    assert len(image_pairs(volumes, volumes, "T", 2).dim) == 0


def test_the_kernel_refuses() -> None:
    one = np.zeros((1, 1, 1, 1), np.float32)
    with pytest.raises(ValueError, match="construction must be 'V' or 'T', got 'W'"):
        _core.volume_image_pairs(one, one, "W", 0, 1)
    with pytest.raises(ValueError, match="max_dim must not be negative, got -1"):
        _core.matched_volume_bars(one, one, one, "V", -1, 1)
    with pytest.raises(ValueError, match="volumes must have one shape"):
        _core.matched_volume_bars(one, one, np.zeros((1, 1, 1, 2), np.float32), "V", 0, 1)
    # The array is never touched, so no memory stands behind it.
    wide = np.zeros((1, 1, 1, 180_000_000), np.float32)
    with pytest.raises(OverflowError, match=r"must have fewer than 2\^31 / 3, got 1 x 1 x 180000000"):
        _core.volume_image_pairs(wide, wide, "V", 0, 1)
