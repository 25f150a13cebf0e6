"""Whether a training run still changes, by the curves of what was measured at each check."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch

from topolens._checks import check_fraction
from topolens.analyses.finding import Finding, Number, Series, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.sampling.inference import holm, null_p_value

QUESTION = "Does training still change the network?"
VERDICTS = ("still changing", "settled", "not defined")
FEWEST = 6  # values of a window: fewer have too few orders for several curves to reach a level
MOVED = 0.1
MEANINGS = {
    "neural_persistence": "mean neural persistence of the weights",
    "accuracy": "share of the watched samples that are classified right",
    "nc1": "variability within classes against that between them (NC1)",
    "class_gap": "persistent class gap",
    "dimension": "2NN dimension",
}

CARD = MethodCard(
    definition=(
        "Curves over training of neural persistence of the weights, and on a small fixed batch of accuracy, NC1, the "
        "persistent class gap and the 2NN dimension of the last hidden layer. A curve still changes if, over the last "
        "half of the checks, its rank correlation with time exceeds that of shuffled orders and it moves by a tenth of "
        "its range."
    ),
    source=(
        '"Neural persistence", 2019, algorithm 2 (stopping); "Prevalence of neural collapse during the terminal phase '
        'of deep learning training", 2020 (NC1 over epochs). Ours: the class gap and the test of the trend.'
    ),
    neuron_permutation="unchanged",
    relu_rescaling=(
        "changes neural persistence, NC1, class gap and dimension: a neuron's factor scales its weights and its "
        "activation; accuracy is unchanged"
    ),
    verdicts=VERDICTS,
    caveats=(
        "Values of neighbouring checks depend on each other, so a slow wander counts as a change.",
        "Settled does not mean good, and a step of the learning rate can unsettle it again.",
        "Neural persistence follows the spread of the weights; read weight_topology before trusting it.",
        "Neural persistence may fall before it rises: a small MNIST network would have been stopped at step 119 of "
        "790, its test accuracy at 0.8 on the way to 0.95. Set a burn-in, and look at the curve.",
        "On the few samples of a watched batch the class gap and the dimension are rough: read their change.",
    ),
)


class _Curve(NamedTuple):
    name: str
    values: tuple[float | None, ...]
    p_value: float | None
    moved: float | None


def training(
    history: Sequence[Mapping[str, float | None]],
    *,
    level: float = 0.05,
    shuffles: int = 999,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """Whether the curves of a training run still move at its end, against the first check.

    Args:
        history: An entry per check with "step" and the values measured there, None where one was not defined; the first
            is the reference, the untrained network where it is there. `Watch.history` is one.
        level: Of the test over all curves together, in (0, 1].
        shuffles: How often the order of the last checks is shuffled.
        seed: Of the shuffles.
        subject: Name of the network, for the text.

    Returns:
        A Finding "training" with all curves in `series` and a row for each in `tables["curves"]`. Its verdict is
        `still changing` if a curve has a trend over the last half of the checks (at least 6) after Holm's correction
        and moves by a tenth of its range there, `settled` if none has, `not defined` if no curve has 6 values in the
        window and one at the last check, for instance after too few checks or where training has diverged.

    Raises:
        ValueError: If there are no checks, one has no step, steps do not rise, a value is NaN or infinite, the level
            is out of range, or there is no shuffle.

    Cost: sorting; nothing against a step of training.
    Source: "Neural persistence: a complexity measure for deep neural networks using algebraic topology", 2019,
        algorithm 2; see `CARDS`. The test of the trend is ours.
    """
    check_fraction("level", level)
    if shuffles < 1:
        raise ValueError(f"shuffles must be at least 1, got {shuffles}")
    steps = _steps(history)
    names = [name for name in dict.fromkeys(key for entry in history for key in entry) if name != "step"]
    with Cost() as cost:
        window = max(FEWEST, len(history) // 2)
        curves = _curves(history, names, window, shuffles, seed)
    judged = [curve for curve in curves if curve.p_value is not None]
    moving = [curve for curve in judged if _changes(curve, level)]
    verdict = "not defined" if not judged else "still changing" if moving else "settled"
    return Finding(
        name="training",
        subject=subject,
        question=QUESTION,
        answer=_answer(steps, curves, moving, window, verdict),
        verdict=verdict,
        numbers={curve.name: _number(curve, steps, window) for curve in curves},
        tables={"curves": _table(curves, level, steps)},
        series=_series(curves, steps),
        references={f"step {steps[0]:g}": tuple(c.values[0] for c in curves if c.values[0] is not None)},
        warnings=_warnings(curves, steps, shuffles, level),
        provenance=cost.provenance(
            seed, (len(steps), len(names)), {"level": level, "shuffles": shuffles, "window": window, "steps": steps}
        ),
    )


def _steps(history: Sequence[Mapping[str, float | None]]) -> list[float]:
    if not history:
        raise ValueError("history must hold a check at least, got none; call the watch before training and during it")
    steps: list[float] = []
    for place, entry in enumerate(history):
        step = entry.get("step")
        if step is None or (steps and step <= steps[-1]):
            raise ValueError(f'each check needs a "step" above the one before, got {step} at check {place}')
        for name, value in entry.items():
            if value is not None and not math.isfinite(value):
                raise ValueError(f"{name} is {value} at step {step}; give None where it is not defined")
        steps.append(float(step))
    return steps


def _curves(
    history: Sequence[Mapping[str, float | None]], names: list[str], window: int, shuffles: int, seed: int
) -> list[_Curve]:
    found, tested = [], []
    for name in names:
        values = tuple(entry.get(name) for entry in history)
        recent = [value for value in values[1:][-window:] if value is not None]
        p_value = moved = None
        if len(recent) >= FEWEST and values[-1] is not None:
            p_value, moved = _trend(recent, shuffles, seed), _moved(values, recent)
            tested.append(p_value)
        found.append(_Curve(name, values, p_value, moved))
    corrected = iter(holm(tested))
    return [curve if curve.p_value is None else curve._replace(p_value=next(corrected)) for curve in found]


def _trend(values: list[float], shuffles: int, seed: int) -> float:
    """How often shuffled values follow time as closely, up or down, by ranks."""
    generator = torch.Generator().manual_seed(seed)
    ranks = torch.tensor(values, dtype=torch.float64).unique(return_inverse=True)[1].double()
    time = torch.arange(len(values), dtype=torch.float64) - (len(values) - 1) / 2
    orders = torch.rand(shuffles, len(values), generator=generator).argsort(1)
    nulls = (ranks[orders] * time).sum(1).abs()
    return null_p_value(float((ranks * time).sum().abs()), nulls.tolist())


def _moved(values: tuple[float | None, ...], recent: list[float]) -> float:
    """From the first third of the window to the last, as a share of the range of the whole curve."""
    known = [value for value in values if value is not None]
    span, part = max(known) - min(known), len(recent) // 3
    return (math.fsum(recent[-part:]) - math.fsum(recent[:part])) / part / span if span > 0 else 0.0


def _changes(curve: _Curve, level: float) -> bool:
    return (
        curve.p_value is not None
        and curve.moved is not None
        and curve.p_value <= level
        and abs(curve.moved) >= MOVED
    )  # fmt: skip


def meaning_of(name: str) -> str:
    """What a curve shows: `measure` or `measure.layer`."""
    measure, _, layer = name.partition(".")
    return MEANINGS.get(measure, measure.replace("_", " ")) + (f" of {layer}" if layer else "")


def _number(curve: _Curve, steps: list[float], window: int) -> Number:
    recent = [value for value in curve.values[1:][-window:] if value is not None]
    return Number(
        curve.values[-1],
        f"{meaning_of(curve.name)} at step {steps[-1]:g}",
        interval=(min(recent), max(recent)) if recent else None,
        interval_kind=f"smallest and largest of the last {len(recent)} checks" if recent else "",
        reference=curve.values[0],
        reference_name=f"step {steps[0]:g}",
        p_value=curve.p_value,
    )


def _table(curves: list[_Curve], level: float, steps: list[float]) -> Table:
    def verdict(curve: _Curve) -> str:
        return "not defined" if curve.p_value is None else VERDICTS[0] if _changes(curve, level) else VERDICTS[1]

    return Table(
        "Each curve: its first and last value, how far it moved over the last checks as a share of its range, and how "
        "often shuffled checks have such a trend, corrected for the number of curves.",
        ("curve", f"step {steps[0]:g}", f"step {steps[-1]:g}", "moved", "p", "verdict"),
        tuple((c.name, c.values[0], c.values[-1], c.moved, c.p_value, verdict(c)) for c in curves),
    )


def _series(curves: list[_Curve], steps: list[float]) -> dict[str, Series]:
    """A picture for each measure, with a curve for each layer."""
    groups: dict[str, dict[str, tuple[float | None, ...]]] = {}
    for curve in curves:
        measure, _, layer = curve.name.partition(".")
        groups.setdefault(measure, {})[layer or measure.replace("_", " ")] = curve.values
    return {
        measure: Series(f"{meaning_of(measure).capitalize()} over training.", "step", tuple(steps), held)
        for measure, held in groups.items()
    }


def _answer(steps: list[float], curves: list[_Curve], moving: list[_Curve], window: int, verdict: str) -> str:
    if verdict == "not defined":
        lost = [curve.name for curve in curves if curve.values[-1] is None]
        if lost and len(steps) > FEWEST:
            return f"Not defined: {', '.join(lost)} have no value at step {steps[-1]:g}."
        return f"Not defined: {len(steps)} checks are too few, {FEWEST + 1} or more are needed."
    judged = [curve for curve in curves if curve.p_value is not None]
    checks = f"over the last {min(window, len(steps) - 1)} checks"
    if not moving:
        farthest = max(judged, key=lambda curve: abs(curve.moved or 0.0))
        return (
            f"Settled: {checks} none of {len(judged)} curves has a trend and moves by {MOVED:.0%} of its range; "
            f"farthest {farthest.name} with {farthest.moved:+.1%} (p = {farthest.p_value:.3f})."
        )
    told = "; ".join(
        f"{c.name} from {c.values[0] if c.values[0] is not None else math.nan:.3g} at step {steps[0]:g} to "
        f"{c.values[-1]:.3g}, {c.moved:+.0%} of its range {checks} (p = {c.p_value:.3f})"
        for c in sorted(moving, key=lambda curve: -abs(curve.moved or 0.0))[:3]
    ).replace("from nan at", "not defined at")
    return f"Still changing in {len(moving)} of {len(judged)} curves: {told}."


def _warnings(curves: list[_Curve], steps: list[float], shuffles: int, level: float) -> tuple[str, ...]:
    warnings = []
    for curve in curves:
        missing = sum(value is None for value in curve.values)
        if missing:
            warnings.append(f"{curve.name} is not defined at {missing} of {len(steps)} checks.")
    judged = sum(curve.p_value is not None for curve in curves)
    if judged and judged / (1 + shuffles) > level:
        warnings.append(f"With {shuffles} shuffles of {judged} curves nothing can reach the level {level}.")
    return tuple(warnings)
