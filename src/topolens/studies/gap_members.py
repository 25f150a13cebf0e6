"""All numbers of each member of a zoo, kept under the content they are made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topolens.measures.dimension import enough, tree_dimension
from topolens.measures.neural_persistence import neural_persistence
from topolens.measures.trajectory import lifetime_sum, loss_distance, magnitude
from topolens.probes import weight_matrices
from topolens.runs.kept import kept
from topolens.runs.shared import Shared, shared
from topolens.runs.side_by_side import Progress, side_by_side
from topolens.studies.gap_features import Protocol, as_lists, controls
from topolens.studies.gap_references import reference_rows
from topolens.studies.grid_networks import GridNetwork, network
from topolens.studies.grid_zoo import Trained, load_member, place_of
from topolens.studies.images import Images

FORMAT = "topolens.gap/1"
MOMENTS, WATCHED, RATE = 256, 500, 0.01  # steps of going on after training, images judged at each, rate of descent


def measured_zoo(
    folder: Path,
    found: Sequence[Trained],
    data: Images,
    protocol: Protocol,
    *,
    cache: Path,
    workers: int = 1,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Of each member: `outcome`, `references`, `contestants`, and `features` by where and name.

    Args:
        folder: The zoo's.
        found: Its members.
        data: The images it was trained on.
        protocol: How neurons are looked at.
        cache: Where results are kept, one file per member, named after the weights, the images and the protocol.
        workers: Processes.
        progress: Called with seconds, all seconds expected, and what was done.
    """
    cache.mkdir(parents=True, exist_ok=True)
    costs = [float(each.member.depth * each.member.width) ** 2 for each in found]
    with shared(data, cache, workers) as images:
        arguments = [(folder, each, images, protocol, cache) for each in found]
        return side_by_side(measured, arguments, workers, progress, lambda _, each, *__: each.member.name, costs)


def measured(folder: Path, each: Trained, images: Shared[Images], protocol: Protocol, cache: Path) -> dict[str, Any]:
    """The same of one member; read where it was made before."""
    data = images.get()
    told = hashlib.sha256(place_of(folder, each.member).read_bytes())
    told.update(json.dumps([FORMAT, data.name, len(data.train), asdict(protocol)]).encode())
    return kept(cache / f"{told.hexdigest()[:24]}.json", lambda: _measured(folder, each, data, protocol))


def _measured(folder: Path, each: Trained, data: Images, protocol: Protocol) -> dict[str, Any]:
    torch.set_num_threads(1)
    shape, classes = data.train.shape[1:], data.classes
    model, first = load_member(folder, each.member, shape, classes), network(each.member, shape, classes)
    images, labels = data.train[: protocol.samples], data.train_labels[: protocol.samples]
    rows = reference_rows(each.member, model, each.outcome, images, labels, protocol.seed)
    return {
        "member": asdict(each.member),
        "outcome": each.outcome,
        "references": {name: values.tolist() for name, values in rows.items()},
        "contestants": {name: [value] for name, value in contestants(model, data, protocol.seed).items()},
        "features": as_lists(controls(model, first.eval(), data.train, protocol)),
    }


def contestants(model: GridNetwork, data: Images, seed: int = 0) -> dict[str, float]:
    """Other topological numbers that were said to tell the gap.

    Those of the trajectory are of `MOMENTS` steps of descent from the trained weights on, with the distance that the
    losses of `WATCHED` images see: PH dimension, lifetimes' sum (alpha = 1) and positive magnitude.

    Args:
        model: The trained network; it is left as it was.
        data: The images of the grid.
        seed: Of the batches and of the dimension's subsamples.

    Source: "Neural persistence", 2019; "Intrinsic dimension, persistent homology and generalization in neural
        networks", 2021; "Topological generalization bounds for discrete-time stochastic optimization algorithms", 2024.
    """
    distances = loss_distance(_losses(model, data, seed))
    try:
        dimension = tree_dimension(enough(distances), 1.0, None, 5, seed).value
    except ValueError:  # a network that no longer moves
        dimension = 0.0
    return {
        "neural persistence": float(np.nan_to_num(neural_persistence(weight_matrices(model)).mean)),
        "PH dimension of the trajectory": dimension if np.isfinite(dimension) else 0.0,
        "lifetimes of the trajectory": lifetime_sum(distances),
        # The last digits of a linear solver depend on where its memory lies: they are no part of the number.
        "magnitude of the trajectory": float(f"{magnitude(distances, len(data.train) ** 0.5):.8g}"),
    }


def _losses(model: GridNetwork, data: Images, seed: int) -> Tensor:
    """Loss of each watched image at each step, shape (moments, images)."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    generator = torch.Generator().manual_seed(seed)
    descent = torch.optim.SGD(model.parameters(), lr=RATE)
    found = []
    for _ in range(MOMENTS):
        rows = torch.randint(len(data.train), (64,), generator=generator)
        descent.zero_grad()
        nn.functional.cross_entropy(model(data.train[rows]), data.train_labels[rows]).backward()
        descent.step()
        with torch.no_grad():
            scores = model(data.train[:WATCHED])
            found.append(nn.functional.cross_entropy(scores, data.train_labels[:WATCHED], reduction="none"))
    model.load_state_dict(before)
    model.zero_grad()
    return torch.stack(found)
