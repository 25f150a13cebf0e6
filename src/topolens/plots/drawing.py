"""Drawing: from a Finding's figure to its picture."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING

from topolens.analyses.finding import Figure
from topolens.plots.barcode import barcode
from topolens.plots.circle import filters_along_circle, occupancy, orientation, plane
from topolens.plots.filters import filters
from topolens.plots.images import images
from topolens.plots.mapper import mapper
from topolens.plots.masks import masks
from topolens.plots.nulls import nulls
from topolens.plots.patches import patches
from topolens.plots.scatter import scatter
from topolens.plots.sweep import sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

KINDS: dict[str, Callable[..., Canvas]] = {
    "barcode": barcode,
    "filters_along_circle": filters_along_circle,
    "occupancy": occupancy,
    "plane": plane,
    "orientation": orientation,
    "nulls": nulls,
    "sweep": sweep,
    "mapper": mapper,
    "patches": patches,
    "filters": filters,
    "images": images,
    "masks": masks,
    "scatter": scatter,
}


def draw(figure: Figure) -> Canvas:
    """The picture of a figure, as a matplotlib figure; data that its kind does not name is left aside.

    Args:
        figure: Its kind is one of `KINDS`; its data are that function's arguments.

    Raises:
        ValueError: If the kind is unknown or a needed value is missing.
    """
    plot = KINDS.get(figure.kind)
    if plot is None:
        raise ValueError(f"figure.kind must be one of {', '.join(KINDS)}, got {figure.kind!r}")
    named = inspect.signature(plot).parameters
    missing = [name for name, one in named.items() if one.default is one.empty and name not in figure.data]
    if missing:
        raise ValueError(
            f"a figure of kind {figure.kind!r} needs {', '.join(named)}, but {', '.join(missing)} is missing"
        )
    return plot(**{name: value for name, value in figure.data.items() if name in named})
