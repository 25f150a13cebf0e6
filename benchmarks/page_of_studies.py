"""The parts of docs/benchmarks.md on suites that have no peers: what reports cost, what workers gain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ENOUGH = 10  # cases
WITHIN = 2.0  # goals of what a report costs
MINUTES, PEAK_MB, WATCH_SHARE, RECORDING_MB = 3.0, 2000, 0.05, 1000
GAIN = 1.7  # goal of two workers against one


def report_costs(data: dict[str, Any]) -> Iterator[str]:
    """Paragraphs and tables of the parts that were measured."""
    yield "## What a report on data costs"
    yield (
        "`python -m benchmarks.report_costs --data FOLDER`. Processor seconds on one thread, since other work ran on "
        "the machine, unless it says wall; sources "
        f"`{data['environment']['sources']}`. Networks are untrained (zoo) or trained for some steps."
    )
    if "predictions" in data:
        yield from _predictions(data["predictions"])
    if "report" in data:
        yield _whole_report(data["report"])
    else:
        yield "The whole report of a ResNet-18 by the command was not measured yet: `--part report`."
    if "watch" in data:
        yield _watch(data["watch"])
    if "recording" in data:
        yield _recording(data["recording"])


def _predictions(rows: list[dict[str, Any]]) -> Iterator[str]:
    ratios = [row["predicted"] / row["spent"] for row in rows]
    held = sum(1 / WITHIN <= ratio <= WITHIN for ratio in ratios)
    goal = ("met" if held >= 0.9 * len(rows) else "missed") if len(rows) >= ENOUGH else f"{ENOUGH} cases are to be run"
    yield (
        f"Prediction against truth, the whole report with its untrained twin: within a factor of {WITHIN:g} in {held} "
        f"of {len(rows)} cases (goal: 9 of 10, {goal})."
    )
    lines = ["| report | analyses defined | predicted | spent | predicted ÷ spent |", "| --- | --- | --- | --- | --- |"]
    for row, ratio in zip(rows, ratios, strict=True):
        defined = f"{row['defined']} of {row['analyses']}"
        lines.append(f"| {row['case']} | {defined} | {row['predicted']:.1f} s | {row['spent']:.1f} s | {ratio:.2f} |")
    yield "\n".join(lines)


def _whole_report(row: dict[str, Any]) -> str:
    budget = row["budget"]
    cut = "; ".join(budget["cut"]) or "nothing"
    time_met = "met" if row["wall"] <= 60 * MINUTES else "missed"
    memory_met = "met" if row["peak_mb"] <= PEAK_MB else "missed"
    return (
        f"`topolens report` on a ResNet-18 ({row['parameters'] / 1e6:.1f} million parameters) and {row['samples']:,} "
        f"CIFAR-10 images, untrained twin and filters included, default budget: {row['wall']:.0f} s (goal: {MINUTES:g} "
        f"minutes on two cores, {time_met}, one thread beside a load of {row['load']:.0f} on two cores), "
        f"{row['cpu']:.0f} s of processors, predicted {budget['predicted']:.0f} s. Peak memory: "
        f"{row['peak_mb']:,.0f} MB, predicted "
        f"{budget['memory_mb']:,.0f} MB (goal: {PEAK_MB:,} MB, {memory_met}). Cut for the budget: {cut}."
    )


def _watch(row: dict[str, Any]) -> str:
    epoch = max(one["epoch"] for one in row["epochs"])
    check = max(one["check"] for one in row["epochs"])
    goal = "met" if row["share"] <= WATCH_SHARE else "missed"
    return (
        f"`Watch` on a CNN (32 and 64 channels) and {row['images']:,} MNIST images: an epoch takes {epoch:.1f} s, the "
        f"check after it {check:.2f} s, {100 * row['share']:.1f} % (goal: {100 * WATCH_SHARE:.0f} %, {goal})."
    )


def _recording(row: dict[str, Any]) -> str:
    goal = "met" if row["peak_mb"] <= RECORDING_MB else "missed"
    return (
        f"Recording {row['layers']} layers of {row['neurons']} neurons on {row['samples']:,} samples: the process "
        f"peaks at {row['peak_mb']:.0f} MB (goal: {RECORDING_MB:,} MB, {goal}), of which {row['held_mb']:.0f} MB are "
        f"the activations and {row['before_mb']:.0f} MB were held before, libraries included."
    )


def spread(data: dict[str, Any]) -> Iterator[str]:
    """What a second worker gains."""
    one, two = ({row["workers"]: row["median"] for row in data["rows"]}[workers] for workers in (1, 2))
    goal = "met" if one / two >= GAIN else "missed"
    yield "## Workers of a cluster"
    yield (
        f"`python -m benchmarks.spread ZOO DATA`: the numbers of {data['members']} networks of a zoo on a Dask cluster "
        f"of this machine. One worker {one:.1f} s, two {two:.1f} s: {one / two:.2f} times faster (goal: {GAIN}, "
        f"{goal}). Wall time, medians of {len(data['rows'][0]['seconds'])}; sources `{data['environment']['sources']}`."
    )
