"""Vectorisations against GUDHI's and NumPy's on 1,200 diagrams with ties and single bars."""

import math

import numpy as np
import pytest
import torch

from topolens.diagrams import Diagrams
from topolens.vectorizations import (
    STATISTICS,
    betti_curve,
    entropy,
    entropy_curve,
    landscape,
    persistence_image,
    silhouette,
    statistics,
)

oracles = pytest.importorskip("gudhi.representations", reason="the oracle is GUDHI with scikit-learn")
SAMPLES = 41
GRID = torch.linspace(-0.2, 2.3, SAMPLES, dtype=torch.float64)
RANGE = {"resolution": SAMPLES, "sample_range": [-0.2, 2.3], "keep_endpoints": True}


@pytest.fixture(params=range(6))
def bars(request: pytest.FixtureRequest) -> list[np.ndarray]:
    rng = np.random.default_rng(request.param)
    levels = (4, 10**6)[request.param % 2]
    out = []
    for n in rng.choice([1, 2, 5, 20], 200):
        birth = rng.integers(0, levels, n) / levels
        out.append(np.stack([birth, birth + rng.integers(1, levels + 1, n) / levels], 1))
    return out


def packed(items: list[np.ndarray]) -> Diagrams:
    return Diagrams.from_intervals([{1: bars} for bars in items], dtype=torch.float64)


def test_landscape_times_root_two(bars: list[np.ndarray]) -> None:
    expected = oracles.Landscape(num_landscapes=6, **RANGE).fit_transform(bars)
    found = landscape(packed(bars), GRID, levels=6) * math.sqrt(2)
    np.testing.assert_allclose(found.flatten(1), expected, atol=1e-14)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_silhouette_times_root_two(bars: list[np.ndarray], power: float) -> None:
    expected = oracles.Silhouette(weight=lambda p: (p[1] - p[0]) ** power, **RANGE).fit_transform(bars)
    np.testing.assert_allclose(silhouette(packed(bars), GRID, power=power) * math.sqrt(2), expected, atol=1e-13)


def test_betti_curve(bars: list[np.ndarray]) -> None:
    grid = torch.linspace(0, 2, 17, dtype=torch.float64)  # multiples of 1/8: many ends lie on the grid
    expected = oracles.BettiCurve(predefined_grid=grid.numpy()).fit_transform(bars)
    assert (betti_curve(packed(bars), grid).numpy() == expected).all()


def test_entropy_and_its_curve(bars: list[np.ndarray]) -> None:
    np.testing.assert_allclose(entropy(packed(bars)), oracles.Entropy().fit_transform(bars)[:, 0], atol=1e-13)
    expected = oracles.Entropy(mode="vector", normalized=False, **RANGE).fit_transform(bars)
    np.testing.assert_allclose(entropy_curve(packed(bars), GRID), expected, atol=1e-13)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_persistence_image(bars: list[np.ndarray], power: int) -> None:
    oracle = oracles.PersistenceImage(
        bandwidth=0.2, weight=lambda p: p[1] ** power, resolution=[7, 9], im_range=[0, 1, 0, 1.2]
    )
    columns, rows = (torch.linspace(0, top, n, dtype=torch.float64) for top, n in ((1, 7), (1.2, 9)))
    found = persistence_image(packed(bars), columns, rows, sigma=0.2, power=power)
    np.testing.assert_allclose(found.flatten(1), oracle.fit_transform(bars), atol=1e-11)


def test_statistics_against_numpy(bars: list[np.ndarray]) -> None:
    found = statistics(packed(bars))
    assert found.shape == (len(bars), len(STATISTICS))
    for row, x in zip(found, bars, strict=True):
        expected = []
        for v in (x[:, 0], x[:, 1], x.mean(1), x[:, 1] - x[:, 0]):
            p10, p25, p50, p75, p90 = np.percentile(v, [10, 25, 50, 75, 90])
            expected += [v.mean(), v.std(), p75 - p25, np.ptp(v), p10, p25, p50, p75, p90]
        share = (x[:, 1] - x[:, 0]) / (x[:, 1] - x[:, 0]).sum()
        np.testing.assert_allclose(row, [*expected, len(x), -(share * np.log(share)).sum()], atol=1e-12)
