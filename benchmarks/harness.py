"""Timing on equal terms: contenders take turns on one input, and must agree on one number.

Each contender first runs once in a process of its own, which gives its peak memory, its total and how long it takes.
Wall and CPU seconds are the median and the quartiles of several runs, fewer where one takes long. A peer that is
absent, fails or takes too long is left out with a note.
"""

from __future__ import annotations

import ctypes
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
from importlib import import_module, metadata
from importlib.util import find_spec
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
UNHURRIED, SLOW, SLOWEST, LIMIT = 1.0, 2.0, 10.0, 30.0  # seconds of one run; see `runs_of` and `pilot`
GRACE = 10.0  # seconds that a child has for its input and its warm-up
TOO_SLOW = f"not run: over {LIMIT:.0f} s"


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
        threads: Threads it uses, where they are not those of the bench.
        package: What must be installed, as it is imported.
    """

    name: str
    run: Callable[[Any], Any]
    gives: str
    prepare: Callable[[Any], Any] = lambda x: x
    total: Callable[[Any], float] | None = None
    is_ours: bool = False
    threads: int | None = None
    package: str = "topolens"


@dataclass(frozen=True)
class Bench:
    """Contenders on one case.

    Args:
        group: Table of the page.
        case: The input.
        contenders: Who runs on it.
        threads: Threads of all libraries.
        variant: What is computed, where one input serves several benches.
        tiny: A small input of the same kind: a child runs it first, so that loading code does not count as memory.
        too_slow: Names of peers known to need more than LIMIT seconds.
        exact: Whether the totals must be equal to the last bit.
    """

    group: str
    case: Case
    contenders: tuple[Contender, ...]
    threads: int = 1
    variant: str = ""
    tiny: Case | None = None
    too_slow: frozenset[str] = frozenset()
    exact: bool = False

    @property
    def name(self) -> str:
        """Name on the command line and in the results."""
        return "/".join(part for part in (self.group, self.case.name, self.variant) if part)


@dataclass(frozen=True)
class Pilot:
    """What one run of a contender in a process of its own said; `note` says why there was none."""

    note: str = ""
    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    total: float | None = None


def optional(module: str) -> Any:
    """A peer's module, None where it is not installed."""
    return import_module(module) if find_spec(module.partition(".")[0]) else None


def runs_of(first: Pilot, runs: int) -> int:
    """Timed runs of a contender: one above 10 s, three above 2 s, else all."""
    return 0 if first.note else 1 if first.wall > SLOWEST else min(3, runs) if first.wall > SLOW else runs


def expected_seconds(pilots: Iterable[Pilot], runs: int) -> float:
    """How long timing takes once the pilots are known."""
    return sum(max(p.wall, SHORTEST) * (runs_of(p, runs) + (p.wall <= UNHURRIED)) for p in pilots)


def measure(bench: Bench, pilots: list[Pilot], runs: int, tick: Callable[[str], None]) -> dict[str, Any]:
    """Result of one bench as plain JSON values; `tick` is called after each contender's warm-up and each round."""
    load = os.getloadavg()[0]
    _check_agreement(bench, pilots)
    # A long run of a pilot is as good as any other: it is the first sample, and no warm-up is needed.
    seconds = [[(p.wall, p.cpu)] if p.wall > UNHURRIED and not p.note else [] for p in pilots]
    wanted = [runs_of(first, runs) for first in pilots]
    ready, inner = [None] * len(pilots), [1] * len(pilots)
    with limited(bench.threads):
        given = bench.case.make()
        for place, contender in enumerate(bench.contenders):
            if len(seconds[place]) < wanted[place]:
                ready[place] = contender.prepare(given)
                if not seconds[place]:
                    inner[place] = _repeats(contender, ready[place])
            tick(f"{bench.name}: {contender.name}")
        for _ in range(runs):
            for place, contender in enumerate(bench.contenders):
                if len(seconds[place]) < wanted[place]:
                    seconds[place].append(_timed(contender, ready[place], inner[place])[0])
            tick(bench.name)
    rows = [
        _row(contender, first, samples, repeats)
        for contender, first, samples, repeats in zip(bench.contenders, pilots, seconds, inner, strict=True)
    ]
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


