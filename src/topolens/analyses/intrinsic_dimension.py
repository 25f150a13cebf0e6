"""How many dimensions the activations of each layer fill, and how that changes through the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist, median

from torch import Tensor

from topolens.analyses.dimension_twin import ABOVE, ALIKE, BELOW, beside_untrained, verdict_beside
from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_inputs import check_layers, check_untrained, drawn_samples, layer_warnings
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures import PHDimension, TwoNN, two_nn_dimension
from topolens.measures.dimension import FEWEST, distances_of, distinct, ratio_dimension, tree_dimension
from topolens.sampling import Interval, gaussian_clouds, null_p_value, subsample_interval

QUESTION = "How many dimensions do the activations of each layer fill, and how does that change with depth?"
PROFILES = ("rises and falls", "falls and rises", "rises", "falls", "level", "one layer")
VERDICTS = (*PROFILES, BELOW, ALIKE, ABOVE, "not defined")
LEVEL = 0.05
LEAST_CHANGE = 1.1  # a tenth, the accuracy of the estimators themselves
HIGH = 5  # from here on a thousand points give 5 % too little and more
INTERVAL = "95 % by subsampling"

CARD = MethodCard(
    definition="For each layer, on the same samples: 2NN, the maximum-likelihood dimension from the ratios of the "
    "distances to the second and the first neighbour; PH dimension, 1 / (1 - slope) of the logarithm of the total "
    "length of bars of dimension 0 against that of the number of samples. Both also on Gaussian clouds of the same "
    "mean and covariance. A change between layers counts if it is a tenth at least and beyond its error at a level "
    "of 5 % over all pairs looked at. With an untrained twin the verdict is of the geometric mean over the deeper half "
    "of the layers of 2NN over that of the twin: at most 0.8 or at least 1.25 and apart from 1, or as untrained.",
    source="Estimating the intrinsic dimension of datasets by a minimal neighborhood information, 2017; Intrinsic "
    "dimension of data representations in deep neural networks, 2019; Intrinsic dimension, persistent homology and "
    "generalization in neural networks, 2021, section 4. Ours are the Gaussian reference, the test of changes and the "
    "comparison with the twin.",
    neuron_permutation="unchanged",
    relu_rescaling="changes: neurons are stretched by their factors, and distances with them; the dimension of the "
    "limit of many samples does not, that of a thousand moves by a few percent for factors up to 2, by more for larger",
    verdicts=VERDICTS,
    caveats=(
        "Low in high dimension: 1,000 samples uniform in a cube of dimension 10 give 8.5.",
        "Depends on the scale: noise raises it for many samples, see the table of halving subsamples.",
        "Where features outnumber samples, so do the dimensions that the Gaussian of the same covariance is missing.",
        "The shape of the profile is mostly that of the architecture: untrained networks and such trained on shuffled "
        "labels have the same one. Only the comparison with the twin tells what training has done, and a network that "
        "hardly generalises stays as untrained: of four on CIFAR-10, right on 35 to 41 % of others, three did.",
        "Duplicates are left out; samples that nearly coincide lower it.",
    ),
)


@dataclass(frozen=True)
class _Layer:
    """Dimensions of one layer."""

    name: str
    features: int
    two: TwoNN
    two_interval: Interval
    ph: PHDimension
    ph_interval: Interval
    two_nulls: tuple[float, ...]
    ph_nulls: tuple[float, ...]

    @property
    def p_value(self) -> float | None:
        """Share of Gaussian clouds of as low a dimension."""
        return null_p_value(self.two.mle, self.two_nulls, larger=False) if self.two_nulls else None

    @property
    def error(self) -> float:
        """Standard error of the logarithm of the dimension."""
        width = (self.two_interval.high - self.two_interval.low) / (2 * NormalDist().inv_cdf(0.975))
        return width / self.two.mle


def intrinsic_dimension(
    activations: Mapping[str, Tensor],
    seed: int = 0,
    *,
    subject: str = "model",
    samples: int = 500,
    nulls: int = 10,
    draws: int = 20,
    untrained: Mapping[str, Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """The intrinsic dimension of each layer, by two nearest neighbours and by persistent homology.

    Args:
        activations: Layer to its activations, shape (samples, features), in order, as `probes.record` gives them.
        seed: Of the samples that are taken, the nulls and the subsamples.
        subject: Name of the network, for the text.
        samples: At most so many are looked at, the same of each layer.
        nulls: Gaussian clouds with the mean and covariance of each layer.
        draws: Subsamples for each interval, at least 2.
        untrained: The same of the network before training, for the same samples.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "intrinsic_dimension" with the profile over layers in `series`. With a twin its verdict is `below
        untrained`, `as untrained` or `above untrained`: whether the dimension in the deeper half of the layers is at
        most 0.8, or at least 1.25, of the twin's and its interval does not hold 1. Else it is that of the profile:
        `rises and falls`, `falls and rises`, `rises`, `falls`, `level` (no change beyond its error and a tenth),
        `one layer`. `not defined` if fewer than 16 samples differ, or all are equally far, in every layer.

    Raises:
        TypeError: If activations are no mapping, or no floating-point tensors.
        ValueError: If there is no layer, a shape is wrong, something is NaN or infinite, layers differ in their
            samples, or `untrained` lacks a layer.

    Cost: distances of (nulls + 1) clouds of n samples for each layer, O(n^2 features), and 16 (draws + nulls + 5)
        spanning trees.
    Source: "Intrinsic dimension of data representations in deep neural networks", 2019; "Intrinsic dimension,
        persistent homology and generalization in neural networks", 2021, section 4.
    """
    count = check_layers("activations", activations)
    check_untrained(untrained, activations, count)
    rows = drawn_samples(count, samples, seed)
    found, left_out, twins = [], {}, {}
    with Cost() as cost:
        for index, (name, x) in enumerate(activations.items()):
            try:
                found.append(_layer(name, x[rows], nulls, draws, seed))
            except UndefinedError as error:
                left_out[name] = str(error)
            if untrained is not None:
                twins[name] = _twin(untrained[name][rows], seed)
            if progress is not None:
                progress((index + 1) / len(activations))
    parameters = {"samples": samples, "nulls": nulls, "draws": draws, "layers": list(activations)}
    provenance = cost.provenance(seed, (len(rows), *(x.shape[1] for x in activations.values())), parameters)
    warnings = [f"{name} was left out: {reason}." for name, reason in left_out.items()]
    if not found:
        return Finding(
            "intrinsic_dimension",
            subject,
            QUESTION,
            f"Not defined: no layer has {FEWEST} samples that differ and lie unequally far, of {len(rows)} looked at.",
            "not defined",
            warnings=tuple(warnings),
            provenance=provenance,
        )
    profile, ratio = _profile_verdict(found), None
    if untrained is not None:
        own, twin = ({layer.name: x[layer.name][rows] for layer in found} for x in (activations, untrained))
        ratio = beside_untrained(own, twin, [layer.name for layer in found], draws, seed)
        if ratio is None:
            warnings.append("Too few samples differ in all layers of both networks to hold one against the other.")
    verdict = profile if ratio is None else verdict_beside(ratio)
    warnings += layer_warnings({layer.name: activations[layer.name][rows] for layer in found}, 0, seed)
    if max(layer.two.mle for layer in found) > HIGH:
        warnings.append(f"Dimensions above {HIGH} come out low with {len(rows)} samples: by 5 % at 5, 15 % at 10.")
    return Finding(
        name="intrinsic_dimension",
        subject=subject,
        question=QUESTION,
        answer=_beside(ratio) + _answer(profile, found),
        verdict=verdict,
        numbers=_numbers(found) | _twin_number(ratio),
        tables=_tables(found),
        series={"dimension_profile": _profile(found, list(activations), twins)},
        references={f"{layer.name}: Gaussian clouds, 2NN": layer.two_nulls for layer in found},
        warnings=tuple(warnings),
        provenance=provenance,
    )


class UndefinedError(ValueError):
    """A layer that has no dimension by neighbours."""


def _layer(name: str, x: Tensor, nulls: int, draws: int, seed: int) -> _Layer:
    distances = distances_of(x)
    rows = distinct(distances)
    if len(rows) < FEWEST:
        raise UndefinedError(f"{len(rows)} of {len(x)} samples differ, and {FEWEST} are needed")
    x, distances = x[rows], distances[rows][:, rows]
    if math.isinf(ratio_dimension(distances)):
        raise UndefinedError("the first and the second neighbour of every sample are equally far")

    def ph(rows: Tensor) -> float:
        return tree_dimension(distances[rows][:, rows], 1.0, None, 1, seed).value

    n = len(distances)
    two_nulls, ph_nulls = [], []
    for drawn in gaussian_clouds(x, range(seed + 1, seed + 1 + nulls)):
        cloud = distances_of(drawn)
        two_nulls.append(ratio_dimension(cloud))
        ph_nulls.append(tree_dimension(cloud, 1.0, None, 1, seed).value)
    return _Layer(
        name,
        x.shape[1],
        two_nn_dimension(x, seed=seed),
        subsample_interval(lambda rows: ratio_dimension(distances[rows][:, rows]), n, draws=draws, seed=seed),
        tree_dimension(distances, 1.0, None, 5, seed),
        subsample_interval(ph, n, draws=draws, seed=seed),
        tuple(two_nulls),
        tuple(ph_nulls),
    )


def _twin(x: Tensor, seed: int) -> float | None:
    try:
        return two_nn_dimension(x, seed=seed).mle
    except ValueError:  # fewer points differ than a dimension needs
        return None


def _profile_verdict(found: list[_Layer]) -> str:
    """The shape of the profile, by changes from the first layer to an extreme one and on to the last."""
    if len(found) == 1:
        return "one layer"
    first, last = found[0], found[-1]
    peak, trough = max(found, key=lambda layer: layer.two.mle), min(found, key=lambda layer: layer.two.mle)
    bound = NormalDist().inv_cdf(1 - LEVEL / (4 * (len(found) - 1)))

    def grows(a: _Layer, b: _Layer) -> bool:
        change = math.log(b.two.mle / a.two.mle)
        return change > max(math.log(LEAST_CHANGE), bound * math.hypot(a.error, b.error))

    hunch = grows(first, peak) and grows(last, peak)
    dip = grows(trough, first) and grows(trough, last)
    if hunch and dip:
        ends = first.two.mle * last.two.mle
        hunch = peak.two.mle**2 / ends >= ends / trough.two.mle**2
    if hunch or dip:
        return "rises and falls" if hunch else "falls and rises"
    return "rises" if grows(first, last) else "falls" if grows(last, first) else "level"


def _beside(ratio: Interval | None) -> str:
    if ratio is None:
        return ""
    head = {BELOW: "Fewer", ALIKE: "As many", ABOVE: "More"}[verdict_beside(ratio)]
    than = "as" if head == "As many" else "than"
    times = f"{ratio.value:.2f} times ({ratio.low:.2f} to {ratio.high:.2f})"
    return f"{head} dimensions {than} untrained: {times} in the deeper half of the layers. "


def _twin_number(ratio: Interval | None) -> dict[str, Number]:
    if ratio is None:
        return {}
    meaning = "2NN over that of the untrained twin, geometric mean over the deeper half of the layers"
    ends = (ratio.low, ratio.high)
    return {"to_untrained": Number(ratio.value, meaning, ends, "95 % by subsampling, Student's t", 1, "as untrained")}


def _answer(verdict: str, found: list[_Layer]) -> str:
    def said(layer: _Layer) -> str:
        low, high = layer.two_interval.low, layer.two_interval.high
        return f"{layer.two.mle:.1f} ({low:.1f} to {high:.1f}) at {layer.name}"

    first, last = found[0], found[-1]
    gauss = f", where a Gaussian of the same covariance has {median(last.two_nulls):.1f}" if last.two_nulls else ""
    tail = f"by two nearest neighbours{gauss}; PH dimension {last.ph.value:.1f} there"
    if verdict == "one layer":
        return f"The intrinsic dimension is {said(first)} {tail}."
    if verdict == "level":
        return f"The intrinsic dimension does not change beyond its error: {said(first)}, {said(last)} {tail}."
    extreme = max if verdict == "rises and falls" else min
    middle = f", {said(extreme(found, key=lambda layer: layer.two.mle))}" if " and " in verdict else ""
    return f"The intrinsic dimension {verdict}: {said(first)}{middle}, {said(last)} {tail}."


def _numbers(found: list[_Layer]) -> dict[str, Number]:
    places = {
        "first": found[0],
        "largest": max(found, key=lambda layer: layer.two.mle),
        "least": min(found, key=lambda layer: layer.two.mle),
        "last": found[-1],
    }
    numbers = {}
    for place, layer in places.items():
        for method, value, interval, nulls, p in (
            ("2NN", layer.two.mle, layer.two_interval, layer.two_nulls, layer.p_value),
            ("PH", layer.ph.value, layer.ph_interval, layer.ph_nulls, None),
        ):
            numbers[place if method == "2NN" else f"{place}_ph"] = Number(
                value,
                f"intrinsic dimension of {layer.name}, {method}",
                (interval.low, interval.high),
                INTERVAL,
                median(nulls) if nulls else None,
                f"median of {len(nulls)} Gaussian clouds of the same covariance" if nulls else "",
                p,
            )
    return numbers


def _tables(found: list[_Layer]) -> dict[str, Table]:
    columns = ("layer", "features", "points", "2NN", "low", "high", "2NN fit", "PH", "PH low", "PH high", "PH s.e.",
               "Gaussian 2NN", "Gaussian PH", "p")  # fmt: skip
    rows = tuple(
        (one.name, one.features, one.two.n, one.two.mle, one.two_interval.low, one.two_interval.high, one.two.fit,
         one.ph.value, one.ph_interval.low, one.ph_interval.high, one.ph.standard_error,
         median(one.two_nulls) if one.two_nulls else None, median(one.ph_nulls) if one.ph_nulls else None, one.p_value)
        for one in found
    )  # fmt: skip
    scales = tuple(
        (one.name, size, value)
        for one in found
        for size, value in zip(one.two.sizes, one.two.halvings, strict=True)
    )  # fmt: skip
    return {
        "layers": Table(
            "Intrinsic dimension of each layer; p: share of Gaussian clouds of as low a one", columns, rows
        ),
        "scales": Table("2NN dimension on halving subsamples", ("layer", "samples", "2NN"), scales),
    }


def _profile(found: list[_Layer], names: list[str], twins: Mapping[str, float | None]) -> Series:
    curves: dict[str, tuple[float | None, ...]] = {
        "2NN": tuple(layer.two.mle for layer in found),
        "PH dimension": tuple(layer.ph.value for layer in found),
    }
    if found[0].two_nulls:
        curves["Gaussian, 2NN"] = tuple(median(layer.two_nulls) for layer in found)
    if twins:
        curves["untrained twin, 2NN"] = tuple(twins[layer.name] for layer in found)
    return Series(
        "Dimension profile: intrinsic dimension over layers, in their order from 0",
        "layer",
        tuple(float(names.index(layer.name)) for layer in found),
        curves,
        {
            "2NN": tuple((layer.two_interval.low, layer.two_interval.high) for layer in found),
            "PH dimension": tuple((layer.ph_interval.low, layer.ph_interval.high) for layer in found),
        },
    )
