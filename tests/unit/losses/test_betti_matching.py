"""Betti matching by hand: the published example, what is told to which pixel, and what is refused."""

from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from induced_matching import Image, Row, bars_between, cost, induced_matching, matching
from topolens.engines.compiled import matched_bars
from topolens.losses import BettiMatchingLoss, betti_matching, betti_matching_parts
from topolens.losses.matched_bars import MatchedBars, PlacedBars

# Likelihood and ground truth of the example in "Topologically faithful image segmentation via induced matching of
# persistence barcodes".
LIKELIHOOD = torch.tensor(
    [
        [0.89, 0.85, 0.79, 0.15, 0.11, 0.05, 0.09],
        [0.81, 0.05, 0.91, 0.09, 0.03, 0.21, 0.13],
        [0.95, 0.89, 0.94, 0.02, 0.18, 0.12, 0.23],
        [0.19, 0.12, 0.05, 0.14, 0.08, 0.22, 0.16],
        [0.25, 0.01, 0.12, 0.23, 0.98, 0.92, 0.81],
        [0.11, 0.04, 0.09, 0.14, 0.91, 0.04, 0.79],
        [0.05, 0.16, 0.23, 0.17, 0.81, 0.83, 0.99],
    ],
    dtype=torch.float64,
)[None, None]
TRUTH = torch.tensor(
    [
        [1, 1, 1, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 1],
        [0, 0, 0, 0, 1, 0, 1],
        [0, 0, 0, 0, 1, 1, 1],
    ]
)[None]


def by_dim(parts: MatchedBars, dim: int) -> float:
    """The loss from its components, those of one dimension."""
    total = torch.zeros((), dtype=torch.float64)
    one, other = (bars.values[bars.dim == dim] for bars in parts[:2])
    total += 2 * (one - other).nan_to_num().square().sum()  # inf - inf where bars never die
    for bars in parts[2:]:
        total += bars.values[bars.dim == dim].diff(dim=1).square().sum()
    return float(total)


def test_the_published_example() -> None:
    parts = betti_matching_parts(LIKELIHOOD, TRUTH, activation=None)
    counts = [[int((bars.dim == dim).sum()) for dim in (0, 1)] for bars in parts]
    assert counts == [[1, 2], [1, 2], [8, 2], [0, 0]]
    places = [[tuple(map(tuple, bar)) for bar in bars.pixels.tolist()] for bars in parts]
    assert places[0] == [((2, 0), (0, 5)), ((0, 2), (1, 1)), ((5, 6), (5, 5))]
    assert parts.matched_prediction.values.tolist() == [[0.95, 0.05], [0.79, 0.05], [0.79, 0.04]]
    assert parts.matched_target.values.tolist() == [[1.0, 0.0]] * 3
    assert by_dim(parts, 0) == pytest.approx(0.0699, abs=5e-5)
    assert by_dim(parts, 1) == pytest.approx(0.1871, abs=5e-5)
    loss = betti_matching(LIKELIHOOD, TRUTH, activation=None)
    assert loss.item() == pytest.approx(0.2570, abs=5e-5)
    assert loss.item() == pytest.approx(by_dim(parts, 0) + by_dim(parts, 1), rel=1e-12)


def test_the_published_example_with_its_oldest_component() -> None:
    parts = betti_matching_parts(LIKELIHOOD, TRUTH, activation=None, essential=True)
    assert len(parts.matched_prediction.dim) == 4
    oldest = parts.matched_prediction.values[:, 1] == -torch.inf
    assert parts.matched_prediction.pixels[oldest].tolist() == [[[6, 6], [-1, -1]]]
    assert by_dim(parts, 0) == pytest.approx(0.0701, abs=5e-5)
    loss = betti_matching(LIKELIHOOD, TRUTH, activation=None, essential=True)
    assert loss.item() == pytest.approx(by_dim(parts, 0) + by_dim(parts, 1), rel=1e-12)


