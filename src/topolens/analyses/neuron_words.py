"""What is said of correlations between neurons: sentences, numbers, tables and curves."""

from __future__ import annotations

import statistics

import torch

from topolens.analyses.finding import Number, Series, Table
from topolens.analyses.neuron_bars import HISTOGRAM, MEANINGS, SHUFFLED, SPECTRUM, Seen, distances_of, drawn
from topolens.analyses.neuron_compared import FEWEST_NEURONS, FEWEST_SAMPLES, LOOP_MARGIN, VERDICTS, Compared, Settings
from topolens.analyses.neuron_layers import Neurons
from topolens.filtrations import rips
from topolens.measures import bar_summary, neuron_correlation
from topolens.persistence import persistence
from topolens.sampling import feasibility, null_p_value

BINS = 40
NOISE = 0.5  # correlations of independent neurons that reach this far leave little to see


def answer_of(compared: Compared) -> str:
    """The answer in one sentence with its numbers."""
    own = compared.own.values
    samples, neurons = compared.x.shape
    of = f"{neurons:,} neurons on {samples:,} samples"
    typical, merge = own["mean_correlation"], own["h0_mean_death"]
    if compared.verdict == VERDICTS[2]:
        null = _median(compared.nulls[SHUFFLED], "mean_correlation")
        return (
            f"The correlations of {of} are those of independent neurons: mean |correlation| {typical:.3f} against "
            f"{null:.3f} with columns shuffled (p = {compared.p_independent:.2f})."
        )
    null = _median(compared.nulls[HISTOGRAM], "h0_mean_death")
    loops = f"{compared.loops} loops are" if compared.loops != 1 else "1 loop is"
    against = (
        f"merges at {merge:.3f} on average against {null:.3f} for the same correlations dealt to other pairs "
        f"(p = {compared.p_histogram:.2f}); {loops} at least {LOOP_MARGIN} times as long as any of shuffled neurons or "
        "random directions of the same spectrum"
    )
    start = "No structure beyond the histogram" if compared.verdict == VERDICTS[1] else "Structure beyond the histogram"
    return f"{start} of correlations of {of}: {against}{_beside_twin(compared)}."


def _beside_twin(compared: Compared) -> str:
    if compared.untrained is None:
        return ""
    typical, merge = (compared.untrained.values[name] for name in ("mean_correlation", "h0_mean_death"))
    own = compared.own.values["mean_correlation"]
    return f"; mean |correlation| is {own:.3f}, untrained {typical:.3f} with merges at {merge:.3f}"


def not_defined_of(found: Neurons) -> str:
    """The answer where there is too little."""
    return (
        f"Not defined: {found.samples:,} samples and {found.varying:,} neurons that vary (of {found.total:,}), and "
        f"correlations with loops need {FEWEST_SAMPLES} samples and {FEWEST_NEURONS} such neurons at least."
    )


def counts_of(found: Neurons) -> dict[str, Number]:
    """How much there was to look at."""
    return {
        "samples": Number(found.samples, "number of samples"),
        "neurons": Number(found.total, "number of neurons"),
        "constant": Number(found.total - found.varying, "neurons that never vary, left out"),
    }


def numbers_of(compared: Compared, found: Neurons) -> dict[str, Number]:
    """The numbers, each beside the same correlations dealt to other pairs or, of these alone, shuffled columns."""
    out = counts_of(found)
    out["used"] = Number(compared.x.shape[1], "neurons looked at")
    for name, meaning in MEANINGS.items():
        kind = SHUFFLED if name == "mean_correlation" else HISTOGRAM
        out[name] = _number(compared, name, meaning, kind)
    longest, spectrum = compared.own.values["h1_longest"], compared.nulls[SPECTRUM]
    values = torch.linalg.eigvalsh(neuron_correlation(compared.x)).clamp_min(0)
    out |= {
        "loops": Number(
            compared.loops,
            f"H1 bars {LOOP_MARGIN} times as long as all of shuffled columns and of random directions of the same "
            "spectrum",
            reference=0,
            reference_name="those nulls, by definition",
        ),
        "h1_longest_spectrum": Number(
            compared.longest(SPECTRUM),
            f"longest H1 bar of {len(spectrum)} nulls of random directions with the same spectrum",
            p_value=null_p_value(longest, [one.values["h1_longest"] for one in spectrum]),
        ),
        "effective_rank": Number(
            float(values.sum() ** 2 / values.square().sum()), "participation ratio of the correlations' eigenvalues"
        ),
        "p_histogram": Number(compared.p_histogram, "joint p-value against the same correlations dealt to other pairs"),
        "p_independent": Number(compared.p_independent, "joint p-value against shuffled columns"),
    }
    return out


def _number(compared: Compared, name: str, meaning: str, kind: str) -> Number:
    value, group = compared.own.values[name], compared.nulls[kind]
    interval = compared.intervals.get(name)
    references = [one.values[name] for one in group if one.values[name] == one.values[name]]
    return Number(
        value if value == value else None,
        meaning,
        interval,
        f"95 % over {len(compared.draws)} subsamples of 80 % of the samples, with the value itself" if interval else "",
        statistics.median(references) if references else None,
        f"median of {len(group)} nulls, {kind}",
        _two_sided(value, references) if value == value and references else None,
    )


