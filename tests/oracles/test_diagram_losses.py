"""Losses on bars against gudhi, POT, scipy and exhaustive matching."""

from itertools import combinations, permutations

import gudhi
import numpy as np
import ot
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from topolens.losses import betti_prior, topological_wasserstein, total_persistence
from topolens.losses.class_bars import check_levels, mask_counts

SIZES = [(4, 7), (9, 5), (3, 4, 3)]


def sample(size: tuple[int, ...], seed: int, sharp: float = 1.0) -> tuple[Tensor, Tensor]:
    """A map of probability and a mask; the map leans to the mask the more, the sharper it is."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(size, generator=generator) < 0.4
    noise = torch.rand(size, generator=generator, dtype=torch.float64)
    return (sharp - 1 + mask * 1.0 * (1 if sharp > 1 else 0) + noise) / (2 * sharp - 1 if sharp > 1 else 1), mask


def peer_bars(image: np.ndarray, construction: str) -> list[np.ndarray]:
    """Bars (birth, death) of each dimension as the level falls, by gudhi; what never dies ends at 0."""
    cells = {"top_dimensional_cells" if construction == "T" else "vertices": -image}
    complex_ = gudhi.CubicalComplex(**cells)
    complex_.compute_persistence()
    found = [-complex_.persistence_intervals_in_dimension(k).reshape(-1, 2) for k in range(image.ndim)]
    return [np.where(np.isinf(bars), 0.0, bars) for bars in found]


def pot_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of two diagrams by POT's network simplex, the diagonal as one point more."""
    if not len(x) and not len(y):
        return 0.0
    between = ((x[:, None] - y[None]) ** 2).sum(2)
    cost = np.block(
        [[between, ((x[:, 0] - x[:, 1]) ** 2 / 2)[:, None]], [((y[:, 0] - y[:, 1]) ** 2 / 2)[None], np.zeros((1, 1))]]
    )
    return float(ot.emd2(np.r_[np.ones(len(x)), len(y)], np.r_[np.ones(len(y)), len(x)], np.ascontiguousarray(cost)))


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_the_distance_is_that_of_gudhi_and_pot(construction: str, size: tuple[int, ...], seed: int) -> None:
    p, mask = sample(size, seed)
    settings = {"activation": None, "construction": construction, "assignment": "wasserstein"}
    bars, truth = peer_bars(p.numpy(), construction), peer_bars(mask.double().numpy(), construction)
    truth = [d[d[:, 0] > d[:, 1]] for d in truth]
    value = topological_wasserstein(p[None, None], mask[None], **settings)
    wanted = sum(pot_distance(a, b) for a, b in zip(bars, truth, strict=True))
    assert float(value) == pytest.approx(wanted, abs=1e-6)
    soft = sample(size, seed + 100)[0]
    value = topological_wasserstein(p[None, None], soft[None, None], **settings)
    wanted = sum(pot_distance(a, b) for a, b in zip(bars, peer_bars(soft.numpy(), construction), strict=True))
    assert float(value) == pytest.approx(wanted, abs=1e-6)


def exhaustive(bars: np.ndarray, wanted: int) -> float:
    """Least sum over all ways to match some bars with as many points (1, 0)."""
    to_corner, to_diagonal = (1 - bars[:, 0]) ** 2 + bars[:, 1] ** 2, (bars[:, 0] - bars[:, 1]) ** 2 / 2
    sums = [
        to_corner[list(chosen)].sum() + np.delete(to_diagonal, list(chosen)).sum() + (wanted - n) / 2
        for n in range(min(wanted, len(bars)) + 1)
        for chosen in combinations(range(len(bars)), n)
    ]
    return float(min(sums))


