"""From a network to a Report: which layers, in what order, within which budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from topolens.analyses import CARDS
from topolens.analyses.filter_loops import Settings, headline_bars, landmarks_of
from topolens.analyses.filter_measures import Effort
from topolens.analyses.filter_space import filter_space
from topolens.analyses.filter_training import filter_training
from topolens.analyses.finding import Finding
from topolens.analyses.layer_pairs import spread_layers
from topolens.analyses.provenance import peak_memory_mb, versions
from topolens.probes import Convolution, Skipped, convolutions, select_layers
from topolens.report.kept_findings import kept_findings
from topolens.report.report import Report
from topolens.runs.side_by_side import Progress
from topolens.sampling import gaussian_filters, neighbour_distance
from topolens.sampling.density import core_size

_THINNER = (20_000, 10_000, 5_000, 2_500)

Model = nn.Module | Mapping[str, Tensor]


@dataclass(frozen=True)
class Rates:
    """What work costs on this machine, in seconds.

    Args:
        pair: For each coordinate of each pair of points in a neighbour search.
        point: For each point in a neighbour search.
        look: For one lazy witness barcode of 1,000 points on 100 landmarks.
    """

    pair: float
    point: float
    look: float


def measured_rates() -> Rates:
    """Rates from a trial of a second or so; the best of three, since a busy moment says nothing."""
    few, many = gaussian_filters(1500, 9), gaussian_filters(6000, 9)
    core = few[:1000]
    marks = landmarks_of(core, Settings())
    short, long = (quickest(partial(neighbour_distance, cloud, 100)) for cloud in (few, many))
    pair = max(long - 4 * short, 0.1 * long) / ((6000**2 - 4 * 1500**2) * 9)
    point = max(short - pair * 1500**2 * 9, 0.0) / 1500
    return Rates(pair, point, quickest(partial(headline_bars, core, marks)))


def quickest(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the quickest of three calls."""
    marks = [clock()]
    for _ in range(3):
        work()
        marks.append(clock())
    return min(late - early for early, late in pairwise(marks))


def predicted_seconds(shape: Sequence[int], settings: Settings, effort: Effort, rates: Rates) -> float:
    """Predicted seconds of `filter_space` on weights of a shape, meant to hold within a factor of 2."""
    n, d = min(shape[0] * shape[1], effort.max_filters), shape[2] * shape[3]
    core = core_size(n, settings.p)
    if core < settings.landmarks or n <= settings.k:
        return 0.01
    references = 1 + effort.nulls + 2 * effort.twins
    searches = references + (10 if effort.sweep else 0)
    looks = 6 * references + 4 * effort.repeats + (70 if effort.sweep else 0)
    look = rates.look * (settings.landmarks / 100) ** 2 * (1 + core / 2500)
    graph = 2e-4 * core if effort.graph else 0.0
    return searches * (rates.pair * n**2 * d + rates.point * n) + looks * look + graph


def fit(
    layers: Sequence[Convolution], settings: Settings, budget: float | None, rates: Rates
) -> tuple[Effort, list[str]]:
    """An effort for all layers so that the predicted seconds stay within the budget, and what was cut, in sentences.

    Cut first is the sweep, then the twins to one and the draws to five, then large layers are thinned out. Nulls are
    never cut below 20: without them there is no verdict. Layers that do not fit even so: see `affordable`.
    """
    cheaper: list[tuple[str, str, dict[str, Any]]] = [
        ("sweep", "the (k, p) map was left out", {"sweep": False}),
        ("draws", "one untrained twin and five draws instead of five and ten", {"twins": 1, "repeats": 5}),
        *[
            ("thin", f"larger layers were thinned out to {most:,} filters at random", {"max_filters": most})
            for most in _THINNER
        ],
        ("graph", "the Mapper graph was left out", {"graph": False}),
    ]
    effort, cut = Effort(), {}
    now = _total(layers, settings, effort, rates)
    for kind, sentence, change in cheaper:
        if budget is None or now <= budget:
            break
        leaner = replace(effort, **change)
        after = _total(layers, settings, leaner, rates)
        if after < now:
            effort, now, cut[kind] = leaner, after, sentence
    if budget is not None and now > budget:
        cut["over"] = "the budget is below what 20 nulls cost, so the run takes longer than asked"
    return effort, list(cut.values())


