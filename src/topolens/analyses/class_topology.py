"""Whether the network simplifies the shape of each class: Betti curves by hops, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import torch
from scipy.special import stdtrit
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_inputs import check_labels, check_layers, check_untrained
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.dimension import distances_of, distinct
from topolens.measures.hop_betti import curves_of, hop_distances
from topolens.sampling import gaussian_clouds, null_p_value

QUESTION = "Does the network simplify the shape of each class on the way to its last layer?"
VERDICTS = ("simplified", "not simplified", "nothing to simplify", "not defined")
FEWEST = 5  # blocks: an interval from fewer says nothing
BESIDE_REFERENCE = 0.8
INTERVAL = "95 % over blocks, by Student's t"

CARD = MethodCard(
    definition="Samples of one class are cut into blocks of equal size. In each layer and block, points are neighbours "
    "if one is among the k nearest of the other; Rips complexes over the number of hops give Betti curves. A block's "
    "features are b0 - 1 + b1 at 2 hops. Simplified: features of the same blocks are fewer in the last layer than in "
    "the untrained twin's (without a twin: than in the first layer given), the 95 % interval of the mean difference "
    "below 0 and the mean at most 0.8 of the reference.",
    source="Topology of deep neural networks, 2020, sections 5 and 6. There the scale is fixed at 2.5 hops on the "
    "whole class and the topology of the input is known; ours are the whole filtration, blocks, interval and nulls.",
    neuron_permutation="unchanged",
    relu_rescaling="changes: neighbours change where neurons are stretched differently; the curves of a manifold "
    "sampled densely stay",
    verdicts=VERDICTS,
    caveats=(
        "Features finer than the spacing of a block's samples are not seen: small blocks see less.",
        "Real data seldom have features at 2 hops in many dimensions: then there is nothing to simplify, and nothing "
        "by which a trained network could be told from an untrained one. No trained, untrained or label-shuffled "
        "perceptron on MNIST and CIFAR-10, and no such convolutional network on MNIST, had a feature.",
        "At 1 hop with 4 neighbours those on MNIST did have features, but two seeds of a trained perceptron got "
        "different verdicts.",
        "The first layer given stands for the input where no twin is given: record the input as a layer.",
    ),
)


@dataclass(frozen=True)
class _Layer:
    """Curves of each block in one layer, and features of each block; means over blocks of each null."""

    name: str
    curves: list[Tensor]
    features: list[int]
    nulls: tuple[float, ...]
    null_curve: Tensor | None


def class_topology(
    activations: Mapping[str, Tensor],
    labels: Tensor | None,
    seed: int = 0,
    *,
    subject: str = "model",
    k: int = 8,
    hops: int = 2,
    block: int = 60,
    blocks: int = 20,
    nulls: int = 5,
    untrained: Mapping[str, Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """Betti curves by hops of each class in each layer, and whether features disappear on the way.

    Args:
        activations: Layer to its activations, shape (samples, features), in order, as `probes.record` gives them.
        labels: Class of each sample, shape (samples,), whole numbers; None where there are none.
        seed: Of the blocks and the nulls.
        subject: Name of the network, for the text.
        k: Neighbours of each point.
        hops: Scale at which features are counted, at least 1.
        block: Samples of one class that are looked at together, more than k.
        blocks: At most so many, of all classes in turn.
        nulls: Gaussian clouds with mean and covariance of each block in each layer.
        untrained: Activations of the network before training, for the same samples.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "class_topology" with one of the verdicts `simplified`, `not simplified`, `nothing to simplify` (no
        feature in any block, of the reference or the last layer), `not defined` (no labels, or fewer than 5 blocks).

    Raises:
        TypeError: If activations are no mapping, or no floating-point tensors.
        ValueError: If there is no layer, a shape is wrong, something is NaN or infinite, layers differ in their
            samples, `untrained` lacks a layer, or k, hops or block is out of range.

    Cost: Rips persistence up to dimension 1 of (nulls + 1) blocks points for each layer and block, some 10 ms each.
    Source: "Topology of deep neural networks", 2020, sections 5 and 6.
    """
    if k < 1 or hops < 1 or block <= k:
        raise ValueError(f"k and hops must be at least 1 and block above k, got k={k}, hops={hops}, block={block}")
    count = check_layers("activations", activations)
    check_untrained(untrained, activations, count)
    layers: list[_Layer] = []
    reference, warnings = None, []
    with Cost() as cost:
        units = [] if labels is None else _blocks(labels, check_labels(labels, count), block, blocks, seed)
        for index, (name, x) in enumerate(activations.items() if len(units) >= FEWEST else ()):
            if bool((x == x[:1]).all()):
                warnings.append(f"{name} was left out: it is constant.")
            else:
                layers.append(_layer(name, x, units, k, hops, nulls, seed))
            if progress is not None:
                progress((index + 1) / len(activations))
        if untrained is not None and layers:
            reference = _layer(layers[-1].name, untrained[layers[-1].name], units, k, hops, 0, seed)
    parameters = {"k": k, "hops": hops, "block": block, "blocks": len(units), "nulls": nulls}
    provenance = cost.provenance(seed, (count, *(x.shape[1] for x in activations.values())), parameters)
    if not layers or (reference is None and len(layers) < 2):
        why = _reason(labels, units, block, layers)
        return Finding("class_topology", subject, QUESTION, f"Not defined: {why}", "not defined",
                       warnings=tuple(warnings), provenance=provenance)  # fmt: skip
    name = f"the untrained {layers[-1].name}" if reference else layers[0].name
    reference = reference or layers[0]
    verdict = _verdict(layers[-1], reference)
    return Finding(
        name="class_topology",
        subject=subject,
        question=QUESTION,
        answer=_answer(verdict, layers[-1], reference, name, len(units), hops),
        verdict=verdict,
        numbers=_numbers(layers[-1], reference, name, hops),
        tables=_tables(layers, units, hops),
        series=_series(layers, units, reference, name, list(activations)),
        references={f"{layer.name}: Gaussian clouds": layer.nulls for layer in layers if layer.nulls},
        warnings=tuple(warnings),
        provenance=provenance,
    )


def _blocks(labels: Tensor, place: Tensor, block: int, most: int, seed: int) -> list[tuple[int, Tensor]]:
    """Class and rows of each block, classes in turn."""
    order = torch.randperm(len(place), generator=torch.Generator().manual_seed(seed))
    names = labels.detach().cpu().unique().tolist()
    cut = []
    for c, name in enumerate(names):
        rows = order[place[order] == c]
        cut.append([(name, rows[i * block : (i + 1) * block].sort().values) for i in range(len(rows) // block)])
    turns = max(map(len, cut), default=0)
    return [own[turn] for turn in range(turns) for own in cut if turn < len(own)][:most]


def _layer(name: str, x: Tensor, units: list[tuple[int, Tensor]], k: int, hops: int, nulls: int, seed: int) -> _Layer:
    curves = [_curve(x[rows], k) for _, rows in units]
    seeds = range(seed + 1, seed + 1 + nulls)
    of_units = [[_curve(cloud, k) for cloud in gaussian_clouds(x[rows], seeds)] for _, rows in units]
    drawn = [list(of_one) for of_one in zip(*of_units, strict=True)]
    return _Layer(
        name,
        curves,
        [_features(curve, hops) for curve in curves],
        tuple(mean(_features(curve, hops) for curve in of_one) for of_one in drawn),
        _mean_curve([curve for of_one in drawn for curve in of_one]) if drawn else None,
    )


def _curve(x: Tensor, k: int) -> Tensor:
    """Betti curves of a block, shape (hops, 2); a class that lies on few points has these as its shape."""
    distances = distances_of(x)
    n = len(distinct(distances))
    return torch.tensor([[1, 0]]) if n == 1 else curves_of(hop_distances(distances, min(k, n - 1)), 1).curves


def _features(curve: Tensor, hops: int) -> int:
    """Components beyond the first, and loops; beyond the longest path nothing changes."""
    return int(curve[min(hops, len(curve) - 1)].sum()) - 1


def _mean_curve(curves: Sequence[Tensor]) -> Tensor:
    longest = max(map(len, curves))
    return torch.stack([torch.cat([c, c[-1:].expand(longest - len(c), 2)]) for c in curves]).double().mean(0)


def _mean_interval(values: Sequence[float]) -> tuple[float, float]:
    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half


def _difference(last: _Layer, reference: _Layer) -> list[int]:
    return [a - b for a, b in zip(last.features, reference.features, strict=True)]


def _verdict(last: _Layer, reference: _Layer) -> str:
    if not any(reference.features) and not any(last.features):
        return "nothing to simplify"
    fewer = _mean_interval(_difference(last, reference))[1] < 0
    return "simplified" if fewer and mean(last.features) <= BESIDE_REFERENCE * mean(reference.features) \
        else "not simplified"  # fmt: skip


def _reason(labels: Tensor | None, units: list[tuple[int, Tensor]], block: int, layers: list[_Layer]) -> str:
    if labels is None:
        return "there are no labels."
    if len(units) < FEWEST:
        return f"{FEWEST} blocks of {block} samples of one class are needed, got {len(units)}."
    return "there is no untrained twin and only one layer to look at." if layers else "all layers are constant."


def _answer(verdict: str, last: _Layer, reference: _Layer, name: str, units: int, hops: int) -> str:
    low, high = _mean_interval(_difference(last, reference))
    head = {
        "simplified": "Classes are simplified",
        "not simplified": "Classes are not simplified",
        "nothing to simplify": f"There is nothing to simplify at {hops} hops",
    }[verdict]
    blind = " Trained and untrained networks cannot be told apart by this here." if verdict == VERDICTS[2] else ""
    return (
        f"{head}: a block of one class has {mean(last.features):.2f} features (components beyond one, and loops) at "
        f"{hops} hops in {last.name}, {mean(reference.features):.2f} in {name}; the difference is {low:.2f} to "
        f"{high:.2f} over {units} blocks.{blind}"
    )


def _numbers(last: _Layer, reference: _Layer, name: str, hops: int) -> dict[str, Number]:
    difference = _difference(last, reference)
    p = null_p_value(mean(last.features), last.nulls, larger=True) if last.nulls else None
    gauss = mean(last.nulls) if last.nulls else None
    said = f"mean of {len(last.nulls)} Gaussian clouds of each block" if last.nulls else ""
    numbers = {
        "features_last": Number(mean(last.features), f"features of a block at {hops} hops in {last.name}",
                                _mean_interval(last.features), INTERVAL, gauss, said, p),
        "features_reference": Number(mean(reference.features), f"features of a block at {hops} hops in {name}",
                                     _mean_interval(reference.features), INTERVAL),
        "difference": Number(mean(difference), f"features in {last.name} less those in {name}",
                             _mean_interval(difference), INTERVAL, 0, "no change"),
    }  # fmt: skip
    for degree, what in enumerate(("components", "loops")):
        values = [int(c[min(hops, len(c) - 1), degree]) for c in last.curves]
        at = None if last.null_curve is None else last.null_curve[min(hops, len(last.null_curve) - 1), degree]
        numbers[f"b{degree}_last"] = Number(mean(values), f"{what} of a block at {hops} hops in {last.name}",
                                            _mean_interval(values), INTERVAL, None if at is None else float(at),
                                            said)  # fmt: skip
    return numbers


def _tables(layers: list[_Layer], units: list[tuple[int, Tensor]], hops: int) -> dict[str, Table]:
    summary = tuple(
        (one.name, mean(one.features), *_mean_interval(one.features), mean(one.nulls) if one.nulls else None,
         null_p_value(mean(one.features), one.nulls) if one.nulls else None)
        for one in layers
    )  # fmt: skip
    rows = tuple(
        (one.name, name, hop, float(b0), float(b1))
        for one in layers
        for name, curve in _by_class(one, units).items()
        for hop, (b0, b1) in enumerate(curve.tolist())
    )
    columns = ("layer", "features", "low", "high", "Gaussian", "p")
    return {
        "layers": Table(f"Features of a block of one class at {hops} hops, mean over blocks", columns, summary),
        "curves": Table("Betti numbers by hops, mean over the blocks of a class",
                        ("layer", "class", "hops", "b0", "b1"), rows),
    }  # fmt: skip


def _by_class(layer: _Layer, units: list[tuple[int, Tensor]]) -> dict[int, Tensor]:
    names = sorted({name for name, _ in units})
    return {n: _mean_curve([c for c, (own, _) in zip(layer.curves, units, strict=True) if own == n]) for n in names}


def _series(
    layers: list[_Layer], units: list[tuple[int, Tensor]], reference: _Layer, name: str, names: list[str]
) -> dict[str, Series]:
    classes = sorted({c for c, _ in units})
    profile: dict[str, tuple[float | None, ...]] = {"all classes": tuple(mean(one.features) for one in layers)}
    for c in classes:
        of_class = [[f for f, (own, _) in zip(one.features, units, strict=True) if own == c] for one in layers]
        profile[f"class {c}"] = tuple(mean(values) for values in of_class)
    if layers[0].nulls:
        profile["Gaussian clouds"] = tuple(mean(one.nulls) for one in layers)
    x = tuple(float(names.index(one.name)) for one in layers)
    bands = {"all classes": tuple(_mean_interval(one.features) for one in layers)}
    series = {"feature_profile": Series("Features of a block over layers", "layer", x, profile, bands)}
    for degree in (0, 1):
        shown = {layers[-1].name: _mean_curve(layers[-1].curves), name: _mean_curve(reference.curves)}
        if layers[-1].null_curve is not None:
            shown[f"Gaussian, {layers[-1].name}"] = layers[-1].null_curve
        longest = max(map(len, shown.values()))
        series[f"betti_{degree}"] = Series(
            f"Betti number {degree} by hops, mean over blocks",
            "hops",
            tuple(float(hop) for hop in range(longest)),
            {who: tuple(c[min(hop, len(c) - 1), degree].item() for hop in range(longest)) for who, c in shown.items()},
        )
    return series