@pytest.mark.parametrize("seed", range(30))
def test_a_sort_by_what_is_saved_is_the_best_of_all_matchings(seed: int) -> None:
    p, mask = sample((3, 6), seed)
    value = topological_wasserstein(p[None, None], mask[None], activation=None, assignment="wasserstein")
    counts = mask_counts(mask[None].double(), check_levels(2, "V", None, None))[0].tolist()
    bars = peer_bars(p.numpy(), "V")
    wanted = sum(exhaustive(d, n) for d, n in zip(bars, counts, strict=True))
    assert float(value) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_the_longest_bars_are_matched_by_default(seed: int) -> None:
    p, mask = sample((4, 6), seed)
    value = topological_wasserstein(p[None, None], mask[None], activation=None, threshold=0.2)
    counts = mask_counts(mask[None].double(), check_levels(2, "V", None, None))[0].tolist()
    wanted = 0.0
    for bars, n in zip(peer_bars(p.numpy(), "V"), counts, strict=True):
        ranked = sorted(bars.tolist(), key=lambda bar: bar[1] - bar[0])
        wanted += sum((1 - b) ** 2 + d**2 for b, d in ranked[:n]) + max(0, n - len(ranked)) / 2
        wanted += sum((b - d) ** 2 / 2 for b, d in ranked[n:] if b - d > 0.2)
    assert float(value) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_numbers_of_a_mask_are_those_of_its_labels(construction: str, size: tuple[int, ...]) -> None:
    axes = len(size)
    near, far = ndimage.generate_binary_structure(axes, 1), ndimage.generate_binary_structure(axes, axes)
    own, other = (near, far) if construction == "V" else (far, near)
    for seed in range(10):
        mask = sample(size, seed)[1].numpy()
        counts = mask_counts(torch.from_numpy(mask).double()[None], check_levels(axes, construction, None, None))[0]
        assert int(counts[0]) == ndimage.label(mask, own)[1]
        assert int(counts[-1]) == ndimage.label(np.pad(~mask, 1, constant_values=True), other)[1] - 1


@pytest.mark.parametrize("construction", ["V", "T"])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("power", [1, 2])
def test_priors_and_total_persistence_are_sums_over_the_bars_of_gudhi(
    construction: str, size: tuple[int, ...], power: int
) -> None:
    for seed in range(5):
        p = sample(size, seed)[0]
        lengths = [np.sort(bars[:, 0] - bars[:, 1])[::-1] ** power for bars in peer_bars(p.numpy(), construction)]
        betti = (3, 2, 1)[: len(size)]
        settings = {"activation": None, "construction": construction, "power": power}
        kept = zip(lengths, betti, strict=True)
        wanted = sum((1 - d[:n]).sum() + max(0, n - len(d)) + d[n:].sum() for d, n in kept)
        assert float(betti_prior(p[None, None], betti, **settings)) == pytest.approx(wanted, abs=1e-12)
        some = total_persistence(p[None, None], ranks=(1, 3), **settings)
        assert float(some) == pytest.approx(sum(d[1:3].sum() for d in lengths), abs=1e-12)


def test_exhaustive_matching_of_soft_bars() -> None:
    """All ways to match two bars each, POT aside."""
    x, y = torch.tensor([[[[0.9, 0.3, 0.7]]]]).double(), torch.tensor([[[[0.6, 0.5, 0.8]]]]).double()
    a, b = peer_bars(x[0, 0].numpy(), "V")[0], peer_bars(y[0, 0].numpy(), "V")[0]
    gone_a, gone_b = (a[:, 0] - a[:, 1]) ** 2 / 2, (b[:, 0] - b[:, 1]) ** 2 / 2
    sums = []
    for n in range(3):
        for rows in combinations(range(2), n):
            for columns in permutations(range(2), n):
                met = ((a[list(rows)] - b[list(columns)]) ** 2).sum()
                sums.append(met + np.delete(gone_a, list(rows)).sum() + np.delete(gone_b, list(columns)).sum())
    value = topological_wasserstein(x, y, activation=None, assignment="wasserstein")
    assert float(value) == pytest.approx(min(sums), abs=1e-12)
