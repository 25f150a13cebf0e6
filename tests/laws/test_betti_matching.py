"""Laws of Betti matching: of itself with itself, under exchange, mirror images and inversion."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from topolens.losses import betti_matching, betti_matching_parts

SHAPES = st.one_of(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
)
SETTINGS = st.fixed_dictionaries(
    {
        "construction": st.sampled_from(["V", "T"]),
        "filtration": st.sampled_from(["superlevel", "sublevel", "both"]),
        "relative": st.booleans(),
        "essential": st.booleans(),
    }
)


def distinct(shape: tuple[int, ...], seed: int) -> Tensor:
    """Probabilities with no two alike."""
    count = torch.Size(shape).numel()
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return ((order + 1).double() / (count + 1)).reshape(1, 1, *shape)


def loss(p: Tensor, target: Tensor, settings: dict) -> float:
    return float(betti_matching(p, target, activation=None, **settings))


@given(SHAPES, SETTINGS, st.booleans())
def test_nothing_to_learn_from_oneself(shape: tuple[int, ...], settings: dict, valid: bool) -> None:
    p = distinct(shape, 0)
    assert loss(p, p, settings | {"valid": valid}) == 0
    parts = betti_matching_parts(p, p, activation=None, valid=valid, **settings)
    assert len(parts.unmatched_prediction.dim) == len(parts.unmatched_target.dim) == 0


@given(SHAPES, SETTINGS, st.integers(0, 99))
def test_prediction_and_target_may_be_exchanged(shape: tuple[int, ...], settings: dict, seed: int) -> None:
    p, target = distinct(shape, seed), distinct(shape, seed + 100)
    there, back = loss(p, target, settings), loss(target, p, settings)
    assert abs(there - back) < 1e-9 * (1 + there)


@given(SHAPES, SETTINGS, st.integers(0, 99))
def test_thresholds_that_fall_are_those_that_rise_upside_down(
    shape: tuple[int, ...], settings: dict, seed: int
) -> None:
    p, target = distinct(shape, seed), distinct(shape, seed + 100)
    other = {"superlevel": "sublevel", "sublevel": "superlevel", "both": "both"}[settings["filtration"]]
    there = loss(p, target, settings)
    back = loss(1 - p, 1 - target, settings | {"filtration": other})
    assert abs(there - back) < 1e-9 * (1 + there)


@given(SHAPES, st.sampled_from(["V", "T"]), st.integers(0, 99))
def test_the_bars_do_not_depend_on_how_the_image_lies(shape: tuple[int, ...], construction: str, seed: int) -> None:
    """Which bars are matched may, where one pixel kills several; their lengths may not."""
    p, target = distinct(shape, seed), (distinct(shape, seed + 100) > 0.5).double()
    axes = [axis + 2 for axis in range(len(shape)) if seed >> axis & 1]
    turned = [x.flip(axes).transpose(-1, -2) for x in (p, target)]
    lengths = []
    for pair in ((p, target), turned):
        parts = betti_matching_parts(*pair, activation=None, construction=construction)  # type: ignore[arg-type]
        bars = torch.cat([parts.matched_prediction.values, parts.unmatched_prediction.values])
        lengths.append(sorted(bars.diff(dim=1)[:, 0].tolist()))
    assert lengths[0] == lengths[1]


@given(SHAPES, SETTINGS, st.integers(0, 99))
def test_components_make_up_the_loss(shape: tuple[int, ...], settings: dict, seed: int) -> None:
    p, target = distinct(shape, seed), (distinct(shape, seed + 100) > 0.5).double()
    parts = betti_matching_parts(p, target, activation=None, **settings)
    one, other = parts.matched_prediction.values, parts.matched_target.values
    total = 2 * (one - other).nan_to_num().square().sum()  # inf - inf: neither dies
    total += sum(bars.values.diff(dim=1).square().sum() for bars in parts[2:])
    assert abs(float(total) - loss(p, target, settings)) < 1e-9
