"""Writes docs/twins.md: what a report says of trained networks, untrained ones and such fitted to shuffled labels.

python docs/twins_page.py mnist.npz cifar10.npz
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from result_pages import DOCS, table
from torch import nn

from topolens.report import network_report
from topolens.report.comparison import compare
from topolens.studies.images import read_images
from topolens.studies.twins import ROLES, Task, cnn, mlp, network, task_of

TRAIN, HELD_OUT = 1500, 1000
INTRODUCTION = f"""# Twins

What a report says of a network that was trained, of one from another seed, of one that never was, and of one that was
fitted to shuffled labels, all on the same {HELD_OUT:,} held-out samples with their right labels, beside an untrained
twin. Networks were trained on {TRAIN:,} samples to 99.5 % of their labels. `model_difference` holds each network
against the trained one, beside two more seeds of it. An analysis tells training from none where its column `trained`
differs from the last two. Made by `docs/twins_page.py`; the networks are in `topolens.studies.twins`.
"""
READING = """## What can be told

- By themselves `model_summary`, `weight_spectra`, `class_structure` and `model_difference` tell trained from untrained
  networks; `weight_spectra` looks at no data, so it cannot tell shuffled labels from right ones.
- `intrinsic_dimension` does beside an untrained twin, where the network generalises well; the shape of its profile is
  that of the architecture. A network that hardly generalises stays as untrained.
- `class_topology` cannot on such data: classes of images in many dimensions have no features at its scale.
- The others describe a network and are not meant to tell whether it was trained.
"""


def main(paths: list[str]) -> None:
    """Train all networks, report on them, and write the page."""
    lines = [INTRODUCTION]
    for path in paths:
        images = read_images(path)
        task = task_of(images, TRAIN, HELD_OUT)
        for make, name in ((mlp, "perceptron"), (cnn, "convolutional network")):
            lines += [f"## {images.name}, {name}", "", *table(("analysis", *ROLES), _verdicts(make, task))]
    (DOCS / "twins.md").write_text("\n".join([*lines, READING]).rstrip() + "\n", encoding="utf-8")


def _verdicts(make: Callable[[Task], nn.Module], task: Task) -> list[tuple[str, ...]]:
    data = (task.held_out, task.held_out_labels)
    models = {role: network(make, task, role) for role in ROLES}
    twin = network(make, task, "untrained", seed=1)
    reports = [network_report(model, data, samples=HELD_OUT, twin=twin).findings for model in models.values()]
    rows = [(same[0].name, *(finding.verdict for finding in same)) for same in zip(*reports, strict=True)]
    seeds = {str(seed): network(make, task, "another seed", seed) for seed in (1, 2)}
    compared = compare(models, data, seeds=seeds, samples=HELD_OUT).findings
    differences = [finding.verdict for finding in compared if finding.name == "model_difference"]
    return [*rows, ("model_difference", "", *differences)]


if __name__ == "__main__":
    main(sys.argv[1:])
