"""One worker of Dask against two: `python -m benchmarks.spread ZOO DATA [--members N]`.

ZOO is a folder that `topolens zoo` made, DATA its images. With a cluster of one worker joblib works in this very
process, which has loaded everything as well.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dask.distributed import Client, LocalCluster

import topolens as tl
from benchmarks.harness import ROOT, environment, now, write
from topolens._optional import dask_keeps_memory
from topolens.runs.spread import spread
from topolens.studies.gap_features import Protocol
from topolens.studies.gap_members import measured_zoo
from topolens.studies.grid_training import part_of
from topolens.studies.grid_zoo import Trained, read_zoo
from topolens.studies.images import Images, read_images

RUNS = 3


@contextmanager
def cluster(workers: int) -> Iterator[LocalCluster]:
    """Worker processes that have imported everything and keep freed memory, as `_optional.dask_client` starts them."""
    with (
        dask_keeps_memory(),
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as made,
    ):
        made.wait_for_workers(workers)
        with Client(made) as client:
            client.run(__import__, "topolens.studies.gap_members")
        yield made


def seconds(zoo: Path, members: list[Trained], data: Images, workers: int) -> float:
    """Of the numbers of these members, from nothing kept."""
    cache = Path(tempfile.mkdtemp())
    try:
        with cluster(workers) as made:
            start = time.perf_counter()
            with spread("dask", made.scheduler_address):
                measured_zoo(zoo, members, data, Protocol(), cache=cache, workers=-1)
            return time.perf_counter() - start
    finally:
        shutil.rmtree(cache)


def main() -> None:
    """Measure, write the results, print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spread")
    parser.add_argument("zoo", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--members", type=int, default=16, help="evenly through the zoo")
    options = parser.parse_args()
    grid, _, found = read_zoo(options.zoo)
    data = part_of(read_images(options.data), grid)
    some = found[:: max(1, len(found) // options.members)][: options.members]
    rows: list[dict[str, Any]] = []
    for workers in (1, 2):
        took = [seconds(options.zoo, some, data, workers) for _ in range(RUNS)]
        rows.append({"workers": workers, "median": statistics.median(took), "seconds": took})
        print(f"{workers} workers: {rows[-1]['median']:.1f} s", flush=True)
    made = environment(("torch", "dask", "distributed", "joblib"), ("src/topolens",))
    told = {"suite": "spread", "environment": made}
    place = ROOT / "benchmarks" / "results" / tl.__version__ / "spread.json"
    write(place, told | {"members": len(some), "rows": rows, "finished": now()})


if __name__ == "__main__":
    main()