def _row(contender: Contender, first: Pilot, samples: list[tuple[float, float]], inner: int) -> dict[str, Any]:
    row: dict[str, Any] = {"name": contender.name, "ours": contender.is_ours, "gives": contender.gives}
    if contender.threads is not None:
        row["threads"] = contender.threads
    if first.note:
        return row | {"note": first.note}
    wall, cpu = zip(*samples, strict=True)
    row |= {"wall": spread(wall), "cpu": spread(cpu), "runs": len(samples), "calls_per_run": inner}
    return row | {"total": first.total, "peak_mb": first.peak_mb}


def ticks(benches: Iterable[Bench], runs: int) -> int:
    """How often `measure` calls `tick` in all."""
    return sum(len(bench.contenders) + runs for bench in benches)


def _repeats(contender: Contender, ready: Any) -> int:
    """Calls within a run, found while warming up."""
    first = _timed(contender, ready, 1)[0][0]
    again = first if first > SHORTEST else _timed(contender, ready, 1)[0][0]
    return max(1, math.ceil(SHORTEST / max(again, 1e-7)))


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


def _check_agreement(bench: Bench, pilots: list[Pilot]) -> None:
    """Refuse to time contenders that do not compute the same thing."""
    known = {c.name: p.total for c, p in zip(bench.contenders, pilots, strict=True) if p.total is not None}
    allowed = 0.0 if bench.exact else AGREEMENT * max(map(abs, known.values()), default=0.0)
    if known and max(known.values()) - min(known.values()) > allowed:
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


def pilots(bench: Bench) -> list[Pilot]:
    """One run of each contender in a process of its own.

    To be called while this process has imported everything and done nothing: each child starts as its copy.
    """
    return [pilot(bench, contender) for contender in bench.contenders]


def pilot(bench: Bench, contender: Contender) -> Pilot:
    """One run in a child: seconds, total, and peak memory above what the child holds before it makes the input."""
    if find_spec(contender.package.partition(".")[0]) is None:
        return Pilot(note=f"not run: {contender.package} is not installed")
    if contender.name in bench.too_slow:
        return Pilot(note=TOO_SLOW)
    fork = multiprocessing.get_context("fork")
    receive, send = fork.Pipe(duplex=False)
    child = fork.Process(target=_grow, args=(send, bench, contender))
    child.start()
    send.close()
    if not contender.is_ours and not receive.poll(LIMIT + GRACE):
        child.kill()
        child.join()
        return Pilot(note=TOO_SLOW)
    try:
        found = receive.recv()
    except EOFError:
        child.join()
        found = Pilot(note=f"failed: its process ended with code {child.exitcode}")
    child.join()
    if contender.is_ours and found.note:
        raise RuntimeError(f"{bench.name}: {contender.name} {found.note}")
    return found


def _grow(send: Connection, bench: Bench, contender: Contender) -> None:
    """The child: sends its Pilot."""
    try:
        with limited(bench.threads):
            if bench.tiny:
                contender.run(contender.prepare(bench.tiny.make()))
            idle = _held_mb("VmRSS")
            ready = contender.prepare(bench.case.make())
            _forget_peak()
            (wall, cpu), result = _timed(contender, ready, 1)
            peak = round(_held_mb("VmHWM") - idle, 1)
            total = contender.total(result) if contender.total else None
    except Exception as error:  # whatever a peer raises is its result
        send.send(
            Pilot(note=f"failed: {type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}")
        )
    else:
        send.send(Pilot("", wall, cpu, peak, total))


def _forget_peak() -> None:
    """Start the count of the peak anew, so that what making the input took does not count. Linux only."""
    gc.collect()
    if platform.system() == "Linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def _held_mb(field: str) -> float:
    """Memory of this process in MB: now (VmRSS), or the most it has held (VmHWM); the latter on other systems."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would start from the parent's peak: exec hands it on
        line = next(row for row in status.read_text().splitlines() if row.startswith(field))
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
            **{name: _version(name) for name in packages},
        },
        "commit": _commit(),
        "sources": sources(rooms),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


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
