"""The page docs/benchmarks.md from the results: `python -m benchmarks.page`. A function of the JSON alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from benchmarks.page_of_studies import report_costs, spread

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "0.1.0" / "engines.json"
# Suites of the same folder, where they were run.
OTHERS = ("layers", "diagram_layers", "graph_layers", "losses", "mapper", "layout", "report_costs", "spread")
OWN = {"report_costs": report_costs, "spread": spread}  # suites without peers
PAGE = ROOT / "docs" / "benchmarks.md"

TITLES = {
    "h0": (
        "H0 of a distance matrix",
        "Merge scales of components; `spanning_tree` is the bare kernel, `rips` the whole way to `Diagrams`.",
    ),
    "rips": ("Rips, H0 and H1", "From a distance matrix, over Z/2."),
    "neurons": (
        "Rips of neuron correlations",
        "H0 and H1 of 1 − |correlation| over Z/2: dissimilarities, no metric.",
    ),
    "rips-h2": ("Rips, H0 to H2", "From a distance matrix, over Z/2."),
    "cubical": ("Cubical, 2D, H0 and H1", "V: pixels are vertices. T: pixels are squares."),
    "volumes": ("Cubical, 3D, H0 to H2", "V: voxels are vertices. T: voxels are cubes."),
    "scaling": (
        "Two threads against one",
        "Cubical, V. Wall time. Both gave the same bits, which is checked before anything is timed.",
    ),
    "graphs": ("Lower-star filtrations of graphs", "A batch in one call; gudhi takes them one by one."),
    "extended": ("Extended persistence of graphs", "A batch in one call; gudhi takes them one by one."),
    "neighbours": ("Exact k-th neighbour", "What a density core costs. Building an index counts."),
    "mapper": (
        "Mapper",
        "Two PCA lenses, 30 × 30 intervals, gain 3, single linkage in each box. No peer is measured here.",
    ),
    "gradient": ("Forward and backward", "Gradient of the summed length of all finite bars of H0 and H1."),
}

OTHER_TITLES = {
    "layers": ("Persistence filters and pooling", "Output and gradient of one call; torch's own pooling for scale."),
    "diagram_layers": ("Layers on diagrams", "Output and gradients of one call on a batch of diagrams."),
    "graph_layers": ("Layers on graphs", "Output and gradients of one call on a batch of graphs."),
    "losses": ("Losses", "Loss and gradient of one call on a batch of images."),
    "mapper": (
        "Mapper and its peers",
        "Two PCA lenses, 30 × 30 intervals, gain 3 (overlap 2/3), intervals as kepler-mapper and GUDHI lay them; a "
        "third of the points lies near a circle. zen-mapper gets the same boxes by its own function, tda-mapper "
        "ready-made: at this overlap its own cover leaves boxes out. GUDHI 3.13 fails under NumPy 2.4 from an overlap "
        "of one half on, whatever it is given, and is held against the others at gain 1.5 (overlap 1/3). One thread.",
    ),
    "layout": (
        "Layout of Mapper graphs",
        "Positions of all nodes from the edges; networkx makes 50 iterations, as by default, ours 300 (150 of large "
        "graphs). igraph runs only where the user has installed it. One thread.",
    ),
}

HOW = """\
## How it is measured

- Ours and the peers run in the same process on the same input, taking turns, {runs} runs each after a warm-up, three
  for what takes over 2 s, one over 10 s: the column *runs* says how many. A run of a quick call repeats it for 20 ms.
  Figures are medians, quartiles in brackets.
- A peer that needs more than 30 s for one run (seen in a trial, or expected from smaller inputs), fails or is not
  installed has a note in place of figures, and no goal is held against it.
- Each contender gets the input in the form it likes best, made before the clock starts. Ours starts from the tensor a
  user has and ends with `Diagrams`: checks, critical cells and the look-up of their values are inside.
- Before anything is timed, all contenders must agree on one number, mostly the summed length of the finite bars.
- Ours always gives critical cells, which gradients need. Where a peer gives *bars* only, it does less.
- CPU seconds stand beside wall seconds because the machine was not always idle: the column *÷ best peer* takes CPU
  seconds of what ran on one thread, wall seconds of what ran on two. Below 1 is faster than the fastest peer.
- Peak memory is that of the first run on the input in a process of its own, above what that process holds once
  everything is imported and a tiny input of the same kind has been computed. The input counts, what making it took does
  not.

```
python -m benchmarks.engines                 # the whole suite; peers: the dependency group "bench"
python -m benchmarks.engines --only rips     # cases whose name contains "rips", the others are kept
python -m benchmarks.layers                  # each further suite; likewise layout, losses, mapper and those of layers
python -m benchmarks.report_costs --data DIR  # what reports on data cost; DIR holds mnist.npz and cifar10.npz
python -m benchmarks.spread ZOO DATA         # workers of Dask; ZOO is a folder of `topolens zoo`, DATA its images
python -m benchmarks.instructions            # instruction counts; needs valgrind
python -m benchmarks.page                    # this page from the results
```
"""


def seconds_of(case: dict[str, Any], row: dict[str, Any]) -> float:
    """The time that is compared: CPU on one thread, wall on several, or where one stands against several."""
    return row["cpu" if row.get("threads", case["threads"]) == case["threads"] == 1 else "wall"]["median"]


def timed(case: dict[str, Any], ours: bool) -> list[dict[str, Any]]:
    """Rows with figures, ours or the peers'."""
    return [row for row in case["rows"] if row["ours"] == ours and "note" not in row]


