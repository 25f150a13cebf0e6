"""Whether the arrangement of a network's weights says more than how its weights are distributed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

from torch import Tensor, nn

from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.analyses.weight_nulls import Weights, matrices_of, moved_p_values, shuffled, shuffled_trees, twins_of
from topolens.measures.neural_persistence import deep_graph_persistence, neural_persistence, persistence_of_trees
from topolens.measures.path_strengths import Graph, path_work
from topolens.measures.spanning_forest import magnitude_pruning_bound
from topolens.probes.weight_graph import weight_graph

QUESTION = "Does the graph of the weights hold more than the distribution of their magnitudes?"
VERDICTS = ("beyond the weight distribution", "only the weight distribution", "not defined")
MOVED = 0.03
LEVEL = 0.05
MOST_WORK = 15_000_000_000  # comparisons for the strongest paths over all draws: 25 seconds or so
WHOLE = "whole network"

CARD = MethodCard(
    definition=(
        "Neural persistence of each layer: the 2-norm of 1 - m over the edges m of the maximum spanning tree of its "
        "bipartite graph, magnitudes divided by the largest of the network, over sqrt(neurons - 1). Deep graph "
        "persistence: the same on the strongest paths from inputs to outputs, each layer standardised; where branches "
        "are added all their paths go on, and a shortcut weakens none. Both beside the same weights in random places "
        "and beside untrained weights."
    ),
    source=(
        '"Neural persistence", 2019, section 3; "Addressing caveats of neural persistence with deep graph '
        'persistence", 2023, sections 4 and 5 (the permutation test). Ours: one test over all layers that keeps its '
        "level, a least change of 3 %, and paths through shortcuts and branches."
    ),
    neuron_permutation="unchanged, p-values included",
    relu_rescaling=(
        "changes all numbers: scaling a neuron's input weights by a factor and its output weights by the inverse "
        "computes the same function, but moves magnitudes against each other"
    ),
    verdicts=VERDICTS,
    caveats=(
        "Neural persistence follows the variance of the weights: compare it with shuffled weights first.",
        "One weight far larger than all others pushes all layers towards 1; scale by layer looks at each by itself.",
        "Convolutions are read as (out, in * kernel): a place of the kernel is a neuron, and weights are not unrolled.",
        "Deep graph persistence follows shortcuts and branches as torch.fx reads them from the network's code; where "
        "that fails, or layers meet in products as in attention, it is not defined, and the finding says where.",
        "A state_dict does not hold shortcuts: its layers are taken for a chain in their order where shapes allow.",
    ),
)


class _Rows(NamedTuple):
    """Neural persistence of each layer, and last deep graph persistence where the paths are known."""

    names: tuple[str, ...]
    observed: list[float]
    nulls: list[list[float]]
    twins: list[list[float]]


def weight_topology(
    weights: Weights,
    *,
    twin: Weights | None = None,
    permutations: int = 20,
    seed: int = 0,
    subject: str = "model",
    progress: Callable[[float], None] | None = None,
) -> Finding:
    """Neural persistence and deep graph persistence of a network, beside shuffled and untrained weights.

    A layer lies beyond its weight distribution if shuffling its entries moves its neural persistence by at least 3 %,
    and farther than any layer moves in 95 % of the shuffles of the whole network.

    Args:
        weights: A network, a state_dict, layers by name, or one layer; see `probes.weight_matrices`.
        twin: The same network before training; default five draws of PyTorch's own initialisation.
        permutations: How often the entries of each matrix are shuffled; below 19 nothing can reach the level.
        seed: Of shuffles and drawn twins.
        subject: Name of the network or layer, for the text.
        progress: Called with the share done, from 0 to 1.

    Returns:
        A Finding "weight_topology" with a row and a verdict for each layer in `tables["layers"]`. Its own verdict is
        `beyond the weight distribution` if that of a layer or of all paths is, `only the weight distribution` if some
        can move and none does, `not defined` if shuffling can move nothing, as for one neuron or equal weights.

    Raises:
        TypeError: If `weights` is neither a network, nor a mapping, nor a tensor.
        ValueError: If there are no weights, some are NaN or infinite, the twin has other layers, or there is no
            permutation.

    Cost: a spanning tree and a shuffle of all weights per permutation, and as many products along the paths.
    Source: "Neural persistence", 2019; "Addressing caveats of neural persistence with deep graph persistence", 2023;
        "A zeroth-order topological perspective on magnitude pruning", 2022; see `CARDS`.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    layers = matrices_of(weights)
    with Cost() as cost:
        others = twins_of(layers, twin, seed)
        graph, broken = _paths(weights, layers, permutations + 1 + len(others))
        observed = _values(layers, graph, broken)
        nulls = []
        for index, draw in enumerate((shuffled_trees if broken else shuffled)(layers, permutations, seed)):
            nulls.append([*persistence_of_trees(draw).layers.values()] if broken else _values(draw, graph, broken))
            if progress is not None:
                progress((index + 1) / permutations)
        names = (*layers,) if broken else (*layers, WHOLE)
        rows = _Rows(names, observed, nulls, [_values(other, graph, broken) for other in others])
        pruning = {name: magnitude_pruning_bound(x).share for name, x in layers.items()}
    p_values = moved_p_values(rows.observed, rows.nulls)
    verdicts = [_verdict(p, _moved(rows, i)) for i, p in enumerate(p_values)]
    verdict = next(v for v in VERDICTS if v in verdicts)
    return Finding(
        name="weight_topology",
        subject=subject,
        question=QUESTION,
        answer=_answer(rows, verdicts, p_values, verdict),
        verdict=verdict,
        numbers=_numbers(rows, p_values, pruning, bool(broken)),
        tables={"layers": _table(rows, layers, p_values, verdicts, pruning)},
        figures={"layers": _figure(rows, len(layers))},
        references={
            "shuffled weights": tuple(_mean(draw, len(layers)) for draw in rows.nulls),
            "untrained twins": tuple(_mean(draw, len(layers)) for draw in rows.twins),
        },
        warnings=_warnings(permutations, broken, twin is None, graph is None and len(layers) > 1),
        provenance=cost.provenance(
            seed, (sum(x.numel() for x in layers.values()),), {"permutations": permutations, "layers": len(layers)}
        ),
    )


