"""Images: pictures side by side under their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topolens.plots.style import MUTED, WIDTH, blank, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@styled
def images(images: Sequence[Any], titles: Sequence[str] = (), columns: int = 4) -> Canvas:
    """Grey pictures in rows, each from its own least (black) to its own greatest value (white).

    Args:
        images: Pictures (h, w), not necessarily of one size.
        titles: A few words for each, or none at all.
        columns: Pictures in a row.

    Raises:
        ValueError: If a picture has no pixels or is not of shape (h, w).
    """
    pictures = [np.asarray(image, dtype=float) for image in images]
    if not pictures:
        return blank(2.0, "no images to draw")
    for picture in pictures:
        if picture.ndim != 2 or picture.size == 0:
            raise ValueError(f"images must have shape (h, w), got {picture.shape}")
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = max(1, min(int(columns), len(pictures)))
    rows = -(-len(pictures) // columns)
    side = WIDTH / columns
    tallest = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    height = rows * (side * min(tallest, 2.0) + (0.24 if titles else 0.06))
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02))
    for place in range(rows * columns):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.set_axis_off()
        if place < len(pictures):
            axes.imshow(pictures[place], cmap="gray", interpolation="nearest")
            if place < len(titles):
                axes.set_title(titles[place], fontsize=min(9.5, 34 / columns + 1), color=MUTED, pad=2)
    return figure
