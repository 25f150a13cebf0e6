"""The space of a layer's convolution filters: do they form the circle of rotating edges?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import torch
from torch import Tensor

from topolens.analyses.filter_figures import figures_of, tables_of
from topolens.analyses.filter_loops import HEADLINE, Settings, top_bars
from topolens.analyses.filter_measures import Effort, LoopCoordinate, Measured, measure
from topolens.analyses.filter_nulls import Reference
from topolens.analyses.filter_patches import PatchComparison, compare_with_patches
from topolens.analyses.finding import Finding, Number
from topolens.analyses.provenance import Cost
from topolens.probes.spatial_filters import SpatialFilters, spatial_filters
from topolens.probes.twin import untrained_twin

QUESTION = "Do this layer's spatial filters form a circle of rotating edges, several loops, clusters, or nothing?"
VERDICTS = ("circle", "several loops", "clusters on a cycle", "no structure", "too few filters")
MARGIN = 1.5  # a loop must be this much longer than the longest bar of any null or untrained twin
SHARE = 0.25  # and this long beside the longest one: a well-sampled surface has many short bars that no null has
EVEN_ENTROPY, WIDEST_GAP = 0.93, 30.0  # an even circle fills its 36 bins to this entropy and leaves no wider gap (degrees)

WIDEST_SHARE = 40  # with k above n / 40 a core of an even circle was seen to keep only arcs of it

ProgressOf = Callable[[float], None]


def filter_space(
    weight: Tensor,
    k: int = 100,
    p: float = 0.3,
    seed: int = 0,
    *,
    landmarks: int = 100,
    subject: str = "weight",
    effort: Effort | None = None,
    twins: list[Tensor] | None = None,
    images: Tensor | None = None,
    progress: ProgressOf | None = None,
) -> Finding:
    """What shape the space of a convolution's spatial filters has, calibrated against nulls and untrained twins.

    Filters are mean-centred and normalised; the dense core rho(k, p) is kept; lazy witness and Rips persistence on
    maxmin landmarks count its loops. A loop is a bar 1.5 times longer than the longest of all nulls and twins, and at
    least a quarter of the longest bar. One loop whose circular coordinate is evenly filled (entropy at least 0.93, no gap of 30 degrees) is a `circle`.

    Args:
        weight: Convolution weights, shape (out, in, h, w), any scale.
        k: Neighbour by which density is judged.
        p: Fraction of the filters kept as the dense core, in (0, 1].
        seed: Draws landmarks, nulls, twins and subsamples; the same seed gives the same finding.
        landmarks: Number of maxmin landmarks.
        subject: Name of the layer, for the text.
        effort: How many nulls, draws and extras to spend; default 20 nulls.
        twins: Weights of untrained twins, each of the shape of `weight`; default PyTorch's own initialisation.
        images: Grey images (batch, height, width) whose patches the filters are compared with; default the two
            photographs bundled with scikit-learn.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "filter_space" with one of the verdicts `circle`, `several loops`, `clusters on a cycle`,
        `no structure`, `too few filters`.

    Raises:
        TypeError, ValueError: If `weight` is no floating-point tensor of that shape, contains NaN, or p is out of range.

    Cost: about (nulls + 20) exact neighbour searches among n filters, O(n^2 h w) each; layers of one shape share nulls.
    Source: "A look at the topology of convolutional neural networks", 2018, sections 2 to 5. Ours are the nulls, the
        intervals and the test of occupancy: four tight clusters of edges give a long bar too.
    """
    settings, effort = Settings(k, p, landmarks, seed), effort or Effort()
    with Cost() as cost:
        found = spatial_filters(weight)
        points = _thinned(found.points, effort.max_filters, seed)
        core_size = max(round(p * len(points)), 1)
        too_few = core_size < landmarks or len(points) <= k
        if not too_few:
            twin_points = [spatial_filters(twin).points for twin in _twins(weight, twins, effort.twins, seed)]
            twin_points = [_thinned(twin, len(points), seed) for twin in twin_points]
            tick = _ticker(progress, 5 + effort.nulls + effort.twins + len(twin_points) + 2 * effort.sweep)
            size = (weight.shape[2], weight.shape[3])
            measured = measure(points, size, settings, effort, twin_points, tick)
            patches = compare_with_patches(measured.core, size, images, seed)
            tick()
    provenance = cost.provenance(seed, tuple(weight.shape), {**settings.__dict__, **effort.__dict__})
    if too_few:
        return _too_few(subject, found, settings, core_size, provenance)
    loops = _numbers(found, measured, patches)
    verdict = verdict_of(measured)
    return Finding(
        name="filter_space",
        subject=subject,
        question=QUESTION,
        answer=_answer(verdict, measured, len(found.points)),
        verdict=verdict,
        numbers=loops,
        tables=tables_of(measured),
        figures=figures_of(measured, patches, size, settings),
        diagrams=measured.diagrams,
        references=_references(measured),
        warnings=_warnings(found, points, measured, settings, verdict),
        provenance=provenance,
    )


def loop_counts(measured: Measured) -> Tensor:
    """Loops in each draw: bars that stand out of all nulls and twins, and beside the longest bar, shape (draws,)."""
    cut = MARGIN * max(reference.top for reference in (*measured.nulls, *measured.twins))
    return ((measured.repeats > cut) & (measured.repeats >= SHARE * measured.repeats[:, :1])).sum(1)


def loop_count(measured: Measured) -> int:
    """The median over draws of the number of loops."""
    return int(loop_counts(measured).median())


def typical_bars(measured: Measured) -> list[float]:
    """The longest headline bars in falling order, each the median over draws."""
    return measured.repeats.median(0).values.tolist()


def typical(measured: Measured, of: Callable[[LoopCoordinate], float]) -> float:
    """The median over draws of a quantity of the longest loop."""
    return statistics.median(of(loop) for loop in measured.loop_repeats)


def _entropy(loop: LoopCoordinate) -> float:
    return loop.around.entropy


def _gap(loop: LoopCoordinate) -> float:
    return loop.around.gap_degrees


def _clusters(loop: LoopCoordinate) -> float:
    return loop.around.clusters


def _agreement(loop: LoopCoordinate) -> float:
    return loop.orientation_correlation


def verdict_of(measured: Measured) -> str:
    """The verdict by the rule in `filter_space`."""
    loops = loop_count(measured)
    if loops == 0 or not measured.loop_repeats:
        return "no structure"
    if loops > 1:
        return "several loops"
    is_even = typical(measured, _entropy) >= EVEN_ENTROPY and typical(measured, _gap) < WIDEST_GAP
    return "circle" if is_even else "clusters on a cycle"


def _thinned(points: Tensor, most: int, seed: int) -> Tensor:
    if len(points) <= most:
        return points
    keep = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:most]
    return points[keep.sort().values]


def _twins(weight: Tensor, given: list[Tensor] | None, count: int, seed: int) -> list[Tensor]:
    return given if given is not None else [untrained_twin(weight, seed + index) for index in range(count)]


def _ticker(progress: ProgressOf | None, total: int) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(min(done / total, 1.0))

    return tick


def _spread(values: list[float]) -> tuple[float, float] | None:
    """5th and 95th percentile."""
    if not values:
        return None
    low, high = torch.quantile(torch.tensor(values, dtype=torch.float64), torch.tensor([0.05, 0.95], dtype=torch.float64))
    return float(low), float(high)


def _median(values: list[float]) -> float | None:
    real = [value for value in values if not math.isnan(value)]
    return statistics.median(real) if real else None


def _bar_number(measured: Measured, rank: int, meaning: str) -> Number:
    value = typical_bars(measured)[rank]
    nulls = [reference.bars[HEADLINE][rank] for reference in measured.nulls]
    above = sum(null >= value for null in nulls)
    return Number(
        value, meaning, _spread(measured.repeats[:, rank].tolist()), _INTERVAL,
        max(nulls, default=None), f"maximum of {len(nulls)} Gaussian nulls", (1 + above) / (1 + len(nulls)),
    )


_INTERVAL = "median and 5-95 % over draws of landmarks on 80 % of the core"


def _numbers(found: SpatialFilters, measured: Measured, patches: PatchComparison) -> dict[str, Number]:
    counts = [float(count) for count in loop_counts(measured)]

    def around(of: Callable[[LoopCoordinate], float], meaning: str, reference: Callable[[Reference], float] | None) -> Number:
        return Number(
            _median([of(item) for item in measured.loop_repeats]), meaning, _spread([of(item) for item in measured.loop_repeats]), _INTERVAL,
            _median([reference(null) for null in measured.nulls]) if reference else None,
            f"median of {len(measured.nulls)} Gaussian nulls" if reference else "",
        )

    twin_top = max((reference.top for reference in measured.twins), default=None)
    moment_top = max((reference.top for reference in measured.moments), default=None)
    null_max = max(reference.top for reference in measured.nulls)
    numbers = {
        "b1": Number(loop_count(measured),
                     f"loops: H1 bars longer than {MARGIN} times every null and untrained twin", _spread(counts), _INTERVAL, 0, "by definition, on the nulls"),
        "top_bar": _bar_number(measured, 0, f"length of the longest H1 bar, {HEADLINE}"),
        "second_bar": _bar_number(measured, 1, f"length of the second H1 bar, {HEADLINE}"),
        "untrained_max": Number(twin_top, f"longest H1 bar of {len(measured.twins)} untrained twins", None, "", null_max, "longest of the Gaussian nulls"),
        "covariance_max": Number(moment_top, f"longest H1 bar of {len(measured.moments)} Gaussians with the filters' own covariance: what second moments alone explain", None, "", null_max, "longest of the Gaussian nulls"),
        "null_max": Number(null_max, f"longest H1 bar of {len(measured.nulls)} Gaussian nulls through the same density core"),
        "p_value": Number((1 + sum(null.top >= typical_bars(measured)[0] for null in measured.nulls)) / (1 + len(measured.nulls)), "share of nulls with as long a bar, (1 + count) / (1 + nulls)"),
        "occupancy_entropy": around(_entropy, "entropy of the circular coordinate in 36 bins, 1 is even", lambda null: null.entropy),
        "largest_gap_degrees": around(_gap, "widest empty arc of the circular coordinate, degrees", lambda null: null.gap_degrees),
        "clusters": around(_clusters, "well-filled arcs of the circle, 1 is an even circle", None),
        "orientation_correlation": around(_agreement, "agreement of the circular coordinate with edge orientation, 0 to 1", None),
        "plane_variance": Number(measured.plane_variance, "share of the core's variance in its first two principal directions", None, "", _median([null.plane_variance for null in measured.nulls]), f"median of {len(measured.nulls)} Gaussian nulls"),
        "nerve_b1": Number(measured.nerve_b1, "loops of the Mapper nerve, nodes of at least 5 points", None, "", measured.cover_b1, "the same cover without clustering"),
        "patch_angle": patches.number,
        "n": Number(len(found.points), "spatial filters, dead and constant ones left out", None, "", found.total, "spatial filters in the layer"),
        "core": Number(len(measured.core), "filters in the dense core", None, "", len(found.points), "filters"),
    }
    return {name: number for name, number in numbers.items() if number.value is not None}


def _answer(verdict: str, measured: Measured, n: int) -> str:
    bars = typical_bars(measured)
    null = max(reference.top for reference in measured.nulls)
    low, high = _spread(measured.repeats[:, 0].tolist()) or (bars[0], bars[0])
    seen = f"the longest loop of the {len(measured.core):,} densest of {n:,} filters has a bar of {bars[0]:.2f} ({low:.2f} to {high:.2f})"
    against = f"against {null:.2f} for the longest of {len(measured.nulls)} random nulls"
    if verdict == "no structure":
        return f"No loop stands out: {seen}, {against}."
    if verdict == "several loops":
        longest = ", ".join(f"{bar:.2f}" for bar in bars[: loop_count(measured)])
        return f"There are {loop_count(measured)} loops with bars {longest}, {against}."
    fill = f"entropy {typical(measured, _entropy):.2f}, widest gap {typical(measured, _gap):.0f} degrees"
    follows = f"it follows edge orientation with correlation {typical(measured, _agreement):.2f}"
    if verdict == "circle":
        return f"One circle: {seen}, {against}; filters lie all around it ({fill}) and {follows}."
    return f"One loop, unevenly filled ({fill}, {typical(measured, _clusters):.0f} arcs): {seen}, {against}; {follows}."


def _references(measured: Measured) -> dict[str, tuple[float, ...]]:
    groups = {"Gaussian nulls": measured.nulls, "untrained twins": measured.twins, "same covariance": measured.moments}
    return {name: tuple(reference.top for reference in group) for name, group in groups.items() if group}


def _warnings(found: SpatialFilters, points: Tensor, measured: Measured, settings: Settings, verdict: str) -> tuple[str, ...]:
    out = []
    left_out = found.total - len(found.points)
    if left_out:
        out.append(f"{left_out:,} of {found.total:,} filters are dead or constant and were left out.")
    if len(points) < len(found.points):
        out.append(f"A random {len(points):,} of {len(found.points):,} filters were used to keep the neighbour search short.")
    k = len(points) // WIDEST_SHARE
    if settings.k > k:
        out.append(
            f"k = {settings.k} is {settings.k / len(points):.1%} of the filters: density is then judged over long arcs, and the "
            f"core of an even circle may keep only some of them; compare with k = {max(k, 1)}."
        )
    if len(measured.nulls) < 20:
        out.append(f"Only {len(measured.nulls)} nulls were drawn, so no p-value below {1 / (1 + len(measured.nulls)):.2f} is possible.")
    if measured.loop and not measured.loop.coordinate.is_integral:
        out.append("The loop's cocycle did not lift to integers; read the circular coordinate with care.")
    moments = max((reference.top for reference in measured.moments), default=0.0)
    if verdict in ("circle", "clusters on a cycle") and moments >= 0.8 * typical_bars(measured)[0]:
        out.append(
            f"Gaussian filters with the same covariance give a bar of {moments:.2f} too: the loop is as long as two dominant "
            "directions alone would make it."
        )
    return tuple(out)


def _too_few(subject: str, found: SpatialFilters, settings: Settings, core: int, provenance: dict[str, object]) -> Finding:
    n = len(found.points)
    need = max(math.ceil(settings.landmarks / settings.p), settings.k + 1)
    return Finding(
        name="filter_space",
        subject=subject,
        question=QUESTION,
        answer=(
            f"Too few filters to tell: {n:,} give a core of {core:,}, and {settings.landmarks} landmarks at k = {settings.k}, "
            f"p = {settings.p:g} need at least {need:,}; pool several networks or checkpoints, or lower landmarks and k."
        ),
        verdict="too few filters",
        numbers={
            "n": Number(n, "spatial filters, dead and constant ones left out", None, "", found.total, "spatial filters in the layer"),
            "k": Number(settings.k, "neighbour by which density is judged"),
            "needed": Number(need, "filters needed at these settings"),
        },
        provenance=provenance,
    )
