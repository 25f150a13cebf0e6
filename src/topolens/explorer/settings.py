"""Settings of a graph: filled in from the tables, checked, named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch

from topolens.explorer.kinds import Kind, View, checked_field
from topolens.explorer.store import Run
from topolens.explorer.tables import CLUSTERERS, COVERS, GENERAL, LENSES


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
        ValueError: If a lens is NaN or infinite somewhere.
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
    at = run.checkpoint(settings["checkpoint"])["name"]
    where = f"{run.layer(settings['layer'])['name']}{', ' + at if several else ''}"
    return ", ".join([where, lenses, cover["kind"], *numbers, settings["clusterer"]["kind"]])
