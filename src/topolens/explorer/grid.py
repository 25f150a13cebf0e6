"""Graphs over a grid of intervals and gains, as numbers: the map that advises parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topolens.explorer.graphs import mapper_options
from topolens.explorer.kinds import View, checked_field
from topolens.explorer.settings import key_of, kind_of, lens_values
from topolens.explorer.store import NotFoundError, Run
from topolens.explorer.tables import COVERS
from topolens.explorer.work import Tell
from topolens.mapper import parameter_grid

MOST = 12  # values of each


def grid_key(settings: Mapping[str, Any], resolutions: Sequence[int], gains: Sequence[float]) -> str:
    """The name of a grid among the results, for which the settings' own resolution and gain do not matter."""
    cover = {name: value for name, value in settings["cover"].items() if name not in ("resolution", "gain")}
    return key_of({**settings, "cover": cover}, list(resolutions), list(gains))


def checked_axes(given: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[list[int], list[float]]:
    """Resolutions and gains of a request.

    Args:
        given: The request.
        settings: Completed.

    Raises:
        ValueError: If they are no short lists of numbers that the cover may have, or it has neither.
    """
    if "resolution" not in settings["cover"]:
        raise ValueError(f"a grid is of intervals and gains, which cover {settings['cover']['kind']} has not")
    fields = {field.name: field for field in kind_of(COVERS, "cover", settings["cover"]).fields}
    found = []
    for name, usual in (("resolution", [10, 15, 20, 30]), ("gain", [1.5, 2.0, 3.0, 4.0])):
        values = given.get(f"{name}s", usual)
        if not isinstance(values, list) or not 1 <= len(values) <= MOST:
            raise ValueError(f"{name}s must be a list of 1 to {MOST} numbers, got {values!r:.60}")
        found.append([checked_field(fields[name], each) for each in values])
    return found[0], found[1]


def make_grid(
    run: Run, settings: Mapping[str, Any], resolutions: Sequence[int], gains: Sequence[float], tell: Tell
) -> str:
    """Makes a graph for each resolution and gain, keeps their numbers in the run, and gives the key.

    Args:
        run: The run.
        settings: Completed; their own resolution and gain are replaced.
        resolutions, gains: The axes.
        tell: Called as (share done, what is being done).
    """
    view = View(run, settings["layer"], settings["checkpoint"])
    found = parameter_grid(
        view.points,
        lens_values(view, settings),
        resolutions,
        gains,
        _labels(run, settings),
        mapper_options(settings),
        seed=settings["seed"],
        progress=lambda done, expected: tell(done / expected, f"graph {done} of {expected}"),
    )
    key = grid_key(settings, resolutions, gains)
    run.keep("grids", key, {"settings": dict(settings), **found.to_json()})
    return key


def _labels(run: Run, settings: Mapping[str, Any]) -> np.ndarray | None:
    try:
        return np.asarray(run.column(run.layer(settings["layer"])["space"], "label")[1])
    except NotFoundError:
        return None
