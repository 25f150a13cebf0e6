"""The numbers of a space of filters, each beside its reference."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial

import torch

from topolens.analyses.filter_loops import HEADLINE
from topolens.analyses.filter_measures import Measured
from topolens.analyses.filter_nulls import Reference
from topolens.analyses.filter_patches import PatchComparison
from topolens.analyses.filter_verdict import MARGIN, loop_count, typical_bars
from topolens.analyses.finding import Number
from topolens.probes.spatial_filters import SpatialFilters

INTERVAL = "median and 5-95 % over draws of landmarks on 80 % of the core"
AROUND = {
    "entropy": ("occupancy_entropy", "entropy of the circular coordinate in 36 bins, 1 is even"),
    "gap_degrees": ("largest_gap_degrees", "widest empty arc of the circular coordinate, degrees"),
    "clusters": ("clusters", "well-filled arcs of the circle, 1 is an even circle"),
    "orientation_correlation": (
        "orientation_correlation",
        "agreement of the circular coordinate with edge orientation, 0 to 1",
    ),
}


def numbers_of(found: SpatialFilters, measured: Measured, patches: PatchComparison) -> dict[str, Number]:
    """All numbers that are defined here, by name."""
    numbers = {
        **_loops(measured),
        **{name: _around(measured, quantity, meaning) for quantity, (name, meaning) in AROUND.items()},
        **_shape(measured),
        "patch_angle": patches.number,
        "n": filter_count(found),
        "core": Number(
            len(measured.core), "filters in the dense core", reference=len(found.points), reference_name="filters"
        ),
    }
    return {name: number for name, number in numbers.items() if number.value is not None}


def filter_count(found: SpatialFilters) -> Number:
    """How many filters there are to look at."""
    return Number(
        len(found.points),
        "spatial filters, dead and constant ones left out",
        reference=found.total,
        reference_name="spatial filters in the layer",
    )


def _loops(measured: Measured) -> dict[str, Number]:
    nulls, most = measured.nulls, max(null.top for null in measured.nulls)
    beside_null = partial(Number, reference=most, reference_name="longest of the Gaussian nulls")
    above = sum(null.top >= typical_bars(measured)[0] for null in nulls)
    return {
        "b1": Number(
            loop_count(measured),
            f"loops: H1 bars above all nulls and twins in 95 % of draws, {MARGIN} times as long in the median",
            reference=0,
            reference_name="the nulls, by definition",
        ),
        "top_bar": _bar(measured, 0, f"length of the longest H1 bar, {HEADLINE}"),
        "second_bar": _bar(measured, 1, f"length of the second H1 bar, {HEADLINE}"),
        "untrained_max": beside_null(
            _longest(measured.twins), f"longest H1 bar of the layer untrained, {len(measured.twins)} drawn"
        ),
        "covariance_max": beside_null(
            _longest(measured.moments),
            f"longest H1 bar of Gaussian filters with the same covariance, {len(measured.moments)} drawn: what second "
            "moments alone explain",
        ),
        "null_max": Number(most, f"longest H1 bar of {len(nulls)} Gaussian nulls through the same density core"),
        "p_value": Number(
            (1 + above) / (1 + len(nulls)), "share of nulls with as long a bar, (1 + count) / (1 + nulls)"
        ),
    }


def _shape(measured: Measured) -> dict[str, Number]:
    cover = measured.nerve_b1.get("one_cluster")
    beside_cover = partial(Number, reference=cover, reference_name="the same cover without clustering")
    return {
        "plane_variance": Number(
            measured.plane_variance,
            "share of the core's variance in its first two principal directions",
            reference=_median([null.plane_variance for null in measured.nulls]),
            reference_name=f"median of {len(measured.nulls)} Gaussian nulls",
        ),
        "nerve_b1": beside_cover(
            measured.nerve_b1.get("connected"),
            "loops of the Mapper nerve, single linkage at one scale, nodes of at least 5 points",
        ),
        "nerve_b1_first_gap": beside_cover(
            measured.nerve_b1.get("first_gap"),
            "the same with the first-gap rule in each box, which counts too many on some synthetic circles",
        ),
    }


def _bar(measured: Measured, rank: int, meaning: str) -> Number:
    value = typical_bars(measured)[rank]
    nulls = [null.bars[HEADLINE][rank] for null in measured.nulls]
    return Number(
        value,
        meaning,
        _spread(measured.repeats[:, rank].tolist()),
        INTERVAL,
        max(nulls),
        f"longest of {len(nulls)} Gaussian nulls",
        (1 + sum(null >= value for null in nulls)) / (1 + len(nulls)),
    )


def _around(measured: Measured, quantity: str, meaning: str) -> Number:
    values = [float(getattr(loop, quantity)) for loop in measured.loop_repeats]
    nulls = [float(getattr(null.loop, quantity)) for null in measured.nulls if null.loop]
    return Number(
        _median(values),
        meaning,
        _spread(values),
        INTERVAL,
        _median(nulls),
        f"median of {len(nulls)} Gaussian nulls",
    )


def _longest(references: Sequence[Reference]) -> float | None:
    return max((reference.top for reference in references), default=None)


def _spread(values: Sequence[float]) -> tuple[float, float] | None:
    """5th and 95th percentile."""
    if not values:
        return None
    ends = torch.quantile(torch.tensor(values, dtype=torch.float64), torch.tensor([0.05, 0.95], dtype=torch.float64))
    return float(ends[0]), float(ends[1])


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
