"""How evenly points fill a circle: what tells a circle from clusters set around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 36


@dataclass(frozen=True)
class Occupancy:
    """How points lie around the circle.

    Args:
        counts: Points in each of 36 bins of 10 degrees.
        entropy: Entropy of the counts over that of even ones, in [0, 1].
        gap_degrees: Widest arc without a point.
        gap: Where that arc starts and ends, in radians.
        clusters: Arcs of well-filled bins, separated by sparse ones; 1 for an even circle.
    """

    counts: tuple[int, ...]
    entropy: float
    gap_degrees: float
    gap: tuple[float, float]
    clusters: int


def occupancy(phase: Tensor) -> Occupancy:
    """Occupancy of the circle by phases of shape (n,), in turns.

    A bin is sparse if it holds less than a quarter of what an even spread would put there.
    """
    turns = phase.to(torch.float64) % 1.0
    counts = torch.bincount((turns * BINS).long().clamp_max(BINS - 1), minlength=BINS)
    share = counts[counts > 0] / max(len(turns), 1)
    entropy = float(-(share * share.log()).sum() / math.log(BINS)) if len(turns) else 0.0
    ordered = turns.sort().values
    steps = torch.diff(ordered, append=ordered[:1] + 1.0) if len(turns) else torch.ones(1)
    widest = int(steps.argmax())
    start = float(ordered[widest]) * 2 * math.pi if len(turns) else 0.0
    full = counts >= 0.25 * len(turns) / BINS
    rises = int((full & ~full.roll(1)).sum())
    return Occupancy(
        tuple(counts.tolist()),
        entropy,
        360 * float(steps[widest]),
        (start, start + 2 * math.pi * float(steps[widest])),
        rises or int(full.any()),
    )


def circular_correlation(a: Tensor, b: Tensor) -> float:
    """How well two angles in radians of shape (n,) follow each other up to rotation and reflection, in [0, 1].

    The mean resultant length of their difference or of their sum, whichever is larger.
    """
    lengths = [torch.exp(1j * (a.double() + sign * b.double())).mean().abs() for sign in (-1, 1)]
    return float(max(lengths))
