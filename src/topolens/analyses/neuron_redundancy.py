"""Which neurons of a layer say the same as another one, and could be pruned?"""

from __future__ import annotations

from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.neuron_candidates import (
    LEVELS,
    Layer,
    Listed,
    layers_of,
    list_candidates,
    merged_shares,
    rare_below,
    share_of,
)
from topolens.analyses.neuron_layers import Activations, Neurons, neurons_of
from topolens.analyses.provenance import Cost
from topolens.sampling import null_p_value

QUESTION = "Which neurons say the same as another one of their layer, up to scale, sign and offset?"
VERDICTS = ("redundant", "not redundant", "not defined")
FEWEST_SAMPLES = 10


CARD = MethodCard(
    definition="Pearson's correlation between the neurons of a layer; single linkage, which is persistence in "
    "dimension 0, gives clusters, and neurons whose |correlation| with a kept one reaches the level are candidates to "
    "prune. The level is raised above the largest |correlation| of shuffled columns.",
    source="Minimum spanning trees and single linkage cluster analysis, 1969; ours are the nulls and the list.",
    neuron_permutation="unchanged, but for which of two copies is kept",
    relu_rescaling="unchanged",
    verdicts=VERDICTS,
    caveats=(
        "One pair of neurons makes the verdict, and another seed may have none, as for a perceptron on MNIST.",
        "Neurons that say the same on these samples may differ on others.",
        "A candidate can be folded into the neuron kept for it only where what follows is linear in both; fine-tune "
        "and measure the accuracy.",
        "A neuron may be a combination of several others without being like any: pairs do not show that.",
        "Only neurons of one layer are compared: layers one behind the other often pass a neuron on.",
    ),
)


def neuron_redundancy(
    activations: Activations,
    untrained: Activations | None = None,
    *,
    seed: int = 0,
    subject: str = "model",
    level: float = 0.95,
    neurons: int = 2000,
    nulls: int = 19,
    draws: int = 10,
) -> Finding:
    """Neurons that another one of their layer can stand for, as a list, with what the layer has by chance.

    A neuron is a candidate to prune if its absolute correlation with one that is kept reaches `level`, and exceeds the
    largest one between any neurons of any layer in all copies with shuffled columns: on independent neurons the
    verdict is `redundant` in one of nulls + 1 cases at most, however few samples there are.

    Args:
        activations: Shape (samples, neurons), or layer to such a tensor, of the same samples.
        untrained: The same of an untrained twin, as a reference.
        seed: Of neurons drawn, nulls and subsamples.
        subject: Name of the layer or network, for the text.
        level: Least absolute correlation, in (0, 1].
        neurons: At most so many are looked at in a layer, drawn at random.
        nulls: Copies with shuffled columns.
        draws: Subsamples of samples, for the interval.

    Returns:
        A Finding "neuron_redundancy" with one of the verdicts `redundant` (there is a candidate), `not redundant`,
        `not defined`. The table "candidates" has them all, the kept neuron beside each.

    Raises:
        TypeError: If something is no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, there is no layer, layers have different samples,
            or an argument is out of range.

    Cost: nulls + draws + 3 matrices of correlations for each layer.
    Source: "Minimum spanning trees and single linkage cluster analysis", 1969; ours are the nulls and the list.
    """
    if not 0 < level <= 1 or neurons < 2 or nulls < 1 or draws < 2:
        raise ValueError(
            "level must lie in (0, 1], with 2 neurons, 1 null and 2 draws at least, got "
            f"level={level}, neurons={neurons}, nulls={nulls}, draws={draws}"
        )
    found = neurons_of("activations", activations)
    twin = None if untrained is None else neurons_of("untrained", untrained)
    with Cost() as cost:
        layers = layers_of(found, neurons, seed)
        is_defined = found.samples >= FEWEST_SAMPLES and any(layer.x.shape[1] > 1 for layer in layers.values())
        listed = list_candidates(layers, level, nulls, draws, seed) if is_defined else None
        untrained_layers = None if twin is None or listed is None else layers_of(twin, neurons, seed)
    counts = _counts(found, layers)
    provenance = cost.provenance(
        seed, (found.samples, found.total), {"level": level, "neurons": neurons, "nulls": nulls, "draws": draws}
    )
    if listed is None:
        used = sum(layer.x.shape[1] for layer in layers.values())
        answer = (
            f"Not defined: {found.samples:,} samples and {used:,} neurons that vary on {rare_below(found.samples)} of "
            f"them or more, and it takes {FEWEST_SAMPLES} samples and 2 such neurons in a layer at least."
        )
        return Finding("neuron_redundancy", subject, QUESTION, answer, "not defined", counts, provenance=provenance)
    untrained_share = None if untrained_layers is None else share_of(untrained_layers, listed.needed)
    return Finding(
        name="neuron_redundancy",
        subject=subject,
        question=QUESTION,
        answer=_answer(listed, untrained_share),
        verdict="redundant" if listed.rows else "not redundant",
        numbers={**counts, **_numbers(listed, untrained_share, nulls, draws)},
        tables=_tables(found, layers, listed, untrained_layers),
        series=_series(layers, listed, untrained_layers),
        references={"largest |correlation|, columns shuffled": tuple(listed.chance)},
        warnings=_warnings(found, layers, listed, level, nulls),
        provenance=provenance,
    )


