"""Mapper: the graph of clusters, with filters drawn beside the places they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots import tiles
from topolens.plots.style import CROWD, FAINT, INK, MUTED, blank, board, heat, numbers, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ORBIT = 1.28  # radius of the filters' ring; the graph fills the unit disc


@styled
def mapper(
    positions: Any,
    sizes: Any,
    edges: Any,
    filters: Any = (),
    filter_positions: Any = (),
    b1: int | None = None,
    cover_b1: int | None = None,
) -> Canvas:
    """The Mapper graph, nodes coloured from blue (few points) to red (many), mean filters set round it.

    Args:
        positions: Where each node is drawn, shape (nodes, 2).
        sizes: Points in each node, shape (nodes,).
        edges: Pairs of nodes that share points, shape (edges, 2).
        filters: Mean filters at some places of the graph, shape (f, h, w).
        filter_positions: Those places, shape (f, 2), in the units of `positions`.
        b1: Loops of the nerve.
        cover_b1: Loops of the cover alone, one cluster per box.
    """
    at, weight, pairs = numbers(positions, -1, 2), numbers(sizes, -1), numbers(edges, -1, 2).astype(int)
    if not len(at):
        return blank(2.0, "the graph has no node")
    figure, axes = board(1.5, 1.56, 4.8)
    centre = (at.max(0) + at.min(0)) / 2
    scale = float(np.linalg.norm(at - centre, axis=1).max()) or 1.0
    _graph(axes, (at - centre) / scale, weight, pairs)
    _filters(axes, tiles.stack(filters), (numbers(filter_positions, -1, 2) - centre) / scale)
    axes.text(-1.5, 1.56, f"{len(at)} nodes, {len(pairs)} edges", fontsize=9.5, color=MUTED, va="top")
    if b1 is not None:
        beside = "" if cover_b1 is None else f"  (cover alone: {cover_b1})"
        axes.text(1.5, -1.56, f"loops of the nerve: {b1}{beside}", fontsize=9.5, color=INK, ha="right", va="bottom")
    return figure


def _graph(axes: Axes, at: np.ndarray, weight: np.ndarray, pairs: np.ndarray) -> None:
    """Edges as thin lines, nodes on top, the largest last."""
    from matplotlib.collections import LineCollection

    lines = LineCollection(list(at[pairs]), colors="#8a929c", linewidths=0.5, alpha=0.7)
    lines.set_rasterized(len(pairs) > CROWD)
    axes.add_collection(lines)
    order = np.argsort(weight, kind="stable")
    share = weight / (weight.max() or 1.0)
    area = (5 + 60 * share) * min(1.0, 12 / np.sqrt(len(at)))
    axes.scatter(
        at[order, 0],
        at[order, 1],
        s=area[order],
        c=heat()(share[order] ** 0.5),
        linewidths=0,
        zorder=3,
        rasterized=len(at) > CROWD,
    )


def _filters(axes: Axes, weights: np.ndarray, at: np.ndarray) -> None:
    """Each filter outside the graph in the direction of its place, tied to it by a thin line."""
    if not len(weights):
        return
    side = min(0.27, 2 * np.pi * ORBIT / len(weights) / 1.5)
    largest = tiles.limit(weights)
    angles = _spread(np.arctan2(at[:, 1], at[:, 0]), 1.45 * side / ORBIT)  # squares on a diagonal reach 1.41
    for filter_, place, angle in zip(weights, at, angles, strict=True):
        x, y = ORBIT * float(np.cos(angle)), ORBIT * float(np.sin(angle))
        axes.plot([place[0], x], [place[1], y], color=FAINT, linewidth=0.7, zorder=0)
        tiles.tile(axes, filter_, (x, y), side, largest)


def _spread(angles: np.ndarray, least: float) -> np.ndarray:
    """Angles pushed apart round the circle until neighbours are at least `least` apart, in their cyclic order."""
    order = np.argsort(angles, kind="stable")
    out = angles[order].copy()
    least = min(least, 2 * np.pi / len(out) * 0.999)
    for _ in range(3000):
        gaps = np.diff(out, append=out[0] + 2 * np.pi)
        push = np.clip(least - gaps, 0, None) / 2
        if push.max() < 1e-4 or len(out) == 1:
            break
        out += np.roll(push, 1) - push
    spread = np.empty_like(out)
    spread[order] = out
    return spread
