"""What of a network's report fits into a budget: its price is told before the work starts, and what is cut is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from topolens.analyses.provenance import peak_memory_mb
from topolens.filtrations.rips import Cost
from topolens.probes import record, weight_matrices
from topolens.probes.batches import as_batch, gone_through, size_of
from topolens.probes.record import Layers
from topolens.report.costs import Rates, Work, predicted

QUICK = 0.5  # seconds; a trial that takes longer needs no warm-up
TRIAL = 64  # samples, one batch
ASSUMED = 2000  # samples of data that does not say how many it has


class Plan(NamedTuple):
    """What will be done, at what price.

    Args:
        names: Analyses, in the order of the page.
        work: What they will see.
        recording: Seconds of the network and its twin on the samples.
        analyses: What each analysis takes.
        memory: Bytes that the process will hold at most; None where the system does not tell what it holds now.
        cut: What was left out for the budget, in sentences.
    """

    names: tuple[str, ...]
    work: Work
    recording: float
    analyses: Mapping[str, Cost]
    memory: float | None
    cut: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Of all of it."""
        return self.recording + sum(cost.seconds for cost in self.analyses.values())

    def seconds_of(self, name: str) -> float:
        """Of one analysis."""
        return self.analyses[name].seconds

    def told(self) -> str:
        """One line for whoever waits."""
        memory = "" if self.memory is None else f" and {self.memory / 2**20:.0f} MB"
        many = "analysis" if len(self.names) == 1 else "analyses"
        return f"about {self.seconds:.0f} s{memory} for {len(self.names)} {many} of {self.work.samples:,} samples"

    def provenance(self, budget: float | None) -> dict[str, Any]:
        """The part "budget" of a report's provenance."""
        return {
            "seconds": budget if budget is not None and np.isfinite(budget) else None,
            "predicted": self.seconds,
            "memory_mb": None if self.memory is None else self.memory / 2**20,
            "analyses": {name: cost.seconds for name, cost in self.analyses.items()},
            "cut": list(self.cut),
        }


def plan(names: Sequence[str], work: Work, budget: float | None, rates: Rates) -> Plan:
    """What fits into a budget, and what was cut, in sentences.

    Cut first is every second layer, then samples to 1,000 and to 500, then whole analyses, the dearest first; the
    cheapest stays.
    """
    now = _planned(names, work, rates)
    if budget is None or now.seconds <= budget:
        return now
    cheaper = [(f"6 layers were looked at in place of {len(work.deep)}", {"most_layers": 6})]
    for fewer in (1000, 500):
        cheaper.append((f"{fewer:,} samples were looked at in place of {work.samples:,}", {"samples": fewer}))
    cut: dict[str, str] = {}
    for sentence, change in cheaper:
        ((kind, least),) = change.items()
        leaner = replace(now.work, **{kind: min(getattr(now.work, kind), least)})
        after = _planned(names, leaner, rates)
        if now.seconds > budget and after.seconds < now.seconds:
            now, cut[kind] = after, sentence
    sentences = list(cut.values())
    kept = list(now.names)
    for name in sorted(names, key=lambda name: -now.analyses[name].seconds):
        if now.seconds <= budget or len(kept) == 1:
            break
        sentences.append(f"{name} was left out, some {now.analyses[name].seconds:.1f} s")
        kept.remove(name)
        now = _planned(kept, now.work, rates)
    if now.seconds > budget:
        sentences.append("the budget is below what recording and one analysis take, so the run takes longer than asked")
    return now._replace(cut=tuple(sentences))


def _planned(names: Sequence[str], work: Work, rates: Rates) -> Plan:
    found = {name: predicted(name, work, rates) for name in names}
    now = peak_memory_mb()
    kept = 4 * work.samples * sum(work.widths) * work.networks
    most = max((cost.bytes for cost in found.values()), default=0.0)
    memory = None if now is None else now * 2**20 + kept + most
    return Plan(tuple(names), work, work.forward * work.samples * work.networks, found, memory, ())


def replayable(data: Any, samples: int | None) -> Any:
    """The data, as a list of batches where it could be gone through only once: a trial and the twin need it too."""
    if not isinstance(data, Iterator):
        return data
    kept, count = [], 0
    for batch in gone_through(data):
        kept.append(batch)
        count += as_batch(batch).size
        if samples is not None and count >= samples:
            break
    return kept


def work_of(
    model: nn.Module,
    data: Any,
    layers: Layers,
    samples: int | None,
    twin: bool,
    clock: Callable[[], float] = time.perf_counter,
) -> Work:
    """What analyses will see, from a trial of the network on the first samples.

    Args:
        model: The network; it is not changed.
        data: Samples that can be gone through several times.
        layers: As in `record`.
        samples: How many will be looked at; None: all.
        twin: Whether there is an untrained twin.
        clock: As in `measured_rates`.

    Raises:
        ValueError: As `record`.
        RuntimeError: If the network fails on the data.
    """
    most = TRIAL if samples is None else min(TRIAL, samples)
    times = list[float]()
    while len(times) < 3 and sum(times) < QUICK:
        begun = clock()
        found = record(model, data, layers, samples=most)
        times.append(clock() - begun)
    shown, known = len(found.ids), size_of(data)
    whole = shown if shown < most else ASSUMED if known is None else known
    return Work(
        whole if samples is None else min(whole, samples),
        tuple(x.shape[1] for x in found.activations.values()),
        _shapes(model),
        twin,
        found.labels is not None,
        min(times) / shown,
    )


def _shapes(model: nn.Module) -> tuple[tuple[int, int], ...]:
    try:
        return tuple((len(x), x.shape[1]) for x in weight_matrices(model).values())
    except ValueError:  # no weights, which the analyses will say
        return ()
