"""Which lenses, covers and clusterers there are, with their fields; settings of a graph, filled in and checked."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from topolens.explorer.kinds import Field, Kind, View, checked_field
from topolens.explorer.store import Run
from topolens.mapper import connected, first_gap, one_cluster, pca
from topolens.sampling import neighbour_distance


def _column(view: View, column: str) -> torch.Tensor:
    return view.column(column)


def _pca(view: View, component: int) -> torch.Tensor:
    if component > view.points.shape[1]:
        raise ValueError(
            f"component must be at most {view.points.shape[1]}, the features of the layer, got {component}"
        )
    return pca(view.points, component)[:, component - 1]


def _density(view: View, neighbours: int) -> torch.Tensor:
    return neighbour_distance(view.points, min(neighbours, len(view.points) - 1))


def _feature(view: View, index: int) -> torch.Tensor:
    if index >= view.points.shape[1]:
        raise ValueError(f"index must be below {view.points.shape[1]}, the features of the layer, got {index}")
    return view.points[:, index]


# A new kind is one entry here: its fields make the page's form, `make` what goes into `tl.mapper`, `code` the snippet.
LENSES = (
    Kind(
        "pca", "principal component", "Score on a principal component of the layer.",
        (Field("component", "component", "int", 1, 1, 64, help="1 is the direction of largest variance"),),
        _pca, "pca(points, {component})[:, {component} - 1]",
    ),
    Kind("norm", "norm", "Length of a point.", (), lambda view: view.points.norm(dim=1), "points.norm(dim=1)"),
    Kind(
        "density", "distance to neighbour", "Distance to the k-th neighbour: small where the cloud is dense.",
        (Field("neighbours", "neighbour", "int", 15, 1, 1000),),
        _density, "neighbour_distance(points, {neighbours})",
    ),
    Kind(
        "column", "column", "Any column of the space that holds numbers.",
        (Field("column", "column", "column", None),),
        _column, "torch.from_numpy(np.load(run / {column_file!r}))",
    ),
    Kind(
        "feature", "feature", "One feature of the layer.",
        (Field("index", "feature", "int", 0, 0, None),), _feature, "points[:, {index}]",
    ),
    Kind(
        "probability", "class probability", "What the network gives one class.",
        (Field("class", "class", "class", 0, 0, None),),
        lambda view, **given: view.probability(given["class"]),
        "torch.from_numpy(np.load(run / {probabilities_file!r})[:, {class}])",
    ),
    Kind(
        "entropy", "entropy", "Entropy of the class probabilities: large where the network is in doubt.", (),
        lambda view: view.column("entropy"), "torch.from_numpy(np.load(run / {entropy_file!r}))",
    ),
)  # fmt: skip

COVERS = (
    Kind(
        "uniform", "uniform", "Intervals of equal length along each lens; a box is a product of them.",
        (
            Field("resolution", "intervals", "int", 20, 1, 200, per_lens=True, help="of each lens"),
            Field("gain", "gain", "float", 3.0, 1.0, 10.0, per_lens=True, help="length over step; 1: no overlap"),
            Field(
                "convention", "convention", "choice", "spanning", choices=("spanning", "cell"),
                help="spanning: intervals exactly fill the range; cell: equal cells, widened by the gain",
            ),
        ),
        lambda resolution, gain, convention: {"resolution": resolution, "gain": gain, "convention": convention},
        "resolution={resolution}, gain={gain}, convention={convention!r}",
    ),
)  # fmt: skip

# `rate`: seconds per pair of points of a box and feature, measured on MNIST layers of 2,000 to 60,000 points.
CLUSTERERS = (
    Kind(
        "connected", "connected", "Single linkage cut at one scale for all boxes, taken from the whole cloud.",
        (Field("scale", "scale", "float", None, 0.0, None, help="joins points up to this distance; empty: automatic"),),
        lambda scale: partial(connected, scale=scale), "partial(connected, scale={scale})", rate=4e-10,
    ),
    Kind(
        "first_gap", "first gap", "Single linkage of each box, cut at the first gap of its histogram.",
        (Field("bins", "bins", "int", 10, 1, 200),),
        lambda bins: partial(first_gap, bins=bins), "partial(first_gap, bins={bins})", rate=6e-11,
    ),
    Kind("one_cluster", "none", "Boxes are not split: the cover alone.", (), lambda: one_cluster, "one_cluster"),
)  # fmt: skip

GENERAL = (
    Field(
        "metric", "metric", "choice", "std", choices=("std", "variance", None),
        help="what features are divided by before distances: std makes all count alike, none leaves them as they are",
    ),
    Field("min_shared", "least shared points", "int", 1, 1, 10_000, help="of two nodes that are joined"),
    Field("seed", "seed", "int", 0, 0, 2**32 - 1),
)  # fmt: skip


def described() -> dict[str, Any]:
    """What the page builds its forms from."""
    return {
        "lenses": [kind.described() for kind in LENSES],
        "covers": [kind.described() for kind in COVERS],
        "clusterers": [kind.described() for kind in CLUSTERERS],
        "general": [field.described() for field in GENERAL],
    }


def kind_of(kinds: tuple[Kind, ...], what: str, given: Any) -> Kind:
    """The kind that settings name.

    Raises:
        ValueError: If there is none of that name.
    """
    name = given.get("kind") if isinstance(given, Mapping) else None
    for kind in kinds:
        if kind.kind == name:
            return kind
    raise ValueError(f"{what} must have a kind, one of {', '.join(kind.kind for kind in kinds)}, got {name!r}")


def complete(run: Run, given: Any) -> dict[str, Any]:
    """Settings with everything that was left out.

    Raises:
        ValueError: If something is unknown or outside its range.
        NotFoundError: If there is no such layer, checkpoint or column.
    """
    if not isinstance(given, Mapping):
        raise ValueError("settings must be an object with layer, lenses, cover, clusterer")
    known = {"layer", "checkpoint", "lenses", "cover", "clusterer", *(field.name for field in GENERAL)}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"settings have no {unknown[0]!r}; they have {', '.join(sorted(known))}")
    layer = run.layer(given.get("layer") or _last_layer(run))
    checkpoint = run.checkpoint(given.get("checkpoint"))
    lenses = given.get("lenses") or [{"kind": "pca", "component": k + 1} for k in range(min(2, layer["features"]))]
    if not isinstance(lenses, list) or not 1 <= len(lenses) <= 3:
        raise ValueError("lenses must be a list of 1 to 3")
    cover, clusterer = given.get("cover") or {"kind": "uniform"}, given.get("clusterer") or {"kind": "connected"}
    return {
        "layer": layer["id"],
        "checkpoint": checkpoint["id"],
        "lenses": [_lens(run, layer, checkpoint["id"], lens) for lens in lenses],
        "cover": kind_of(COVERS, "cover", cover).completed(cover, lenses=len(lenses)),
        "clusterer": kind_of(CLUSTERERS, "clusterer", clusterer).completed(clusterer),
        **{field.name: checked_field(field, given.get(field.name, field.default)) for field in GENERAL},
    }


def _last_layer(run: Run) -> str:
    layers = run.manifest["layers"]
    if not layers:
        raise ValueError("the run has no layers; record a network with topolens explore --model ... --data ...")
    return layers[-1]["id"]


def _lens(run: Run, layer: Mapping[str, Any], checkpoint: str, given: Any) -> dict[str, Any]:
    """One lens, filled in; a column must be one of numbers, or of classes in an order, of the layer's space."""
    kind = kind_of(LENSES, "lens", given)
    found = kind.completed(given)
    if kind.kind == "column":
        if found["column"] is None:
            raise ValueError("lens column needs the id of a column")
        run.column(layer["space"], found["column"], checkpoint)
    if kind.kind in ("probability", "entropy") and layer["space"] != "samples":
        raise ValueError(f"lens {kind.kind} is of samples; layer {layer['name']} has filters")
    return found


