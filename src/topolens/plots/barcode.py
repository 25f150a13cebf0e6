"""Barcode: bars of each dimension, beside the longest bar that chance gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import ACCENT, FAINT, MUTED, blank, canvas, named_dim, numbers, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

SHOWN = {0: 12}  # longest bars drawn of a dimension
SHOWN_ELSE = 24


@styled
def barcode(bars: Any, null_max: float | None = None, null_top_bars: Any = (), scale_name: str = "scale") -> Canvas:
    """Bars by dimension, the longest on top; behind each H1 bar the length of the longest bar of the nulls.

    Args:
        bars: Rows of dim, birth and death (None where a bar never dies), longest first.
        null_max: The longest H1 bar of all nulls; longer bars are drawn in the accent colour.
        null_top_bars: The longest H1 bar of each null.
        scale_name: What the scale measures.
    """
    rows = numbers(list(bars), -1, 3) if len(bars) else np.zeros((0, 3))
    if not len(rows):
        return blank(2.0, "no bars: nothing persists")
    nulls = np.sort(numbers(list(null_top_bars), -1))[::-1]
    groups = [rows[rows[:, 0] == dim] for dim in np.unique(rows[:, 0])]
    counts = [min(len(group), SHOWN.get(int(group[0, 0]), SHOWN_ELSE)) for group in groups]
    height = 0.9 + 0.1 * (sum(counts) + 3 * len(groups)) + (0.45 if len(nulls) else 0)
    figure, axes = canvas(min(max(height, 2.2), 6.0))
    finite = rows[:, 1:][np.isfinite(rows[:, 1:])]
    end = 1.12 * max(float(finite.max(initial=0.0)), null_max or 0.0, float(nulls.max(initial=0.0))) or 1.0
    y = 0.0
    for group, count in zip(groups, counts, strict=True):
        y = _group(axes, group, count, y, end, null_max if group[0, 0] == 1 else None)
    if len(nulls):
        _brush(axes, nulls, y)
        y -= 4.5
    axes.set(xlim=(min(0.0, float(finite.min(initial=0.0))), end), ylim=(y + 0.5, 2.2), yticks=[], xlabel=scale_name)
    axes.spines["left"].set_visible(False)
    return figure


def _group(axes: Axes, group: np.ndarray, count: int, top: float, end: float, null_max: float | None) -> float:
    """Draws the first bars of one dimension from height `top` downwards; returns where the next group starts."""
    dim = int(group[0, 0])
    left = len(group) - count
    name = named_dim(dim) + {0: "  components", 1: "  loops", 2: "  voids"}.get(dim, "")
    note = f"   the {count} longest of {len(group)}" if left else ""
    axes.text(0, top + 0.55, name + note, transform=axes.get_yaxis_transform(), va="bottom", fontsize=9.5, color=MUTED)
    for row, (_, birth, death) in enumerate(group[:count]):
        y = top - row
        never = not np.isfinite(death)
        if null_max is not None:
            axes.barh(y, null_max, left=birth, height=0.86, color=FAINT, linewidth=0)
        long = null_max is not None and (never or death - birth > null_max)
        colour = ACCENT if long else MUTED
        axes.barh(y, (end if never else death) - birth, left=birth, height=0.5, color=colour, linewidth=0)
        if long and not never:
            axes.text(death + 0.008 * end, y, plain(death - birth), va="center", fontsize=10, color=ACCENT)
        if never:
            axes.plot(end, y, marker=">", markersize=3.5, color=colour, clip_on=False)
    return top - count - 2.2


def _brush(axes: Axes, nulls: np.ndarray, top: float) -> None:
    """Draws the nulls' longest bars as one bundle of thin lines that start at zero."""
    name = f"longest H₁ bar of each of {len(nulls)} nulls, from zero"
    axes.text(0, top + 0.55, name, transform=axes.get_yaxis_transform(), va="bottom", fontsize=9.5, color=MUTED)
    heights = top - np.linspace(0, 2.6, len(nulls))
    axes.hlines(heights, 0, nulls, color=MUTED, linewidth=min(1.2, 16 / len(nulls)))
