"""Sweep: the longest bar for each choice of the density parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import INK, MUTED, SECOND, blank, canvas, numbers, styled

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
    figure, axes = canvas(1.0 + 0.46 * len(ks))
    most = float(np.nanmax(bars, initial=0.0)) or 1.0
    image = axes.imshow(bars, cmap="cividis", vmin=0, vmax=most, aspect="auto", interpolation="none")
    for (row, column), bar in np.ndenumerate(bars):
        if not np.isfinite(bar):
            continue
        axes.text(column, row, f"{bar:.2f}", ha="center", va="center", color="#000000" if bar > most / 2 else "#ffffff")
        if bar > null[row, column]:
            frame = Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, fill=False, edgecolor=SECOND, linewidth=1.8)
            axes.add_patch(frame)
    if chosen is not None:
        row, column = np.abs(ks - chosen[0]).argmin(), np.abs(ps - chosen[1]).argmin()
        axes.plot(column - 0.34, row, "o", markersize=5, color=SECOND, markeredgecolor="#ffffff", markeredgewidth=0.8)
    axes.set_xticks(range(len(ps)), [f"{value:g}" for value in ps])
    axes.set_yticks(range(len(ks)), [f"{value:g}" for value in ks])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="p, fraction of the points kept", ylabel="k, neighbour that judges density")
    bar_ = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02)
    bar_.outline.set_visible(False)
    bar_.set_label("longest H₁ bar", color=INK)
    bar_.ax.tick_params(length=0, labelcolor=MUTED)
    return figure
