"""The report of `topolens demo`: trained networks whose filters come with the package, and an ensemble trained now.

The shipped filters are made by `topolens.studies.mnist_filters` and `topolens.studies.cifar_resnet`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from topolens.probes import load_weights
from topolens.report.build import Progress, report, training_report
from topolens.report.report import Report
from topolens.studies.mnist_filters import train_digits

MNIST, DIGITS, CIFAR = "MNIST networks, layer 1", "digits networks, layer 1", "CIFAR-10 residual network"
CIFAR_LAYERS = ("stage2.*", "stage3.*")  # the others have too few filters
CIFAR_K, CIFAR_P = 50, 0.5  # these layers have 512 to 4,096 filters; k = 100 would judge density over a tenth of them


def demo_report(
    networks: int = 48,
    seed: int = 0,
    progress: Progress | None = None,
    shipped: str | Path | None = None,
    digits_steps: int = 600,
) -> Report:
    """One report on two ensembles: curves over training and the last step in full, for each.

    Args:
        networks: Networks to train on scikit-learn's digits, 64 filters each.
        seed: Of the training and of every draw in the analyses.
        progress: Called as (seconds done, predicted seconds in all, what is being done), anew for each part.
        shipped: Another file with the filters of an ensemble over training; default the one in the package.
        digits_steps: Steps of the training on digits.

    Raises:
        FileNotFoundError: The package was built without the shipped filters.

    Cost: a few minutes on two cores.
    """
    steps, accuracy = shipped_filters(shipped)
    mnist = _curves(MNIST, steps, seed, progress)
    with _one_thread():
        tell = _on_step(progress, networks, digits_steps)
        trained, digits_accuracy = train_digits(networks, digits_steps, seed=seed, on_step=tell)
    digits = _curves(DIGITS, trained, seed, progress)
    residual, residual_accuracy = _residual(seed, progress)
    about = {
        "source": "topolens demo: networks trained on MNIST, on scikit-learn digits and on CIFAR-10",
        MNIST: _about(steps, accuracy),
        DIGITS: _about(trained, digits_accuracy),
        CIFAR: {"architecture": "ResNet-20", "test accuracy": residual_accuracy},
    }
    checkpoints = {MNIST: mnist.provenance["checkpoints"], DIGITS: digits.provenance["checkpoints"]}
    parts = (mnist, digits, residual)
    findings = tuple(finding for part in parts for finding in part.findings)
    return Report(findings, {**_joined([part.provenance for part in parts], about), "checkpoints": checkpoints})


def _shipped(name: str, path: str | Path | None = None) -> dict[str, Tensor]:
    """The tensors of a file that comes with the package, or of another one."""
    with resources.as_file(resources.files("topolens.studies").joinpath(name)) as file:
        return load_weights(path or file)


def shipped_filters(path: str | Path | None = None) -> tuple[dict[int, Tensor], Tensor]:
    """The shipped filters by training step, each (networks, filters, 1, 3, 3), and the networks' test accuracies.

    Raises:
        FileNotFoundError: The package was built without them.
    """
    tensors = _shipped("mnist_filters.safetensors", path)
    found = {name: re.fullmatch(r"step_(\d+)", name) for name in tensors}
    return {int(match[1]): tensors[name] for name, match in found.items() if match}, tensors["accuracy"]


def _curves(subject: str, steps: Mapping[int, Tensor], seed: int, progress: Progress | None) -> Report:
    """Curves over training and the last step in full; the filters of all networks are one cloud."""
    checkpoints = {step: {f"{subject}.weight": filters.flatten(0, 1)} for step, filters in steps.items()}
    return training_report(checkpoints, seed=seed, progress=progress)


def _residual(seed: int, progress: Progress | None) -> tuple[Report, float]:
    """The later stages of the residual network beside its untrained self, and its test accuracy."""
    tensors = _shipped("cifar_resnet.safetensors")
    trained: dict[str, Tensor] = {}
    twin: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(".weight"):
            side = twin if name.startswith("untrained.") else trained
            side[f"{CIFAR}, {name.removeprefix('untrained.')}"] = tensor
    layers = [f"{CIFAR}, {pattern}" for pattern in CIFAR_LAYERS]
    result = report(trained, layers=layers, k=CIFAR_K, p=CIFAR_P, seed=seed, twin=twin, progress=progress)
    return result, float(tensors["accuracy"])


@contextmanager
def _one_thread() -> Iterator[None]:
    """These tensors are so small that a second thread gains little, and costs tenfold where the machine is shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _on_step(progress: Progress | None, networks: int, steps: int) -> Callable[[int], None]:
    start = time.perf_counter()

    def tell(step: int) -> None:
        if progress is not None:
            seconds = time.perf_counter() - start
            progress(seconds, seconds * steps / step, f"training {networks} networks on digits")

    return tell


def _about(steps: Mapping[int, Tensor], accuracy: Tensor) -> dict[str, Any]:
    last = max(steps)
    return {
        "networks": len(steps[last]),
        "filters": steps[last].shape[:2].numel(),
        "training steps": last,
        "mean test accuracy": float(accuracy.float().mean()),
    }


def _joined(parts: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance of the one report made of several."""
    summed = {name: sum(part["model"][name] for part in parts) for name in ("parameters", "layers")}
    predicted = sum(part["budget"]["predicted"] for part in parts)
    return {
        **parts[-1],
        "model": {**about, **summed},
        "budget": {**parts[-1]["budget"], "predicted": predicted},
        "seconds": sum(part["seconds"] for part in parts),
    }
