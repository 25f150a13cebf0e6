"""Writes docs/twins.md: what a report says of trained networks, untrained ones and such fitted to shuffled labels.

Keras's .npz files; 42 networks are trained or drawn, and 24 reports made, in some eight minutes on one core.

python docs/twins_page.py fashion_mnist.npz mnist.npz cifar10.npz
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from result_pages import DOCS, table
from torch import nn

from topolens.analyses import Finding
from topolens.report import network_report
from topolens.report.comparison import compare
from topolens.studies.images import read_images
from topolens.studies.twins import ROLES, Task, cnn, mlp, network, task_of

TRAIN, HELD_OUT = 1500, 500
SEED = 70  # far from those that are used elsewhere
COLUMNS = ("analysis", "two seeds agree", "told from untrained", "told from shuffled labels")
INTRODUCTION = f"""# Twins

Do the verdicts of a report tell a trained network from one that never was trained, and from one that was fitted to
shuffled labels? For each data set and architecture below there is one network of each kind and a second trained one
from another seed. All were reported on with the defaults of `network_report`, on the same {HELD_OUT} held-out samples
with their right labels and beside an untrained twin of yet another seed. Networks were trained on {TRAIN:,} samples to
99.5 % of their labels.

Seeds are {SEED} to {SEED + 2}, of the samples drawn and of the networks; the tests have 0 to 2. The limit 0.8 of
`intrinsic_dimension` was set on other untrained networks on MNIST and CIFAR-10, with seeds that are not on record;
Fashion-MNIST had no part in it. {HELD_OUT} samples are few: `class_topology` needs
blocks of 60 of one class, and is not defined. Made by `docs/twins_page.py`; the networks are in
`topolens.studies.twins`.

## What tells

Counted over pairs of data set and architecture: the two trained networks have the same verdict; the untrained network
has one that neither of them has; so has the one fitted to shuffled labels. `model_difference` holds the first trained
network against the other three, beside two more seeds of it: it should call the first `same within noise` and the
others `differs`.
"""
READING = """## What can be told

These are 12 trained, 6 untrained and 6 label-shuffled networks, with one draw of samples per data set: enough to see
that a verdict fails, not for a rate.

- `model_summary` alone tells both in every case; it looks at the labels.
- On MNIST and Fashion-MNIST, where the networks are right on 82 to 92 % of held-out samples, `intrinsic_dimension` and
  `class_structure` tell both beside an untrained twin, in all four pairs, and `model_difference` does beside two seeds.
  The least that shuffled labels come to is 0.83 of the twin's dimension, near the limit of 0.8.
- On CIFAR-10, where they are right on 35 to 41 %, neither does: `class_structure` calls all four trained networks as
  untrained (that one of the shuffled is not even separated is no sign of training), `intrinsic_dimension` three of
  them, and two seeds of the convolutional network differently (0.74 and 0.83). `model_difference` calls
  shuffled labels the same within noise, since the seeds lie as far apart.
- `weight_spectra` and `weight_topology` look at no data: they tell fitted weights from drawn ones in five pairs of six
  each, and never right labels from shuffled ones. On the perceptron for CIFAR-10 `weight_spectra` calls the untrained
  network trained, an error of the kind that its level of 5 % allows, and `weight_topology` misses the trained ones.
- No other analysis tells training by its verdict, nor is meant to. Where `information_plane` and `decision_boundary`
  set an untrained network apart they do so in two pairs of six. `layer_similarity`, `neuron_redundancy`,
  `suspicious_samples` and `trust` change with the seed as well; why the last two set shuffled labels apart in four
  pairs of six was not looked into. `neuron_correlations` says the same of all 24.
- `suspicious_samples` has such samples for 9 of the 12 trained networks, though the labels are those of the data set:
  a list to look at, not a count of wrong labels.
- `class_topology` has nothing to say here. With 1,000 samples or more it does have blocks, and its card says what it
  found in them: no features.
"""
Verdicts = Mapping[str, tuple[str, ...]]  # analysis to its verdict on each role


def main(paths: list[str]) -> None:
    """Train all networks, report on them, and write the page."""
    found = {}
    for path in paths:
        images = read_images(path)
        task = task_of(images, TRAIN, HELD_OUT, SEED)
        for make, name in ((mlp, "perceptron"), (cnn, "convolutional network")):
            found[f"{images.name}, {name}"] = verdicts(make, task)
    (DOCS / "twins.md").write_text(page(found), encoding="utf-8")


def page(found: Mapping[str, Verdicts]) -> str:
    """The page on the verdicts of every data set and architecture."""
    lines = [INTRODUCTION, *table(COLUMNS, told(list(found.values()))), READING]
    for name, rows in found.items():
        lines += [
            f"## {name}",
            "",
            *table(("analysis", *ROLES), [(analysis, *said) for analysis, said in rows.items()]),
        ]
    return "\n".join(lines).rstrip() + "\n"


def told(found: list[Verdicts]) -> list[tuple[object, ...]]:
    """Of each analysis: how often two seeds agree, and both differ from the untrained and from the shuffled network."""
    rows = []
    for name in found[0]:
        trained, another, *others = zip(*(_words(rows[name]) for rows in found), strict=True)
        if name == "model_difference":
            counts = [another.count("same within noise"), *(other.count("differs") for other in others)]
        else:
            agree = [a == b for a, b in zip(trained, another, strict=True)]
            apart = [[c not in both for c, *both in zip(other, trained, another, strict=True)] for other in others]
            counts = [sum(agree), *map(sum, apart)]
        rows.append((name, *(f"{count} of {len(found)}" for count in counts)))
    return rows


def _words(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(verdict.split(" (")[0] for verdict in said)


def verdicts(make: Callable[[Task], nn.Module], task: Task) -> Verdicts:
    """What reports on one network of each role say, analysis by analysis."""
    data = (task.held_out, task.held_out_labels)
    models = {role: network(make, task, role, SEED) for role in ROLES}
    twin = network(make, task, "untrained", SEED + 1)
    reports = [network_report(model, data, samples=HELD_OUT, twin=twin).findings for model in models.values()]
    rows = {same[0].name: tuple(map(_said, same)) for same in zip(*reports, strict=True)}
    seeds = {str(seed): network(make, task, "another seed", seed) for seed in (SEED + 1, SEED + 2)}
    compared = compare(models, data, seeds=seeds, samples=HELD_OUT).findings
    return {**rows, "model_difference": ("", *(one.verdict for one in compared if one.name == "model_difference"))}


def _said(finding: Finding) -> str:
    """The verdict, with the number it rests on where that says how near it was."""
    number = {"model_summary": "accuracy", "intrinsic_dimension": "to_untrained"}.get(finding.name, "")
    return finding.verdict + (f" ({finding.numbers[number].value:.2f})" if number in finding.numbers else "")


if __name__ == "__main__":
    main(sys.argv[1:])
