"""SVG markup: a picture as text that belongs to the page it is put in."""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from topolens.plots.style import ROLES, SHEET

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

PIXELS_PER_INCH = 150  # of what is drawn as pixels
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_FONTS = re.compile(r"'DejaVu Sans'(, '[^']*')*(, [a-z-]+)*")


def svg(canvas: Canvas, title: str) -> str:
    """One `<svg>` element, the same for the same picture, ready to stand in an HTML page or in a file of its own.

    Colours are the CSS variables `--ink`, `--muted`, `--faint`, `--accent`, `--second`, `--third` and `--paper`
    with the light palette as fallback, letters are text in the font `--sans`, and ids start with a hash of the
    title and the picture, so that many pictures can share a page.

    Args:
        canvas: A matplotlib figure; it is not changed.
        title: What the picture shows, for readers who cannot see it.
    """
    from matplotlib import style

    buffer = io.StringIO()
    with style.context(["default", SHEET]):
        canvas.savefig(buffer, format="svg", dpi=PIXELS_PER_INCH, metadata=_NO_METADATA)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<defs>\s*</defs>", "", text, flags=re.DOTALL)
    text = text.replace("xlink:href", "href").replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    text = _own_ids(_roles(_short(text)), title)
    width, height = (inches * 96 for inches in canvas.get_size_inches())
    head = f'<svg role="img" aria-label={quoteattr(title)} width="{width:.0f}" height="{height:.0f}"'
    return re.sub(r'<svg width="[^"]*" height="[^"]*"', lambda _: head, text, count=1).strip()


def _short(text: str) -> str:
    """Places and paths to a hundredth of a point, lines without indents. Transforms of images keep their precision."""

    def rounded(attribute: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), attribute[0])

    text = re.sub(r' (?:d|x|y)="[^"]*"', rounded, text)
    return re.sub(r"\s*\n\s*", "\n", text)


def _roles(text: str) -> str:
    """The palette as CSS variables, and the page's font."""
    for role, colour in ROLES.items():
        text = text.replace(f": {colour}", f": var(--{role}, {colour})")
    text = text.replace("image-rendering:crisp-edges;", "")
    return _FONTS.sub("var(--sans, sans-serif)", text)


def _own_ids(text: str, title: str) -> str:
    """Only ids that something points at, each of them with the picture's own prefix."""
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    prefix = "p" + hashlib.sha256((title + text).encode("utf-8", "replace")).hexdigest()[:10]
    text = re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", text)
    return re.sub(r'(url\(|href=")#', rf"\g<1>#{prefix}-", text)
