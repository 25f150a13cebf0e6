"""Bars of a prediction against those of a mask, by hand."""

import copy

import pytest
import torch
from torch import Tensor

from topolens.losses import TopologicalWassersteinLoss, topological_wasserstein


def row(*values: float) -> Tensor:
    """One image with one row."""
    return torch.tensor([[[values]]])


RING = torch.tensor([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0]])


def test_two_pieces_and_the_gap_between_them() -> None:
    p = row(0.9, 0.1, 0.6)  # bars from 0.9 to 0 and from 0.6 to 0.1
    both = topological_wasserstein(p, torch.tensor([[[1, 0, 1]]]), activation=None)
    torch.testing.assert_close(both, torch.tensor(0.01 + 0.16 + 0.01))
    one = topological_wasserstein(p, torch.tensor([[[1, 0, 0]]]), activation=None)
    torch.testing.assert_close(one, torch.tensor(0.01 + 0.5**2 / 2))
    none = topological_wasserstein(p, torch.tensor([[[0, 0, 0]]]), activation=None)
    torch.testing.assert_close(none, torch.tensor(0.9**2 / 2 + 0.5**2 / 2))


def test_assignments_differ_on_what_is_far_from_whole() -> None:
    p, mask = row(0.9, 0.1, 0.25), torch.tensor([[[1, 0, 1]]])
    longest = topological_wasserstein(p, mask, activation=None)
    torch.testing.assert_close(longest, torch.tensor(0.01 + 0.75**2 + 0.01))
    least = topological_wasserstein(p, mask, activation=None, assignment="wasserstein")
    torch.testing.assert_close(least, torch.tensor(0.01 + 0.15**2 / 2 + 0.5))


def test_a_hole_lasts_from_its_weakest_pixel_to_its_inside() -> None:
    p = torch.where(RING > 0, 0.9, 0.2)[None, None]
    p[0, 0, 0, 1] = 0.7
    wanted = 0.1**2 + 0.3**2 + 0.2**2  # the piece from 0.9 to 0, the hole from 0.7 to 0.2
    torch.testing.assert_close(topological_wasserstein(p, RING[None], activation=None), torch.tensor(wanted))
    only = topological_wasserstein(p, RING[None], activation=None, dims=[1])
    torch.testing.assert_close(only, torch.tensor(0.3**2 + 0.2**2))
    filled = topological_wasserstein(p, torch.ones(1, 3, 4), activation=None, dims=[1])
    torch.testing.assert_close(filled, torch.tensor(0.5**2 / 2))


def test_short_bars_are_left_alone_unless_they_are_needed() -> None:
    p = row(0.9, 0.1, 0.15)
    one, two = torch.tensor([[[1, 0, 0]]]), torch.tensor([[[1, 0, 1]]])
    torch.testing.assert_close(topological_wasserstein(p, one, activation=None, threshold=0.1), torch.tensor(0.01))
    wanted = torch.tensor(0.01 + 0.85**2 + 0.01)
    torch.testing.assert_close(topological_wasserstein(p, two, activation=None, threshold=0.1), wanted)


def test_constructions_see_corners_differently() -> None:
    p = torch.tensor([[[[0.9, 0.1], [0.1, 0.8]]]])
    mask = torch.eye(2)[None]
    apart = topological_wasserstein(p, mask, activation=None)
    torch.testing.assert_close(apart, torch.tensor(0.01 + 0.2**2 + 0.1**2))
    joined = topological_wasserstein(p, mask, activation=None, construction="T")
    torch.testing.assert_close(joined, torch.tensor(0.01))


def test_a_frame_closes_what_reaches_the_border() -> None:
    """A bar across the image cuts the ground in two; with a frame of 1 around, each half is a hole."""
    p = torch.tensor([[[[0.1, 0.9, 0.2], [0.1, 0.9, 0.2]]]])
    mask = torch.tensor([[[0, 1, 0], [0, 1, 0]]])
    framed = topological_wasserstein(p, mask, activation=None, frame=1.0)
    torch.testing.assert_close(framed, torch.tensor(0.1**2 + 0.1**2 + 0.2**2))  # births 0.9 of one, 1 of the other


