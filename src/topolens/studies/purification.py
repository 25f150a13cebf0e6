"""All runs of the purification study: networks trained, then attacked, each kept as a small file.

A killed study goes on where it was: a network is one file, and so is one attack on one model of one seed.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from topolens.runs.kept import kept, moved_there
from topolens.runs.side_by_side import Progress, each, side_by_side
from topolens.studies.attacks import (
    BPDA,
    CW,
    EOT,
    EOT_BPDA,
    EPSILONS,
    FGSM,
    LARGE,
    LENGTHS,
    LONG_PGD,
    NOISE,
    PGD,
    Effort,
    attacked,
    flat,
    right,
)
from topolens.studies.images import Images, read_images
from topolens.studies.purifiers import (
    Autoencoder,
    Averaged,
    Noisy,
    StraightThrough,
    Training,
    classifier,
    topology,
    trained_autoencoder,
    trained_classifier,
)

Results = Sequence[dict[str, Any]]
BARE, HARDENED = "no purifier", "trained on attacks"
PLAIN, TOPOLOGICAL, MILD = "plain autoencoder", "topological autoencoder", "topological, a tenth of the weight"
STRENGTHS = {PLAIN: 0.0, TOPOLOGICAL: 1.0, MILD: 0.1}
SHAKEN = {f"{PLAIN}, noisy": PLAIN, f"{TOPOLOGICAL}, noisy": TOPOLOGICAL}
NETWORKS = (BARE, HARDENED, *STRENGTHS)
ARMS = (*NETWORKS, *SHAKEN)
CLEAN = "none"
ATTACKS = {
    BARE: (CLEAN, NOISE, FGSM, PGD, LONG_PGD, CW),
    HARDENED: (NOISE, FGSM, PGD, LONG_PGD, CW),
    **dict.fromkeys(STRENGTHS, (NOISE, FGSM, PGD, LONG_PGD, CW, BPDA)),
    **dict.fromkeys(SHAKEN, (NOISE, FGSM, PGD, EOT, EOT_BPDA)),
}
MEASURED = 128


@dataclass(frozen=True)
class Run:
    """One attack on one model of one seed; those on the bare classifier are tried on all purifiers, too."""

    data: str
    seed: int
    arm: str
    attack: str


def part_of(path: str, images: int, test_images: int) -> Images:
    """The images that the study uses, the same for all seeds and arms."""
    return _images(path, images, test_images)


@lru_cache(maxsize=4)
def _images(path: str, images: int, test_images: int) -> Images:
    data = read_images(path)
    if min(data.train.shape[2:]) < 4:
        raise ValueError(f"images of {path} must be at least 4x4 for two poolings, got {tuple(data.train.shape[2:])}")
    generator = torch.Generator().manual_seed(0)
    rows = torch.randperm(len(data.train), generator=generator)[: images or None]
    tests = torch.randperm(len(data.test), generator=generator)[: test_images or None]
    parts = data.train[rows], data.train_labels[rows], data.test[tests], data.test_labels[tests]
    return Images(data.name, *parts)


def trained(path: str, name: str, seed: int, training: Training, work: Path) -> nn.Module:
    """A network of a seed, trained, or read from its file in `work`."""
    data = part_of(path, training.images, 1)
    place = _network_place(path, name, seed, training, work)
    if place.exists():
        shape = tuple(data.train.shape[1:])
        model: nn.Module = Autoencoder(shape) if name in STRENGTHS else classifier(shape, data.classes)
        model.load_state_dict(load_file(place))
        return model.eval()
    torch.set_num_threads(1)
    start = time.perf_counter()
    if name in STRENGTHS:
        model = trained_autoencoder(data, training, training.strength * STRENGTHS[name], seed)
    else:
        model = trained_classifier(data, training, seed, harden=name == HARDENED)
    seconds = time.perf_counter() - start
    with moved_there(place) as part:
        save_file(model.state_dict(), part, metadata={"seconds": f"{seconds:.3f}"})
    return model


def _network_place(path: str, name: str, seed: int, training: Training, work: Path) -> Path:
    """The file of a network: its name tells the images themselves, the network and how it was trained."""
    data = part_of(path, training.images, 1)
    words = hashlib.sha256(json.dumps([name, seed, asdict(training)], sort_keys=True).encode())
    return work / f"{_named([data.train, data.train_labels], words)}.safetensors"


def _named(tensors: Sequence[Tensor], words: Any) -> str:
    for tensor in tensors:
        words.update(tensor.numpy().tobytes())
    return str(words.hexdigest()[:24])


def purifier(path: str, arm: str, seed: int, training: Training, work: Path) -> nn.Module:
    """What stands before the classifier in an arm."""
    if arm in (BARE, HARDENED):
        return nn.Identity()
    model = trained(path, SHAKEN.get(arm, arm), seed, training, work)
    if arm in SHAKEN:
        assert isinstance(model, Autoencoder)
        return Noisy(model).eval()
    return model


def defended(path: str, arm: str, seed: int, training: Training, work: Path) -> nn.Sequential:
    """Purifier and classifier of an arm, as they are used."""
    judge = trained(path, HARDENED if arm == HARDENED else BARE, seed, training, work)
    return nn.Sequential(purifier(path, arm, seed, training, work), judge).eval()


def believed(model: nn.Sequential, attack: str, draws: int) -> nn.Module:
    """What the attacker takes gradients of."""
    if attack in (BPDA, EOT_BPDA):
        model = nn.Sequential(StraightThrough(model[0]), model[1])
    return (Averaged(model, draws) if attack in (EOT, EOT_BPDA) else model).eval()


def measured(run: Run, training: Training, effort: Effort, work: Path) -> dict[str, Any]:
    """What an attack does; one that was made before is read from its file in `work`."""
    data = part_of(run.data, training.images, effort.test_images)
    place = _place(run, training, effort, work)
    return kept(place, lambda: _attacked(run, data, training, effort, work))


def _attacked(run: Run, data: Images, training: Training, effort: Effort, work: Path) -> dict[str, Any]:
    torch.set_num_threads(1)
    start = time.perf_counter()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int.from_bytes(hashlib.sha256(json.dumps(asdict(run)).encode()).digest()[:6], "big"))
        result = asdict(run) | {"data": data.name, **_measure(run, data, training, effort, work)}
    return result | {"seconds": time.perf_counter() - start}


def _place(run: Run, training: Training, effort: Effort, work: Path) -> Path:
    """The file of a run: its name tells the images themselves, the run and how it was made."""
    data = part_of(run.data, training.images, effort.test_images)
    told = [asdict(run) | {"data": data.name}, asdict(training), asdict(effort)]
    words = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    return work / f"{_named([data.train_labels, data.test, data.test_labels], words)}.json"


def _measure(run: Run, data: Images, training: Training, effort: Effort, work: Path) -> dict[str, Any]:
    x, y = data.test, data.test_labels
    arms = [arm for arm in ARMS if arm != HARDENED] if run.arm == BARE and run.attack != LONG_PGD else [run.arm]
    if run.attack == CLEAN:
        arms = list(ARMS)
    models = {arm: defended(run.data, arm, run.seed, training, work) for arm in arms}
    if run.attack == CLEAN:
        rows = [_row(arm, 0.0, right(model, x, y, arm in SHAKEN)) for arm, model in models.items()]
        networks = {arm: _described(models[arm][0], data) for arm in STRENGTHS}
        return {"rows": rows, "flat": None, "networks": networks, "classes": data.classes}
    target = believed(models[run.arm], run.attack, effort.draws)
    rows = []
    for size in sizes(run):
        found = attacked(target, x, y, run.attack, size, effort)
        length = (found - x).flatten(1).norm(dim=1)
        for arm, model in models.items():
            hit = right(model, found, y, arm in SHAKEN)
            if run.attack != CW:
                rows.append(_row(arm, size, hit))
                continue
            untouched = right(model, x, y, arm in SHAKEN)
            rows += [_row(arm, limit, torch.where(length <= limit, hit, untouched)) for limit in LENGTHS]
    return {"rows": rows, "flat": flat(target, x, y) if run.attack in (PGD, BPDA) else None, "networks": {}}


def sizes(run: Run) -> tuple[float, ...]:
    """The sizes at which a run attacks; C&W is once and without bound, and read at several lengths."""
    if run.attack == CW:
        return (math.inf,)
    if run.attack == LONG_PGD:
        return EPSILONS[1:2]
    return (*EPSILONS, LARGE) if run.attack == PGD else EPSILONS


def _row(arm: str, size: float, rights: Tensor) -> dict[str, Any]:
    return {"arm": arm, "size": None if math.isinf(size) else size, "right": [round(v, 3) for v in rights.tolist()]}


def _described(model: nn.Module, data: Images) -> dict[str, float]:
    """Size, error and topology of an autoencoder on test images; the topological loss at its best scale."""
    assert isinstance(model, Autoencoder)
    images = data.test[:MEASURED]
    with torch.no_grad():
        codes = model.encoder(images)
        error = float(functional.mse_loss(model.decoder(codes), images))
        # The largest distances of images are near a half of what they could be.
        unit = torch.cdist(codes, codes).max() / 0.5
        losses = [float(topology(images, codes, unit * factor)) for factor in torch.logspace(-1, 1, 101)]
    return {"parameters": sum(p.numel() for p in model.parameters()), "error": error, "topology": min(losses)}


def runs(data: Sequence[str], seeds: range) -> list[Run]:
    """All runs of the study, those of one seed together."""
    return [
        Run(path, seed, arm, attack)
        for seed in seeds
        for path in data
        for arm, attacks in ATTACKS.items()
        for attack in attacks
    ]


def _passes(run: Run, effort: Effort) -> float:
    """Roughly how many passes over the test images a run takes."""
    descent = 4 * effort.steps * effort.restarts
    known = {CLEAN: 10, NOISE: 6, FGSM: 6, PGD: descent, LONG_PGD: 1.25 * descent, CW: effort.search * effort.descent}
    known |= {BPDA: 0.75 * descent, EOT: 0.75 * descent * effort.draws, EOT_BPDA: 0.75 * descent * effort.draws}
    return known[run.attack] * (1 if run.arm in (BARE, HARDENED) else 3)


def results(
    data: Sequence[str],
    training: Training,
    effort: Effort,
    seeds: range,
    work: Path,
    workers: int,
    progress: Progress | None,
) -> tuple[list[dict[str, Any]], float]:
    """The results of all runs, in their order, and the seconds all took, on `workers` processes of one thread each.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a file is no data set of images, or they are smaller than 4x4.
    """
    for path in data:
        part_of(path, training.images, effort.test_images)  # a bad file stops the study here, not in a worker
    work.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    networks = [(path, name, seed) for seed in seeds for path in data for name in NETWORKS]
    made = each(_train, [(*network, training, work) for network in networks], workers)
    took = 0.0
    for done, ((path, name, seed), own) in enumerate(zip(networks, made, strict=True), 1):
        took += own
        if progress is not None:  # attacks take about as long as training, or longer
            seconds = time.perf_counter() - start
            progress(seconds, 2 * seconds * len(networks) / done, f"{Path(path).stem}, {name}, seed {seed}, training")
    todo = runs(data, seeds)
    costs = [0.0 if _place(run, training, effort, work).exists() else _passes(run, effort) for run in todo]
    arguments = [(run, training, effort, work) for run in todo]
    found = side_by_side(measured, arguments, workers, progress, _name, costs)
    return found, took + sum(result["seconds"] for result in found)


def _name(run: Run, *_: object) -> str:
    return f"{Path(run.data).stem}, {run.arm}, seed {run.seed}, {run.attack}"


def _train(path: str, name: str, seed: int, training: Training, work: Path) -> float:
    """Trains a network, if that is not done, and says how many seconds it took."""
    trained(path, name, seed, training, work)
    with safe_open(_network_place(path, name, seed, training, work), "pt") as file:
        return float(file.metadata()["seconds"])


def values(found: Results, arm: str, attack: str, size: float | None, by: str | None = None) -> np.ndarray:
    """How often the arm is right, of shape (seeds, images), under an attack on the arm `by`, itself if None."""
    return np.array([
        row["right"]
        for result in sorted(found, key=lambda result: result["seed"])
        if result["attack"] == attack and result["arm"] == (by or arm)
        for row in result["rows"]
        if row["arm"] == arm and row["size"] == (None if size == float("inf") else size)
    ])  # fmt: skip


def worst(found: Results, arm: str, size: float) -> np.ndarray:
    """How often the arm is right under the attack that is worst for the image, (seeds, images), all attacks looked at.

    The attacker who knows the purifier may also use what was found without it.
    """
    own = {result["attack"] for result in found if result["arm"] == arm} - {CLEAN, CW}
    kinds = [values(found, arm, attack, size) for attack in sorted(own)]
    if arm != HARDENED:
        kinds += [values(found, arm, attack, size, BARE) for attack in (NOISE, FGSM, PGD)]
    kinds.append(values(found, arm, CLEAN, 0.0, BARE))
    return np.min([kind for kind in kinds if kind.size], axis=0)
