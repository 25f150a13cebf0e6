"""From a network and data to findings: what is recorded once, and which analyses look at it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.analyses.provenance import Cost, peak_memory_mb, versions
from topolens.probes import Recording, batches, drawn, record
from topolens.probes.record import Layers
from topolens.report.attention_samples import attention_of, may_attend
from topolens.report.budget import Plan, plan, replayable, work_of
from topolens.report.costs import MOST_LAYERS, measured_rates
from topolens.report.kept_findings import KeptFindings, kept_findings
from topolens.report.report import Report
from topolens.report.training_run import training_of, trajectory_of
from topolens.report.trust_samples import trust_of
from topolens.runs.shared import Shared, shared
from topolens.runs.side_by_side import Progress, each

MOST_BYTES = 2**27  # of pictures
_ALONE = threading.Lock()


@dataclass(frozen=True)
class Evidence:
    """What analyses are made from: the network, and what its layers answered.

    Args:
        model: The network.
        recording: Its activations.
        untrained: Those of the untrained twin on the same samples, where there is one.
        twin: The untrained twin itself.
        seed: Of all draws.
        data: The samples as they were given.
        checkpoints: The network at several steps of its training, the last of them `model`.
        most_layers: So many layers are looked at.
        random_state: Of torch, when the report was asked for.
    """

    model: nn.Module
    recording: Recording
    untrained: Recording | None
    twin: nn.Module | None
    seed: int
    data: Any = None
    checkpoints: Mapping[int, nn.Module] = field(default_factory=dict)
    most_layers: int = MOST_LAYERS
    random_state: Tensor = field(default_factory=torch.get_rng_state)

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
    def pictures(self) -> Tensor | None:
        """Grey pictures of the samples, shape (samples, h, w), where they are pictures and not too many or large."""
        kept, held = list[Tensor](), 0
        for batch in batches(self.data):
            x = batch.inputs
            if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim != 4 or held > MOST_BYTES:
                return None
            kept.append(x.detach().to("cpu", torch.float32).mean(1))
            held += kept[-1].nbytes
            if sum(map(len, kept)) >= len(self.recording.ids):
                break
        return torch.cat(kept)[: len(self.recording.ids)] if kept else None

    @cached_property
    def deep(self) -> Mapping[str, Tensor]:
        """At most `most_layers` layers, evenly through the depth, of two neurons at least that are finite and move."""
        found = [name for name, x in self.recording.activations.items() if _is_lively(x)]
        if not found:
            broken = [name for name, x in self.recording.activations.items() if not bool(torch.isfinite(x).all())]
            why = f"; {len(broken)} layers give NaN or infinite numbers, the first {broken[0]!r}" if broken else ""
            raise ValueError(f"no layer has two neurons or more that are finite and move{why}")
        places = torch.linspace(0, len(found) - 1, min(len(found), self.most_layers)).round().long().tolist()
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


# Each analysis by its name, in the order of the page; what each takes is predicted by `costs`.
PLAN: Mapping[str, Callable[[Evidence], Finding]] = {
    "model_summary": lambda e: analyses.model_summary(e.recording.activations, e.outputs, e.labels),
    "weight_topology": lambda e: analyses.weight_topology(e.model, twin=e.twin, seed=e.seed),
    "weight_spectra": lambda e: analyses.weight_spectra(e.model, twin=e.twin, seed=e.seed),
    "intrinsic_dimension": lambda e: analyses.intrinsic_dimension(e.deep, seed=e.seed, untrained=e.untrained_deep),
    "class_structure": lambda e: analyses.class_structure(
        e.deep, e.labels, seed=e.seed, predictions=e.predictions, untrained=e.untrained_deep
    ),
    "class_topology": lambda e: analyses.class_topology(e.deep, e.labels, seed=e.seed, untrained=e.untrained_deep),
    "layer_similarity": lambda e: analyses.layer_similarity(e.deep, seed=e.seed),
    "information_plane": lambda e: analyses.information_plane(e.deep, e.known_labels, seed=e.seed),
    "neuron_correlations": lambda e: analyses.neuron_correlations(e.deep, e.untrained_deep, seed=e.seed, neurons=200),
    "neuron_redundancy": lambda e: analyses.neuron_redundancy(e.deep, e.untrained_deep, seed=e.seed),
    "decision_boundary": lambda e: analyses.decision_boundary(e.features, e.labels, e.predictions, seed=e.seed),
    "suspicious_samples": lambda e: analyses.suspicious_samples(
        e.features, e.labels, e.scores, images=e.pictures, ids=e.recording.ids, seed=e.seed
    ),
    "trust": lambda e: trust_of(e.model, e.data, len(e.recording.ids), e.seed),
    "attention": lambda e: attention_of(e.model, e.data, e.twin, e.seed),
    "training": lambda e: training_of(e.checkpoints, e.data, len(e.recording.ids), e.seed),
    "trajectory": lambda e: trajectory_of(e.checkpoints, e.data, len(e.recording.ids), e.seed),
}


def network_report(
    model: nn.Module,
    data: Any,
    *,
    layers: Layers = None,
    only: Sequence[str] | None = None,
    samples: int | None = 2000,
    twin: nn.Module | None = None,
    checkpoints: Mapping[int, nn.Module] | None = None,
    seed: int = 0,
    budget: float | None = None,
    source: Mapping[str, Any] | None = None,
    cache: str | Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """A report on what the layers of a network do with data, analysis by analysis.

    Inside `joblib.parallel_config` analyses are made by several processes, with the same numbers.

    Args:
        model: Any network; it is not changed.
        data: Samples, with labels or without, in any form that `probes.record` takes.
        layers: Names, patterns or classes of the layers to look at; None: all leaves.
        only: Names of the analyses wanted; None: all, but those of checkpoints or attention only where there are some.
        samples: How many samples to look at, drawn by lot; the first ones where `data` can only be gone through, as a
            DataLoader or a list of batches. None: all.
        twin: The same network untrained, as reference.
        checkpoints: Training step to the network at that step, for the analyses of training; `model` is the last one.
        seed: Of all draws; the same seed gives the same report.
        budget: Seconds to stay within; what the report takes is predicted first, and what was cut is said in it.
        source: What to say of the model's origin.
        cache: A folder where each finding is kept, and read from if it was made before of the same networks, samples,
            settings and versions: what was killed goes on where it was. Numbers have 7 digits then, as in the JSON.
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
    wanted = _wanted(only, model, checkpoints)
    start = time.perf_counter()
    data = replayable(data, samples)
    work = replace(work_of(model, data, layers, samples, twin is not None), checkpoints=len(checkpoints or {}))
    planned = plan(wanted, work, budget, measured_rates())
    _tell(progress, planned, None, start, f"{planned.told()}: recording activations")
    data, places = drawn(data, planned.work.samples, seed)
    kept: dict[str, Any] = {"layers": layers, "samples": planned.work.samples, "seed": seed}
    recording = record(model, data, **kept)
    if places is not None:
        recording = replace(recording, ids=places[recording.ids])
    untrained = None if twin is None else record(twin, data, **kept)
    most = planned.work.most_layers
    evidence = Evidence(model, recording, untrained, twin, seed, data, checkpoints or {}, most)
    known = kept_findings(cache, *(_made_from(evidence) if cache else ()))
    findings = _findings(evidence, planned, known, lambda done, what: _tell(progress, planned, done, start, what))
    made = provenance_of(evidence, source, start, planned.names)
    return Report(tuple(findings), {**made, "budget": planned.provenance(budget)})