def best_peer(case: dict[str, Any]) -> dict[str, Any] | None:
    """The fastest peer that computes the same, None where there is none."""
    peers = [row for row in timed(case, ours=False) if row["gives"] != "one number"]
    return min(peers, key=lambda row: seconds_of(case, row), default=None)


def time(seconds: float) -> str:
    """Three digits with a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_digits(seconds / size)} {unit}"
    return f"{_digits(seconds / 1e-6)} µs"


def _digits(x: float) -> str:
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def _spread(of: dict[str, float]) -> str:
    unit = 1.0 if of["median"] >= 1 else 1e-3 if of["median"] >= 1e-3 else 1e-6
    return f"{time(of['median'])} [{_digits(of['q1'] / unit)}–{_digits(of['q3'] / unit)}]"


def _ratio(x: float) -> str:
    return f"{x:.3f}" if x < 0.1 else f"{x:.2f}" if x < 10 else f"{x:,.0f}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(header)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def goals_of(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Per goal: its text, every comparison with its ratio, and those that miss. benchmarks/goals.py has the keys."""
    for goal in data["goals"]:
        chosen = [c for c in data["cases"] if c["group"] in goal["groups"]]
        if "cases" in goal:
            chosen = [c for c in chosen if any(part in f"{c['name']}" for part in goal["cases"])]
        ratios = {key: ratio for case in chosen for key, ratio in _ratios(goal, case)}
        if goal.get("kind") == "mean" and ratios:
            ratios = {f"mean of {len(ratios)} inputs": geometric_mean(ratios.values())}
        misses = {key: ratio for key, ratio in ratios.items() if ratio > goal["factor"]}
        yield {"text": goal["text"], "ratios": ratios, "misses": misses, "factor": goal["factor"]}


