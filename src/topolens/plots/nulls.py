"""Nulls: what was observed beside what chance or an untrained twin gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import ACCENT, FAINT, MUTED, PAPER, canvas, numbers, plain, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@styled
def nulls(observed: float | None, groups: Mapping[str, Any], quantity: str, interval: Any = None) -> Canvas:
    """One row of dots for each kind of null, and a line where the observed value lies.

    Args:
        observed: The measured value.
        groups: Name of each null or twin to the values it gave.
        quantity: What is measured.
        interval: Lower and upper end of the observed value's interval, drawn as a band.
    """
    rows = {name: numbers(values, -1) for name, values in groups.items()}
    band = numbers([] if interval is None else interval, -1)
    figure, axes = canvas(1.25 + 0.5 * max(len(rows), 1))
    ground = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
    for y, (name, values) in enumerate(rows.items()):
        axes.axhline(-y, color=FAINT, linewidth=0.7)
        spread = 0.18 * np.sin(2.4 * np.arange(len(values)))  # apart, and the same in every run
        axes.scatter(values, -y + spread, s=22, color=MUTED, alpha=0.7, linewidths=0)
        words = axes.text(0, -y + 0.29, f"{name} ({len(values)})", fontsize=9.5, va="bottom", bbox=ground)
        words.set_transform(axes.get_yaxis_transform())
    if band.size:
        axes.axvspan(*band, color=ACCENT, alpha=0.18, linewidth=0)
    if observed is not None:
        axes.axvline(observed, color=ACCENT, linewidth=2)
        axes.set_title(f"observed {plain(observed)}", fontsize=10, color=ACCENT, loc="left")
    everything = np.concatenate([*rows.values(), numbers([observed], -1), band, np.zeros(1)])
    everything = everything[np.isfinite(everything)]
    low, high = float(everything.min()), float(everything.max())
    room = 0.04 * (high - low or 1.0)
    axes.set(xlim=(low - room, high + room), ylim=(0.5 - max(len(rows), 1), 0.85), yticks=[], xlabel=quantity)
    axes.spines["left"].set_visible(False)
    return figure