def _values(layers: Mapping[str, Tensor], graph: Graph | None, broken: str) -> list[float]:
    found = list(neural_persistence(layers).layers.values())
    return found if broken else [*found, deep_graph_persistence(layers, graph=graph)]


def _paths(weights: Weights, layers: Mapping[str, Tensor], draws: int) -> tuple[Graph | None, str]:
    """How layers follow each other (None: as a chain), and why paths are not followed, in a clause, or nothing."""
    graph: Graph | None = None
    try:
        if isinstance(weights, nn.Module):
            graph = weight_graph(weights, layers)
        elif broken := _why_no_chain(layers):
            return None, f"the layers are no chain, {broken}"
        work = draws * path_work(layers, graph)
        if work > MOST_WORK:
            return graph, f"its paths take {work:.1e} comparisons over all draws, more than {MOST_WORK:.1e}"
        deep_graph_persistence(layers, graph=graph)
    except ValueError as error:
        return graph, str(error)
    return graph, ""


def _why_no_chain(layers: Mapping[str, Tensor]) -> str:
    """Why the layers are no chain, in a clause; empty if they are one."""
    names = list(layers)
    for before, after in zip(names, names[1:], strict=False):
        outputs, inputs = len(layers[before]), layers[after].shape[1]
        if inputs % outputs:
            return f"{after} has {inputs} inputs, no multiple of the {outputs} outputs of {before}"
    return ""


def _moved(rows: _Rows, place: int) -> float | None:
    """Change against the mean of the shuffles, as a share of it."""
    mean = statistics.fmean(draw[place] for draw in rows.nulls)
    return rows.observed[place] / mean - 1 if mean > 0 else None


def _verdict(p: float | None, moved: float | None) -> str:
    if p is None or moved is None:
        return "not defined"
    return VERDICTS[0] if p <= LEVEL and abs(moved) >= MOVED else VERDICTS[1]


def _mean(values: list[float], layers: int) -> float:
    return statistics.fmean(values[:layers])


