"""The information plane: what each layer keeps of the input and of the label, and whether an estimator can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_pairs import FEWEST_SAMPLES, checked_layers, chosen_samples
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.information_plane import (
    SATURATED,
    BinnedInformation,
    KernelInformation,
    binned_from_cells,
    cells,
    checked_labelled,
    entropy,
    kernel_information,
)
from topolens.sampling.inference import Interval, null_p_value, student_interval, subsample_interval

QUESTION = "How much of the input and of the label does each layer keep, and can it be told from these samples?"
VERDICTS = ("estimator saturated", "no label information", "compresses", "does not compress", "not defined")
LEVEL = 0.05

CARD = MethodCard(
    definition="I(X; T) and I(T; Y) in bits of each layer T, by cutting every neuron into equal bins, with the bounds "
    "for Gaussian noise on each neuron beside them; labels shuffled as a null.",
    source='"Opening the black box of deep neural networks via information", 2017, section 2 (bins); "Estimating '
    'mixture entropy with pairwise distances", 2017, section 3 (bounds). The saturation warning, nulls, intervals and '
    "verdicts are ours.",
    neuron_permutation="unchanged",
    relu_rescaling="changes both: bins share one range over the layer, and noise has a fixed size",
    verdicts=VERDICTS,
    caveats=(
        "A deterministic layer has no information to lose unless it is cut or noise is added: all values are those of "
        "an estimator and its bins or noise.",
        "The verdict is no sign of training: an untrained convolutional network on Fashion-MNIST compressed, and two "
        "trained ones did not.",
        "With many neurons each sample has a bin of its own; I(X; T) is then log2 of their number and I(T; Y) the "
        "entropy of the labels, whatever the network does.",
        '"On the information bottleneck theory of deep learning", 2018: compression over training is not general, and '
        "comes from saturating units.",
    ),
)


class LayerInformation(NamedTuple):
    """One layer's values."""

    binned: BinnedInformation
    kernel: KernelInformation
    input: Interval
    label: Interval
    nulls: tuple[float, ...]

    @property
    def excess(self) -> float:
        """Of I(T; Y) over the mean of shuffled labels."""
        return self.binned.label - sum(self.nulls) / len(self.nulls)


@dataclass(frozen=True)
class _Cells:
    """Layers as the number of each sample's cell, labels, and bins of each neuron."""

    layers: Mapping[str, Tensor]
    labels: Tensor
    bins: int

    def keep(self, layer: str, chosen: Tensor) -> float:
        """I(X; T) of some samples; where it is saturated on the scale of all, as it hangs on their number alone."""
        return entropy(self.layers[layer][chosen]) * self._scale(layer, len(chosen))

    def keep_anew(self, layer: str, activations: Mapping[str, Tensor], chosen: Tensor) -> float:
        """The same where the range is that of these samples: between two layers it is part of what chance moves."""
        return entropy(cells(activations[layer][chosen], self.bins)) * self._scale(layer, len(chosen))

    def _scale(self, layer: str, count: int) -> float:
        place = self.layers[layer]
        is_full = binned_from_cells(place, self.labels).saturated
        return math.log2(len(place)) / math.log2(count) if is_full else 1.0


