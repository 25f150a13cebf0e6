"""Writes docs/vgg19.md and its pictures from the report on the first convolutions of VGG19.

    topolens report VGG19.npz -o vgg19-report
    python docs/vgg19_page.py vgg19-report

VGG19.npz holds conv1_1.weight to conv3_1.weight of a VGG19 trained on ImageNet, each (out, in, 3, 3).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from topolens import Report
from topolens.analyses import Finding
from topolens.plots import draw

DOCS = Path(__file__).parent
SHOWN = {
    "conv2_1": ("filters_along_circle", "nulls", "orientation", "mapper", "sweep"),
    "conv1_2": ("filters_along_circle",),
    "conv2_2": ("filters_along_circle", "barcode"),
    "conv3_1": ("barcode",),
}
NUMBERS = (
    "top_bar",
    "second_bar",
    "null_max",
    "untrained_max",
    "covariance_max",
    "b1",
    "occupancy_entropy",
    "largest_gap_degrees",
    "orientation_correlation",
    "nerve_b1",
    "patch_angle",
)
HEAD = """# The filters of VGG19

What `topolens report` says of the first convolutions of a VGG19 trained on ImageNet, with the default settings
(density core rho(100, 0.3), lazy witness filtration with nu = 1 on 100 landmarks, 20 Gaussian nulls,
5 untrained twins). Gabrielsson and Carlsson reported in 2018, from Mapper graphs of VGG16 and without nulls, that the circle of rotating
edges dominates in most layers. With nulls and a test of occupancy the layers differ.

The weights are the "normalised" ones used in style transfer: every 3 x 3 slice keeps its shape, its norm differs from
the original network's, which normalised filters do not see. This page is made by `docs/vgg19_page.py` from one run.
"""


def cell(value: object) -> str:
    """A number for a table."""
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def number_rows(finding: Finding) -> list[str]:
    """One table row for each of the numbers shown."""
    rows = []
    for name in NUMBERS:
        number = finding.numbers.get(name)
        if number is None:
            continue
        low_high = " to ".join(cell(end) for end in number.interval) if number.interval else ""
        reference = f"{cell(number.reference)} ({number.reference_name})" if number.reference is not None else ""
        rows.append(f"| {number.meaning} | {cell(number.value)} | {low_high} | {reference} |")
    return rows


def section(finding: Finding) -> list[str]:
    """The page's section on one layer."""
    lines = [f"## {finding.subject}: {finding.verdict}", "", finding.answer, ""]
    if finding.verdict != "too few filters":
        lines += ["| quantity | value | interval | reference |", "|---|---|---|---|", *number_rows(finding), ""]
    lines += [f"*Note: {warning}*\n" for warning in finding.warnings]
    for name in SHOWN.get(finding.subject, ()):
        picture = f"pictures/vgg19_{finding.subject}_{'circle' if name == 'filters_along_circle' else name}.png"
        draw(finding.figures[name]).savefig(DOCS / picture, dpi=110, bbox_inches="tight", facecolor="white")
        caption = finding.figures[name].caption
        lines += [f"![{caption}]({picture})", "", f"*{caption}*", ""]
    return [*lines, f"Seconds: {finding.provenance['seconds']:.0f}. Seed: {finding.provenance['seed']}.", ""]


def main() -> None:
    """Runs the report and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=Path, help="folder that `topolens report` wrote")
    result = Report.load(parser.parse_args().report)
    (DOCS / "pictures").mkdir(exist_ok=True)
    body = [line for finding in result.findings for line in section(finding)]
    (DOCS / "vgg19.md").write_text("\n".join([HEAD, *body]), encoding="utf-8")


if __name__ == "__main__":
    main()
