"""The report of `topolens demo`: networks trained on MNIST, whose filters come with the package, and some trained now.

The shipped filters are made by `topolens.studies.mnist_filters`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from topolens.probes import load_weights
from topolens.report.build import Progress, training_report
from topolens.report.report import Report
from topolens.studies.mnist_filters import train_digits

MNIST, DIGITS = "MNIST networks, layer 1", "digits networks, layer 1"


def demo_report(
    networks: int = 24,
    seed: int = 0,
    progress: Progress | None = None,
    shipped: str | Path | None = None,
    digits_steps: int = 2000,
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
    about = {
        "source": "topolens demo: networks trained on MNIST and on scikit-learn digits",
        MNIST: _about(steps, accuracy),
        DIGITS: _about(trained, digits_accuracy),
    }
    return Report((*mnist.findings, *digits.findings), _joined(mnist.provenance, digits.provenance, about))


def shipped_filters(path: str | Path | None = None) -> tuple[dict[int, Tensor], Tensor]:
    """The shipped filters by training step, each (networks, filters, 1, 3, 3), and the networks' test accuracies.

    Raises:
        FileNotFoundError: The package was built without them.
    """
    place = resources.files("topolens.studies").joinpath("mnist_filters.safetensors")
    with resources.as_file(place) as file:
        tensors = load_weights(path or file)
    found = {name: re.fullmatch(r"step_(\d+)", name) for name in tensors}
    return {int(match[1]): tensors[name] for name, match in found.items() if match}, tensors["accuracy"]


def _curves(subject: str, steps: Mapping[int, Tensor], seed: int, progress: Progress | None) -> Report:
    """Curves over training and the last step in full; the filters of all networks are one cloud."""
    checkpoints = {step: {f"{subject}.weight": filters.flatten(0, 1)} for step, filters in steps.items()}
    return training_report(checkpoints, seed=seed, progress=progress)


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


def _joined(one: Mapping[str, Any], two: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    """The provenance of the one report made of two."""
    return {
        **two,
        "model": {
            **about,
            "parameters": one["model"]["parameters"] + two["model"]["parameters"],
            "layers": one["model"]["layers"] + two["model"]["layers"],
        },
        "checkpoints": {MNIST: one["checkpoints"], DIGITS: two["checkpoints"]},
        "budget": {**two["budget"], "predicted": one["budget"]["predicted"] + two["budget"]["predicted"]},
        "seconds": one["seconds"] + two["seconds"],
    }
