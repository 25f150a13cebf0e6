"""What the purification study says: who withstands which attack, whether topology adds to it, whether attacks bite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from topolens._optional import foolbox
from topolens.analyses.finding import Figure, Finding, Number, Series, Table
from topolens.analyses.provenance import Cost, versions
from topolens.report import Report
from topolens.sampling import holm
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
)
from topolens.studies.crossed_samples import Mean, difference, share
from topolens.studies.images import read_images
from topolens.studies.purification import (
    ARMS,
    BARE,
    CLEAN,
    HARDENED,
    MILD,
    PLAIN,
    SHAKEN,
    STRENGTHS,
    TOPOLOGICAL,
    Progress,
    Results,
    Training,
    defended,
    part_of,
    purifier,
    results,
    values,
    worst,
)
from topolens.studies.purification_masking import chance, masking
from topolens.studies.purification_words import NOTE, PAPER, PUBLISHED, REFERENCES, protocol

NOISY_PLAIN, NOISY_TOPOLOGICAL = SHAKEN
PAIRS = ((TOPOLOGICAL, PLAIN), (MILD, PLAIN), (NOISY_TOPOLOGICAL, NOISY_PLAIN))
BEYOND = "robust beyond a plain autoencoder"
AS_PLAIN = "robust, but no more than a plain autoencoder"
NOTHING = "no robustness of its own"
TOO_WEAK = "attacks too weak to tell"
MORE, ALIKE, LESS = "topology helps", "no difference shown", "topology hurts"
BY_BOTH = "95 % over seeds and images"
QUICK = (
    Training(images=4000, epochs=6),
    Effort(test_images=100, steps=10, restarts=1, draws=4, search=4, descent=40),
)


def purification_study(
    data: Sequence[str | Path],
    *,
    training: Training,
    effort: Effort,
    work: Path,
    seeds: int = 5,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Report:
    """The report of the study on `.npz` files of images; networks and attacks lie in `work` and are not made again.

    Raises:
        FileNotFoundError: If a file does not exist.
        ImportError: foolbox is not installed.
        ValueError: If there is no file, a file is no data set of images, or there are fewer than two seeds.
    """
    if not data:
        raise ValueError("the purification study needs at least one .npz file of images; name it with --data")
    if seeds < 2:
        raise ValueError(f"seeds must be at least 2, so that there is an interval, got {seeds}")
    tool = foolbox()  # what is missing is said now, not after an hour of training
    paths = [str(path) for path in data]
    with Cost() as cost:
        found, seconds = results(paths, training, effort, range(seed, seed + seeds), work, workers, progress)
        pictures = {path: _pictures(path, training, effort, seed, work) for path in paths}
    options = {**training.__dict__, **effort.__dict__, "seeds": seeds}
    made = cost.provenance(seed, (len(found),), options)
    findings = []
    for path in paths:
        own = [row for row in found if row["data"] == Path(path).stem]
        findings += [_knowing(own, pictures[path], made), _unknowing(own, made), masking(own, made)]
    study = {
        "name": "purification",
        "title": "Topological autoencoders as purifiers against adversarial attacks",
        "paper": PAPER,
        "protocol": protocol(training, effort, seeds),
    }
    return Report(
        tuple(findings),
        {
            "study": study,
            "seed": seed,
            "versions": versions() | {"foolbox": tool.__version__},
            "seconds": seconds,  # of networks and attacks read from file, too
            "warnings": _warnings(training, effort, paths),
            "references": REFERENCES,
        },
    )


def _warnings(training: Training, effort: Effort, paths: Sequence[str]) -> list[str]:
    few = [f"trained on {training.images:,} images"] if training.images else []
    few += [f"{effort.test_images:,} test images attacked"] if effort.test_images else []
    told = [f"A part of each data set: {', '.join(few)}."] if few else []
    return [*told, NOTE] if any(Path(path).stem.startswith("mnist") for path in paths) else told


def _knowing(found: Results, picture: Figure, made: dict[str, Any]) -> Finding:
    """What is left of each arm when the attacker knows the purifier, and whether it is more than the plain twin's."""
    name = found[0]["data"]
    left = {arm: [share(worst(found, arm, size)) for size in EPSILONS] for arm in ARMS}
    tests = [(arm, twin, size) for arm, plain in PAIRS for twin in (plain, BARE) for size in EPSILONS]
    means = [difference(worst(found, arm, size), worst(found, twin, size)) for arm, twin, size in tests]
    p_values = holm([mean.p_value for mean in means])
    compared = {key: mean._replace(p_value=p) for key, mean, p in zip(tests, means, p_values, strict=True)}
    weak = [arm for arm in ARMS if share(values(found, arm, PGD, LARGE)).interval[0] > chance(found)]
    sizes = " / ".join(f"{size:g}" for size in EPSILONS)
    told = "; ".join(
        f"{arm} {' / '.join(f'{mean.mean:.3f}' for mean in left[arm])}" for arm in (BARE, PLAIN, TOPOLOGICAL)
    )
    numbers = {
        f"difference_{place}": Number(
            mean.mean, f"accuracy of {arm} minus that of {twin} at {size:g}, worst attack per image", mean.interval,
            BY_BOTH, 0, "no difference", mean.p_value,
        )
        for place, ((arm, twin, size), mean) in enumerate(compared.items(), 1) if arm == TOPOLOGICAL
    }  # fmt: skip
    lost = f" At {LARGE:g} attacks leave more than chance to: {', '.join(weak)}." if weak else ""
    return Finding(
        name="reproduce_purification",
        subject=f"{name}, the attacker knows the purifier",
        question="Does a topological autoencoder before the classifier withstand attacks that go through it?",
        answer=f"Accuracy left by the worst attack at {sizes}: {told}.{lost}",
        verdict=verdict(compared, weak),
        numbers=numbers,
        tables={
            "accuracies": _attacks_table(found, left),
            "lengths": _lengths_table(found, own=True),
            "differences": _differences_table(compared),
            "purifiers": _purifiers_table(found),
        },
        series={"left": _curves(found)},
        figures={"purified": picture},
        references={f"{arm}, {EPSILONS[1]:g}": tuple(worst(found, arm, EPSILONS[1]).mean(1)) for arm in ARMS},
        provenance=made,
    )


