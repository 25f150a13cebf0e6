"""The space of a layer's convolution filters: do they form the circle of rotating edges?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from topolens._checks import check_fraction
from topolens.analyses.filter_figures import figures_of, tables_of
from topolens.analyses.filter_loops import Settings
from topolens.analyses.filter_measures import Effort, measure
from topolens.analyses.filter_numbers import filter_count, numbers_of
from topolens.analyses.filter_patches import compare_with_patches
from topolens.analyses.filter_verdict import VERDICTS, verdict_of
from topolens.analyses.filter_words import QUESTION, answer_of, needed_filters, too_few_of, warnings_of
from topolens.analyses.finding import Finding, Number
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.probes.spatial_filters import SpatialFilters, spatial_filters
from topolens.probes.twin import untrained_twin
from topolens.sampling.density import core_size

ProgressOf = Callable[[float], None]
CARD = MethodCard(
    definition="Filters are mean-centred and normalised, the share with the nearest k-th neighbours is kept, and lazy "
    "witness and Rips persistence on maxmin landmarks count its loops. A loop is a bar longer than those of all "
    "Gaussian nulls and untrained twins; a circle is one loop that is filled evenly.",
    source='"A look at the topology of convolutional neural networks", 2018, sections 2 to 5. Ours are the nulls, the '
    "intervals and the test of how evenly a loop is filled.",
    neuron_permutation="the filters stay the same; landmarks and subsamples are drawn anew",
    relu_rescaling="unchanged: filters are normalised",
    verdicts=VERDICTS,
    caveats=(
        "Four tight clusters of edges give a bar as long as a circle's; look at how evenly the loop is filled.",
        "Density picks what is common: with k above a fortieth of the filters the core of an even circle was seen to "
        "keep arcs of it only.",
        "A layer with few filters tells nothing: the verdict then is that there are too few.",
    ),
)


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
    maxmin landmarks count its loops. A loop is a bar above the longest of all nulls and twins in 95 % of draws, 2.5
    times as long in the median, and at least a quarter of the longest bar. One loop whose circular coordinate is evenly
    filled (entropy at least 0.93, no gap of 30 degrees) is a `circle`.

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
        TypeError: If `weight` is no floating-point tensor.
        ValueError: If it has another shape or contains NaN, or p is out of range.

    Cost: about (nulls + 20) exact neighbour searches among n filters, O(n^2 h w) each; layers of one shape share nulls.
        Inside `joblib.parallel_config` several processes share them.
    Source: "A look at the topology of convolutional neural networks", 2018, sections 2 to 5. Ours are the nulls, the
        intervals and the test of occupancy: four tight clusters of edges give a long bar too.
    """
    settings, effort = Settings(k, check_fraction("p", p), landmarks, seed), effort or Effort()
    with Cost() as cost:
        found = spatial_filters(weight)
        points = _thinned(found.points, effort.max_filters, seed)
        settings = replace(settings, k=max(round(k * len(points) / max(len(found.points), 1)), 1))
        core = core_size(len(points), p)
        if core >= landmarks and len(points) > settings.k:
            twins = twins or [untrained_twin(weight, seed + index) for index in range(effort.twins)]
            untrained = [_thinned(spatial_filters(twin).points, len(points), seed) for twin in twins]
            size = (weight.shape[2], weight.shape[3])
            measured = measure(points, size, settings, effort, untrained, progress)
            patches = compare_with_patches(measured.core, size, images, seed)
        else:
            measured = None
    provenance = cost.provenance(seed, tuple(weight.shape), {**settings.__dict__, **effort.__dict__})
    if measured is None:
        return _too_few(subject, found, settings, core, provenance)
    verdict = verdict_of(measured)
    groups = {"Gaussian nulls": measured.nulls, "untrained twins": measured.twins, "same covariance": measured.moments}
    return Finding(
        name="filter_space",
        subject=subject,
        question=QUESTION,
        answer=answer_of(verdict, measured, len(found.points)),
        verdict=verdict,
        numbers=numbers_of(found, measured, patches),
        tables=tables_of(measured),
        figures=figures_of(measured, patches, size, settings),
        diagrams=measured.diagrams,
        references={name: tuple(reference.top for reference in group) for name, group in groups.items() if group},
        warnings=warnings_of(found, points, measured, settings, verdict),
        provenance=provenance,
    )


def _thinned(points: Tensor, most: int, seed: int) -> Tensor:
    """At most so many of the points (n, d), drawn at random."""
    if len(points) <= most:
        return points
    keep = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:most]
    return points[keep.sort().values]


def _too_few(subject: str, found: SpatialFilters, settings: Settings, core: int, provenance: dict[str, Any]) -> Finding:
    return Finding(
        name="filter_space",
        subject=subject,
        question=QUESTION,
        answer=too_few_of(len(found.points), core, settings),
        verdict="too few filters",
        numbers={
            "n": filter_count(found),
            "k": Number(settings.k, "neighbour by which density is judged"),
            "needed": Number(needed_filters(settings), "filters needed at these settings"),
        },
        provenance=provenance,
    )
