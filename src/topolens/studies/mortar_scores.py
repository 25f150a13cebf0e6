"""How far masks are from the truth, image by image: topology first, pixels second."""

from __future__ import annotations

from torch import Tensor

from topolens.metrics import betti_matching_error, betti_number_error, cldice, dice, diu, hausdorff95

METRICS = ("B0", "B1", "BM", "DIU", "clDice", "Dice", "HD95")
CONNECTIVITY = 8  # of mortar, as in the published figures


def scores(masks: Tensor, truth: Tensor) -> dict[str, list[float]]:
    """For each of `METRICS` one number for each image, of masks (n, h, w)."""
    counts = betti_number_error(masks, truth, connectivity=CONNECTIVITY)
    found = (
        counts[:, 0],
        counts[:, 1],
        betti_matching_error(masks, truth, connectivity=CONNECTIVITY).sum(1),
        diu(masks, truth, connectivity=CONNECTIVITY).sum(1),
        cldice(masks, truth),
        dice(masks, truth),
        hausdorff95(masks, truth),
    )
    return {name: values.double().tolist() for name, values in zip(METRICS, found, strict=True)}