def key_of(settings: Mapping[str, Any], *more: Any) -> str:
    """The name of a result: equal settings give the same one."""
    text = json.dumps([settings, *more], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def lens_values(view: View, settings: Mapping[str, Any]) -> torch.Tensor:
    """Shape (points, lenses).

    Raises:
        ValueError: If a lens is NaN or infinite somewhere, or has one value only.
    """
    columns = []
    for given in settings["lenses"]:
        kind = kind_of(LENSES, "lens", given)
        values = kind.make(view, **{name: value for name, value in given.items() if name != "kind"}).float()
        bad = int((~torch.isfinite(values)).sum())
        if bad:
            raise ValueError(
                f"lens {kind.named(given)} is no finite number at {bad:,} of {len(values):,} points; choose another one"
            )
        columns.append(values)
    return torch.stack(columns, 1)


def title_of(run: Run, settings: Mapping[str, Any]) -> str:
    """A graph in a few words."""
    lenses = " and ".join(kind_of(LENSES, "lens", lens).named(lens) for lens in settings["lenses"])
    cover = settings["cover"]
    numbers = [
        f"{name} {' x '.join(f'{value:g}' for value in values)}"
        for name, values in cover.items()
        if isinstance(values, list)
    ]
    several = len(run.manifest["checkpoints"]) > 1
    where = f"{run.layer(settings['layer'])['name']}{', ' + settings['checkpoint'] if several else ''}"
    return ", ".join([where, lenses, cover["kind"], *numbers, settings["clusterer"]["kind"]])


def boxes_of(settings: Mapping[str, Any]) -> int:
    """Boxes that a uniform cover has."""
    return math.prod(settings["cover"].get("resolution", [1]))
