"""What the study on graphs says: accuracies beside networks that see no topology, and what is more than luck."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from topolens.analyses.finding import Finding, Number, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.sampling import holm
from topolens.studies.graph_runs import SYNTHETIC, Progress, Source, load, results
from topolens.studies.graphs import BATCH, PIPELINES, TIMES, Recipe

TOGL_PAPER = (
    "M. Horn, E. De Brouwer, M. Moor, Y. Moreau, B. Rieck, K. Borgwardt: Topological graph neural networks, 2022"
)
PERSLAY_PAPER = (
    "M. Carrière, F. Chazal, Y. Ike, T. Lacombe, M. Royer, Y. Umeda: PersLay: a neural network layer for persistence "
    "diagrams and new graph topological signatures, 2020"
)
GIN, TOGL, STATIC, PERSLAY, POINTS = PIPELINES
TWINS = ((TOGL, STATIC), (PERSLAY, POINTS))
COMPARED = (*TWINS, (TOGL, GIN))
PUBLISHED = {
    "NECKLACES": {TOGL: 0.988, STATIC: 0.772},
    "MUTAG": {PERSLAY: 0.851},
    "PROTEINS": {GIN: 0.746, TOGL: 0.739},
}
ON_FILE = ("MUTAG", "PROTEINS")
HELPS, UNSHOWN, HURTS = "topology helps", "no difference shown", "topology hurts"
FULL, QUICK = Recipe(), Recipe(outer=5, inner=2, epochs=15, rates=(1e-2,))
DRAWN, DRAWN_QUICK = 1000, 200
INTERVAL = "95 %, corrected for overlapping training sets"
Results = Sequence[dict[str, Any]]


class Comparison(NamedTuple):
    """Mean with its interval, and the p-value of the mean being 0."""

    mean: float
    interval: tuple[float, float]
    p_value: float


def corrected_t(values: Sequence[float], folds: int) -> Comparison:
    """Nadeau and Bengio's corrected t for results of cross-validation, repeated or not.

    Training sets of folds overlap, so the variance of the mean is s² (1 / values + test / training), not s² / values.

    Args:
        values: One for each repetition and fold.
        folds: Folds of one repetition; a test part is 1 / (folds - 1) of its training part.

    Raises:
        ValueError: If there are fewer than two values or folds.
    """
    if len(values) < 2 or folds < 2:
        raise ValueError(f"there must be at least 2 values and 2 folds, got {len(values)} and {folds}")
    mean, count = float(np.mean(values)), len(values)
    error = float(np.sqrt((1 / count + 1 / (folds - 1)) * np.var(values, ddof=1)))
    half = float(stats.t.ppf(0.975, count - 1)) * error
    size = abs(mean) / error if error > 0 else 0.0 if mean == 0 else np.inf
    p_value = float(2 * stats.t.sf(size, count - 1))
    return Comparison(mean, (mean - half, mean + half), p_value)


def graphs_study(
    source: Source,
    sets: Sequence[str] = (),
    *,
    recipe: Recipe,
    work: Path,
    seeds: range = range(3),
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """The report of the study; finished outer folds lie in `work` and are not made again.

    Args:
        source: The file of graphs, if any, and how many made-up ones are drawn.
        sets: Names of the sets; none for the made-up ones and, where there is a file, MUTAG and PROTEINS.
        recipe: Numbers of folds and epochs, and learning rates.
        work: Folder of the finished folds.
        seeds: One for each repetition of the cross-validation.
        workers: Processes.
        progress: Called with seconds, all seconds expected, and what was done.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a set is unknown, empty, or has too few different graphs in a class.
    """
    names = list(dict.fromkeys(sets)) or [*SYNTHETIC, *(ON_FILE if source.path is not None else ())]
    with Cost() as cost:
        found = results(names, source, recipe, seeds, work, workers, progress)
    options = {**recipe.__dict__, "seeds": len(seeds), "drawn": source.drawn}
    made = cost.provenance(seeds[0], (len(found),), options)
    findings = [_finding([row for row in found if row["graphs"] == name], source, recipe, made) for name in names]
    study = {
        "name": "graphs",
        "title": "Graph classification with and without topology",
        "paper": f"{TOGL_PAPER}; {PERSLAY_PAPER}",
        "protocol": protocol(recipe, len(seeds), source.drawn),
    }
    references = [
        TOGL_PAPER,
        PERSLAY_PAPER,
        "C. Nadeau, Y. Bengio: Inference for the generalization error, 2003.",
        "S. Ivanov, S. Sviridov, E. Burnaev: Understanding isomorphism bias in graph data sets, 2019.",
    ]
    return Report(
        tuple(findings),
        {
            "study": study,
            "seed": seeds[0],
            "versions": versions(),
            "seconds": sum(row["seconds"] for row in found),  # of folds read from file, too
            "warnings": [],
            "references": references,
        },
    )


def protocol(recipe: Recipe, seeds: int, drawn: int) -> list[str]:
    """How the study was made, in sentences; where it departs from the papers is said."""
    rates = " or ".join(f"{rate:g}" for rate in recipe.rates)
    times = " and ".join(f"{time:g}" for time in TIMES)
    return [
        f"Nested cross-validation, repetitions with other splits: {seeds}. Inner folds, {recipe.inner}, choose the "
        f"number of epochs, at most {recipe.epochs}, and the learning rate ({rates}); each of {recipe.outer} outer "
        "folds is tested once. Classes are spread evenly; graphs that 1-WL with their features cannot tell apart, so "
        "all isomorphic ones, lie on one side of every split.",
        f"Adam, batches of {BATCH}, cross-entropy, no dropout and no weight decay. Features: one-hot node labels where "
        "there are some, else one-hot degrees; none on the made-up sets.",
        f"{GIN}: three levels of GIN, 32 wide, and the mean of the vertices. {TOGL}: the second level is TOGL. "
        f"{STATIC}: the same layer with the persistence left out, its twin.",
        f"{PERSLAY}: heat kernel signatures with learnable times, from {times}, four kinds of bars, PersLay with 16 "
        f"Gaussians each, a linear layer; no spectrum or other features beside. {POINTS}: the same parameters on the "
        "values of the vertices, its twin.",
        f"CYCLES: {drawn} graphs of one or two cycles on 12 to 30 vertices. NECKLACES: {drawn} chains with two rings "
        "of 20 to 24 vertices, apart or merged, with branchings five edges apart or more: three levels of message "
        "passing see no difference, and the one before TOGL sees degrees only, whose filtrations have the same bars in "
        "both. Both sets are ours, after the paper on TOGL.",
        f"Means over {seeds * recipe.outer} outer folds; intervals and p-values by Nadeau and Bengio's corrected t, "
        "paired fold by fold, p-values of the three comparisons by Holm's method. The verdict looks at the two "
        "comparisons with a twin, at 5 %; where one is better and another worse, no difference is shown.",
        "Published figures: GIN and TOGL on PROTEINS from structure alone, with four levels instead of three; TOGL on "
        "the authors' own NECKLACES; PersLay on MUTAG from its comparison of extended with ordinary persistence.",
    ]


def _finding(rows: Results, source: Source, recipe: Recipe, provenance: dict[str, Any]) -> Finding:
    """One set: every pipeline beside the majority, its twin and the figure of the papers."""
    name = rows[0]["graphs"]
    graphs, groups = load(name, source)
    majority = float(graphs.labels.bincount().max()) / len(graphs.labels)
    scores = {p: [row["accuracy"] for row in rows if row["pipeline"] == p] for p in PIPELINES}
    means = {p: _clipped(corrected_t(values, recipe.outer)) for p, values in scores.items()}
    against = [corrected_t(np.subtract(scores[a], scores[b]).round(12).tolist(), recipe.outer) for a, b in COMPARED]
    against = [one._replace(p_value=p) for one, p in zip(against, holm([one.p_value for one in against]), strict=True)]
    twins = against[: len(TWINS)]
    best = max(means, key=lambda p: means[p].mean)
    told = "; ".join(_told(pair, one) for pair, one in zip(TWINS, twins, strict=True))
    return Finding(
        name="reproduce_graphs",
        subject=name,
        question="Does topology make a network on graphs more accurate?",
        answer=f"{told}. Always the larger class: {majority:.3f}; best: {best} with {means[best].mean:.3f}.",
        verdict=verdict([(one.mean, one.p_value) for one in twins]),
        numbers=_numbers(means[best], majority, against),
        tables={"accuracies": _accuracies(name, means, majority, rows), "differences": _differences(against)},
        references={pipeline: tuple(values) for pipeline, values in scores.items()},
        warnings=(
            f"{len(graphs.labels)} graphs fall into {len(groups.unique())} groups, within which 1-WL with features "
            "sees no difference; a group lies on one side of a split.",
            *_shortfall(means, PUBLISHED.get(name, {})),
        ),
        provenance=provenance,
    )


def _clipped(one: Comparison) -> Comparison:
    """An accuracy, whose interval cannot leave [0, 1]."""
    return one._replace(interval=(max(0.0, one.interval[0]), min(1.0, one.interval[1])))


def _numbers(best: Comparison, majority: float, against: Sequence[Comparison]) -> dict[str, Number]:
    numbers = {
        "best": Number(
            best.mean,
            "test accuracy of the best pipeline",
            best.interval,
            INTERVAL,
            majority,
            "always the larger class",
        )
    }
    for place, ((a, b), one) in enumerate(zip(COMPARED, against, strict=True), 1):
        meaning = f"accuracy of {a} minus that of {b}"
        numbers[f"difference_{place}"] = Number(
            round(one.mean, 12), meaning, one.interval, INTERVAL, 0, "no difference", one.p_value
        )
    return numbers


def _differences(against: Sequence[Comparison]) -> Table:
    lines = [
        (a, b, round(one.mean, 4), _span(one), float(f"{one.p_value:.3g}"))
        for (a, b), one in zip(COMPARED, against, strict=True)
    ]
    columns = ("pipeline", "against", "difference", "interval", "p")
    return Table("Difference of accuracy, fold by fold, with its interval and Holm's p", columns, tuple(lines))


def _shortfall(means: dict[str, Comparison], published: dict[str, float]) -> list[str]:
    """Which pipelines stay below their published figure, by how much."""
    behind = {p: goal - means[p].mean for p, goal in published.items() if means[p].interval[1] < goal}
    gaps = ", ".join(f"{pipeline} by {gap:.3f}" for pipeline, gap in behind.items())
    return [f"Below the published figure, made under other conditions (see the protocol): {gaps}."] if gaps else []


def verdict(twins: Sequence[tuple[float, float]]) -> str:
    """What differences to the twins, each with its p-value, say together."""
    signs = {difference > 0 for difference, p_value in twins if p_value < 0.05}
    return UNSHOWN if len(signs) != 1 else HELPS if signs.pop() else HURTS


def _told(pair: tuple[str, str], one: Comparison) -> str:
    side = "more" if one.mean >= 0 else "less"
    return f"{pair[0]} reaches {abs(one.mean):.3f} {side} than {pair[1]} ({_span(one)}, p = {one.p_value:.2g})"


def _span(one: Comparison) -> str:
    return f"{one.interval[0]:.3f} to {one.interval[1]:.3f}"


def _accuracies(name: str, means: dict[str, Comparison], majority: float, rows: Results) -> Table:
    lines = []
    for pipeline, one in means.items():
        own = [row for row in rows if row["pipeline"] == pipeline]
        lines.append((
            pipeline, round(one.mean, 4), _span(one),
            round(one.mean - majority, 4), PUBLISHED.get(name, {}).get(pipeline),
            round(float(np.mean([row["seconds"] for row in own])), 2),
        ))  # fmt: skip
    columns = ("pipeline", "accuracy", "interval", "above the larger class", "published", "seconds per outer fold")
    return Table("Test accuracy over outer folds and seeds", columns, tuple(lines))
