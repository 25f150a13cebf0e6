"""How far masks are from the truth, image by image: topology first, pixels second."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from torch import Tensor

METRICS = ("B0", "B1", "Dice")


def _betti(mask: np.ndarray) -> tuple[int, int]:
    return ndimage.label(mask, np.ones((3, 3)))[1], ndimage.label(np.pad(~mask, 1, constant_values=True))[1] - 1


def scores(masks: Tensor, truth: Tensor) -> dict[str, list[float]]:
    """For each measure one number for each image."""
    out: dict[str, list[float]] = {name: [] for name in METRICS}
    for p, y in zip(masks.numpy(), truth.numpy(), strict=True):
        a, b = _betti(p), _betti(y)
        out["B0"].append(float(abs(a[0] - b[0])))
        out["B1"].append(float(abs(a[1] - b[1])))
        out["Dice"].append(2 * float((p & y).sum()) / max(float(p.sum() + y.sum()), 1.0))
    return out
