"""Whether attention joins tokens in a pattern, or only as the weights of each row would by chance."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from topolens.analyses.finding import Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.analyses.weight_nulls import moved_p_values
from topolens.measures.attention_graphs import attention_bar_sums
from topolens.sampling.inference import subsample_interval

QUESTION = "Do attention heads join tokens in a pattern beyond how sharp their rows are?"
VERDICTS = ("beyond the weights of the rows", "only the weights of the rows", "not defined")
LEVEL = 0.05
FEWEST_TOKENS = 4

CARD = MethodCard(
    definition=(
        "Total length of the bars of dimension 0 and 1 of each head's attention maps, where two tokens are joined at "
        "1 - the larger attention between them, as a mean over samples; beside maps whose rows are shuffled, what a "
        "token pays to itself and what is masked (exactly 0) left in place."
    ),
    source=(
        '"Artificial text detection via examining the topology of attention maps", 2021, section 3. Ours: the shuffled '
        "rows, and one test over all heads and dimensions."
    ),
    neuron_permutation="unchanged, inside each head; renumbering heads renumbers rows of the table",
    relu_rescaling="unchanged: attention is a softmax, and its scale lies in the function itself",
    verdicts=VERDICTS,
    caveats=(
        "A pattern by position alone (look at the token before) is a pattern; an untrained network may have it.",
        "Keys that all tokens look at make a star: the bars of dimension 0 differ from shuffled rows by that alone.",
        "Padded tokens are vertices as all others: give sequences without padding where it matters.",
    ),
)


def attention(
    maps: Mapping[str, Tensor] | Tensor,
    *,
    untrained: Mapping[str, Tensor] | Tensor | None = None,
    shuffles: int = 20,
    max_dim: int = 1,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """Bars of attention maps head by head, against maps with shuffled rows.

    Args:
        maps: Layer to its attention, shape (samples, heads, tokens, tokens), for instance from
            `probes.record_attention`; or one of them.
        untrained: Those of the untrained network on the same samples, to be shown beside them.
        shuffles: How often all rows are shuffled; below 19 nothing can reach the level.
        max_dim: Largest homology dimension, 0 or 1.
        seed: Of the shuffles and the subsamples of samples.
        subject: Name of the network, for the text.

    Returns:
        A Finding "attention" with a row for each layer, head and dimension in `tables["heads"]`. Its verdict is `beyond
        the weights of the rows` if a head's bars lie farther from those of shuffled rows than any head's in 95 % of the
        shuffles, `only the weights of the rows` if none does, `not defined` if there are fewer than 4 tokens or
        shuffling moves nothing, as for equal weights.

    Raises:
        TypeError: If a map is no floating-point tensor.
        ValueError: If there are no maps, one has another shape, contains NaN or leaves [0, 1], the untrained ones
            are of other layers or heads, there is no shuffle, or `max_dim` is neither 0 nor 1.

    Cost: samples * heads Rips complexes of the tokens of each layer, once and per shuffle.
    Source: "Artificial text detection via examining the topology of attention maps", 2021, section 3; see `CARDS`.
    """
    layers = _by_layer(maps)
    if not layers:
        raise ValueError("maps must hold a layer at least, got none; see probes.record_attention")
    if shuffles < 1 or max_dim not in (0, 1):
        raise ValueError(f"there must be a shuffle, and max_dim 0 or 1, got {shuffles} and {max_dim}")
    with Cost() as cost:
        observed = {name: attention_bar_sums(x, max_dim) for name, x in layers.items()}
        able = {name: x for name, x in layers.items() if x.shape[2] >= FEWEST_TOKENS and len(x)}
        numbers = _numbers({name: observed[name] for name in able}, able, shuffles, seed)
        before = {} if untrained is None else _untrained(_by_layer(untrained), observed, max_dim)
    verdict = _verdict([number.p_value for number in numbers.values()])
    return Finding(
        name="attention",
        subject=subject,
        question=QUESTION,
        answer=_answer(numbers, verdict, shuffles),
        verdict=verdict,
        numbers=numbers,
        tables={"heads": _table(numbers, before)},
        references={"untrained": tuple(before[name] for name in numbers)} if before else {},
        warnings=_warnings(layers, able, shuffles, untrained is None),
        provenance=cost.provenance(
            seed, (len(layers),), {"shuffles": shuffles, "max_dim": max_dim, "layers": list(layers)}
        ),
    )


def _by_layer(maps: Mapping[str, Tensor] | Tensor) -> dict[str, Tensor]:
    return {"attention": maps} if isinstance(maps, Tensor) else dict(maps)


def _untrained(maps: Mapping[str, Tensor], observed: Mapping[str, Tensor], max_dim: int) -> dict[str, float]:
    """Mean over samples of each layer, dimension and head."""
    heads = {name: x.shape[1] if x.ndim == 4 else 0 for name, x in maps.items()}
    wanted = {name: sums.shape[2] for name, sums in observed.items()}
    if heads != wanted:
        raise ValueError(f"untrained maps must be of the same layers and heads, {wanted}, got {heads}")
    return {
        f"h{dim}.{name}.{head}": value
        for name, x in maps.items()
        for dim, row in enumerate(attention_bar_sums(x, max_dim).mean(1).tolist())
        for head, value in enumerate(row)
    }


def _numbers(observed: Mapping[str, Tensor], maps: Mapping[str, Tensor], shuffles: int, seed: int) -> dict[str, Number]:
    """A number for each layer, dimension and head, with p-values over all of them."""
    if not maps:
        return {}
    generator = torch.Generator().manual_seed(seed)
    values = [value for sums in observed.values() for value in _means(sums)]
    nulls = []
    for _ in range(shuffles):
        drawn = [attention_bar_sums(_shuffled(x, generator), len(observed[name]) - 1) for name, x in maps.items()]
        nulls.append([value for sums in drawn for value in _means(sums)])
    p_values = iter(moved_p_values(values, nulls))
    columns = iter(zip(*nulls, strict=True))
    return {
        f"h{dim}.{name}.{head}": _number(
            sums[dim, :, head], f"dimension {dim}, head {head} of {name}", next(p_values), next(columns), seed
        )
        for name, sums in observed.items()
        for dim in range(sums.shape[0])
        for head in range(sums.shape[2])
    }


def _means(sums: Tensor) -> list[float]:
    """Over samples, by dimension and then head; rounded, so that the order of sums breaks no tie."""
    return [float(f"{value:.9g}") for value in sums.mean(1).flatten().tolist()]


def _shuffled(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each row in another order, the diagonal and zeros in place."""
    x = x.detach().to("cpu", torch.float64)
    fixed = (x == 0) | torch.eye(x.shape[-1], dtype=torch.bool)
    keys = torch.rand(x.shape, generator=generator, dtype=torch.float64)
    places = torch.where(fixed, 2.0, torch.arange(x.shape[-1], dtype=torch.float64) / x.shape[-1]).argsort(-1)
    moved = torch.where(fixed, 2.0, keys).argsort(-1)
    out = x.clone().scatter(-1, places, x.gather(-1, moved))
    return torch.where(fixed, x, out)


