"""Filters: a plain gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots import tiles
from topolens.plots.style import MUTED, blank, board, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SHOWN = 96


@styled
def filters(filters: Any) -> Canvas:
    """Filters in rows, all in the same greys; beyond 96 an even choice of them, and says so.

    Args:
        filters: Shape (m, h, w).
    """
    weights = tiles.stack(filters)
    total = len(weights)
    if not total:
        return blank(2.0, "no filters to draw")
    if total > SHOWN:
        weights = weights[np.linspace(0, total - 1, SHOWN).round().astype(int)]
    columns = min(12, max(len(weights), 6))
    rows = -(-len(weights) // columns)
    half_width, half_height = columns * 0.6, rows * 0.6 + 0.25
    figure, axes = board(half_width, half_height, 4.8 * half_height / half_width)
    largest = tiles.limit(weights)
    for index, filter_ in enumerate(weights):
        row, column = divmod(index, columns)
        tiles.tile(axes, filter_, (-half_width + 0.6 + 1.2 * column, half_height - 0.6 - 1.2 * row), 1.0, largest)
    note = f"{len(weights)} of {total} filters, evenly chosen" if total > SHOWN else f"{total} filters"
    axes.text(-half_width + 0.1, -half_height, note, va="bottom", fontsize=9.5, color=MUTED)
    return figure