def _ratios(goal: dict[str, Any], case: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """What one case says to a goal."""
    kind, names = goal.get("kind", "each"), goal["peer"]
    ours = [row for row in timed(case, ours=True) if row["name"].startswith(goal.get("ours", ""))]
    if kind == "seconds":
        yield from ((f"{case['input']}: {row['name']}", row["wall"]["median"]) for row in ours)
        return
    peers = [
        row
        for row in timed(case, ours=False)
        if (not names or row["name"].startswith(tuple([names] if isinstance(names, str) else names)))
        and goal.get("gives", row["gives"]) == row["gives"]
    ]
    if kind in ("best", "mean") and peers:
        peers = [min(peers, key=lambda row: seconds_of(case, row))]
    for row in ours:
        for peer in peers:
            pair = (row["peak_mb"], peer["peak_mb"]) if kind == "memory" else (_pair(case, row, peer))
            yield f"{case['input']}: {row['name']} against {peer['name']}", pair[0] / pair[1]


def _pair(case: dict[str, Any], row: dict[str, Any], peer: dict[str, Any]) -> tuple[float, float]:
    return seconds_of(case, row), seconds_of(case, peer)


def _goal_rows(data: dict[str, Any]) -> Iterator[list[str]]:
    for goal in goals_of(data):
        if not goal["ratios"]:
            yield [goal["text"], "not measured", "", "", ""]
            continue
        worst = max(goal["ratios"], key=lambda key: goal["ratios"][key])
        count = len(goal["ratios"])
        verdict = "met" if not goal["misses"] else f"missed in {len(goal['misses'])} of {count} comparisons"
        yield [goal["text"], verdict, f"{goal['factor']:.3g}", _ratio(goal["ratios"][worst]), worst]


def _overview_rows(data: dict[str, Any]) -> Iterator[list[str]]:
    for case in data["cases"]:
        peer = best_peer(case)
        for row in timed(case, ours=True):
            ours = seconds_of(case, row)
            other = ["", "", ""]
            if peer:
                ratio = ours / seconds_of(case, peer)
                outcome = "faster" if ratio < 1 else "slower" if ratio > 1 else "equal"
                other = [f"{time(seconds_of(case, peer))} ({peer['name']})", _ratio(ratio), outcome]
            yield [TITLES[case["group"]][0], case["input"], f"{time(ours)} ({row['name']})", *other]


def _detail_rows(cases: Iterable[dict[str, Any]]) -> Iterator[list[str]]:
    for case in cases:
        peer = best_peer(case)
        for place, row in enumerate(case["rows"]):
            named = [
                "" if place else case["input"],
                f"**{row['name']}**" if row["ours"] else row["name"],
                row["gives"],
            ]
            if "note" in row:
                yield [*named, row["note"].replace("|", " "), "", "", "", ""]
                continue
            yield [
                *named,
                _spread(row["wall"]),
                _spread(row["cpu"]),
                str(row.get("runs", case["runs"])),
                f"{row['peak_mb']:,.0f} MB",
                _ratio(seconds_of(case, row) / seconds_of(case, peer)) if peer else "",
            ]


def summary(data: dict[str, Any]) -> str:
    """Goals and overview as plain tables."""
    goals = _table(["goal", "outcome", "allowed", "largest", "there"], _goal_rows(data))
    overview = _table(["", "input", "topolens", "best peer", "÷ best peer", ""], _overview_rows(data))
    return f"{goals}\n\n{overview}"


def others() -> list[dict[str, Any]]:
    """The results of the other suites that were run, in the order of the page."""
    paths = [RESULTS.with_name(f"{name}.json") for name in OTHERS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def other_suite(data: dict[str, Any]) -> Iterator[str]:
    """One more suite: when it was run beside how much else, and all its rows."""
    title, text = OTHER_TITLES[data["suite"]]
    loads = [load for case in data["cases"] for load in (case["load_before"], case["load_after"])]
    yield f"## {title}"
    yield (
        f"{text} {data['started'][:10]}, sources `{data['environment']['sources']}`, load average "
        f"{min(loads):.1f} to {max(loads):.1f}."
    )
    if "goals" in data:
        yield _table(["goal", "outcome", "allowed", "largest", "there"], _goal_rows(data))
    header = ["input", "contender", "gives", "wall", "CPU", "runs", "peak memory", "÷ best peer"]
    yield _table(header, _detail_rows(data["cases"]))


def page(data: dict[str, Any], more: Iterable[dict[str, Any]] = ()) -> str:
    """The whole page, with the suites beside that of the engines."""
    here, machine = data["environment"], data["environment"]["machine"]
    loads = [load for case in data["cases"] for load in (case["load_before"], case["load_after"])]
    runs = sorted({case["runs"] for case in data["cases"]})
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    parts = [
        "<!-- Made by `python -m benchmarks.page` from benchmarks/results; do not edit. -->",
        "# Benchmarks",
        "Ours against named peers, in one run on one machine. Where we are slower, the tables say so.",
        f"Measured on {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}; "
        f"{versions}; sources `{here['sources']}`; {data['started'][:10]}. Load average during the measurements: "
        f"{min(loads):.1f} to {max(loads):.1f} on {machine['cores']} cores"
        + (", so other work was competing: read ratios rather than seconds." if max(loads) > machine["cores"] else "."),
        "## At a glance",
        _table(["", "input", "topolens", "best peer", "÷ best peer", ""], _overview_rows(data)),
        "## Goals of this version",
        _table(["goal", "outcome", "allowed", "largest", "there"], _goal_rows(data)),
        "Allowed and largest are our time over the peer's, our peak memory over the peer's, or our seconds, as the "
        "goal says. Peers with a note in place of figures are left out.",
        *_misses(data),
        *_absent(data),
    ]
    for group, (title, text) in TITLES.items():
        cases = [case for case in data["cases"] if case["group"] == group]
        if cases:
            threads = sorted({case["threads"] for case in cases})
            used = "One thread." if threads == [1] else f"{threads[-1]} threads."
            header = ["input", "contender", "gives", "wall", "CPU", "runs", "peak memory", "÷ best peer"]
            parts += [f"## {title}", f"{text} {used}", _table(header, _detail_rows(cases))]
    parts += [part for suite in more for part in OWN.get(suite["suite"], other_suite)(suite)]
    parts += instructions(data)
    parts.append(HOW.format(runs=" or ".join(map(str, runs))))
    return "\n\n".join(parts)


def _absent(data: dict[str, Any]) -> Iterator[str]:
    """Peers that failed or were not there, each note once."""
    notes = {
        f"- {row['name']}: {row['note']}"
        for case in data["cases"]
        for row in case["rows"]
        if row.get("note") and not row["note"].startswith("not run: over")
    }
    if notes:
        yield "Peers without figures:"
        yield "\n".join(sorted(notes))


def instructions(data: dict[str, Any]) -> Iterator[str]:
    """The table of instruction counts, where they were counted."""
    counted = data.get("instructions")
    if not counted:
        return
    yield "## Instructions"
    if "note" in counted:
        yield counted["note"]
        return
    yield (
        f"Counted by {counted['valgrind']}, from the call of the kernel to its return, one thread; sources "
        f"`{counted['sources']}`. No other work on the machine changes them. Where valgrind has no AVX-512, the "
        "kernels take the path for AVX2 or the scalar one, so these are not the instructions of the times above."
    )
    rows = ([row["name"], f"{row['instructions'] / 1e6:,.1f} million"] for row in counted["kernels"])
    yield _table(["kernel and input", "instructions"], rows)


def _misses(data: dict[str, Any]) -> Iterator[str]:
    for goal in goals_of(data):
        if goal["misses"]:
            rows = sorted(goal["misses"].items(), key=lambda item: -item[1])
            yield f"Missed, *{goal['text']}* (allowed: {goal['factor']:.3g}):"
            yield "\n".join(f"- {key}: {_ratio(ratio)}" for key, ratio in rows)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8")), others()), encoding="utf-8")


if __name__ == "__main__":
    main()
