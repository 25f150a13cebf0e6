"""Circular coordinates: a map to the circle from a loop that persistence has found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topolens.engines.compiled import Cocycles, rips_cocycles
from topolens.engines.edges import edge_ends
from topolens.filtrations.rips import rips
from topolens.sampling.maxmin import cover_radius

PRIME = 47  # large enough that a mod-p cocycle of a loop lifts to integers, small enough for the engine's tables


@dataclass(frozen=True)
class CircularCoordinate:
    """A point of the circle for each point of a cloud.

    Args:
        phase: Shape (n,), in [0, 1): one turn is 1.
        birth, death: Scales between which the loop lives on the landmarks.
        is_integral: Whether the mod-p cocycle lifted to an integer cocycle; if not, read the phase with care.
    """

    phase: Tensor
    birth: float
    death: float
    is_integral: bool


def circular_coordinate(points: Tensor, landmarks: Tensor, rank: int = 0) -> CircularCoordinate | None:
    """The circular coordinate of a long H1 class of the Rips complex on landmarks, extended to all points.

    A cocycle mod 47 at the middle of the bar is lifted to integers and smoothed by least squares over the edges
    below that scale, each divided by the degrees of its ends, so that crowded landmarks do not bend the circle. Other
    points take the weighted circular mean of the landmarks within 1.5 cover radii.

    Args:
        points: One cloud, shape (n, d), Euclidean.
        landmarks: Rows of the landmarks, shape (L,).
        rank: 0 for the longest bar, 1 for the second, and so on.

    Returns:
        The coordinate, or None if there is no such bar.

    Cost: Rips persistence and a least-squares problem on L points, then O(n L d).
    Source: "Persistent cohomology and circular coordinates", 2011; the extension by a partition of unity as in
        "Sparse circular coordinates via principal Z-bundles", 2020, on phases; the edge weights as in "Diffusion
        maps", 2006 (alpha = 1). Ours is putting these together.
    """
    marks = points[landmarks].to("cpu", torch.float64)
    filtration = rips(marks[None])
    values = filtration.values[0]
    found = rips_cocycles(values, len(marks), PRIME, float("inf"))
    births, deaths = values[found.cells[:, 0]], values[found.cells[:, 1].clip(0)]
    deaths = torch.where(torch.from_numpy(found.cells[:, 1] >= 0), deaths, values.max())
    order = torch.argsort(deaths - births, descending=True, stable=True)
    if rank >= len(order):
        return None
    bar = int(order[rank])
    birth, death = float(births[bar]), float(deaths[bar])
    turns, is_integral = _smooth(found, bar, values.numpy(), len(marks), (birth + death) / 2)
    phase = _extend(points.to("cpu", torch.float64), marks, turns, cover_radius(points, landmarks))
    return CircularCoordinate(phase, birth, death, is_integral)


def _smooth(found: Cocycles, bar: int, values: np.ndarray, n: int, scale: float) -> tuple[Tensor, bool]:
    """Turns of each landmark: least squares for (t_i - t_j) = cocycle on edges (i > j) up to `scale`."""
    rows = slice(found.offsets[bar], found.offsets[bar + 1])
    lifted = found.coefficients[rows].astype(np.int64)
    lifted = np.where(lifted > PRIME // 2, lifted - PRIME, lifted)
    square = np.zeros((n, n))
    i, j = (x.numpy() for x in edge_ends(torch.from_numpy(found.edges[rows] - n)))
    square[i, j], square[j, i] = lifted, -lifted
    low = np.tril_indices(n, -1)
    alive = values[n:] <= scale
    joined = np.zeros((n, n), dtype=bool)
    joined[low[0][alive], low[1][alive]] = True
    joined |= joined.T
    square *= joined
    degree = joined.sum(1).clip(1)
    weight = joined / np.outer(degree, degree)
    # The small diagonal fixes the free turn of each component; it moves no phase visibly.
    laplacian = np.diag(weight.sum(1) + 1e-12) - weight
    turns = np.linalg.solve(laplacian, (weight * square).sum(1))
    return torch.from_numpy(turns % 1.0), _is_cocycle(square, joined)


def _is_cocycle(square: np.ndarray, joined: np.ndarray) -> bool:
    """Whether the integer cochain adds up to 0 around every triangle of joined vertices."""
    for a in range(len(square)):
        around = np.flatnonzero(joined[a, :a])
        sums = square[a, around][:, None] + square[np.ix_(around, around)] - square[a, around][None, :]
        if (sums[joined[np.ix_(around, around)]] != 0).any():
            return False
    return True


def _extend(points: Tensor, marks: Tensor, turns: Tensor, radius: float) -> Tensor:
    """Phases of all points: circular means of landmark phases, weighted by (1.5 radius - distance)+."""
    weights = (1.5 * max(radius, 1e-12) - torch.cdist(points, marks)).clamp_min(0)
    angle = 2 * torch.pi * turns
    mean = torch.atan2(weights @ angle.sin(), weights @ angle.cos())
    return (mean / (2 * torch.pi)) % 1.0
