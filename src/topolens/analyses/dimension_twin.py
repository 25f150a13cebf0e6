"""Whether the deeper layers fill fewer dimensions than those of the untrained network on the same samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import torch
from torch import Tensor

from topolens.measures.dimension import FEWEST, distances_of, distinct, ratio_dimension
from topolens.sampling.inference import Interval, student_interval

BELOW, ALIKE, ABOVE = "below untrained", "as untrained", "above untrained"
# Of 264 pairs of untrained perceptrons and convolutional networks on MNIST and CIFAR-10 none is beyond it; the most
# that two differ by is a factor of 1.24.
BESIDE_UNTRAINED = 0.8


def beside_untrained(
    activations: Mapping[str, Tensor], untrained: Mapping[str, Tensor], layers: Sequence[str], draws: int, seed: int
) -> Interval | None:
    """2NN dimension over that of the untrained twin, geometric mean over the deeper half of the layers.

    Args:
        activations, untrained: Layer to its activations, of the same samples.
        layers: Those with a dimension, in order.
        draws: Subsamples, the same of all layers and both networks.
        seed: Of these.

    Returns:
        None where too few samples differ in all of these layers.
    """
    deeper = layers[len(layers) // 2 :]
    pairs = [(distances_of(activations[name]), distances_of(untrained[name])) for name in deeper]
    rows = torch.arange(len(pairs[0][0]))
    for one in (distances for pair in pairs for distances in pair):
        rows = rows[distinct(one[rows][:, rows])]
    if 0.8 * len(rows) < FEWEST:
        return None

    def ratio(some: Tensor) -> float:
        at = rows[some]
        return fmean(_log_ratio(*(one[at][:, at] for one in pair)) for pair in pairs)

    found = student_interval(ratio, len(rows), draws=draws, seed=seed)
    return Interval(*map(math.exp, found)) if all(map(math.isfinite, found)) else None


def _log_ratio(own: Tensor, twin: Tensor) -> float:
    above, below = ratio_dimension(own), ratio_dimension(twin)
    return math.log(above / below) if math.isfinite(above) and math.isfinite(below) else math.nan


def verdict_beside(ratio: Interval) -> str:
    """Beyond what two untrained networks differ by, and beyond the error, or as untrained."""
    if ratio.value <= BESIDE_UNTRAINED and ratio.high < 1:
        return BELOW
    return ABOVE if ratio.value >= 1 / BESIDE_UNTRAINED and ratio.low > 1 else ALIKE
