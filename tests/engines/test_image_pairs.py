"""Image persistence = the textbook: columns in the order of one image, pivots in that of the other."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import strategies
from bars import difference
from topolens.engines import Pairs, canonical, concatenate
from topolens.engines.compiled import image_pairs
from topolens.engines.reference import reference_image_pairs
from topolens.filtrations import cubical

constructions = pytest.mark.parametrize("construction", ["V", "T"])


def textbook(inner: Tensor, outer: Tensor, construction: str, max_dim: int = 1) -> Pairs:
    f, g = (cubical(x, construction=construction) for x in (inner, outer))
    parts = [
        reference_image_pairs(f.explicit(item, max_dim), g.explicit(item, max_dim), max_dim, 2)
        for item in range(f.batch_size)
    ]
    return canonical(concatenate(parts))


def differences(inner: Tensor, outer: Tensor, construction: str, max_dim: int = 1) -> str:
    return difference(image_pairs(inner, outer, construction, max_dim), textbook(inner, outer, construction, max_dim))


@constructions
def test_all_two_level_images_in_all_others(construction: str) -> None:
    """All pairs of images of 2 x 3 pixels over {0, 1} with inner >= outer."""
    images = torch.cartesian_prod(*[torch.arange(2.0)] * 6).reshape(-1, 2, 3)
    one, other = (x.reshape(-1) for x in torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij"))
    nested = (images[one] >= images[other]).flatten(1).all(1)
    assert differences(images[one[nested]], images[other[nested]], construction) == ""


@constructions
@pytest.mark.parametrize("levels", [2, 3, 5, 1000])
def test_random_images(construction: str, levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    for shape in ((3, 3), (4, 5), (5, 4), (1, 7), (7, 1), (6, 6)):
        outer = torch.randint(levels, (100, *shape), generator=generator).float()
        inner = outer + torch.randint(levels, (100, *shape), generator=generator) * torch.randint(
            2, (100, *shape), generator=generator
        )
        assert differences(inner, outer, construction) == ""


@constructions
@pytest.mark.parametrize("shape", [(17, 23), (1, 90), (2, 40), (24, 16)])
@pytest.mark.parametrize("levels", [2, 40, 10**6])
def test_larger_images(construction: str, shape: tuple[int, int], levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    one, other = torch.randint(levels, (2, 2, *shape), generator=generator).double()
    assert differences(one, torch.minimum(one, other), construction) == ""


@settings(max_examples=100)
@given(
    strategies.images(max_side=7, levels=4, batch=2),
    strategies.images(max_side=7, levels=4, batch=2),
    st.sampled_from(["V", "T"]),
)
def test_random_images_with_ties(one: Tensor, other: Tensor, construction: str) -> None:
    height, width = (min(one.shape[k], other.shape[k]) for k in (1, 2))
    one, other = one[:, :height, :width], other[:, :height, :width]
    assert differences(torch.maximum(one, other), one, construction) == ""


@constructions
def test_missing_pixels(construction: str) -> None:
    generator = torch.Generator().manual_seed(0)
    outer = torch.randint(6, (200, 4, 5), generator=generator).double()
    inner = outer + torch.randint(3, outer.shape, generator=generator)
    outer[outer == 5] = inner[inner >= 5] = float("inf")
    assert differences(torch.maximum(inner, outer), outer, construction) == ""


@constructions
@pytest.mark.parametrize("name", [n for n, x in nasty.IMAGES.items() if x.ndim == 3])
@pytest.mark.parametrize("max_dim", [0, 1, 2])
def test_an_image_in_itself(construction: str, name: str, max_dim: int) -> None:
    images = nasty.IMAGES[name]
    f = cubical(images, construction=construction)
    assert difference(image_pairs(images, images, construction, max_dim), f.pairs(max_dim, 2)) == ""


@constructions
def test_one_thread_is_two_threads(construction: str, use_threads) -> None:
    one, other = torch.randint(20, (2, 5, 200, 300), generator=torch.Generator().manual_seed(2)).float()
    outer = torch.minimum(one, other)
    use_threads(1)
    alone = image_pairs(one, outer, construction, 1)
    for count in (2, 3):
        use_threads(count)
        assert difference(image_pairs(one, outer, construction, 1), alone) == ""