def information_plane(
    activations: Mapping[str, Tensor],
    labels: Tensor,
    *,
    seed: int = 0,
    subject: str = "layers",
    bins: int = 30,
    noise: float = 0.1,
    samples: int = 1000,
    nulls: int = 99,
    draws: int = 20,
) -> Finding:
    """What each layer keeps of its input and of the label, with a warning where the estimator cannot tell.

    Args:
        activations: Layer to activations (samples, features), in the order of depth; inputs are taken to be distinct.
        labels: Class of each sample, shape (samples,), whole numbers.
        seed: Draws samples, shuffles and subsamples.
        subject: Name for the text.
        bins: Of each neuron, over the layer's range.
        noise: Variance of the noise for the bounds, in the square of the activations' unit.
        samples: At most so many are looked at.
        nulls: Shuffles of the labels.
        draws: Subsamples for the intervals.

    Returns:
        A Finding "information_plane" with a row per layer and one of the verdicts `estimator saturated` (I(X; T) above
        95 % of log2 of the number of samples in every layer), `no label information` (no layer tells labels better
        than shuffled ones, at 5 % over all layers), `compresses` (the last layer keeps less of the input than the
        first, its interval apart from 0), `does not compress`, `not defined` (below 10 samples, or one class).

    Raises:
        TypeError: If activations are no mapping of floating-point tensors.
        ValueError: If there is no layer, layers or labels differ in their samples, an entry is NaN or infinite, bins or
            noise are not above 0, or there are fewer than 19 nulls or 2 draws.

    Cost: distances of all samples per layer, and (nulls + draws) counts of cells.
    Source: "Opening the black box of deep neural networks via information", 2017, section 2; "Estimating mixture
        entropy with pairwise distances", 2017, section 3.
    """
    if nulls < 19 or draws < 2:
        raise ValueError(f"there must be 19 nulls and 2 draws at least, got {nulls} and {draws}")
    n = checked_layers("activations", activations)
    for x in activations.values():
        checked_labelled(x, labels)
    settings = {"bins": bins, "noise": noise, "samples": min(samples, n), "nulls": nulls, "draws": draws}
    with Cost() as cost:
        chosen = chosen_samples(n, samples, seed)
        y = labels.detach().cpu()[chosen].unique(return_inverse=True)[1]
        classes = int(y.max()) + 1 if n else 0
        found: dict[str, LayerInformation] = {}
        drop = Interval(0.0, 0.0, 0.0)
        if len(chosen) >= FEWEST_SAMPLES and classes > 1:
            layers = {name: x.detach().to("cpu", torch.float64)[chosen] for name, x in activations.items()}
            cut = _Cells({name: cells(x, bins) for name, x in layers.items()}, y, bins)
            for name, x in layers.items():
                found[name] = _layer(cut, name, kernel_information(x, y, noise=noise), (nulls, draws, seed))
            ends = tuple(layers)[0], tuple(layers)[-1]
            drop = student_interval(
                lambda some: cut.keep_anew(ends[0], layers, some) - cut.keep_anew(ends[1], layers, some),
                len(y),
                draws=draws,
                seed=seed + 2,
            )
    provenance = cost.provenance(seed, (n, len(activations)), settings)
    if not found:
        few = len(chosen) < FEWEST_SAMPLES
        why = f"{len(chosen)} samples are too few: take 100 or more." if few else "all samples have one label."
        answer = f"What layers keep of labels cannot be said: {why}"
        return Finding("information_plane", subject, QUESTION, answer, "not defined", provenance=provenance)
    return _finding(subject, found, drop, entropy(y), provenance)


def _layer(cut: _Cells, name: str, kernel: KernelInformation, sizes: tuple[int, int, int]) -> LayerInformation:
    nulls, draws, seed = sizes
    place, y = cut.layers[name], cut.labels
    generator = torch.Generator().manual_seed(seed + 1)
    shuffled = [binned_from_cells(place, y[torch.randperm(len(y), generator=generator)]).label for _ in range(nulls)]
    kept = subsample_interval(lambda some: cut.keep(name, some), len(y), draws=draws, seed=seed + 2)
    told = subsample_interval(
        lambda some: binned_from_cells(place[some], y[some]).label, len(y), draws=draws, seed=seed + 2
    )
    return LayerInformation(binned_from_cells(place, y), kernel, kept, told, tuple(shuffled))


def _finding(
    subject: str, found: Mapping[str, LayerInformation], drop: Interval, most: float, provenance: Mapping[str, object]
) -> Finding:
    layers = list(found.values())
    means = [sum(layer.nulls) / len(layer.nulls) for layer in layers]
    tops = [max(v - m for v, m in zip(row, means, strict=True)) for row in zip(*(x.nulls for x in layers), strict=True)]
    p_value = null_p_value(round(max(layer.excess for layer in layers), 12), [round(top, 12) for top in tops])
    saturated = sum(layer.binned.saturated for layer in layers)
    verdict = _verdict(saturated == len(layers), p_value, drop)
    kind = f"95 % over {provenance['parameters']['draws']} subsamples"  # type: ignore[index]
    shuffles = f"largest over {len(tops)} shuffles of the labels"
    first, last, told = layers[0], layers[-1], max(layers, key=lambda layer: layer.excess)
    numbers = {
        "input_first": Number(first.binned.input, "I(X; T) of the first layer, bits", first.input[1:], kind),
        "input_last": Number(last.binned.input, "I(X; T) of the last layer, bits", last.input[1:], kind),
        "input_drop": Number(drop.value, "I(X; T) of the first layer less the last, bits", drop[1:], kind, 0.0, "none"),
        "label_excess": Number(
            told.excess,
            "I(T; Y) above the mean of shuffled labels, of the layer that tells most, bits",
            reference=max(tops),
            reference_name=shuffles,
            p_value=p_value,
        ),
        "label_last": Number(
            last.binned.label, "I(T; Y) of the last layer, bits", last.label[1:], kind, most, "entropy of the labels"
        ),
        "saturated_layers": Number(saturated, "layers in which nearly every sample has a bin of its own"),
    }
    return Finding(
        name="information_plane",
        subject=subject,
        question=QUESTION,
        answer=_answer(found, verdict, drop, saturated, p_value),
        verdict=verdict,
        numbers=numbers,
        tables={"layers": _table(found)},
        series={"plane": _series(layers)},
        references={"largest I(T; Y) above its mean, shuffled labels": tuple(tops)},
        warnings=_warnings(found),
        provenance=provenance,
    )


