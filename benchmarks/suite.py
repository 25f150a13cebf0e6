"""The command of a suite of cases: what to run, where the results go, and the medians on the terminal."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import topolens as tl
from benchmarks.harness import ROOT, Bench, environment, measure, now, pilots, write

LEAST_RUNS = 7


def run_suite(
    name: str,
    suite: Sequence[Bench],
    packages: Sequence[str],
    rooms: Sequence[str],
    goals: Sequence[dict[str, Any]] = (),
    also: Callable[[Bench, dict[str, Any]], dict[str, Any]] | None = None,
) -> None:
    """Measure all, write the results and print the medians.

    Args:
        name: Of the suite, its module and its file of results.
        suite: The cases.
        packages: Whose versions are told.
        rooms: Of the package, whose sources are told by a hash.
        goals: What is to be reached, as `benchmarks.goals` reads it.
        also: Adds to what was measured in a case.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="cases whose name contains this; repeatable; nothing is written"
    )
    parser.add_argument(
        "--runs", type=int, default=LEAST_RUNS, help=f"timed runs after the warm-up, at least {LEAST_RUNS} (default)"
    )
    results = ROOT / "benchmarks" / "results" / tl.__version__ / f"{name}.json"
    parser.add_argument("-o", "--output", type=Path, default=results)
    options = parser.parse_args()
    if options.runs < LEAST_RUNS:
        parser.error(f"--runs must be at least {LEAST_RUNS}, so that the quartiles mean something, got {options.runs}")
    chosen = [bench for bench in suite if not options.only or any(part in bench.name for part in options.only)]
    if not chosen:
        parser.error(f"no case matches {', '.join(options.only)}; there are {', '.join(bench.name for bench in suite)}")
    data: dict[str, Any] = {"suite": name, "environment": environment(packages, rooms), "started": now()}
    if goals:
        data["goals"] = list(goals)
    first = [pilots(bench) for bench in chosen]  # in children, as long as this process has done nothing
    data["cases"] = [measure(b, tried, options.runs, lambda _: None) for b, tried in zip(chosen, first, strict=True)]
    if also is not None:
        data["cases"] = [also(bench, case) for bench, case in zip(chosen, data["cases"], strict=True)]
    if not options.only:
        write(options.output, data | {"finished": now()})
    for case in data["cases"]:
        print(case["name"])
        for row in case["rows"]:
            print(f"  {row['name']}: {_said(row)}")


def _said(row: dict[str, Any]) -> str:
    if "note" in row:
        return str(row["note"])
    wall, cpu = (1e3 * row[clock]["median"] for clock in ("wall", "cpu"))
    total = "" if row["total"] is None else f", {row['total']:,.0f}"
    return f"{wall:8.2f} ms, {cpu:8.2f} ms CPU, {row['peak_mb']:.0f} MB{total}"