def test_soft_targets_are_matched_exactly() -> None:
    p, soft = row(0.9, 0.1, 0.6), row(0.8, 0.2, 0.5)
    value = topological_wasserstein(p, soft, activation=None, assignment="wasserstein")
    torch.testing.assert_close(value, torch.tensor(0.01 + 0.01 + 0.01))
    with pytest.raises(ValueError, match="target must hold only 0 and 1 for assignment='persistence'"):
        topological_wasserstein(p, soft, activation=None)
    noise = row(0.9, 0.55, 0.6)
    quiet = topological_wasserstein(noise, row(0.8, 0.2, 0.1), activation=None, assignment="wasserstein", threshold=0.1)
    torch.testing.assert_close(quiet, torch.tensor(0.01))


def test_patches() -> None:
    p = row(0.9, 0.1, 0.6, 0.2)
    mask = torch.tensor([[[1, 0, 0, 1]]])
    whole = topological_wasserstein(p, mask, activation=None)
    torch.testing.assert_close(whole, torch.tensor(0.01 + 0.16 + 0.01))  # two pieces, though not where they should be
    halves = topological_wasserstein(p, mask, activation=None, patch=(1, 2))
    torch.testing.assert_close(halves, torch.tensor((0.01 + 0.16) / 2))
    assert topological_wasserstein(p, mask, activation=None, patch=64) == whole


def test_random_patches_come_from_the_generator() -> None:
    p, mask = torch.rand(2, 1, 9, 12), torch.rand(2, 9, 12) > 0.5
    loss = TopologicalWassersteinLoss(activation=None, patch=4, crops=3, generator=torch.Generator().manual_seed(0))
    again = copy.deepcopy(loss)
    first, second = loss(p, mask), loss(p, mask)
    assert first != second
    assert again(p, mask) == first


def test_classes_and_reductions() -> None:
    logits, target = torch.randn(2, 3, 6, 7), torch.randint(3, (2, 6, 7))
    each = topological_wasserstein(logits, target, reduction="none")
    assert each.shape == (2, 2)
    alone = topological_wasserstein(logits.softmax(1)[:, 2:], target == 2, activation=None, reduction="none")
    torch.testing.assert_close(each[:, 1:], alone)
    torch.testing.assert_close(topological_wasserstein(logits, target), each.mean())
    assert topological_wasserstein(logits, target, include_background=True, reduction="none").shape == (2, 3)


def test_the_module_is_the_function() -> None:
    logits, target = torch.randn(2, 3, 6, 7), torch.randint(3, (2, 6, 7))
    settings = {"construction": "T", "dims": [0], "assignment": "wasserstein", "threshold": 0.1, "patch": 5}
    loss = TopologicalWassersteinLoss(**settings)
    assert loss(logits, target) == topological_wasserstein(logits, target, **settings)
    assert "construction='T'" in repr(loss)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"assignment": "urgency"}, "assignment must be 'persistence' or 'wasserstein', got 'urgency'"),
        ({"dims": [2]}, "dims must be different numbers from 0 to 1 for maps of 2 axes"),
        ({"dims": [0, 0]}, "dims must be different numbers"),
        ({"dims": []}, "dims must be different numbers"),
        ({"construction": "X"}, 'construction must be "V" or "T"'),
        ({"crops": 2}, "crops=2 needs patch"),
        ({"crops": 0, "patch": 2}, "crops must be a positive integer"),
        ({"patch": 0}, "patch must be a positive integer or 2 of them"),
        ({"patch": (2, 2, 2)}, "patch must be a positive integer or 2 of them"),
        ({"reduction": "all"}, "reduction must be"),
        ({"frame": float("nan")}, "frame must be a finite number"),
    ],
)
def test_wrong_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        topological_wasserstein(torch.randn(1, 1, 4, 4), torch.zeros(1, 4, 4), **settings)