def _two_sided(value: float, nulls: list[float]) -> float:
    return min(1.0, 2 * min(null_p_value(value, nulls, larger) for larger in (True, False)))


def _median(group: list[Seen], name: str) -> float:
    return statistics.median(one.values[name] for one in group)


def tables_of(compared: Compared, found: Neurons, twin: Neurons | None, how: Settings) -> dict[str, Table]:
    """All numbers beside all references, and the layers one by one."""
    kinds = tuple(compared.nulls)
    rows = []
    for name, meaning in MEANINGS.items():
        others = torch.tensor([draw[name] for draw in compared.draws], dtype=torch.float64)
        low, middle, high = others.quantile(torch.tensor([0.05, 0.5, 0.95], dtype=torch.float64)).tolist()
        nulls = [_median(compared.nulls[kind], name) for kind in kinds]
        untrained = compared.untrained.values[name] if compared.untrained else None
        rows.append((meaning, compared.own.values[name], middle, low, high, *nulls, untrained))
    columns = ("number", "value", "median of draws", "5 %", "95 %", *(f"median, {kind}" for kind in kinds), "untrained")
    some = "draws of other neurons" if found.varying > how.neurons else "draws of 80 % of the neurons"
    return {
        "summaries": Table(f"Summaries; the columns after the value are {some} and references", columns, tuple(rows)),
        "layers": Table(
            "Layer by layer: correlations within each",
            ("layer", "neurons that vary", "mean |correlation|", "mean merge", "untrained |correlation|", "merge"),
            tuple(_layer_row(layer, found, twin, how) for layer in found.layers),
        ),
    }


def _layer_row(layer: str, found: Neurons, twin: Neurons | None, how: Settings) -> tuple[object, ...]:
    own = _pooled(found, layer, how)
    untrained = _pooled(twin, layer, how) if twin is not None and layer in twin.layers else (None, None)
    return (layer, found.layers[layer].shape[1], *own, *untrained)


def _pooled(neurons: Neurons, layer: str, how: Settings) -> tuple[float | None, float | None]:
    """Mean |correlation| and mean merge of one layer's neurons."""
    x = neurons.layers[layer]
    if x.shape[1] < 2 or neurons.samples < FEWEST_SAMPLES:
        return None, None
    distances = distances_of(drawn({layer: x}, how.neurons, how.sampling, how.seed))
    n = len(distances)
    merges = bar_summary(persistence(rips(distances=distances[None]), 0), 0, n)
    return float((1 - distances).sum() - n) / (n * (n - 1)), merges.mean_death


def series_of(compared: Compared) -> dict[str, Series]:
    """The histogram of |correlations|, beside shuffled columns and the untrained twin."""
    shown = {"network": compared.own.pairs, SHUFFLED: torch.cat([one.pairs for one in compared.nulls[SHUFFLED]])}
    if compared.untrained:
        shown["untrained"] = compared.untrained.pairs
    shares = {name: torch.histc(pairs, BINS, 0.0, 1.0) / len(pairs) for name, pairs in shown.items()}
    return {
        "histogram": Series(
            "Share of pairs of neurons by their |correlation|",
            "|correlation|",
            tuple((i + 0.5) / BINS for i in range(BINS)),
            {name: tuple(share.tolist()) for name, share in shares.items()},
        )
    }


def warnings_of(compared: Compared, found: Neurons, how: Settings) -> tuple[str, ...]:
    """What the reader should know before trusting the answer."""
    out = []
    samples, neurons = compared.x.shape
    noise = max(float(one.pairs.max()) for one in compared.nulls[SHUFFLED])
    if samples < neurons or noise > NOISE:
        out.append(
            f"{samples:,} samples are few for {neurons:,} neurons: correlations of independent ones reach {noise:.2f}."
        )
    if found.total > found.varying:
        out.append(f"{found.total - found.varying:,} of {found.total:,} neurons never vary and were left out.")
    if found.varying > neurons:
        out.append(
            f"{neurons:,} of {found.varying:,} neurons were drawn ({how.sampling}); other draws are in the table."
        )
    if how.nulls < 19:
        out.append(f"Only {how.nulls} nulls were drawn, so no p-value below {1 / (1 + how.nulls):.2f} is possible.")
    if compared.scale is not None:
        out.append(
            f"To keep to {how.budget:g} seconds bars are cut off at 1 - |correlation| = {compared.scale:.3f}, in the "
            "network as in all nulls: numbers of H1 are of what is seen below it."
        )
    if compared.longest(SPECTRUM) >= compared.own.values["h1_longest"] and compared.verdict == VERDICTS[0]:
        out.append("Random directions of the same spectrum give H1 bars as long: read none of them as a loop.")
    try:
        out += [f"Neurons as points: {text}" for text in feasibility(compared.x.T, 1, how.seed).warnings]
    except ValueError as error:
        out.append(f"Neurons as points: {error}")
    return tuple(out)
