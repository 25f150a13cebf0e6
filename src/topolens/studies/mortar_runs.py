"""All runs of the study on TopoMortar: one for each kind of labels, row and seed, each kept as two small files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens._optional import skimage
from topolens.runs.kept import kept, moved_there
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.mortar_data import LABELS, Mortar, read_mortar
from topolens.studies.mortar_losses import ROWS
from topolens.studies.mortar_scores import scores
from topolens.studies.mortar_training import Recipe, probabilities, train


@dataclass(frozen=True)
class Run:
    """One training: on which labels, which row, from which seed."""

    labels: str
    row: str
    seed: int


class Source(NamedTuple):
    """Where the photographs lie, and where networks are trained."""

    paths: tuple[str, ...]
    device: str = "cpu"


def part_of(source: Source, recipe: Recipe) -> Mortar:
    """The part of the data that a recipe uses."""
    return read_mortar(source.paths, recipe.images, recipe.inside, recipe.outside)


def measured(run: Run, source: Source, recipe: Recipe, work: Path) -> dict[str, Any]:
    """What a run gives, image by image; masks and scores that were made before are read from their files in `work`."""
    place = place_of(run, source, recipe, work).with_suffix(".json")
    return kept(place, lambda: _measured(run, source, recipe, work))


def _measured(run: Run, source: Source, recipe: Recipe, work: Path) -> dict[str, Any]:
    if source.device == "cpu":
        torch.set_num_threads(1)
    data = part_of(source, recipe)
    masks, cost = _masks(run, source, recipe, work)
    return asdict(run) | cost | {"scores": scores(masks, data.truth.bool())}


def _masks(run: Run, source: Source, recipe: Recipe, work: Path) -> tuple[Tensor, dict[str, float]]:
    """Predicted masks of the test images, and what the training cost."""
    place = place_of(run, source, recipe, work)
    if place.exists():
        with np.load(place) as file:
            cost = {name: float(file[name]) for name in file if name != "masks"}
        return read_masks(run, source, recipe, work), cost
    data = part_of(source, recipe)
    made = train(run.row, data.train, data.labels[run.labels], recipe, run.seed, work, source.device)
    masks = probabilities(made.model, data.test).cpu() > 0.5
    cost = {"seconds": made.seconds, "late_seconds": made.late_seconds, "loss": made.loss}
    cost["parameters"] = sum(p.numel() for p in made.model.parameters())
    with moved_there(place) as part, part.open("wb") as file:
        np.savez_compressed(file, masks=np.packbits(masks.numpy(), axis=2), **cost)  # type: ignore[arg-type]
    return masks, cost


def read_masks(run: Run, source: Source, recipe: Recipe, work: Path) -> Tensor:
    """Predicted masks of the test images of a finished run, shape (n, h, w), bool."""
    width = part_of(source, recipe).truth.shape[2]
    with np.load(place_of(run, source, recipe, work)) as file:
        return torch.from_numpy(np.unpackbits(file["masks"], axis=2, count=width)).bool()


def place_of(run: Run, source: Source, recipe: Recipe, work: Path) -> Path:
    """The file of a run's masks: its name tells the images, the run, the recipe and the row's settings."""
    data, row = part_of(source, recipe), ROWS[run.row]
    words = json.dumps([asdict(run), asdict(recipe), row.told, row.weight, row.hue, row.rounds, source.device])
    digest = hashlib.sha256(words.encode())
    for part in (data.labels[run.labels], data.train[:, :, ::16, ::16], data.test[:, :, ::16, ::16], data.truth):
        digest.update(part.numpy().tobytes())
    return work / f"{digest.hexdigest()[:24]}.npz"


def results(
    labels: Sequence[str],
    source: Source,
    recipe: Recipe,
    seeds: range,
    work: Path,
    workers: int,
    progress: Progress | None,
) -> list[dict[str, Any]]:
    """The results of all runs, those of one seed together, on `workers` processes of one thread each.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If what is there is not TopoMortar, or a kind of labels is unknown.
        ImportError: If Pillow or scikit-image is not installed.
    """
    if unknown := [kind for kind in labels if kind not in LABELS]:
        raise ValueError(f"labels must be of {', '.join(LABELS)}, got {unknown[0]!r}")
    part_of(source, recipe)
    skimage("morphology")  # scores and losses need it: said now, not in a worker an hour later
    work.mkdir(parents=True, exist_ok=True)
    todo = [Run(kind, row, seed) for seed in seeds for kind in labels for row in ROWS]
    new = [not place_of(run, source, recipe, work).with_suffix(".json").exists() for run in todo]
    arguments = [(run, source, recipe, work) for run in todo]
    return side_by_side(measured, arguments, workers, progress, _name, new)


def _name(run: Run, *_: object) -> str:
    return f"{run.labels} labels, {run.row}, seed {run.seed}"
