"""Scatter: one number against another, in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import CROWD, LINES, blank, canvas, numbers, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MARKS = ("o", "s", "^", "D", "v")


@styled
def scatter(x: Any, y: Any, groups: Sequence[Any], x_name: str, y_name: str) -> Canvas:
    """Points in a colour and shape per group, with a key.

    Args:
        x: Shape (n,).
        y: Shape (n,).
        groups: Group of each point; more than five start again with the first colour and shape.
        x_name: What stands below.
        y_name: What stands beside.
    """
    across, up = numbers(x, -1), numbers(y, -1)
    if not len(across):
        return blank(2.0, "no points to draw")
    figure, axes = canvas(3.6)
    names = list(dict.fromkeys(groups))
    for place, name in enumerate(sorted(names) if len({type(name) for name in names}) == 1 else names):
        own = np.array([group == name for group in groups])
        axes.scatter(
            across[own], up[own], s=16, label=str(name), color=LINES[place % len(LINES)],
            marker=MARKS[place % len(MARKS)], linewidths=0, rasterized=len(across) > CROWD,
        )  # fmt: skip
    axes.set(xlabel=x_name, ylabel=y_name)
    if len(names) > 1:
        axes.legend(loc="best")
    return figure
