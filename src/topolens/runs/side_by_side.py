"""Runs side by side: `joblib.Parallel` under whatever backend is active, with results as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

Progress = Callable[[float, float, str], None]


def spreads(workers: int | None = None) -> bool:
    """Whether runs go to other processes: with more than one worker, or inside `joblib.parallel_config` with more."""
    from joblib import effective_n_jobs
    from joblib.parallel import get_active_backend

    # joblib's n_jobs of the context; None would be one worker under dask as well.
    backend, own = get_active_backend()
    return not getattr(backend, "supports_sharedmem", False) and effective_n_jobs(workers or own) > 1


def each(
    make: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], workers: int | None = None
) -> Generator[Any, None, None]:
    """`make` of all arguments, results in their order as they come.

    Whoever stops asking ends the work: runs that have not begun never do.

    Args:
        make: What a process does with one tuple of arguments.
        arguments: A tuple for each run.
        workers: Processes; None: as joblib's active backend has it, one outside of any.
    """
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    how = "generator" if backend.supports_return_generator else "list"  # Ray's gives all results at once
    made: Any = Parallel(n_jobs=workers, return_as=how)(delayed(make)(*own) for own in arguments)
    try:
        yield from made
    finally:
        if how == "generator":
            made.close()


def side_by_side(
    make: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    workers: int | None,
    progress: Progress | None,
    name: Callable[..., str],
    costs: Sequence[float] | None = None,
) -> list[Any]:
    """`make` of all arguments, results in their order; the costliest begin first.

    Args:
        make, arguments, workers: As in `each`.
        progress: Called with seconds, all seconds expected, and what was done.
        name: What to call a run, from its arguments.
        costs: What each run costs, in any unit, 0 where its file is there; None: all alike.
    """
    costs = [1.0] * len(arguments) if costs is None else costs
    order = sorted(range(len(arguments)), key=lambda run: -costs[run])  # a long run at the end would keep all waiting
    start, spent, found = time.perf_counter(), 0.0, {}
    for run, result in zip(order, each(make, (arguments[run] for run in order), workers), strict=True):
        found[run] = result
        spent += costs[run]
        if progress is not None and spent:
            seconds = time.perf_counter() - start
            progress(seconds, seconds * sum(costs) / spent, name(*arguments[run]))
    return [found[run] for run in range(len(arguments))]
