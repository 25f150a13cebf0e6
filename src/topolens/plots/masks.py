"""Masks beside their photograph, with what is wrong in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import MUTED, WIDTH, blank, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

# Dark and light ground first; then pairs of a warm and a cool colour that differ in lightness, too.
COLOURS = ("#3a3a3a", "#d9d9d9", "#d55e00", "#f0e442", "#0072b2", "#56b4e9", "#cc79a7", "#009e73")


@styled
def masks(
    photograph: Any, masks: Sequence[Any], kinds: Sequence[str], titles: Sequence[str] = (), columns: int = 4
) -> Canvas:
    """A photograph, and masks of it in the colours of what their pixels are.

    Args:
        photograph: Shape (h, w, 3), 0 to 255.
        masks: Shape (h, w) each; a pixel is a place in `kinds`.
        kinds: What there is, at most eight kinds.
        titles: A few words for the photograph and each mask, or none at all.
        columns: Pictures in a row.

    Raises:
        ValueError: If a shape is wrong, or a pixel is of no kind.
    """
    if not len(masks):
        return blank(2.0, "no masks to draw")
    picture, drawn = np.asarray(photograph), [np.asarray(mask) for mask in masks]
    if picture.ndim != 3 or picture.shape[2] != 3 or any(mask.shape != picture.shape[:2] for mask in drawn):
        raise ValueError(f"masks must have the shape (h, w) of a photograph (h, w, 3), got {picture.shape}")
    if len(kinds) > len(COLOURS) or any(mask.min() < 0 or mask.max() >= len(kinds) for mask in drawn):
        raise ValueError(f"masks must hold places in the {len(kinds)} kinds, of which there are at most {len(COLOURS)}")
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.patches import Patch

    columns = max(1, min(int(columns), 1 + len(drawn)))
    rows = -(-(1 + len(drawn)) // columns)
    tall = min(picture.shape[0] / picture.shape[1], 2.0)
    height = rows * (WIDTH / columns * tall + (0.24 if titles else 0.06)) + 0.2 + 0.2 * -(-len(kinds) // 3)
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02))
    colours = ListedColormap(COLOURS[: len(kinds)])
    for place in range(1 + len(drawn)):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.set_axis_off()
        if place == 0:
            axes.imshow(picture.astype(np.uint8), interpolation="nearest")
        else:
            axes.imshow(drawn[place - 1], cmap=colours, vmin=0, vmax=len(kinds) - 1, interpolation="nearest")
        if place < len(titles):
            axes.set_title(titles[place], fontsize=min(9.5, 34 / columns + 1), color=MUTED, pad=2)
    key = [Patch(facecolor=colour, label=kind) for colour, kind in zip(COLOURS, kinds, strict=False)]
    figure.legend(handles=key, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure
