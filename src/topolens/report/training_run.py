"""A training run from its checkpoints: the curves of a watch, and the path of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.probes import parameter_path, record
from topolens.report.watch import MOST, Watch


def training_of(checkpoints: Mapping[int, nn.Module], data: Any, samples: int, seed: int) -> Finding:
    """The Finding "training" of a watch that was called at each checkpoint.

    Raises:
        ValueError: If there are fewer than two checkpoints.
    """
    watch = Watch(data, samples=min(samples, MOST), seed=seed)
    for step in _steps(checkpoints):
        watch(step, checkpoints[step])
    return watch.finding()


def trajectory_of(checkpoints: Mapping[int, nn.Module], data: Any, samples: int, seed: int) -> Finding:
    """The Finding "trajectory" of the weights, and of the losses of samples where there are labels and scores.

    Raises:
        ValueError: If there are fewer than two checkpoints, or their parameters differ.
    """
    models = [checkpoints[step] for step in _steps(checkpoints)]
    losses = [_losses(model, data, min(samples, MOST)) for model in models]
    known = [loss for loss in losses if loss is not None]
    return analyses.trajectory(
        parameter_path(models), torch.stack(known) if len(known) == len(models) else None, seed=seed
    )


def _steps(checkpoints: Mapping[int, nn.Module]) -> list[int]:
    if len(checkpoints) < 2:
        raise ValueError(f"two checkpoints of one training run are needed, got {len(checkpoints)}")
    return sorted(checkpoints)


def _losses(model: nn.Module, data: Any, samples: int) -> Tensor | None:
    """Cross-entropy of each sample; None without labels, scores of classes, or finite ones."""
    found = record(model, data, [""], samples=samples)
    x, labels = found.outputs, found.labels
    if x is None or labels is None or x.ndim != 2 or x.shape[1] <= max(1, int(labels.max())):
        return None
    losses = cross_entropy(x, labels, reduction="none").double()
    return losses if bool(torch.isfinite(losses).all()) else None
