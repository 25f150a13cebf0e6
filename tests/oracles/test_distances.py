"""Distances and kernels against GUDHI and POT, more than 1,000 pairs of diagrams with ties, empty and essential."""

import math

import numpy as np
import pytest
import torch

from topolens.diagrams import Diagrams
from topolens.distances import (
    bottleneck,
    distance_matrix,
    scale_space_kernel,
    sliced_wasserstein,
    wasserstein,
    weighted_gaussian_kernel,
)

gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")
INF = float("inf")
PAIRS = 70


def random_bars(rng: np.random.Generator, levels: int, essential: int) -> np.ndarray:
    """Up to 12 finite bars, often none or one, on a grid of so many levels, and some that never die."""
    n = int(rng.choice([0, 1, 2, 5, 12]))
    birth = rng.integers(0, levels, n) / levels
    bars = np.stack([birth, birth + rng.integers(1, levels + 1, n) / levels], 1)
    never = np.stack([rng.integers(0, levels, essential) / levels, np.full(essential, INF)], 1)
    return np.concatenate([bars, never])


def batches(seed: int, essential: bool = True) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    levels = (4, 10**6)[seed % 2]
    counts = np.tile(rng.integers(0, 3 if essential else 1, PAIRS), (2, 1))
    counts[0, :5] += essential  # a few that cannot be matched
    x, y = ([random_bars(rng, levels, int(k)) for k in row] for row in counts)
    return x, y


def packed(items: list[np.ndarray]) -> Diagrams:
    return Diagrams.from_intervals([{1: bars} for bars in items], dtype=torch.float64)


@pytest.mark.parametrize("norm", [1.0, 2.0, 3.0, INF])
@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_wasserstein(order: float, norm: float) -> None:
    oracle = pytest.importorskip("gudhi.wasserstein", reason="the oracle is GUDHI with POT").wasserstein_distance
    pytest.importorskip("ot", reason="GUDHI's Wasserstein distance needs POT")
    x, y = batches(int(2 * order + min(norm, 9)))
    expected = [oracle(a, b, order=order, internal_p=norm) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(wasserstein(packed(x), packed(y), order=order, norm=norm), expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_bottleneck(seed: int) -> None:
    x, y = batches(seed)
    expected = [gudhi.bottleneck_distance(a, b, 0) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(bottleneck(packed(x), packed(y)), expected, atol=1e-14)


@pytest.mark.parametrize("seed", [0, 1])
def test_sliced_wasserstein_but_for_the_line_that_gudhi_leaves_out(seed: int) -> None:
    metrics = pytest.importorskip("gudhi.representations", reason="the oracle is GUDHI with scikit-learn")
    x, y = batches(seed, essential=False)
    lines = 20
    gram = metrics.SlicedWassersteinDistance(num_directions=lines).fit(y).transform(x)
    angle = math.pi / 2 - math.pi / lines
    last = np.array([math.cos(angle), math.sin(angle)])

    def on_last_line(a: np.ndarray, b: np.ndarray) -> float:
        one, other = (
            np.sort(np.concatenate([p @ last, np.repeat(q.mean(1)[:, None], 2, 1) @ last])) for p, q in ((a, b), (b, a))
        )
        return float(np.abs(one - other).sum())

    expected = (gram * (lines - 1) + [[on_last_line(a, b) for b in y] for a in x]) / lines

    def ours(a: Diagrams, b: Diagrams) -> torch.Tensor:
        return sliced_wasserstein(a, b, directions=lines)

    np.testing.assert_allclose(distance_matrix(ours, packed(x), packed(y)), expected, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_kernels_up_to_the_stated_factor(seed: int) -> None:
    kernels = pytest.importorskip("gudhi.representations", reason="the oracle is GUDHI with scikit-learn")
    x, y = ([bars for bars in side if len(bars)] for side in batches(seed, essential=False))
    width = 0.7
    factor = math.sqrt(2 * math.pi) * width
    found = scale_space_kernel(packed(x), packed(y), sigma=width**2 / 4)
    expected = kernels.PersistenceScaleSpaceKernel(bandwidth=width).fit(y).transform(x)
    np.testing.assert_allclose(found * factor, expected, atol=1e-12)
    found = weighted_gaussian_kernel(packed(x), packed(y), sigma=width, scale=2.0, power=1.5)
    weigh = kernels.PersistenceWeightedGaussianKernel(
        bandwidth=width, weight=lambda p: np.arctan(2 * (p[1] - p[0]) ** 1.5)
    )
    np.testing.assert_allclose(found / factor, weigh.fit(y).transform(x), atol=1e-12)