def verdict(compared: dict[tuple[str, str, float], Mean], weak: Sequence[str]) -> str:
    """What the differences to the twin and to no purifier say, their p-values being Holm's."""
    if weak:
        return TOO_WEAK
    sure = {key: mean.mean > 0 for key, mean in compared.items() if mean.p_value < 0.05}
    robust = [(arm, plain, size) for arm, plain in PAIRS for size in EPSILONS if sure.get((arm, BARE, size))]
    if not robust:
        return NOTHING
    return BEYOND if any(sure.get(key) for key in robust) else AS_PLAIN


def _attacks_table(found: Results, left: dict[str, list[Mean]]) -> Table:
    """A row for every arm and attack that knows it, a column for every size."""
    rows: list[tuple[Any, ...]] = []
    for arm in ARMS:
        rows.append((arm, CLEAN, share(values(found, arm, CLEAN, 0.0, BARE)).told, *[None] * len(EPSILONS)))
        for attack in (NOISE, FGSM, PGD, BPDA, EOT, EOT_BPDA, LONG_PGD):
            cells = [values(found, arm, attack, size) for size in EPSILONS]
            if any(cell.size for cell in cells):
                rows.append((arm, attack, None, *(share(cell).told if cell.size else None for cell in cells)))
        rows.append((arm, "the worst for each image", None, *(mean.told for mean in left[arm])))
    columns = ("model", "attack", "unattacked", *(f"largest change {size:g}" for size in EPSILONS))
    caption = f"Accuracy under attacks that know the whole model, with its interval ({BY_BOTH})"
    return Table(caption, columns, tuple(rows))


def _lengths_table(found: Results, own: bool) -> Table:
    """C&W by the length it may go; its last column is whatever the length."""
    rows = []
    for arm in ARMS:
        cells = [values(found, arm, CW, size, None if own else BARE) for size in LENGTHS]
        if cells[0].size:
            rows.append((arm, *(share(cell).told for cell in cells)))
    against = "the whole model" if own else "the classifier alone, tried on each purifier"
    columns = ("model", *(f"length {size:g}" for size in LENGTHS[:-1]), _size(LENGTHS[-1]))
    return Table(f"Accuracy under C&W on {against}, by Euclidean length", columns, tuple(rows))


def _differences_table(compared: dict[tuple[str, str, float], Mean]) -> Table:
    rows = [
        (arm, twin, size, round(mean.mean, 4), mean.span, float(f"{mean.p_value:.3g}"))
        for (arm, twin, size), mean in compared.items()
    ]
    columns = ("model", "against", "largest change", "difference", "interval", "p")
    return Table("Difference of accuracy under the worst attack for each image, with Holm's p", columns, tuple(rows))


def _purifiers_table(found: Results) -> Table:
    rows = []
    for arm in STRENGTHS:
        told = [result["networks"][arm] for result in found if result["attack"] == CLEAN]
        error, loss = (float(np.mean([one[name] for one in told])) for name in ("error", "topology"))
        rows.append((arm, told[0]["parameters"], round(error, 5), round(loss, 5)))
    columns = ("purifier", "parameters", "squared error of a pixel", "topological loss at its best scale")
    return Table("The purifiers on unattacked test images, mean over seeds", columns, tuple(rows))


def _curves(found: Results) -> Series:
    """The worst attack for each image at all sizes, and the one size at which nothing can be left."""
    left = {
        arm: [
            share(values(found, arm, CLEAN, 0.0, BARE)),
            *(share(worst(found, arm, size)) for size in EPSILONS),
            share(values(found, arm, PGD, LARGE)),
        ]
        for arm in ARMS
    }
    return Series(
        f"Accuracy under the worst attack for each image; at {LARGE:g} under PGD alone",
        "largest change of a pixel",
        (0.0, *EPSILONS, LARGE),
        {arm: tuple(mean.mean for mean in means) for arm, means in left.items()},
        {arm: tuple(mean.interval for mean in means) for arm, means in left.items()},
    )


