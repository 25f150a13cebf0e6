"""Watching a training run: a few numbers of the network at each check, cheap enough for every epoch."""

from __future__ import annotations

import json
import math
import operator
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from topolens.analyses.finding import Finding
from topolens.analyses.training import training
from topolens.measures import (
    neural_collapse,
    neural_persistence,
    persistence_plateau,
    persistent_class_gap,
)
from topolens.measures.dimension import two_nn_dimension
from topolens.probes import Recording, batches, drawn, record, weight_matrices
from topolens.probes.batches import as_given, rows
from topolens.probes.record import Layers
from topolens.report.callbacks import hugging_face_callback, lightning_callback, log_values

MOST = 256


class Watch:
    """Curves of a training run, from a call per epoch or step in any loop.

    Each check measures the neural persistence of the weights and, on a small fixed batch of `data`, accuracy, NC1, the
    persistent class gap and the 2NN dimension of the last hidden layer. The network and torch's random state are left
    as they were. What is not defined is None in `history`, and `finding` says why.

    Args:
        data: Samples, with labels or without, in any form that `probes.record` takes; None: the weights alone.
        layers: Names, patterns or classes of the layers to look at; None: what goes into the last layer with weights.
        every: Measure at every so manyth call only, from the first on.
        samples: How many samples are kept, 256 at most: drawn where `data` can be picked from, else the first ones.
        writer: Where values go as well: anything with `add_scalar(name, value, step)` (TensorBoard),
            `log_metrics(values, step=...)` (mlflow, loggers of Lightning) or `log(values, step=...)` (wandb).
        log: A file that each check is added to as a line of JSON, with the time in seconds as `time`: `topolens
            explore` shows it while training goes on. A run that is taken up again goes on in the same file.
        seed: Draws the samples.

    Raises:
        TypeError: If `data` is of no known form, or `writer` has none of these methods.
        ValueError: If `every` is below 1, `samples` is not from 1 to 256, or `data` is empty.
        OSError: If the log cannot be written to.

    Cost: a check runs the network on the kept samples, a spanning tree over each weight and over the samples.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> watch = Watch((torch.rand(20, 4), torch.arange(20) % 2))
        >>> watch(0, model)
        >>> list(watch.history[0])[:4]
        ['step', 'neural_persistence', 'accuracy', 'nc1.1']
    """

    def __init__(
        self,
        data: Any = None,
        layers: Layers = None,
        every: int = 1,
        seed: int = 0,
        *,
        samples: int = MOST,
        writer: Any = None,
        log: str | Path | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"every must be at least 1 call, got {every}")
        if not 1 <= samples <= MOST:
            raise ValueError(f"samples must be from 1 to {MOST}, got {samples}")
        if writer is not None:
            log_values(writer, {}, 0)
        self._log = None if log is None else Path(log)
        if self._log is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log.open("ab").close()
        self.history: list[dict[str, float | None]] = []
        self.seconds = 0.0
        self._every, self._seed, self._writer = every, seed, writer
        self._calls = 0
        self._layers = layers
        self._looked_at: tuple[str, ...] | None = None  # known from the first check on
        self._why: dict[str, str] = {}
        with torch.random.fork_rng(devices=[]):  # a loader may shuffle
            self._batches = None if data is None else _fixed(data, samples, seed)

    def __call__(self, step: int, model: nn.Module) -> None:
        """A check of the network at a step of training; steps must rise.

        Raises:
            TypeError: If `model` is no module.
            ValueError: If the step does not rise, or no layer matches.
            RuntimeError: If the network fails on the data; the layer is named.
        """
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
        self._calls += 1
        if (self._calls - 1) % self._every:
            return
        if self.history and step <= (self.history[-1]["step"] or 0):
            raise ValueError(f"steps must rise, got {step} after {self.history[-1]['step']}; watch each run by its own")
        start = time.perf_counter()
        found = {"neural_persistence": self._try("neural_persistence", lambda: _persistence(model))}
        if self._batches is not None:
            found |= self._of_data(model, self._batches)
        self.history.append({"step": step, **found})
        if self._writer is not None:
            log_values(self._writer, {name: value for name, value in found.items() if value is not None}, step)
        if self._log is not None:
            _append(self._log, {"step": step, "time": time.time(), **found})
        self.seconds += time.perf_counter() - start

    def stop_at(self, least_rise: float = 0.0, patience: int = 4, burn_in: int = 0) -> int | None:
        """The step at which training would be stopped because neural persistence no longer rises.

        Args:
            least_rise: A check must exceed the best so far by more than this.
            patience: Stop after so many checks in a row without a rise.
            burn_in: Checks at the start that are not looked at.

        Returns:
            A step of `history`; None while it still rises. Where weights are no numbers any more, that step. It may
            fall from the start, and then training would be stopped after `patience` checks: look at the curve first.

        Raises:
            ValueError: If patience is below 1.

        Source: "Neural persistence", 2019, algorithm 2: no validation data is needed.
        """
        values = [entry["neural_persistence"] for entry in self.history]
        known = [value for value in values[: _first_none(values)] if value is not None]
        place = persistence_plateau(known, least_rise=least_rise, patience=patience, burn_in=burn_in)
        if place is None and len(known) < len(values):
            place = len(known)
        return None if place is None else int(self.history[place]["step"] or 0)

    def finding(self, *, subject: str = "model") -> Finding:
        """The curves as a Finding "training", see `analyses.training`.

        Args:
            subject: Name of the network, for the text.

        Raises:
            ValueError: If nothing was watched yet.
        """
        found = training(self.history, seed=self._seed, subject=subject)
        why = tuple(f"{name} is not defined at some checks: {reason}." for name, reason in self._why.items())
        return replace(
            found,
            warnings=(*found.warnings, *why),
            provenance={**found.provenance, "seconds": found.provenance["seconds"] + self.seconds},
        )

    def lightning(self) -> Any:
        """A callback for a Trainer of Lightning: a check before training and after each epoch, by global step.

        Raises:
            ImportError: Lightning is not installed.
        """
        return lightning_callback(self)

    def hugging_face(self) -> Any:
        """A callback for a Trainer of Hugging Face: a check before training and after each epoch, by global step.

        Raises:
            ImportError: transformers is not installed.
        """
        return hugging_face_callback(self)

    def _of_data(self, model: nn.Module, data: list[Any]) -> dict[str, float | None]:
        looked_at = self._looked_at
        recording = record(
            model, data, self._layers if looked_at is None else [name.split("#")[0] for name in looked_at] or [""]
        )
        if looked_at is None:
            every = tuple(recording.activations)
            self._looked_at = looked_at = _last_hidden(model, recording) if self._layers is None else every
        found = {"accuracy": self._try("accuracy", lambda: _accuracy(recording))}
        for layer in looked_at:
            for measure, of in _MEASURES.items():
                name = f"{measure}.{layer}"
                value = partial(of, recording.activations.get(layer), recording.labels)
                found[name] = self._try(name, value)
        return found

    def _try(self, name: str, value: Callable[[], float]) -> float | None:
        """The value, or None with the first reason why not."""
        try:
            found = value()
        except ValueError as error:
            self._why.setdefault(name, str(error))
            return None
        if not math.isfinite(found):
            self._why.setdefault(name, "it is no finite number")
            return None
        return found


