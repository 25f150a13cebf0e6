"""The curves of a training run, from the log that `report.Watch` writes."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from topolens.explorer.packed import packed

QUIET = 60.0  # seconds without a new line after which training counts as over, unless its checks are rarer


def training_document(path: Path, now: float | None = None) -> dict[str, Any]:
    """Series by name, and whether training still goes on.

    A line that goes back to an earlier step is a run that was taken up again: what stood there from that step on is
    dropped. A last line that is only half written is left out.

    Args:
        path: The log, a line of JSON per check.
        now: Time of the question, in seconds; None: now.
    """
    entries = read_log(path)
    names = list(dict.fromkeys(name for entry in entries for name in entry if name not in ("step", "time")))
    series = []
    for name in names:
        known = [(entry["step"], entry[name]) for entry in entries if isinstance(entry.get(name), (int, float))]
        steps, values = ([pair[end] for pair in known] for end in (0, 1))
        series.append({"name": name, "steps": packed(steps, "f32"), "values": packed(values, "f32")})
    return {"series": series, "running": _is_running(entries, time.time() if now is None else now)}


def read_log(path: Path) -> list[dict[str, Any]]:
    """The checks, by rising step."""
    if not path.is_file():
        return []
    entries: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("step"), (int, float)):
            while entries and entries[-1]["step"] >= entry["step"]:
                entries.pop()
            entries.append(entry)
    return entries


def _is_running(entries: list[dict[str, Any]], now: float) -> bool:
    times = [entry["time"] for entry in entries if isinstance(entry.get("time"), (int, float))]
    if not times:
        return False
    gaps = [after - before for before, after in zip(times[:-1], times[1:], strict=True)]
    return now - times[-1] < max(QUIET, 5 * statistics.median(gaps) if gaps else 0.0)
