"""Sweep: the longest bar for each choice of the density parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import INK, SECOND, blank, canvas, numbers, styled, tide

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@styled
def sweep(k: Any, p: Any, top_bar: Any, null_max: Any = None, chosen: Any = None) -> Canvas:
    """The longest H1 bar for each neighbour k (rows) and fraction p (columns); framed where it beats its null.

    Args:
        k: Neighbours by which density is judged.
        p: Fractions of the points kept.
        top_bar: Longest bar, shape (len(k), len(p)).
        null_max: That of the matched null, same shape.
        chosen: The k and p of the report, marked with a dot.
    """
    from matplotlib.patches import Rectangle

    ks, ps = numbers(k, -1), numbers(p, -1)
    if not ks.size or not ps.size:
        return blank(2.0, "no settings to compare")
    bars = numbers(top_bar, len(ks), len(ps))
    null = numbers(null_max, len(ks), len(ps)) if null_max is not None else np.full_like(bars, np.nan)
    figure, axes = canvas(0.9 + 0.42 * len(ks))
    most = float(np.nanmax(bars, initial=0.0)) or 1.0
    axes.imshow(bars, cmap=tide(), vmin=0, vmax=most, aspect="auto", interpolation="none")
    row_, column_ = _cell(ks, ps, chosen)
    for (row, column), bar in np.ndenumerate(bars):
        if not np.isfinite(bar):
            continue
        is_chosen = (row, column) == (row_, column_)
        colour = "#ffffff" if bar > 0.55 * most else "#1c2126"
        text = f"{bar:.2f}" + (" ●" if is_chosen else "")
        axes.text(column, row, text, ha="center", va="center", color=colour, weight="bold" if is_chosen else "normal")
        if bar > null[row, column]:
            frame = Rectangle((column - 0.46, row - 0.43), 0.92, 0.86, fill=False, edgecolor=SECOND, linewidth=1.3)
            axes.add_patch(frame)
    axes.set_xticks(range(len(ps)), [f"{value:g}" for value in ps])
    axes.set_yticks(range(len(ks)), [f"{value:g}" for value in ks])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="p, fraction of the points kept", ylabel="k, neighbour that judges density")
    axes.set_title("longest H₁ bar", loc="left", fontsize=10, color=INK)
    return figure


def _cell(ks: np.ndarray, ps: np.ndarray, chosen: Any) -> tuple[int, int]:
    """Row and column of the chosen k and p; (-1, -1) if there is none."""
    if chosen is None:
        return -1, -1
    return int(np.abs(ks - chosen[0]).argmin()), int(np.abs(ps - chosen[1]).argmin())
