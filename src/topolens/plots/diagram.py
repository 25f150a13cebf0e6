"""Diagram: birth against death."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import ACCENT, CROWD, INK, MUTED, SECOND, THIRD, blank, canvas, named_dim, numbers, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

COLOURS = (MUTED, ACCENT, SECOND, THIRD, INK)


@styled
def diagram(bars: Sequence[Any], scale_name: str = "scale") -> Canvas:
    """Birth against death of each bar; how far a point lies above the diagonal is its persistence.

    Args:
        bars: Rows of dim, birth and death (None where a bar never dies, drawn on the dashed line on top).
        scale_name: What the scale measures.
    """
    rows = numbers(list(bars), -1, 3) if len(bars) else np.zeros((0, 3))
    if not len(rows):
        return blank(2.0, "no bars: nothing persists")
    figure, axes = canvas(3.0, 3.0)
    finite = rows[:, 1:][np.isfinite(rows[:, 1:])]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    room = 0.08 * (high - low or 1.0)
    never = high + 1.2 * room
    axes.plot([low, high], [low, high], color=MUTED, linewidth=0.8)
    if not np.isfinite(rows[:, 2]).all():
        axes.axhline(never, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
    for dim in np.unique(rows[:, 0]):
        of_dim = rows[rows[:, 0] == dim]
        deaths = np.where(np.isfinite(of_dim[:, 2]), of_dim[:, 2], never)
        points = axes.scatter(of_dim[:, 1], deaths, s=16, color=COLOURS[int(dim) % 5], marker="sovD"[int(dim) % 4])
        points.set(alpha=0.8, linewidths=0, clip_on=False, rasterized=len(of_dim) > CROWD, label=named_dim(int(dim)))
    axes.set(xlim=(low - room, high + room), ylim=(low - room, never + room))
    axes.set(xlabel=f"birth ({scale_name})", ylabel="death")
    axes.legend(loc="lower right", handletextpad=0.1)
    return figure
