"""What the words of a `report` command stand for: networks by training step, their twin, their origin."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from topolens.probes import (
    Source,
    checkpoint_steps,
    convolutions,
    filled,
    load_source,
    load_weights,
    made_by,
    model_factory,
    normalization,
    normalized,
    select_layers,
    untrained_model,
)
from topolens.report.build import Model


@dataclass(frozen=True)
class Inputs:
    """Networks by training step (one, at step 0, where there is no run), the untrained twin if known, the origin."""

    networks: dict[int, Model]
    twin: nn.Module | None
    source: dict[str, Any]


def inputs(files: Sequence[Path], model: str | None, layers: Sequence[str], seed: int, filters: bool = True) -> Inputs:
    """Read all files, and refuse what no report can be made of before the work begins.

    `filters`: whether the report is on convolution filters alone, and so needs some.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError, ImportError, ValueError: One sentence each.
    """
    weights = [load_weights(file) for file in files]
    networks: list[Model] = [*weights]
    twin = None
    if model is not None:
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  console scripts, unlike `python -m`, leave it out
        factory = model_factory(model)
        networks = [filled(made_by(factory, model), tensors) for tensors in weights] or [made_by(factory, model)]
        twin = untrained_model(factory, seed) if files else None
    for place, network in enumerate(networks if filters else ()):
        _check(network, layers, files[place].name if len(files) > 1 else "")
    steps = checkpoint_steps(files) if len(files) > 1 else [0]
    return Inputs(dict(zip(steps, networks, strict=True)), twin, _source(files, model))


def named_networks(files: Sequence[Path], model: str) -> dict[str, nn.Module]:
    """A network of the user's own code for each file of weights, by the file's name.

    Raises:
        FileNotFoundError, IsADirectoryError, PermissionError, ImportError, ValueError: One sentence each.
    """
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  console scripts, unlike `python -m`, leave it out
    factory, found = model_factory(model), {}
    for file in files:
        name = file.name if file.name not in found else str(file)
        if name in found:
            raise ValueError(f"{file} is named twice; compare it with another one")
        found[name] = filled(made_by(factory, model), load_weights(file))
    return found


def samples_of(spec: str, normalize: str | None) -> Source:
    """The samples of `--data`, normalised if asked for, which their name then tells.

    Raises:
        FileNotFoundError, ImportError, TypeError, ValueError: One sentence each.
    """
    how = None if normalize is None else normalization(normalize)
    source = load_source(spec)
    if how is None:
        return source
    name = f"{source.name}, normalised by {'/'.join(','.join(f'{x:g}' for x in part) for part in how)}"
    return source._replace(data=normalized(source.data, how), name=name)


def _check(network: Model, layers: Sequence[str], name: str) -> None:
    try:
        select_layers(convolutions(network)[0], layers)
    except ValueError as error:
        raise ValueError(f"{name}: {error}" if name else str(error)) from None


def _source(files: Sequence[Path], model: str | None) -> dict[str, Any]:
    """Names and hashes of the files, without the folders they lie in."""
    if not files:
        return {"source": model}
    name = files[0].name if len(files) == 1 else f"{files[0].name} ... {files[-1].name} ({len(files)} files)"
    hashes = [_sha256(file) for file in files]
    return {
        "source": f"{name} in {model}" if model else name,
        "sha256": hashes[0] if len(files) == 1 else dict(zip([file.name for file in files], hashes, strict=True)),
    }


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
