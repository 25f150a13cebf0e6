"""Curves: quantities over an axis such as the training step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from topolens.analyses.finding import Series
from topolens.plots.style import LINES, MUTED, blank, canvas, numbers, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

LONG = 28  # letters of a name that needs a line of its own
ROW = 0.22  # inches of a line of the legend


@styled
def curves(series: Series) -> Canvas:
    """Each curve as a line with its band; a band without a curve (a null's) is shaded grey.

    The axis is logarithmic with room for 0 where the steps span more than a factor of 50, as training steps do.
    """
    x = numbers(list(series.x), -1)
    if not len(x) or not (series.curves or series.bands):
        return blank(2.0, "no steps to draw")
    named = [*dict.fromkeys((*series.bands, *series.curves))]
    columns = 1 if max(map(len, named)) > LONG else 2
    rows = -(-len(named) // columns)
    figure, axes = canvas(3.1 + ROW * max(rows - 2, 0))  # else a long legend leaves no room to draw in
    for name, band in series.bands.items():
        if name not in series.curves:
            low, high = numbers(list(band), -1, 2).T
            axes.fill_between(x, low, high, color=MUTED, alpha=0.25, linewidth=0, label=name)
    for index, (name, values) in enumerate(series.curves.items()):
        colour = LINES[index % len(LINES)]
        marker = "osD^v"[index % 5]
        axes.plot(x, numbers(list(values), -1), color=colour, marker=marker, markersize=4, label=name)
        if name in series.bands:
            low, high = numbers(list(series.bands[name]), -1, 2).T
            axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    _axis(axes, x, series.x_name)
    axes.grid(axis="y")
    axes.margins(x=0.03)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, handlelength=1.6)
    return figure


def _axis(axes: Axes, x: np.ndarray, name: str) -> None:
    """Sets the scale of the x axis and, where there are few steps, a tick at each."""
    positive = x[x > 0]
    wide = len(positive) > 1 and x.min() >= 0 and positive.max() / positive.min() > 50
    if wide:
        axes.set_xscale("symlog", linthresh=float(positive.min()), linscale=0.6)
        axes.xaxis.set_major_formatter("{x:g}")
    if len(x) <= 9:
        axes.set_xticks(x, [f"{step:g}" for step in x], rotation=30 if wide and len(x) > 6 else 0)
        axes.set_xticks([], minor=True)
    axes.set_xlabel(name)
