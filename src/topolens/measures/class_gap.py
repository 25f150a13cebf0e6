"""How many clusters a layer has, from the lengths at which its components merge; no labels needed."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.filtrations import rips
from topolens.persistence import persistence


class ClassGap(NamedTuple):
    """Components that stay apart for long.

    Args:
        gap: The (classes - 1)-th longest merge over the next one; large where there are as many clusters as classes.
        inequality: Coefficient of variation of the first classes - 1; 0 where clusters are equally far apart.
        clusters: One more than the number of merges before the largest ratio of two that follow each other.
    """

    gap: float
    inequality: float
    clusters: int


def persistent_class_gap(points: Tensor, classes: int) -> ClassGap:
    """The gap between the merges of clusters and those within them, for a known number of classes.

    A fully collapsed layer has classes - 1 merges of one length, and all others of length 0.

    Args:
        points: Activations, shape (samples, d).
        classes: How many clusters there should be, at least 2.

    Returns:
        `clusters` looks at no more than 2 classes + 10 merges.

    Raises:
        ValueError: If points have another shape or contain NaN, or there are no more of them than classes.

    Cost: a minimum spanning tree of the points.
    Source: ours; the bars of dimension 0 of a collapsed layer ("Prevalence of neural collapse during the terminal phase
        of deep learning training", 2020), as a number that needs no labels.
    """
    check_no_nan("points", check_tensor("points", points, ("samples", "d")))
    if classes < 2 or len(points) <= classes:
        raise ValueError(
            f"there must be 2 classes at least and more points than classes, got {classes} and {len(points)}"
        )
    bars = persistence(rips(points.detach().to("cpu", torch.float64)[None]), max_dim=0).finite()
    found = bars.persistence.sort(descending=True).values
    merges = torch.cat([found, found.new_zeros(max(0, len(points) - 1 - len(found)))])  # duplicates merge at once
    first, after = merges[: classes - 1], float(merges[classes - 1])
    gap = float(first[-1]) / after if after > 0 else math.inf if first[-1] > 0 else math.nan
    ratios = merges[:-1] / merges[1:].clamp_min(float(merges[0]) * 1e-12 + 1e-300)
    clusters = int(ratios[: 2 * classes + 10].argmax()) + 2
    inequality = float(first.std() / first.mean()) if len(first) > 1 and first[-1] > 0 else 0.0
    return ClassGap(gap, inequality, clusters)
