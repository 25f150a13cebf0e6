"""Laws of distances and of vectorisations."""

import functools

import numpy as np
import pytest
import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.distances import bottleneck, sliced_wasserstein, wasserstein
from topolens.vectorizations import (
    betti_curve,
    entropy,
    entropy_curve,
    euler_curve,
    landscape,
    persistence_image,
    silhouette,
    statistics,
)

GRID = torch.linspace(0, 2, 33, dtype=torch.float64)
DISTANCES = {
    "wasserstein": wasserstein,
    "wasserstein_22": functools.partial(wasserstein, order=2.0, norm=2.0),
    "bottleneck": bottleneck,
    "sliced": sliced_wasserstein,
}
VECTORS = {
    "betti": lambda d: betti_curve(d, GRID.to(d.intervals)),
    "euler": lambda d: euler_curve(d, GRID.to(d.intervals)),
    "entropy": entropy,
    "entropy_curve": lambda d: entropy_curve(d, GRID.to(d.intervals)),
    "landscape": lambda d: landscape(d, GRID.to(d.intervals)),
    "silhouette": lambda d: silhouette(d, GRID.to(d.intervals)),
    "image": lambda d: persistence_image(d, GRID, GRID, sigma=0.3),
    "statistics": statistics,
}
each_distance = pytest.mark.parametrize("distance", DISTANCES.values(), ids=DISTANCES)
each_vector = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)


def batch(seed: int, items: int = 40, essential: bool = True, levels: int = 6) -> Diagrams:
    """Diagrams of two dimensions on few levels, some empty; the same number of essential bars everywhere."""
    rng = np.random.default_rng(seed)

    def bars() -> np.ndarray:
        birth = rng.integers(0, levels, rng.integers(0, 7)) / levels
        out = np.stack([birth, birth + rng.integers(1, levels + 1, len(birth)) / levels], 1)
        return np.concatenate([out, [[rng.integers(levels) / levels, np.inf]]]) if essential else out

    return Diagrams.from_intervals([{0: bars(), 1: bars()} for _ in range(items)], dtype=torch.float64)


def shuffled(d: Diagrams) -> Diagrams:
    order = torch.randperm(len(d), generator=torch.Generator().manual_seed(0))
    return Diagrams(d.intervals[order], d.dim[order], d.batch[order], d.cells[order], d.batch_size)


def with_bars(d: Diagrams, intervals: Tensor) -> Diagrams:
    return Diagrams(intervals, d.dim, d.batch, d.cells, d.batch_size)


@each_distance
def test_a_distance_is_a_metric(distance) -> None:
    x, y, z = (batch(seed) for seed in range(3))
    xy, yz, xz = distance(x, y), distance(y, z), distance(x, z)
    torch.testing.assert_close(xy, distance(y, x), atol=1e-12, rtol=0)
    assert (xz <= xy + yz + 1e-12).all()
    assert (distance(x, shuffled(x)) <= 1e-12).all()
    different = [sorted(map(tuple, a.finite().intervals.tolist())) != [] for a in x]
    gone = distance(x.finite(), x.essential().finite())
    assert (gone > 0).tolist() == different


@each_distance
def test_batch_is_one_by_one_and_one_is_spread(distance) -> None:
    x, y = batch(3, 12), batch(4, 12)
    one_by_one = torch.cat([distance(a, b) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(distance(x, y), one_by_one, atol=1e-12, rtol=0)
    spread = torch.cat([distance(x[0], b) for b in y])
    torch.testing.assert_close(distance(x[0], y), spread, atol=1e-12, rtol=0)
    torch.testing.assert_close(distance(y, x[0]), spread, atol=1e-12, rtol=0)
    single = distance(x.to(torch.float32), y.to(torch.float32))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), distance(x, y), atol=1e-5, rtol=1e-5)


@each_distance
def test_points_of_the_diagonal_change_nothing(distance) -> None:
    x, y = batch(5), batch(6)
    middle = torch.full((40, 2), 0.4, dtype=torch.float64)
    more = Diagrams(
        torch.cat([x.intervals, middle]),
        torch.cat([x.dim, torch.ones(40, dtype=torch.int64)]),
        torch.cat([x.batch, torch.arange(40)]),
        torch.full((len(x) + 40, 2), -1),
        40,
    )
    torch.testing.assert_close(distance(more, y), distance(x, y), atol=1e-12, rtol=0)


def test_a_superlevel_diagram_is_the_mirrored_one() -> None:
    x, y = batch(7), batch(8)
    for distance in DISTANCES.values():
        down = [with_bars(d, -d.intervals) for d in (x, y)]
        torch.testing.assert_close(distance(*down), distance(x, y), atol=1e-12, rtol=0)
    x = batch(9, essential=False)
    down = with_bars(x, 2 - x.intervals)
    for vector in (betti_curve, landscape, silhouette, entropy_curve, euler_curve):
        torch.testing.assert_close(vector(down, GRID).flip(-1), vector(x, GRID), atol=1e-12, rtol=0)


def test_unequal_numbers_of_essential_bars_are_infinitely_far() -> None:
    x = batch(10, 5)
    for distance in (wasserstein, bottleneck):
        assert torch.isinf(distance(x, x.finite())).all()


def test_landscapes_are_stable() -> None:
    """Without the factor sqrt(2), no level moves by more than the bottleneck distance."""
    x, y = (batch(seed, 200).of_dim(1) for seed in (11, 12))
    moved = (landscape(x, GRID, levels=8) - landscape(y, GRID, levels=8)).abs().amax((1, 2))
    assert (moved <= bottleneck(x, y) + 1e-12).all()


def test_bottleneck_is_the_limit_of_wasserstein() -> None:
    x, y = batch(13), batch(14)
    torch.testing.assert_close(wasserstein(x, y, order=200.0), bottleneck(x, y), atol=0.02, rtol=0)


@each_vector
def test_a_vector_of_a_batch_is_that_of_each(vector) -> None:
    x = batch(15, 12)
    torch.testing.assert_close(vector(x), torch.cat([vector(d) for d in x]), atol=1e-12, rtol=0)
    torch.testing.assert_close(vector(x), vector(shuffled(x)), atol=1e-12, rtol=0)
    assert vector(x).isfinite().all()
    single = vector(x.to(torch.float32))
    assert single.dtype == torch.float32
    if vector is not VECTORS["betti"] and vector is not VECTORS["entropy_curve"]:  # an end on the grid may fall over
        torch.testing.assert_close(single, vector(x).float(), atol=0.5 if vector is VECTORS["euler"] else 1e-4, rtol=0)


@each_vector
def test_nothing_gives_zeros(vector) -> None:
    nothing = batch(16, 3).of_dim(5)
    assert len(nothing) == 0
    assert (vector(nothing) == 0).all()
    assert vector(nothing).shape[0] == 3
