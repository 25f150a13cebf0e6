"""What the study of autoencoders says: which measures the topological loss betters, and whether the trees matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.studies.autoencoder import (
    METHODS,
    PLAIN,
    RANDOM,
    SPHERES,
    TOPOLOGICAL,
    Progress,
    Recipe,
    Setting,
    results,
    setting,
)
from topolens.studies.embedding_measures import KS, MEASURES
from topolens.studies.published_latents import published_measures

PAPER = 'M. Moor, M. Horn, B. Rieck, K. Borgwardt: "Topological autoencoders", 2020'
MORE, ALIKE, LESS = "keeps more", "no difference shown", "keeps less"
HEADLINE = "kl_0.1"
QUICK = Recipe(points=6000, test_points=1000, epochs=20)
BY_T = "95 % by Student's t over seeds"
Results = Sequence[dict[str, Any]]
Interval = tuple[float, float]


def autoencoder_study(
    data: Sequence[str | Path] = (),
    *,
    recipe: Recipe,
    work: Path,
    seeds: int = 5,
    seed: int = 0,
    workers: int = 1,
    latents: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """The report of the study on spheres and on `.npz` files of images; finished runs lie in `work`.

    With the folder of `published_measures` as `latents`, what the paper published is measured beside it.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If a file is no data set of images or too small, or there are fewer than two seeds.
    """
    if seeds < 2:
        raise ValueError(f"seeds must be at least 2, so that there is an interval, got {seeds}")
    names = (SPHERES, *map(str, data))
    published = {} if latents is None else published_measures(latents)
    with Cost() as cost:
        found = results(names, recipe, seeds, seed, work, workers, progress)
    provenance = cost.provenance(seed, (len(found),), {**recipe.__dict__, "seeds": seeds})
    sets = list(dict.fromkeys(row["data"] for row in found))
    findings = [_finding([row for row in found if row["data"] == name], str(name), provenance) for name in sets]
    if published:
        tables = {**findings[0].tables, "published": _published(published)}
        findings[0] = replace(findings[0], tables=tables)
    return Report(
        tuple(findings),
        {
            "study": {
                "name": "autoencoder",
                "title": "Topological autoencoders against plain ones",
                "paper": PAPER,
                "protocol": protocol(recipe, seeds, [str(name) for name in sets]),
            },
            "seed": seed,
            "versions": versions(),
            "seconds": sum(row["seconds"] for row in found),  # of runs read from file, too
            "warnings": _warnings(recipe),
            "references": [
                PAPER,
                "J. Venna, S. Kaski: Local multidimensional scaling, 2006 (trustworthiness and continuity).",
                "J. A. Lee, M. Verleysen: Nonlinear dimensionality reduction, 2007 (mean relative rank error).",
            ],
        },
    )


def protocol(recipe: Recipe, seeds: int, sets: Sequence[str]) -> list[str]:
    """How the study was made, in sentences; what differs from the paper is marked as ours."""
    used = f"at most {recipe.points:,} points drawn once" if recipe.points else "all points"
    tested = f"at most {recipe.test_points:,} points drawn once" if recipe.test_points else "all points"
    how = "; ".join(f"{name}: {_words(setting(name))}" for name in sets)
    return [
        "Spheres as in the paper: ten spheres of dimension 100 and radius 5 with 500 points each, at normal centres, "
        "within one of radius 25 with 5,000 points, drawn with the paper's generator and seed; features standardised, "
        "a tenth held out for testing. Images in [-1, 1]. Data distances are divided by the largest in the minibatch "
        "(spheres) or in the cube (images).",
        "Networks, minibatches, rates and weights are the best the paper's search found for the topological "
        f"autoencoder: {how}. Adam with weight decay 1e-5, {recipe.epochs} passes at most"
        f"{'' if recipe.epochs == 100 else ' (the paper: 100)'}, early stopping with patience {recipe.patience} on "
        "15 % of the training points.",
        "Ours: the plain autoencoder and the control are trained with the same settings, while the paper searched them "
        "for each method; the weights with the lowest validation loss are measured. A data set the paper does not have "
        "takes the settings of MNIST.",
        f"The control, {RANDOM}, is the same loss at as many pairs of points drawn at random: it keeps distances, but "
        "knows no tree. What it reaches, topology does not explain.",
        "PCA is fitted to the training points. t-SNE (scikit-learn's defaults) is fitted to the test points, as in "
        "the paper, and has no reconstruction: it has seen what it is measured on.",
        f"Training took {used} of each training set, measuring {tested} of each test set. Measures as in the paper's "
        f"code; those that look at k neighbours are means over k = {KS[0]}, {KS[1]}, ..., {KS[-1]}, as far as k is "
        "below half of the test points.",
        f"{seeds} seeds per row, which decide initial weights, order and validation points; intervals are {BY_T}, "
        "those of differences over pairs of runs of one seed.",
        "The paper's own table is not printed beside ours: we had no source to check its figures against.",
    ]


def _words(how: Setting) -> str:
    widths = "-".join(map(str, how.widths))
    return f"hidden layers {widths}, batch {how.batch}, rate {how.rate:g}, weight {how.weight:g}"


def _warnings(recipe: Recipe) -> list[str]:
    if not recipe.points and recipe.epochs >= 100:
        return []
    used = f"on at most {recipe.points:,} points of each set" if recipe.points else "on all points"
    return [
        f"Trained {used} for at most {recipe.epochs} passes, the paper on all for 100: compare methods with each other "
        "here, not with the paper."
    ]


def interval(values: Sequence[float]) -> tuple[float, Interval]:
    """Mean and its 95 % interval by Student's t."""
    mean, count = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return mean, (mean - half, mean + half)


