"""What the study on TopoMortar says: errors of each way of training beside the published ones, and which differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.sampling import holm
from topolens.studies.mortar_data import INSIDE, LABELS
from topolens.studies.mortar_losses import BASELINE, ROWS
from topolens.studies.mortar_pictures import KINDS, marked, window
from topolens.studies.mortar_protocol import REFERENCES, protocol
from topolens.studies.mortar_published import DEFECTS, PAPER, PUBLISHED
from topolens.studies.mortar_runs import Progress, Run, Source, part_of, read_masks, results
from topolens.studies.mortar_scores import METRICS
from topolens.studies.mortar_statistics import Difference, Estimate, over_groups, over_seeds, paired
from topolens.studies.mortar_training import Recipe

HELPS, UNSHOWN, HURTS = "topology helps", "no difference shown", "topology hurts"
FULL = Recipe()
QUICK = Recipe(images=20, inside=6, outside=2, widths=(8, 16, 32, 64), batch=4, steps=150)
PAPERS = Recipe(
    widths=(32, 64, 128, 256, 512, 512, 512, 512), supervised=6, side=512, batch=10, steps=12_000, rate=0.01, sgd=True
)
TESTED = ("B0", "B1")
PICTURE = 128
ENOUGH = 20  # images in distribution, for the bootstrap to be near what it says
Results = Sequence[dict[str, Any]]


def mortar_study(
    source: Source,
    labels: Sequence[str] = LABELS,
    *,
    recipe: Recipe,
    work: Path,
    seeds: range = range(3),
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """The report of the study; finished runs lie in `work` and are not made again.

    Args:
        source: Where the photographs lie, and the device of the networks.
        labels: Kinds of training labels.
        recipe: How networks are trained and tested.
        work: Folder of the finished runs.
        seeds: Of the runs of each row.
        workers: Processes.
        progress: Called with seconds, all seconds expected, and what was done.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If what is there is not TopoMortar, or a kind of labels is unknown.
    """
    kinds = list(dict.fromkeys(labels))
    with Cost() as cost:
        found = results(kinds, source, recipe, seeds, work, workers, progress)
    made = cost.provenance(seeds[0], (len(found),), {**recipe.__dict__, "seeds": len(seeds)})
    findings = []
    for kind in kinds:
        rows = [row for row in found if row["labels"] == kind]
        pictures = _pictures(kind, rows, source, recipe, work, seeds[0])
        findings.append(_finding(kind, rows, part_of(source, recipe).groups, pictures, made))
    study = {
        "name": "topomortar",
        "title": "Topological losses on TopoMortar",
        "paper": PAPER,
        "protocol": protocol(recipe, len(seeds), part_of(source, recipe)),
    }
    return Report(
        tuple(findings),
        {
            "study": study,
            "seed": seeds[0],
            "versions": versions(),
            "seconds": sum(row["seconds"] for row in found),  # of runs read from file, too
            "warnings": _warnings(part_of(source, recipe).groups),
            "references": REFERENCES,
        },
    )


def _finding(
    kind: str, rows: Results, groups: Sequence[str], pictures: dict[str, Figure], provenance: dict[str, Any]
) -> Finding:
    """One kind of labels: every row in and out of distribution, beside its twin and the published figures."""
    parts = {"inside": [i for i, g in enumerate(groups) if g == INSIDE],
             "outside": [i for i, g in enumerate(groups) if g != INSIDE]}  # fmt: skip
    told = {part: [groups[i] for i in places] for part, places in parts.items() if places}
    values = {name: {part: _values(rows, name, parts[part]) for part in told} for name in ROWS}
    means = {
        part: {name: {m: over_seeds(over_groups(values[name][part][m], told[part])) for m in METRICS} for name in ROWS}
        for part in told
    }
    against = {part: _against(values, part, told[part]) for part in told}
    first = next(iter(told))
    tables = {part: _errors(part, means[part], rows) for part in told}
    tables |= {f"{part}_differences": _differences(part, against[part], len(rows) // len(ROWS)) for part in told}
    tables["published"] = _published(kind, means)
    return Finding(
        name="reproduce_topomortar",
        subject=f"{kind} labels",
        question="Do topological losses make masks with fewer topological errors?",
        answer=_answer(means, against, len(rows) // len(ROWS)),
        verdict=verdict(against[first], len(rows) // len(ROWS)),
        numbers=_numbers(kind, means[first], against[first]),
        tables=tables,
        figures=pictures,
        references={f"{name}, B0": tuple(values[name][first]["B0"].mean(1)) for name in ROWS},
        warnings=tuple(_notes(kind)),
        provenance=provenance,
    )


def _values(rows: Results, name: str, places: Sequence[int]) -> dict[str, np.ndarray]:
    """Of one row, for each measure an array (seeds, images)."""
    own = [row["scores"] for row in rows if row["row"] == name]
    return {metric: np.array([[scores[metric][i] for i in places] for scores in own]) for metric in METRICS}


def _against(values: dict[str, Any], part: str, groups: Sequence[str]) -> dict[tuple[str, str], Difference]:
    """Each row minus CE-Dice in pieces and loops, with Holm's p over all of them."""
    pairs = [(name, metric) for name in ROWS if name != BASELINE for metric in TESTED]
    found = [paired(values[name][part][m] - values[BASELINE][part][m], groups) for name, m in pairs]
    adjusted = holm([one.p_value for one in found])
    return {pair: one._replace(p_value=p) for pair, one, p in zip(pairs, found, adjusted, strict=True)}