@pytest.mark.parametrize(
    ("construction", "wanted", "counts"),
    [("V", (0.0416, 0.1699), ([1, 3], [4, 1])), ("T", (0.0252, 0.1667), ([1, 3], [2, 8]))],
)
def test_the_published_example_in_a_frame(
    construction: str, wanted: tuple[float, float], counts: tuple[list[int], list[int]]
) -> None:
    """The authors' frame is the maximum of each image, ours 1: the loop that the frame itself makes is born there."""
    parts = betti_matching_parts(
        LIKELIHOOD, TRUTH, activation=None, relative=True, essential=True, construction=construction
    )
    frame = parts.matched_prediction.dim == 1
    frame &= (parts.matched_prediction.pixels[:, 0] == 7).any(1)
    assert int(frame.sum()) == 1  # it closes outside of the image
    assert [by_dim(parts, 0), by_dim(parts, 1) + 2 * (1 - 0.99) ** 2] == pytest.approx(
        [wanted[0] - 2 * (1 - 0.99) ** 2, wanted[1]], abs=6e-5
    )
    found = [[int((bars.dim == dim).sum()) for dim in (0, 1)] for bars in (parts[0], parts[2])]
    assert found == [list(counts[0]), list(counts[1])]
    loss = betti_matching(LIKELIHOOD, TRUTH, activation=None, relative=True, essential=True, construction=construction)
    assert loss.item() == pytest.approx(by_dim(parts, 0) + by_dim(parts, 1), rel=1e-12)


def test_births_and_deaths_of_matched_features_have_the_gradient_of_their_distance() -> None:
    p = torch.tensor([[[[0.9, 0.3, 0.8]]]], requires_grad=True)
    loss = betti_matching(p, torch.tensor([[[1, 0, 1]]]), activation=None)
    loss.backward()
    assert loss.item() == pytest.approx(2 * (0.2**2 + 0.3**2))
    # The true peak rises, the false bridge sinks, and the oldest component is left alone.
    torch.testing.assert_close(p.grad, torch.tensor([[[[0.0, 4 * 0.3, -4 * 0.2]]]]))


def test_a_false_peak_sinks_and_the_bridge_to_it_rises() -> None:
    p = torch.tensor([[[[0.9, 0.3, 0.8]]]], requires_grad=True)
    loss = betti_matching(p, torch.tensor([[[1, 0, 0]]]), activation=None)
    loss.backward()
    assert loss.item() == pytest.approx(0.25)
    torch.testing.assert_close(p.grad, torch.tensor([[[[0.0, -2 * 0.5, 2 * 0.5]]]]))


def test_a_missing_peak_adds_a_constant() -> None:
    p = torch.tensor([[[[0.9, 0.6, 0.3]]]], requires_grad=True)
    loss = betti_matching(p, torch.tensor([[[1, 0, 1]]]), activation=None)
    loss.backward()
    assert loss.item() == 1
    assert p.grad is not None
    assert not p.grad.any()
    parts = betti_matching_parts(p, torch.tensor([[[1, 0, 1]]]), activation=None)
    assert parts.unmatched_target.pixels.tolist() == [[[0, 2], [0, 1]]]


def test_the_oldest_component() -> None:
    p = torch.tensor([[[[0.2, 0.7, 0.6]]]], requires_grad=True)
    loss = betti_matching(p, torch.zeros(1, 1, 3), activation=None, essential=True)
    loss.backward()
    assert loss.item() == pytest.approx(2 * 0.7**2)
    torch.testing.assert_close(p.grad, torch.tensor([[[[0.0, 4 * 0.7, 0.0]]]]))


def test_loops_that_never_exist_together() -> None:
    """In the union the loop of the prediction is filled at 0.3, before it closes at 0.4."""
    p, target = torch.zeros(2, 1, 1, 3, 3)
    p[..., 1, 1], p[..., 2, 2], target[..., 1, 1] = 0.5, 0.4, 0.3
    apart, together = (
        betti_matching(p, target, activation=None, filtration="sublevel", valid=valid) for valid in (True, False)
    )
    assert apart.item() == pytest.approx(0.1**2 + 0.3**2)
    assert together.item() == pytest.approx(2 * (0.4**2 + 0.2**2))