def _unknowing(found: Results, made: dict[str, Any]) -> Finding:
    """Attacks made on the classifier alone, tried on each purifier, beside the paper's figures."""
    name = found[0]["data"]
    arms = [arm for arm in ARMS if arm != HARDENED]
    keys = [(attack, size) for attack in (FGSM, PGD) for size in EPSILONS]
    keys += [(CW, size) for size in LENGTHS]
    gains = [
        difference(values(found, TOPOLOGICAL, attack, size, BARE), values(found, PLAIN, attack, size, BARE))
        for attack, size in keys
    ]
    gains = [mean._replace(p_value=p) for mean, p in zip(gains, holm([mean.p_value for mean in gains]), strict=True)]
    signs = {mean.mean > 0 for mean in gains if mean.p_value < 0.05}
    rows = [
        (arm, attack, *(share(values(found, arm, attack, size, BARE)).told for size in EPSILONS))
        for arm in arms
        for attack in (NOISE, FGSM, PGD)
    ]
    bare, plain, shaped = (share(values(found, arm, PGD, EPSILONS[1], BARE)) for arm in (BARE, PLAIN, TOPOLOGICAL))
    tables = {
        "accuracies": Table(
            f"Accuracy under attacks on the classifier alone, with its interval ({BY_BOTH})",
            ("model", "attack", *(f"largest change {size:g}" for size in EPSILONS)),
            tuple(rows),
        ),
        "lengths": _lengths_table(found, own=False),
    }
    if name.startswith("mnist"):
        tables["published"] = _published_table(found)
    return Finding(
        name="reproduce_purification",
        subject=f"{name}, the attacker does not know the purifier",
        question="Does topology help to undo what was made to fool the classifier alone?",
        answer=f"Under PGD on the classifier at {EPSILONS[1]:g}: {BARE} {bare.mean:.3f}, {PLAIN} {plain.mean:.3f}, "
        f"{TOPOLOGICAL} {shaped.mean:.3f}.",
        verdict=ALIKE if len(signs) != 1 else MORE if signs.pop() else LESS,
        numbers={
            f"difference_{place}": Number(
                mean.mean,
                f"accuracy of {TOPOLOGICAL} minus that of {PLAIN}, {attack} on the classifier, {_size(size)}",
                mean.interval, BY_BOTH, 0, "no difference", mean.p_value,
            )
            for place, ((attack, size), mean) in enumerate(zip(keys, gains, strict=True), 1)
        },
        tables=tables,
        provenance=made,
    )  # fmt: skip


def _published_table(found: Results) -> Table:
    """The paper's figures as a note tells them, beside the nearest of ours."""
    rows = []
    for attack, before, after, whole, near, comparable in PUBLISHED:
        ours: list[float | None] = [None] * 3
        if near is not None:
            ours = [round(100 * float(values(found, arm, *near, BARE).mean()), 1) for arm in (BARE, PLAIN, TOPOLOGICAL)]
        rows.append((attack, before, after, whole, *ours, comparable))
    columns = ("attack", "published F1, none", "its topological autoencoder", "its whole pipeline", "our accuracy, "
               "none", "our plain", "our topological", "comparable")  # fmt: skip
    return Table("Published figures for MNIST in %, beside the nearest of ours. " + NOTE, columns, tuple(rows))


def _pictures(path: str, training: Training, effort: Effort, seed: int, work: Path) -> Figure:
    """Three test images, attacked without and with knowledge of the purifier, and what purifiers make of them."""
    data = part_of(path, training.images, effort.test_images)
    x, y = data.test[:3], data.test_labels[:3]
    bare = defended(path, BARE, seed, training, work)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        hidden = attacked(bare, x, y, PGD, EPSILONS[1], effort)
        shown = {"image": x, f"PGD on the classifier, {EPSILONS[1]:g}": hidden}
        for arm in (PLAIN, TOPOLOGICAL):
            through = attacked(defended(path, arm, seed, training, work), x, y, PGD, EPSILONS[1], effort)
            with torch.no_grad():
                cleaner = purifier(path, arm, seed, training, work)
                shown |= {
                    f"back from the {arm}": cleaner(hidden),
                    f"PGD through it, back from the {arm}": cleaner(through),
                }
    pictures = [(255 * images[k].mean(0)).round().int() for k in range(len(x)) for images in shown.values()]
    caption = f"Test images of {read_images(path).name}, attacked and purified, channels averaged"
    return Figure("images", caption, {"images": pictures, "titles": [*shown] * len(x), "columns": len(shown)})


def _size(size: float) -> str:
    return f"{size:g}" if math.isfinite(size) else "any length"
