"""Sphinx settings. Needs topolens importable; loads nothing from the network."""

import re
from typing import Any

from topolens import __version__

project = "topolens"
author = "the topolens developers"
copyright = "2026, the topolens developers"  # noqa: A001
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"topolens {release}"
html_copy_source = False

myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_numpy_docstring = False
napoleon_use_rtype = False

# Every name of ours must resolve; those of other libraries cannot without their inventories.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(torch|Tensor|nn|np|numpy|sparse|scipy|networkx|matplotlib|Canvas|Path|pathlib|PathLike|os)\b.*"),
    (
        "py:.*",
        r"(Callable|Mapping|Sequence|Collection|Iterable|Iterator|collections|Any|typing|module|ABC|NamedTuple)\b.*",
    ),
    ("py:class", r"topolens\.(losses\.skeleton_recall\.Labels|analyses\.layer_pairs\.\w+)"),  # names of types only
    ("py:.*", r"(tuple|list|dict|int|float|str|bool|None|object|optional|abc|ValueError|TypeError|OSError)\b.*"),
]

HOUSE = re.compile(r"^(Gradients|Cost|Source): ")


def house_sections(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Our one-line sections (Gradients, Cost, Source) as fields, beside those that napoleon makes."""
    out: list[str] = []
    if what == "property" and lines:
        lines[0] = lines[0].replace(": ", " – ")  # napoleon would take what stands before the colon for a type
    for line in lines:
        if HOUSE.match(line):
            if out and out[-1].strip() and not out[-1].startswith((":", " ")):
                out.append("")
            line = HOUSE.sub(r":\1: ", line)
        out.append(line)
    lines[:] = out


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", house_sections, priority=400)
