"""Writes docs/studies/NAME.md with its pictures from the report of `topolens reproduce NAME`.

    topolens reproduce edges -o edges-report
    python docs/study_pages.py edges-report

Everything on such a page comes from report.json: its protocol, the findings' answers, numbers, curves and tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from result_pages import DOCS, cell, picture, table

from topolens import Report
from topolens.analyses import Finding
from topolens.plots import curves, draw

LEFT_OUT = {"intervals"}  # tables that the curves show as bands; report.json has them


def page(report: Report) -> list[str]:
    """The page on one study."""
    made, study = report.provenance, report.provenance["study"]
    used = ", ".join(f"{name} {version}" for name, version in made["versions"].items() if name != "platform")
    lines = [f"# {study['title']}", "", f"After {study['paper']}", ""]
    lines += [
        f"This page is made by `docs/study_pages.py` from one run of `{made['command']}` (seed {made['seed']}, "
        f"{made['seconds']:.0f} seconds, {used}).",
        "",
    ]
    lines += table(("question", "verdict"), [(f"[{f.subject}](#{anchor(f)})", f.verdict) for f in report.findings])
    lines += [f"*Note: {warning}*\n" for warning in made.get("warnings", ())]
    for finding in report.findings:
        lines += section(study["name"], finding)
    lines += ["## Protocol", "", *(f"- {sentence}" for sentence in study["protocol"]), ""]
    return [*lines, "## References", "", *(f"- {reference}" for reference in made["references"]), ""]


def anchor(finding: Finding) -> str:
    """What the page's heading is linked by."""
    kept = "".join(letter for letter in finding.subject.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def section(study: str, finding: Finding) -> list[str]:
    """The page's section on one finding."""
    lines = [f"## {finding.subject}", "", f"**{finding.verdict}.** {finding.answer}", "", *numbers(finding)]
    lines += [f"*Note: {warning}*\n" for warning in finding.warnings]
    for name, shown in pictures(finding):
        place = f"{study}_{anchor(finding)}_{name}".replace("-", "_")
        lines += [line.replace("](pictures/", "](../pictures/") for line in picture(place, *shown)]
    for name, rows in finding.tables.items():
        lines += [] if name in LEFT_OUT else [rows.caption, "", *table(rows.columns, rows.rows)]
    return lines


def pictures(finding: Finding) -> Iterator[tuple[str, tuple[str, object]]]:
    """Name, caption and drawing of each figure and curve."""
    for name, figure in finding.figures.items():
        yield name, (figure.caption, draw(figure))
    for name, series in finding.series.items():
        yield name, (series.caption, curves(series))


def numbers(finding: Finding) -> list[str]:
    """All numbers, each beside its reference."""
    rows = []
    for number in finding.numbers.values():
        ends = " to ".join(cell(end) for end in number.interval) if number.interval else ""
        reference = f"{cell(number.reference)} ({number.reference_name})" if number.reference is not None else ""
        rows.append((number.meaning, number.value, ends, reference))
    return table(("quantity", "value", "95 % interval", "reference"), rows) if rows else []


def main() -> None:
    """Writes the page of each report given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", type=Path, nargs="+", help="folders of reports of studies")
    for place in parser.parse_args().reports:
        report = Report.load(place)
        target = DOCS / "studies" / f"{report.provenance['study']['name']}.md"
        target.parent.mkdir(exist_ok=True)
        (DOCS / "pictures").mkdir(exist_ok=True)
        target.write_text("\n".join(page(report)), encoding="utf-8")


if __name__ == "__main__":
    main()