def verdict(gain: Interval) -> str:
    """What the interval of a gain (positive: better) shows."""
    return MORE if gain[0] > 0 else LESS if gain[1] < 0 else ALIKE


def _finding(rows: Results, name: str, provenance: dict[str, Any]) -> Finding:
    """One data set: all measures of all methods, and what the topological loss gains."""
    values = {
        (method, measure): [row["measures"][measure] for row in rows if row["method"] == method]
        for method in METHODS
        for measure in MEASURES
    }
    gains = {(other, m): _gain(values, other, m) for other in (PLAIN, RANDOM) for m in MEASURES}
    top, twin = interval(values[TOPOLOGICAL, HEADLINE]), interval(values[PLAIN, HEADLINE])
    against = {other: [verdict(gains[other, measure][1]) for measure in MEASURES] for other in (PLAIN, RANDOM)}
    said = verdict(gains[PLAIN, HEADLINE][1])
    answer = (
        f"The divergence of densities at sigma 0.1 is {top[0]:.3f} ({top[1][0]:.3f} to {top[1][1]:.3f}) with the "
        f"topological loss and {twin[0]:.3f} without it; of {len(MEASURES)} measures it betters "
        f"{against[PLAIN].count(MORE)} and worsens {against[PLAIN].count(LESS)}. Against the same loss at random pairs "
        f"it betters {against[RANDOM].count(MORE)} and worsens {against[RANDOM].count(LESS)}."
    )
    numbers = {
        "headline": Number(top[0], "KL of densities at sigma 0.1, TopoAE", top[1], BY_T, twin[0], "plain autoencoder"),
    }
    for other, key in ((PLAIN, "gain"), (RANDOM, "gain_over_random_pairs")):
        mean, ends = gains[other, HEADLINE]
        numbers[key] = Number(mean, f"how much lower it is than that of {other}", ends, BY_T, 0.0, "no difference")
    first = min(row["seed"] for row in rows)
    return Finding(
        name="reproduce_autoencoder",
        subject=name,
        question="Does the topological loss keep more of the data than a plain autoencoder does?",
        answer=answer,
        verdict=said,
        numbers=numbers,
        tables={"measures": _measures(values), "gains": _gains(gains), "training": _training(rows)},
        figures={"latents": _figure([row for row in rows if row["seed"] == first], name)},
        references={method: tuple(values[method, HEADLINE]) for method in METHODS},
        provenance=provenance,
    )


def _gain(values: dict[tuple[str, str], list[Any]], other: str, measure: str) -> tuple[float, Interval]:
    """How much better the topological autoencoder is than another network, seed by seed."""
    sign = 1 if MEASURES[measure][1] else -1
    pairs = zip(values[TOPOLOGICAL, measure], values[other, measure], strict=True)
    return interval([sign * (ours - theirs) for ours, theirs in pairs])


def _measures(values: dict[tuple[str, str], list[Any]]) -> Table:
    lines = []
    for measure, (words, larger) in MEASURES.items():
        cells: list[str | None] = []
        for method in METHODS:
            own = values[method, measure]
            if None in own:
                cells.append(None)
                continue
            mean, (_, high) = interval(own)
            cells.append(f"{mean:.4g} ± {high - mean:.2g}")
        lines.append((words, "higher" if larger else "lower", *cells))
    return Table(f"Measures of the test points in the plane; {BY_T}", ("measure", "better", *METHODS), tuple(lines))


def _published(found: dict[str, dict[str, float]]) -> Table:
    lines = [
        (words, "higher" if larger else "lower", *(f"{own[measure]:.4g}" for own in found.values()))
        for measure, (words, larger) in MEASURES.items()
        if measure != "mse"
    ]
    return Table(
        "The paper's published points of one run per method, measured by us on the same test points",
        ("measure", "better", *found),
        tuple(lines),
    )


def _gains(gains: dict[tuple[str, str], tuple[float, Interval]]) -> Table:
    lines = []
    for measure, (words, _) in MEASURES.items():
        cells: list[str] = []
        for other in (PLAIN, RANDOM):
            mean, (low, high) = gains[other, measure]
            cells += [f"{mean:.3g} ({low:.3g} to {high:.3g})", verdict((low, high))]
        lines.append((words, *cells))
    columns = ("measure", f"gain over {PLAIN}", "shown", f"gain over {RANDOM}", "shown")
    return Table(
        f"How much {TOPOLOGICAL} is better, seed by seed; positive is better. Intervals are not corrected for their "
        "number, so one in twenty may stand apart by luck.",
        columns,
        tuple(lines),
    )


def _training(rows: Results) -> Table:
    lines = []
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        passes, seconds = (float(np.mean([row[key] for row in own])) for key in ("epochs", "seconds"))
        lines.append((method, round(passes, 1), round(seconds, 1), round(seconds / passes, 2) if passes else None))
    return Table("Means over seeds", ("method", "passes", "seconds", "seconds per pass"), tuple(lines))


def _figure(rows: Results, name: str) -> Figure:
    return Figure(
        "images",
        f"Test points of {name} in the plane, one grey per class, that with the most points darkest",
        {"images": [row["picture"] for row in rows], "titles": [row["method"] for row in rows], "columns": 3},
    )