def _append(log: Path, entry: Mapping[str, Any]) -> None:
    """One line, in one write: a reader sees all of it or nothing, and a program that is killed leaves the others."""
    line = json.dumps(entry, allow_nan=False, separators=(",", ":"), default=operator.index) + "\n"  # steps of numpy
    with log.open("ab", buffering=0) as file:
        file.write(line.encode())


def _fixed(data: Any, samples: int, seed: int) -> list[Any]:
    """The samples that are looked at at each check, in the form of batches."""
    taken, count = [], 0
    for batch in batches(drawn(data, samples, seed)[0], MOST):
        part = batch if batch.size <= samples - count else rows(batch, slice(0, samples - count))
        taken.append(as_given(part))
        count += part.size
        if count >= samples:
            break
    if not count:
        raise ValueError("data holds no samples; give at least one")
    return taken


def _persistence(model: nn.Module) -> float:
    return neural_persistence(weight_matrices(model)).mean


def _accuracy(recording: Recording) -> float:
    outputs, labels = recording.outputs, _known(recording.labels)
    if outputs is None or outputs.ndim != 2 or not 0 <= int(labels.min()) <= int(labels.max()) < outputs.shape[1]:
        raise ValueError("the network gives no number for each class of the labels")
    if not bool(torch.isfinite(outputs).all()):
        raise ValueError("the network gives NaN or infinite numbers")
    return float((outputs.argmax(1) == labels).double().mean())


def _known(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("the data has no labels")
    return labels


def _answered(x: Tensor | None) -> Tensor:
    if x is None:
        raise ValueError("the layer did not answer")
    if not bool(torch.isfinite(x).all()):
        raise ValueError("the layer gives NaN or infinite numbers")
    return x


def _nc1(x: Tensor | None, labels: Tensor | None) -> float:
    features, known = _answered(x), _known(labels)
    _, place, counts = known.unique(return_inverse=True, return_counts=True)
    able = counts[place] > 1  # a class of one sample has no variability
    return neural_collapse(features[able], known[able]).nc1


def _class_gap(x: Tensor | None, labels: Tensor | None) -> float:
    return persistent_class_gap(_answered(x), len(_known(labels).unique())).gap


def _dimension(x: Tensor | None, labels: Tensor | None) -> float:
    return two_nn_dimension(_answered(x)).mle


_MEASURES: dict[str, Callable[[Tensor | None, Tensor | None], float]] = {
    "nc1": _nc1,
    "class_gap": _class_gap,
    "dimension": _dimension,
}


def _last_hidden(model: nn.Module, recording: Recording) -> tuple[str, ...]:
    """The layer that answered before the last one with weights; none where the network has one layer only."""
    names = list(recording.activations)
    weighted = [i for i, name in enumerate(names) if _has_weights(model.get_submodule(name.split("#")[0]))]
    return (names[weighted[-1] - 1],) if weighted and weighted[-1] > 0 else ()


def _has_weights(module: nn.Module) -> bool:
    return any(parameter.ndim > 1 for parameter in module.parameters())


def _first_none(values: Sequence[float | None]) -> int:
    return values.index(None) if None in values else len(values)
