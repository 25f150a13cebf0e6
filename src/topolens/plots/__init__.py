"""Plots: values in, pictures out. `draw` takes a Finding's figure, `svg` makes markup of any picture."""

from topolens.plots.barcode import barcode
from topolens.plots.circle import filters_along_circle, occupancy, orientation, plane
from topolens.plots.curves import curves
from topolens.plots.diagram import diagram
from topolens.plots.drawing import KINDS, draw
from topolens.plots.filters import filters
from topolens.plots.images import images
from topolens.plots.mapper import mapper
from topolens.plots.markup import svg
from topolens.plots.masks import masks
from topolens.plots.nulls import nulls
from topolens.plots.patches import patches
from topolens.plots.scatter import scatter
from topolens.plots.sweep import sweep

__all__ = [
    "KINDS",
    "barcode",
    "curves",
    "diagram",
    "draw",
    "filters",
    "filters_along_circle",
    "images",
    "mapper",
    "masks",
    "nulls",
    "occupancy",
    "orientation",
    "patches",
    "plane",
    "scatter",
    "svg",
    "sweep",
]
