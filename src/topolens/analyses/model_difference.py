"""Whether two networks differ, layer by layer on the same samples: more than noise, more than two seeds do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_pairs import (
    FEWEST_SAMPLES,
    CKAMatrices,
    LayerStack,
    RTDEntry,
    RTDRounds,
    check_matched,
    checked_layers,
    chosen_samples,
    stacked,
)
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.rtd import rtd_cost
from topolens.sampling.inference import Interval, null_p_value, subsample_interval

QUESTION = "Do the two networks represent the same samples differently, more than noise or another seed would?"
VERDICTS = ("same within noise", "differs", "not defined")
CKA_MARGIN, RTD_MARGIN = 2.5, 1.5
NOISE = 0.02

CARD = MethodCard(
    definition="Per layer of the same name, 1 - debiased linear CKA and RTD between the two networks on the same "
    "samples. With recordings of other seeds the mean over layers is held against the largest among the first network "
    "and these seeds, times a margin; without, against a fixed limit.",
    source='"Similarity of neural network representations revisited", 2019; "Representation topology divergence: a '
    'method for comparing neural network representations", 2022, where seeds, datasets and layers are compared. '
    "References, margins and the verdict are ours.",
    neuron_permutation="unchanged",
    relu_rescaling="changes both distances, unless a whole layer is scaled by one factor",
    verdicts=VERDICTS,
    caveats=(
        "Margins (2.5 for CKA, 1.5 for RTD) come from multilayer perceptrons on digits; a handful of seeds bounds the "
        "spread of seeds only roughly, more seeds are better than any margin.",
        "A difference smaller than that between seeds is not seen, however real: on CIFAR-10, networks fitted to right "
        "and to shuffled labels of 1,500 images were the same within noise.",
        "Without seeds, two runs of one recipe differ: the verdict then is about the weights, not about the recipe.",
    ),
)


@dataclass(frozen=True)
class Distances:
    """Of one pair of networks, layer by layer."""

    layers: tuple[str, ...]
    cka: tuple[CKAMatrices, ...]
    rtd: tuple[RTDEntry, ...]

    def apart(self, chosen: Tensor | None = None) -> list[float]:
        """1 - CKA per layer on the chosen samples, or all."""
        return [1 - float((m.whole() if chosen is None else m.at(chosen))[0, 0]) for m in self.cka]

    def mean_apart(self, draws: int, seed: int) -> Interval:
        """Mean of 1 - CKA over layers, over subsamples."""
        return _interval(self.cka, draws, seed)

    def mean_rtd(self) -> Interval:
        """Mean divergence over layers, two standard errors over the batches on either side."""
        batches = np.array([entry.batches for entry in self.rtd]).mean(0)
        error = 2 * float(batches.std(ddof=1)) / len(batches) ** 0.5 if len(batches) > 1 else 0.0
        value = float(batches.mean())
        return Interval(value, value - error, value + error)


def model_difference(
    first: Mapping[str, Tensor],
    second: Mapping[str, Tensor],
    seeds: Sequence[Mapping[str, Tensor]] = (),
    *,
    seed: int = 0,
    subject: str = "model",
    samples: int = 500,
    nulls: int = 99,
    draws: int = 20,
    rounds: RTDRounds | None = None,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """Whether two networks see the same samples differently, more than noise, or than other seeds of the first, do.

    Args:
        first: Layer to activations (samples, features).
        second: The same of the other network, on the same samples in the same order; layers are matched by name.
        seeds: The same of networks trained like the first from other seeds, best two or more.
        seed: Draws samples, batches, shuffles and subsamples.
        subject: Name for the text.
        samples: At most so many are looked at.
        nulls: Shuffles of the samples for CKA.
        draws: Subsamples for the intervals of CKA.
        rounds: Batch size, batches and shuffles of each divergence; default 100, 4 and 9.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "model_difference". With `seeds` its verdict is `differs` if, in the mean over layers, the lower end
        of the interval of 1 - CKA lies above 2.5 times, or that of RTD above 1.5 times, the largest value between two
        of the first network and its seeds. Without, it is `differs` if the lower end of the interval of 1 - CKA lies
        above 0.02, or the lower end of RTD above 0.02 of that of shuffled samples. Else `same within noise`. `not
        defined` below 10 samples, or where no layer of the same name varies in all networks.

    Raises:
        TypeError: If recordings are no mappings of floating-point tensors.
        ValueError: If networks have no layer or no layer name in common, differ in their samples, an entry is NaN or
            infinite, or there are fewer than 19 nulls or 2 draws.

    Cost: (seeds + 1) (seeds + 2) / 2 divergences per layer at `rounds`, 0.2 s each at the default.
    Source: "Similarity of neural network representations revisited", 2019, section 6; "Representation topology
        divergence: a method for comparing neural network representations", 2022, section 4.
    """
    if nulls < 19 or draws < 2:
        raise ValueError(f"there must be 19 nulls and 2 draws at least, got {nulls} and {draws}")
    n, rounds = checked_layers("first", first), rounds or RTDRounds()
    given = {"second": second, **{f"seeds[{place}]": one for place, one in enumerate(seeds)}}
    for name, one in given.items():
        check_matched(name, one, n)
    common = [layer for layer in first if all(layer in one for one in given.values())]
    if not common:
        raise ValueError(f"networks must share names of layers, got {list(first)} and {list(second)}; rename them")
    with Cost() as cost:
        chosen = chosen_samples(n, samples, seed)
        stacks = [
            stacked(name, {layer: one[layer] for layer in common}, chosen)
            for name, one in {"first": first, **given}.items()
        ]
        layers = tuple(layer for layer in common if all(layer in stack.names for stack in stacks))
        defined = len(chosen) >= FEWEST_SAMPLES and bool(layers)
        pairs = [(0, 1), *combinations([0, *range(2, len(stacks))], 2)] if defined else []
        found = []
        for place, (i, j) in enumerate(pairs):
            found.append(_distances(stacks[i], stacks[j], layers, rounds, seed))
            if progress is not None:
                progress((place + 1) / len(pairs))
        measured = _measured(found, nulls, draws, seed) if found else {}
    seconds = len(pairs) * len(layers) * rtd_cost(rounds.batch_size, rounds=rounds.total).seconds
    settings = {"samples": len(chosen), "nulls": nulls, "draws": draws, "seeds": len(seeds), **rounds.__dict__}
    provenance = cost.provenance(seed, (n, len(common)), {**settings, "predicted_rtd_seconds": seconds})
    if not found:
        why = f"{len(chosen)} samples are too few" if layers else "no layer varies in all networks"
        answer = f"The networks cannot be compared, {why}: record {FEWEST_SAMPLES} samples or more, better 100."
        return Finding("model_difference", subject, QUESTION, answer, "not defined", provenance=provenance)
    warnings = _warnings(len(seeds), len(chosen), [layer for layer in first if layer not in layers])
    return Finding("model_difference", subject, QUESTION, **measured, warnings=warnings, provenance=provenance)


def _distances(
    first: LayerStack, second: LayerStack, layers: tuple[str, ...], rounds: RTDRounds, seed: int
) -> Distances:
    cka, rtd = [], []
    for layer in layers:
        one, other = first.only(layer), second.only(layer)
        cka.append(CKAMatrices(one, other))
        rtd.append(rounds.entry(one, other, 0, 0, seed))
    return Distances(layers, tuple(cka), tuple(rtd))


def _interval(matrices: Sequence[CKAMatrices], draws: int, seed: int) -> Interval:
    """Of the mean of 1 - CKA over some layers."""

    def mean(chosen: Tensor) -> float:
        return 1 - float(np.mean([float(matrix.at(chosen)[0, 0]) for matrix in matrices]))

    return subsample_interval(mean, matrices[0].n, draws=draws, seed=seed)


def _measured(found: list[Distances], nulls: int, draws: int, seed: int) -> dict[str, Any]:
    """Answer, verdict, numbers, tables and references."""
    between, others = found[0], found[1:]
    cka, rtd = between.mean_apart(draws, seed + 3), between.mean_rtd()
    shuffled = torch.stack([1 - matrix.nulls(nulls, seed + 4)[:, 0, 0] for matrix in between.cka]).mean(0).tolist()
    unrelated = float(np.mean([np.mean(entry.nulls) for entry in between.rtd]))
    seed_cka = [float(np.mean(one.apart())) for one in others]
    seed_rtd = [one.mean_rtd().value for one in others]
    limits = (CKA_MARGIN * max(seed_cka), RTD_MARGIN * max(seed_rtd)) if others else (NOISE, NOISE * unrelated)
    beyond = [name for name, end, limit in zip(("CKA", "RTD"), (cka.low, rtd.low), limits, strict=True) if end > limit]
    verdict = "differs" if beyond else "same within noise"
    against = "the largest of two seeds" if others else "the limit without seeds"
    references = max(seed_cka) if others else NOISE, max(seed_rtd) if others else NOISE * unrelated
    numbers = {
        "cka_distance": Number(
            cka.value,
            "mean of 1 - CKA over layers",
            (cka.low, cka.high),
            f"95 % over {draws} subsamples",
            references[0],
            against,
        ),
        "rtd": Number(
            rtd.value,
            "mean RTD over layers",
            (rtd.low, rtd.high),
            "two standard errors over batches",
            references[1],
            against,
        ),
        "cka_distance_shuffled": Number(
            float(np.mean(shuffled)),
            "mean of 1 - CKA over layers, samples shuffled; the p-value is that of being related",
            p_value=null_p_value(cka.value, shuffled, larger=False),
        ),
        "rtd_share": Number(
            rtd.value / unrelated if unrelated > 0 else None,
            "mean RTD over layers, as a share of that of shuffled samples",
            reference=1.0,
            reference_name="shuffled samples",
        ),
    }
    times = f"{limits[0]:.3g} for CKA and {limits[1]:.3g} for RTD"
    source = "seeds of one recipe and the margin set" if others else "set without seeds"
    answer = (
        f"Over {len(between.layers)} layers 1 - CKA is {cka.value:.3g} and RTD {rtd.value:.3g} on average, "
        f"{'beyond' if beyond else 'within'} the limits that {source if others else 'are ' + source} ({times}"
        f"{'; beyond it: ' + ' and '.join(beyond) if beyond else ''})."
    )
    return {
        "answer": answer,
        "verdict": verdict,
        "numbers": numbers,
        "tables": {"layers": _table(between, others, nulls, draws, seed)},
        "series": {"layers": _series(between, others)},
        "references": {
            "1 - CKA, shuffled samples": tuple(shuffled),
            **({"1 - CKA between seeds": tuple(seed_cka), "RTD between seeds": tuple(seed_rtd)} if others else {}),
        },
    }


def _table(between: Distances, others: list[Distances], nulls: int, draws: int, seed: int) -> Table:
    rows = []
    for place, layer in enumerate(between.layers):
        matrix, entry = between.cka[place], between.rtd[place]
        value, low, high = _interval([matrix], draws, seed + 3)
        apart = (1 - matrix.nulls(nulls, seed + 4)[:, 0, 0]).tolist()
        seeds = [(one.apart()[place], one.rtd[place].value) for one in others]
        most = tuple(max(values) for values in zip(*seeds, strict=True)) if seeds else (None, None)
        own = (layer, value, low, high, null_p_value(value, apart, larger=False), most[0])
        rows.append((*own, entry.value, entry.low, entry.high, float(np.mean(entry.nulls)), entry.p_value, most[1]))
    columns = ("layer", "1 - CKA", "low", "high", "p of being related", "largest of seeds")
    more = (
        "RTD",
        "least batch",
        "largest batch",
        "shuffled RTD, mean",
        "p of being related, RTD",
        "largest RTD of seeds",
    )
    return Table("Distances of the two networks, layer by layer.", columns + more, tuple(rows))


def _series(between: Distances, others: list[Distances]) -> Series:
    curves = {"1 - CKA of the two networks": tuple(between.apart())}
    if others:
        curves["largest between seeds"] = tuple(np.max([one.apart() for one in others], 0).tolist())
    return Series("Distance by layer.", "layer", tuple(float(i) for i in range(len(between.layers))), curves)


def _warnings(seeds: int, n: int, left: list[str]) -> tuple[str, ...]:
    said = []
    if not seeds:
        said.append("Without recordings of other seeds it is not known what another seed would change; pass seeds.")
    elif seeds < 2:
        said.append("One other seed bounds the spread of seeds roughly; pass two or more.")
    if n < 100:
        said.append(f"{n} samples are few: intervals are wide and RTD is coarse; take 100 or more.")
    if left:
        said.append(f"Left out, as not in all networks or constant in one: {', '.join(left)}.")
    return tuple(said)
