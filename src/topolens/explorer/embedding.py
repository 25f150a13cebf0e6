"""The page of a network as it stands within a report: a graph of a few layers each, at a price that is told before."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from topolens.analyses.layer_pairs import spread_layers
from topolens.explorer.export import built, page_of
from topolens.explorer.files import write_json
from topolens.explorer.graphs import make_graph
from topolens.explorer.recording import Model, Plan, first_samples, make_run
from topolens.explorer.settings import complete
from topolens.explorer.store import REPORT, Run
from topolens.explorer.tiles import pictures_of
from topolens.explorer.trust import make_stability
from topolens.probes import choose_modules, convolutions, drawn, select_layers
from topolens.report.budget import work_of
from topolens.report.report import Report
from topolens.runs.side_by_side import Progress

LAYERS, FILTERS, FILTERS_ALONE = 6, 2, 4  # layers of activations; of filters beside them; of filters alone
LEAST_FILTERS, MOST_FILTERS = 50, 4000  # of a layer that is shown
LEAST_SAMPLES = 100
PIXELS = 8 * 2**20  # of all pictures, which hardly shrink where they are photographs
RESAMPLES = 20
START, LAYER, TRUST = 0.5, 0.4, 2.0  # seconds: of the page, of a layer with its graph, of the stability of one graph


@dataclass(frozen=True)
class Embedding:
    """What of the explorer goes into a report.

    Args:
        plan: What is recorded.
        seconds: What it will take, predicted.
        places: Number of each sample in the data, where they were drawn by lot.
    """

    plan: Plan
    seconds: float
    places: Tensor | None = None


def embedding(plan: Plan, seconds: float | None = None) -> Embedding:
    """The part of a plan that fits into a report: few layers, evenly through the depth, as many samples as there is
    time and room for, drawn as a report draws them.

    Args:
        plan: Networks, data and layers as a report has them; the last network is shown.
        seconds: Not to be exceeded; None: no limit.

    Raises:
        ValueError: If the page was not built, no layer is large enough, or the time is too short.
        RuntimeError: If the network fails on the data.
    """
    built()
    name, network = list(plan.networks.items())[-1]
    alone = plan.data is None
    filters = _filters(network, plan.layers if alone else None, FILTERS_ALONE if alone else FILTERS)
    if alone and not filters:
        raise ValueError(f"no layer has {LEAST_FILTERS} filters or more")
    plan = replace(plan, networks={name: network}, steps=plan.steps[-1:], filters=filters, most_filters=MOST_FILTERS)
    found = Embedding(plan, START + TRUST + LAYER * len(filters))
    if not alone:
        assert isinstance(network, nn.Module)
        found = _with_samples(found, network, seconds)
    if seconds is not None and found.seconds > seconds:
        raise ValueError(f"it would take some {found.seconds:.1f} s, and of the budget {seconds:.1f} s are for it")
    return found


def _filters(network: Model, patterns: Any, most: int) -> list[str]:
    """Names of convolutions with filters enough."""
    try:
        layers = select_layers(convolutions(network)[0], patterns or ())
    except ValueError:
        return []
    large = [layer.name for layer in layers if layer.weight.shape[:2].numel() >= LEAST_FILTERS]
    return [large[place] for place in spread_layers(len(large), most)]


def _with_samples(found: Embedding, network: nn.Module, seconds: float | None) -> Embedding:
    plan = found.plan
    names = list(choose_modules(network, plan.layers))
    layers = [names[place] for place in spread_layers(len(names), LAYERS)]
    work = work_of(network, plan.data, layers, plan.samples, twin=False)
    fixed = found.seconds + LAYER * len(layers)
    affordable = work.samples if seconds is None else int(max(seconds - fixed, 0.0) / work.forward)
    samples = min(work.samples, PIXELS // _pixels(plan.data), max(affordable, LEAST_SAMPLES))
    data, places = drawn(plan.data, samples, plan.seed)
    plan = replace(plan, data=data, samples=samples, layers=layers)
    return Embedding(plan, fixed + work.forward * samples, places)


def _pixels(data: Any) -> int:
    """Numbers in the picture of a sample; 1 where there is none."""
    inputs = next(first_samples(data, 1)).inputs
    pictures = pictures_of(inputs[0] if isinstance(inputs, tuple) else inputs)
    return 1 if pictures is None else pictures[0].numel()


def embedded_page(found: Embedding, report: Report, progress: Progress) -> tuple[str, dict[str, Any]]:
    """The page with the findings of a report, and what to say of it there.

    Args:
        found: As `embedding` gives it.
        report: Whose findings are shown.
        progress: Called as (seconds done, seconds expected, what).

    Returns:
        The page, and layers with a graph, samples, seconds and megabytes.

    Raises:
        ValueError: If no layer gives a graph.
        RuntimeError: If the network fails.
    """
    start = time.perf_counter()

    def tell(what: str) -> None:
        spent = time.perf_counter() - start
        progress(spent, max(found.seconds, spent), f"explorer: {what}")

    tell("recording")
    with tempfile.TemporaryDirectory(prefix="topolens-") as scratch:
        run = make_run(_with_places(found, Path(scratch)), Path(scratch) / "run")
        shown = _graphs(run, tell)
        write_json(run.folder / REPORT, report.to_json())
        tell("page")
        page = page_of(Run(run.folder))
    told = {
        "graphs": shown, "samples": 0 if found.plan.data is None else run.space("samples")["points"],
        "megabytes": round(len(page) / 2**20, 1), "seconds": time.perf_counter() - start,
    }  # fmt: skip
    return page, told


def _with_places(found: Embedding, scratch: Path) -> Plan:
    """The plan with a column of the samples' numbers in the data, by which findings name them."""
    if found.places is None:
        return found.plan
    with (scratch / "places.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["number in the data"], *([int(place)] for place in found.places)])
    return replace(found.plan, columns=scratch / "places.csv")


def _graphs(run: Run, tell: Callable[[str], None]) -> list[str]:
    """A graph of each layer by default settings; the one made last is shown first, and with its stability."""
    shown, key = [], None
    layers = [layer for layer in run.manifest["layers"] if "#" not in layer["name"]]  # a layer's second answer
    for layer in sorted(
        layers, key=lambda layer: layer["kind"] != "filters"
    ):  # activations last, the deepest at the end
        tell(f"Mapper of {layer['name']}")
        try:
            key = make_graph(run, complete(run, {"layer": layer["id"]}), _silent)
        except ValueError:  # a layer that does not move has no lens
            continue
        shown.append(layer["name"])
    if key is None:
        raise ValueError("no layer gives a Mapper graph")
    tell("stability")
    make_stability(run, key, RESAMPLES, _silent)
    return shown


def _silent(done: float, what: str) -> None:
    pass