def _number(values: Tensor, which: str, p: float | None, nulls: Sequence[float], seed: int) -> Number:
    interval = None
    if len(values) > 1:
        interval = subsample_interval(lambda rows: float(values[rows].mean()), len(values), seed=seed)
    return Number(
        float(values.mean()),
        f"total length of bars of {which}, mean over samples",
        interval=None if interval is None else (interval.low, interval.high),
        interval_kind="" if interval is None else "95 % over subsamples of the samples",
        reference=statistics.fmean(nulls),
        reference_name=f"mean of {len(nulls)} shuffles of the rows",
        p_value=p,
    )


def _verdict(p_values: list[float | None]) -> str:
    known = [p for p in p_values if p is not None]
    return VERDICTS[2] if not known else VERDICTS[0] if min(known) <= LEVEL else VERDICTS[1]


def _answer(numbers: Mapping[str, Number], verdict: str, shuffles: int) -> str:
    if verdict == "not defined":
        return f"Not defined: there are fewer than {FEWEST_TOKENS} tokens, or shuffling rows moves nothing."
    able = [n for n in numbers.values() if n.p_value is not None]
    clear = min(able, key=lambda n: (n.p_value or 0.0, -abs((n.value or 0.0) - (n.reference or 0.0))))
    count = sum((n.p_value or 0.0) <= LEVEL for n in able)
    head = (
        f"Beyond the weights of the rows in {count}" if count else "Only the weights of the rows: beyond them in none"
    )
    return (
        f"{head} of {len(able)} tests; clearest: {clear.meaning}, {clear.value:.3f} against {clear.reference:.3f} for "
        f"shuffled rows (p = {clear.p_value:.3f} over {shuffles} shuffles of all heads)."
    )


def _table(numbers: Mapping[str, Number], before: Mapping[str, float]) -> Table:
    def row(name: str, n: Number) -> tuple[object, ...]:
        layer, head = name[3:].rsplit(".", 1)
        return (
            layer,
            int(head),
            int(name[1]),
            n.value,
            n.reference,
            before.get(name),
            n.p_value,
            _verdict([n.p_value]),
        )

    return Table(
        "Each head and dimension: total length of its bars, of shuffled rows, untrained, and p over all of them.",
        ("layer", "head", "dimension", "length", "shuffled", "untrained", "p", "verdict"),
        tuple(row(name, n) for name, n in numbers.items()),
    )


def _warnings(layers: Mapping[str, Tensor], able: Mapping[str, Tensor], shuffles: int, alone: bool) -> tuple[str, ...]:
    warnings = [
        f"{name} has {x.shape[2]} tokens and {len(x)} samples, too few to shuffle."
        for name, x in layers.items()
        if name not in able
    ]
    if 1 / (1 + shuffles) > LEVEL:
        warnings.append(f"With {shuffles} shuffles nothing can reach the level {LEVEL}; take 19 or more.")
    if alone:
        warnings.append(
            "Untrained networks have patterns too; give the maps of an untrained one to see what was learned."
        )
    return tuple(warnings)
