"""The compiled engine for images = the textbook, cell by cell."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import strategies
from bars import difference, reference
from topolens.filtrations import cubical
from topolens.persistence import persistence

constructions = pytest.mark.parametrize("construction", ["V", "T"])


@constructions
def test_all_images_of_three_levels(construction: str) -> None:
    """All 19,683 images of 3 x 3 pixels over {0, 1, 2}: every tie and every saddle there can be."""
    levels = torch.arange(3.0)
    images = torch.cartesian_prod(*[levels] * 9).reshape(-1, 3, 3)
    f = cubical(images, construction=construction)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
def test_all_two_level_images_of_unequal_sides(construction: str) -> None:
    """All images of 2 x 5 and 5 x 2 pixels over {0, 1}."""
    for height, width in ((2, 5), (5, 2)):
        images = torch.cartesian_prod(*[torch.arange(2.0)] * 10).reshape(-1, height, width)
        f = cubical(images, construction=construction)
        assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
@pytest.mark.parametrize("name", nasty.IMAGES)
@pytest.mark.parametrize("max_dim", [0, 1, 2])
def test_nasty_images(construction: str, name: str, max_dim: int) -> None:
    f = cubical(nasty.IMAGES[name], construction=construction)
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@settings(max_examples=150)
@given(strategies.images(max_side=9, levels=6, batch=2), st.sampled_from(["V", "T"]), st.booleans())
def test_random_images_with_ties(images: Tensor, construction: str, superlevel: bool) -> None:
    f = cubical(images, construction=construction, superlevel=superlevel)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (2, 33), (17, 23), (31, 16)])
@pytest.mark.parametrize("levels", [3, 50, 10**6])
def test_larger_images(construction: str, shape: tuple[int, int], levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    images = torch.randint(levels, (2, *shape), generator=generator).float()
    f = cubical(images, construction=construction)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
def test_missing_pixels(construction: str) -> None:
    """Pixels of value +inf never enter: holes around them stay open."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(6, (200, 5, 6), generator=generator).double()
    images[images == 5] = float("inf")
    f = cubical(images, construction=construction)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
def test_float32_and_float64_agree(construction: str) -> None:
    images = torch.rand(3, 30, 20, generator=torch.Generator().manual_seed(1))
    single, double = (cubical(x, construction=construction).pairs(1, 2) for x in (images, images.double()))
    assert difference(single, double) == ""


@constructions
@pytest.mark.parametrize("superlevel", [False, True])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.uint16])
def test_small_integers(construction: str, superlevel: bool, dtype: torch.dtype) -> None:
    """Bars of integers are those of the same numbers in float32, also at the ends of their range."""
    ends = torch.iinfo(dtype)
    generator = torch.Generator().manual_seed(3)
    for shape in ((60, 5, 6), (2, 1, 70), (3, 40, 33)):
        numbers = torch.randint(ends.min, ends.max + 1, shape, generator=generator)
        numbers[torch.rand(shape, generator=generator) < 0.2] = ends.min
        numbers[torch.rand(shape, generator=generator) < 0.2] = ends.max
        found = cubical(numbers.to(dtype), construction=construction, superlevel=superlevel)
        expected = cubical(numbers.float(), construction=construction, superlevel=superlevel)
        assert difference(found.pairs(1, 2), expected.pairs(1, 2)) == ""
        assert torch.equal(found.values, expected.values)
        d, e = persistence(found), persistence(expected)
        assert d.intervals.dtype == torch.float32
        assert torch.equal(d.intervals, e.intervals)
    small = cubical(numbers.to(dtype)[:, :6, :7], construction=construction, superlevel=superlevel)
    assert difference(small.pairs(1, 2), reference(small, 1)) == ""


@constructions
def test_missing_pixels_from_above(construction: str) -> None:
    """Pixels of value -inf never enter a superlevel filtration."""
    images = torch.randint(6, (100, 5, 6), generator=torch.Generator().manual_seed(4)).float()
    images[images == 0] = -float("inf")
    f = cubical(images, construction=construction, superlevel=True)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
@pytest.mark.parametrize("superlevel", [False, True])
def test_walks_and_passes_agree(construction: str, superlevel: bool) -> None:
    """A few bumps on a slope, where the engine walks, and the same picture in noise, where it labels all pixels."""
    generator = torch.Generator().manual_seed(5)
    slope = torch.arange(30)[:, None] * 2 + torch.arange(25)
    bumps = slope + 40 * (torch.rand(6, 30, 25, generator=generator) < torch.linspace(0, 0.3, 6)[:, None, None])
    f = cubical(bumps.float(), construction=construction, superlevel=superlevel)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@constructions
def test_one_thread_is_two_threads(construction: str, use_threads) -> None:
    generator = torch.Generator().manual_seed(2)
    for shape in (
        (7, 20, 30),
        (1, 300, 200),
        (2, 64, 64),
        (1, 700, 500),
        (1, 3, 90000),
        (1, 90000, 2),
        (1, 601, 1203),
        (70, 40, 40),
    ):
        levels = 20 if shape[0] > 1 else 10**6
        f = cubical(torch.randint(levels, shape, generator=generator).float(), construction=construction)
        use_threads(1)
        alone = f.pairs(1, 2)
        for count in (2, 3):
            use_threads(count)
            assert difference(f.pairs(1, 2), alone) == ""
