"""How alike the layers of a network are, or those of two networks on the same samples: CKA beside RTD."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import torch
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.layer_order import BLOCK_RATIO, Blocks, Order, blocks_of, depth_order
from topolens.analyses.layer_pairs import (
    FEWEST_SAMPLES,
    CKAMatrices,
    LayerStack,
    RTDEntry,
    RTDRounds,
    check_matched,
    checked_layers,
    chosen_samples,
    spread_layers,
    stacked,
)
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.rtd import rtd_cost
from topolens.sampling.inference import null_p_value

QUESTION = "How alike are the layers, and does likeness follow depth?"
QUESTION_OF_TWO = "Which layers of the two networks are alike, and are they those of the same depth?"
VERDICTS = (
    "layers change step by step",
    "blocks of alike layers",
    "all layers alike",
    "no order among layers",
    "unrelated layers",
    "too few layers",
    "not defined",
)
VERDICTS_OF_TWO = ("depths correspond", "depths do not correspond", "unrelated layers", "too few layers", "not defined")
ALIKE = 0.95
LEVEL = 0.05
FEWEST_LAYERS, FEWEST_LAYERS_OF_TWO = 5, 4

CARD = MethodCard(
    definition="Debiased linear CKA between all layers on the same samples, and beside it the representation topology "
    "divergence (RTD): summed lengths of the bars of dimension 1 by which the Rips filtrations of two layers differ. "
    "Both are held against shuffled samples; whether likeness follows depth is a Mantel test over shuffled layers.",
    source='"Similarity of neural network representations revisited", 2019, section 3; "Representation topology '
    'divergence: a method for comparing neural network representations", 2022, sections 2 and 3; blocks after "Do wide '
    'and deep networks learn the same things?", 2021, where they are read off a picture. Nulls, intervals and the rule '
    "for blocks are ours.",
    neuron_permutation="unchanged",
    relu_rescaling="changes both: neurons with larger activations count more; a common factor of a layer changes "
    "nothing",
    verdicts=VERDICTS,
    caveats=(
        "Blocks or steps is no sign of training: untrained networks have either, and two seeds of a perceptron trained "
        "on MNIST got one each.",
        "CKA follows the directions of largest variance, a few neurons or samples may decide it.",
        "Layers fed by one another share samples: likeness above shuffled samples is what to expect, not a discovery.",
        "RTD grows with the number of samples of a batch: compare values of one batch size, or shares of shuffled.",
        "Blocks can come from a few dominant samples as well as from redundant layers.",
    ),
)


@dataclass(frozen=True)
class Similarities:
    """All that was measured between the layers of two stacks, or of one."""

    first: LayerStack
    second: LayerStack
    cka: CKAMatrices
    nulls: Tensor
    rtd: Mapping[tuple[int, int], RTDEntry]
    draws: int
    seed: int

    @property
    def own(self) -> bool:
        """Whether both are one recording."""
        return self.second is self.first

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every pair of layers, once."""
        rows, columns = len(self.first.names), len(self.second.names)
        return list(combinations(range(rows), 2) if self.own else product(range(rows), range(columns)))

    def largest(self, matrix: Tensor) -> float:
        """Of a matrix over its pairs."""
        i, j = torch.tensor(self.pairs).T
        return float(matrix[i, j].max())


