"""Laws of metrics of masks: batches, turns, duality, and how metrics bound each other."""

from collections.abc import Callable
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from strategies import grids
from topolens import metrics as m
from topolens.metrics.cldice import _skeleton
from topolens.metrics.components import DUAL, connected_components

Metric = Callable[..., Tensor]


def connected(connectivity: int) -> dict[str, Metric]:
    """Metrics of two masks with a connectivity."""
    functions = [m.betti_number_error, m.betti_matching_error, m.diu, m.variation_of_information, m.adapted_rand_error]
    return {f.__name__: (lambda p, y, f=f: f(p, y, connectivity=connectivity)) for f in functions}


def plain(axes: int) -> dict[str, Metric]:
    """Metrics of two masks that know no connectivity."""
    functions = [m.dice, m.cldice, m.hausdorff95, m.average_surface_distance]
    return {f.__name__: (lambda p, y, f=f: f(p, y, axes=axes)) for f in functions}


def pairs(sides: int, batch: int = 1) -> st.SearchStrategy[Tensor]:
    """Two batches of masks of one shape, shape (2, batch, *S)."""
    return grids(sides, max_side=6 if sides == 2 else 4, levels=2, batch=2 * batch).map(
        lambda x: x.reshape(2, batch, *x.shape[1:]).bool()
    )


def equal(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one.double(), other.double(), rtol=0, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (2, 8), (3, 6), (3, 26)])
def test_a_batch_is_its_items(sides: int, connectivity: int) -> None:
    @given(pairs(sides, batch=3))
    def check(both: Tensor) -> None:
        one, other = both
        for name, metric in {**connected(connectivity), **plain(sides)}.items():
            apart = torch.cat([metric(p[None], y[None]) for p, y in zip(one, other, strict=True)])
            assert equal(metric(one, other), apart), name
        for function in (m.betti_numbers, m.euler_characteristic):
            apart = torch.cat([function(p[None], connectivity=connectivity) for p in one])
            assert torch.equal(function(one, connectivity=connectivity), apart)

    check()


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (2, 8), (3, 6), (3, 26)])
def test_turns_and_flips_change_nothing(sides: int, connectivity: int) -> None:
    """But for skeletons, and for the partners of tunnels, which follow the order of voxels."""

    @given(pairs(sides), st.permutations(range(1, sides + 1)), st.lists(st.integers(1, sides), unique=True))
    def check(both: Tensor, order: list[int], flips: list[int]) -> None:
        one, other = both
        turned = both.permute(0, 1, *[axis + 1 for axis in order]).flip([axis + 1 for axis in flips])
        for name, metric in {**connected(connectivity), **plain(sides)}.items():
            before, after = metric(one, other), metric(*turned)
            if name == "betti_matching_error" and sides == 3:
                before, after = before[:, ::2], after[:, ::2]
            assert name == "cldice" or equal(before, after), name
        for function in (m.betti_numbers, m.euler_characteristic):
            assert torch.equal(*(function(x, connectivity=connectivity) for x in (one, turned[0])))
        spacing = [0.5, 2.0, 3.0][:sides]
        there = m.surface_distances(one, other, spacing=spacing, axes=sides)
        back = m.surface_distances(*turned, spacing=[spacing[axis - 1] for axis in order], axes=sides)
        assert all(map(equal, there, back))

    check()


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (2, 8), (3, 6), (3, 26)])
def test_betti_numbers_are_components_and_their_duals(sides: int, connectivity: int) -> None:
    @given(grids(sides, max_side=7 if sides == 2 else 4, levels=2, batch=2))
    def check(x: Tensor) -> None:
        mask = x.bool()
        betti = m.betti_numbers(mask, connectivity=connectivity)
        outside = ~torch.nn.functional.pad(mask, (1, 1) * sides)
        assert torch.equal(betti[:, 0], connected_components(mask, connectivity).counts)
        assert torch.equal(betti[:, -1], connected_components(outside, DUAL[connectivity]).counts - 1)
        signs = torch.tensor([1, -1, 1][:sides])
        assert torch.equal((betti * signs).sum(1), m.euler_characteristic(mask, connectivity=connectivity))
        if sides == 3:  # Alexander duality, the outside being a component of its own
            assert torch.equal(betti[:, 1], m.betti_numbers(outside, connectivity=DUAL[connectivity])[:, 1])

    check()


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (2, 8), (3, 6), (3, 26)])
def test_both_ways_round_and_bounds(sides: int, connectivity: int) -> None:
    @given(pairs(sides))
    def check(both: Tensor) -> None:
        one, other = both
        for name, metric in {**connected(connectivity), **plain(sides)}.items():
            there, back = metric(one, other), metric(other, one)
            one_way = name in ("variation_of_information", "adapted_rand_error")  # the background of one counts
            assert one_way or equal(there, back), name
            perfect = 1 if "dice" in name else 0
            assert (metric(one, one) == perfect).all(), name
        number = m.betti_number_error(one, other, connectivity=connectivity)
        matching = m.betti_matching_error(one, other, connectivity=connectivity)
        # What has partners on both sides cancels, so that the rest differs by an even number.
        assert (matching >= number).all()
        assert ((matching - number) % 2 == 0).all()
        shared, union = one & other, one | other
        inner, outer = (m.betti_numbers(x, connectivity=connectivity) for x in (shared, union))
        assert (m.diu(one, other, connectivity=connectivity) >= (inner - outer).abs()).all()

    check()


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (3, 26)])
def test_background_around_changes_nothing(sides: int, connectivity: int) -> None:
    """But for the diagonal of the image, which stands for the distance to an empty mask."""

    @given(pairs(sides), st.lists(st.integers(0, 3), min_size=2 * sides, max_size=2 * sides))
    def check(both: Tensor, margins: list[int]) -> None:
        one, other = both[0], both[0] | both[1]
        wider = [torch.nn.functional.pad(x, margins) for x in (one, other)]
        for name, metric in {**connected(connectivity), **plain(sides)}.items():
            if one.any() or name not in ("hausdorff95", "average_surface_distance"):
                assert equal(metric(one, other), metric(*wider)), name

    check()