def test_weights_threshold_and_beyond() -> None:
    p = torch.tensor([[[[0.9, 0.3, 0.8, 0.1, 0.5]]]])
    target = torch.tensor([[[1, 0, 1, 0, 0]]])
    matched, alone = 2 * (0.2**2 + 0.3**2), 0.4**2

    def loss(**settings: object) -> float:
        return float(betti_matching(p, target, activation=None, **settings))  # type: ignore[arg-type]

    assert loss() == pytest.approx(matched + alone)
    assert loss(matched_weight=3.0) == pytest.approx(3 * matched + alone)
    assert loss(unmatched_weight=0.5) == pytest.approx(matched + 0.5 * alone)
    assert loss(threshold=0.3) == pytest.approx(matched + alone)
    assert loss(threshold=0.5) == pytest.approx(matched)
    assert loss(push_unmatched_to="beyond") == pytest.approx(matched + 2 * (0.5**2 + (0.1 - 1) ** 2))
    assert loss(push_unmatched_to="beyond", threshold=0.5) == pytest.approx(matched)
    flipped = betti_matching(1 - p, 1 - target, activation=None, filtration="sublevel", push_unmatched_to="beyond")
    assert float(flipped) == pytest.approx(matched + 2 * (0.5**2 + (0.1 - 1) ** 2))


def test_both_directions_are_their_sum() -> None:
    logits = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    target = torch.randint(3, (2, 8, 9), generator=torch.Generator().manual_seed(1))
    for relative in (False, True):
        each = [
            betti_matching(logits, target, filtration=way, reduction="none", relative=relative, essential=True)
            for way in ("superlevel", "sublevel", "both")
        ]
        assert each[0].shape == (2, 2)
        torch.testing.assert_close(each[0] + each[1], each[2])
    parts = betti_matching_parts(logits, target, filtration="both")
    alone = [betti_matching_parts(logits, target, filtration=way) for way in ("superlevel", "sublevel")]
    for bars, falls, rises in zip(parts, *alone, strict=True):
        assert torch.equal(bars.superlevel, torch.cat([falls.superlevel, rises.superlevel]))
        assert torch.equal(bars.values, torch.cat([falls.values, rises.values]))
        assert torch.equal(bars.item, torch.cat([falls.item, rises.item]))


def test_components_name_item_channel_and_place() -> None:
    logits = torch.full((2, 3, 5, 5), 0.0)
    logits[:, 0] = 5
    target = torch.zeros(2, 5, 5, dtype=torch.int64)
    for item, channel, row in ((0, 1, 0), (0, 1, 2), (1, 2, 4), (1, 2, 2)):
        logits[item, channel, row, 3] = 12
        target[item, row, 3] = channel
    target[1, 2, 3] = 0
    found = betti_matching_parts(logits, target)
    bars = found.matched_prediction
    assert bars.item.tolist() == [0]
    assert bars.channel.tolist() == [1]
    alone = PlacedBars(*(column[found.unmatched_prediction.dim == 0] for column in found.unmatched_prediction))
    assert (alone.item.tolist(), alone.channel.tolist()) == ([1], [2])
    assert alone.pixels[0, 0].tolist() == [4, 3]
    with_background = betti_matching_parts(logits, target, include_background=True)
    assert set(with_background.matched_prediction.channel.tolist()) == {0, 1}
    values = logits.softmax(1)[bars.item, bars.channel, bars.pixels[:, 0, 0], bars.pixels[:, 0, 1]]
    assert torch.equal(bars.values[:, 0], values)


def test_pixels_are_where_the_values_are() -> None:
    """On non-square images and volumes, with and without a frame."""
    generator = torch.Generator().manual_seed(3)
    for shape, relative in product([(5, 9), (3, 6, 4)], [False, True]):
        p = torch.rand(2, 1, *shape, generator=generator)
        target = (torch.rand(2, *shape, generator=generator) > 0.5).long()
        parts = betti_matching_parts(p, target, activation=None, relative=relative, filtration="both")
        maps = (p[:, 0], target.float(), p[:, 0], target.float())
        for bars, values in zip(parts, maps, strict=True):
            inside = ((bars.pixels >= 0) & (bars.pixels < torch.tensor(shape))).all(2)
            assert inside.any()
            row, end = inside.nonzero().T
            places = bars.pixels[row, end]
            assert torch.equal(values[(bars.item[row], *places.T)], bars.values[row, end])
            level = torch.where(bars.superlevel, 1.0, 0.0)[:, None].expand(-1, 2)
            assert torch.equal(bars.values[~inside], level[~inside])
            assert bool((~inside).any()) <= relative


