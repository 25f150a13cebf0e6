"""HTML: the page of a report, as a function of its JSON alone."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

from topolens.analyses.finding import Figure, Series
from topolens.report.schema import checked

if TYPE_CHECKING:
    from jinja2 import Environment

log = logging.getLogger(__name__)

HERO = "filters_along_circle"
# How loudly a verdict is shown: something beyond chance, some of it, chance alone, or nothing that can be said. One
# that says how a thing is, and not whether there is one, is shown in plain grey.
_TONES = {
    "found": (
        "circle", "several loops", "settles", "learned", "collapsed", "separated", "beyond the weight distribution",
        "directions above the bulk", "structure beyond the correlation histogram", "beyond the weights of the rows",
        "sees the shift", "adds to the baselines",
    ),
    "partly": ("clusters on a cycle", "comes and goes", "breaks up", "as untrained"),
    "nothing": (
        "no structure", "never appears", "at chance", "not separated", "only the weight distribution", "bulk only",
        "explained by the correlation histogram", "as independent neurons", "only the weights of the rows",
        "does not see the shift", "no boundary beyond chance", "no order among layers", "unrelated layers",
        "no label information", "labels unrelated to features", "same within noise", "like a random walk",
        "nothing to simplify",
    ),
    "unclear": ("too few filters", "too few layers", "one layer", "not defined", "estimator saturated"),
}  # fmt: skip
TONES = {verdict: tone for tone, verdicts in _TONES.items() for verdict in verdicts}
REFERENCES = (
    "R. Brüel Gabrielsson, G. Carlsson: A look at the topology of convolutional neural networks, 2018.",
    "G. Carlsson, T. Ishkhanov, V. de Silva, A. Zomorodian: On the local behavior of spaces of natural images, 2008.",
    "V. de Silva, G. Carlsson: Topological estimation using witness complexes, 2004.",
    "V. de Silva, D. Morozov, M. Vejdemo-Johansson: Persistent cohomology and circular coordinates, 2011.",
    "J. Perea: Sparse circular coordinates via principal Z-bundles, 2020.",
    "G. Singh, F. Mémoli, G. Carlsson: Topological methods for the analysis of high dimensional data sets and 3D "
    "object recognition, 2007.",
)
ABOUT_FILTERS = ("filter_space", "filter_training")
_HASHES = re.compile(r"'sha256-[A-Za-z0-9+/=]+'")  # a frame inherits our policy: what its own allows, ours must
_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def html_of(data: dict[str, Any], explorer: str = "") -> str:
    """The page of a report's JSON: the same JSON gives the same page.

    Args:
        data: The JSON.
        explorer: An exported page of the explorer, shown in a frame; empty: none.

    Raises:
        ValueError: If the JSON is no report of a known schema version.
    """
    data = checked(data)
    script = resources.files("topolens.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    findings = data["findings"]
    about_filters = [finding["name"] in ABOUT_FILTERS for finding in findings]
    alike = len({finding["name"] for finding in findings}) == 1
    return (
        _environment()
        .get_template("report.html")
        .render(
            version=data["topolens"],
            provenance=data["provenance"],
            findings=[section(finding) for finding in findings],
            verdicts=Counter(finding["verdict"] for finding in findings if alike or all(about_filters)).most_common(),
            lead=lead(findings),
            has_filters=not findings or any(about_filters),
            only_filters=all(about_filters),
            script=script,
            allowed=" ".join([f"'sha256-{digest}'", *_HASHES.findall(explorer.partition("</head>")[0])]),
            embedded=embedded(data),
            explorer=explorer,
            default_references=REFERENCES,
        )
    )


def embedded(data: Mapping[str, Any]) -> str:
    """JSON that can stand inside a script element: nothing in it can end the element or start a comment."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return "".join(_UNSAFE.get(character, character) for character in text)


