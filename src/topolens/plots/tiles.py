"""Tiles: filters as small grey pictures, zero in the middle of the greys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import INK, MUTED, numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREYS = "gray"


def stack(filters: Any) -> np.ndarray:
    """Filters as (m, h, w); an empty list is a stack of none."""
    out = numbers(filters)
    if out.size == 0:
        return np.zeros((len(out), 1, 1))
    if out.ndim != 3:
        raise ValueError(f"filters must have shape (m, h, w), got {out.shape}; for one filter pass filters[None]")
    return out


def limit(filters: np.ndarray) -> float:
    """The largest absolute weight, so that black is minus and white plus the same number."""
    finite = np.abs(filters[np.isfinite(filters)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def tile(axes: Axes, weights: np.ndarray, centre: tuple[float, float], side: float, largest: float) -> None:
    """Draws one filter (h, w) with its longer edge `side` long around a point."""
    from matplotlib.patches import Rectangle

    height, width = (side * edge / max(weights.shape) for edge in weights.shape)
    left, bottom = centre[0] - width / 2, centre[1] - height / 2
    axes.imshow(
        weights,
        cmap=GREYS,
        vmin=-largest,
        vmax=largest,
        interpolation="none",
        aspect="equal",
        extent=(left, left + width, bottom, bottom + height),
    )
    axes.add_patch(Rectangle((left, bottom), width, height, fill=False, edgecolor=MUTED, linewidth=0.5))


def key(axes: Axes, centre: tuple[float, float], width: float) -> None:
    """Draws the scale of greys: minus, zero, plus."""
    from matplotlib.patches import Rectangle

    x, y = centre
    height = width / 9
    box = (x - width / 2, x + width / 2, y - height / 2, y + height / 2)
    axes.imshow(np.linspace(-1, 1, 33)[None], cmap=GREYS, extent=box, aspect="equal", interpolation="none")
    axes.add_patch(Rectangle((box[0], box[2]), width, height, fill=False, edgecolor=MUTED, linewidth=0.5))
    for at, sign in ((box[0], "\N{MINUS SIGN}"), (x, "0"), (box[1], "+")):
        axes.text(at, box[2] - height * 0.6, sign, ha="center", va="top", fontsize=10, color=INK)