def verdict(against: dict[tuple[str, str], Difference], seeds: int) -> str:
    """What the topological losses do to CE-Dice's errors in distribution: shown on images, and in each seed alike."""
    shown = [one.mean < 0 for (name, _), one in against.items() if ROWS[name].topological and _is_shown(one, seeds)]
    return HELPS if any(shown) else HURTS if shown else UNSHOWN


def _is_shown(one: Difference, seeds: int) -> bool:
    return one.p_value < 0.05 and one.agreeing == seeds


def _answer(means: dict[str, Any], against: dict[str, Any], seeds: int) -> str:
    told = []
    for part, of_row in means.items():
        best = min(of_row, key=lambda name: of_row[name]["BM"].mean)
        where = "In distribution" if part == "inside" else "Out of distribution"
        fewest = of_row[best]["BM"]
        told.append(
            f"{where}, {best} makes fewest errors by Betti matching, {fewest.mean:.2f} for each image "
            f"({_span(fewest)}), {BASELINE} {of_row[BASELINE]['BM'].mean:.2f}"
        )
        shown = [(name, one.mean < 0) for (name, _), one in against[part].items() if _is_shown(one, seeds)]
        for word, is_less in (("less", True), ("more", False)):
            names = sorted({name for name, less in shown if less is is_less})
            told[-1] += (
                f"; shown in every seed to miscount pieces or holes {word} than it: {', '.join(names) or 'none'}"
            )
    return ". ".join(told) + "."


def _numbers(
    kind: str, means: dict[str, dict[str, Estimate]], against: dict[tuple[str, str], Difference]
) -> dict[str, Number]:
    """Errors of each row over those of CE-Dice, beside the published ratio: what is comparable."""
    numbers = {}
    for place, ((name, metric), one) in enumerate(against.items(), 1):
        ours, theirs = _ratio(means, name, metric), _published_ratio(kind, name, metric)
        named = "published" + (", from a defective port" if name in DEFECTS else "")
        numbers[f"ratio_{place}"] = Number(
            ours, f"{metric} error of {name} over that of {BASELINE}", None, "", theirs,
            named if theirs is not None else "", one.p_value,
        )  # fmt: skip
    return numbers


def _ratio(means: dict[str, dict[str, Estimate]], name: str, metric: str) -> float | None:
    base = means[BASELINE][metric].mean
    return means[name][metric].mean / base if base > 0 else None


def _published_ratio(kind: str, name: str, metric: str, part: str = "inside") -> float | None:
    field = metric.lower() if part == "inside" else f"out_{metric.lower()}"
    figures = PUBLISHED[kind].get(name)
    return None if figures is None else round(getattr(figures, field) / getattr(PUBLISHED[kind][BASELINE], field), 3)


def _errors(part: str, means: dict[str, dict[str, Estimate]], rows: Results) -> Table:
    lines = []
    for name, one in means.items():
        own = [row for row in rows if row["row"] == name]
        counts = [cell for metric in ("B0", "B1", "BM") for cell in (round(one[metric].mean, 2), _span(one[metric]))]
        rest = [round(one[metric].mean, 3) for metric in METRICS if metric not in ("B0", "B1", "BM")]
        lines.append((name, *counts, *rest, round(1000 * float(np.mean([row["late_seconds"] for row in own])))))
    columns = ["training", *(cell for m in ("B0", "B1", "BM") for cell in (f"{m} error", "interval"))]
    columns += [metric for metric in METRICS if metric not in ("B0", "B1", "BM")]
    where = "in distribution" if part == "inside" else "out of distribution, the mean of the groups"
    caption = f"Errors {where}, for each image; intervals are 95 % by Student's t over seeds"
    return Table(caption, (*columns, "ms per step"), tuple(lines))