def layer_similarity(
    activations: Mapping[str, Tensor],
    other: Mapping[str, Tensor] | None = None,
    *,
    seed: int = 0,
    subject: str = "layers",
    samples: int = 500,
    nulls: int = 99,
    draws: int = 20,
    rounds: RTDRounds | None = None,
    rtd_layers: int = 12,
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """How alike all layers of a recording are, by CKA and by RTD, or all layers of one against all of another.

    Args:
        activations: Layer to activations (samples, features), in the order of depth.
        other: The same of another network on the same samples in the same order. None: the layers among themselves.
        seed: Draws samples, batches, shuffles and subsamples.
        subject: Name for the text.
        samples: At most so many are looked at.
        nulls: Shuffles of the samples for CKA.
        draws: Subsamples for the intervals of CKA.
        rounds: Batch size, batches and shuffles of each divergence; default 100, 4 and 9.
        rtd_layers: At most so many layers, spread over the depth, get divergences.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "layer_similarity" with all pairs in tables. Of one recording its verdict is `unrelated layers` (no
        pair above the largest of shuffled samples at 5 %), `all layers alike` (CKA of 0.95 at least for every pair),
        `blocks of alike layers` (a cut in which every pair within a block is at most half as far apart as any across),
        `layers change step by step` (likeness falls with distance in depth, 5 %), `no order among layers`, or
        `too few layers` to tell (below 5). Of two it is `unrelated layers`, `depths correspond` (likeness falls with
        distance in relative depth, 5 %), `depths do not correspond`, or `too few layers` (below 4 in one). `not
        defined` below 10 samples, or where fewer than two layers (one, of two networks) vary.

    Raises:
        TypeError: If activations are no mapping of floating-point tensors.
        ValueError: If there is no layer, layers differ in their samples, an entry is NaN or infinite, or there are
            fewer than 19 nulls or 2 draws.

    Cost: `rtd_cost(batch size, layers, rounds=batches + shuffles)`, 15 s for 12 layers as a rule, and
        (nulls + draws) products of (layers, samples^2) matrices; three matrices (samples, samples) per layer in memory.
    Source: "Similarity of neural network representations revisited", 2019, section 3; "Representation topology
        divergence: a method for comparing neural network representations", 2022, sections 2 and 3.
    """
    if nulls < 19 or draws < 2:
        raise ValueError(f"there must be 19 nulls and 2 draws at least, got {nulls} and {draws}")
    n, rounds = checked_layers("activations", activations), rounds or RTDRounds()
    if other is not None:
        check_matched("other", other, n)
    with Cost() as cost:
        chosen = chosen_samples(n, samples, seed)
        first = stacked("activations", activations, chosen)
        second = first if other is None else stacked("other", other, chosen)
        defined = len(chosen) >= FEWEST_SAMPLES and min(len(first.names), len(second.names)) >= (other is None) + 1
        found = _measure(first, second, rounds, (nulls, draws, rtd_layers, seed), progress) if defined else None
    settings = {"samples": len(chosen), "nulls": nulls, "draws": draws, "rtd_layers": rtd_layers, **rounds.__dict__}
    if found is None:
        answer = _undefined(len(chosen), first, second, other is None)
        question = QUESTION if other is None else QUESTION_OF_TWO
        provenance = cost.provenance(seed, (n, len(activations)), settings)
        return Finding("layer_similarity", subject, question, answer, "not defined", provenance=provenance)
    settings["predicted_rtd_seconds"] = len(found.rtd) * rtd_cost(rounds.batch_size, rounds=rounds.total).seconds
    return _finding(subject, found, cost.provenance(seed, (n, len(activations)), settings))


def _measure(
    first: LayerStack,
    second: LayerStack,
    rounds: RTDRounds,
    sizes: tuple[int, int, int, int],
    progress: Callable[[float], None] | None,
) -> Similarities:
    nulls, draws, most, seed = sizes
    cka = CKAMatrices(first, second)
    rows, columns = (spread_layers(len(stack.names), most) for stack in (first, second))
    pairs = list(combinations(rows, 2) if second is first else product(rows, columns))
    entries = {}
    for place, (i, j) in enumerate(pairs):
        entries[i, j] = rounds.entry(first, second, i, j, seed)
        if progress is not None:
            progress((place + 1) / len(pairs))
    return Similarities(first, second, cka, cka.nulls(nulls, seed + 3), entries, draws, seed + 4)


def _finding(subject: str, found: Similarities, provenance: Mapping[str, Any]) -> Finding:
    matrix = found.cka.whole()
    order, blocks = (
        depth_order(matrix, found.own, seed=found.seed),
        blocks_of(matrix) if found.own else Blocks((0,), float("inf")),
    )
    tops = [found.largest(null) for null in found.nulls]
    related = null_p_value(found.largest(matrix), tops)
    verdict = _verdict(found, matrix, related, order, blocks)
    return Finding(
        name="layer_similarity",
        subject=subject,
        question=QUESTION if found.own else QUESTION_OF_TWO,
        answer=_answer(found, matrix, verdict, order, blocks),
        verdict=verdict,
        numbers=_numbers(found, matrix, tops, order, blocks),
        tables=_tables(found, matrix),
        series=_series(found) if found.own else {},
        references={"largest CKA with shuffled samples": tuple(tops)},
        warnings=_warnings(found),
        provenance=provenance,
    )


def _verdict(found: Similarities, matrix: Tensor, related: float, order: Order, blocks: Blocks) -> str:
    rows, columns = matrix.shape
    if related > LEVEL:
        return "unrelated layers"
    if not found.own:
        if min(rows, columns) < FEWEST_LAYERS_OF_TWO:
            return "too few layers"
        return "depths correspond" if order.p_value <= LEVEL else "depths do not correspond"
    if float(matrix.min()) >= ALIKE:
        return "all layers alike"
    if rows < FEWEST_LAYERS:
        return "too few layers"
    if blocks.ratio <= BLOCK_RATIO:
        return "blocks of alike layers"
    return "layers change step by step" if order.p_value <= LEVEL else "no order among layers"


def _answer(found: Similarities, matrix: Tensor, verdict: str, order: Order, blocks: Blocks) -> str:
    values = torch.stack([matrix[i, j] for i, j in found.pairs])
    share = torch.tensor([entry.share for entry in found.rtd.values()]).nanmean()
    head = {
        "unrelated layers": "No pair of layers is more alike than with shuffled samples",
        "all layers alike": "All layers see the samples alike",
        "too few layers": "There are too few layers to say whether likeness follows depth",
        "blocks of alike layers": f"The layers form {len(blocks.starts)} blocks, within which pairs are at most "
        f"{blocks.ratio:.2f} times as far apart as across",
        "depths correspond": "Layers at the same relative depth of both networks are most alike",
        "depths do not correspond": "The networks have alike layers, but not at the same relative depth",
    }.get(verdict, "Likeness falls with distance in depth" if "step" in verdict else "Likeness does not follow depth")
    return (
        f"{head}: CKA lies between {float(values.min()):.2f} and {float(values.max()):.2f} over {len(values)} pairs, "
        f"its rank correlation with nearness in depth is {order.correlation:.2f} (p = {order.p_value:.3f}), and RTD is "
        f"{100 * float(share):.0f} % of that of shuffled samples on average."
    )


def _numbers(found: Similarities, matrix: Tensor, tops: list[float], order: Order, blocks: Blocks) -> dict[str, Number]:
    i, j = torch.tensor(found.pairs).T
    kind = f"95 % over {found.draws} subsamples"

    def spread(name: str, statistic: Callable[[Tensor], float], **reference: Any) -> Number:
        value, low, high = found.cka.interval(statistic, found.draws, found.seed)
        return Number(value, name, (low, high), kind, **reference)

    shares = torch.tensor([entry.share for entry in found.rtd.values()], dtype=torch.float64)
    p_value = null_p_value(found.largest(matrix), tops)
    numbers = {
        "cka_mean": spread("mean CKA over pairs of layers", lambda m: float(m[i, j].mean())),
        "cka_largest": spread(
            "CKA of the pair most alike",
            found.largest,
            reference=max(tops),
            reference_name=f"largest over {len(tops)} shuffles of the samples",
            p_value=p_value,
        ),
        "cka_least": spread("CKA of the pair least alike", lambda m: float(m[i, j].min())),
        "depth_order": Number(
            order.correlation,
            "rank correlation of CKA with nearness in depth",
            reference=0.0,
            reference_name="layers in shuffled order",
            p_value=order.p_value,
        ),
        "rtd_share": Number(
            float(shares.nanmean()),
            "mean RTD over pairs, as a share of that of shuffled samples",
            (float(shares.min()), float(shares.max())),
            "least and largest pair",
            1.0,
            "shuffled samples",
        ),
        "layers": Number(len(found.first.names), "layers that vary"),
    }
    if found.own:
        numbers["blocks"] = Number(len(blocks.starts), "blocks of the tightest cut")
        ratio = blocks.ratio if len(blocks.starts) > 1 else None
        meaning = "largest distance 1 - CKA within blocks over the least across"
        numbers["block_ratio"] = Number(ratio, meaning, reference=BLOCK_RATIO, reference_name="limit of the verdict")
        numbers["cka_neighbours"] = spread("mean CKA of neighbouring layers", lambda m: float(m.diagonal(1).mean()))
    return numbers


def _tables(found: Similarities, matrix: Tensor) -> dict[str, Table]:
    names, others, rows = found.first.names, found.second.names, []
    for i, j in found.pairs:
        value, low, high = found.cka.interval(lambda m, i=i, j=j: float(m[i, j]), found.draws, found.seed)  # type: ignore[misc]
        nulls = found.nulls[:, i, j]
        row = [names[i], others[j], value, low, high, float(nulls.quantile(0.95)), null_p_value(value, nulls.tolist())]
        entry = found.rtd.get((i, j))
        rows.append((*row, *((None,) * 5 if entry is None else _entry_cells(entry))))
    columns = ("layer", "other", "CKA", "low", "high", "shuffled CKA, 95 %", "p of CKA")
    more = ("RTD", "least batch", "largest batch", "shuffled RTD, mean", "p of RTD")
    divergence = [[found.rtd.get((i, j), found.rtd.get((j, i))) for j in range(len(others))] for i in range(len(names))]
    return {
        "pairs": Table("All pairs of layers; p-values are of single pairs.", columns + more, tuple(rows)),
        "cka": Table(
            "CKA", ("layer", *others), tuple((name, *row) for name, row in zip(names, matrix.tolist(), strict=True))
        ),
        "rtd": Table(
            "RTD; empty where it was not computed",
            ("layer", *others),
            tuple(
                (names[i], *(0.0 if found.own and i == j else entry and entry.value for j, entry in enumerate(row)))
                for i, row in enumerate(divergence)
            ),
        ),
    }


def _entry_cells(entry: RTDEntry) -> tuple[float, ...]:
    return (entry.value, entry.low, entry.high, sum(entry.nulls) / len(entry.nulls), entry.p_value)


def _series(found: Similarities) -> dict[str, Series]:
    steps = range(len(found.first.names) - 1)
    parts = [found.cka.interval(lambda m, i=i: float(m[i, i + 1]), found.draws, found.seed) for i in steps]  # type: ignore[misc]
    caption = "CKA of each layer with the next; bands are 95 % over subsamples."
    curve = {"CKA with the next layer": tuple(part.value for part in parts)}
    bands = {"CKA with the next layer": tuple((part.low, part.high) for part in parts)}
    return {"neighbours": Series(caption, "layer", tuple(float(i) for i in steps), curve, bands)}


def _warnings(found: Similarities) -> tuple[str, ...]:
    said = []
    n = found.cka.n
    for stack in {id(stack): stack for stack in (found.first, found.second)}.values():
        if stack.constant:
            said.append(f"Constant on these samples and left out: {', '.join(stack.constant)}.")
    if n < 100:
        said.append(f"{n} samples are few: intervals are wide and RTD is coarse; take 100 or more.")
    if len({i for pair in found.rtd for i in pair}) < len(found.first.names):
        said.append("RTD is computed on some layers only, spread over the depth; raise rtd_layers for all.")
    return tuple(said)


def _undefined(n: int, first: LayerStack, second: LayerStack, own: bool) -> str:
    if n < FEWEST_SAMPLES:
        return f"{n} samples are too few to compare layers: take {FEWEST_SAMPLES} at least, better 100 or more."
    constant = (*first.constant, *(() if own else second.constant))
    needed = "two layers that vary" if own else "a layer of each network that varies"
    left = f"constant on these samples: {', '.join(constant)}" if constant else "there is one layer only"
    return f"Similarity needs {needed}, but {left}."
