"""All runs of the study on graphs: one for each set, pipeline, seed and outer fold, each kept as a small file."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from topolens.runs.kept import kept
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.graph_sets import GraphSet, cycles, duplicate_groups, necklaces, read_graphs
from topolens.studies.graphs import PIPELINES, Recipe, fold_score

SYNTHETIC: dict[str, Callable[[int], GraphSet]] = {
    "CYCLES": cycles,
    # Long enough that three levels of message passing do not see from one branching to the next.
    "NECKLACES": lambda graphs: necklaces(graphs, ring=20, chain=5),
}


@dataclass(frozen=True)
class Run:
    """One outer fold: of which set, with which pipeline, from which seed."""

    graphs: str
    pipeline: str
    seed: int
    fold: int


@dataclass(frozen=True)
class Source:
    """Where sets of graphs come from: a file, or drawn, as many as `drawn`."""

    path: str | None
    drawn: int


@lru_cache(maxsize=8)
def load(name: str, source: Source) -> tuple[GraphSet, Tensor]:
    """A set of graphs and the group of each, such that isomorphic graphs are in one.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the set is unknown or empty, or the file is no file of graphs.
    """
    if name in SYNTHETIC:
        graphs = SYNTHETIC[name](source.drawn)
    elif source.path is None:
        known = " or ".join(SYNTHETIC)
        raise ValueError(f"set must be {known}, or one of a file of graphs named with --data, got {name!r}")
    else:
        graphs = read_graphs(source.path, name)
    return graphs, duplicate_groups(graphs)


def measured(run: Run, source: Source, recipe: Recipe, work: Path) -> dict[str, Any]:
    """What a run gives; one that was made before is read from its file in `work`."""
    return kept(_place(run, source, recipe, work), lambda: _measured(run, source, recipe))


def _measured(run: Run, source: Source, recipe: Recipe) -> dict[str, Any]:
    torch.set_num_threads(1)
    start = time.perf_counter()
    graphs, groups = load(run.graphs, source)
    score = fold_score(graphs, groups, run.pipeline, run.fold, recipe, run.seed)
    return asdict(run) | score._asdict() | {"seconds": time.perf_counter() - start}


def _place(run: Run, source: Source, recipe: Recipe, work: Path) -> Path:
    """The file of a run: its name tells the graphs themselves, the run and the recipe."""
    graphs = load(run.graphs, source)[0]
    words = hashlib.sha256(json.dumps([asdict(run), asdict(recipe)], sort_keys=True).encode())
    for part in graphs[1:]:
        words.update(part.numpy().tobytes())
    return work / f"{words.hexdigest()[:24]}.json"


def results(
    names: list[str],
    source: Source,
    recipe: Recipe,
    seeds: range,
    work: Path,
    workers: int,
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """The results of all runs, those of one seed together, on `workers` processes of one thread each.

    Raises:
        ValueError: If a set is unknown, empty, or has too few different graphs in a class.
    """
    for name in names:
        _check(*load(name, source), recipe)
    work.mkdir(parents=True, exist_ok=True)
    todo = [Run(n, p, s, f) for s in seeds for n in names for p in PIPELINES for f in range(recipe.outer)]
    # Time goes with vertices; what lies on file takes none.
    costs = [
        0 if _place(run, source, recipe, work).exists() else len(load(run.graphs, source)[0].features) for run in todo
    ]
    arguments = [(run, source, recipe, work) for run in todo]
    return side_by_side(measured, arguments, workers, progress, _name, costs)


def _name(run: Run, *_: object) -> str:
    return f"{run.graphs}, {run.pipeline}, seed {run.seed}"


def _check(graphs: GraphSet, groups: Tensor, recipe: Recipe) -> None:
    fewest = min(len(groups[graphs.labels == label].unique()) for label in range(graphs.classes))
    if fewest < recipe.outer:
        raise ValueError(
            f"{graphs.name} must have {recipe.outer} different graphs of each class for as many folds, has {fewest}"
        )
