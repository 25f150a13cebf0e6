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
def test_one_thread_is_two_threads(construction: str, use_threads) -> None:
    generator = torch.Generator().manual_seed(2)
    for shape in ((7, 20, 30), (1, 300, 200), (2, 64, 64)):
        f = cubical(torch.randint(20, shape, generator=generator).float(), construction=construction)
        use_threads(1)
        alone = f.pairs(1, 2)
        for count in (2, 3):
            use_threads(count)
            assert difference(f.pairs(1, 2), alone) == ""
