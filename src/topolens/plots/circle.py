"""Pictures of a circular coordinate: filters along it, how it is occupied, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots import ring, tiles
from topolens.plots.style import CROWD, INK, MARK, MUTED, SECOND, blank, board, canvas, numbers, phases, plain, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


@styled
def filters_along_circle(filters: Any, angles: Any, counts: Any) -> Canvas:
    """The mean filter of each angular bin, set round a circle, over a ring histogram of the bins.

    Args:
        filters: Mean filter of each bin, shape (bins, h, w).
        angles: Middle of each bin in radians, shape (bins,).
        counts: Filters in each bin, shape (bins,); a bin with none is drawn as an empty frame.
    """
    from matplotlib.patches import Rectangle

    weights, around, held = tiles.stack(filters), numbers(angles, -1), numbers(counts, -1)
    if not len(weights):
        return blank(2.0, "no bins to draw")
    side = min(0.70 * 2 * np.pi / len(weights), 0.42)  # so that squares on the diagonals do not touch
    figure, axes = board(1 + side, 1 + side, 4.8)
    largest = tiles.limit(weights[held > 0])
    for filter_, angle, count in zip(weights, around, held, strict=True):
        x, y = float(np.cos(angle)), float(-np.sin(angle))
        if count > 0:
            tiles.tile(axes, filter_, (x, y), side, largest)
        else:
            frame = Rectangle((x - side / 2, y - side / 2), side, side, fill=False, edgecolor=MUTED, linewidth=0.8)
            frame.set_linestyle((0, (2, 2)))
            axes.add_patch(frame)
    ring.ring(axes, around, held, 0.46, 0.92 - side / 1.7)
    total = f"{int(held.sum()):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    axes.text(0, 0.06, total, ha="center", va="center", fontsize=17, color=INK)
    axes.text(0, -0.09, "filters", ha="center", va="center", color=MUTED)
    tiles.key(axes, (0, -0.21), 0.34)
    return figure


@styled
def occupancy(counts: Any, gap: Any, entropy: float, gap_degrees: float) -> Canvas:
    """How many points lie in each direction of the circle, beside an even spread, with the widest gap marked.

    Args:
        counts: Points in each of the bins, the first starting at angle 0, shape (bins,).
        gap: Where the widest arc without a point starts and ends, in radians.
        entropy: Entropy of the counts over that of even ones, in [0, 1].
        gap_degrees: Width of the gap.
    """
    from matplotlib.patches import Wedge

    held = numbers(counts, -1)
    if not held.size:
        return blank(2.0, "no points on the circle")
    figure, axes = board(1.45, 1.2, 3.9)
    middles = (np.arange(len(held)) + 0.5) * 2 * np.pi / len(held)
    end, start = (float(-edge) for edge in np.degrees(numbers(gap, 2)))
    axes.add_patch(Wedge((0, 0), 1.0, start, end, width=0.55, facecolor=SECOND, alpha=0.22, edgecolor="none"))
    axes.add_patch(Wedge((0, 0), 1.03, start, end, width=0.03, facecolor=SECOND, edgecolor=SECOND, linewidth=0.8))
    ring.ring(axes, middles, held, 0.45, 1.0)
    ring.even(axes, held, 0.45, 1.0)
    ring.quarters(axes, 1.04)
    axes.text(0, 0.12, f"{entropy:.2f}", ha="center", va="center", fontsize=15)
    axes.text(0, -0.02, "entropy", ha="center", va="center", color=MUTED)
    axes.text(0, -0.15, f"gap {plain(gap_degrees)}°", ha="center", va="center", color=SECOND)
    return figure


@styled
def plane(xy: Any, phase: Any) -> Canvas:
    """Points in their first two principal components, coloured by their circular coordinate.

    Args:
        xy: Shape (m, 2).
        phase: In turns, shape (m,).
    """
    points, turns = numbers(xy, -1, 2), numbers(phase, -1)
    if not len(points):
        return blank(2.0, "no points to draw")
    figure, axes = canvas(4.2)
    colours = phases()(turns % 1.0)
    axes.axhline(0, color=MUTED, linewidth=0.4)
    axes.axvline(0, color=MUTED, linewidth=0.4)
    axes.scatter(points[:, 0], points[:, 1], s=9, c=colours, linewidths=0, rasterized=len(points) > CROWD)
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.08)
    axes.set(xlabel="first principal component", ylabel="second principal component")
    _wheel(axes)
    return figure


def _wheel(axes: Axes) -> None:
    """The key of the phase colours, as a small wheel inside the upper right corner."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Wedge

    inset = axes.inset_axes((0.80, 0.80, 0.19, 0.19))
    inset.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7))
    inset.set_aspect("equal")
    inset.axis("off")
    steps = np.arange(60.0) * 6
    wedges = [Wedge((0, 0), 1, start, start + 6.5, width=0.42) for start in steps.tolist()]
    inset.add_collection(PatchCollection(wedges, facecolor=phases()(steps / 360), edgecolor="none"))
    for x, y, word in ((1.35, 0, "0"), (0, 1.42, "¼"), (-1.42, 0, "½"), (0, -1.42, "¾")):
        inset.text(x, y, word, ha="center", va="center", fontsize=8.5, color=MUTED)


@styled
def orientation(phase: Any, orientation: Any, correlation: float) -> Canvas:
    """The circular coordinate of each filter against the direction in which the filter rises.

    The line is the closest exact correspondence: a rotation of the circle, turned over if that fits better.

    Args:
        phase: In turns, shape (m,).
        orientation: In radians, shape (m,).
        correlation: How well the two follow each other up to rotation and reflection, in [0, 1].
    """
    turns, angles = numbers(phase, -1) % 1.0, numbers(orientation, -1)
    if not len(turns):
        return blank(2.0, "no filters to draw")
    figure, axes = canvas(3.4)
    sign, shift = _best_line(turns, angles)
    at = np.linspace(0, 1, 721)
    line = np.degrees(sign * 2 * np.pi * at + shift) % 360
    line[1:][np.abs(np.diff(line)) > 180] = np.nan
    axes.plot(at, line, color=MUTED, linewidth=1.0)
    axes.scatter(
        turns, np.degrees(angles) % 360, s=8, color=MARK, alpha=0.6, linewidths=0, rasterized=len(turns) > CROWD
    )
    axes.set(xlim=(0, 1), ylim=(0, 360), xticks=[0, 0.25, 0.5, 0.75, 1], yticks=[0, 90, 180, 270, 360])
    axes.set(xlabel="circular coordinate (turns)", ylabel="direction of the edge (degrees)")
    axes.set_title(f"circular correlation {plain(correlation)}", loc="right", fontsize=10, color=INK)
    return figure


def _best_line(turns: np.ndarray, angles: np.ndarray) -> tuple[int, float]:
    """Sign and shift for which sign * 2 pi * turns + shift comes closest to the angles."""
    means = {sign: np.exp(1j * (angles - sign * 2 * np.pi * turns)).mean() for sign in (1, -1)}
    best = max(means, key=lambda sign: abs(means[sign]))
    return best, float(np.angle(means[best]))
