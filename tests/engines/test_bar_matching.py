"""Matchings of the bars of two images = the textbook, cell by cell."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from topolens.engines.compiled import matched_bars
from topolens.engines.pairs import Matches
from topolens.engines.reference import reference_matches
from topolens.filtrations import cubical

constructions = pytest.mark.parametrize("construction", ["V", "T"])


def differences(one: Tensor, other: Tensor, construction: str, outer: Tensor | None = None) -> str:
    """Empty if the matching is that of the textbook, otherwise the first item where it is not."""
    outer = torch.minimum(one, other) if outer is None else outer
    found = matched_bars(one, other, outer, construction, 1)
    f, g, h = (cubical(x, construction=construction) for x in (one, other, outer))
    for item in range(len(one)):
        expected = reference_matches(*(x.explicit(item, 1) for x in (f, g, h)), max_dim=1, field=2)
        own = found.batch == item
        for name in ("dim", "first", "second"):
            here, there = getattr(found, name)[own], getattr(expected, name)
            if not np.array_equal(here, there):
                return f"{name} of item {item}: {here.tolist()}, not {there.tolist()}"
    return ""


@constructions
def test_all_pairs_of_two_level_images(construction: str) -> None:
    """All pairs of images of 2 x 3 pixels over {0, 1}."""
    images = torch.cartesian_prod(*[torch.arange(2.0)] * 6).reshape(-1, 2, 3)
    one, other = (x.reshape(-1) for x in torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij"))
    assert differences(images[one], images[other], construction) == ""


@constructions
@pytest.mark.parametrize("levels", [2, 3, 5, 1000])
def test_random_images(construction: str, levels: int) -> None:
    """Noise has pixels that start or end several bars at once."""
    generator = torch.Generator().manual_seed(levels)
    for shape in ((3, 3), (4, 5), (5, 4), (1, 7), (7, 1), (7, 7)):
        one, other = torch.randint(levels, (2, 100, *shape), generator=generator).float()
        assert differences(one, other, construction) == ""


@pytest.mark.parametrize(("construction", "count"), [("V", 500), ("T", 150)])
def test_the_order_of_joins_at_one_pixel(construction: str, count: int) -> None:
    """Where a pixel joins three components, their order counts; an outer image of its own makes that show."""
    generator = torch.Generator().manual_seed(4)
    one, other = torch.randint(1000, (2, 500, 9, 9), generator=generator).float()[:, :count]
    outer = torch.minimum(one, other) * torch.rand(one.shape, generator=generator)
    assert differences(one, other, construction, outer) == ""


@constructions
@pytest.mark.parametrize("levels", [2, 30, 10**6])
def test_larger_images(construction: str, levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    one, other = torch.randint(levels, (2, 3, 17, 22), generator=generator).double()
    assert differences(one, other, construction) == ""
    lower = torch.minimum(one, other) - torch.randint(3, one.shape, generator=generator)
    assert differences(one, other, construction, outer=lower) == ""


@settings(max_examples=100)
@given(
    strategies.images(max_side=7, levels=4, batch=2),
    strategies.images(max_side=7, levels=4, batch=2),
    st.sampled_from(["V", "T"]),
)
def test_random_images_with_ties(one: Tensor, other: Tensor, construction: str) -> None:
    height, width = (min(one.shape[k], other.shape[k]) for k in (1, 2))
    assert differences(one[:, :height, :width], other[:, :height, :width], construction) == ""


@constructions
def test_an_image_is_matched_with_itself(construction: str) -> None:
    images = torch.rand(3, 20, 25, generator=torch.Generator().manual_seed(0))
    found = matched_bars(images, images, images, construction, 1)
    assert np.array_equal(found.first, found.second)
    pairs = cubical(images, construction=construction).pairs(1, 2)
    assert np.array_equal(found.first, pairs.cells)


@constructions
def test_exchanging_the_images_exchanges_the_bars(construction: str) -> None:
    one, other = torch.randint(9, (2, 3, 15, 12), generator=torch.Generator().manual_seed(1)).float()
    outer = torch.minimum(one, other)
    there, back = matched_bars(one, other, outer, construction, 1), matched_bars(other, one, outer, construction, 1)
    assert rows(there) == rows(Matches(back.dim, back.batch, back.second, back.first))


def rows(found: Matches) -> list[tuple[int, ...]]:
    return sorted(map(tuple, np.column_stack([found.batch, found.dim, found.first, found.second]).tolist()))


@constructions
def test_one_thread_is_two_threads(construction: str, use_threads) -> None:
    one, other = torch.randint(20, (2, 5, 200, 300), generator=torch.Generator().manual_seed(2)).float()
    outer = torch.minimum(one, other)
    use_threads(1)
    alone = matched_bars(one, other, outer, construction, 1)
    for count in (2, 3):
        use_threads(count)
        assert rows(matched_bars(one, other, outer, construction, 1)) == rows(alone)


@pytest.mark.parametrize("shape", [(0, 4, 4), (2, 0, 5)])
def test_nothing_to_match(shape: tuple[int, ...]) -> None:
    images = torch.zeros(shape)
    assert len(matched_bars(images, images, images, "V", 1).dim) == 0
