"""Writes docs/vgg19.md and docs/demo.md with their pictures from the reports behind them.

    topolens report VGG19.npz -o vgg19-report
    topolens demo -o demo-report
    python docs/result_pages.py vgg19-report demo-report

VGG19.npz holds conv1_1.weight to conv3_1.weight of a VGG19 trained on ImageNet, each (out, in, 3, 3).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from topolens import Report
from topolens.analyses import Finding, filter_training
from topolens.plots import curves, draw
from topolens.studies.demo import CIFAR, DIGITS, MNIST, shipped_filters

DOCS = Path(__file__).parent
CIRCLE = "filters_along_circle"
VGG19 = {
    "conv1_2": (CIRCLE,),
    "conv2_1": (CIRCLE, "nulls", "orientation", "mapper", "sweep"),
    "conv2_2": (CIRCLE, "barcode"),
    "conv3_1": ("barcode",),
}
NUMBERS = (
    "top_bar",
    "second_bar",
    "untrained_max",
    "covariance_max",
    "b1",
    "occupancy_entropy",
    "largest_gap_degrees",
    "orientation_correlation",
    "nerve_b1",
    "nerve_b1_first_gap",
    "patch_angle",
)
VGG19_HEAD = """# The filters of VGG19

What `topolens report` says of the first convolutions of a VGG19 trained on ImageNet, with the default settings: density
core rho(100, 0.3), lazy witness filtration with nu = 1 on 100 landmarks, 20 Gaussian nulls, 5 untrained twins.
Gabrielsson and Carlsson reported in 2018, from Mapper graphs of VGG16 and without nulls, that the circle of rotating
edges dominates in most layers. With nulls and a test of occupancy the layers differ.

The weights are the "normalised" ones used in style transfer: every 3 x 3 slice keeps its shape, its norm differs from
the original network's, which normalised filters do not see. This page is made by `docs/result_pages.py` from one run.
"""
DEMO_HEAD = """# What the demo finds

`topolens demo` looks at three kinds of networks that we trained: 102 networks M(64, 32, 64) of Gabrielsson and Carlsson
on MNIST (each at 98.5 % test accuracy or more; 106 were trained, the 4 below were left out, so the accuracies are
slightly optimistic), a small ensemble trained live on scikit-learn's digits, and a ResNet-20 trained on CIFAR-10. This
page is made by `docs/result_pages.py` from one run.

## MNIST: does the primary circle settle?

The paper trains 40,000 steps of 128 images and finds the primary circle in rho(200, 0.3). Ours train 5,000 steps of 16
images (Adam, the last 1,000 at a tenth of the rate), which is all that two CPU cores allowed.

One loop of edges rises within the first 100 steps and stays: five times longer than any null, with no second one. It is
not a `circle` by our rule, since the filters fill it unevenly: in the densest 30 % an arc stays empty; in the denser
half the ring is closed (no gap above 4 degrees) but crowded at the vertical gradients, with an entropy just below the
limit of 0.93, and still rising when training ended.
"""

CIFAR_HEAD = """One network, trained for 12 epochs on a JPEG-compressed copy of CIFAR-10 (test accuracy 84.5 % on the
same copy), seen with rho(50, 0.5) since its layers have 512 to 4,096 filters.
"""


def cell(value: object) -> str:
    """A number for a table."""
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table in Markdown."""
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return [*lines, *(f"| {' | '.join(cell(value) for value in row)} |" for row in rows), ""]


def numbers_table(finding: Finding) -> list[str]:
    """The numbers shown, each beside its reference."""
    rows = []
    for number in (finding.numbers[name] for name in NUMBERS if name in finding.numbers):
        ends = " to ".join(cell(end) for end in number.interval) if number.interval else ""
        reference = f"{cell(number.reference)} ({number.reference_name})" if number.reference is not None else ""
        rows.append((number.meaning, number.value, ends, reference))
    return table(("quantity", "value", "interval", "reference"), rows)