def affordable(
    layers: Sequence[Convolution], settings: Settings, budget: float | None, rates: Rates
) -> list[Convolution]:
    """As many layers as fit into a budget at the least effort, spread over the depth; one at least."""
    least = Effort(sweep=False, twins=1, repeats=5, max_filters=_THINNER[-1], graph=False)
    for count in range(len(layers), 1, -1):
        some = [layers[place] for place in spread_layers(len(layers), count)]
        if budget is None or _total(some, settings, least, rates) <= budget:
            return some
    return list(layers[-1:])


def _total(layers: Sequence[Convolution], settings: Settings, effort: Effort, rates: Rates) -> float:
    return sum(predicted_seconds(layer.weight.shape, settings, effort, rates) for layer in layers)


def report(
    model: Model,
    *,
    layers: Sequence[str] | None = None,
    k: int = 100,
    p: float = 0.3,
    landmarks: int = 100,
    seed: int = 0,
    budget: float | None = None,
    images: Tensor | None = None,
    twin: Model | None = None,
    source: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """A report on a network: the space of filters of every convolution, calibrated.

    Args:
        model: A `torch.nn.Module` or a state_dict (name to tensor). It is not changed.
        layers: Names, globs or numbers of the convolutions to look at; default all.
        k, p, landmarks, seed: See `topolens.analyses.filter_space`.
        budget: Seconds to stay within; the cost is predicted first and what was cut is said in the report.
        images: Grey images (batch, height, width) whose patches the filters are compared with.
        twin: The same network untrained; default PyTorch's own initialisation of each layer.
        source: What to say of the model's origin, for instance {"source": "net.safetensors"}.
        cache: A folder where each finding is kept, and read from if it was made before of the same weights, settings
            and versions: what was killed goes on where it was. Numbers have 7 digits then, as in the JSON.
        progress: Called as (predicted seconds done, predicted seconds in all, what is being done).

    Returns:
        A Report with one Finding per layer; `report.save("folder")` writes its page and its JSON.

    Raises:
        ValueError: If there is no convolution with spatial kernels, a weight is NaN, or `layers` matches none.
        TypeError: If `model` is neither a module nor a mapping of names to tensors.

    Cost: mostly exact neighbour searches, see `filter_space`; inside `joblib.parallel_config` by several processes.

    Example:
        >>> import topolens as tl
        >>> result = tl.report(torch.nn.Conv2d(3, 8, 3))
        >>> result.findings[0].verdict
        'too few filters'
    """
    settings = Settings(k, p, landmarks, seed)
    chosen, skipped = _layers_of(model, layers)
    untrained = {layer.name: layer.weight for layer in convolutions(twin)[0]} if twin is not None else {}
    start, rates = time.perf_counter(), measured_rates()
    every, chosen = chosen, affordable(chosen, settings, budget, rates)
    effort, cut = fit(chosen, settings, budget, rates)
    if len(chosen) < len(every):
        cut.append(f"the filters of {len(chosen)} of {len(every)} layers were looked at, evenly through the depth")
        names = {layer.name for layer in chosen}
        skipped = [*skipped, *(Skipped(one.name, "the budget") for one in every if one.name not in names)]
    predicted = [predicted_seconds(layer.weight.shape, settings, effort, rates) for layer in chosen]
    findings: list[Finding] = []
    known = kept_findings(cache, settings, effort, images)
    for index, layer in enumerate(chosen):
        twins = [untrained[layer.name]] if layer.name in untrained else None
        share = _share(progress, predicted, index, f"{layer.name}: filter space")
        make = partial(
            filter_space,
            layer.weight,
            k,
            p,
            seed,
            landmarks=landmarks,
            subject=layer.name,
            effort=effort,
            images=images,
            twins=twins,
            progress=share,
        )
        findings.append(known.made("filter_space", make, layer.name, layer.weight, twins))
    provenance = _provenance(model, chosen, skipped, source, settings, (budget, sum(predicted), cut), start)
    return Report(tuple(findings), provenance)


def training_report(
    checkpoints: Mapping[int, Model],
    *,
    layers: Sequence[str] | None = None,
    k: int = 100,
    p: float = 0.3,
    landmarks: int = 100,
    seed: int = 0,
    budget: float | None = None,
    images: Tensor | None = None,
    twin: Model | None = None,
    source: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """A report on one training run: curves over its checkpoints, then the last one in full.

    Args:
        checkpoints: Training step to `torch.nn.Module` or state_dict, at least two, of one architecture.
        layers, k, p, landmarks, seed, budget, images, twin, source, cache, progress: As in `report`.

    Returns:
        A Report with a Finding "filter_training" per layer and then those of `report` on the last checkpoint.

    Raises:
        ValueError: As `report`, or if a layer is missing or has another shape at some step.
    """
    if len(checkpoints) < 2:
        raise ValueError(f"checkpoints must hold at least two steps, got {len(checkpoints)}; for one use report")
    steps = sorted(checkpoints)
    settings, lean = Settings(k, p, landmarks, seed), Effort(sweep=False, graph=False, twins=1)
    by_step = {step: {layer.name: layer for layer in _layers_of(checkpoints[step], layers)[0]} for step in steps}
    chosen = list(by_step[steps[-1]].values())
    start, rates = time.perf_counter(), measured_rates()
    curves = [predicted_seconds(c.weight.shape, settings, lean, rates) * (1 + 0.15 * len(steps)) for c in chosen]
    rest = sum(predicted_seconds(c.weight.shape, settings, Effort(), rates) for c in chosen)
    findings: list[Finding] = []
    known = kept_findings(cache, settings, lean)
    for index, layer in enumerate(chosen):
        weights = {step: _at_step(by_step[step], layer, step) for step in steps}
        share = _share(progress, [*curves, rest], index, f"{layer.name}: {len(steps)} checkpoints")
        options: dict[str, Any] = {"landmarks": landmarks, "subject": layer.name, "effort": lean, "progress": share}
        train = partial(filter_training, weights, k, p, seed, **options)
        findings.append(known.made("filter_training", train, layer.name, weights))
    spent = sum(curves)
    last = report(
        checkpoints[steps[-1]],
        layers=layers,
        k=k,
        p=p,
        landmarks=landmarks,
        seed=seed,
        images=images,
        twin=twin,
        source=source,
        cache=cache,
        budget=None if budget is None else max(budget - spent, 1.0),
        progress=_shifted(progress, spent),
    )
    provenance = {**last.provenance, "checkpoints": steps, "seconds": time.perf_counter() - start}
    provenance["budget"] = {**last.provenance["budget"], "seconds": budget, "predicted": spent + rest}
    provenance["methods"] = {name: CARDS[name].__dict__ for name in ("filter_training", "filter_space")}
    return Report((*findings, *last.findings), provenance)


def _layers_of(model: Model, patterns: Sequence[str] | None) -> tuple[list[Convolution], list[Skipped]]:
    found, skipped = convolutions(model)
    return (select_layers(found, patterns) if patterns else found), skipped


def _at_step(layers: Mapping[str, Convolution], like: Convolution, step: int) -> Tensor:
    if like.name not in layers or layers[like.name].weight.shape != like.weight.shape:
        raise ValueError(f"checkpoint at step {step} has no layer {like.name} of shape {tuple(like.weight.shape)}")
    return layers[like.name].weight


def _share(
    progress: Progress | None, predicted: Sequence[float], index: int, message: str
) -> Callable[[float], None] | None:
    if progress is None:
        return None
    before, total, tell = sum(predicted[:index]), sum(predicted), progress
    tell(before, total, message)
    return lambda share: tell(before + share * predicted[index], total, message)


def _shifted(progress: Progress | None, before: float) -> Progress | None:
    if progress is None:
        return None
    tell = progress
    return lambda done, total, message: tell(before + done, before + total, message)


def _provenance(
    model: Model,
    chosen: Sequence[Convolution],
    skipped: Sequence[Skipped],
    source: Mapping[str, Any] | None,
    settings: Settings,
    budget: tuple[float | None, float, list[str]],
    start: float,
) -> dict[str, Any]:
    tensors = model.state_dict() if isinstance(model, nn.Module) else model
    count = sum(x.numel() for x in tensors.values() if isinstance(x, Tensor))
    left_out = [{"layer": item.name, "reason": item.reason} for item in skipped]
    return {
        "model": {"source": "model in memory", **(source or {}), "parameters": count, "layers": len(chosen)},
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "seed": settings.seed,
        "threads": torch.get_num_threads(),
        "parameters": settings.__dict__,
        "budget": {"seconds": _finite(budget[0]), "predicted": budget[1], "cut": budget[2]},
        "skipped": left_out,
        "methods": {"filter_space": CARDS["filter_space"].__dict__},
        "seconds": time.perf_counter() - start,
        "peak_memory_mb": peak_memory_mb(),
    }


def _finite(budget: float | None) -> float | None:
    """JSON has no infinity."""
    return budget if budget is not None and math.isfinite(budget) else None
