"""How far a graph can be trusted: its parts in resamples, kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topolens.explorer.aligned import graph_of_document
from topolens.explorer.graphs import mapper_options
from topolens.explorer.kinds import View
from topolens.explorer.packed import packed
from topolens.explorer.store import Run
from topolens.explorer.work import Tell
from topolens.mapper import Remade, stability

MOST = 1000


def checked_resamples(given: Mapping[str, Any]) -> int:
    """The number of resamples of a request.

    Raises:
        ValueError: If it is no whole number from 1 to 1,000.
    """
    resamples = given.get("resamples", 50)
    if type(resamples) is not int or not 1 <= resamples <= MOST:
        raise ValueError(f"resamples must be a whole number from 1 to {MOST}, got {resamples!r}")
    return resamples


def make_stability(run: Run, key: str, resamples: int, tell: Tell) -> str:
    """Measures how well a graph comes back in resamples, keeps it in the graph's document, and gives its key.

    Args:
        run: The run.
        key: Of the graph.
        resamples: How many.
        tell: Called as (share done, what is being done).
    """
    document = run.result("graphs", key)
    settings = document["settings"]
    view = View(run, settings["layer"], settings["checkpoint"])
    found = stability(
        graph_of_document(document),
        Remade(view.points, mapper_options(settings)),
        resamples,
        seed=settings["seed"],
        progress=lambda done, expected: tell(done / expected, f"resample {done} of {expected}"),
    )
    plain = found.to_json()
    confidence = {**plain, "nodes": packed(found.nodes, "f32"), "edges": packed(found.edges, "f32")}
    run.keep("graphs", key, {**run.result("graphs", key), "confidence": confidence})
    return key
