"""Images against GUDHI's cubical complexes."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import strategies
from bars import intervals
from topolens.filtrations import cubical
from topolens.persistence import persistence

gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")


def oracle(image: Tensor, construction: str) -> list[list[tuple[float, float]]]:
    """Sorted bars in dimensions 0 and 1; GUDHI is given the pixels as a NumPy array, first axis = rows."""
    key = "vertices" if construction == "V" else "top_dimensional_cells"
    complex_ = gudhi.CubicalComplex(**{key: image.double().numpy()})
    complex_.persistence(homology_coeff_field=2, min_persistence=0)
    found = [complex_.persistence_intervals_in_dimension(k) for k in (0, 1)]
    return [sorted(map(tuple, bars.tolist())) for bars in found]


def ours(image: Tensor, construction: str) -> list[list[tuple[float, float]]]:
    d = persistence(cubical(image[None], construction=construction))
    return [intervals(d, k) for k in (0, 1)]


@settings(max_examples=200)
@given(strategies.images(max_side=10, levels=7), st.sampled_from(["V", "T"]))
def test_random_images_with_ties(images: Tensor, construction: str) -> None:
    assert ours(images[0], construction) == oracle(images[0], construction)


def random_images(count: int, seed: int, smallest: int = 1, largest: int = 24) -> Iterator[Tensor]:
    """Images of unequal sides, from many ties to none and from noise to slopes."""
    generator = torch.Generator().manual_seed(seed)
    for k in range(count):
        height, width = (int(torch.randint(smallest, largest + 1, (), generator=generator)) for _ in range(2))
        image = torch.randint((2, 5, 30, 10**6)[k % 4], (height, width), generator=generator).double()
        if k % 3 == 0:
            image = image.cumsum(0).sub(image.cumsum(1)).round()
        yield image


@pytest.mark.parametrize("construction", ["V", "T"])
def test_a_thousand_images(construction: str) -> None:
    """600 images for each construction."""
    for image in random_images(600, seed=len(construction) + ord(construction)):
        assert ours(image, construction) == oracle(image, construction)


@pytest.mark.parametrize("construction", ["V", "T"])
def test_cripser_finds_the_same(construction: str) -> None:
    """Rows of cripser: dim, birth, death (the largest number where none), then places. It drops sides of 1."""
    cripser = pytest.importorskip("cripser", reason="another oracle")
    compute = cripser.computePH if construction == "V" else cripser.computePH_T
    for image in random_images(150, seed=7, smallest=2):
        rows = compute(image.numpy(), maxdim=1)
        theirs = [
            sorted((b, d if d < 1e300 else float("inf")) for k, b, d in rows[:, :3].tolist() if k == dim)
            for dim in (0, 1)
        ]
        assert ours(image, construction) == theirs


@pytest.mark.parametrize("construction", ["V", "T"])
def test_oineus_finds_the_same(construction: str) -> None:
    oineus = pytest.importorskip("oineus", reason="another oracle")
    values_on = "vertices" if construction == "V" else "cells"
    for image in random_images(150, seed=8, smallest=2):
        filtration = oineus.cube_filtration(image.numpy(), max_dim=2, values_on=values_on)
        reduction = oineus.Decomposition(filtration, False, n_threads=1)
        reduction.reduce(oineus.ReductionParams())
        found = reduction.diagram(filtration, True)
        theirs = [sorted((b, d) for b, d in found.in_dimension(k).tolist() if b != d) for k in (0, 1)]
        assert ours(image, construction) == theirs


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("shape", [(64, 64), (40, 97), (3, 200)])
@pytest.mark.parametrize("levels", [5, 10**7])
def test_larger_images(construction: str, shape: tuple[int, int], levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    image = torch.randint(levels, shape, generator=generator).double()
    assert ours(image, construction) == oracle(image, construction)


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("name", ["non-square 4 x 9", "non-square 3 x 8"])
def test_non_square_images_are_not_scrambled(construction: str, name: str) -> None:
    """torch_topological 0.1.7 looks pixels up column by column, which only square images survive."""
    image = nasty.IMAGES[name][0]
    d = persistence(cubical(image[None], construction=construction))
    assert [intervals(d, k) for k in (0, 1)] == oracle(image, construction)
    finite = d.finite()
    rows, columns = np.unravel_index(finite.cells.numpy(), image.shape)
    assert torch.equal(image[rows, columns], finite.intervals)


@pytest.mark.parametrize("construction", ["V", "T"])
def test_a_digit_and_a_photograph(construction: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn bundles the pictures")
    for digit in datasets.load_digits().images[:20]:
        image = torch.from_numpy(digit)
        assert ours(image, construction) == oracle(image, construction)
    china = torch.tensor(datasets.load_sample_image("china.jpg"), dtype=torch.float64).mean(2).round()
    assert ours(china[:200:2, ::3], construction) == oracle(china[:200:2, ::3], construction)
