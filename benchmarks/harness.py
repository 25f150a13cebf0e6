"""Timing on equal terms: contenders take turns on one input, and must agree on one number.

Wall and CPU seconds are the median and the quartiles of several runs after a warm-up. Peak memory is that of one run
in a process of its own, above what that process holds once everything is imported (so the input counts, and the pages
of code a first call touches).
"""

from __future__ import annotations

import gc
import hashlib
import json
import math
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

import topolens as tl
from benchmarks.cases import Case

ROOT = Path(__file__).resolve().parents[1]
SHORTEST = 0.02  # seconds; quicker calls are repeated within a run, so that the clock's grain does not show
AGREEMENT = 1e-3  # relative; single precision on one side, double on the other


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    Args:
        name: Library and function.
        run: The timed work, from what `prepare` returned.
        gives: What comes back: "bars" or "bars and critical cells" and so on.
        prepare: The input in the form this library likes best; not timed.
        total: One number of the result that all contenders must agree on.
        is_ours: Whether it is topolens.
    """

    name: str
    run: Callable[[Any], Any]
    gives: str
    prepare: Callable[[Any], Any] = lambda x: x
    total: Callable[[Any], float] | None = None
    is_ours: bool = False


@dataclass(frozen=True)
class Bench:
    """Contenders on one case."""

    group: str
    case: Case
    contenders: tuple[Contender, ...]
    threads: int = 1
    variant: str = ""

    @property
    def name(self) -> str:
        """Name on the command line and in the results."""
        return "/".join(part for part in (self.group, self.case.name, self.variant) if part)


def measure(bench: Bench, peaks: list[float], runs: int, tick: Callable[[str], None]) -> dict[str, Any]:
    """Result of one bench as plain JSON values; `tick` is called after each warm-up and each run."""
    load = os.getloadavg()[0]
    with limited(bench.threads):
        given = bench.case.make()
        calls, inner, totals = [], [], []
        for contender in bench.contenders:
            ready = contender.prepare(given)
            first, result = _timed(contender, ready, 1)
            again = first[0] if first[0] > SHORTEST else _timed(contender, ready, 1)[0][0]
            calls.append((contender, ready))
            inner.append(max(1, math.ceil(SHORTEST / max(again, 1e-7))))
            totals.append(contender.total(result) if contender.total else None)
            del result
            tick(f"{bench.name}: {contender.name}")
        _check_agreement(bench, totals)
        seconds = [[] for _ in calls]  # type: list[list[tuple[float, float]]]
        for _ in range(runs):
            for place, (contender, ready) in enumerate(calls):
                seconds[place].append(_timed(contender, ready, inner[place])[0])
                tick(f"{bench.name}: {contender.name}")
    rows = []
    for place, contender in enumerate(bench.contenders):
        wall, cpu = zip(*seconds[place], strict=True)
        rows.append(
            {
                "name": contender.name,
                "ours": contender.is_ours,
                "gives": contender.gives,
                "wall": spread(wall),
                "cpu": spread(cpu),
                "calls_per_run": inner[place],
                "total": totals[place],
                "peak_mb": peaks[place],
            }
        )
    return {
        "name": bench.name,
        "group": bench.group,
        "input": bench.case.text + (f", {bench.variant}" if bench.variant else ""),
        "threads": bench.threads,
        "runs": runs,
        "measured": now(),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "rows": rows,
    }


def ticks(benches: Iterable[Bench], runs: int) -> int:
    """How often `measure` calls `tick` in all."""
    return sum(len(bench.contenders) * (runs + 1) for bench in benches)


def _timed(contender: Contender, ready: Any, inner: int) -> tuple[tuple[float, float], Any]:
    """Wall and CPU seconds of one call, the mean of `inner` in a row, and the last result."""
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(inner):
            result = contender.run(ready)
        return ((time.perf_counter() - wall) / inner, (time.process_time() - cpu) / inner), result
    finally:
        gc.enable()


def _check_agreement(bench: Bench, totals: list[float | None]) -> None:
    """Refuse to time contenders that do not compute the same thing."""
    known = {c.name: total for c, total in zip(bench.contenders, totals, strict=True) if total is not None}
    if known and max(known.values()) - min(known.values()) > AGREEMENT * max(abs(x) for x in known.values()):
        raise ValueError(f"{bench.name}: the contenders must agree on one number, got {known}")


def spread(samples: Iterable[float]) -> dict[str, float]:
    """Median and quartiles, four digits."""
    low, middle, high = np.percentile(list(samples), [25, 50, 75])
    return {key: float(f"{x:.4g}") for key, x in (("median", middle), ("q1", low), ("q3", high))}


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """All libraries on so many threads."""
    before = torch.get_num_threads()
    try:
        with threadpool_limits(threads):
            torch.set_num_threads(threads)
            yield
    finally:
        torch.set_num_threads(before)


def peaks_mb(bench: Bench) -> list[float]:
    """Peak memory of one run of each contender, in MB above what this process holds.

    To be called while this process has imported everything and done nothing: each child starts as its copy.
    """
    fork = multiprocessing.get_context("fork")
    peaks = []
    for contender in bench.contenders:
        receive, send = fork.Pipe(duplex=False)
        child = fork.Process(target=_grow, args=(send, bench, contender))
        child.start()
        send.close()
        try:
            peaks.append(round(receive.recv(), 1))
        except EOFError:
            child.join()
            sentence = f"{bench.name}: {contender.name} ended with code {child.exitcode} while its memory was measured"
            raise RuntimeError(sentence) from None
        child.join()
    return peaks


def _grow(send: Connection, bench: Bench, contender: Contender) -> None:
    idle = _held_mb()
    with limited(bench.threads):
        contender.run(contender.prepare(bench.case.make()))
    send.send(_held_mb() - idle)


def _held_mb() -> float:
    """Most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would start from the parent's peak: exec hands it on
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if platform.system() == "Darwin" else 2**10)


def now() -> str:
    """Time of day in UTC, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def environment(packages: Iterable[str], rooms: Iterable[str]) -> dict[str, Any]:
    """What was measured on what: machine, versions of packages, and the state of our sources in `rooms`."""
    return {
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "topolens": tl.__version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in packages},
        },
        "commit": _commit(),
        "sources": sources(rooms),
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"


def _commit() -> str | None:
    """Commit the working tree stands on, read from the repository's own files; None where there is none."""
    head = ROOT / ".git" / "HEAD"
    if not head.is_file():
        return None
    text = head.read_text().strip()
    if not text.startswith("ref: "):
        return text
    ref, packed = ROOT / ".git" / text[5:], ROOT / ".git" / "packed-refs"
    if ref.is_file():
        return ref.read_text().strip()
    rows = packed.read_text().splitlines() if packed.is_file() else []
    return next((row.split()[0] for row in rows if row.endswith(f" {text[5:]}")), None)


def sources(rooms: Iterable[str]) -> str:
    """Hash of the named sources, files or folders: two results with the same one come from the same code."""
    digest = hashlib.sha256()
    for room in (ROOT / name for name in rooms):
        files = [room] if room.is_file() else sorted(p for p in room.rglob("*") if p.suffix in (".py", ".hpp", ".cpp"))
        for file in files:
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def write(path: Path, data: dict[str, Any]) -> None:
    """JSON, written beside its place and moved there, so that no half file is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