def _verdict(all_saturated: bool, p_value: float, drop: Interval) -> str:
    if all_saturated:
        return "estimator saturated"
    if p_value > LEVEL:
        return "no label information"
    return "compresses" if drop.low > 0 else "does not compress"


def _answer(found: Mapping[str, LayerInformation], verdict: str, drop: Interval, saturated: int, p_value: float) -> str:
    layers = list(found.values())
    if verdict == "estimator saturated":
        return (
            f"In all {len(layers)} layers nearly every sample has a bin of its own (I(X; T) = "
            f"{layers[-1].binned.input:.2f} bits in the last), so the plane says nothing: take more samples or fewer "
            "bins."
        )
    last = layers[-1].binned
    return (
        f"The last layer keeps {last.input:.2f} bits of the input, {drop.value:.2f} less than the first, and "
        f"{last.label:.2f} bits of the label (p = {p_value:.3f} against shuffled labels, over all layers); the "
        f"estimator is saturated in {saturated} of {len(layers)} layers."
    )


def _table(found: Mapping[str, LayerInformation]) -> Table:
    rows = []
    for name, layer in found.items():
        mean = sum(layer.nulls) / len(layer.nulls)
        p_value = null_p_value(layer.binned.label, layer.nulls)
        own = (name, layer.binned.input, layer.input.low, layer.input.high, layer.binned.saturated)
        told = (layer.binned.label, layer.label.low, layer.label.high, mean, p_value)
        bounds = layer.kernel
        rows.append(
            (*own, *told, bounds.input_low, bounds.input_high, bounds.label_low, bounds.label_high, bounds.saturated)
        )
    columns = ("layer", "I(X; T), bins", "low", "high", "saturated", "I(T; Y), bins", "low", "high", "shuffled labels")
    more = ("p", "I(X; T) at least", "I(X; T) at most", "I(T; Y) of lower", "I(T; Y) of upper", "noise too small")
    return Table("Bits per layer: by bins, and bounds with noise.", columns + more, tuple(rows))


def _series(layers: list[LayerInformation]) -> Series:
    curves = {
        "I(X; T)": tuple(layer.binned.input for layer in layers),
        "I(T; Y)": tuple(layer.binned.label for layer in layers),
    }
    bands = {
        "I(X; T)": tuple((layer.input.low, layer.input.high) for layer in layers),
        "I(T; Y)": tuple((layer.label.low, layer.label.high) for layer in layers),
    }
    return Series("Bits by layer, cut into bins.", "layer", tuple(float(i) for i in range(len(layers))), curves, bands)


def _warnings(found: Mapping[str, LayerInformation]) -> tuple[str, ...]:
    full = [name for name, layer in found.items() if layer.binned.saturated]
    said = []
    if full:
        said.append(
            f"Estimator saturated (I(X; T) above {100 * SATURATED:.0f} % of log2 of the samples) in {', '.join(full)}: "
            "there I(X; T) and I(T; Y) are those of the sample, not of the layer."
        )
    if any(layer.kernel.saturated for layer in found.values()):
        said.append("Noise is too small against the distances of samples in some layers: the bounds say log2 n there.")
    said.append("Values depend on bins and noise; compare them between layers and networks at the same settings only.")
    return tuple(said)
