"""Graphs over a grid of intervals and gains, as numbers: the map that advises parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from topolens.explorer.graphs import graph_of
from topolens.explorer.kinds import View
from topolens.explorer.purity import purity
from topolens.explorer.settings import key_of
from topolens.explorer.store import NotFoundError, Run
from topolens.mapper import betti_numbers

MOST = 12  # values of each
MEASURES = ("nodes", "components", "loops", "coverage", "purity", "instability")
Tell = Callable[[float, str], None]


def grid_key(settings: Mapping[str, Any], resolutions: Sequence[int], gains: Sequence[float]) -> str:
    """The name of a grid among the results."""
    return key_of(settings, list(resolutions), list(gains))


def checked_axes(given: Mapping[str, Any]) -> tuple[list[int], list[float]]:
    """Resolutions and gains of a request.

    Raises:
        ValueError: If they are no short lists of numbers.
    """
    resolutions, gains = given.get("resolutions", [10, 15, 20, 30]), given.get("gains", [1.5, 2.0, 3.0, 4.0])
    for name, values, kinds in (("resolutions", resolutions, (int,)), ("gains", gains, (int, float))):
        fits = isinstance(values, list) and 1 <= len(values) <= MOST and all(type(each) in kinds for each in values)
        if not fits:
            raise ValueError(f"{name} must be a list of 1 to {MOST} numbers, got {values!r:.60}")
    return resolutions, [float(gain) for gain in gains]


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
    labels = _labels(run, settings)
    tables: dict[str, list[list[float | None]]] = {name: [] for name in MEASURES}
    for row, resolution in enumerate(resolutions):
        for name in MEASURES:
            tables[name].append([])
        for column, gain in enumerate(gains):
            tell(
                (row * len(gains) + column) / (len(resolutions) * len(gains)), f"{resolution} intervals, gain {gain:g}"
            )
            lenses = len(settings["lenses"])
            cover = {**settings["cover"], "resolution": [resolution] * lenses, "gain": [gain] * lenses}
            for name, value in _numbers({**settings, "cover": cover}, view, labels).items():
                tables[name][-1].append(value)
    key = grid_key(settings, resolutions, gains)
    run.keep("grids", key, {"resolutions": list(resolutions), "gains": list(gains), **tables})
    return key


def _numbers(settings: Mapping[str, Any], view: View, labels: tuple[np.ndarray, int] | None) -> dict[str, float | None]:
    """Of one graph; all unknown where it cannot be made."""
    try:
        graph = graph_of(view, settings)
        components, loops = betti_numbers(graph)
    except ValueError:
        return dict.fromkeys(MEASURES)
    pure = None
    if labels is not None:
        by_node = sparse.csr_array(graph.membership.T.tocsr())
        share = purity(by_node, *labels).share
        pure = float(np.average(share, weights=graph.sizes)) if len(graph) else None
    return {
        "nodes": len(graph), "components": components, "loops": loops, "coverage": graph.coverage, "purity": pure,
        "instability": None,
    }  # fmt: skip


def _labels(run: Run, settings: Mapping[str, Any]) -> tuple[np.ndarray, int] | None:
    try:
        column, values = run.column(run.layer(settings["layer"])["space"], "label")
    except NotFoundError:
        return None
    return np.asarray(values), len(column["classes"])
