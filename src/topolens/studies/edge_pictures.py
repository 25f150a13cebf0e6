"""Pictures of the study of edges: drawn scenes with exact edges, photographs with a reference, and their noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from topolens._optional import skimage
from topolens.studies.edge_detectors import PERSISTENCE, SOBEL, Detector, hysteresis, responses

PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")  # all in scikit-image's wheel
LOW = 0.4  # lower threshold over upper one in a reference by Canny
EDGE_SHARE = 0.1  # of the pixels of a clean photograph: what its reference takes for edges before thinning
SQUARE = np.ones((3, 3), dtype=bool)
Picture = NDArray[np.float64]
Mask = NDArray[np.bool_]


def scene(side: int, generator: np.random.Generator) -> tuple[Picture, Mask]:
    """A disc, a square, a diamond and a triangle, one in each quarter, with the pixels on either side of their edges.

    Their contrasts to the even ground are 0.3 to 0.55; every second picture, on average, is bright on dark.
    """
    y, x = np.mgrid[:side, :side].astype(float)
    picture = np.full((side, side), generator.uniform(0.2, 0.4))
    quarter, inside = side / 2, []
    for place, kind in enumerate(generator.permutation(4)):
        radius = generator.uniform(0.28, 0.36) * quarter
        down, right = (quarter * (part + 0.5) + generator.uniform(-0.08, 0.08) * quarter for part in divmod(place, 2))
        dy, dx = y - down, x - right
        inside.append(
            (
                dy**2 + dx**2 <= radius**2,
                np.maximum(abs(dy), abs(dx)) <= 0.8 * radius,
                abs(dy) + abs(dx) <= radius,
                (dy <= 0.8 * radius) & (2 * abs(dx) - dy <= 0.8 * radius),
            )[kind]
        )
        picture[inside[-1]] += generator.uniform(0.3, 0.55)
    regions = sum(((number + 1) * region for number, region in enumerate(inside)), np.zeros((side, side), int))
    cross = ndimage.generate_binary_structure(2, 1)
    border = ndimage.maximum_filter(regions, footprint=cross) != ndimage.minimum_filter(regions, footprint=cross)
    return (picture if generator.random() < 0.5 else 1 - picture), border


def salt_and_pepper(picture: Picture, rate: float, generator: np.random.Generator) -> Picture:
    """The picture with each pixel replaced, with probability `rate`, by 0 or 1, which are equally likely."""
    chance = generator.random(picture.shape)
    return np.where(chance < rate / 2, 0.0, np.where(chance < rate, 1.0, picture))


def photographs(names: tuple[str, ...], side: int) -> dict[str, Picture]:
    """The middle squares of bundled photographs, grey, in [0, 1]; large ones are first halved."""
    bundled = skimage("data")
    return {name: middle(grey(getattr(bundled, name)()), side) for name in names}


def grey(image: Any) -> Picture:
    """An image (h, w) or (h, w, 3) as (h, w) in [0, 1].

    Raises:
        ValueError: If it is of another shape, of floats outside [0, 1], or has pixels that are not finite.
    """
    array = np.asarray(image)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3) or 0 in array.shape:
        raise ValueError(f"an image must have shape (h, w) or (h, w, 3), got {array.shape}")
    if array.dtype == np.uint8:
        array = array / 255.0
    array = array.astype(np.float64)
    if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
        raise ValueError("an image must hold uint8, or finite values from 0 to 1; divide it by its largest value")
    return array @ np.array([0.2125, 0.7154, 0.0721]) if array.ndim == 3 else array


def middle(picture: Picture, side: int) -> Picture:
    """The middle square, after means of 2 x 2 pixels for as long as those leave a square of that side."""
    while min(picture.shape) >= 2 * side:
        even = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        picture = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean(axis=(1, 3))
    top, left = (max(0, (length - side) // 2) for length in picture.shape)
    return picture[top : top + side, left : left + side]


def references(picture: Picture) -> dict[str, Mask]:
    """Edges of a photograph without noise: where three detectors agree within a pixel, thinned; and Canny's alone.

    Sobel and the persistence filter mark the tenth of the pixels where they answer most; Canny's upper threshold leaves
    a tenth of the pixels above it, its lower one is 0.4 times that.
    """
    canny = _canny(picture)
    votes = [_strongest(responses(detector, picture)) for detector in (SOBEL, PERSISTENCE)]
    agreed = np.logical_and.reduce([ndimage.binary_dilation(mask, SQUARE) for mask in (canny, *votes)])
    return {"consensus": skimage("morphology").skeletonize(agreed), "Canny": canny}


def _strongest(response: Picture) -> Mask:
    return response > max(0.0, float(np.quantile(response, 1 - EDGE_SHARE)))


def _canny(picture: Picture) -> Mask:
    detector = Detector("Canny", "canny", sigma=1.0)
    slope = np.hypot(*(ndimage.sobel(ndimage.gaussian_filter(picture, 1.0, mode="nearest"), axis=a) for a in (0, 1)))
    high = float(np.quantile(slope, 1 - EDGE_SHARE))
    return hysteresis(responses(detector, picture), LOW * high, high) & (slope > 0)


def named(images: Mapping[str, Any]) -> dict[str, Picture]:
    """A user's images as grey pictures.

    Raises:
        ValueError: If there are none, or one is no image or smaller than 32 x 32 pixels.
    """
    if not images:
        raise ValueError("images must hold at least one picture, got none; leave it out for those of scikit-image")
    pictures = {name: grey(image) for name, image in images.items()}
    for name, picture in pictures.items():
        if min(picture.shape) < 32:
            raise ValueError(f"images must have at least 32 x 32 pixels, but {name} has {picture.shape}")
    return pictures
