"""Layers on diagrams against GUDHI's representations, the formulas of its PersLay, and published bars of graphs."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from topolens.diagrams import Diagrams
from topolens.distances import wasserstein
from topolens.extended_persistence import extended_persistence
from topolens.filtrations import lower_star
from topolens.layers import (
    Atol,
    EntropyTransform,
    FlatTransform,
    Landscape,
    PersistenceImage,
    PersLay,
    Silhouette,
    TentTransform,
    atol,
    exponential_transform,
    flat_transform,
    gaussian_mixture_weight,
    gaussian_transform,
    grid_weight,
    line_transform,
    perslay,
    power_weight,
    rational_hat_transform,
    rational_transform,
    tent_transform,
)

oracles = pytest.importorskip("gudhi.representations", reason="the oracle is GUDHI with scikit-learn")
cluster = pytest.importorskip("sklearn.cluster")
SAMPLES = 41
GRID = torch.linspace(-0.2, 2.3, SAMPLES, dtype=torch.float64)
RANGE = {"resolution": SAMPLES, "sample_range": [-0.2, 2.3], "keep_endpoints": True}


@pytest.fixture(params=range(4))
def bars(request: pytest.FixtureRequest) -> list[np.ndarray]:
    rng = np.random.default_rng(request.param)
    levels = (4, 10**6)[request.param % 2]
    out = []
    for n in rng.choice([1, 2, 5, 20], 100):
        birth = rng.integers(0, levels, n) / levels
        out.append(np.stack([birth, birth + rng.integers(1, levels + 1, n) / levels], 1))
    return out


def packed(items: list[np.ndarray]) -> Diagrams:
    return Diagrams.from_intervals([{1: bars} for bars in items], dtype=torch.float64)


def agrees(found: torch.Tensor, expected: np.ndarray, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(found.detach().flatten(1).numpy(), expected, atol=atol, rtol=1e-10)


# GUDHI's representations ---------------------------------------------------------------------------------------------


def test_landscape(bars: list[np.ndarray]) -> None:
    """GUDHI multiplies by sqrt(2). PersLay with the largest tents is a landscape too."""
    expected = oracles.Landscape(num_landscapes=6, **RANGE).fit_transform(bars) / math.sqrt(2)
    agrees(Landscape(GRID, levels=6)(packed(bars)), expected)
    agrees(PersLay(TentTransform(GRID), op="topk", k=6)(packed(bars)), expected)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5])
def test_silhouette(bars: list[np.ndarray], power: float) -> None:
    """GUDHI multiplies by sqrt(2)."""
    expected = oracles.Silhouette(weight=lambda p: (p[1] - p[0]) ** power, **RANGE).fit_transform(bars)
    agrees(Silhouette(GRID, power)(packed(bars)), expected / math.sqrt(2))


@pytest.mark.parametrize("power", [0, 1, 2])
def test_persistence_image(bars: list[np.ndarray], power: int) -> None:
    oracle = oracles.PersistenceImage(
        bandwidth=0.2, weight=lambda p: p[1] ** power, resolution=[7, 9], im_range=[0, 1, 0, 1.2]
    )
    columns, rows = (torch.linspace(0, top, n, dtype=torch.float64) for top, n in ((1, 7), (1.2, 9)))
    agrees(PersistenceImage(columns, rows, sigma=0.2, power=power)(packed(bars)), oracle.fit_transform(bars), 1e-11)


def test_sharp_flats_are_betti_curves_and_entropy_curves(bars: list[np.ndarray]) -> None:
    """Away from the ends, which lie on multiples of 1e-6."""
    grid = torch.linspace(-0.2, 2.3, 33, dtype=torch.float64) + 0.3e-6
    betti = oracles.BettiCurve(predefined_grid=grid.numpy()).fit_transform(bars)
    agrees(PersLay(FlatTransform(grid, sharpness=1e9))(packed(bars)), betti)
    share = oracles.Entropy(
        mode="vector", normalized=False, resolution=33, sample_range=[float(grid[0]), float(grid[-1])],
        keep_endpoints=True,
    )  # fmt: skip
    agrees(PersLay(EntropyTransform(grid, sharpness=1e9))(packed(bars)), share.fit_transform(bars))


@pytest.mark.parametrize("contrast", ["gaussian", "laplacian", "indicator"])
@pytest.mark.parametrize(("op", "weighting"), [("sum", "cloud"), ("mean", "iidproba")])
def test_atol(bars: list[np.ndarray], contrast: str, op: str, weighting: str) -> None:
    quantiser = cluster.KMeans(n_clusters=5, n_init=10, random_state=3)
    oracle = oracles.Atol(quantiser=quantiser, weighting_method=weighting, contrast=contrast).fit(bars)
    expected = oracle.transform(bars)
    centres, scales = torch.from_numpy(oracle.centers), torch.from_numpy(oracle.inertias)
    agrees(atol(packed(bars), centres, scales, contrast=contrast, op=op), expected)
    fitted = Atol.fit(packed(bars), 5, seed=3, contrast=contrast, op=op)
    np.testing.assert_allclose(fitted.centres.detach(), oracle.centers, atol=1e-5)
    agrees(fitted(packed(bars)), expected, 1e-4)


def test_atol_of_one_centre(bars: list[np.ndarray]) -> None:
    oracle = oracles.Atol(quantiser=cluster.KMeans(n_clusters=1, n_init=1)).fit(bars)
    agrees(Atol.fit(packed(bars), 1)(packed(bars)), oracle.transform(bars))


# The formulas of GUDHI's perslay.py, which needs TensorFlow, one bar at a time in NumPy ----------------------------

CENTRES = np.array([[0.1, 0.7], [0.3, 1.4], [0.9, 0.9]])
SPREAD = np.array([[0.5, 0.7], [1.1, 0.3], [0.4, 0.9]])
TABLE = np.arange(12.0).reshape(3, 4)
T = np.linspace(-0.1, 2.1, 9)


def hat(p: np.ndarray, c: np.ndarray, r: float, norm: float) -> float:
    away = np.linalg.norm(p - c, norm)
    return 1 / (1 + away) - 1 / (1 + abs(abs(r) - away))


def on(x: np.ndarray | float) -> torch.Tensor:
    return torch.as_tensor(x, dtype=torch.float64)


TRANSFORMS: dict[str, tuple[Callable, Callable]] = {
    "tent": (
        lambda p: np.maximum(0.5 * (p[1] - p[0]) - np.abs(T - 0.5 * (p[1] + p[0])), 0),
        lambda d: tent_transform(d.intervals, on(T)),
    ),
    "flat": (
        lambda p: 1 / (1 + np.exp(-7 * (0.5 * (p[1] - p[0]) - np.abs(T - 0.5 * (p[1] + p[0]))))),
        lambda d: flat_transform(d.intervals, on(T), 7.0),
    ),
    "gaussian": (
        lambda p: np.exp(-((p - CENTRES) ** 2).sum(1) / (2 * 0.3**2)),
        lambda d: gaussian_transform(d.intervals, on(CENTRES), 0.3),
    ),
    "line": (
        lambda p: CENTRES @ p - T[:3],
        lambda d: line_transform(d.intervals, on(CENTRES), -on(T[:3])),
    ),
    "exponential": (
        lambda p: np.exp(-(SPREAD**2 * (p - CENTRES) ** 2).sum(1)),
        lambda d: exponential_transform(d.intervals, on(CENTRES), on(-SPREAD)),
    ),
    "rational": (
        lambda p: (1 + (SPREAD * np.abs(p - CENTRES)).sum(1)) ** -np.array([1, 2, 0.5]),
        lambda d: rational_transform(d.intervals, on(CENTRES), on(SPREAD), on([1, 2, 0.5])),
    ),
    **{
        f"rational_hat_{norm}": (
            lambda p, norm=norm: np.array([hat(p, c, r, norm) for c, r in zip(CENTRES, T[2:5], strict=True)]),
            lambda d, norm=norm: rational_hat_transform(d.intervals, on(CENTRES), on(-T[2:5]), norm),
        )
        for norm in (1, 2, math.inf)
    },
}
WEIGHTS: dict[str, tuple[Callable, Callable | None]] = {
    "none": (lambda p: 1.0, None),
    "power": (lambda p: 0.7 * (p[1] - p[0]) ** 1.5, lambda d: power_weight(d.intervals, 1.5, 0.7)),
    "grid": (
        lambda p: TABLE[int(3 * (p[0] + 0.1) / 1.2), int(4 * (p[1] + 0.1) / 2.2)],
        lambda d: grid_weight(d.intervals, on(TABLE), (-0.1, 1.1), (-0.1, 2.1), "cells"),
    ),
    "mixture": (
        lambda p: np.exp(-(((p - CENTRES) / SPREAD) ** 2).sum(1)).sum(),
        lambda d: gaussian_mixture_weight(d.intervals, on(CENTRES), on(SPREAD)),
    ),
}
OPERATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sum": lambda x: x.sum(0),
    "mean": lambda x: x.mean(0),
    "max": lambda x: x.max(0),
    "min": lambda x: x.min(0),
    "topk": lambda x: np.pad(np.sort(x, 0)[::-1], ((0, 3), (0, 0)))[:3].ravel(),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("weight", WEIGHTS)
def test_perslay_bar_by_bar(bars: list[np.ndarray], transform: str, weight: str) -> None:
    one, ours = TRANSFORMS[transform]
    factor, our_factor = WEIGHTS[weight]
    rows = [np.stack([factor(p) * one(p) for p in item]) for item in bars]
    for op, combine in OPERATIONS.items():
        expected = np.stack([combine(x) for x in rows])
        agrees(perslay(packed(bars), ours, our_factor, op=op, k=3), expected)


# Bars of graphs, as published on worked examples ----------------------------------------------------------------------

GRAPHS: dict[str, tuple[list[float], list[tuple[int, int]], tuple[float, float, float, float]]] = {
    # vertex values, edges, and the total persistence of ordinary, relative, extended 0 and extended 1 bars
    "path": ([0, 2, 1, 4, 3], [(0, 1), (1, 2), (2, 3), (3, 4)], (1 + 1, 1, 4, 0)),
    "square": ([0, 1, 3, 2], [(0, 1), (1, 2), (2, 3), (3, 0)], (0, 0, 3, 3)),
    "triangle with a tail": ([2, 2, 3, 1], [(0, 1), (1, 2), (0, 2), (2, 3)], (1, 0, 2, 1)),
    "edge and triangle": ([0, 1, 5, 6, 7], [(0, 1), (2, 3), (3, 4), (2, 4)], (0, 0, 2 + 1, 2)),
    "two triangles and a tail": (
        [0, 1, 2, 3, 4, 2.5, 3.5],
        [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4), (4, 5), (5, 6)],
        (1.5, 1, 4, 2 + 2),
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_total_persistence_of_graphs_is_a_perslay(name: str) -> None:
    values, edges, expected = GRAPHS[name]
    kinds = extended_persistence(lower_star(on(values), torch.tensor(edges).T))
    for found, total in zip(kinds, expected, strict=True):
        out = perslay(
            found, lambda d: torch.ones(len(d), 1, dtype=torch.float64), lambda d: power_weight(d.intervals, 1.0)
        )
        assert out.tolist() == [[total]]


def test_sums_of_tents_are_stable(bars: list[np.ndarray]) -> None:
    """A tent vanishes on the diagonal and moves by at most its bar: so no sum moves by more than Wasserstein's."""
    x, y = packed(bars[:50]), packed(bars[50:])
    layer = PersLay(TentTransform(GRID))
    moved = (layer(x) - layer(y)).abs().amax(1)
    assert (moved <= wasserstein(x, y, order=1.0, norm=math.inf) + 1e-9).all()


def test_structure_elements_are_those_of_torch_topological(bars: list[np.ndarray]) -> None:
    peer = pytest.importorskip("torch_topological.nn.layers")
    element = peer.StructureElementLayer(4).double()
    items = [torch.from_numpy(np.concatenate([x, np.zeros((len(x), 1))], 1))[None] for x in bars]
    expected = torch.stack([element(x) for x in items])
    found = perslay(packed(bars), lambda d: exponential_transform(d.intervals, element.centres, element.sharpness))
    torch.testing.assert_close(found, expected)
