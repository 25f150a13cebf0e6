from itertools import product

import numpy as np
import pytest
import torch

from topolens.mapper import cover, pca


def boxes_by_hand(lens, counts, gains, convention):
    """Box number -> set of points, straight from the definition, with the same tolerance."""
    intervals = []
    for x, count, gain in zip(lens.T, counts, gains, strict=True):
        low, span = x.min(), x.max() - x.min()
        step = span / (count - 1 + gain) * gain if convention == "spanning" else span / count * gain
        length, step = step, step / gain
        start = low if convention == "spanning" else low - (length - step) / 2
        slack = 1e-9 * span
        intervals.append([(start + i * step - slack, start + i * step + length + slack) for i in range(count)])
    found = {}
    for number, box in enumerate(product(*intervals)):
        inside = np.all([(x >= a) & (x <= b) for x, (a, b) in zip(lens.T, box, strict=True)], axis=0)
        if inside.any():
            found[number] = set(np.flatnonzero(inside).tolist())
    return found


def as_sets(found):
    ends = found.offsets.tolist()
    parts = [found.members[a:b].tolist() for a, b in zip(ends[:-1], ends[1:], strict=True)]
    assert all(part == sorted(set(part)) for part in parts)
    return dict(zip(found.cells.tolist(), map(set, parts), strict=True))


@pytest.mark.parametrize("convention", ["spanning", "cell"])
@pytest.mark.parametrize("lenses", [1, 2, 3])
@pytest.mark.parametrize("gain", [1.0, 1.5, 3.0, 4.7])
def test_boxes_follow_the_definition(convention, lenses, gain):
    lens = torch.randn(60, lenses, dtype=torch.float64, generator=torch.Generator().manual_seed(lenses))
    found = cover(lens, resolution=4, gain=gain, convention=convention)
    assert as_sets(found) == boxes_by_hand(lens.numpy(), [4] * lenses, [gain] * lenses, convention)
    assert torch.equal(found.cells, found.cells.sort().values)


