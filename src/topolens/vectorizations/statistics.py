"""Summary numbers of a diagram."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.vectorizations.entropy import entropy

PERCENTILES = (10, 25, 50, 75, 90)
SUMMARIES = ("mean", "std", "iqr", "range", *(f"p{p}" for p in PERCENTILES))
STATISTICS = (
    *(f"{what}_{summary}" for what in ("birth", "death", "midpoint", "persistence") for summary in SUMMARIES),
    "count",
    "entropy",
)


def _summaries(values: Tensor, count: Tensor) -> Tensor:
    """The summaries of each row of values (batch, most), of which the first `count` (batch,) are meant."""
    real = torch.arange(values.shape[1], device=values.device) < count[:, None]
    number = count.clamp(min=1)
    mean = torch.where(real, values, 0).sum(1) / number
    variance = torch.where(real, values - mean[:, None], 0).square().sum(1) / number
    spread = variance > 0
    std = torch.where(spread, torch.where(spread, variance, 1).sqrt(), 0)
    ordered = torch.where(real, values, float("inf")).sort(1).values
    places = torch.tensor([0, *PERCENTILES, 100], dtype=values.dtype, device=values.device) / 100
    place = places * (number - 1)[:, None]
    low, high = (ordered.gather(1, p.long()) for p in (place.floor(), place.ceil()))
    least, p10, p25, p50, p75, p90, most = (low + (high - low) * (place - place.floor())).unbind(1)
    return torch.stack([mean, std, p75 - p25, most - least, p10, p25, p50, p75, p90], 1)


def statistics(diagrams: Diagrams) -> Tensor:
    """Persistence statistics, shape (batch, len(STATISTICS)), in the order of the names in `STATISTICS`.

    Mean, standard deviation (of the population), interquartile range, range and percentiles (interpolated linearly) of
    births, deaths, midpoints and persistences, the number of bars and their entropy. Essential bars are left out;
    a diagram without finite bars gives zeros. All bars given count.

    Gradients: To the bars that a number depends on; none through the count.
    Source: "A Survey of Vectorization Methods in Topological Data Analysis", 2023, section on persistence statistics.
    """
    diagrams = diagrams.finite()
    count = torch.bincount(diagrams.batch, minlength=diagrams.batch_size)
    if not len(diagrams):
        return diagrams.intervals.new_zeros(diagrams.batch_size, len(STATISTICS))
    ends = diagrams.padded()
    middle = replace(diagrams, intervals=torch.stack([diagrams.intervals.mean(1), diagrams.persistence], 1)).padded()
    parts = [_summaries(values, count) for values in (*ends.unbind(2), *middle.unbind(2))]
    last = torch.stack([count.to(ends), entropy(diagrams)], 1)
    out = torch.cat([*parts, last], 1)
    return torch.where(count[:, None] > 0, out, torch.zeros_like(out))
