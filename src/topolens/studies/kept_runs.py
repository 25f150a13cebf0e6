"""Runs of a study: each kept as a small file, so that a killed study goes on where it was, and made side by side."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed
from joblib.parallel import get_active_backend

Progress = Callable[[float, float, str], None]


@contextmanager
def moved_there(place: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of another once all is written: whoever reads sees all or nothing.

    It is another one each time, as a cluster may give one run to two workers.
    """
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.partial")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def kept(place: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a run gives, as its file tells it; where there is none it is made, and the file written whole or not."""
    if not place.exists():
        text = json.dumps(make())
        with moved_there(place) as part:
            part.write_text(text, encoding="utf-8")
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def side_by_side(
    make: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    workers: int,
    progress: Progress | None,
    name: Callable[..., str],
    costs: Sequence[float] | None = None,
) -> list[Any]:
    """`make` of all arguments, results in their order, on as many processes as `workers`; the costliest begin first.

    Args:
        make: What a process does with one tuple of arguments.
        arguments: A tuple for each run.
        workers: Processes.
        progress: Called with seconds, all seconds expected, and what was done.
        name: What to call a run, from its arguments.
        costs: What each run costs, in any unit, 0 where its file is there; None: all alike.
    """
    costs = [1.0] * len(arguments) if costs is None else costs
    order = sorted(range(len(arguments)), key=lambda run: -costs[run])  # a long run at the end would keep all waiting
    start, spent, found = time.perf_counter(), 0.0, {}
    backend, _ = get_active_backend()
    how = "generator" if backend.supports_return_generator else "list"  # Ray's gives all results at once
    made: Iterable[Any] = Parallel(n_jobs=workers, return_as=how)(delayed(make)(*arguments[run]) for run in order)
    for run, result in zip(order, made, strict=True):
        found[run] = result
        spent += costs[run]
        if progress is not None and spent:
            seconds = time.perf_counter() - start
            progress(seconds, seconds * sum(costs) / spent, name(*arguments[run]))
    return [found[run] for run in range(len(arguments))]