def test_settings_per_lens():
    lens = torch.randn(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = cover(lens, resolution=(3, 5), gain=(1.0, 2.5))
    assert as_sets(found) == boxes_by_hand(lens.numpy(), [3, 5], [1.0, 2.5], "spanning")
    spans = (lens.amax(0) - lens.amin(0)).tolist()
    assert found.lengths == pytest.approx([spans[0] / 3, spans[1] / (1 + 4 / 2.5)])


def test_interval_lengths_of_both_conventions():
    line = torch.linspace(0, 1, 11, dtype=torch.float64)[:, None]
    assert cover(line, 30, 3.0).lengths[0] == pytest.approx(0.09375)
    assert cover(line, 30, 3.0, "cell").lengths[0] == pytest.approx(0.1)
    assert cover(line, 2, 2.0).lengths[0] == pytest.approx(2 / 3)


def test_gain_three_puts_an_inner_point_in_three_intervals():
    line = torch.linspace(0, 1, 1001, dtype=torch.float64)[:, None]
    counts = torch.bincount(cover(line, 30, 3.0).members)
    assert counts.min() == 1
    assert counts[260] == 3
    assert counts.max() <= 4  # four only on a border


@pytest.mark.parametrize("convention", ["spanning", "cell"])
def test_no_point_is_dropped_whatever_the_rounding(convention):
    generator = torch.Generator().manual_seed(0)
    for trial in range(91):
        n, scale = 1 + trial % 40, 10.0 ** (trial % 13 - 6)
        shift = 1000 * scale * (trial % 3)
        lens = torch.rand(n, 2, generator=generator) * scale + shift
        resolution, gain = 1 + trial % 57, 1 + (trial % 7) / 3
        found = cover(lens, resolution, gain, convention)
        assert set(found.members.tolist()) == set(range(n))
        top = int(lens[:, 0].argmax())
        if lens[:, 0].max() > lens[:, 0].min():
            rows = found.cells.repeat_interleave(found.offsets.diff()) // resolution
            assert int(rows[found.members == top].max()) == resolution - 1


def test_borders_belong_to_both_sides():
    found = cover(torch.tensor([[0.0], [1.0], [2.0], [3.0]]), resolution=3, gain=1.0)
    assert as_sets(found) == {0: {0, 1}, 1: {1, 2}, 2: {2, 3}}


def test_constant_lens_has_one_interval():
    found = cover(torch.full((5, 1), 0.1), resolution=7)
    assert as_sets(found) == {0: {0, 1, 2, 3, 4}}
    both = cover(torch.tensor([[0.0, 2.0], [1.0, 2.0]]), resolution=2, gain=1.0)
    assert as_sets(both) == {0: {0}, 2: {1}}
    assert both.lengths == (0.5, 0.0)


def test_tiny_ranges_and_empty_clouds():
    assert set(cover(torch.tensor([[0.0], [5e-324]], dtype=torch.float64), 30).members.tolist()) == {0, 1}
    empty = cover(torch.zeros(0, 2))
    assert empty.members.numel() == 0
    assert empty.offsets.tolist() == [0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": 0}, "resolution must be an integer of at least 1"),
        ({"resolution": 2.5}, "resolution must be an integer of at least 1"),
        ({"gain": 0.5}, "gain must be at least 1"),
        ({"gain": float("nan")}, "gain must be at least 1"),
        ({"gain": (2.0, 2.0, 2.0)}, "gain must be one number or one per lens"),
        ({"convention": "open"}, "convention must be"),
        ({"resolution": 2**31}, "too many to number"),
    ],
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        cover(torch.rand(10, 2), **change)


@pytest.mark.parametrize(
    "lens",
    [
        torch.zeros(3),
        torch.zeros(3, 4),
        torch.zeros(3, 0),
        torch.tensor([[float("nan")]]),
        torch.tensor([[0.0], [float("inf")]]),
    ],
)
def test_bad_lenses_are_refused(lens):
    with pytest.raises(ValueError, match="lens"):
        cover(lens)


def test_a_cover_too_large_for_memory_is_refused():
    with pytest.raises(ValueError, match="memberships"):
        cover(torch.rand(1000, 3), resolution=1000, gain=500.0)


def test_pca_equals_the_singular_value_decomposition():
    for n, d in ((200, 9), (5, 30)):
        points = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) * torch.arange(
            1, d + 1
        )
        left, size, _ = torch.linalg.svd(points - points.mean(0), full_matrices=False)
        assert torch.allclose(pca(points, 3).abs(), (left * size)[:, :3].abs())


def test_pca_sign_follows_the_largest_loading():
    points = torch.tensor([[3.0, -3.0, 0.1], [-3.0, 3.0, 0.2], [0.0, 0.0, 0.4]])  # loadings 1 and 2 tie in size
    assert pca(points, 1)[0] > 0
    assert torch.allclose(pca(points, 1), pca(points + 100.0, 1), atol=1e-4)


def test_pca_beyond_the_rank_is_zero():
    assert torch.equal(pca(torch.ones(1, 4), 2), torch.zeros(1, 2))
    assert pca(torch.zeros(0, 4), 2).shape == (0, 2)
    flat = torch.outer(torch.arange(6.0), torch.ones(3))
    assert pca(flat, 3)[:, 1:].abs().max() < 1e-5


def test_pca_keeps_dtype_and_refuses_nonsense():
    points = torch.rand(10, 3)
    assert pca(points).dtype == torch.float32
    for components in (0, 4, 1.5):
        with pytest.raises(ValueError, match="components"):
            pca(points, components)
    with pytest.raises(ValueError, match="NaN"):
        pca(torch.full((3, 2), float("nan")))
    with pytest.raises(TypeError, match="floating-point"):
        pca(torch.ones(3, 2, dtype=torch.int64))