def section(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding with its pictures drawn, the hero apart."""
    name = f"{finding['subject']}: "
    figures = {key: Figure(**item) for key, item in finding["figures"].items()}
    pictures = {key: picture(name + figure.caption, figure) for key, figure in figures.items()}
    pictures |= {key: picture(name + item["caption"], Series(**item)) for key, item in finding["series"].items()}
    diagrams = {key: diagrams_picture(f"{name}{key}", items) for key, items in finding["diagrams"].items()}
    kinds = [
        item["interval_kind"] for item in finding["numbers"].values() if item["interval"] and item["interval_kind"]
    ]
    heroes = [key for key, figure in figures.items() if figure.kind == HERO]
    return {
        **finding,
        **titles(finding),
        "hero": [pictures.pop(key) for key in heroes],
        "pictures": list(pictures.values()),
        "drawn_diagrams": diagrams,
        "interval_kinds": [kind for kind in dict.fromkeys(kinds) if kind],
    }


def titles(finding: Mapping[str, Any]) -> dict[str, str]:
    """What stands over a finding: its subject, or the analysis itself where that looks at the network as a whole."""
    name = finding["name"].replace("_", " ")
    if finding["subject"] in ("model", "layers"):
        return {"title": name, "kicker": finding["subject"]}
    return {"title": finding["subject"], "kicker": name}


def picture(title: str, value: Figure | Series) -> dict[str, str]:
    """Markup, kind and caption of a figure or a series."""
    from topolens.plots import curves, draw

    def drawn() -> Any:
        return draw(value) if isinstance(value, Figure) else curves(value)

    kind = value.kind if isinstance(value, Figure) else "curves"
    if isinstance(value, Series) and not set(value.bands) - set(value.curves):
        kind = "bare_curves"  # without the band of a null
    return {"kind": kind, "caption": value.caption, "svg": _svg(drawn, title)}


def diagrams_picture(title: str, items: list[list[dict[str, Any]]]) -> str:
    """Markup of one diagram, the bars of all items of its batch together."""
    from topolens.plots import diagram

    bars = [[bar["dim"], bar["birth"], bar["death"]] for item in items for bar in item if bar["birth"] is not None]
    return _svg(lambda: diagram(bars), f"{title}: birth against death of {len(bars)} bars")


def _svg(drawn: Callable[[], Any], title: str) -> str:
    """SVG markup; a picture that cannot be drawn must not cost the reader the page, so it becomes a sentence."""
    from markupsafe import Markup, escape

    from topolens.plots import svg

    try:
        return Markup(svg(drawn(), title))
    except Exception as error:
        log.warning("picture left out (%s): %s", title, error, exc_info=True)
        return Markup("<p class='undrawn'>{}</p>").format(escape(f"This picture could not be drawn: {error}"))


def lead(findings: list[dict[str, Any]]) -> dict[str, Any]:
    """The number that stands for each finding in the summary, `top_bar` where it is, and what they have in common."""
    is_loop = all("top_bar" in finding["numbers"] for finding in findings if _compared(finding["numbers"]))
    rows = [finding["numbers"].get("top_bar") or _compared(finding["numbers"]) for finding in findings]
    known = [row for row in rows if row]
    ends = [row[key] for row in known for key in ("value", "reference") if row[key] is not None]
    meanings, references = ({row[key] for row in known} for key in ("meaning", "reference_name"))
    mixed = len(meanings) > 1 and not is_loop
    return {
        "rows": rows,
        "mixed": mixed,
        "end": None if mixed else max(ends, default=0.0) or 1.0,  # one scale means nothing to several quantities
        "heading": "Longest loop against its null" if is_loop else "Main number against its reference",
        "short": "longest loop" if is_loop else "main number",
        "legend": meanings.pop() if len(meanings) == 1 else None,
        "legend_reference": references.pop() if len(references) == 1 else None,
    }


def _compared(numbers: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first number that has a reference beside it, apart from counts of what went in."""
    compared = (item for key, item in numbers.items() if item["reference"] is not None and key not in ("n", "core"))
    return next(compared, None)


def number(value: Any, digits: int = 3) -> str:
    """A number as it stands on the page: whole ones grouped by thin spaces, others in three significant digits."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    if value == round(value) or abs(value) >= 10**digits:
        text = f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    else:
        text = f"{value:#.{digits}g}" if abs(value) >= 1e-3 else f"{value:.{digits - 1}e}"
    return text.rstrip(".").replace("-", "\N{MINUS SIGN}")


def interval(ends: list[float | None]) -> str:
    """Both ends of an interval in the same form: whole numbers only if both are."""
    if all(end is None or end == round(end) for end in ends):
        return " to ".join(number(end) for end in ends)
    return " to ".join(number(end) if end is None or end != round(end) else f"{end:.2f}" for end in ends)


def duration(seconds: float) -> str:
    """Seconds as a reader says them."""
    if seconds < 60:
        return f"{number(float(seconds), 2)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"h": hours, "min": minutes, "s": 0 if hours else rest}
    return " ".join(f"{count} {unit}" for unit, count in parts.items() if count)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    out = Environment(
        loader=PackageLoader("topolens.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    out.filters |= {"number": number, "interval": interval, "duration": duration}
    out.globals["tones"] = TONES
    return out