def _answer(listed: Listed, untrained: float | None) -> str:
    low, high = listed.interval
    beside = "" if untrained is None else f"; untrained it is {percent(untrained)}"
    chance = f"independent neurons reach {max(listed.chance):.2f}"
    size = f"{listed.used:,} neurons"
    if not listed.rows:
        return (
            f"None of {size} correlates to {listed.needed:.2f} with another one of its layer: the largest "
            f"|correlation| is {listed.largest:.2f}, {chance}{beside}."
        )
    share = f"{percent(len(listed.rows) / listed.used)}, {percent(low)} to {percent(high)}"
    return (
        f"{len(listed.rows):,} of {size} ({share}) "
        f"could be left to another one of their layer, at a |correlation| of {listed.needed:.2f} or more, where "
        f"{chance}{beside}."
    )


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.1f} %"


def _counts(found: Neurons, layers: dict[str, Layer]) -> dict[str, Number]:
    return {
        "samples": Number(found.samples, "number of samples"),
        "neurons": Number(found.total, "number of neurons"),
        "constant": Number(found.total - found.varying, "neurons that never vary: they could be pruned too"),
        "rare": Number(
            sum(layer.rare for layer in layers.values()), "neurons that hardly ever leave one value, left out"
        ),
    }


def _numbers(listed: Listed, untrained: float | None, nulls: int, draws: int) -> dict[str, Number]:
    return {
        "redundant": Number(len(listed.rows), "neurons another one can stand for"),
        "share": Number(
            len(listed.rows) / listed.used,
            "their share of the neurons looked at",
            listed.interval,
            f"95 % over {draws} subsamples of 80 % of the samples, with the value itself",
            untrained,
            "" if untrained is None else "the untrained twin",
        ),
        "clusters": Number(listed.clusters, "clusters of neurons at this level, chains included"),
        "needed": Number(listed.needed, "|correlation| needed to count"),
        "largest": Number(
            listed.largest,
            "largest |correlation| of two neurons of a layer",
            reference=max(listed.chance),
            reference_name=f"largest of {nulls} copies with shuffled columns",
            p_value=null_p_value(listed.largest, listed.chance),
        ),
    }


def _tables(
    found: Neurons, layers: dict[str, Layer], listed: Listed, untrained: dict[str, Layer] | None
) -> dict[str, Table]:
    per_layer = {layer: sum(row[0] == layer for row in listed.rows) for layer in layers}
    rows = []
    for name, layer in layers.items():
        twin = None if untrained is None or name not in untrained else share_of({name: untrained[name]}, listed.needed)
        used = layer.x.shape[1]
        constant = found.widths[name] - len(found.places[name])
        rows.append((name, found.widths[name], constant, layer.rare, used, per_layer[name], twin))
    return {
        "candidates": Table(
            "Neurons that could be pruned, and the one kept for each",
            ("layer", "neuron", "kept instead", "correlation", "least |correlation| over subsamples"),
            tuple(listed.rows),
        ),
        "layers": Table(
            "Layer by layer",
            ("layer", "neurons", "constant", "rarely active", "looked at", "redundant", "share untrained"),
            tuple(rows),
        ),
    }


def _series(layers: dict[str, Layer], listed: Listed, untrained: dict[str, Layer] | None) -> dict[str, Series]:
    curves = {"network": merged_shares(layers, LEVELS), "columns shuffled": listed.chance_curve}
    if untrained is not None:
        curves["untrained"] = merged_shares(untrained, LEVELS)
    return {"levels": Series("Share of neurons that join another one's cluster", "|correlation|", LEVELS, curves)}


def _warnings(found: Neurons, layers: dict[str, Layer], listed: Listed, level: float, nulls: int) -> tuple[str, ...]:
    out = []
    if listed.needed > level:
        out.append(
            f"Independent neurons reach a |correlation| of {max(listed.chance):.3f} on {found.samples:,} samples, so "
            f"the level is raised from {level:g} to {listed.needed:.3f}; take more samples."
        )
    rare = sum(layer.rare for layer in layers.values())
    if rare:
        out.append(
            f"{rare:,} neurons leave their commonest value on fewer than {rare_below(found.samples)} samples and were "
            "left out: correlations of such are chance; take more samples."
        )
    thinned = [name or "the layer" for name, layer in layers.items() if layer.thinned]
    if thinned:
        out.append(f"Of some layers only a draw of neurons was looked at: {', '.join(thinned)}.")
    if nulls < 19:
        out.append(f"Only {nulls} nulls were drawn: independent neurons pass for redundant in 1 of {1 + nulls} cases.")
    return tuple(out)
