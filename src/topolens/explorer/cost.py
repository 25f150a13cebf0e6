"""What a graph will take, told before it is made: from the boxes of a sample, and from how past estimates fared."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from topolens.explorer.kinds import View
from topolens.explorer.settings import kind_of, lens_values
from topolens.explorer.store import Run
from topolens.explorer.tables import CLUSTERERS, COVERS
from topolens.mapper import variance_normalised
from topolens.mapper.mapper import Rule, covering

SAMPLE = 2000
FIXED = 0.05  # seconds, measured like the rates below on one thread
PER_MEMBERSHIP = 2e-6
PER_TRIANGLE = 3e-7
PER_NODE = 1.5e-4
PER_LENS_VALUE = 2e-9
NEIGHBOURS = 1e-10  # seconds per pair of points and feature
PAST = 8
TELLING = 0.3  # seconds; below, the start of a process and other programs decide
MOST_OFF = 5.0
LONG = 60.0


def estimate(run: Run, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds, MB and nodes that completed settings will take, and a warning where that is much.

    Cost: the lenses and the cover of 2,000 points.
    """
    found = _modelled(run, settings)
    seconds = found["seconds"] * _correction(run, settings["clusterer"]["kind"])
    return {
        "seconds": float(f"{seconds:.3g}"), "memory_mb": found["memory_mb"], "nodes": found["nodes"],
        "warning": _warning(seconds, found["memory_mb"]), "model_seconds": float(f"{found['seconds']:.3g}"),
    }  # fmt: skip


def _correction(run: Run, clusterer: str) -> float:
    """How far the model was off on this machine, by the last graphs that took long enough to tell."""
    costs = [head["cost"] for head in run.heads() if head["settings"]["clusterer"]["kind"] == clusterer]
    past = [cost["seconds"] / cost["model_seconds"] for cost in costs if cost.get("model_seconds", 0) > TELLING][:PAST]
    return min(max(statistics.median(past), 1 / MOST_OFF), MOST_OFF) if past else 1.0


def _modelled(run: Run, settings: Mapping[str, Any]) -> dict[str, Any]:
    layer = run.layer(settings["layer"])
    n, d = layer["points"], layer["features"]
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).round().astype(np.int64))
    view = View(run, settings["layer"], settings["checkpoint"], rows)
    rule = _rule(kind_of(COVERS, "cover", settings["cover"]).made(settings["cover"]))
    metric = settings["metric"]
    boxes = rule.make(variance_normalised(view.points, metric) if rule.of_points else lens_values(view, settings))
    grown = n / max(len(rows), 1)
    sizes = np.diff(boxes.offsets.numpy()) * grown
    memberships = float(sizes.sum())
    per_point = memberships / max(n, 1)
    triangles = min(n * per_point**3 / 6, len(sizes) * per_point**2)
    rate = kind_of(CLUSTERERS, "clusterer", settings["clusterer"]).rate
    pairs = float(np.square(sizes).sum())
    neighbours = (
        sum(lens["kind"] in ("density", "eccentricity") for lens in settings["lenses"]) * NEIGHBOURS * n * n * d
    )
    scale = NEIGHBOURS * min(n, 1000) * n * d if settings["clusterer"]["kind"] == "connected" else 0.0
    seconds = (
        FIXED + PER_LENS_VALUE * n * d * min(n, d) + neighbours + scale + rate * pairs * d
        + PER_MEMBERSHIP * memberships + PER_TRIANGLE * triangles + PER_NODE * len(sizes)
    )  # fmt: skip
    memory = (8 * float(sizes.max(initial=0)) ** 2 + 60 * memberships + 24 * n * d + 24 * triangles) / 2**20
    return {"seconds": seconds, "memory_mb": round(memory), "nodes": len(sizes)}


def _rule(made: Mapping[str, Any]) -> Rule:
    """The cover, as `mapper` makes it of these options."""
    return covering(
        made.get("cover", "uniform"),
        made.get("resolution", 1),
        made.get("gain", 1.0),
        made.get("convention", "spanning"),
    )


def _warning(seconds: float, memory_mb: float) -> str | None:
    if memory_mb > 0.5 * _machine_mb():
        size = f"This may take {memory_mb / 1024:.1f} GB of memory, more than half of what there is"
        return f"{size}; lower the gain or raise the number of intervals."
    if seconds > LONG:
        return f"This may take {seconds / 60:.0f} minutes; raise the number of intervals or lower the gain."
    return None


def memory_mb(reset: bool = False) -> float | None:
    """Largest memory of this process since the last reset, in MB, or what it holds after one; None off Linux.

    Args:
        reset: Whether to start anew.
    """
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)


def _machine_mb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    except (AttributeError, ValueError, OSError):
        return 8192.0
