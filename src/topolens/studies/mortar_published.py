"""Figures of TopoMortar's repository, read from the tables in its folder results: means of ten seeds.

Not on this page are the standard deviations, and the ten training images of its case 3, which are not run here.
"""

from __future__ import annotations

from typing import NamedTuple

PAPER = (
    "J. M. Valverde, M. Koga, N. Otsuka, A. B. Dahl: TopoMortar: A dataset to evaluate image segmentation methods "
    "focused on topology accuracy, 2025"
)


class Figures(NamedTuple):
    """Mean errors of one way of training: on images like the training images, and the mean over the other groups."""

    b0: float
    b1: float
    dice: float
    hd95: float
    out_b0: float
    out_b1: float
    out_dice: float
    out_hd95: float


ACCURATE = {
    "CE-Dice": Figures(3.31, 2.13, 0.91, 1.87, 197.25, 87.81, 0.65, 37.65),
    "CE-Dice + RandHue": Figures(1.90, 1.99, 0.91, 1.88, 69.73, 53.32, 0.74, 36.10),
    "clDice": Figures(1.17, 1.41, 0.91, 1.83, 81.33, 51.64, 0.66, 36.90),
    "Skeleton Recall": Figures(3.08, 1.73, 0.91, 1.90, 180.23, 96.79, 0.67, 38.46),
    "cbDice": Figures(4.24, 3.81, 0.91, 1.85, 233.49, 106.08, 0.65, 37.84),
    "Hu": Figures(3.14, 2.73, 0.91, 1.87, 193.29, 99.33, 0.65, 37.33),
    "warping": Figures(4.20, 3.62, 0.91, 1.84, 204.26, 80.23, 0.65, 37.07),
    "TOPO": Figures(33.69, 43.35, 0.86, 2.68, 117.73, 105.09, 0.65, 40.21),
    "RWLoss": Figures(5.72, 6.03, 0.91, 1.84, 219.55, 87.74, 0.64, 37.31),
}
NOISY = {
    "CE-Dice": Figures(6.24, 5.08, 0.63, 3.84, 175.17, 18.72, 0.33, 40.17),
    "CE-Dice + self-distillation": Figures(2.43, 2.79, 0.65, 3.72, 113.55, 13.51, 0.35, 42.12),
    "clDice": Figures(5.01, 6.77, 0.69, 3.58, 126.52, 48.20, 0.46, 38.90),
    "Skeleton Recall": Figures(3.79, 1.49, 0.76, 3.24, 113.33, 44.60, 0.51, 40.16),
    "cbDice": Figures(10.50, 9.74, 0.63, 3.82, 275.69, 27.50, 0.31, 39.26),
    "Hu": Figures(7.19, 6.62, 0.62, 3.88, 205.05, 14.84, 0.26, 42.99),
    "warping": Figures(8.48, 9.49, 0.62, 3.85, 285.20, 18.01, 0.35, 37.61),
    "TOPO": Figures(24.14, 10.93, 0.84, 2.65, 157.22, 140.45, 0.58, 39.27),
    "RWLoss": Figures(17.90, 11.93, 0.66, 3.57, 427.46, 17.87, 0.31, 36.35),
}
PSEUDO = {
    "CE-Dice": Figures(12.26, 12.00, 0.86, 3.17, 126.21, 83.92, 0.68, 35.19),
    "CE-Dice + self-distillation": Figures(3.76, 3.99, 0.87, 3.11, 68.35, 47.43, 0.69, 36.34),
    "clDice": Figures(1.80, 4.30, 0.87, 3.17, 32.70, 61.57, 0.67, 36.87),
    "Skeleton Recall": Figures(10.40, 10.43, 0.86, 3.29, 113.63, 85.75, 0.70, 34.91),
    "cbDice": Figures(13.12, 14.66, 0.86, 3.13, 141.42, 122.91, 0.68, 35.72),
    "Hu": Figures(10.43, 10.13, 0.86, 3.18, 117.98, 110.32, 0.68, 36.33),
    "warping": Figures(13.57, 13.26, 0.87, 3.12, 127.08, 95.47, 0.67, 36.43),
    "TOPO": Figures(36.09, 31.10, 0.81, 4.40, 225.37, 132.21, 0.66, 40.53),
    "RWLoss": Figures(11.38, 11.11, 0.87, 3.09, 114.65, 96.49, 0.67, 36.65),
}
PUBLISHED = {"accurate": ACCURATE, "noisy": NOISY, "pseudo": PSEUDO}

# What the ports that made those figures do in place of the method: figures of the port, then, not of the method.
DEFECTS = {
    "Hu": "defective port: background as target, softmax twice, dimension 0 only",
    "warping": "defective port: background as target, connectivity 8 on both sides",
    "TOPO": "defective port: distance thresholds on a mask, so no term for connections",
}
