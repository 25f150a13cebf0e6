"""Whether topological uncertainty tells inputs that a network does not know, beside scores that need no topology."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_tensor
from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.measures.auroc import auroc, auroc_draws
from topolens.measures.topological_uncertainty import activation_trees, topological_uncertainty, tree_means
from topolens.sampling import holm, null_p_value

QUESTION = "Does topological uncertainty tell shifted inputs from clean ones?"
VERDICTS = ("adds to the baselines", "sees the shift", "does not see the shift", "not defined")
LEVEL = 0.05
FEWEST = 10
TU = "topological uncertainty"

CARD = MethodCard(
    definition=(
        "For each linear layer and sample the maximum spanning tree of the graph with edges abs(w_ij a_j); topological "
        "uncertainty is the mean distance of its sorted edges from those of known samples predicted as the same class. "
        "Its AUROC on shifted against clean samples stands beside 1 - largest softmax, energy and kNN distance."
    ),
    source=(
        '"Topological uncertainty: monitoring trained neural networks through persistence of activation graphs", 2021, '
        'section 3; "Energy-based out-of-distribution detection", 2020; "Out-of-distribution detection with deep '
        'nearest neighbors", 2022. Ours: paired bootstrap against the best baseline, and one level over all shifts.'
    ),
    neuron_permutation="unchanged",
    relu_rescaling=(
        "unchanged for the input neurons of each layer, as w and a move against each other; scaling the output neurons "
        "of a layer before the last changes its part, so that only the last layer by itself is unchanged"
    ),
    verdicts=VERDICTS,
    caveats=(
        "A shift that makes activations smaller can lower other scores and raise this one, or the reverse: an AUROC "
        "below 0.5 is a sign of that, not of trust.",
        "Biases are left out of the graph.",
        "On two networks each for MNIST and Fashion-MNIST under noise, blur, inversion and the other data set it "
        "ranked below the best baseline in 14 of 16 cases, and above it in 2 (inverted MNIST): use it beside them.",
        "The verdict says nothing of training: untrained networks see shifts too, and two seeds of a perceptron "
        "trained on Fashion-MNIST got different verdicts.",
        "The best baseline is chosen on the same samples, which makes 'adds to the baselines' a little timid.",
        "AUROC on one shift says nothing of another: supply the shifts that matter.",
    ),
)


class Answers(NamedTuple):
    """What a network answers to a set of samples.

    Args:
        inputs: Layer to what it is given, shape (samples, in): of the last linear layers, the last of them last.
        logits: What the network says, shape (samples, classes).
    """

    inputs: Mapping[str, Tensor]
    logits: Tensor


class _Scores(NamedTuple):
    """Rows are the scores, topological uncertainty first; larger is less trusted."""

    clean: Tensor
    shifted: dict[str, Tensor]


def trust(
    weights: Mapping[str, Tensor],
    known: Answers,
    clean: Answers,
    shifted: Mapping[str, Answers],
    *,
    k: int = 10,
    draws: int = 200,
    nulls: int = 199,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """How well topological uncertainty finds shifted samples, against largest softmax, energy and kNN distance.

    Args:
        weights: Layer to its weight (out, in): the last one to three linear layers.
        known: Answers to samples that stand for what the network knows, for instance its training data.
        clean: Answers to other samples of the same kind; not those of `known`, which any score trusts more.
        shifted: Name of each shift to the answers to shifted samples, for instance of `probes.image_shifts`.
        k: Neighbour among known samples whose distance is the kNN score, on inputs of the last layer of length 1.
        draws: Bootstrap samples for the intervals.
        nulls: Shuffles of clean and shifted samples for each p-value.
        seed: Of both.
        subject: Name of the network, for the text.

    Returns:
        A Finding "trust" with the verdict `sees the shift` if for at least one shift p <= 0.05 after Holm's correction
        over shifts; `adds to the baselines` if one of these also has a 95 % interval of the difference to its best
        baseline above 0 (corrected alike); else `does not see the shift`; `not defined` with fewer than 10 samples in a
        group, no shift, or a score that is the same for all samples.

    Raises:
        TypeError: If a tensor is not floating-point.
        ValueError: If layers or shapes do not fit, or something is NaN or infinite.

    Cost: a spanning tree per sample and layer, then sorts of the scores.
    Source: "Topological uncertainty", 2021; see `CARDS`.
    """
    groups = {"known": known, "clean": clean, **{f"shifted {name}": group for name, group in shifted.items()}}
    for name, group in groups.items():
        _check(name, group, weights)
    with Cost() as cost:
        reason = _why_not(groups, len(shifted), k)
        scores = None if reason else _scores(weights, known, clean, shifted, k)
        if scores is not None and float(torch.cat([scores.clean, *scores.shifted.values()], 1)[0].std()) == 0:
            reason = "topological uncertainty is the same for all samples"
        parts = _measured(scores, draws, nulls, seed) if scores is not None and not reason else {}
    shape = (len(known.logits), len(clean.logits))
    provenance = cost.provenance(seed, shape, {"k": k, "draws": draws, "nulls": nulls, "layers": list(weights)})
    if reason:
        parts = {"answer": f"Not defined: {reason}.", "verdict": "not defined"}
    return Finding(name="trust", subject=subject, question=QUESTION, provenance=provenance, **parts)


def _check(name: str, group: Answers, weights: Mapping[str, Tensor]) -> None:
    check_finite_points(check_tensor(f"logits of {name} samples", group.logits, ("samples", "classes")))
    if not weights or list(group.inputs) != list(weights):
        raise ValueError(
            f"{name} samples must have inputs of the layers {', '.join(weights) or '(none)'} in this order, got "
            f"{', '.join(group.inputs) or 'none'}"
        )
    for layer, x in group.inputs.items():
        if len(check_tensor(f"inputs of {layer}", x, ("samples", "in"))) != len(group.logits):
            raise ValueError(f"inputs of {layer} must have {len(group.logits)} rows as the logits, got {len(x)}")


def _why_not(groups: Mapping[str, Answers], shifts: int, k: int) -> str:
    if not shifts:
        return "no shifted samples were given"
    for name, group in groups.items():
        least = max(FEWEST, k) if name == "known" else FEWEST
        if len(group.logits) < least:
            return f"{len(group.logits)} {name} samples are too few, {least} are needed"
    if groups["known"].logits.shape[1] < 2:
        return "a network with one class is always sure of it"
    return ""


def _scores(
    weights: Mapping[str, Tensor], known: Answers, clean: Answers, shifted: Mapping[str, Answers], k: int
) -> _Scores:
    means = tree_means(_trees(weights, known), known.logits.argmax(1))
    anchor = _unit(known)

    def of(group: Answers) -> Tensor:
        logits = group.logits.detach().to("cpu", torch.float64)
        far = torch.cdist(_unit(group), anchor, compute_mode="donot_use_mm_for_euclid_dist")
        return torch.stack(
            [
                topological_uncertainty(_trees(weights, group), group.logits.argmax(1), means),
                1 - logits.softmax(1).amax(1),
                -logits.logsumexp(1),
                far.kthvalue(k, dim=1).values,
            ]
        )

    return _Scores(of(clean), {name: of(group) for name, group in shifted.items()})


def _trees(weights: Mapping[str, Tensor], group: Answers) -> list[Tensor]:
    return [activation_trees(weight, group.inputs[layer]) for layer, weight in weights.items()]


def _unit(group: Answers) -> Tensor:
    """Inputs of the last layer, scaled to length 1."""
    x = list(group.inputs.values())[-1].detach().to("cpu", torch.float64)
    return x / torch.linalg.vector_norm(x, dim=1, keepdim=True).clamp_min(1e-12)


NAMES = (TU, "1 - largest softmax", "energy", "kNN distance")
KEYS = ("tu", "softmax", "energy", "knn")


class _Shift(NamedTuple):
    """What one shift gave: AUROC of each score, its interval, and the gain over the best baseline."""

    areas: list[float]
    ends: list[tuple[float, float]]
    best: int
    gain: tuple[float, float]
    null: list[float]


def _measured(scores: _Scores, draws: int, nulls: int, seed: int) -> dict[str, Any]:
    level = 1 - LEVEL / len(scores.shifted)
    shifts = {name: _shift(scores.clean, x, draws, nulls, seed, level) for name, x in scores.shifted.items()}
    p_values = dict(
        zip(shifts, holm([null_p_value(shift.areas[0], shift.null) for shift in shifts.values()]), strict=True)
    )
    verdicts = {
        name: VERDICTS[2] if p_values[name] > LEVEL else VERDICTS[0] if shift.gain[0] > 0 else VERDICTS[1]
        for name, shift in shifts.items()
    }
    verdict = next(v for v in VERDICTS if v in verdicts.values())
    return {
        "answer": _answer(shifts, verdicts, p_values, verdict),
        "verdict": verdict,
        "numbers": _numbers(shifts, p_values, draws, nulls),
        "tables": {"shifts": _table(shifts, verdicts, p_values)},
        "figures": _figures(shifts),
        "references": {f"shuffled samples, {name}": tuple(shift.null) for name, shift in shifts.items()},
        "warnings": _warnings(shifts, nulls),
    }


def _shift(clean: Tensor, shifted: Tensor, draws: int, nulls: int, seed: int, level: float) -> _Shift:
    areas = [auroc(below, above) for below, above in zip(clean, shifted, strict=True)]
    best = max(range(1, len(areas)), key=lambda i: areas[i])
    found = auroc_draws(clean, shifted, draws=draws, seed=seed)
    ends = found.quantile(torch.tensor([0.025, 0.975]).double(), dim=0).T.tolist()
    gains = (found[:, 0] - found[:, best]).quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2]).double()).tolist()
    both = torch.cat([clean[0], shifted[0]])
    generator = torch.Generator().manual_seed(seed)
    null = []
    for _ in range(nulls):
        mixed = both[torch.randperm(len(both), generator=generator)]
        null.append(auroc(mixed[: clean.shape[1]], mixed[clean.shape[1] :]))
    return _Shift(areas, [(low, high) for low, high in ends], best, (gains[0], gains[1]), null)


def _numbers(shifts: Mapping[str, _Shift], p_values: Mapping[str, float], draws: int, nulls: int) -> dict[str, Number]:
    out = {}
    for name, shift in shifts.items():
        for place, key in enumerate(KEYS):
            is_ours = place == 0
            out[f"auroc.{key}.{name}"] = Number(
                shift.areas[place],
                f"AUROC of {NAMES[place]}, {name} against clean",
                shift.ends[place],
                f"95 % over {draws} bootstrap samples",
                sum(shift.null) / len(shift.null) if is_ours else None,
                f"mean of {nulls} shuffles of clean and shifted samples" if is_ours else "",
                p_values[name] if is_ours else None,
            )
        out[f"gain.{name}"] = Number(
            shift.areas[0] - shift.areas[shift.best],
            f"AUROC of topological uncertainty minus that of {NAMES[shift.best]}, {name}",
            shift.gain,
            f"95 % over {draws} paired bootstrap samples, corrected for the number of shifts",
        )
    return out


def _table(shifts: Mapping[str, _Shift], verdicts: Mapping[str, str], p_values: Mapping[str, float]) -> Table:
    rows = tuple(
        (name, *shift.areas, NAMES[shift.best], *shift.gain, p_values[name], verdicts[name])
        for name, shift in shifts.items()
    )
    columns = ("shift", *NAMES, "best baseline", "gain, low", "gain, high", "p", "verdict")
    return Table("AUROC of each score on shifted against clean samples", columns, rows)


def _answer(
    shifts: Mapping[str, _Shift], verdicts: Mapping[str, str], p_values: Mapping[str, float], verdict: str
) -> str:
    count = sum(v != VERDICTS[2] for v in verdicts.values())
    above = sum(v == VERDICTS[0] for v in verdicts.values())
    below = sum(shift.gain[1] < 0 for shift in shifts.values())
    name = max(shifts, key=lambda n: (verdicts[n] == verdict, shifts[n].areas[0]))
    shift = shifts[name]
    low, high = shift.ends[0]
    return (
        f"Topological uncertainty sees {count} of {len(shifts)} shifts, and ranks above the best baseline on {above} "
        f"and below it on {below}; at its best, on {name}, its AUROC is {shift.areas[0]:.2f} [{low:.2f}, {high:.2f}] "
        f"(p = {p_values[name]:.3f}), that of {NAMES[shift.best]} {shift.areas[shift.best]:.2f}."
    )


def _figures(shifts: Mapping[str, _Shift]) -> dict[str, Figure]:
    return {
        f"null, {name}": Figure(
            "nulls",
            f"AUROC of topological uncertainty on {name} beside that of shuffled samples.",
            {
                "observed": shift.areas[0],
                "groups": {"shuffled samples": shift.null},
                "quantity": "AUROC",
                "interval": shift.ends[0],
            },
        )
        for name, shift in shifts.items()
    }


def _warnings(shifts: Mapping[str, _Shift], nulls: int) -> tuple[str, ...]:
    out = [
        f"Topological uncertainty falls on {name} (AUROC {shift.areas[0]:.2f}): shifted samples look more usual to it "
        "than clean ones."
        for name, shift in shifts.items()
        if shift.ends[0][1] < 0.5
    ]
    if len(shifts) / (1 + nulls) > LEVEL:
        out.append(f"{nulls} shuffles for {len(shifts)} shifts cannot reach the level of {LEVEL}; draw more.")
    return tuple(out)