def picture(name: str, caption: str, drawn: object) -> list[str]:
    """Saves a picture and shows it with its caption."""
    path = f"pictures/{name}.png"
    drawn.savefig(DOCS / path, dpi=110, bbox_inches="tight", facecolor="white")  # type: ignore[attr-defined]
    return [f"![{caption}]({path})", "", f"*{caption}*", ""]


def section(finding: Finding, page: str, shown: Sequence[str]) -> list[str]:
    """The page's section on one layer."""
    lines = [f"## {finding.subject}: {finding.verdict}", "", finding.answer, ""]
    lines += numbers_table(finding) if finding.verdict != "too few filters" else []
    lines += [f"*Note: {warning}*\n" for warning in finding.warnings]
    for name in shown:
        figure = finding.figures[name]
        short = "circle" if name == CIRCLE else name
        lines += picture(f"{page}_{finding.subject.split(', ')[-1]}_{short}", figure.caption, draw(figure))
    return [*lines, f"Seconds: {finding.provenance['seconds']:.0f}. Seed: {finding.provenance['seed']}.", ""]


def course(finding: Finding, name: str) -> list[str]:
    """The curve of a training run and its table."""
    rows = finding.tables["checkpoints"]
    lines = [f"**{finding.verdict}.** {finding.answer}", ""]
    lines += picture(name, finding.series["bars"].caption, curves(finding.series["bars"]))
    return [*lines, *table(rows.columns, rows.rows)]


def demo_page(found: Mapping[tuple[str, str], Finding]) -> list[str]:
    """The page on the demo's networks."""
    mnist, digits = found["filter_training", MNIST], found["filter_training", DIGITS]
    steps, _ = shipped_filters()
    dense = filter_training({step: filters.flatten(0, 1) for step, filters in steps.items()}, k=200, p=0.5)
    lines = [DEMO_HEAD, "With the default core rho(100, 0.3):", "", *course(mnist, "mnist_training")]
    lines += picture("mnist_circle", *_circle(found["filter_space", MNIST]))
    lines += ["With the larger core rho(200, 0.5), half of the filters:", "", *course(dense, "mnist_training_half")]
    last = list(dense.figures.values())[-1]
    lines += picture("mnist_circle_half", last.caption, draw(last))
    lines += ["## Digits, trained live", "", *course(digits, "digits_training")]
    residual = [f for (name, subject), f in found.items() if name == "filter_space" and subject.startswith(CIFAR)]
    names = ("top_bar", "second_bar", "null_max", "occupancy_entropy", "largest_gap_degrees", "orientation_correlation")
    rows = [
        (f.subject.split(", ")[-1], f.verdict, *(f.numbers[n].value if n in f.numbers else None for n in names))
        for f in residual
    ]
    lines += ["## CIFAR-10: the later stages of a ResNet-20", "", CIFAR_HEAD]
    lines += table(("layer", "verdict", "longest bar", "second", "longest null", "entropy", "gap", "orientation"), rows)
    best = max(residual, key=lambda f: f.numbers["top_bar"].value if "top_bar" in f.numbers else 0.0)
    return [*lines, *picture("cifar_circle", *_circle(best))]


def _circle(finding: Finding) -> tuple[str, object]:
    figure = finding.figures[CIRCLE]
    return f"{finding.subject}: {finding.verdict}. {figure.caption}", draw(figure)


def main() -> None:
    """Writes both pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vgg19", type=Path, help="folder of the report on VGG19")
    parser.add_argument("demo", type=Path, help="folder of the demo's report")
    options = parser.parse_args()
    (DOCS / "pictures").mkdir(exist_ok=True)
    body = [line for f in Report.load(options.vgg19).findings for line in section(f, "vgg19", VGG19.get(f.subject, ()))]
    (DOCS / "vgg19.md").write_text("\n".join([VGG19_HEAD, *body]), encoding="utf-8")
    found = {(finding.name, finding.subject): finding for finding in Report.load(options.demo).findings}
    (DOCS / "demo.md").write_text("\n".join(demo_page(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