def _wanted(only: Sequence[str] | None, model: nn.Module, checkpoints: Mapping[int, nn.Module] | None) -> list[str]:
    unknown = [name for name in only or () if name not in PLAN]
    if unknown:
        raise ValueError(f"there is no analysis {unknown[0]!r}; there are {', '.join(PLAN)}")
    idle = (() if may_attend(model) else ("attention",)) + (() if checkpoints else ("training", "trajectory"))
    return [name for name in PLAN if (name not in idle if only is None else name in only)]


def _findings(
    evidence: Evidence, planned: Plan, known: KeptFindings, tell: Callable[[Sequence[str], str], None]
) -> list[Finding]:
    """Of all analyses in the order of the page, made side by side where joblib's active backend has workers."""
    found = {name: finding for name in planned.names if (finding := known.get(name))}
    todo = [name for name in planned.names if name not in found]
    todo.sort(key=lambda name: -planned.seconds_of(name))  # a long one at the end would keep all others waiting
    awaited = (*todo, "done")
    with shared(evidence) as there:
        tell(list(found), awaited[0])
        for place, finding in enumerate(each(_made, ((there, name) for name in todo))):
            found[todo[place]] = known.put(finding)
            tell(list(found), awaited[place + 1])
    return [found[name] for name in planned.names]


