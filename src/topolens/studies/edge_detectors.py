"""Edge detectors of the study of edges, and their best F1 score over all thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from topolens._optional import skimage
from topolens.layers import persistence_filter

MARGIN = 4  # pixels at the border that no score counts, since the detectors continue the picture differently there
HIGHS = 24  # upper thresholds tried for Canny
LOWS = (0.4, 1.0)  # Canny's lower threshold over its upper one: as Canny recommends, and without hysteresis
SQUARE = np.ones((3, 3), dtype=bool)
Picture = NDArray[np.float64]
Mask = NDArray[np.bool_]
Thresholds = tuple[float, float]
NOTHING = (0.0, (np.inf, np.inf))


@dataclass(frozen=True)
class Detector:
    """One way to find edges.

    Args:
        name: As tables and curves show it.
        family: "persistence", "sobel" or "canny".
        k, window: Of the persistence filter.
        sigma: Of Canny's Gaussian, in pixels.
        median: Side of the median filter before it; 0 is none.
    """

    name: str
    family: str
    k: int = 0
    window: tuple[int, int] = (0, 0)
    sigma: float = 0.0
    median: int = 0

    @property
    def support(self) -> int:
        """Side of the square of input pixels that can decide one pixel of the response."""
        own = {"persistence": 2 * self.k + 1, "sobel": 3, "canny": 2 * int(4 * self.sigma + 0.5) + 5}[self.family]
        return own + max(0, self.median - 1)


def _persistence(k: int, window: tuple[int, int], median: int = 0) -> Detector:
    return Detector(f"{_before(median)}persistence k={k} {window}", "persistence", k=k, window=window, median=median)


def _sobel(median: int = 0) -> Detector:
    return Detector(f"{_before(median)}Sobel", "sobel", median=median)


def _canny(sigma: int, median: int = 0) -> Detector:
    return Detector(f"{_before(median)}Canny σ={sigma}", "canny", sigma=sigma, median=median)


def _before(median: int) -> str:
    return f"median {median}x{median}, " if median else ""


SOBEL, PERSISTENCE = _sobel(), _persistence(2, (9, 16))
MEDIANS = (0, 3, 5, 7)
DETECTORS = (
    _persistence(1, (2, 7)),
    _persistence(1, (3, 6)),
    PERSISTENCE,
    _persistence(2, (10, 15)),
    _persistence(3, (20, 29)),
    _persistence(3, (19, 30)),
    _persistence(1, (2, 7), 5),
    _persistence(2, (9, 16), 3),
    *(_sobel(median) for median in MEDIANS),
    *(_canny(sigma, median) for sigma in (1, 2) for median in MEDIANS),
)


def median(picture: Picture, side: int) -> Picture:
    """The picture after a square median filter; a side of 0 leaves it as it is."""
    return ndimage.median_filter(picture, side, mode="nearest") if side else picture


def responses(detector: Detector, picture: Picture) -> Picture:
    """How strongly the detector answers at each pixel; Canny's answers are its thinned slopes before hysteresis.

    The median of the detector is not applied: its picture serves several detectors.
    """
    if detector.family == "persistence":
        image = torch.from_numpy(picture[None, None]).float()
        return persistence_filter(image, detector.k, [detector.window])[0, 0].double().numpy()
    if detector.family == "sobel":
        return skimage("filters").sobel(picture, mode="nearest")
    smooth = ndimage.gaussian_filter(picture, detector.sigma, mode="nearest")
    slope = np.hypot(ndimage.sobel(smooth, axis=0), ndimage.sobel(smooth, axis=1))
    crests = skimage("feature").canny(picture, detector.sigma, low_threshold=0.0, high_threshold=0.0, mode="nearest")
    return np.where(crests, slope, 0.0)


def hysteresis(crests: Picture, low: float, high: float) -> Mask:
    """Canny's last step: crests from the lower threshold on that are joined, by 8 neighbours, to one from the upper.

    scikit-image's own function for it joins by 4 neighbours, which its Canny does not.
    """
    if low == high:
        return crests >= high
    joined, _ = ndimage.label(crests >= low, SQUARE)
    return np.isin(joined, np.unique(joined[crests >= high]))


def best_f1(detector: Detector, response: Picture, edges: Mask) -> tuple[float, Thresholds]:
    """The best F1 score over thresholds, and the lower and upper threshold that give it.

    Precision is the share of detected pixels within one pixel (of eight neighbours) of an edge, recall the share of
    edge pixels within one pixel of a detected one. For Canny 24 upper thresholds are tried with two lower ones each,
    elsewhere every value is the one threshold.

    Returns:
        Score and thresholds; 0 and infinities where nothing answers or nothing is an edge.
    """
    answers = cropped(response)
    if not ((answers > 0).any() and cropped(edges).any()):
        return NOTHING
    if detector.family == "canny":
        highs = np.unique(np.quantile(answers[answers > 0], np.linspace(0, 1, HIGHS)))
        pairs = [(ratio * float(high), float(high)) for high in highs for ratio in LOWS]
        return max((f1_of(hysteresis(response, *pair), edges), pair) for pair in pairs)
    near = cropped(ndimage.binary_dilation(edges, SQUARE))
    detected = np.sort(answers, axis=None)
    hits = np.sort(answers[near])
    found = np.sort(cropped(ndimage.maximum_filter(response, 3))[cropped(edges)])
    thresholds = np.unique(detected[detected > 0])
    above = [len(values) - np.searchsorted(values, thresholds) for values in (detected, hits, found)]
    scores = f1(above[1] / above[0], above[2] / len(found))
    best = int(np.argmax(scores))
    return float(scores[best]), (float(thresholds[best]),) * 2


def f1_of(mask: Mask, edges: Mask) -> float:
    """The F1 score of a map of edges, with a tolerance of one pixel."""
    near, reach = (cropped(ndimage.binary_dilation(pixels, SQUARE)) for pixels in (edges, mask))
    detected, true = cropped(mask), cropped(edges)
    if not (detected.any() and true.any()):
        return 0.0
    return float(f1(near[detected].mean(), reach[true].mean()))


def f1(precision: Any, recall: Any) -> Any:
    """The harmonic mean of precision and recall, 0 where both are."""
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros_like(total, dtype=float), where=total > 0)


def cropped(picture: Any) -> Any:
    """A picture without its margin."""
    return picture[MARGIN:-MARGIN, MARGIN:-MARGIN]
