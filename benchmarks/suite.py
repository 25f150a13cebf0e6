"""The command of a suite of cases: what to run, where the results go, and the medians on the terminal."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import topolens as tl
from benchmarks.harness import ROOT, Bench, environment, measure, now, pilots, write

LEAST_RUNS = 7


def run_suite(
    name: str, suite: Sequence[Bench], goals: Sequence[dict[str, Any]], packages: Sequence[str], rooms: Sequence[str]
) -> None:
    """Measure all, write the results and print the medians.

    Args:
        name: Of the suite, its module and its file of results.
        suite: The cases.
        goals: What is to be reached, as `benchmarks.goals` reads it.
        packages: Whose versions are told.
        rooms: Of the package, whose sources are told by a hash.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--only", metavar="NAME", default="", help="cases whose name contains this; nothing is written")
    parser.add_argument(
        "--runs", type=int, default=LEAST_RUNS, help=f"timed runs after the warm-up, at least {LEAST_RUNS} (default)"
    )
    results = ROOT / "benchmarks" / "results" / tl.__version__ / f"{name}.json"
    parser.add_argument("-o", "--output", type=Path, default=results)
    options = parser.parse_args()
    if options.runs < LEAST_RUNS:
        parser.error(f"--runs must be at least {LEAST_RUNS}, so that the quartiles mean something, got {options.runs}")
    chosen = [bench for bench in suite if options.only in bench.name]
    data: dict[str, Any] = {
        "suite": name,
        "environment": environment(packages, rooms),
        "load": list(os.getloadavg()),
        "goals": list(goals),
        "started": now(),
    }
    first = [pilots(bench) for bench in chosen]
    data["cases"] = [measure(b, tried, options.runs, lambda _: None) for b, tried in zip(chosen, first, strict=True)]
    if not options.only:
        write(options.output, data | {"finished": now()})
    for case in data["cases"]:
        print(case["name"])
        for row in case["rows"]:
            said = row.get("note") or (
                f"{1e3 * row['cpu']['median']:8.2f} ms CPU, {row['peak_mb']:.0f} MB, {row['total']:,.0f}"
            )
            print(f"  {row['name']}: {said}")
