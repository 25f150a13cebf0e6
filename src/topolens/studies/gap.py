"""The study of the generalisation gap: do bars of neurons tell it better than what is known without them?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.runs.side_by_side import Progress
from topolens.studies.gap_features import Protocol
from topolens.studies.gap_members import measured_zoo
from topolens.studies.gap_rows import (
    CONTESTANT,
    HISTOGRAM,
    PERSISTENCE,
    REFERENCE,
    Added,
    Members,
    Row,
    added,
    agreement,
    gaps_of,
    judged,
    number_sets,
)
from topolens.studies.gap_statistics import TTest, paired_t_test
from topolens.studies.grid_training import REACHED, part_of
from topolens.studies.grid_zoo import read_zoo
from topolens.studies.images import Images, digest

PAPER = (
    "R. Ballester, X. Arnal Clemente, C. Casacuberta, M. Madadi, C. Corneanu, S. Escalera: Predicting the "
    "generalization gap in neural networks using topological data analysis, 2024"
)
REFERENCES = [
    PAPER,
    "Y. Jiang, B. Neyshabur, H. Mobahi, D. Krishnan, S. Bengio: Fantastic generalization measures and where to find "
    "them, 2020.",
    "T. G. Dietterich: Approximate statistical tests for comparing supervised classification learning algorithms, "
    "1998.",
    "T. Birdal, A. Lou, L. Guibas, U. Şimşekli: Intrinsic dimension, persistent homology and generalization in neural "
    "networks, 2021.",
    "R. Andreeva, B. Dupuis, R. Sarkar, T. Birdal, U. Şimşekli: Topological generalization bounds for discrete-time "
    "stochastic optimization algorithms, 2024.",
    "B. Rieck et al.: Neural persistence: a complexity measure for deep neural networks using algebraic topology, "
    "2019.",
]
QUESTION = "Do bars of neurons tell the generalisation gap beyond the histogram of their correlations?"
ADDS, UNSHOWN, FEW = "bars add to correlations", "no gain over correlations shown", "too few networks"
FEWEST, LEVEL, DRAWS = 24, 0.05, 199
DOUBLED = "ASD, H0+H1"


def gap_study(
    folder: Path,
    data: Images,
    *,
    protocol: Protocol | None = None,
    cache: Path,
    workers: int = 1,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Report:
    """The report on a zoo: one finding with all rows.

    Args:
        folder: A finished zoo, see `grid_zoo.make_zoo`.
        data: The images it was trained on.
        protocol: How neurons are looked at.
        cache: Where the numbers of networks are kept; a study that was killed goes on there.
        workers: Processes.
        draws: Shuffles for p-values.
        progress: Called with seconds, all seconds expected, and what was done.

    Raises:
        FileNotFoundError: If there is no finished zoo.
        ValueError: If the images are not those of the zoo.
    """
    start, how = time.perf_counter(), protocol or Protocol()
    grid, known, found = read_zoo(folder)
    used = part_of(data, grid)
    if digest(used) != known:
        raise ValueError(f"{data.name} does not hold the images that {folder} was trained on; name their file")
    reached = [each for each in found if each.outcome["status"] == REACHED]
    with Cost() as cost:
        rows: Members = []
        if len(reached) >= FEWEST:
            options: dict[str, Any] = {"cache": cache, "workers": workers, "progress": progress}
            rows = measured_zoo(folder, reached, used, how, **options)
        made = _finding(rows, len(found), draws, how.seed) if rows else _too_few(len(reached), len(found))
    shape = (len(reached), how.neurons, how.samples)
    settings = {**asdict(how), "draws": draws, "grid": grid.as_dict()}
    finding = Finding(**{**made.__dict__, "provenance": cost.provenance(how.seed, shape, settings)})
    return Report(
        (finding,),
        {
            "study": {
                "name": "gap",
                "title": f"The generalisation gap of {len(found)} networks on {data.name}",
                "paper": PAPER,
                "protocol": _protocol(how, grid.target_loss, len(used.train), len(found)),
            },
            "seed": how.seed,
            "versions": versions(),
            "seconds": time.perf_counter() - start,
            "warnings": [],
            "references": REFERENCES,
        },
    )


def _finding(members: Members, total: int, draws: int, seed: int) -> Finding:
    rows = [judged(*own, members, draws=draws, seed=seed) for own in number_sets(members)]
    gaps = gaps_of(members)
    histogram = next(row for row in rows if row.kind == HISTOGRAM)
    bars = [row for row in rows if row.kind == PERSISTENCE]
    gains = added(histogram.numbers, {row.name: row.numbers for row in bars}, gaps, draws=draws, seed=seed)
    best_bars, best_other = _best(bars), _best([row for row in rows if row.kind in (REFERENCE, HISTOGRAM)])
    against = paired_t_test(best_bars.folds, best_other.folds)
    gain = min(gains, key=lambda one: (one.p, -one.gain))
    return Finding(
        name="generalization_gap",
        subject=f"{len(members)} networks",
        question=QUESTION,
        answer=_answer(histogram, best_bars, best_other, gain, against),
        verdict=ADDS if gain.p <= LEVEL and gain.gain > 0 else UNSHOWN,
        numbers=_numbers(members, histogram, best_bars, best_other, gain, against),
        tables={"rows": _table(rows), "added": _added_table(gains)},
        figures=_figures(members, best_bars, best_other),
        warnings=_warnings(members, rows, total),
    )


def _best(rows: Sequence[Row]) -> Row:
    return max(rows, key=lambda row: row.folds.mean())


def _answer(histogram: Row, bars: Row, other: Row, gain: Added, against: TTest) -> str:
    side = "more" if against.t > 0 else "less"
    return (
        f"The best of 33 sets of bars ({bars.name}) explains {_r2(bars)} of the gap's variance in networks left out, "
        f"the moments of the correlations {_r2(histogram)}, the best row without topology ({other.name}) {_r2(other)}: "
        f"bars explain {side} than that (p = {against.p:.2g}). Added to the correlations, {gain.name} changes R² by "
        f"{gain.gain:+.3f} (p = {gain.p:.2g}, corrected for the choice among 33)."
    )


def _r2(row: Row) -> str:
    return f"{row.folds.mean():.3f}"


def _numbers(members: Members, histogram: Row, bars: Row, other: Row, gain: Added, against: TTest) -> dict[str, Number]:
    same = agreement(members, DOUBLED)
    same = same[np.isfinite(same)]
    return {
        "best_bars": Number(
            float(bars.folds.mean()), f"R² of {bars.name}, the best of 33", *_span(bars), float(other.folds.mean()),
            f"best row without topology: {other.name}", against.p,
        ),
        "correlations": Number(
            float(histogram.folds.mean()), "R² of the moments of the correlations", *_span(histogram),
            p_value=histogram.p,
        ),
        "gain": Number(
            gain.gain, f"R² that {gain.name} adds to the correlations", reference=0, reference_name="nothing added",
            p_value=gain.p,
        ),
        "agreement": Number(
            float(same.min()) if len(same) else None,
            f"least intraclass correlation of the numbers of {DOUBLED} between two draws of images and neurons",
            reference=0.9, reference_name="least that is accepted",
        ),
        "gap": Number(
            float(np.mean(gaps_of(members))), "mean gap in accuracy",
            (float(gaps_of(members).min()), float(gaps_of(members).max())), "smallest to largest",
        ),
    }  # fmt: skip


def _span(row: Row) -> tuple[tuple[float, float], str]:
    return (float(row.folds.min()), float(row.folds.max())), "smallest to largest of ten folds"


def _table(rows: Sequence[Row]) -> Table:
    columns = (
        "numbers", "kind", "how many", "R²", "its deviation", "R² on unseen depths", "Spearman", "Kendall",
        "Kendall within depths", "granulated Kendall", "conditional information", "p",
    )  # fmt: skip
    lines = [
        (row.name, row.kind, row.numbers.shape[1], *(_rounded(x) for x in (
            row.folds.mean(), row.folds.std(ddof=1), row.left_out, *row.ranks, row.granulated, row.information, row.p,
        )))
        for row in sorted(rows, key=lambda row: -row.folds.mean())
    ]  # fmt: skip
    return Table(
        "How well least squares tells the gap of networks left out, five times two halves; best first", columns,
        tuple(lines),
    )  # fmt: skip


def _added_table(gains: Sequence[Added]) -> Table:
    lines = [(own.name, _rounded(own.gain), _rounded(own.p)) for own in sorted(gains, key=lambda own: -own.gain)]
    return Table(
        "R² that bars add to the moments of the correlations; p by dealing what correlations do not tell of the bars "
        "to other networks, corrected for the choice among all sets",
        ("bars", "gain in R²", "p"),
        tuple(lines),
    )


def _rounded(value: float) -> float | None:
    return float(f"{value:.3g}") if np.isfinite(value) else None


def _figures(members: Members, bars: Row, other: Row) -> dict[str, Figure]:
    gaps = gaps_of(members)
    depths = [f"depth {member['member']['depth']}" for member in members]
    return {
        name: Figure(
            "scatter",
            f"The gap and what {row.name} tells of it from other networks",
            {"x": row.told.tolist(), "y": gaps.tolist(), "groups": depths,
             "x_name": f"gap told by {row.name}", "y_name": "gap"},
        )
        for name, row in (("bars", bars), ("reference", other))
    }  # fmt: skip


def _warnings(members: Members, rows: Sequence[Row], total: int) -> tuple[str, ...]:
    same, lost = agreement(members, DOUBLED), total - len(members)
    low = [float(x) for x in same if np.isfinite(x) and x <= 0.9]
    wide = [row.name for row in rows if row.numbers.shape[1] > len(members) / 4]
    shuffled = [row for row in rows if row.name.endswith("(shuffled)") and row.p <= LEVEL]
    contestants = [row for row in rows if row.kind == CONTESTANT]
    return tuple(
        text for text, holds in (
            (f"{lost} of {total} networks did not reach the loss and are left out.", lost > 0),
            (f"{len(low)} of {len(same)} numbers of {DOUBLED} agree less than 0.9 between two draws.", bool(low)),
            (f"Sets of more numbers than a quarter of the networks overfit: {', '.join(wide)}.", bool(wide)),
            ("Even activations shuffled for each neuron tell the gap: what they know is the number of neurons or how "
             "many of them are constant.", bool(shuffled)),
            ("The best of many sets is chosen on the same networks, so its R² is too high by some.", True),
            (f"Best of the other topological numbers: {_best(contestants).name} with {_r2(_best(contestants))}.", True),
        ) if holds
    )  # fmt: skip


def _too_few(reached: int, total: int) -> Finding:
    return Finding(
        "generalization_gap", f"{reached} networks", QUESTION,
        f"{reached} of {total} networks reached the loss; {FEWEST} at least are needed to compare rows.", FEW,
    )  # fmt: skip


def _protocol(how: Protocol, loss: float, images: int, members: int) -> list[str]:
    return [
        f"{members} networks, each trained on {images} images until its cross-entropy on them, nothing dropped, is at "
        f"most {loss:g}; then training loss and accuracy hardly differ and cannot tell the gap.",
        f"Neurons: every output of every layer with weights. {how.resamples} draws of {how.samples} training images "
        f"and at most {how.neurons} neurons by {how.sampling} sampling; 1 - |Pearson's correlation|; bars of dimension "
        "0 and 1 without a limit; 11 published ways to make numbers of them, for either dimension and both.",
        "Least squares on five times two random halves; means and deviations over ten folds. What is told of a network "
        "is told by networks of the other half.",
        "Controls: the same numbers of the first weights, of Gaussian images, and of activations whose samples are "
        "shuffled for each neuron.",
        "The paper: 96 VGG-like networks on CIFAR-10 and 54 networks in networks on SVHN of a competition, 2,000 "
        "images, 20 draws of 3,000 neurons. Networks, data and stopping differ, so its figures "
        "do not compare.",
    ]