def _differences(part: str, against: dict[tuple[str, str], Difference], seeds: int) -> Table:
    lines = [
        (name, metric, round(one.mean, 3), f"{one.interval[0]:.2f} to {one.interval[1]:.2f}",
         float(f"{one.p_value:.3g}"), f"{one.agreeing} of {seeds}")
        for (name, metric), one in against.items()
    ]  # fmt: skip
    where = "in" if part == "inside" else "out of"
    caption = (
        f"Errors minus those of {BASELINE}, {where} distribution; interval and Holm's p by drawing images again, and "
        "in how many seeds the difference has this sign"
    )
    return Table(caption, ("training", "measure", "difference", "interval", "p", "seeds"), tuple(lines))


def _published(kind: str, means: dict[str, Any]) -> Table:
    """Ratios to CE-Dice, ours and theirs, and their figures; at the end what we did not run."""
    lines = []
    for name in dict.fromkeys((*ROWS, *PUBLISHED[kind])):
        cells: list[Any] = []
        for part in ("inside", "outside"):
            for metric in TESTED:
                ours = _ratio(means[part], name, metric) if name in ROWS and part in means else None
                cells += [None if ours is None else round(ours, 2), _published_ratio(kind, name, metric, part)]
        figures = PUBLISHED[kind].get(name)
        theirs = (None, None, None) if figures is None else (figures.b0, figures.b1, figures.dice)
        lines.append((name, *cells, *theirs, _remark(kind, name)))
    columns = [f"{m}, {where}, {whose}" for where in ("in", "out") for m in TESTED for whose in ("ours", "published")]
    return Table(
        f"Errors as a multiple of those of {BASELINE}, ours and published, in and out of distribution; then the "
        "published errors in distribution themselves",
        ("training", *columns, "published B0", "published B1", "published Dice", "remark"),
        tuple(lines),
    )


def _remark(kind: str, name: str) -> str:
    if name not in ROWS:
        return f"not run here; {DEFECTS[name]}" if name in DEFECTS else "not run here"
    if name not in PUBLISHED[kind]:
        return "new: nobody has published this row"
    return f"new for the method; the published figure is of a {DEFECTS[name]}" if name in DEFECTS else "comparable"


def _warnings(groups: Sequence[str]) -> list[str]:
    inside = sum(group == INSIDE for group in groups)
    few = f"{inside} test images in distribution: so few make p-values too small; take them as a hint."
    return [few] if inside < ENOUGH else []


def _notes(kind: str) -> list[str]:
    new = [name for name in ROWS if name not in PUBLISHED[kind] or name in DEFECTS]
    return [f"Rows that no one has published, or only from a defective program: {', '.join(new)}."] if new else []


def _span(one: Estimate) -> str:
    return "" if np.isnan(one.interval[0]) else f"{max(0.0, one.interval[0]):.2f} to {one.interval[1]:.2f}"


def _pictures(kind: str, rows: Results, source: Source, recipe: Recipe, work: Path, seed: int) -> dict[str, Figure]:
    """Where CE-Dice of the first seed errs most, one picture in and one out of distribution, and what the others do."""
    data = part_of(source, recipe)
    base = next(row for row in rows if row["row"] == BASELINE and row["seed"] == seed)
    errors = np.array(base["scores"]["BM"])
    found = {}
    for part in ("inside", "outside"):
        places = [i for i, group in enumerate(data.groups) if (group == INSIDE) == (part == "inside")]
        if not places:
            continue
        # The median out of distribution: at the worst, all masks are noise.
        order = sorted(places, key=lambda i: errors[i])
        chosen = order[-1] if part == "inside" else order[len(order) // 2]
        truth = data.truth[chosen].bool().numpy()
        masks = {name: read_masks(Run(kind, name, seed), source, recipe, work)[chosen].numpy() for name in ROWS}
        marks = {"truth": marked(truth, truth)} | {name: marked(mask, truth) for name, mask in masks.items()}
        where, titles = window(marks[BASELINE], PICTURE), [name.removeprefix(f"{BASELINE} + ") for name in marks]
        caption = (
            f"Test image {data.numbers[chosen]} ({data.groups[chosen]}): photograph, truth and masks of seed {seed}, "
            "with pieces and holes that are too many or missing in the whole mask"
        )
        found[part] = Figure("masks", caption, {
            "photograph": data.test[chosen].permute(1, 2, 0).numpy()[where], "kinds": KINDS, "columns": 4,
            "masks": [mark[where] for mark in marks.values()], "titles": ["photograph", *titles]})  # fmt: skip
    return found
