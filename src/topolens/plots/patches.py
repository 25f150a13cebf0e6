"""Patches: the directions of filters beside the directions of edges in the images themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import ACCENT, INK, SECOND, blank, canvas, numbers, plain, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@styled
def patches(angles: Any, filters: Any, patches: Any, distance: float) -> Canvas:
    """Share of filters and of image patches that rise in each direction.

    Args:
        angles: Middle of each bin in radians, shape (bins,).
        filters: Density of the filters, shape (bins,).
        patches: Density of the image patches, shape (bins,).
        distance: Distance between the two densities.
    """
    from matplotlib.ticker import MultipleLocator

    degrees, learnt, seen = np.degrees(numbers(angles, -1)), numbers(filters, -1), numbers(patches, -1)
    if not len(degrees):
        return blank(2.0, "no directions to compare")
    figure, axes = canvas(2.9)
    half = (degrees[1] - degrees[0]) / 2 if len(degrees) > 1 else 180.0
    edges = np.append(degrees - half, degrees[-1] + half).round(6)
    axes.stairs(learnt, edges, fill=True, color=ACCENT, alpha=0.28, linewidth=0)
    axes.stairs(learnt, edges, color=ACCENT, linewidth=1.5, label="filters")
    axes.stairs(seen, edges, color=SECOND, linewidth=1.5, label="image patches")
    axes.set(xlim=(edges[0], edges[-1]), xlabel="direction of the edge (degrees)", ylabel="density")
    axes.set_ylim(0, 1.05 * max(float(np.nanmax(learnt)), float(np.nanmax(seen))) or 1.0)
    axes.xaxis.set_major_locator(MultipleLocator(90))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, handlelength=1.4)
    axes.set_title(f"distance {plain(distance)}", loc="right", fontsize=10, color=INK)
    return figure
