"""Metrics of masks small enough to see the answer, and the rules for empty ones."""

import math

import pytest
import torch
from torch import Tensor

from topolens import metrics as m


def mask(*rows: str) -> Tensor:
    """One mask, a string per row, # in the mask."""
    return torch.tensor([[c == "#" for c in row] for row in rows])[None]


RING = mask("###", "#.#", "###")
FULL = mask("###", "###", "###")
EMPTY = torch.zeros(1, 3, 3, dtype=torch.bool)
DIAMOND = mask(".#.", "#.#", ".#.")
PAIR = ((8, [[1, 1]]), (4, [[4, 0]]))


@pytest.mark.parametrize(("connectivity", "expected"), PAIR)
def test_connectivity_decides(connectivity: int, expected: list[list[int]]) -> None:
    assert m.betti_numbers(DIAMOND, connectivity=connectivity).tolist() == expected
    assert m.euler_characteristic(DIAMOND, connectivity=connectivity).tolist() == [expected[0][0] - expected[0][1]]


def test_betti_numbers_of_volumes() -> None:
    shell = torch.ones(5, 5, 5, dtype=torch.bool)
    shell[2, 2, 2] = False
    torus = torch.zeros_like(shell)
    torus[2, 1:4, 1:4] = RING[0]
    corners = torch.zeros_like(shell)
    corners[0, 0, 0] = corners[1, 1, 1] = True
    volumes = torch.stack([shell, torus, corners, torch.ones_like(shell), torch.zeros_like(shell)])
    assert m.betti_numbers(volumes, connectivity=26).tolist() == [[1, 0, 1], [1, 1, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert m.betti_numbers(volumes, connectivity=6).tolist() == [[1, 0, 1], [1, 1, 0], [2, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert m.euler_characteristic(volumes, connectivity=6).tolist() == [2, 0, 2, 1, 0]


def test_errors_in_patches_see_what_the_whole_hides() -> None:
    target = mask("###...", "#.#...", "###...")
    elsewhere = target.flip(2)
    assert m.betti_number_error(elsewhere, target, connectivity=8).tolist() == [[0, 0]]
    assert m.betti_number_error(elsewhere, target, connectivity=8, patch=3).tolist() == [[1, 1]]
    # Patches of 3 x 4: the last one is half of background.
    assert m.betti_number_error(elsewhere, target, connectivity=8, patch=(3, 4)).tolist() == [[0.5, 0.5]]


def test_a_bridge_and_a_gap() -> None:
    apart, joined = mask("##.##"), mask("#####")
    for one, other in ((apart, joined), (joined, apart)):
        assert m.diu(one, other, connectivity=8).tolist() == [[1, 0]]
        assert m.betti_matching_error(one, other, connectivity=8).tolist() == [[1, 0]]


def test_the_right_number_in_the_wrong_place() -> None:
    one, other = mask("#...#", "....."), mask(".....", "..#..")
    assert m.betti_number_error(one, torch.roll(one, 1, 1), connectivity=4).tolist() == [[0, 0]]
    assert m.betti_matching_error(one, other, connectivity=4).tolist() == [[3, 0]]
    assert m.betti_matching_error(one, other, connectivity=4, ties="index").tolist() == [[1, 0]]  # one never counts
    assert m.diu(one, other, connectivity=4).tolist() == [[3, 0]]


def test_a_hole_cut_in_two_has_one_partner() -> None:
    whole = mask("#####", "#...#", "#####")
    cut = mask("#####", "#.#.#", "#####")
    for ties in ("canonical", "index"):
        assert m.betti_matching_error(whole, cut, connectivity=8, ties=ties).tolist() == [[0, 1]]
    # The loop around both holes is no loop around one of them, and a map of homology says so.
    assert m.diu(whole, cut, connectivity=8).tolist() == [[0, 1]]


def test_holes_match_through_a_hole_of_both() -> None:
    left, right = mask("#####", "#..##", "#####"), mask("#####", "##..#", "#####")
    aside = mask("#####", "###.#", "#####")
    assert m.betti_matching_error(left, right, connectivity=4).tolist() == [[0, 0]]
    assert m.betti_matching_error(left, aside, connectivity=4).tolist() == [[0, 2]]
    # The intersection has one hole of three pixels, which the union fills.
    assert m.diu(left, aside, connectivity=4).tolist() == [[0, 1]]


def test_features_of_volumes() -> None:
    shell = torch.ones(1, 5, 5, 5, dtype=torch.bool)
    shell[0, 2, 2, 2] = False
    pierced = shell.clone()
    pierced[0, 2, 2, :2] = False
    tunnel = shell.clone()
    tunnel[0, 2, 2, :] = False
    for connectivity in (6, 26):
        for function in (m.betti_matching_error, m.diu):
            assert function(shell, pierced, connectivity=connectivity).tolist() == [[0, 0, 1]]
            assert function(shell, tunnel, connectivity=connectivity).tolist() == [[0, 1, 1]]
            assert function(tunnel, tunnel, connectivity=connectivity).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("ties", ["canonical", "index"])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_an_empty_mask_misses_everything(connectivity: int, ties: str) -> None:
    two = torch.cat([mask("###..", "#.#.#", "###..")])
    none = torch.zeros_like(two)
    assert m.betti_numbers(none, connectivity=connectivity).tolist() == [[0, 0]]
    assert m.euler_characteristic(none, connectivity=connectivity).tolist() == [0]
    for one, other, expected in ((none, two, [[2, 1]]), (two, none, [[2, 1]]), (none, none, [[0, 0]])):
        assert m.betti_number_error(one, other, connectivity=connectivity).tolist() == expected
        assert m.betti_matching_error(one, other, connectivity=connectivity, ties=ties).tolist() == expected
        assert m.diu(one, other, connectivity=connectivity).tolist() == expected


def test_scores_of_empty_masks() -> None:
    for function in (m.dice, m.cldice):
        assert function(EMPTY, EMPTY).tolist() == [1]
        assert function(EMPTY, RING).tolist() == function(RING, EMPTY).tolist() == [0]
    for function in (m.hausdorff95, m.average_surface_distance):
        assert function(EMPTY, EMPTY).tolist() == [0]
        worst = math.hypot(2, 4)
        for one, other in ((EMPTY, RING), (RING, EMPTY)):
            assert function(one, other, spacing=(1, 2)).tolist() == pytest.approx([worst])
            assert function(one, other, absent=99).tolist() == [99]
            assert function(one, other, absent=math.nan).isnan().all()
    for one, other in ((EMPTY, RING), (RING, EMPTY)):
        assert m.variation_of_information(one, other, connectivity=8).isnan().all()
        assert m.adapted_rand_error(one, other, connectivity=8).tolist() == [1]
    assert m.variation_of_information(EMPTY, EMPTY, connectivity=8).tolist() == [[0, 0]]
    assert m.adapted_rand_error(EMPTY, EMPTY, connectivity=8).tolist() == [0]


def test_full_masks_and_equal_masks_have_nothing_wrong() -> None:
    for one in (FULL, RING, DIAMOND, EMPTY):
        assert m.betti_number_error(one, one, connectivity=8).sum() == 0
        assert m.betti_matching_error(one, one, connectivity=8).sum() == 0
        assert m.diu(one, one, connectivity=8).sum() == 0
        assert m.variation_of_information(one, one, connectivity=8).sum() == 0
        assert m.adapted_rand_error(one, one, connectivity=8).sum() == 0
        assert m.dice(one, one).tolist() == m.cldice(one, one).tolist() == [1]
        assert [x.tolist() for x in m.surface_distances(one, one)] == [[0], [0]]


def test_dice_and_cldice() -> None:
    thick, thin = mask("#########", "#########", "#########"), mask(".........", "#########", ".........")
    assert m.dice(thick, thin).tolist() == [2 * 9 / 36]
    # Thinning leaves eight pixels of the thick one, and the last of them above the line.
    assert m.cldice(thick, thin).tolist() == pytest.approx([2 * 7 / 8 / (1 + 7 / 8)])
    broken = mask(".........", "####.####", ".........")
    assert m.cldice(broken, thin).tolist() == pytest.approx([2 * 8 / 9 / (1 + 8 / 9)])
    assert m.cldice(mask("#..."), mask("...#")).tolist() == [0]


def test_surface_distances() -> None:
    square, dot = mask(".....", ".###.", ".###.", ".###.", "....."), mask(".....", ".....", "..#..", ".....", ".....")
    there = [1.0] * 4 + [math.sqrt(2)] * 4
    found = m.surface_distances(square, dot)
    assert found.average.item() == pytest.approx((sum(there) + 1) / 9)
    assert found.hausdorff95.item() == pytest.approx(math.sqrt(2))
    assert m.hausdorff95(square, dot, spacing=0.5).item() == pytest.approx(math.sqrt(2) / 2)
    touching = mask("##")  # the rim of the image is a surface as well
    assert m.average_surface_distance(touching, mask("#.")).item() == pytest.approx(1 / 3)


def test_volumes_without_classes_need_their_axes_said() -> None:
    one, other = torch.zeros(2, 1, 3, 4, 5, dtype=torch.bool).bernoulli_(0.5)
    assert m.dice(one, other).shape == (1, 3)
    assert m.dice(one, other, axes=3).shape == (1,)
    assert m.cldice(one[:, None], other[:, None]).shape == (1, 1)
    assert m.hausdorff95(one, other, axes=3, spacing=(1, 1, 2)).shape == (1,)


def test_segments() -> None:
    whole, halves = mask("######"), mask("###.##")
    splits, merges = m.variation_of_information(halves, whole, connectivity=4)[0].tolist()
    three = [3 / 6, 1 / 6, 2 / 6]  # left, what is missing, right
    assert splits == pytest.approx(-sum(x * math.log2(x) for x in three))
    assert merges == 0
    assert m.adapted_rand_error(halves, whole, connectivity=4).item() == pytest.approx(1 - 2 * 8 / (30 + 8))
    everywhere = m.variation_of_information(halves, whole, connectivity=4, ignore_background=False)
    assert everywhere.tolist() == [[splits, merges]]


def test_averages_keep_classes_apart_and_leave_nan_out() -> None:
    score = m.Averaged(m.betti_matching_error, connectivity=8, classes=(1, 2))
    target = torch.stack([RING[0] * 1, RING[0] * 2])
    values = score(torch.zeros_like(target), target)
    assert values.shape == (2, 2, 2)
    assert score.compute().tolist() == [[0.5, 0.5], [0.5, 0.5]]
    score.update(target[:1], target[:1])
    assert score.compute().tolist() == [pytest.approx([1 / 3] * 2), pytest.approx([1 / 3] * 2)]
    score.reset()
    with pytest.raises(RuntimeError, match=r"needs a batch at least; call update\(\) first"):
        score.compute()
    distance = m.Averaged(m.hausdorff95, absent=math.nan)
    distance.update(torch.cat([RING, EMPTY]), torch.cat([FULL, FULL]))
    assert distance.compute().item() == m.hausdorff95(RING, FULL).item()
    distance.reset()
    distance.update(EMPTY, FULL)
    assert distance.compute().isnan()
    counts = m.Averaged(m.betti_numbers, connectivity=8)
    counts.update(torch.cat([RING, EMPTY]))
    assert counts.compute().tolist() == [0.5, 0.5]
    assert repr(distance) == "Averaged(hausdorff95, absent=nan)"


def test_averages_refuse_other_shapes() -> None:
    score = m.Averaged(m.dice)
    score.update(RING, FULL)
    with pytest.raises(ValueError, match=r"values must have the same shape in each batch, got \(1,\) after \(\)"):
        score.update(RING[None], FULL[None])
