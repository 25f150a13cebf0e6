"""Whether a network does its task on the samples at hand, and how much of it does anything at all."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from scipy import stats
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost

QUESTION = "Does the network do its task on these samples?"
VERDICTS = LEARNED, CHANCE, UNKNOWN = "learned", "at chance", "not defined"
DEAD, STILL = "dead", "constant"
CARD = MethodCard(
    definition="Share of samples whose largest output is their label, with Clopper and Pearson's interval, against "
    "always the most frequent label; neurons that are 0 (dead) or the same (constant) on all samples.",
    source="The use of confidence or fiducial limits illustrated in the case of the binomial, 1934.",
    neuron_permutation="unchanged",
    relu_rescaling="unchanged",
    verdicts=VERDICTS,
    caveats=(
        "Accuracy is that on these samples: if the network was trained on them it says nothing of others.",
        "Outputs must be scores of classes in the order of the labels; samples must be prepared as in training.",
        "A network that never learned may lie above the most frequent label by luck of its random features.",
        "A neuron that is dead on these samples may live on others.",
    ),
)


def model_summary(
    activations: Mapping[str, Tensor], outputs: Tensor | None, labels: Tensor | None, *, subject: str = "model"
) -> Finding:
    """Accuracy against always the most frequent label, and the neurons that never move.

    Args:
        activations: Layer to its activations, shape (samples, neurons).
        outputs: Scores of the classes, shape (samples, classes), where the network gives some.
        labels: Class of each sample, shape (samples,), from 0 on.
        subject: What to call the network.

    Returns:
        A Finding "model_summary" with one of the verdicts `learned` (the interval lies above the share of the most
        frequent label), `at chance`, `not defined` (no labels, or outputs that are no scores of classes, or NaN).

    Raises:
        ValueError: If there are no layers, or numbers of samples differ.

    Cost: a pass over the activations.
    Source: "The use of confidence or fiducial limits illustrated in the case of the binomial", 1934, for the interval.
    """
    if not activations:
        raise ValueError("activations must hold a layer at least; record some first")
    counts = {name: len(x) for name, x in activations.items()} | ({} if labels is None else {"labels": len(labels)})
    if len(set(counts.values())) > 1:
        raise ValueError(f"all must hold the same samples, got {counts}")
    with Cost() as cost:
        rows = [_row(name, x) for name, x in activations.items()]
        numbers, verdict, why = _accuracy(outputs, labels)
    neurons, dead, still = (sum(counts) for counts in zip(*(row[1:4] for row in rows), strict=True))
    idle = (dead + still) / max(neurons, 1)
    numbers["idle"] = Number(idle, "share of neurons that are dead or constant on all samples")
    bad = [name for name, x in activations.items() if not bool(torch.isfinite(x).all())]
    told = f"{dead + still:,} of {neurons:,} neurons do not move on any of {next(iter(counts.values())):,} samples."
    return Finding(
        name="model_summary",
        subject=subject,
        question=QUESTION,
        answer=f"{why} {told}",
        verdict=verdict,
        numbers=numbers,
        tables={
            "layers": Table("Layers and their idle neurons", ("layer", "neurons", DEAD, STILL, "largest"), tuple(rows))
        },
        warnings=tuple(f"{name} has activations that are NaN or infinite." for name in bad),
        provenance=cost.provenance(0, (next(iter(counts.values())), neurons), {}),
    )


def _row(name: str, x: Tensor) -> tuple[str, int, int, int, float]:
    low, high = x.amin(0), x.amax(0)
    dead = (low == 0) & (high == 0)
    return name, x.shape[1], int(dead.sum()), int(((low == high) & ~dead).sum()), round(float(x.abs().amax()), 4)


def _accuracy(outputs: Tensor | None, labels: Tensor | None) -> tuple[dict[str, Number], str, str]:
    """Numbers, verdict and a sentence."""
    if labels is None:
        return {}, UNKNOWN, "There are no labels, so nothing can be said of accuracy."
    if outputs is None or outputs.ndim != 2 or outputs.shape[1] <= int(labels.max()) or outputs.shape[1] < 2:
        largest = int(labels.max())
        what = "Outputs" if outputs is None else f"Outputs of shape {tuple(outputs.shape)}"
        return {}, UNKNOWN, f"{what} are no scores of {largest + 1} classes, as labels up to {largest} need."
    if not bool(torch.isfinite(outputs).all()):
        broken = int((~torch.isfinite(outputs)).any(1).sum())
        return {}, UNKNOWN, f"The network gives NaN or infinite scores for {broken:,} of {len(outputs):,} samples."
    right, n = int((outputs.argmax(1) == labels).sum()), len(labels)
    found = stats.binomtest(right, n).proportion_ci(0.95)
    common = float(labels.bincount().max()) / n
    number = Number(
        right / n, "accuracy", (float(found.low), float(found.high)), "95 %, Clopper and Pearson", common,
        "always the most frequent label",
    )  # fmt: skip
    rate = f"{right / n:.3f} of {n:,} samples ({found.low:.3f} to {found.high:.3f})"
    why = f"It is right on {rate}, where always the most frequent label gives {common:.3f}."
    return {"accuracy": number}, LEARNED if found.low > common else CHANCE, why
