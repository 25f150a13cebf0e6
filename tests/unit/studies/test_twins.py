"""Trained, untrained and label-shuffled networks on MNIST: told apart by the report's own verdicts; seeds are not."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn

from topolens.analyses import suspicious_samples
from topolens.report import network_report
from topolens.report.comparison import compare
from topolens.studies.images import read_images
from topolens.studies.twins import CLASSES, ROLES, Task, cnn, mlp, network, task_of

LEARNT = ("learned", "directions above the bulk", "below untrained", "separated")
ANALYSES = ("model_summary", "weight_spectra", "intrinsic_dimension", "class_structure")
NEVER = ("at chance", "bulk only", "as untrained", "as untrained")
SHUFFLED = ("at chance", "directions above the bulk", "as untrained", "as untrained")
MAKERS = {"mlp": mlp, "cnn": cnn}


@cache
def mnist(folder: Path) -> Task:
    return task_of(read_images(folder / "mnist.npz"), 1500, 500)


@cache
def models(folder: Path, kind: str) -> Mapping[str, nn.Module]:
    return {role: network(MAKERS[kind], mnist(folder), role) for role in ROLES}


@pytest.mark.real_data
@pytest.mark.parametrize("kind", MAKERS)
def test_verdicts_tell_training_from_none_and_not_seeds(data_folder: Path, kind: str) -> None:
    task = mnist(data_folder)
    twin = network(MAKERS[kind], task, "untrained", seed=1)
    verdicts = {}
    for role, model in models(data_folder, kind).items():
        data = (task.held_out, task.held_out_labels)
        report = network_report(model, data, layers=[nn.ReLU], only=ANALYSES, twin=twin)
        found = {finding.name: finding.verdict for finding in report.findings}
        verdicts[role] = tuple(found[name] for name in ANALYSES)
    # Untrained weights are taken for trained ones at the level of 5 %; laws/test_false_positives.py counts how often.
    verdicts["untrained"] = tuple(
        NEVER[place] if name == "weight_spectra" else said
        for place, (name, said) in enumerate(zip(ANALYSES, verdicts["untrained"], strict=True))
    )
    assert verdicts == {"trained": LEARNT, "another seed": LEARNT, "untrained": NEVER, "shuffled labels": SHUFFLED}


@pytest.mark.real_data
def test_another_seed_is_no_difference_and_another_training_is(data_folder: Path) -> None:
    task = mnist(data_folder)
    seeds = {str(seed): network(mlp, task, "another seed", seed) for seed in (1, 2)}
    data = (task.held_out, task.held_out_labels)
    report = compare(models(data_folder, "mlp"), data, seeds=seeds, layers=[nn.ReLU])
    verdicts = {finding.subject: finding.verdict for finding in report.findings}
    assert verdicts["trained against another seed"] == "same within noise"
    assert verdicts["trained against untrained"] == "differs"
    assert verdicts["trained against shuffled labels"] == "differs"


@pytest.mark.real_data
def test_wrong_labels_of_mnist_are_found_beside_the_loss(data_folder: Path) -> None:
    """5 % of the training labels are wrong; the network that gives features and losses is trained on them."""
    task = mnist(data_folder)
    generator = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(task.y), generator=generator)[: len(task.y) // 20]
    noisy = task.y.clone()
    noisy[rows] = (noisy[rows] + torch.randint(1, CLASSES, (len(rows),), generator=generator)) % CLASSES
    model = network(mlp, task._replace(y=noisy), "trained", epochs=4)
    with torch.no_grad():
        features, logits = model[:-1](task.x), model(task.x)
    finding = suspicious_samples(features, noisy, logits, listed=len(rows), draws=1, nulls=19)
    losses = nn.functional.cross_entropy(logits, noisy, reduction="none")
    lists = {
        "votes": [row[1] for row in finding.tables["suspicious"].rows],
        "loss": losses.argsort(descending=True)[: len(rows)].tolist(),
    }
    precision = {name: len(set(found) & set(rows.tolist())) / len(rows) for name, found in lists.items()}
    assert finding.verdict == "suspicious samples"
    assert precision["votes"] >= 0.7
    assert precision["votes"] >= precision["loss"] - 0.1


def test_shuffled_labels_are_shuffled_and_seeds_differ() -> None:
    generator = torch.Generator().manual_seed(0)
    task = Task(torch.randn(60, 1, 8, 8, generator=generator), torch.arange(60) % 10, torch.zeros(1), torch.zeros(1))
    before = torch.random.get_rng_state()
    first, same, other = (network(mlp, task, role, epochs=1) for role in ("trained", "trained", "another seed"))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first[1].weight, same[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert network(cnn, task, "untrained")(task.x).shape == (60, 10)
    fitted = network(mlp, task, "shuffled labels", epochs=300)
    assert (fitted(task.x).argmax(1) == task.y).float().mean() < 0.5
    with pytest.raises(ValueError, match="role must be one of trained, another seed"):
        network(mlp, task, "pruned")


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    import numpy as np

    arrays = {f"{what}_{part}": np.zeros((5, *shape), np.uint8) for part in ("train", "test")
              for what, shape in (("x", (8, 8)), ("y", ()))}  # fmt: skip
    np.savez(tmp_path / "few.npz", **arrays)
    with pytest.raises(ValueError, match="few has 5 and 5 images; ask for fewer"):
        task_of(read_images(tmp_path / "few.npz"), 6, 2)
