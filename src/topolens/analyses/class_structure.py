"""Whether the classes lie apart in each layer, and whether they have collapsed to the corners of a simplex."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from torch import Tensor

from topolens.analyses.class_layers import LEVEL, ClassLayer, class_layer, verdict_of
from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_inputs import check_labels, check_layers, check_untrained, drawn_samples, layer_warnings
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.sampling import Interval, holm

QUESTION = "Do the classes lie apart in each layer, and have they collapsed?"
VERDICTS = ("collapsed", "separated", "as untrained", "not separated", "not defined")
FEWEST = 5  # samples of a class: with fewer its spread is a guess
INTERVAL = "95 % by subsampling"

CARD = MethodCard(
    definition="For each layer: the share of edges of the minimum spanning tree of the samples that join two classes, "
    "against shuffled labels (Friedman and Rafsky), corrected by Holm over layers; neural collapse NC1 to NC4; the "
    "persistent class gap. Separated: p at most 0.05. Collapsed: NC1 at most 0.1 with its whole interval and at most "
    "a tenth of that of shuffled labels, both NC2 at most 0.2. With an untrained twin, separated also asks for a share "
    "of edges below 0.7 of the twin's with the whole interval; else it is as untrained. The verdict is that of the "
    "last layer.",
    source="Multivariate generalizations of the Wald-Wolfowitz and Smirnov two-sample tests, 1979; Prevalence of "
    "neural collapse during the terminal phase of deep learning training, 2020, section 3. Ours are the class gap, the "
    "limits and the references.",
    neuron_permutation="unchanged",
    relu_rescaling="NC1 is unchanged where class means span all features, and changes otherwise, as do NC2, distances "
    "and the spanning tree; p-values stay valid, since labels are shuffled on the same distances",
    verdicts=VERDICTS,
    caveats=(
        "Raw data are often separated too: only the untrained twin tells what training has added.",
        "NC1 is small by itself where features outnumber samples: read it beside that of shuffled labels.",
        "NC1 of logits differs by powers of ten between untrained networks; it takes no part in `as untrained`.",
        "Where the untrained twin has next to no edges between classes, only collapse can be told from it.",
        "Networks that hardly generalise stay as untrained on held-out samples, as four on CIFAR-10 did that were "
        "right on 35 to 41 % of them.",
        "NC1 of few samples per class is below that of many.",
        "Scales at which classes merge and the class gap are ruled by single samples.",
    ),
)


def class_structure(
    activations: Mapping[str, Tensor],
    labels: Tensor | None,
    seed: int = 0,
    *,
    subject: str = "model",
    samples: int = 500,
    permutations: int = 999,
    draws: int = 20,
    predictions: Tensor | None = None,
    weight: Tensor | None = None,
    untrained: Mapping[str, Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """How the classes lie in each layer: separation in the spanning tree, neural collapse, persistent class gap.

    Args:
        activations: Layer to its activations, shape (samples, features), in order, as `probes.record` gives them.
        labels: Class of each sample, shape (samples,), whole numbers; None where there are none.
        seed: Of the samples that are taken, the shuffles and the subsamples.
        subject: Name of the network, for the text.
        samples: At most so many are looked at, the same of each layer.
        permutations: Shuffles of the labels.
        draws: Subsamples for each interval, at least 2.
        predictions: What the network says of each sample, shape (samples,); gives NC4.
        weight: Of the linear classifier on the last layer, shape (classes, features); gives NC3 there.
        untrained: Activations of the network before training, for the same samples.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "class_structure" with the verdict of the last layer in which something is defined: `collapsed`,
        `separated`, `as untrained` (apart, but no more than in the untrained twin), `not separated`, or `not defined`
        (no labels, fewer than two classes of 5 samples, or class means that do not differ).

    Raises:
        TypeError: If activations are no mapping, or no floating-point tensors.
        ValueError: If there is no layer, a shape is wrong, something is NaN or infinite, layers differ in their
            samples, or `untrained` lacks a layer.

    Cost: for each layer distances of n samples, O(n^2 features), and draws spanning trees; twice with a twin.
    Source: "Multivariate generalizations of the Wald-Wolfowitz and Smirnov two-sample tests", 1979; "Prevalence of
        neural collapse during the terminal phase of deep learning training", 2020, section 3.
    """
    count = check_layers("activations", activations)
    check_untrained(untrained, activations, count)
    found: list[ClassLayer] = []
    warnings: list[str] = []
    with Cost() as cost:
        rows, warnings = _usable(labels, count, samples, seed)
        if labels is not None and len(rows):
            kept, last = labels.detach().cpu()[rows], list(activations)[-1]
            said = None if predictions is None else _checked_predictions(predictions, count)[rows]
            for index, (name, x) in enumerate(activations.items()):
                rest: dict[str, Any] = {"permutations": permutations, "draws": draws, "seed": seed}
                rest["weight"] = weight if name == last else None
                rest["twin"] = None if untrained is None else untrained[name][rows]
                if bool((x[rows] == x[rows[:1]]).all()):
                    warnings.append(f"{name} was left out: it is constant.")
                else:
                    found.append(class_layer(name, x[rows], kept, predictions=said, **rest))
                if progress is not None:
                    progress((index + 1) / len(activations))
    parameters = {"samples": samples, "permutations": permutations, "draws": draws, "layers": list(activations)}
    provenance = cost.provenance(seed, (len(rows), *(x.shape[1] for x in activations.values())), parameters)
    if not found:
        reason = warnings[0] if len(rows) == 0 else "all layers are constant."
        return Finding("class_structure", subject, QUESTION, f"Not defined: {reason}", "not defined",
                       warnings=tuple(warnings), provenance=provenance)  # fmt: skip
    p_values = holm([layer.separation.p_value for layer in found])
    verdicts = [verdict_of(layer, p) for layer, p in zip(found, p_values, strict=True)]
    if len(found) / (1 + permutations) > LEVEL:
        warnings.append(f"{permutations} permutations cannot separate {len(found)} layers: take more.")
    warnings += layer_warnings({layer.name: activations[layer.name][rows] for layer in found}, 0, seed)
    return Finding(
        name="class_structure",
        subject=subject,
        question=QUESTION,
        answer=_answer(verdicts, found[-1], p_values[-1]),
        verdict=verdicts[-1],
        numbers=_numbers(verdicts, found[-1], p_values[-1]),
        tables=_tables(found, verdicts, p_values),
        series=_profiles(found, list(activations)),
        references={f"{layer.name}: NC1 of shuffled labels": layer.nc1_shuffled for layer in found},
        warnings=tuple(warnings),
        provenance=provenance,
    )


def _usable(labels: Tensor | None, count: int, samples: int, seed: int) -> tuple[Tensor, list[str]]:
    """Rows of the samples in classes that have enough of them, and why others, or all, are not."""
    none = torch.zeros(0, dtype=torch.int64)
    if labels is None:
        return none, ["there are no labels."]
    place, rows = check_labels(labels, count), drawn_samples(count, samples, seed)
    counts = place[rows].bincount(minlength=int(place.max()) + 1 if count else 0)
    kept = rows[counts[place[rows]] >= FEWEST]
    classes = int((counts >= FEWEST).sum())
    if classes < 2:
        return none, [f"two classes of {FEWEST} samples are needed, got {classes}."]
    if len(kept) < len(rows):
        small = int(((counts > 0) & (counts < FEWEST)).sum())
        return kept, [f"{small} classes of fewer than {FEWEST} samples were left out."]
    return kept, []


def _checked_predictions(predictions: Tensor, count: int) -> Tensor:
    check_labels(predictions, count)
    return predictions.detach().cpu()


def _answer(verdicts: list[str], last: ClassLayer, p_value: float) -> str:
    s, c = last.separation, last.collapse
    head = {
        "collapsed": "The classes have collapsed",
        "separated": "The classes lie apart",
        "as untrained": "The classes lie apart, but no more than in the untrained network,",
        "not separated": "The classes do not lie apart",
    }[verdicts[-1]]
    twin = f" ({last.untrained[0]:.2g} untrained)" if last.untrained else ""
    apart = sum(verdict in ("collapsed", "separated") for verdict in verdicts)
    return (
        f"{head} in {last.name}: {100 * s.between:.1f} % of the edges of its spanning tree join two classes, "
        f"{100 * s.expected:.1f} % with shuffled labels (p = {p_value:.3g}), NC1 is {c.nc1:.2g}{twin}; "
        f"{apart} of {len(verdicts)} layers are separated or collapsed."
    )


def _numbers(verdicts: list[str], last: ClassLayer, p_value: float) -> dict[str, Number]:
    s, c = last.separation, last.collapse
    shuffled = median(last.nc1_shuffled)
    classes = len(s.connects)
    numbers = {
        "nc1": Number(c.nc1, "NC1: variability within classes against that between", _ends(last.nc1), INTERVAL,
                      shuffled, f"median of {len(last.nc1_shuffled)} shuffles of the labels"),
        "nc2_norm": Number(c.nc2_norm, "NC2: variation of the distances of class means from their centre, 0 is even"),
        "nc2_angle": Number(c.nc2_angle, "NC2: distance of the cosines between class means from those of a simplex"),
        "nc3": Number(c.nc3, "NC3: squared distance of the classifier from the class means"),
        "nc4": Number(last.nc4, "NC4: share of samples predicted otherwise than by the nearest class mean"),
        "between": Number(s.between, "share of edges of the spanning tree between classes", _ends(last.between),
                          INTERVAL, s.expected, "shuffled labels", p_value),
        "z": Number(s.z, "the same in standard deviations over shuffles", reference=0,
                    reference_name="shuffled labels"),
        "isolated": Number(float((s.connects < s.apart).double().mean()),
                           "share of classes that are one component before they touch another"),
        "class_gap": Number(last.gap.gap, "persistent class gap, without labels", reference=1,
                            reference_name="no gap"),
        "clusters": Number(last.gap.clusters, "clusters by the largest gap between merges, without labels",
                           reference=classes, reference_name="classes"),
        "layers_apart": Number(sum(v in ("collapsed", "separated") for v in verdicts),
                               "layers that are separated or collapsed", reference=len(verdicts),
                               reference_name="layers"),
    }  # fmt: skip
    if last.nc1_ratio is not None and last.between_ratio is not None:
        for name, ratio in (("nc1", last.nc1_ratio), ("between", last.between_ratio)):
            numbers[f"{name}_to_untrained"] = Number(
                ratio.value, f"{name} over that of the untrained twin", _ends(ratio), INTERVAL, 1, "as untrained"
            )
    return {name: n for name, n in numbers.items() if n.value is not None and not math.isnan(n.value)}


def _tables(found: list[ClassLayer], verdicts: list[str], p_values: list[float]) -> dict[str, Table]:
    columns = ("layer", "verdict", "between", "shuffled", "z", "p", "NC1", "NC1 low", "NC1 high", "NC1 shuffled",
               "NC2 norms", "NC2 angles", "NC3", "NC4", "class gap", "clusters", "first merge", "last merge",
               "widest class", "NC1 untrained", "between untrained")  # fmt: skip
    rows = tuple(
        (one.name, verdict, one.separation.between, one.separation.expected, one.separation.z, p, one.collapse.nc1,
         one.nc1.low, one.nc1.high, median(one.nc1_shuffled), one.collapse.nc2_norm, one.collapse.nc2_angle,
         one.collapse.nc3, one.nc4, one.gap.gap, one.gap.clusters, float(one.separation.merges[0]),
         float(one.separation.merges[-1]), float(one.separation.connects.max()), *(one.untrained or (None, None)))
        for one, verdict, p in zip(found, verdicts, p_values, strict=True)
    )  # fmt: skip
    return {"layers": Table("Classes in each layer; p corrected by Holm over layers", columns, rows)}


def _profiles(found: list[ClassLayer], names: list[str]) -> dict[str, Series]:
    x = tuple(float(names.index(layer.name)) for layer in found)
    between: dict[str, tuple[float | None, ...]] = {
        "edges between classes": tuple(layer.separation.between for layer in found),
        "shuffled labels": tuple(layer.separation.expected for layer in found),
    }
    nc1: dict[str, tuple[float | None, ...]] = {
        "NC1": tuple(layer.collapse.nc1 for layer in found),
        "shuffled labels": tuple(median(layer.nc1_shuffled) for layer in found),
    }
    if found[0].untrained:
        nc1["untrained twin"] = tuple(layer.untrained[0] if layer.untrained else None for layer in found)
        between["untrained twin"] = tuple(layer.untrained[1] if layer.untrained else None for layer in found)
    return {
        "separation_profile": Series(
            "Share of edges of the spanning tree between classes, over layers", "layer", x, between,
            {"edges between classes": tuple(_ends(layer.between) for layer in found)},
        ),
        "collapse_profile": Series(
            "NC1 over layers", "layer", x, nc1, {"NC1": tuple(_ends(layer.nc1) for layer in found)}
        ),
    }  # fmt: skip


def _ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high