def finite_rows(f: np.ndarray, g: np.ndarray, construction: str, valid: bool) -> list[Row]:
    """What the engine finds, in the form of the textbook."""
    one, other = torch.from_numpy(f)[None], torch.from_numpy(g)[None]
    found = matched_bars(one, other, torch.minimum(one, other), construction, f.ndim - 1, valid)
    rows: list[Row] = []
    for dim, first, second in zip(found.dim.tolist(), found.first.tolist(), found.second.tolist(), strict=True):
        if -1 not in (first[1], second[1]):
            a, b = (None if bar[0] < 0 else (bar[0], bar[1]) for bar in (first, second))
            rows.append((dim, a, b))
    return sorted(rows, key=lambda row: (row[0], row[1] or (-2, -2), row[2] or (-2, -2)))


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("valid", [True, False])
def test_the_textbook_on_random_images(construction: str, valid: bool) -> None:
    random = np.random.default_rng(0)
    sizes = [(3, 3), (5, 7), (8, 8), (1, 6), (6, 1), (3, 3, 3), (4, 2, 3), (1, 4, 3)]
    for shape, levels in product(sizes, (2, 4, 1000)):
        for _ in range(6):
            f, g = random.integers(levels, size=(2, *shape)).astype(float)
            assert finite_rows(f, g, construction, valid) == induced_matching(f, g, construction, valid)


@pytest.mark.parametrize(("construction", "valid"), [("V", True), ("T", False)])
def test_the_textbook_on_a_volume_of_eight(construction: str, valid: bool) -> None:
    f, g = np.random.default_rng(1).random((2, 8, 8, 8))
    assert finite_rows(f, g, construction, valid) == induced_matching(f, g, construction, valid)


@pytest.mark.parametrize("construction", ["V", "T"])
def test_all_pairs_of_binary_images_of_three_by_three(construction: str) -> None:
    """Features of masks that stand alone cost 1, matched ones nothing."""
    masks = ((torch.arange(512)[:, None] >> torch.arange(9)) & 1).reshape(512, 1, 3, 3)
    images = [Image(-mask[0].double().numpy(), construction) for mask in masks]
    find = cache(bars_between)
    for i, mask in enumerate(masks):
        p = mask.expand(512, 1, 3, 3).double()
        losses = betti_matching(p, masks, activation=None, reduction="none", construction=construction)[:, 0]
        for j in range(0 if construction == "V" else i % 7, 512, 1 if construction == "V" else 7):
            rows = matching(images[i], images[j], images[i | j], True, find)
            assert losses[j] == sum(one is None or other is None for _, one, other in rows)


def blurred(mask: Tensor) -> Tensor:
    """The mean of 3 (^ axes) pixels."""
    pool = torch.nn.functional.avg_pool2d if mask.ndim == 3 else torch.nn.functional.avg_pool3d
    return pool(mask[None], 3, stride=1, padding=1)[0]