@given(pairs(2))
def test_patches_of_the_whole_image_are_the_whole_image(both: Tensor) -> None:
    one, other = both
    whole = m.betti_number_error(one, other, connectivity=4)
    for patch in (tuple(one.shape[1:]), 50):
        assert torch.equal(m.betti_number_error(one, other, connectivity=4, patch=patch), whole)


@given(grids(2, max_side=7, levels=2), st.integers(1, 4), st.integers(1, 4))
def test_patches_are_cut_side_by_side(x: Tensor, height: int, width: int) -> None:
    one, none = x.bool(), torch.zeros_like(x).bool()
    parts = [p for row in one.split(height, 1) for p in row.split(width, 2)]
    mean = torch.stack([m.betti_numbers(p, connectivity=8) for p in parts]).float().mean(0)
    assert equal(m.betti_number_error(none, one, connectivity=8, patch=(height, width)), mean)


@given(grids(3, max_side=5, levels=2))
def test_patches_of_volumes(x: Tensor) -> None:
    one, none = x.bool(), torch.zeros_like(x).bool()
    parts = [p for a in one.split(2, 1) for b in a.split(3, 2) for p in b.split(2, 3)]
    mean = torch.stack([m.betti_numbers(p, connectivity=6) for p in parts]).float().mean(0)
    assert equal(m.betti_number_error(none, one, connectivity=6, patch=(2, 3, 2)), mean)


@pytest.mark.parametrize("shape", [(3, 4), (2, 2, 3)])
def test_skeletons_keep_every_component_and_add_nothing(shape: tuple[int, ...]) -> None:
    masks = torch.tensor(list(product((False, True), repeat=12))).reshape(-1, *shape)
    thin = torch.stack([torch.from_numpy(_skeleton(x.numpy())) for x in masks])
    connectivity = 8 if len(shape) == 2 else 26
    assert not (thin & ~masks).any()
    counts = [connected_components(x, connectivity).counts for x in (masks, thin)]
    assert torch.equal(*counts)
