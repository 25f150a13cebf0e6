"""What a worker makes of a request: a graph, a diagram, a grid of graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from topolens.explorer.store import Run

Tell = Callable[[float, str], None]


def do(run: Run, request: Mapping[str, Any], tell: Tell) -> str:
    """Makes and keeps what is asked for, and gives its key.

    Args:
        run: The run.
        request: `{"task": ..., ...}` as `jobs.Jobs.submit` takes it.
        tell: Called as (share done, what is being done).

    Raises:
        ValueError: If the points or settings do not allow it; one sentence.
    """
    return TASKS[request["task"]](run, request, tell)


def _graph(run: Run, request: Mapping[str, Any], tell: Tell) -> str:
    from topolens.explorer.graphs import make_graph

    return make_graph(run, request["settings"], tell)


def _diagram(run: Run, request: Mapping[str, Any], tell: Tell) -> str:
    from topolens.explorer.diagrams import make_diagram

    return make_diagram(run, request["layer"], request["checkpoint"], tell)


def _grid(run: Run, request: Mapping[str, Any], tell: Tell) -> str:
    from topolens.explorer.grid import make_grid

    return make_grid(run, request["settings"], request["resolutions"], request["gains"], tell)


def _stability(run: Run, request: Mapping[str, Any], tell: Tell) -> str:
    from topolens.explorer.trust import make_stability

    return make_stability(run, request["graph"], request["resamples"], tell)


TASKS: Mapping[str, Callable[[Run, Mapping[str, Any], Tell], str]] = {
    "graph": _graph,
    "diagram": _diagram,
    "grid": _grid,
    "stability": _stability,
}
