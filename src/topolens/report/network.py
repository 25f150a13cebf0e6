"""From a network and data to findings: what is recorded once, and which analyses look at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.analyses.provenance import Cost, peak_memory_mb, versions
from topolens.probes import Recording, record
from topolens.probes.record import Layers
from topolens.report.report import Report

Progress = Callable[[float, float, str], None]
MOST_LAYERS = 12


@dataclass(frozen=True)
class Evidence:
    """What analyses are made from: the network, and what its layers answered.

    Args:
        model: The network.
        recording: Its activations.
        untrained: Those of the untrained twin on the same samples, where there is one.
        twin: The untrained twin itself.
        seed: Of all draws.
    """

    model: nn.Module
    recording: Recording
    untrained: Recording | None
    twin: nn.Module | None
    seed: int

    @property
    def outputs(self) -> Tensor | None:
        """What the network gave."""
        return self.recording.outputs

    @property
    def labels(self) -> Tensor | None:
        """Class of each sample, where there are labels."""
        return self.recording.labels

    @property
    def known_labels(self) -> Tensor:
        """The same, for analyses that cannot do without."""
        if self.labels is None:
            raise ValueError("there are no labels")
        return self.labels

    @property
    def scores(self) -> Tensor | None:
        """Outputs that have a column of finite numbers for each class."""
        x = self.outputs
        fits = x is not None and self.labels is not None and x.ndim == 2 and x.shape[1] > max(1, int(self.labels.max()))
        return x if fits and x is not None and bool(torch.isfinite(x).all()) else None

    @property
    def predictions(self) -> Tensor | None:
        """The class the network gives each sample."""
        return None if self.scores is None else self.scores.argmax(1)

    @cached_property
    def deep(self) -> Mapping[str, Tensor]:
        """At most `MOST_LAYERS` layers, evenly through the depth, of two neurons at least that are finite and move."""
        found = [name for name, x in self.recording.activations.items() if _is_lively(x)]
        if not found:
            broken = [name for name, x in self.recording.activations.items() if not bool(torch.isfinite(x).all())]
            why = f"; {len(broken)} layers give NaN or infinite numbers, the first {broken[0]!r}" if broken else ""
            raise ValueError(f"no layer has two neurons or more that are finite and move{why}")
        places = torch.linspace(0, len(found) - 1, min(len(found), MOST_LAYERS)).round().long().tolist()
        return {found[place]: self.recording.activations[found[place]] for place in places}

    @cached_property
    def untrained_deep(self) -> Mapping[str, Tensor] | None:
        """The same layers of the untrained twin, where each of them moves."""
        if self.untrained is None:
            return None
        found = {name: self.untrained.activations.get(name) for name in self.deep}
        return (
            {n: x for n, x in found.items() if x is not None}
            if all(x is not None and _is_lively(x) for x in found.values())
            else None
        )

    @property
    def features(self) -> Tensor:
        """The last layer that is not the output itself."""
        layers = list(self.deep.values())
        is_output = self.outputs is not None and layers[-1].shape == self.outputs.shape
        return layers[-2] if is_output and len(layers) > 1 else layers[-1]


def _is_lively(x: Tensor) -> bool:
    return x.shape[1] > 1 and bool(torch.isfinite(x).all()) and bool((x.amax(0) > x.amin(0)).any())


# Each analysis by its name, in the order of the page, with its share of the time.
PLAN: Mapping[str, tuple[float, Callable[[Evidence], Finding]]] = {
    "model_summary": (0.1, lambda e: analyses.model_summary(e.recording.activations, e.outputs, e.labels)),
    "weight_topology": (1.0, lambda e: analyses.weight_topology(e.model, twin=e.twin, seed=e.seed)),
    "weight_spectra": (1.0, lambda e: analyses.weight_spectra(e.model, twin=e.twin, seed=e.seed)),
    "intrinsic_dimension": (
        3.0,
        lambda e: analyses.intrinsic_dimension(e.deep, seed=e.seed, untrained=e.untrained_deep),
    ),
    "class_structure": (
        3.0,
        lambda e: analyses.class_structure(
            e.deep, e.labels, seed=e.seed, predictions=e.predictions, untrained=e.untrained_deep
        ),
    ),
    "class_topology": (
        5.0,
        lambda e: analyses.class_topology(e.deep, e.labels, seed=e.seed, untrained=e.untrained_deep),
    ),
    "layer_similarity": (5.0, lambda e: analyses.layer_similarity(e.deep, seed=e.seed)),
    "information_plane": (2.0, lambda e: analyses.information_plane(e.deep, e.known_labels, seed=e.seed)),
    "neuron_correlations": (
        10.0,
        lambda e: analyses.neuron_correlations(e.deep, e.untrained_deep, seed=e.seed, neurons=200),
    ),
    "neuron_redundancy": (5.0, lambda e: analyses.neuron_redundancy(e.deep, e.untrained_deep, seed=e.seed)),
    "decision_boundary": (
        3.0,
        lambda e: analyses.decision_boundary(e.features, e.labels, e.predictions, seed=e.seed),
    ),
    "suspicious_samples": (
        3.0,
        lambda e: analyses.suspicious_samples(e.features, e.labels, e.scores, seed=e.seed),
    ),
}


def network_report(
    model: nn.Module,
    data: Any,
    *,
    layers: Layers = None,
    only: Sequence[str] | None = None,
    samples: int | None = 2000,
    twin: nn.Module | None = None,
    seed: int = 0,
    source: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Report:
    """A report on what the layers of a network do with data, analysis by analysis.

    Args:
        model: Any network; it is not changed.
        data: Samples, with labels or without, in any form that `probes.record` takes.
        layers: Names, patterns or classes of the layers to look at; None: all leaves.
        only: Names of the analyses wanted; None: all.
        samples: How many samples to look at, the first ones; None: all.
        twin: The same network untrained, as reference.
        seed: Of all draws; the same seed gives the same report.
        source: What to say of the model's origin.
        progress: Called as (seconds done, seconds expected, what is being done).

    Returns:
        A Report with one Finding per analysis. One that cannot be made of this network and data has the verdict
        `not defined` and says why.

    Raises:
        ValueError: If there is no analysis of a name, no layer matches, or there are no samples.
        RuntimeError: If the network fails on the data; the layer is named.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> report = network_report(model, torch.rand(50, 4), only=["model_summary"])
        >>> report.findings[0].verdict
        'not defined'
    """
    wanted = _wanted(only)
    start = time.perf_counter()
    _tell(progress, 0, wanted, start, "recording activations")
    kept: dict[str, Any] = {"layers": layers, "samples": samples, "seed": seed}
    recording = record(model, data, **kept)
    untrained = None if twin is None else record(twin, data, **kept)
    evidence = Evidence(model, recording, untrained, twin, seed)
    findings = []
    for place, name in enumerate(wanted):
        _tell(progress, place, wanted, start, name.replace("_", " "))
        findings.append(_made(name, evidence))
    _tell(progress, len(wanted), wanted, start, "done")
    return Report(tuple(findings), provenance_of(evidence, source, start, wanted))


def _wanted(only: Sequence[str] | None) -> list[str]:
    unknown = [name for name in only or () if name not in PLAN]
    if unknown:
        raise ValueError(f"there is no analysis {unknown[0]!r}; there are {', '.join(PLAN)}")
    return [name for name in PLAN if only is None or name in only]


def _made(name: str, evidence: Evidence) -> Finding:
    """The finding; where the analysis refuses its input, one that says why."""
    try:
        with Cost() as cost:
            return PLAN[name][1](evidence)
    except ValueError as error:
        refused = str(error)
    return Finding(
        name=name,
        subject="model",
        question=f"What does {name.replace('_', ' ')} say?",
        answer=f"Not defined for this network and data: {refused}.",
        verdict="not defined",
        provenance=cost.provenance(evidence.seed, tuple(evidence.recording.ids.shape), {}),
    )


def _tell(progress: Progress | None, done: int, wanted: Sequence[str], start: float, what: str) -> None:
    """Progress by the shares of time that analyses take; recording takes one."""
    if progress is None:
        return
    shares = [1.0 + PLAN[name][0] for name in wanted]
    before, spent = sum(shares[:done]), time.perf_counter() - start
    progress(spent, spent * sum(shares) / before if before else 0.0, what)


def provenance_of(
    evidence: Evidence, source: Mapping[str, Any] | None, start: float, names: Sequence[str]
) -> dict[str, Any]:
    """Where a report on activations comes from, what was left out, what it cost, and the cards of its analyses."""
    recording = evidence.recording
    parameters = sum(p.numel() for p in evidence.model.parameters())
    return {
        "model": {
            "source": "model in memory",
            **(source or {}),
            "parameters": parameters,
            "layers": len(recording.activations),
            "samples": len(recording.ids),
        },
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": versions(),
        "seed": evidence.seed,
        "threads": torch.get_num_threads(),
        "skipped": [{"layer": name, "reason": why} for name, why in recording.skipped.items()],
        "methods": {name: analyses.CARDS[name].__dict__ for name in names if name in analyses.CARDS},
        "seconds": time.perf_counter() - start,
        "peak_memory_mb": peak_memory_mb(),
    }


def joined(first: Report, second: Report) -> Report:
    """Both reports as one, with the provenance of the first, what the second has beside, and the time of both."""
    made = {**second.provenance, **first.provenance}
    made["seconds"] = first.provenance["seconds"] + second.provenance["seconds"]
    made["skipped"] = [*first.provenance["skipped"], *second.provenance["skipped"]]
    return replace(first, findings=(*first.findings, *second.findings), provenance=made)