def _made_from(evidence: Evidence) -> tuple[Any, ...]:
    """All that findings depend on beside their names: networks, samples and what the network said to them, settings."""
    inputs, count = list[Any](), 0
    with torch.random.fork_rng(devices=[]):  # a loader may shuffle
        for batch in batches(evidence.data):
            if count >= len(evidence.recording.ids):
                break
            inputs.append(batch.inputs)
            count += batch.size
    seen = [(x.activations, x.outputs, x.labels, x.ids) for x in (evidence.recording, evidence.untrained) if x]
    return evidence.model, evidence.twin, evidence.checkpoints, inputs, seen, evidence.seed, evidence.most_layers


def _made(there: Shared[Evidence], name: str) -> Finding:
    """The finding; where the analysis refuses its input, one that says why.

    One after the other within a process, as hooks and torch's random state are the process' own; a loader that shuffles
    does so as it would where the report is asked for.
    """
    with _ALONE, torch.random.fork_rng(devices=[]):
        evidence = there.get()
        torch.set_rng_state(evidence.random_state)
        try:
            with Cost() as cost:
                return PLAN[name](evidence)
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


def _tell(progress: Progress | None, planned: Plan, done: Sequence[str] | None, start: float, what: str) -> None:
    """Seconds spent and expected in all: what is left as predicted, at the pace of what is done; None: nothing is yet.

    The pace is that of all workers together, once an analysis is done: before that it is of a moment's work.
    """
    if progress is None:
        return
    before = 0.0 if done is None else planned.recording + sum(planned.seconds_of(name) for name in done)
    spent = 0.0 if done is None else time.perf_counter() - start
    left = planned.seconds - before
    progress(spent, spent + left * (spent / before if done else 1.0), what.replace("_", " "))


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
        "methods": {name: analyses.CARDS[name].__dict__ for name in names},
        "seconds": time.perf_counter() - start,
        "peak_memory_mb": peak_memory_mb(),
    }


def joined(first: Report, second: Report, budget: float) -> Report:
    """Both reports as one, with the provenance of the first, what the second has beside, and the time of both."""
    made = {**second.provenance, **first.provenance}
    made["seconds"] = first.provenance["seconds"] + second.provenance["seconds"]
    made["methods"] = {**first.provenance["methods"], **second.provenance["methods"]}
    made["skipped"] = [*first.provenance["skipped"], *second.provenance["skipped"]]
    one, other = first.provenance["budget"], second.provenance["budget"]
    made["budget"] = {
        **one,
        "seconds": budget if math.isfinite(budget) else None,
        "predicted": one["predicted"] + other["predicted"],
        "cut": [*one["cut"], *other["cut"]],
    }
    return replace(first, findings=(*first.findings, *second.findings), provenance=made)
