"""Several networks on the same samples: what each does, and where they see them differently."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import nn

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.probes import drawn, record
from topolens.probes.record import Layers
from topolens.report.network import Evidence, Progress, provenance_of
from topolens.report.report import Report


def compare(
    models: Mapping[str, nn.Module],
    data: Any,
    *,
    seeds: Mapping[str, nn.Module] | None = None,
    layers: Layers = None,
    samples: int | None = 2000,
    seed: int = 0,
    source: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """A report on how networks differ on the same samples; the first is held against each of the others.

    Args:
        models: Networks by what to call them, two at least. They are not changed.
        data: Samples, with labels or without, in any form that `probes.record` takes and that can be gone through
            several times.
        seeds: Networks trained like the first from other seeds: what they differ by is not worth a word. Best two or
            more.
        layers: Names, patterns or classes of the layers to look at; layers are matched by name.
        samples: How many samples to look at, drawn by lot; the first ones of batches. None: all.
        seed: Of all draws.
        source: What to say of the networks' origin.
        progress: Called as (seconds done, seconds expected, what is being done).

    Returns:
        A Report with a Finding "model_summary" per network and a "model_difference" per pair; pairs that cannot be
        compared have the verdict `not defined` and say why.

    Raises:
        ValueError: If there are fewer than two networks, or no samples.
        RuntimeError: If a network fails on the data; the layer is named.

    Example:
        >>> nets = {name: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)) for name in "ab"}
        >>> import torch
        >>> [finding.name for finding in compare(nets, torch.rand(40, 4)).findings]
        ['model_summary', 'model_summary', 'model_difference']
    """
    if len(models) < 2:
        raise ValueError(f"there must be two networks at least to compare, got {len(models)}")
    start, steps = time.perf_counter(), 2 * len(models) + len(seeds or {})
    done = 0

    def tell(what: str) -> None:
        nonlocal done
        if progress is not None:
            spent = time.perf_counter() - start
            progress(spent, spent * steps / done if done else 0.0, what)
        done += 1

    data, _ = drawn(data, samples, seed)
    recordings = {}
    for name, model in {**models, **{f"seed {key}": model for key, model in (seeds or {}).items()}}.items():
        tell(f"{name}: recording activations")
        recordings[name] = record(model, data, layers, samples=samples, seed=seed)
    findings = []
    for name in models:
        found = recordings[name]
        findings.append(analyses.model_summary(found.activations, found.outputs, found.labels, subject=name))
    first, *others = models
    like = [recordings[f"seed {key}"].activations for key in seeds or {}]
    for name in others:
        tell(f"{first} against {name}")
        pair = recordings[first].activations, recordings[name].activations
        findings.append(_difference(f"{first} against {name}", *pair, like, seed))
    tell("done")
    evidence = Evidence(models[first], recordings[first], None, None, seed)
    made = provenance_of(evidence, source, start, ["model_summary", "model_difference"])
    return Report(tuple(findings), made)


def _difference(subject: str, a: Mapping[str, Any], b: Mapping[str, Any], like: list[Any], seed: int) -> Finding:
    """The finding; where the two cannot be compared, one that says why."""
    try:
        return replace(analyses.model_difference(a, b, like, seed=seed), subject=subject)
    except ValueError as error:
        return Finding(
            name="model_difference",
            subject=subject,
            question="Do the two networks see the same samples differently?",
            answer=f"Not defined for these networks: {error}.",
            verdict="not defined",
        )
