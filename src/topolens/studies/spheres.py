"""Spheres within a sphere: the synthetic data of the paper on topological autoencoders."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from topolens.studies.images import Images


def spheres(samples: int = 500, dim: int = 100, inner: int = 10, radius: float = 5.0, seed: int = 42) -> Images:
    """Small spheres at random places within one five times as large, a tenth of the points held out for testing.

    Args:
        samples: Points on each small sphere, a tenth of those on the large one.
        dim: Of the spheres, which lie in dim + 1 coordinates.
        inner: Number of small spheres.
        radius: Of the small spheres; their centres are normal with standard deviation 10 / sqrt(dim).
        seed: 42 in the paper; with it and the other defaults these are the paper's 10,000 points.

    Returns:
        Features of mean 0 and deviation 1 over the training points; the label `inner` is the large sphere.
    """
    points, labels = sphere_points(samples, dim, inner, radius, seed)
    split = np.random.RandomState(seed)  # noqa: NPY002
    train, test, train_labels, test_labels = train_test_split(points, labels, test_size=0.1, random_state=split)
    mean, deviation = train.mean(0), train.std(0)
    x, y = (torch.from_numpy((part - mean) / deviation) for part in (train, test))
    return Images("spheres", x, torch.from_numpy(train_labels), y, torch.from_numpy(test_labels))


def sphere_points(samples: int, dim: int, inner: int, radius: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """All points (n, dim + 1), float32, in their own units, and the number of the sphere of each."""
    # The generator of the paper's code, so that the points are the same.
    generator = np.random.RandomState(seed)  # noqa: NPY002
    centres = generator.normal(0, 10 / np.sqrt(dim), (inner + 1, dim + 1))
    centres[inner] = 0
    parts = []
    for number, centre in enumerate(centres):
        times, factor = (10, 5) if number == inner else (1, 1)
        directions = generator.randn(samples * times, dim + 1)
        lengths = np.linalg.norm(directions, axis=1, keepdims=True)
        parts.append(factor * radius * directions / lengths + centre)
    labels = np.repeat(np.arange(inner + 1), [len(part) for part in parts])
    return np.concatenate(parts).astype(np.float32), labels
