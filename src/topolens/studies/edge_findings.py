"""Who finds edges best under noise: the findings of the study of edges, one for each reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.studies.edge_detectors import (
    DETECTORS,
    Detector,
    Mask,
    Picture,
    best_f1,
    hysteresis,
    median,
    responses,
)

AHEAD, LEVEL, BEHIND, RAW_LEVEL, RAW_BEHIND = (
    "ahead of all rivals",
    "level with medians",
    "behind medians",
    "level with raw rivals",
    "behind raw rivals",
)
VERDICTS = (AHEAD, LEVEL, BEHIND, RAW_LEVEL, RAW_BEHIND)

RESAMPLINGS = 2000
MARGIN = 0.01  # differences in F1 below it are called level whatever their interval says
INTERVAL = "95 % over pictures and draws of noise"
SHOWN = 160  # side of the pictures shown
K2, K3, K1_MEDIAN = "persistence k=2 (9, 16)", "persistence k=3 (20, 29)", "median 5x5, persistence k=1 (2, 7)"
DUELS = (
    (K2, "Sobel", "no median"),
    (K2, "Canny σ=1", "no median"),
    (K2, "Canny σ=2", "no median"),
    (K2, "median 3x3, Sobel", "same support, 5x5"),
    (K3, "median 5x5, Sobel", "same support, 7x7"),
    (K2, "median 5x5, Sobel", "median as large as the window"),
    (K2, "median 5x5, Canny σ=1", "median as large as the window"),
    (K3, "median 7x7, Sobel", "median as large as the window"),
    (K3, "median 7x7, Canny σ=1", "median as large as the window"),
    (K1_MEDIAN, "median 5x5, Sobel", "the same median before both"),
    (K1_MEDIAN, "median 5x5, Canny σ=1", "the same median before both"),
)
KEY = "k (m, n) are persistence filters; bands are 95 % over pictures and draws of noise."
CURVES = {
    "without_median": (
        f"Without a median: best F1 against the rate of noise. {KEY}",
        (K2, K3, "Sobel", "Canny σ=1", "Canny σ=2"),
    ),
    "with_median": (
        f"With medians: best F1 against the rate of noise. {KEY}",
        (K3, K1_MEDIAN, "median 3x3, Sobel", "median 5x5, Sobel", "median 5x5, Canny σ=1"),
    ),
    "windows": (
        f"Other windows (m, n): best F1 against the rate of noise. {KEY}",
        ("persistence k=1 (2, 7)", "persistence k=1 (3, 6)", K2, "persistence k=2 (10, 15)", K3),
    ),
}
DRAWN = (K2, K3, "Sobel", "median 5x5, Sobel", "Canny σ=1", "median 5x5, Canny σ=1")


@dataclass(frozen=True)
class Scores:
    """Best F1 scores against one reference: `f1` has shape (detectors, rates of noise, pictures, draws)."""

    reference: str
    noise: tuple[float, ...]
    pictures: tuple[str, ...]
    f1: NDArray[np.float64]

    def of(self, name: str) -> NDArray[np.float64]:
        """Those of one detector."""
        return self.f1[[detector.name for detector in DETECTORS].index(name)]


def resampled(values: NDArray[np.float64], seed: int) -> tuple[float, float, float]:
    """The mean of values (pictures, draws) and its 95 % interval, resampling pictures and, in each, its draws."""
    generator = np.random.default_rng([seed, 2])
    pictures, draws = values.shape
    rows = generator.integers(pictures, size=(RESAMPLINGS, pictures, 1))
    columns = generator.integers(draws, size=(RESAMPLINGS, pictures, draws))
    low, high = np.quantile(values[rows, columns].mean(axis=(1, 2)), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def best(scores: Scores, fits: Callable[[Detector], bool], levels: list[int]) -> str:
    """The name of the detector of a kind with the best mean over some rates of noise."""
    means = {d.name: scores.f1[at, levels].mean() for at, d in enumerate(DETECTORS) if fits(d)}
    return max(means, key=means.__getitem__)


def _alone(detector: Detector) -> bool:
    return detector.family == "persistence" and not detector.median


def _raw(detector: Detector) -> bool:
    return detector.family != "persistence" and not detector.median


def _after_median(detector: Detector) -> bool:
    return detector.family != "persistence" and detector.median > 0


def _rival(detector: Detector) -> bool:
    return detector.family != "persistence"


def noise_finding(scores: Scores, shown: tuple[Picture, Picture, Mask], seed: int) -> Finding:
    """Who finds edges best under noise, against one reference."""
    levels = [at for at, rate in enumerate(scores.noise) if rate > 0]
    chosen = [best(scores, fits, levels) for fits in (_alone, _raw, _after_median)]
    means = [resampled(scores.of(name)[levels].mean(axis=0), seed) for name in chosen]
    gaps = [resampled((scores.of(chosen[0]) - scores.of(rival))[levels].mean(axis=0), seed) for rival in chosen[1:]]
    rates = f"{percent(min(scores.noise[at] for at in levels))} to {percent(max(scores.noise))} noise"
    verdict = _verdict(gaps)
    answer = (
        f"Over {rates} the best persistence filter, {chosen[0]}, reaches F1 {means[0][0]:.3f}: {_told(gaps[0])} "
        f"{chosen[1]}, the best without a median ({means[1][0]:.3f}), and {_told(gaps[1])} {chosen[2]}, the best with "
        f"one ({means[2][0]:.3f})."
    )
    numbers = {
        "best_persistence": Number(
            means[0][0], f"mean F1 of {chosen[0]}, {rates}", means[0][1:], INTERVAL, means[2][0], chosen[2]
        ),
        "lead_over_raw": _lead(gaps[0], f"its lead in F1 over {chosen[1]}, the best rival without a median"),
        "lead_over_median": _lead(gaps[1], f"its lead in F1 over {chosen[2]}, the best rival after a median"),
    }
    return Finding(
        "edges_under_noise",
        scores.reference,
        "Which detector finds edges best under salt-and-pepper noise, each at its best threshold?",
        answer,
        verdict,
        numbers,
        {"duels": _duels(scores, seed), "f1": _f1_table(scores), "intervals": _interval_table(scores, seed)},
        {name: _curves(scores, caption, names, seed) for name, (caption, names) in CURVES.items()},
        {"at_40_percent": _gallery(*shown)},
        warnings=_warnings(scores),
        provenance={"seed": seed, "shape": list(scores.f1.shape), "parameters": {"pictures": list(scores.pictures)}},
    )


def _lead(gap: tuple[float, float, float], meaning: str) -> Number:
    return Number(gap[0], meaning, gap[1:], INTERVAL, 0.0, "no lead")


def _verdict(gaps: list[tuple[float, float, float]]) -> str:
    """From the leads over the best raw rival and over the best with a median, each (mean, low, high)."""
    raw, medians = gaps
    if not _differs(raw) or raw[0] < 0:
        return RAW_BEHIND if _differs(raw) else RAW_LEVEL
    return LEVEL if not _differs(medians) else AHEAD if medians[0] > 0 else BEHIND


def _differs(gap: tuple[float, float, float]) -> bool:
    """Whether a difference is more than chance and large enough to matter."""
    mean, low, high = gap
    return not low <= 0 <= high and abs(mean) >= MARGIN


def _told(gap: tuple[float, float, float]) -> str:
    if not _differs(gap):
        return f"level ({_signed(gap[0])}) with"
    return f"{abs(gap[0]):.3f} {'ahead of' if gap[0] > 0 else 'behind'}"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def _starred(gap: tuple[float, float, float]) -> str:
    return f"{_signed(gap[0])}{'' if gap[1] <= 0 <= gap[2] else ' *'}"


def percent(share: float) -> str:
    """A share in percent, as the page writes it."""
    return f"{share:.0%}".replace("%", " %")


def _warnings(scores: Scores) -> tuple[str, ...]:
    few = (f"{len(scores.pictures)} pictures are few: the intervals speak of pictures like these, at best.",)
    if "Canny without" in scores.reference:
        return ("The reference is Canny's own map of the clean picture, so Canny is judged by itself.", *few)
    if "consensus" in scores.reference:
        return (
            "The reference is what detectors agree on without noise, not what a person would draw. Sobel and the "
            "persistence filter have two of its three votes, so it leans to both.",
            *few,
        )
    return few


def _rates(scores: Scores) -> tuple[str, ...]:
    return tuple(map(percent, scores.noise))


def _duels(scores: Scores, seed: int) -> Table:
    rows = []
    for ours, rival, why in DUELS:
        gaps = [resampled(values, seed) for values in scores.of(ours) - scores.of(rival)]
        rows.append((f"{ours} − {rival}", why, *map(_starred, gaps)))
    bests = [[scores.of(best(scores, fits, [at]))[at] for fits in (_alone, _rival)] for at in range(len(scores.noise))]
    leads = [resampled(ours - rival, seed) for ours, rival in bests]
    rows.append(("best persistence without median − best rival", "best at each rate", *map(_starred, leads)))
    caption = (
        "Lead in F1 of a persistence filter over a named rival, by rate of noise; a star says that the 95 % interval "
        "leaves out 0, however small the lead. Minus is a defeat."
    )
    return Table(caption, ("pair", "why this pair", *_rates(scores)), tuple(rows))


def _f1_table(scores: Scores) -> Table:
    rows = ((d.name, d.support, *scores.f1[at].mean(axis=(1, 2)).tolist()) for at, d in enumerate(DETECTORS))
    rows = ((*row[:2], *(round(value, 3) for value in row[2:])) for row in rows)
    return Table("Mean best F1 of each detector, by rate of noise.", ("detector", "support", *_rates(scores)), (*rows,))


def _interval_table(scores: Scores, seed: int) -> Table:
    rows = []
    for at, detector in enumerate(DETECTORS):
        ends = (resampled(values, seed)[1:] for values in scores.f1[at])
        rows.append((detector.name, *(f"{low:.2f} to {high:.2f}" for low, high in ends)))
    return Table(f"Intervals of those means, {INTERVAL}.", ("detector", *_rates(scores)), tuple(rows))


def _curves(scores: Scores, caption: str, names: tuple[str, ...], seed: int) -> Series:
    found = {name: [resampled(values, seed) for values in scores.of(name)] for name in names}
    return Series(
        caption,
        "pixels replaced, %",
        tuple(round(100 * rate, 6) for rate in scores.noise),
        {_short(name): tuple(mean for mean, _, _ in points) for name, points in found.items()},
        {_short(name): tuple((low, high) for _, low, high in points) for name, points in found.items()},
    )


def _short(name: str) -> str:
    """A name that fits into a legend, whose caption says that k (m, n) is a persistence filter."""
    return name.replace("persistence ", "")


def _gallery(clean: Picture, noisy: Picture, edges: Mask) -> Figure:
    """The picture, its noise, its reference, and what six detectors make of it."""
    by_name = {detector.name: detector for detector in DETECTORS}
    shown, titles = [clean, noisy, edges], ["without noise", "40 % noise", "reference"]
    for name in DRAWN:
        response = responses(by_name[name], median(noisy, by_name[name].median))
        score, thresholds = best_f1(by_name[name], response, edges)
        shown.append(hysteresis(response, *thresholds))
        titles.append(f"{_short(name).replace('median ', '')}: {score:.2f}")
    caption = (
        "Under 40 % noise, as in the paper's figure: edges at the threshold with the best F1, which stands above. "
        "k (m, n) are persistence filters; 5x5 is a median before the detector."
    )
    return Figure("images", caption, {"images": [small(image) for image in shown], "titles": titles, "columns": 3})


def small(picture: Any) -> list[list[int]]:
    """The middle of a picture in whole greys, 0 to 1 for a map and 0 to 255 otherwise."""
    top, left = (max(0, (length - SHOWN) // 2) for length in picture.shape)
    part = np.asarray(picture)[top : top + SHOWN, left : left + SHOWN]
    return (part if part.dtype == bool else np.rint(255 * part)).astype(int).tolist()
