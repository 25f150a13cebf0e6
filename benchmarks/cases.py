"""Named inputs that all benchmarks share: what they are, how large, from which seed. NumPy only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import pdist, squareform


@dataclass(frozen=True)
class Case:
    """One input. `make()` gives it anew, the same each time."""

    name: str
    text: str
    make: Callable[[], Any]


def circle(n: int, seed: int = 0) -> np.ndarray:
    """Distances of points of the unit circle with Gaussian noise of deviation 0.1."""
    return distances(circle_points(n, seed))


def circle_points(n: int, seed: int = 0) -> np.ndarray:
    """Points of the unit circle with Gaussian noise of deviation 0.1."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    points = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.1 * rng.standard_normal((n, 2))
    return points.astype(np.float32)


def cube(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Distances of uniform points of the unit cube."""
    return distances(np.random.default_rng(seed).uniform(size=(n, d)))


def sphere(n: int, seed: int = 0) -> np.ndarray:
    """Distances of points of the unit 2-sphere with Gaussian noise of deviation 0.05."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((n, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return distances(points + 0.05 * rng.standard_normal((n, 3)))


def neurons(n: int, inputs: int = 2000, seed: int = 0) -> np.ndarray:
    """1 - |correlation| of rectified random mixtures of ten latent signals: dissimilarities of neurons, no metric."""
    rng = np.random.default_rng(seed)
    signals = rng.standard_normal((inputs, 10)) @ rng.standard_normal((10, n))
    active = np.maximum(signals + rng.standard_normal((inputs, n)), 0)
    matrix = 1 - np.abs(np.corrcoef(active.T)).astype(np.float32)
    np.fill_diagonal(matrix, 0)
    return np.clip((matrix + matrix.T) / 2, 0, None)


def distances(points: np.ndarray) -> np.ndarray:
    """Euclidean distances, symmetric to the last bit, float32."""
    return squareform(pdist(points.astype(np.float64))).astype(np.float32)


def images(count: int, size: int, sigma: float = 0.0, seed: int = 0) -> np.ndarray:
    """Square images of uniform noise, blurred by a Gaussian of deviation `sigma` pixels, float32."""
    noise = np.random.default_rng(seed).uniform(size=(count, size, size))
    return (gaussian_filter(noise, (0, sigma, sigma)) if sigma else noise).astype(np.float32)


def channels(count: int, size: int, sigma: float = 0.0) -> np.ndarray:
    """Images of three channels, each as in `images`, shape (count, 3, size, size)."""
    return images(3 * count, size, sigma).reshape(count, 3, size, size)


def volume(size: int, sigma: float = 0.0, seed: int = 0) -> np.ndarray:
    """One volume of uniform noise, blurred by a Gaussian of deviation `sigma` voxels, float32, shape (1, s, s, s)."""
    noise = np.random.default_rng(seed).uniform(size=(size, size, size))
    return (gaussian_filter(noise, sigma) if sigma else noise).astype(np.float32)[None]


def graphs(count: int, degree: float = 4.0, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random graphs of 30 to 100 vertices: per graph values (vertices,) and edges (edges, 2), each edge once."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        n = int(rng.integers(30, 101))
        a, b = np.triu_indices(n, 1)
        keep = rng.uniform(size=len(a)) < degree / (n - 1)
        made.append((rng.uniform(size=n).astype(np.float32), np.stack([a[keep], b[keep]], 1)))
    return made


def filters(n: int, seed: int = 0) -> np.ndarray:
    """Random 3 x 3 filters, mean-centred and of norm 1: points of a 7-sphere in nine coordinates, float32."""
    points = np.random.default_rng(seed).standard_normal((n, 9))
    points -= points.mean(1, keepdims=True)
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


H0 = [Case(f"cube9-{n}", f"uniform cube in R⁹, {n:,} points", partial(cube, n, 9)) for n in (500, 2000, 4000)]
RIPS_SMALL = Case("circle-200", "noisy circle, 200 points", partial(circle, 200))
RIPS = [
    case
    for n in (500, 1000, 2000, 4000)
    for case in (
        Case(f"circle-{n}", f"noisy circle, {n:,} points", partial(circle, n)),
        Case(f"cube3-{n}", f"uniform cube in R³, {n:,} points", partial(cube, n, 3)),
        Case(f"cube9-{n}", f"uniform cube in R⁹, {n:,} points", partial(cube, n, 9)),
    )
]
NEURONS = [Case(f"neurons-{n}", f"{n:,} neurons", partial(neurons, n)) for n in (300, 600, 1000, 3000)]
H2 = [Case(f"sphere-{n}", f"noisy 2-sphere, {n} points", partial(sphere, n)) for n in (200, 300, 500)]
BATCHES = [
    Case("28-noise", "128 images of 28 × 28, noise", partial(images, 128, 28)),
    Case("28-smooth", "128 images of 28 × 28, smooth", partial(images, 128, 28, 3.0)),
    Case("32-noise", "128 images of 3 × 32 × 32, noise", partial(channels, 128, 32)),
    Case("32-smooth", "128 images of 3 × 32 × 32, smooth", partial(channels, 128, 32, 3.0)),
]
LARGE_IMAGES = [
    Case("256-noise", "16 images of 256 × 256, noise", partial(images, 16, 256)),
    Case("256-smooth", "16 images of 256 × 256, smooth", partial(images, 16, 256, 8.0)),
    Case("1024-noise", "one image of 1,024 × 1,024, noise", partial(images, 1, 1024)),
    Case("1024-smooth", "one image of 1,024 × 1,024, smooth", partial(images, 1, 1024, 8.0)),
]
VOLUMES = [
    Case(f"{n}-{kind}", f"one volume of {n}³, {kind}", partial(volume, n, sigma))
    for n in (64, 128)
    for kind, sigma in (("noise", 0.0), ("smooth", 3.0))
]
SCALING = [
    *(
        Case(f"{count}x28", f"{count} image{'s' * (count > 1)} of 28 × 28, noise", partial(images, count, 28))
        for count in (1, 8, 128, 512)
    ),
    LARGE_IMAGES[0],
]
GRAPHS = Case("graphs-1000", "1,000 random graphs of 30 to 100 vertices, mean degree 4", partial(graphs, 1000))
FILTERS = [
    Case(f"filters-{n}", f"{n:,} points of the 7-sphere, k = 100", partial(filters, n)) for n in (6400, 16384, 32768)
]
MAPPER = [Case(f"filters-{n}", f"{n:,} points of the 7-sphere", partial(filters, n)) for n in (2000, 20000)]
GRADIENT_CIRCLE = Case("circle-200", "noisy circle, 200 points", partial(circle_points, 200))

# Of the same kinds, for the first call in a process.
TINY_CLOUD = Case("tiny", "noisy circle, 20 points", partial(circle, 20))
TINY_POINTS = Case("tiny", "noisy circle, 20 points", partial(circle_points, 20))
TINY_IMAGES = Case("tiny", "2 images of 8 × 8", partial(images, 2, 8))
TINY_VOLUME = Case("tiny", "one volume of 6³", partial(volume, 6))
TINY_GRAPHS = Case("tiny", "2 random graphs", partial(graphs, 2))
TINY_FILTERS = Case("tiny", "200 points of the 7-sphere", partial(filters, 200))
