"""What layers do with bars that never die: they leave them out, unless a death is given."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from topolens.diagrams import Diagrams


def capped(diagrams: Diagrams, death: float) -> Diagrams:
    """The same bars, with those that never die ended at one value.

    Every layer on diagrams leaves out the bars that never die: call this first to have them counted.

    Args:
        diagrams: Bars of any dimension, of a sublevel or a superlevel filtration.
        death: Finite filtration value, such as the largest of the data; a bar born beyond it gets length 0.

    Returns:
        A batch of as many bars, all of them finite.

    Raises:
        ValueError: If death is not finite.

    Gradients: To the births as before; none through the given death.

    Example:
        >>> capped(Diagrams.from_intervals([{0: [[0.0, float("inf")]]}]), 2.0).intervals
        tensor([[0., 2.]])
    """
    if not math.isfinite(death):
        raise ValueError(f"death must be finite, got {death}")
    birth, end = diagrams.intervals.unbind(1)
    value = torch.full_like(birth, death)
    end = torch.where(end == math.inf, torch.maximum(birth, value), end)
    end = torch.where(end == -math.inf, torch.minimum(birth, value), end)
    return replace(diagrams, intervals=torch.stack([birth, end], 1))
