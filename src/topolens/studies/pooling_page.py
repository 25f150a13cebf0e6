"""What the pooling study says: accuracies beside those of the paper, and which differences are more than luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from torch.nn import functional

from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.provenance import Cost, versions
from topolens.layers import persistence_filter, persistence_pool
from topolens.report import Report
from topolens.studies.images import Images
from topolens.studies.pooling import (
    CONVOLUTIONAL,
    CONVOLUTIONAL_SIDE,
    FLAT,
    FLAT_SIDE,
    POOLINGS,
    WIDTHS,
    Progress,
    Recipe,
    part_of,
    results,
)

PAPER = (
    'M. G. Bergomi, M. Ferri, A. Mella, P. Vertechi: "Persistence-based operators in machine learning", 2022, table 2'
)
PUBLISHED = {
    ("mnist", FLAT): {"max": 0.8905, "LEAP": 0.9238, "PL": 0.9472, "PML": 0.9087},
    ("mnist", CONVOLUTIONAL): {"max": 0.9886, "LEAP": 0.9848, "PL": 0.9908, "PML": 0.9880},
    ("fashion_mnist", FLAT): {"max": 0.7978, "LEAP": 0.8385, "PL": 0.8424, "PML": 0.8435},
    ("fashion_mnist", CONVOLUTIONAL): {"max": 0.8845, "LEAP": 0.8776, "PL": 0.8930, "PML": 0.8985},
    ("cifar10", FLAT): {"max": 0.3226, "LEAP": 0.3291, "PL": 0.4185, "PML": 0.3869},
    ("cifar10", CONVOLUTIONAL): {"max": 0.6145, "LEAP": 0.5217, "PL": 0.6355, "PML": 0.6499},
}
BEATS, REACHES, BELOW, UNPUBLISHED = "beats the paper", "reaches the paper", "below the paper", "not in the paper"
DIFFERS, ALIKE = "poolings differ", "no difference shown"
QUICK = Recipe(images=2400, test_images=2000, epochs=8)
Results = Sequence[dict[str, Any]]


def pooling_study(
    data: Sequence[str | Path],
    *,
    recipe: Recipe,
    work: Path,
    seeds: int = 3,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """The report of the study on `.npz` files of images; finished runs lie in `work` and are not made again.

    Raises:
        ValueError: If there is no file, a file is no data set of images, or there are fewer than two seeds.
    """
    if not data:
        raise ValueError("the pooling study needs at least one .npz file of images; name it with --data")
    if seeds < 2:
        raise ValueError(f"seeds must be at least 2, so that there is an interval, got {seeds}")
    with Cost() as cost:
        found = results([str(path) for path in data], recipe, seeds, seed, work, workers, progress)
    provenance = cost.provenance(seed, (len(found),), {**recipe.__dict__, "seeds": seeds})
    names = list(dict.fromkeys(row["data"] for row in found))
    findings = [
        _row([row for row in found if (row["data"], row["architecture"]) == (name, architecture)], recipe, provenance)
        for name in names
        for architecture in POOLINGS
    ]
    pictures = {Path(path).stem: pooled_pictures(part_of(str(path), recipe)) for path in data}
    findings = [
        replace(finding, figures={"pooled": pictures[finding.subject.split(",")[0]]})
        if FLAT in finding.subject
        else finding
        for finding in findings
    ]
    findings += [_compared(found, architecture, provenance) for architecture in POOLINGS]
    return Report(
        tuple(findings),
        {
            "study": {
                "name": "pooling",
                "title": "Persistence pooling against max and LEAP pooling",
                "paper": PAPER,
                "protocol": protocol(recipe, seeds),
            },
            "seed": seed,
            "versions": versions(),
            "seconds": sum(row["seconds_per_epoch"] * row["epochs"] for row in found),  # of runs read from file, too
            "warnings": _warnings(recipe),
            "references": [
                PAPER,
                "M. Sun, Z. Song, X. Jiang, J. Pan, Y. Pang: Learning pooling for convolutional neural network, 2017.",
                "J. Demšar: Statistical comparisons of classifiers over multiple data sets, 2006.",
            ],
        },
    )


def protocol(recipe: Recipe, seeds: int) -> list[str]:
    """How the study was made, in sentences; what the paper does not say is marked as ours."""
    used = f"{recipe.images:,} images drawn once" if recipe.images else "all images"
    tested = f"{recipe.test_images:,} images drawn once" if recipe.test_images else "all images"
    widths = " and ".join(str(width) for width in WIDTHS)
    return [
        "As in the paper: sparse categorical cross-entropy, Adam at 3e-4, batches of 32, at most "
        f"{recipe.epochs} passes{' (the paper: 100)' if recipe.epochs != 100 else ''}, early stopping with patience "
        f"{recipe.patience} and no least improvement; images in [0, 1], channels pooled independently.",
        f"Ours, because the paper does not say: architecture {FLAT} pools {FLAT_SIDE}x{FLAT_SIDE} patches and "
        f"classifies linearly; {CONVOLUTIONAL} has 3x3 convolutions of {widths} filters with ReLU, each followed by "
        f"{CONVOLUTIONAL_SIDE}x{CONVOLUTIONAL_SIDE} pooling, then a linear classifier. Stopping watches the loss on a "
        "tenth of the training images; the last weights are tested, as Keras does by default. Glorot initial weights.",
        f"Training took {used} of each training set, testing {tested} of each test set.",
        "PL and PML: k = 1, one window (2, 7), weights sorted by persistence, windows looking beyond their patch, "
        "replicated borders. Bank: the eight unit windows, whose sums are all windows, with eight outputs per channel "
        f"in {FLAT} and one in {CONVOLUTIONAL}. LEAP, 8 outputs: as wide as the bank, from intensities.",
        f"{seeds} seeds per row, which decide initial weights, order and validation images; intervals are 95 % by "
        "Student's t over the seeds. The paper prints one run per row.",
    ]


def pooled_pictures(data: Images) -> Figure:
    """Three test images as architecture (a) sees them before it has learnt anything."""
    pictures, titles = [], []
    for image in data.test[:3]:
        x = image[None]
        seen = {
            "image": x,
            "max": functional.max_pool2d(x, FLAT_SIDE),
            "LEAP at its start": functional.avg_pool2d(x, FLAT_SIDE),
            "max persistence": persistence_pool(x, FLAT_SIDE),
            "PL at its start": functional.avg_pool2d(persistence_filter(x), FLAT_SIDE),
        }
        pictures += [(255 * picture[0].mean(0)).round().int() for picture in seen.values()]
        titles += list(seen)
    return Figure("images", f"Test images of {data.name} and what architecture (a) pools them to, channels averaged", {
        "images": pictures, "titles": titles, "columns": 5})  # fmt: skip


def _warnings(recipe: Recipe) -> list[str]:
    if not recipe.images:
        return []
    return [
        f"Trained on {recipe.images:,} images of each set, the paper on all: compare poolings with "
        "each other here, and with the paper only knowing this."
    ]


def _mean(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """Mean and its 95 % interval by Student's t."""
    mean, count = float(np.mean(values)), len(values)
    half = float(stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return mean, (mean - half, mean + half)


def _row(rows: Results, recipe: Recipe, provenance: dict[str, Any]) -> Finding:
    """One data set and architecture: every pooling beside the figure of the paper."""
    name, architecture = rows[0]["data"], rows[0]["architecture"]
    published = next((PUBLISHED[key] for key in PUBLISHED if name.startswith(key[0]) and key[1] == architecture), {})
    accuracies = {p: [r["accuracy"] for r in rows if r["pooling"] == p] for p in POOLINGS[architecture]}
    means = {pooling: _mean(values) for pooling, values in accuracies.items()}
    best = max(means, key=lambda pooling: means[pooling][0])
    top, goal = means[best], max(published.values(), default=None)
    lines = []
    for pooling, (mean, (low, high)) in means.items():
        own = [r for r in rows if r["pooling"] == pooling]
        lines.append((
            pooling, round(mean, 4), f"{low:.4f} to {high:.4f}", published.get(pooling), own[0]["pooling_parameters"],
            own[0]["parameters"], round(float(np.mean([r["epochs"] for r in own])), 1),
        ))  # fmt: skip
    columns = ("pooling", "accuracy", "interval", "paper", "its parameters", "all parameters", "passes")
    verdict = _against(top, goal)
    beside = "" if goal is None else f"; the paper's best is {goal:.4f} ({max(published, key=published.__getitem__)})"
    return Finding(
        name="reproduce_pooling",
        subject=f"{name}, architecture {architecture}",
        question="How accurate is a network with each pooling?",
        answer=f"{best} is best with {top[0]:.4f} ({top[1][0]:.4f} to {top[1][1]:.4f}){beside}.",
        verdict=verdict,
        numbers={
            "best": Number(top[0], f"test accuracy with {best}", top[1], "95 % by Student's t over seeds", goal,
                           "best of the paper" if goal is not None else ""),
            "max": Number(means["max"][0], "test accuracy with max pooling", means["max"][1],
                          "95 % by Student's t over seeds", published.get("max"), "the paper's" if published else ""),
        },
        tables={"accuracies": Table("Test accuracy by pooling; parameters of the pooling and of the network", columns,
                                    tuple(lines))},
        references={pooling: tuple(values) for pooling, values in accuracies.items()},
        warnings=tuple(_shortfall(means, published, recipe)),
        provenance=provenance,
    )  # fmt: skip


def _against(top: tuple[float, tuple[float, float]], goal: float | None) -> str:
    if goal is None:
        return UNPUBLISHED
    if top[0] > goal:
        return BEATS
    return REACHES if top[1][1] >= goal else BELOW


def _shortfall(means: dict[str, Any], published: dict[str, float], recipe: Recipe) -> list[str]:
    """Where a pooling stays below its own figure in the paper, by how much."""
    behind = {p: goal - means[p][0] for p, goal in published.items() if means[p][1][1] < goal}
    if not behind:
        return []
    gaps = ", ".join(f"{pooling} by {gap:.4f}" for pooling, gap in behind.items())
    fewer = f"; we train on {recipe.images:,} images, the paper on all" if recipe.images else ""
    return [f"Below the paper's own figure: {gaps}{fewer}."]


def _compared(found: Results, architecture: str, provenance: dict[str, Any]) -> Finding:
    """Friedman's test over data sets and seeds, mean ranks with Nemenyi's critical difference, Wilcoxon against max."""
    poolings = POOLINGS[architecture]
    table: dict[tuple[str, int], dict[str, float]] = {}
    for row in found:
        if row["architecture"] == architecture:
            table.setdefault((row["data"], row["seed"]), {})[row["pooling"]] = row["accuracy"]
    scores = np.array([[block[p] for p in poolings] for block in table.values()])
    ranks = stats.rankdata(-scores, axis=1).mean(0)
    p_value = float(stats.friedmanchisquare(*scores.T).pvalue)
    k, n = len(poolings), len(scores)
    critical = float(stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2) * np.sqrt(k * (k + 1) / (6 * n)))
    lines = []
    for j in np.argsort(ranks):
        gain = scores[:, j] - scores[:, poolings.index("max")]
        wilcoxon = float(stats.wilcoxon(gain).pvalue) if gain.any() else None
        lines.append((poolings[j], round(float(ranks[j]), 2), round(float(gain.mean()), 4), wilcoxon))
    best, last = lines[0], lines[-1]
    apart = [line[0] for line in lines[1:] if line[1] - best[1] > critical]
    shown = f"worse than it beyond the critical difference: {', '.join(apart)}" if apart else "no other is shown worse"
    return Finding(
        name="reproduce_pooling",
        subject=f"all data sets, architecture {architecture}",
        question="Which poolings differ by more than luck?",
        answer=f"{best[0]} has the best mean rank, {best[1]} of {k}; {shown} (critical difference {critical:.2f}).",
        verdict=DIFFERS if p_value < 0.05 else ALIKE,
        numbers={
            "spread": Number(float(last[1] - best[1]), "difference of the mean ranks of the best and the last pooling",
                             None, "", critical, "Nemenyi's critical difference at 5 %", p_value),
        },
        tables={"ranks": Table(
            f"Mean ranks over {n} blocks (data set and seed); Friedman's p is {p_value:.3g}. Seeds of one data set are "
            "not independent data sets, so these tests are on the bold side.",
            ("pooling", "mean rank", "accuracy above max", "Wilcoxon p"), tuple(lines))},
        provenance=provenance,
    )  # fmt: skip
