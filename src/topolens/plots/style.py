"""Style: the palette, the canvas and the number arrays that all pictures share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap
    from matplotlib.figure import Figure as Canvas

P = ParamSpec("P")

# Each role's colour on white; `markup.svg` turns it into a CSS variable, so that a page can set it for a dark ground.
INK = "#1f2429"
MUTED = "#69727d"
FAINT = "#d5d9de"
ACCENT = "#0b6fa8"
SECOND = "#c4560a"
THIRD = "#0d8a66"
PAPER = "#fdfdfc"
MARK = "#2f86bd"  # of crowds drawn as pixels, which no page can recolour: readable on light and on dark
ROLES = {"ink": INK, "muted": MUTED, "faint": FAINT, "accent": ACCENT, "second": SECOND, "third": THIRD, "paper": PAPER}
LINES = (ACCENT, SECOND, THIRD, INK, MUTED)

WIDTH = 4.8  # inches; all pictures are equally wide, so that their lettering is equally large on a page
CROWD = 700  # marks beyond which an artist is drawn as pixels
SHEET = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 10,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "image.composite_image": False,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "butt",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "topolens",
    "text.color": INK,
    "text.parse_math": False,  # names of layers and nulls are words, whatever signs they hold
    "xtick.color": MUTED,
    "xtick.labelsize": 9.5,
    "ytick.color": MUTED,
    "ytick.labelsize": 9.5,
}


def styled(plot: Callable[P, Canvas]) -> Callable[P, Canvas]:
    """The plot, drawn in the house style whatever the user's settings are, which stay as they were."""

    @functools.wraps(plot)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Canvas:
        from matplotlib import style

        with style.context(["default", SHEET]):
            return plot(*args, **kwargs)

    return drawn


def canvas(height: float, width: float = WIDTH) -> tuple[Canvas, Axes]:
    """An empty figure of a size in inches with one pair of axes that fills it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def board(half_width: float, half_height: float, height: float) -> tuple[Canvas, Axes]:
    """A figure without axes lines, drawn on to scale, 0 in its middle and its edges at the half width and height."""
    figure, axes = canvas(height)
    axes.set(xlim=(-half_width, half_width), ylim=(-half_height, half_height))
    axes.set_aspect("equal")
    axes.axis("off")
    return figure, axes


def blank(height: float, sentence: str) -> Canvas:
    """A figure that says in words why there is nothing to see."""
    figure, axes = board(1.0, height / WIDTH, height)
    axes.text(0, 0, sentence, ha="center", va="center", color=MUTED)
    return figure


def numbers(values: Any, *shape: int) -> np.ndarray:
    """A list, array or tensor (on any device) as float64, None as NaN, in `shape` if one is given."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    out = np.asarray(values, dtype=np.float64)
    return out.reshape(shape) if shape else out


def plain(number: float, digits: int = 3) -> str:
    """A number in as many significant digits, above a thousand to the unit, with a true minus sign."""
    text = f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.{digits}g}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


def named_dim(dim: int) -> str:
    """H with the homology dimension as its index."""
    return "H" + str(dim).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def phases() -> ListedColormap:
    """Cyclic colours: hue goes round, and lightness with it, so that they differ without colour vision too."""
    from matplotlib.colors import ListedColormap, to_rgb

    anchors = np.array([to_rgb(c) for c in ("#2b6cb5", "#57ab8f", "#d9a441", "#c85a3c", "#7d3c78", "#2b6cb5")])
    at = np.linspace(0, 1, 256, endpoint=False) * (len(anchors) - 1)
    low = np.floor(at).astype(int)
    blend = (at - low)[:, None]
    return ListedColormap(anchors[low] * (1 - blend) + anchors[low + 1] * blend, "phases")


def tide() -> LinearSegmentedColormap:
    """Near white for nothing to deep blue for much."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("tide", ["#f1f4f6", "#a9cbe0", "#4c93bf", "#0b5c8f"])


def heat() -> LinearSegmentedColormap:
    """Blue for small to red for large, both visible on a light and on a dark ground."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("heat", ["#3a62c4", "#6f8fd0", "#b9a7a6", "#d9765a", "#bf2b2b"])
