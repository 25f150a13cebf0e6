"""Which parameters to take: estimated from the points, or read off a grid of graphs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_no_nan, check_tensor
from topolens.mapper.graph import MapperGraph
from topolens.mapper.metric import distance_rows, variance_normalised
from topolens.mapper.nerve import betti_numbers
from topolens.mapper.purity import purity
from topolens.mapper.resampling import Remade, Work, each, seeds

BASE = 10  # the constant C of the subsamples' size
GAIN = 1.5  # below 2, so that no three intervals meet
OVERLAP = 1 - 1 / GAIN
BLOCK = 2_000_000  # distances held at a time
SHARE = 0.8  # of the points in each of the subsamples that are compared


@dataclass(frozen=True)
class Advice:
    """Parameters of a Mapper graph, estimated from the points.

    Args:
        scale: Distance up to which points are joined, for `connected`.
        resolution: Intervals per lens.
        gain: Interval length over step.
        interval_lengths: Length of the intervals per lens, in its unit.
        sentence: How they came about, and what is wrong if the points are too few.
    """

    scale: float
    resolution: list[int]
    gain: float
    interval_lengths: list[float]
    sentence: str


def advised(points: Tensor, lens: Tensor, metric: str | None = "std", resamples: int = 30, seed: int = 0) -> Advice:
    """Scale, resolution and gain for a cloud and its lens, by the rule of statistical Mapper.

    The scale is how far the points lie, on average, from subsamples of n log 10 / log n of them, n - 1 at most (the
    greatest distance of a point to the subsample). The intervals are three times as long as the lens changes between
    points that near, and share a third, so that no edge of the neighbourhood graph is lost between them.

    Args:
        points: Cloud, shape (n, d), n at least 2.
        lens: Lens values, shape (n, lenses).
        metric: Of the points, as in `mapper`.
        resamples: Number of subsamples.
        seed: Seed of their draws.

    Returns:
        Parameters for `mapper(points, lens, resolution, gain, metric, partial(connected, scale=scale))`.

    Raises:
        TypeError: If the points or the lens are no floating-point tensor.
        ValueError: If there are fewer than two different points, no lens or no resample, a shape is wrong, or an entry
            is NaN or infinite.

    Cost: O(resamples n^2 d log 10 / log n) for the distances.
    Source: "Statistical analysis and parameter selection for Mapper", 2018, section 4.3. The rule is proved for one
        lens; of several, each is treated like one.

    Example:
        >>> line = torch.linspace(0, 1, 200)[:, None]
        >>> advised(line, line, metric=None).resolution
        [24]
    """
    check_finite_points(check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    check_no_nan("lens", check_tensor("lens", lens, ("n", "lenses"), "for one lens pass lens[:, None]"))
    if not lens.shape[1] or bool(torch.isinf(lens).any()):
        raise ValueError(f"lens must have at least one column and no infinite value, got shape {tuple(lens.shape)}")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    n = len(points)
    if n < 2 or len(lens) != n:
        raise ValueError(f"points and lens need the same number of rows, at least 2, got {n} and {len(lens)}")
    cloud, values = variance_normalised(points.detach().cpu(), metric), lens.detach().cpu().to(torch.float64)
    size = min(n - 1, max(1, round(n / max(1.0, math.log(n) / math.log(BASE)))))  # all of them would be 0 away
    rng = np.random.default_rng(seed)
    draws = [torch.from_numpy(rng.choice(n, size, replace=False)) for _ in range(resamples)]
    scale = float(np.mean([_farthest(cloud, cloud[rows]) for rows in draws]))
    if not scale:
        raise ValueError(f"points must differ, but all {n:,} coincide in this metric; nothing can be advised of them")
    change = _largest_change(cloud, values, scale)
    lengths = change / OVERLAP
    span = (values.amax(0) - values.amin(0)).numpy()
    fitting = 1 + GAIN * (np.divide(span, lengths, out=np.ones_like(span), where=lengths > 0) - 1)
    resolution = [max(1, math.floor(x + 1e-9)) for x in fitting]
    taken = [float(x) / (1 + (count - 1) / GAIN) for x, count in zip(span, resolution, strict=True)]
    sentence = (
        f"{resamples} subsamples of {size:,} of the {n:,} points lie within {scale:.3g} of them on average; "
        f"between points that near the lens changes by up to {', '.join(f'{x:.3g}' for x in change)}"
    )
    if min(resolution) == 1:
        sentence += ", over a third of its range, which leaves one interval: take more points or fewer columns"
    return Advice(scale, resolution, GAIN, taken, sentence + ".")


def _farthest(cloud: Tensor, chosen: Tensor) -> float:
    """Greatest distance of a point to its nearest chosen one."""
    return max(float(far.amin(1).max()) for far in distance_rows(cloud, chosen, BLOCK))


def _largest_change(cloud: Tensor, values: Tensor, scale: float) -> np.ndarray:
    """Greatest difference of each lens between points within `scale`."""
    largest = torch.zeros(values.shape[1], dtype=torch.float64)
    start = 0
    for far in distance_rows(cloud, cloud, BLOCK):
        i, j = torch.nonzero(far <= scale, as_tuple=True)
        for k in range(values.shape[1]):
            change = (values[start + i, k] - values[j, k]).abs()
            largest[k] = torch.maximum(largest[k], change.amax()) if len(change) else largest[k]
        start += len(far)
    return largest.numpy()


@dataclass(frozen=True)
class Grid:
    """What Mapper graphs look like over a grid: matrices with a row per resolution and a column per gain.

    Args:
        resolutions: Resolutions of the rows.
        gains: Gains of the columns.
        nodes: Nodes of each graph.
        components: Components of its nerve.
        loops: Loops of its nerve, triangles filled.
        coverage: Share of the points in a node.
        purity: Mean share of the most frequent class of a node, weighted by its points; NaN without labels.
        instability: How much clusterings of two subsamples differ, in [0, 1]; reliable graphs lie at its lows.
    """

    resolutions: list[int]
    gains: list[float]
    nodes: list[list[float]]
    components: list[list[float]]
    loops: list[list[float]]
    coverage: list[list[float]]
    purity: list[list[float]]
    instability: list[list[float]]

    def to_json(self) -> dict[str, Any]:
        """The same as nested lists; missing numbers are None."""

        def plain(x: Any) -> Any:
            return [plain(y) for y in x] if isinstance(x, list) else None if x != x else x

        return {name: plain(x) for name, x in asdict(self).items()}


class _Cell(NamedTuple):
    nodes: float
    components: float
    loops: float
    coverage: float
    purity: float
    instability: float


def parameter_grid(
    points: Tensor,
    lens: Tensor,
    resolutions: Sequence[int] = (5, 10, 20, 30),
    gains: Sequence[float] = (1.5, 2.0, 3.0),
    labels: Tensor | np.ndarray | None = None,
    settings: dict[str, Any] | None = None,
    **work: Any,
) -> Grid:
    """Mapper graphs for every resolution and gain, in numbers: a map of where the graph is stable.

    Instability: of pairs of subsamples of 80 % (which keep the ends of each lens, so that all have one cover), the
    share of points that two clusterings of a cover set put apart, under the best matching of their clusters.

    Args:
        points: Cloud, shape (n, d).
        lens: Lens values, shape (n, lenses).
        resolutions: Resolutions, the same for all lenses.
        gains: Gains.
        labels: Class number of each point, for the purity.
        settings: Further settings of `mapper`, the same for all graphs.
        work: `pairs`, how many pairs of subsamples (default 5, 0 for none); `seed` (default 0); `jobs`, the number of
            processes (default 1); `progress`, called with (done, expected) after each cell of the grid: whatever it
            raises ends the work.

    Returns:
        One number per cell and measure.

    Raises:
        ValueError: If there is no resolution or no gain.

    Cost: 1 + 2 * pairs Mapper graphs per cell.
    Source: "A numerical measure of the instability of Mapper-type algorithms", 2020.
    """
    if not len(resolutions) or not len(gains):
        raise ValueError("a grid needs at least one resolution and one gain")
    pairs, cells = work.pop("pairs", 5), [(r, g) for r in resolutions for g in gains]
    how = Work(**work)
    values = lens.detach().cpu().numpy()
    classes = None if labels is None else np.asarray(labels)
    tasks = (
        partial(_cell, Remade(points, {**(settings or {}), "resolution": r, "gain": g}), values, classes, pairs, s)
        for (r, g), s in zip(cells, seeds(how.seed, len(cells)), strict=True)
    )
    made = list(each(tasks, len(cells), how))
    table = np.array(made, dtype=np.float64).reshape(len(resolutions), len(gains), len(_Cell._fields))
    matrices = {name: table[:, :, k].tolist() for k, name in enumerate(_Cell._fields)}
    return Grid([int(r) for r in resolutions], [float(g) for g in gains], **matrices)


def _cell(make: Remade, lens: np.ndarray, labels: np.ndarray | None, pairs: int, seed: np.random.SeedSequence) -> _Cell:
    graph = make(np.arange(len(lens)), lens)
    components, loops = betti_numbers(graph)
    pure = float("nan")
    if labels is not None:
        found = purity(graph, labels)
        known = ~np.isnan(found.share)
        pure = float(np.average(found.share[known], weights=graph.sizes[known])) if known.any() else pure
    rng = np.random.default_rng(seed)
    apart = [_difference(make, lens, rng) for _ in range(pairs)]
    return _Cell(len(graph), components, loops, graph.coverage, pure, float(np.mean(apart)) if apart else float("nan"))


def _difference(make: Remade, lens: np.ndarray, rng: np.random.Generator) -> float:
    """Instability of one pair of subsamples."""
    n = len(lens)
    ends = np.unique(np.concatenate([lens.argmin(0), lens.argmax(0)])) if n else np.zeros(0, np.int64)
    drawn = [np.union1d(rng.choice(n, round(SHARE * n), replace=False), ends) for _ in range(2)]
    a, b = (make(rows, lens[rows]) for rows in drawn)
    return instability(a, b, *drawn)


def instability(a: MapperGraph, b: MapperGraph, rows_a: np.ndarray, rows_b: np.ndarray) -> float:
    """Share of memberships that the clusterings of two graphs on one cover put apart, in [0, 1].

    In each cover set the clusters of one graph are matched one to one with those of the other, such that most of the
    rows that both graphs have lie in matched clusters; those that do not are counted.

    Args:
        a: One graph.
        b: Another graph with the same cover: cover sets of the same number are compared.
        rows_a: Row of the cloud that each row of `a` is, rising.
        rows_b: The same of `b`.
    """
    from scipy.optimize import linear_sum_assignment  # half a second that no graph needs

    common, in_a, in_b = np.intersect1d(rows_a, rows_b, assume_unique=True, return_indices=True)
    if not len(common):
        return 0.0
    table = (a.membership[in_a].T.astype(np.int64) @ b.membership[in_b].astype(np.int64)).tocoo()
    same = a.cell[table.row] == b.cell[table.col]
    i, j, count = table.row[same], table.col[same], table.data[same]
    matched = 0
    for cell in np.split(np.arange(len(i)), np.flatnonzero(np.diff(a.cell[i])) + 1) if len(i) else []:
        rows, columns = np.unique(i[cell], return_inverse=True)[1], np.unique(j[cell], return_inverse=True)[1]
        counts = np.zeros((rows.max() + 1, columns.max() + 1), np.int64)
        counts[rows, columns] = count[cell]
        matched += int(counts[linear_sum_assignment(counts, maximize=True)].sum())
    held = max(int(a.membership[in_a].sum()), int(b.membership[in_b].sum()))
    return 1 - matched / held if held else 0.0