def _answer(rows: _Rows, verdicts: list[str], p_values: list[float | None], verdict: str) -> str:
    draws = len(rows.nulls)
    if verdict == "not defined":
        return (
            "Not defined: shuffling can move nothing, because each layer has one neuron on a side, or weights of one "
            "magnitude only."
        )
    able = [i for i, p in enumerate(p_values) if p is not None]
    place = max(able, key=lambda i: (verdicts[i] == VERDICTS[0], abs(_moved(rows, i) or 0.0)))
    mean = statistics.fmean(draw[place] for draw in rows.nulls)
    kind = "deep graph persistence" if rows.names[place] == WHOLE else "neural persistence"
    where = "" if rows.names[place] == WHOLE else f" of {rows.names[place]}"
    farthest = (
        f"{kind}{where} is {rows.observed[place]:.3f} against {mean:.3f} for its weights in random places "
        f"({_moved(rows, place) or 0.0:+.1%}, p = {p_values[place]:.3f} over {draws} shuffles of all layers), and "
        f"{statistics.fmean(draw[place] for draw in rows.twins):.3f} untrained"
    )
    if verdict == VERDICTS[0]:
        count = sum(v == VERDICTS[0] for v in verdicts)
        return f"Beyond the weight distribution in {count} of {len(able)} tests; farthest: {farthest}."
    return (
        f"Nothing beyond the weight distribution: in none of {len(able)} tests does it move by {MOVED:.0%} and past "
        f"chance; farthest: {farthest}."
    )


def _numbers(
    rows: _Rows, p_values: list[float | None], pruning: Mapping[str, float], is_broken: bool
) -> dict[str, Number]:
    layers = len(pruning)
    name = f"mean of {len(rows.nulls)} shuffles"
    numbers = {
        "neural_persistence": Number(
            _mean(rows.observed, layers),
            "neural persistence, normalised, mean over layers",
            reference=statistics.fmean(_mean(draw, layers) for draw in rows.nulls),
            reference_name=name,
        ),
        "untrained_neural_persistence": Number(
            statistics.fmean(_mean(draw, layers) for draw in rows.twins), "the same of the untrained twin"
        ),
        "prunable": Number(
            min(pruning.values()), "smallest share of a layer that magnitude pruning takes before its graph falls apart"
        ),
    }
    if not is_broken:
        numbers["deep_graph_persistence"] = Number(
            rows.observed[-1],
            "deep graph persistence of the whole network, normalised",
            reference=statistics.fmean(draw[-1] for draw in rows.nulls),
            reference_name=name,
            p_value=p_values[-1],
        )
    for place, layer in enumerate(pruning):
        numbers[f"neural_persistence.{layer}"] = Number(
            rows.observed[place],
            f"neural persistence of {layer}, normalised",
            reference=statistics.fmean(draw[place] for draw in rows.nulls),
            reference_name=name,
            p_value=p_values[place],
        )
    return numbers


def _table(
    rows: _Rows,
    layers: Mapping[str, Tensor],
    p_values: list[float | None],
    verdicts: list[str],
    pruning: Mapping[str, float],
) -> Table:
    cells = []
    for i, name in enumerate(rows.names):
        draws = [draw[i] for draw in rows.nulls]
        shape = " x ".join(map(str, layers[name].shape)) if name in layers else ""
        untrained = statistics.fmean(draw[i] for draw in rows.twins)
        seen = (rows.observed[i], statistics.fmean(draws), min(draws), max(draws), _moved(rows, i), p_values[i])
        cells.append((name, shape, *seen, untrained, pruning.get(name), verdicts[i]))
    return Table(
        "Neural persistence of each layer, and deep graph persistence of the whole network, beside the same weights in "
        "random places; prunable is the share of weights that magnitude pruning takes before the graph falls apart",
        (
            *("layer", "outputs x inputs", "persistence", "shuffled", "least shuffled", "largest shuffled", "moved"),
            *("p", "untrained", "prunable", "verdict"),
        ),
        tuple(cells),
    )


def _figure(rows: _Rows, layers: int) -> Figure:
    return Figure(
        "nulls",
        "Mean neural persistence of the layers beside that of the same weights in random places, and untrained.",
        {
            "observed": _mean(rows.observed, layers),
            "groups": {
                "shuffled weights": [_mean(draw, layers) for draw in rows.nulls],
                "untrained twins": [_mean(draw, layers) for draw in rows.twins],
            },
            "quantity": "neural persistence",
        },
    )


def _warnings(permutations: int, broken: str, is_default_twin: bool, is_blind: bool) -> tuple[str, ...]:
    out = []
    if (1 / (1 + permutations)) > LEVEL:
        out.append(
            f"Only {permutations} shuffles were drawn, so no p-value below {1 / (1 + permutations):.2f} is possible; "
            "draw 19 or more."
        )
    if broken:
        out.append(f"Deep graph persistence of the whole network is not given: {broken}.")
    elif is_blind:
        out.append("The layers were taken for a chain in their order: shortcuts do not stand in a file of weights.")
    if is_default_twin:
        out.append("No untrained twin was given; weights as PyTorch initialises such layers stand in for it.")
    return tuple(out)
