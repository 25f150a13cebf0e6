"""Ring: a histogram bent round a circle.

Angles run clockwise from the right, because rows of images run downwards: an edge filter that stands where
its own direction points then has its bright side outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from topolens.plots.style import ACCENT, FAINT, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def ring(axes: Axes, angles: np.ndarray, counts: np.ndarray, inner: float, outer: float) -> None:
    """Draws one wedge per bin from radius `inner` outwards, as long as its count; the fullest reaches `outer`.

    Args:
        angles: Middle of each bin in radians, evenly spaced.
        counts: Points in each bin.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle, Wedge

    half = 180 / len(angles)
    most = counts.max() if counts.size and counts.max() > 0 else 1.0
    axes.add_patch(Circle((0, 0), inner, fill=False, edgecolor=MUTED, linewidth=0.7))
    wedges = []
    for middle, count in zip(-np.degrees(angles), counts, strict=True):
        length = (outer - inner) * count / most
        if length > 0:
            wedges.append(Wedge((0, 0), inner + length, middle - 0.88 * half, middle + 0.88 * half, width=length))
    axes.add_collection(PatchCollection(wedges, facecolor=ACCENT, edgecolor="none", alpha=0.8))


def even(axes: Axes, counts: np.ndarray, inner: float, outer: float) -> None:
    """Draws the circle that all bins would reach if the points were spread evenly."""
    from matplotlib.patches import Circle

    most = counts.max() if counts.size and counts.max() > 0 else 1.0
    radius = inner + (outer - inner) * counts.mean() / most
    axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=MUTED, linewidth=0.8, linestyle=(0, (3, 2))))


def quarters(axes: Axes, radius: float) -> None:
    """Letters 0, 90, 180 and 270 degrees, each with a tick towards the ring."""
    for degrees, x, y in ((0, 1, 0), (90, 0, -1), (180, -1, 0), (270, 0, 1)):
        ha, va = {1: "left", 0: "center", -1: "right"}[x], {1: "bottom", 0: "center", -1: "top"}[y]
        axes.plot([radius * x, 1.04 * radius * x], [radius * y, 1.04 * radius * y], color=FAINT, linewidth=0.8)
        axes.text(1.07 * radius * x, 1.07 * radius * y, f"{degrees}°", ha=ha, va=va, color=MUTED, fontsize=9.5)
