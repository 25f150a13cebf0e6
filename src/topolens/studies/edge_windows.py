"""What a window (m, n) selects, and what each detector costs: the other findings of the study of edges."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import torch
from scipy import ndimage

from topolens._optional import skimage
from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.studies.edge_detectors import DETECTORS, SOBEL, Detector, Picture, median, responses
from topolens.studies.edge_findings import K2, percent, small

SELECTS, SELECTS_NOT = "selects local area", "does not select local area"
CHEAPER, DEARER = "cheaper than a median", "dearer than a median"
VERDICTS = (SELECTS, SELECTS_NOT, CHEAPER, DEARER)
# Of 25 pixels: any dark; few; at corners, along straight edges (10 or 15 dark) and in notches of the dark; many.
WINDOWS = ((0, 25), (0, 5), (5, 10), (9, 16), (15, 20), (20, 25))


def windows_finding(photos: Mapping[str, Picture]) -> Finding:
    """What a window (m, n) makes a persistence filter answer to, on a silhouette and on photographs."""
    horse = np.asarray(skimage("data").horse(), dtype=float)[::2, ::2]
    dark = ndimage.convolve((horse == 0).astype(int), np.ones((5, 5), int), mode="nearest")
    outline = ndimage.maximum_filter(horse, 3) != ndimage.minimum_filter(horse, 3)
    rows, right, answers = [], [], []
    for m, n in WINDOWS:
        detector = Detector(f"({m}, {n})", "persistence", k=2, window=(m, n))
        answer = responses(detector, horse)
        right.append(float((answer == ((m < dark) & (dark < n))).mean()))
        slopes = [
            float(np.corrcoef(responses(detector, photo).ravel(), responses(SOBEL, photo).ravel())[0, 1])
            for photo in photos.values()
        ]
        answers.append(answer)
        rows.append((f"({m}, {n})", f"{m + 1} to {n - 1}", round(float(answer[outline].mean()), 3), *_range(slopes)))
    columns = (
        "window (m, n)",
        "dark pixels of 25",
        "share of the outline marked",
        "correlation with Sobel",
        "from",
        "to",
    )
    name, photo = ("camera", photos["camera"]) if "camera" in photos else next(iter(photos.items()))
    exact = min(right)
    return Finding(
        "windows",
        "What (m, n) selects",
        "What does a persistence filter answer to as its window (m, n) moves?",
        "On a silhouette of two values the filter with k = 2 is 1 exactly where more than m and fewer than n of the 25 "
        f"pixels are dark ({percent(exact)} of the pixels agree): 10 or 15 along straight edges, 6 to 9 at corners of "
        "the dark shape, 16 to 19 in its notches.",
        SELECTS if exact == 1 else SELECTS_NOT,
        {"agreement": Number(exact, "share of pixels, least over the windows, where the answer is that of the count of "
                             "dark pixels", reference=1.0, reference_name="the closed form")},
        {"windows": Table("Windows of the filter with k = 2: a silhouette, and the mean and range over photographs of "
                          "the correlation with Sobel's slope.", columns, tuple(rows))},
        figures={
            "silhouette": _window_figure("A silhouette of two values", horse, answers),
            "photograph": _window_figure(
                f"The photograph {name}",
                photo,
                [responses(Detector("", "persistence", k=2, window=window), photo) for window in WINDOWS],
            ),
        },
        provenance={"shape": list(horse.shape), "parameters": {"k": 2, "photographs": list(photos)}},
    )  # fmt: skip


def _range(values: list[float]) -> tuple[float, float, float]:
    return tuple(round(value, 3) for value in (float(np.mean(values)), min(values), max(values)))  # type: ignore[return-value]


def _window_figure(what: str, picture: Picture, answers: list[Picture]) -> Figure:
    titles = ["picture", *(f"({m}, {n})" for m, n in WINDOWS)]
    caption = f"{what} and the filter with k = 2 under six windows (m, n); white is the largest persistence of each."
    return Figure(
        "images", caption, {"images": [small(p) for p in (picture, *answers)], "titles": titles, "columns": 4}
    )


def cost_finding(photo: Picture) -> Finding:
    """What each detector costs for one pixel, on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        nanoseconds = {detector.name: _nanoseconds(detector, photo) for detector in DETECTORS}
    finally:
        torch.set_num_threads(threads)
    ours = nanoseconds[K2]
    rivals = {name: nanoseconds[name] for name in ("median 5x5, Sobel", "median 5x5, Canny σ=1")}
    ratio = ours / rivals["median 5x5, Sobel"]
    answer = (
        f"The persistence filter with k = 2 takes {ours:.0f} ns for each pixel on one thread, "
        + " and ".join(f"{name} {cost:.0f} ns" for name, cost in rivals.items())
        + "; Sobel alone takes "
        f"{nanoseconds['Sobel']:.0f} ns. The median is scipy's, written for any size; one written like the filter "
        "would cost about as much as the filter."
    )
    verdict = CHEAPER if ratio < 1 else DEARER
    rows = tuple((d.name, d.support, round(nanoseconds[d.name], 1)) for d in DETECTORS)
    caption = f"Fastest of 7 runs on {photo.shape[0]} x {photo.shape[1]} pixels, one thread, thresholds not counted."
    return Finding(
        "cost",
        "What each detector costs",
        "What does each detector cost?",
        answer,
        verdict,
        {"ratio": Number(ratio, "time of persistence k=2 (9, 16) over that of the rival", reference=1.0,
                         reference_name="median 5x5, Sobel")},
        {"cost": Table(caption, ("detector", "support", "ns for each pixel"), rows)},
        provenance={"shape": list(photo.shape), "threads": 1},
    )  # fmt: skip


def _nanoseconds(detector: Detector, picture: Picture) -> float:
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        smooth = median(picture, detector.median)
        if detector.family == "canny":
            skimage("feature").canny(smooth, detector.sigma)  # whole, with its hysteresis
        else:
            responses(detector, smooth)
        taken.append(time.perf_counter() - start)
    return 1e9 * min(taken) / picture.size
