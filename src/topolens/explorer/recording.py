"""A new run: what the layers of networks answer to samples, recorded once, with columns and pictures beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from topolens.explorer.columns import (
    Column,
    class_probabilities,
    csv_columns,
    decision_columns,
    label_column,
    space,
)
from topolens.explorer.filter_spaces import MOST, filter_spaces
from topolens.explorer.store import Run, Writer, empty_manifest
from topolens.explorer.tiles import pictures_of, shaded, write_sheets
from topolens.measures import neural_collapse
from topolens.measures.dimension import two_nn_dimension
from topolens.probes import Recording, batches, record
from topolens.probes.batches import as_given, rows
from topolens.probes.record import Layers
from topolens.runs.side_by_side import Progress

LOOKED_AT = 1000  # samples that a layer's quantities are measured on
Model = nn.Module | Mapping[str, Tensor]


@dataclass(frozen=True)
class Plan:
    """What to record.

    Args:
        networks: Checkpoints of one network by name, in their order; each a module, or tensors of weights alone.
        steps: Training step of each.
        data: Samples in any form that `probes.record` takes; None: the weights alone.
        classes: Names of the classes.
        layers: Names, patterns or classes of the layers; None: all leaves.
        samples: How many samples, the first ones.
        columns: A CSV file of further columns.
        name: Of the run.
        seed: Of all draws.
        filters: Names or patterns of the convolutions whose filters are looked at; None: all, or without data those
            of `layers`.
        most_filters: Of a layer; more are drawn from.
    """

    networks: Mapping[str, Model]
    steps: Sequence[int]
    data: Any = None
    classes: Sequence[str] = ()
    layers: Layers = None
    samples: int = 2000
    columns: Path | None = None
    name: str = "run"
    seed: int = 0
    filters: Sequence[str] | None = None
    most_filters: int = MOST


def make_run(plan: Plan, folder: str | Path, progress: Progress | None = None) -> Run:
    """The run of a plan, in a folder.

    Args:
        plan: What to record.
        folder: Where it goes; it must hold no run yet.
        progress: Called as (seconds done, seconds expected, what).

    Raises:
        FileExistsError: If the folder holds a run.
        ValueError: If there is nothing to record, or the samples do not fit the network.
        RuntimeError: If the network fails; the layer is named.
    """
    if not plan.networks or (plan.data is not None and not _are_modules(plan)):
        raise ValueError("samples need the code of the network: give a torch.nn.Module, or leave the data out")
    if plan.samples < 1:
        raise ValueError(f"samples must be at least 1, got {plan.samples}")
    writer = Writer(folder)
    manifest = empty_manifest(plan.name)
    manifest["checkpoints"] = [
        {"id": f"c{place}", "name": name, "step": int(step)}
        for place, (name, step) in enumerate(zip(plan.networks, plan.steps, strict=True))
    ]
    if plan.data is not None:
        _record_samples(plan, writer, manifest, progress or _silent)
    if plan.filters is None or plan.filters:
        only = plan.filters or (None if plan.data is not None else plan.layers)
        filter_spaces(plan.networks, writer, manifest, plan.seed, only, plan.most_filters)
    if not manifest["layers"]:
        raise ValueError("there is no layer to look at: weights alone need convolutions larger than 1x1; give --data")
    writer.finish(manifest)
    return Run(folder)


def _are_modules(plan: Plan) -> bool:
    return all(isinstance(network, nn.Module) for network in plan.networks.values())


def _silent(done: float, total: float, what: str) -> None:
    pass


def _record_samples(plan: Plan, writer: Writer, manifest: dict[str, Any], progress: Progress) -> None:
    """Space, layers and columns of the samples."""
    kept = list(first_samples(plan.data, plan.samples))
    count, labels = sum(batch.size for batch in kept), _labels(kept)
    if not count:
        raise ValueError("data holds no samples; give at least one")
    given = [as_given(batch) for batch in kept]
    columns = [] if labels is None else [label_column(labels, plan.classes)]
    start = time.perf_counter()
    for place, network in enumerate(plan.networks.values()):
        assert isinstance(network, nn.Module)
        done = place * count

        def tell(samples: int, done: int = done) -> None:
            spent = time.perf_counter() - start
            progress(spent, spent * count * len(plan.networks) / max(done + samples, 1), "recording activations")

        with tempfile.TemporaryDirectory(dir=writer.folder) as scratch:
            found = record(network, given, plan.layers, seed=plan.seed, folder=scratch, progress=tell)
            columns += _outputs(found.outputs, labels, plan.classes, f"c{place}", writer)
            _write_layers(found, f"c{place}", labels, writer, manifest)
    if plan.columns is not None:
        columns += csv_columns(plan.columns, count)
    sheets = _sheets(kept, lambda sheet, png: writer.tiles(0, sheet, png))
    manifest["spaces"].append(space("samples", count, "sample", sheets, columns, writer, 0))


def first_samples(data: Any, samples: int) -> Iterator[Any]:
    """Batches of the first samples, taken once: a loader that shuffles would give each checkpoint others."""
    taken = 0
    with torch.random.fork_rng(devices=[]):
        for batch in batches(data):
            part = batch if batch.size <= samples - taken else rows(batch, slice(0, samples - taken))
            taken += part.size
            yield part
            if taken >= samples:
                return


def _labels(kept: Sequence[Any]) -> Tensor | None:
    found = [batch.labels for batch in kept]
    return torch.cat(found) if found and all(label is not None for label in found) else None


def _sheets(kept: Sequence[Any], write: Callable[[int, bytes], None]) -> dict[str, int] | None:
    parts = [pictures_of(batch.inputs[0] if isinstance(batch.inputs, tuple) else batch.inputs) for batch in kept]
    pictures = [part for part in parts if part is not None]
    if len(pictures) < len(parts) or len({part.shape[1:] for part in pictures}) != 1:
        return None
    return write_sheets(shaded(torch.cat(pictures)), write)


def _outputs(
    outputs: Tensor | None, labels: Tensor | None, classes: Sequence[str], checkpoint: str, writer: Writer
) -> list[Column]:
    probabilities = class_probabilities(outputs)
    if probabilities is None:
        return []
    writer.probabilities(checkpoint, probabilities.numpy())
    return decision_columns(probabilities, labels, classes, checkpoint)


def _write_layers(
    found: Recording, checkpoint: str, labels: Tensor | None, writer: Writer, manifest: dict[str, Any]
) -> None:
    """Points of each layer that all checkpoints have."""
    if checkpoint == "c0":
        manifest["layers"] = [
            {
                "id": f"l{place}", "name": name or "output", "kind": "activations", "space": "samples",
                "points": len(x), "features": x.shape[1], "module": found.kinds[name], "quantities": {},
            }
            for place, (name, x) in enumerate(found.activations.items())
        ]  # fmt: skip
    for layer in list(manifest["layers"]):
        x = found.activations.get(layer["name"] if layer["name"] in found.activations else "")
        if x is None or x.shape[1] != layer["features"]:
            raise ValueError(
                f"layer {layer['name']} is not the same in all checkpoints; give checkpoints of one network"
            )
        writer.points(layer["id"], checkpoint, x.numpy())
        layer["quantities"][checkpoint] = _quantities(x, labels)


def _quantities(x: Tensor, labels: Tensor | None) -> dict[str, float]:
    """A few numbers of a layer; those that are not defined are left out."""
    found: dict[str, float] = {}
    places = torch.linspace(0, len(x) - 1, min(len(x), LOOKED_AT)).round().long()
    some = x[places].double()
    if not bool(torch.isfinite(some).all()):
        return found
    measures: dict[str, Callable[[], float]] = {
        "intrinsic dimension": lambda: two_nn_dimension(some).mle,
        "norm": lambda: float(some.norm(dim=1).mean()),
        "share of zeros": lambda: float((some == 0).double().mean()),
    }
    if labels is not None:
        measures["NC1"] = lambda: neural_collapse(some, labels[places]).nc1
    for name, measure in measures.items():
        try:
            value = measure()
        except ValueError:
            continue
        if abs(value) < float("inf"):
            found[name] = float(f"{value:.5g}")
    return found
