"""Where runs are made: in processes here, or on a cluster through joblib's own backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from topolens._optional import dask_client, ray_backend

BACKENDS = ("local", "dask", "ray")


@contextmanager
def spread(backend: str = "local", address: str | None = None, workers: int | None = None) -> Iterator[None]:
    """Runs that are made inside go to this backend; see `side_by_side.each`.

    Args:
        backend: "local" processes; "dask" or "ray", which must be installed.
        address: Of the scheduler of dask ("tcp://host:8786") or the head of ray ("host:6379"); None: a cluster of this
            machine alone, started for the time.
        workers: How many, for runs that do not say it themselves; -1: one per core, or all that a cluster has.

    Raises:
        ValueError: If there is no such backend, an address is given for local processes, or nothing answers there.
        ImportError: If the backend is not installed.
    """
    from joblib import parallel_config

    if backend not in BACKENDS:
        raise ValueError(f"the backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if backend == "local":
        if address is not None:
            raise ValueError(f"an address goes with the backend dask or ray, got {address} for local processes")
        with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
            yield
        return
    with (dask_client if backend == "dask" else ray_backend)(address), parallel_config(backend, n_jobs=workers):
        yield
