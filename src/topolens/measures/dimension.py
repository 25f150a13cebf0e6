"""How many dimensions a cloud fills, by its nearest neighbours and by the growth of its spanning trees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_positive, check_tensor
from topolens.engines import compiled

FEWEST = 16
SHARES = (0.2, 0.95)


class TwoNN(NamedTuple):
    """Intrinsic dimension from the ratio of the distances to the second and the first neighbour.

    Args:
        mle: (n - 1) / sum of the logarithms of the ratios, the maximum of likelihood made unbiased.
        fit: Slope of -log(1 - F) against the logarithm of the ratio, the largest ratios left out.
        n: Points that differ; of duplicates one is kept.
        sizes: n, n / 2, n / 4 and so on, as many as hold 16 points.
        halvings: Mean of `mle` over disjoint subsamples of each of these sizes; what changes depends on the scale.
    """

    mle: float
    fit: float
    n: int
    sizes: tuple[int, ...]
    halvings: tuple[float, ...]


class PHDimension(NamedTuple):
    """Intrinsic dimension from the total length of the bars of dimension 0.

    Args:
        value: alpha / (1 - slope); infinite where lengths grow as fast as the number of points.
        standard_error: Of `value` over the repetitions. Subsamples overlap, so it is too small as a rule.
        slope: Of the logarithm of the total length against that of the number of points.
        sizes: Of the subsamples.
        totals: Mean over repetitions of the sum of length^alpha at each size.
    """

    value: float
    standard_error: float
    slope: float
    sizes: tuple[int, ...]
    totals: tuple[float, ...]


def two_nn_dimension(points: Tensor, discard: float = 0.1, *, seed: int = 0) -> TwoNN:
    """Intrinsic dimension by two nearest neighbours, at the scale of all points and of halving subsamples.

    Args:
        points: Shape (n, d), Euclidean.
        discard: Share of the largest ratios that `fit` leaves out, in [0, 1).
        seed: Of the subsamples.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN or infinite, `discard` is out of range, or fewer than 16
            points differ.

    Cost: all distances, O(n^2 d).
    Source: "Estimating the intrinsic dimension of datasets by a minimal neighborhood information", 2017. Low near the
        boundary of a cloud: 1,000 points uniform in a cube of dimension 10 give 8.5, of dimension 5 give 4.7.
    """
    if not 0 <= discard < 1:
        raise ValueError(f"discard must lie in [0, 1), got {discard}")
    distances = enough(distances_of(points))
    n = len(distances)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    sizes = [n // 2**h for h in range(n.bit_length()) if n // 2**h >= FEWEST]
    means = []
    for h, size in enumerate(sizes):
        parts = [order[i * size : (i + 1) * size] for i in range(2**h)]
        means.append(sum(ratio_dimension(distances[part][:, part]) for part in parts) / len(parts))
    logs = _log_ratios(distances).sort().values
    kept = max(round((1 - discard) * n), 2)
    x = logs[: min(kept, n - 1)]  # of the largest of all, 1 - F is 0
    y = -torch.log1p(-torch.arange(1, len(x) + 1, dtype=torch.float64) / n)
    return TwoNN(ratio_dimension(distances), float((x * y).sum() / (x * x).sum()), n, tuple(sizes), tuple(means))


def ph_dimension(
    points: Tensor, alpha: float = 1.0, *, sizes: Sequence[int] | None = None, repetitions: int = 5, seed: int = 0
) -> PHDimension:
    """Intrinsic dimension by persistent homology: how fast the total length of bars of dimension 0 grows with points.

    Args:
        points: Shape (n, d), Euclidean; of duplicates one is kept.
        alpha: Power of each length, above 0 and below the dimension.
        sizes: Of the subsamples; None: 16 from a fifth to 95 % of the points.
        repetitions: How often all subsamples are drawn.
        seed: Of the draws.

    Raises:
        ValueError: If the shape is wrong, a coordinate is NaN or infinite, fewer than 16 points differ, alpha or
            repetitions is not above 0, or `sizes` are not at least two different ones from 2 to n.

    Cost: all distances, O(n^2 d), then a minimum spanning tree of each subsample.
    Source: "Intrinsic dimension, persistent homology and generalization in neural networks", 2021, section 4 and its
        code. Low near the boundary of a cloud, as `two_nn_dimension`: 1,000 points uniform in a cube of dimension 10
        give 8.4, of dimension 5 give 4.6.
    """
    check_positive("alpha", alpha)
    check_positive("repetitions", repetitions)
    return tree_dimension(enough(distances_of(points)), alpha, sizes, repetitions, seed)


def distances_of(points: Tensor) -> Tensor:
    """All distances in float64 on the CPU, shape (n, n), each by itself: the same for every number of threads."""
    check_finite_points(check_tensor("points", points, ("n", "d")))
    x = points.detach().to("cpu", torch.float64)
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


def distinct(distances: Tensor) -> Tensor:
    """Rows of the points that differ, the first of each, rising."""
    return (~(distances == 0).tril(-1).any(1)).nonzero()[:, 0]


def enough(distances: Tensor) -> Tensor:
    """Distances of the points that differ, if they are enough for a dimension."""
    rows = distinct(distances)
    if len(rows) < FEWEST:
        raise ValueError(f"a dimension needs at least {FEWEST} points that differ, got {len(rows)} of {len(distances)}")
    return distances if len(rows) == len(distances) else distances[rows][:, rows]


def ratio_dimension(distances: Tensor) -> float:
    """`TwoNN.mle` of points that differ, given by their distances."""
    total = float(_log_ratios(distances).sum())
    return (len(distances) - 1) / total if total > 0 else math.inf


def tree_dimension(
    distances: Tensor, alpha: float, sizes: Sequence[int] | None, repetitions: int, seed: int
) -> PHDimension:
    """`ph_dimension` of points that differ, given by their distances."""
    n = len(distances)
    if sizes is None:
        sizes = sorted(set((torch.linspace(*SHARES, 16, dtype=torch.float64) * n).round().int().tolist()))
    if len(set(sizes)) < 2 or min(sizes) < 2 or max(sizes) > n:
        raise ValueError(f"sizes must be at least two different ones from 2 to {n}, got {tuple(sizes)}")
    generator = torch.Generator().manual_seed(seed)
    totals = torch.zeros(repetitions, len(sizes), dtype=torch.float64)
    for row in totals:
        for place, size in enumerate(sizes):
            drawn = torch.randperm(n, generator=generator)[:size]
            part = distances[drawn][:, drawn]
            i, j = compiled.spanning_tree(part[None])[0].T
            row[place] = part[i, j].pow(alpha).sum()
    x = torch.tensor(sizes, dtype=torch.float64).log()
    x = x - x.mean()
    slopes = (totals.log() * x).sum(1) / x.square().sum()
    slope = float(slopes.mean())
    found = alpha / (1 - slopes)
    error = float(found.std()) / math.sqrt(repetitions) if repetitions > 1 else math.nan
    value = alpha / (1 - slope) if slope < 1 else math.inf
    return PHDimension(value, error, slope, tuple(sizes), tuple(totals.mean(0).tolist()))


def _log_ratios(distances: Tensor) -> Tensor:
    """Logarithm of the distance to the second neighbour over that to the first, for each point."""
    apart = distances.clone().fill_diagonal_(math.inf)
    first, second = apart.topk(2, dim=1, largest=False).values.unbind(1)
    return (second / first).log()
