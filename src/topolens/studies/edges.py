"""The study of edges, `topolens reproduce edges`: persistence filters against Sobel and Canny under noise.

After Fig. 4 of "Persistence-based operators in machine learning", which gives neither a metric nor the sizes of its
medians; both are stated here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from itertools import product
from typing import Any

import numpy as np
import torch

from topolens._optional import skimage
from topolens.analyses.provenance import peak_memory_mb, versions
from topolens.report.report import Report
from topolens.runs.side_by_side import Progress
from topolens.studies.edge_detectors import DETECTORS, HIGHS, LOWS, MARGIN, best_f1, median, responses
from topolens.studies.edge_findings import MARGIN as LEVEL_BELOW
from topolens.studies.edge_findings import Scores, noise_finding, percent
from topolens.studies.edge_pictures import (
    EDGE_SHARE,
    LOW,
    PHOTOGRAPHS,
    Mask,
    Picture,
    named,
    photographs,
    references,
    salt_and_pepper,
    scene,
)
from topolens.studies.edge_windows import cost_finding, windows_finding

NOISE, QUICK_NOISE = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), (0.0, 0.2, 0.4)
SCENES, QUICK_SCENES = 6, 3
SCENE_SIDE, PHOTOGRAPH_SIDE, QUICK_SIDE = 128, 256, 128
TITLE = "Edges under salt-and-pepper noise: persistence filters against Sobel and Canny"
PAPER = (
    "M. G. Bergomi, M. Ferri, A. Mella, P. Vertechi: Persistence-based operators in machine learning, 2022, figure 4."
)
REFERENCES = (
    PAPER,
    "J. Canny: A computational approach to edge detection, 1986.",
    "I. Sobel, G. Feldman: A 3x3 isotropic gradient operator for image processing, 1968.",
    "S. van der Walt and others: scikit-image, image processing in Python, 2014.",
)
EXACT, CONSENSUS, CANNY = (
    "Drawn scenes, exact edges",
    "Photographs, consensus of three detectors",
    "Photographs, Canny without noise",
)


def edges_study(
    images: Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    seeds: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """The report of `topolens reproduce edges`.

    Args:
        images: Pictures (h, w) or (h, w, 3) by name, uint8 or in [0, 1], in place of scikit-image's photographs.
        quick: Three scenes, three photographs of 128 x 128 pixels, and three rates of noise.
        seeds: Draws of the noise for each picture and rate; default 5, or 3 if quick.
        seed: Decides the scenes, the noise and the resampling behind the intervals.
        progress: Called as (seconds done, predicted seconds in all, what is being done).

    Raises:
        ImportError: scikit-image is not installed.
        ValueError: If `seeds` is less than 1, or an image is none.

    Cost: about five minutes on one core, a quarter of a minute if quick.
    """
    seeds = (3 if quick else 5) if seeds is None else seeds
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}")
    skimage("feature")
    start = time.perf_counter()
    noise = QUICK_NOISE if quick else NOISE
    side = QUICK_SIDE if quick else PHOTOGRAPH_SIDE
    photos = named(images) if images is not None else photographs(PHOTOGRAPHS[: 3 if quick else None], side)
    generator = np.random.default_rng([seed, 0])
    scenes = [scene(SCENE_SIDE, generator) for _ in range(QUICK_SCENES if quick else SCENES)]
    drawn = {f"scene {number + 1}": ({EXACT: edges}, picture) for number, (picture, edges) in enumerate(scenes)}
    maps = {name: references(photo) for name, photo in photos.items()}
    real = {name: ({CONSENSUS: maps[name]["consensus"], CANNY: maps[name]["Canny"]}, photos[name]) for name in photos}
    tell = _teller(progress, seeds * len(noise) * (len(drawn) + len(real)))
    scored = {**measure(drawn, noise, seeds, seed, tell), **measure(real, noise, seeds, seed + 1, tell)}
    pictures = {EXACT: drawn, CONSENSUS: real, CANNY: real}
    findings = [
        noise_finding(scores, _noisy(pictures[subject], subject, seed), seed) for subject, scores in scored.items()
    ]
    first = next(iter(photos.values()))
    findings = [windows_finding(photos), *findings, cost_finding(first)]
    return Report(tuple(findings), _provenance(start, seed, seeds, noise, photos, images is None, len(scenes)))


def measure(
    pictures: Mapping[str, tuple[Mapping[str, Mask], Picture]],
    noise: Sequence[float],
    seeds: int,
    seed: int,
    tell: Callable[[str], None],
) -> dict[str, Scores]:
    """Best F1 scores of all detectors, by the name of the reference.

    Args:
        pictures: By name, the edges by the name of the reference, and the picture without noise.
        noise: Rates of salt and pepper.
        seeds: Draws of the noise for each picture and rate.
        seed: Of the noise.
        tell: Called after each noisy picture.
    """
    kinds = list(next(iter(pictures.values()))[0])
    f1 = np.zeros((len(kinds), len(DETECTORS), len(noise), len(pictures), seeds))
    for at, (name, (edges, clean)) in enumerate(pictures.items()):
        for draw, (level, rate) in product(range(seeds), enumerate(noise)):
            if rate == 0 and draw > 0:
                f1[:, :, level, at, draw] = f1[:, :, level, at, 0]  # no noise, nothing drawn
            else:
                noisy = salt_and_pepper(clean, rate, np.random.default_rng([seed, at, draw, level]))
                f1[:, :, level, at, draw] = _scores(noisy, [edges[kind] for kind in kinds])
            tell(f"edges of {name}")
    return {kind: Scores(kind, tuple(noise), tuple(pictures), f1[at]) for at, kind in enumerate(kinds)}


def _scores(noisy: Picture, references: Sequence[Mask]) -> list[list[float]]:
    """For each reference the best F1 score of each detector."""
    smooth = {size: median(noisy, size) for size in {detector.median for detector in DETECTORS}}
    answers = [responses(detector, smooth[detector.median]) for detector in DETECTORS]
    pairs = list(zip(DETECTORS, answers, strict=True))
    return [[best_f1(detector, answer, edges)[0] for detector, answer in pairs] for edges in references]


def _noisy(
    pictures: Mapping[str, tuple[Mapping[str, Mask], Picture]], subject: str, seed: int
) -> tuple[Picture, Picture, Mask]:
    """One picture without noise, with as much as the paper shows, and its reference."""
    name = "camera" if "camera" in pictures else next(iter(pictures))
    edges, clean = pictures[name]
    return clean, salt_and_pepper(clean, 0.4, np.random.default_rng([seed, 1])), edges[subject]


def _teller(progress: Progress | None, total: int) -> Callable[[str], None]:
    start, done = time.perf_counter(), 0

    def tell(message: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            seconds = time.perf_counter() - start
            progress(seconds, seconds * total / done, message)

    return tell


def _provenance(
    start: float,
    seed: int,
    seeds: int,
    noise: Sequence[float],
    photos: Mapping[str, Picture],
    bundled: bool,
    scenes: int,
) -> dict[str, Any]:
    sizes = {name: f"{photo.shape[0]} x {photo.shape[1]}" for name, photo in photos.items()}
    named_sizes = ", ".join(f"{name} ({size})" for name, size in sizes.items())
    source = "Photographs: the middle squares of scikit-image's" if bundled else "Photographs: those given,"
    protocol = (
        f"Drawn scenes: {scenes} pictures of {SCENE_SIDE} x {SCENE_SIDE} pixels, each a disc, a square, a diamond and "
        "a triangle of contrast 0.3 to 0.55 on even ground; the edges are the pixels that share a side with another "
        "region, on both sides.",
        f"{source} {named_sizes}, grey, in [0, 1]; larger ones are first halved by means of 2 x 2 pixels.",
        "Consensus: without noise, pixels within one pixel of a mark by each of three detectors, thinned to lines; "
        f"Sobel and the persistence filter with k = 2 mark the {percent(EDGE_SHARE)} of the pixels where they answer "
        f"most, Canny (σ = 1) has its upper threshold there and the lower one at {LOW} of it.",
        "Canny without noise: that same map of Canny's alone. It favours Canny with σ = 1 above all.",
        "Noise: each pixel is replaced, with probability "
        f"{', '.join(map(percent, noise))}, by 0 or 1 with equal odds; {seeds} draws for each picture.",
        "Score: F1 of precision (share of detected pixels within one of the 8 neighbours of an edge) and recall (share "
        f"of edge pixels within one of a detected one), leaving out {MARGIN} pixels at the border. Detected pixels are "
        "not thinned, so a mark of three pixels' width costs nothing; neither are they matched one to one.",
        "Threshold: for each picture, noise and detector the one with the best F1, with the edges known. This is kind "
        "to all of them and shows what each could reach. Sobel and the persistence filter have one threshold, of which "
        f"all are tried; Canny has an upper one, {HIGHS} quantiles of its thinned slopes are tried, and a lower one at "
        f"{LOWS[0]} or {LOWS[1]:.0f} of it, of which the latter is no hysteresis.",
        "Medians: squares of 3, 5 and 7 pixels before Sobel and Canny; two persistence filters get one as well. The "
        "support is the side of the square of pixels that decide one pixel of the response, median included, "
        "hysteresis left out.",
        "Intervals: 95 %, from 2,000 resamplings of the pictures and, within them, of the draws of noise; differences "
        "of detectors are resampled in pairs. A filter named best is the one with the best mean on these pictures. "
        f"Level means an interval that holds 0 or a difference below {LEVEL_BELOW}.",
        "Not in the paper: the metric, the scenes, the choice of photographs and the sizes of the medians. It shows "
        "one photograph at 40 % noise and names none of these.",
    )
    return {
        "study": {"name": "edges", "title": TITLE, "paper": PAPER, "protocol": protocol},
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seed": seed,
        "threads": torch.get_num_threads(),
        "versions": {**versions(), "scikit-image": version("scikit-image")},
        "parameters": {"noise": list(noise), "seeds": seeds, "photographs": sizes, "scenes": scenes},
        "seconds": time.perf_counter() - start,
        "peak_memory_mb": peak_memory_mb(),
        "warnings": ["The times in the last table differ from run to run; all other numbers follow from the seed."],
        "references": REFERENCES,
    }