@pytest.mark.parametrize("shape", [(14, 12), (6, 5, 6)])
def test_segmentations_and_their_likelihoods(shape: tuple[int, ...]) -> None:
    """Masks with a few pixels wrong, blurred and noisy: the loss is that of the textbook, whatever `valid`."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(12):
        target = (blurred(blurred(torch.rand(1, *shape, generator=generator, dtype=torch.float64))) > 0.42).double()
        wrong = (torch.rand(1, *shape, generator=generator) < 0.06).double()
        p = blurred((target - wrong).abs()) * 0.9 + 0.1 * torch.rand(1, *shape, generator=generator)
        for valid in (True, False):
            loss = betti_matching(p[None], target, activation=None, valid=valid)
            f, g = -p[0].numpy(), -target[0].numpy()
            assert loss.item() == pytest.approx(cost(induced_matching(f, g, "V", valid), f, g), rel=1e-12)


DESCENT = {
    "a broken ring": ((slice(2, 7), slice(2, 7)), (slice(3, 6), slice(3, 6)), (4, 6), -1.0),
    "a false hole": ((slice(2, 7), slice(2, 7)), None, (4, 4), -1.0),
}


@pytest.mark.parametrize("name", DESCENT)
@pytest.mark.parametrize("construction", ["V", "T"])
def test_a_few_steps_of_descent_repair(name: str, construction: str) -> None:
    square, hole, fault, level = DESCENT[name]
    target = torch.zeros(1, 9, 9, dtype=torch.int64)
    target[0][square] = 1
    if hole:
        target[0][hole] = 0
    logits = torch.where(target == 1, 3.0, -3.0)[None]
    logits[0, 0][fault] = level
    logits.requires_grad_()
    steps = torch.optim.SGD([logits], lr=2.0)
    for _ in range(15):
        steps.zero_grad()
        betti_matching(logits, target, construction=construction).backward()
        steps.step()
    assert torch.equal((logits.detach() > 0)[:, 0], target == 1)


def test_a_true_peak_goes_up_and_a_false_bridge_down() -> None:
    p = torch.full((1, 1, 5, 9), 0.1)
    p[..., 2, 1:4], p[..., 2, 5:8] = 0.9, 0.75
    p[..., 2, 4] = 0.45
    target = torch.zeros(1, 5, 9, dtype=torch.int64)
    target[..., 2, 1:4] = target[..., 2, 5:8] = 1
    p[..., 2, 6] = 0.8
    p.requires_grad_()
    betti_matching(p, target, activation=None).backward()
    assert p.grad is not None
    assert p.grad[0, 0, 2, 6] < 0
    assert p.grad[0, 0, 2, 4] > 0
    assert int((p.grad != 0).sum()) == 2


EMPTY = {
    "empty": torch.zeros(2, 6, 7, dtype=torch.int64),
    "full": torch.ones(2, 6, 7, dtype=torch.int64),
    "checkerboard": (torch.arange(6)[:, None] + torch.arange(7)).remainder(2).expand(2, 6, 7),
}


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("filtration", ["superlevel", "sublevel", "both"])
@pytest.mark.parametrize("name", EMPTY)
def test_constant_predictions(name: str, filtration: str, relative: bool) -> None:
    for level in (-1000.0, 0.0, 1000.0):
        logits = torch.full((2, 1, 6, 7), level, requires_grad=True)
        loss = betti_matching(logits, EMPTY[name], filtration=filtration, relative=relative)  # type: ignore[arg-type]
        loss.backward()
        assert loss.isfinite()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        if not relative:
            assert not logits.grad.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 1), (1, 1, 5), (0, 4), (3, 0, 2)])
def test_thin_and_empty_maps(shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(0)
    for batch, relative in product((0, 2), (False, True)):
        logits = torch.randn(batch, 2, *shape, generator=generator, requires_grad=True)
        target = torch.randint(2, (batch, *shape), generator=generator)
        loss = betti_matching(logits, target, relative=relative, filtration="both")
        loss.backward()
        assert loss.isfinite()
        assert betti_matching(logits, target, reduction="none").shape == (batch, 1)
        parts = betti_matching_parts(logits, target, relative=relative, essential=True)
        assert all(bars.pixels.shape == (len(bars.dim), 2, len(shape)) for bars in parts)


def test_infinite_logits_and_half_precision() -> None:
    target = torch.tensor([[[1, 0, 1]]])
    certain = torch.tensor([[[[torch.inf, -torch.inf, torch.inf]]]])
    assert betti_matching(certain, target) == 0
    half = torch.tensor([[[[2.0, -1.0, 1.0]]]], dtype=torch.float16, requires_grad=True)
    loss = betti_matching(half, target)
    loss.backward()
    assert loss.dtype == torch.float32
    assert half.grad is not None
    assert half.grad.dtype == torch.float16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert betti_matching(half, target).dtype == torch.float32
    with pytest.raises(ValueError, match="logits after the activation contains NaN"):
        betti_matching(torch.full((1, 2, 2, 2), torch.inf), torch.zeros(1, 2, 2))


def test_nothing_is_changed_in_place() -> None:
    logits, target = torch.randn(1, 2, 5, 6), torch.randint(2, (1, 5, 6))
    kept = logits.clone(), target.clone()
    betti_matching(logits, target, relative=True, filtration="both")
    assert torch.equal(logits, kept[0])
    assert torch.equal(target, kept[1])


def test_one_item_and_class_at_a_time() -> None:
    logits = torch.randn(2, 3, 7, 6, generator=torch.Generator().manual_seed(0))
    target = torch.randint(3, (2, 7, 6), generator=torch.Generator().manual_seed(1))
    together = betti_matching(logits, target, reduction="none", activation="sigmoid", include_background=True)
    for item, channel in product(range(2), range(3)):
        alone = betti_matching(
            logits[item : item + 1, channel : channel + 1], (target[item : item + 1] == channel).long()
        )
        torch.testing.assert_close(together[item, channel], alone)
    torch.testing.assert_close(
        betti_matching(logits, target, activation="sigmoid", include_background=True, reduction="sum"), together.sum()
    )


def test_the_module_is_the_function() -> None:
    settings = {
        "activation": "one_vs_max", "include_background": True, "reduction": "sum", "filtration": "both",
        "construction": "T", "relative": True, "valid": False, "essential": True, "threshold": 0.1,
        "matched_weight": 2.0, "unmatched_weight": 0.3, "push_unmatched_to": "beyond",
    }  # fmt: skip
    module = BettiMatchingLoss(**settings)  # type: ignore[arg-type]
    logits, target = torch.randn(2, 3, 6, 7), torch.randint(3, (2, 6, 7))
    assert module(logits, target) == betti_matching(logits, target, **settings)  # type: ignore[arg-type]
    assert [name for name, value in settings.items() if f"{name}={value!r}" not in repr(module)] == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filtration": "up"}, "filtration must be one of 'superlevel', 'sublevel', 'both', got 'up'"),
        ({"construction": "W"}, 'construction must be "V" or "T", got \'W\''),
        ({"threshold": -1.0}, "threshold must be a finite number of at least 0, got -1.0"),
        ({"matched_weight": float("nan")}, "matched_weight must be a finite number of at least 0, got nan"),
        ({"push_unmatched_to": "0"}, "push_unmatched_to must be 'diagonal' or 'beyond', got '0'"),
        ({"reduction": "all"}, "reduction must be 'mean', 'sum' or 'none', got 'all'"),
    ],
)
def test_refused_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BettiMatchingLoss(**settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=message):
        betti_matching(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2), **settings)  # type: ignore[arg-type]


def test_refused_maps() -> None:
    with pytest.raises(ValueError, match="logits contains NaN"):
        betti_matching(torch.full((1, 1, 2, 2), torch.nan), torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="target must have shape"):
        betti_matching(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="target must lie between 0 and 1"):
        betti_matching(torch.zeros(1, 1, 1, 1), torch.full((1, 1, 1, 1), torch.nan))
    with pytest.warns(UserWarning, match="logits look like probabilities"):
        betti_matching(torch.rand(1, 1, 4, 4), torch.zeros(1, 4, 4))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu() -> None:
    logits, target = torch.randn(2, 3, 9, 8), torch.randint(3, (2, 9, 8))
    there = logits.cuda().requires_grad_()
    here = logits.clone().requires_grad_()
    losses = [betti_matching(x, target.to(x.device), filtration="both", relative=True) for x in (here, there)]
    assert losses[1].device.type == "cuda"
    for loss in losses:
        loss.backward()
    torch.testing.assert_close(losses[1].cpu(), losses[0])
    torch.testing.assert_close(there.grad.cpu(), here.grad)
    parts = betti_matching_parts(there, target.cuda())
    assert all(column.device.type == "cuda" for bars in parts for column in bars)
