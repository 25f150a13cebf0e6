"""What is said of a space of filters, in sentences."""

from __future__ import annotations

import math

from torch import Tensor

from topolens.analyses.filter_loops import Settings
from topolens.analyses.filter_measures import Measured
from topolens.analyses.filter_verdict import MARGIN, loop_count, typical, typical_bars
from topolens.probes.spatial_filters import SpatialFilters

QUESTION = "Do this layer's spatial filters form a circle of rotating edges, several loops, clusters, or nothing?"
WIDEST_SHARE = 40  # with k above n / 40 the core of an even circle was seen to keep only arcs of it


def answer_of(verdict: str, measured: Measured, n: int) -> str:
    """The answer in one sentence with its numbers."""
    bars = typical_bars(measured)
    low, high = (float(x) for x in (measured.repeats[:, 0].quantile(0.05), measured.repeats[:, 0].quantile(0.95)))
    null = max(reference.top for reference in measured.nulls)
    against = f"against {null:.2f} for the longest of {len(measured.nulls)} random nulls"
    seen = (
        f"the longest loop of the {len(measured.core):,} densest of {n:,} filters has a bar of {bars[0]:.2f} "
        f"({low:.2f} to {high:.2f}), {against}"
    )
    if verdict == "no structure":
        return f"No loop stands out: {seen}; a loop must be {MARGIN} times as long as all nulls and untrained twins."
    if verdict == "several loops":
        longest = ", ".join(f"{bar:.2f}" for bar in bars[: loop_count(measured)])
        return f"There are {loop_count(measured)} loops with bars {longest}, {against}."
    fill = f"entropy {typical(measured, 'entropy'):.2f}, widest gap {typical(measured, 'gap_degrees'):.0f} degrees"
    follows = f"it follows edge orientation with correlation {typical(measured, 'orientation_correlation'):.2f}"
    if verdict == "circle":
        return f"One circle: {seen}; filters lie all around it ({fill}) and {follows}."
    return f"One loop, unevenly filled ({fill}, {typical(measured, 'clusters'):.0f} arcs): {seen}; {follows}."


def needed_filters(settings: Settings) -> int:
    """How many filters these settings need."""
    return max(math.ceil(settings.landmarks / settings.p), settings.k + 1)


def too_few_of(n: int, core: int, settings: Settings) -> str:
    """The answer where there are too few filters."""
    return (
        f"Too few filters to tell: {n:,} give a core of {core:,}, and {settings.landmarks} landmarks at "
        f"k = {settings.k}, p = {settings.p:g} need at least {needed_filters(settings):,}; pool several networks or "
        "checkpoints, or lower landmarks and k."
    )


def warnings_of(
    found: SpatialFilters, points: Tensor, measured: Measured, settings: Settings, verdict: str
) -> tuple[str, ...]:
    """What the reader should know before trusting the answer."""
    out = []
    left_out, nulls, k = found.total - len(found.points), len(measured.nulls), max(len(points) // WIDEST_SHARE, 1)
    if left_out:
        out.append(f"{left_out:,} of {found.total:,} filters are dead or constant and were left out.")
    if len(points) < len(found.points):
        out.append(
            f"A random {len(points):,} of {len(found.points):,} filters were used, to keep the search short, with "
            f"k = {settings.k} in proportion."
        )
    if settings.k > k:
        out.append(
            f"k = {settings.k} is {settings.k / len(points):.1%} of the filters: density is then judged over long "
            f"arcs, and the core of an even circle may keep only some of them; compare with k = {k}."
        )
    if nulls < 20:
        out.append(f"Only {nulls} nulls were drawn, so no p-value below {1 / (1 + nulls):.2f} is possible.")
    if measured.loop and not measured.loop.coordinate.is_integral:
        out.append("The loop's cocycle did not lift to integers; read the circular coordinate with care.")
    moments = max((reference.top for reference in measured.moments), default=0.0)
    if verdict in ("circle", "clusters on a cycle") and moments >= 0.8 * typical_bars(measured)[0]:
        out.append(
            f"Gaussian filters with the same covariance give a bar of {moments:.2f} too: two dominant directions alone "
            "would make a loop this long."
        )
    return tuple(out)
