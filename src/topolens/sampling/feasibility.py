"""Whether a cloud can show topology at all, said before anything costly is computed."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor

FEWEST = 30
NEARLY_EQUAL = 0.1


class Feasibility(NamedTuple):
    """What a cloud allows.

    Args:
        n: Number of points.
        d: Number of coordinates.
        spread: Standard deviation over mean of the distances between points; points in general position in high
            dimension have nearly equal ones.
        duplicates: Share of points that lie on an earlier one.
        warnings: What a reader should know, a sentence each.
    """

    n: int
    d: int
    spread: float
    duplicates: float
    warnings: tuple[str, ...]


def feasibility(points: Tensor, max_dim: int = 1, seed: int = 0) -> Feasibility:
    """How far a cloud can be trusted to show bars of these dimensions.

    Args:
        points: Shape (n, d).
        max_dim: Largest homology dimension that is asked for.
        seed: Of the 1,000 points on which distances are looked at, where there are more.

    Returns:
        Its warnings are empty where nothing speaks against the cloud.

    Raises:
        ValueError: If `points` has another shape or contains NaN, there are fewer than 2 max_dim + 3 points, or they
            are all the same: then no bar of that dimension can mean anything.

    Cost: distances of at most 1,000 points.
    Source: "When is nearest neighbor meaningful?", 1999, for the spread; the limits (30 points, 4 more points per
        dimension to the power, spread 0.1) are ours.
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d")))
    n, d = points.shape
    least = 2 * max_dim + 3
    if n < least:
        raise ValueError(f"bars of dimension {max_dim} need at least {least} points, got {n}")
    some = points.detach().to("cpu", torch.float64)
    if n > 1000:
        some = some[torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:1000]]
    distances = torch.pdist(some)
    if not bool((distances > 0).any()):
        raise ValueError("all points are the same, so there is nothing to see; look at another layer or at more data")
    spread = float(distances.std() / distances.mean()) if len(distances) > 1 else 0.0
    duplicates = 1 - len(some.unique(dim=0)) / len(some)
    warnings = []
    if n < FEWEST * (max_dim + 1):
        warnings.append(f"{n} points are few for bars of dimension {max_dim}: take {FEWEST * (max_dim + 1)} or more.")
    if spread < NEARLY_EQUAL:
        warnings.append(
            f"Distances differ by {100 * spread:.0f} % only, as noise does in many dimensions ({d} coordinates): "
            "bars are short whatever the shape; reduce the dimension or read nulls first."
        )
    if duplicates > 0.05:
        warnings.append(f"{100 * duplicates:.0f} % of the points lie on others; they add no bars.")
    return Feasibility(n, d, spread, duplicates, tuple(warnings))
