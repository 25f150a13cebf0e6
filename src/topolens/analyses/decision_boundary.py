"""Into how many regions the classes fall, and whether a model's boundary is like that of the labels."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_finite_points, check_tensor
from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.diagrams import Diagrams
from topolens.measures.labelled_complex import decision_regions, labelled_persistence
from topolens.measures.neighbour_votes import nearest_samples
from topolens.sampling import feasibility, null_p_value, shuffled_rows

QUESTION = "Into how many regions do the classes fall, and is the model's boundary like that of the labels?"
VERDICTS = ("several regions per class", "one region per class", "no boundary beyond chance", "not defined")
LEVEL = 0.05
FEWEST = 20
SHARE = 0.8

CARD = MethodCard(
    definition=(
        "Labelled Vietoris-Rips complex: points of different labels are joined at their distance, points of one label "
        "where both reach one point of another; total lifetimes of its bars, beside those of shuffled labels. Regions: "
        "peaks of the margin of a label among neighbours (1 deep inside, 0 at the boundary) that stand out by 0.4."
    ),
    source=(
        '"Topological data analysis of decision boundaries with application to model selection", 2019, section 3, '
        "without its grid of scales. Ours: the shuffles, the regions, and labels changed at random as a reference for "
        "the difference between labels and predictions."
    ),
    neuron_permutation="unchanged: only distances between samples count",
    relu_rescaling="changes distances between samples at a hidden layer, so all numbers; nothing at the inputs",
    verdicts=VERDICTS,
    caveats=(
        "Regions are seen only where samples lie: two regions that meet beyond the data count as two.",
        "A region thinner than the distance to the k-th neighbour is not seen, or falls apart.",
        "Lifetimes grow with the number and scale of the points: compare labellings of the same points only.",
        "In many dimensions distances are nearly equal and every sample is at the boundary.",
    ),
)


class _Labelling(NamedTuple):
    """One way to label the points: its bars, regions and shuffles."""

    name: str
    bars: Diagrams
    regions: dict[int, int]
    drawn: list[dict[int, int]]
    lifetimes: tuple[float, float]
    nulls: list[tuple[float, float]]


def decision_boundary(
    points: Tensor,
    labels: Tensor | None = None,
    predictions: Tensor | None = None,
    *,
    k: int = 10,
    most: int = 300,
    draws: int = 20,
    nulls: int = 39,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """The regions of the classes, and the complexity of the boundary between them, for labels and for predictions.

    Args:
        points: Inputs or activations, shape (samples, d).
        labels: True classes, shape (samples,), whole numbers; samples of class -1 are left out. None: only predictions
            are looked at.
        predictions: Classes that a model gives, shape (samples,), for instance `logits.argmax(1)`. None: only labels
            are looked at.
        k: Neighbours of a sample, by which regions are seen.
        most: Points of the labelled complex, drawn at random where there are more; regions use all.
        draws: Subsamples of 80 % on which regions are counted again.
        nulls: How often labels are shuffled; below 39 nothing can reach the level, which is two-sided.
        seed: Of all draws.
        subject: Name of the layer or model, for the text.

    Returns:
        A Finding "decision_boundary". Its verdict is of the predictions where there are some, else of the labels: `no
        boundary beyond chance` if the total lifetime of the bars of degree 0 is like that of shuffled ones (p > 0.05,
        two-sided); else `several regions per class` if a class has two or more on all points and in 95 % of the
        subsamples, or `one region per class`; `not defined` without labels and predictions, with one class, fewer than
        20 or equal points.

    Raises:
        TypeError: If points are no floating-point tensor.
        ValueError: If shapes do not fit, points are NaN or infinite, labels are no whole numbers, or a number of draws
            is not above 0.

    Cost: (nulls + 20) labelled complexes of `most` points, 0.1 s each for 300.
    Source: "Topological data analysis of decision boundaries with application to model selection", 2019; see `CARDS`.
    """
    if min(k, draws, nulls, most - FEWEST + 1) < 1:
        raise ValueError(
            f"k, draws and nulls must be at least 1 and most at least {FEWEST}, got {k}, {draws}, {nulls}, {most}"
        )
    given = {"labels": labels, "predictions": predictions}
    _check(points, given)
    with Cost() as cost:
        named = {name: x.detach().cpu() for name, x in given.items() if x is not None}
        x = points.detach().to("cpu", torch.float64)
        if labels is not None:
            kept = named["labels"] != -1
            x, named = x[kept], {name: one[kept] for name, one in named.items()}
        reason = _why_not(x, named, k)
        parts = {} if reason else _measured(x, named, (k, most, draws, nulls, seed))
    parameters = {"k": k, "most": most, "draws": draws, "nulls": nulls}
    provenance = cost.provenance(seed, tuple(points.shape), parameters)
    if reason:
        parts = {"answer": f"Not defined: {reason}.", "verdict": "not defined"}
    return Finding(name="decision_boundary", subject=subject, question=QUESTION, provenance=provenance, **parts)


def _check(points: Tensor, given: dict[str, Tensor | None]) -> None:
    check_finite_points(check_tensor("points", points, ("samples", "d")))
    for name, x in given.items():
        if x is not None and (x.shape != (len(points),) or x.is_floating_point()):
            raise ValueError(
                f"{name} must hold a whole number for each of {len(points)} samples, got {x.dtype} of shape "
                f"{tuple(x.shape)}; of logits take logits.argmax(1)"
            )


def _why_not(x: Tensor, named: dict[str, Tensor], k: int) -> str:
    if not named:
        return "there are neither labels nor predictions"
    least = max(FEWEST, 2 * k)
    if len(x) < least:
        return f"{len(x)} labelled samples are too few, {least} are needed"
    for name, one in named.items():
        if len(one.unique()) < 2:
            return f"all {name} are of one class"
    return "all points are the same" if bool((x == x[:1]).all()) else ""


def _measured(x: Tensor, named: dict[str, Tensor], effort: tuple[int, ...]) -> dict[str, Any]:
    k, most, draws, nulls, seed = effort
    generator = torch.Generator().manual_seed(seed)
    some = torch.randperm(len(x), generator=generator)[:most].sort().values
    # Rare classes may be missing among the points drawn; then the complex has one class and no boundary.
    if any(len(one[some].unique()) < 2 for one in named.values()):
        reason = f"the {len(some)} points drawn are of one class, take more of them or balance the classes"
        return {"answer": f"Not defined: {reason}.", "verdict": "not defined"}
    found = [_labelling(name, x, one, some, effort) for name, one in named.items()]
    gap = _gap(x[some], named["labels"][some], named["predictions"][some], 19, seed) if len(found) == 2 else None
    main = found[-1]
    p = _p_value(main, 0)
    several = [c for c in main.regions if _is_several(main, c)]
    verdict = VERDICTS[2] if p > LEVEL else VERDICTS[0] if several else VERDICTS[1]
    warnings = list(feasibility(x, 1, seed).warnings)
    if 2 / (1 + nulls) > LEVEL:
        warnings.append(f"{nulls} shuffles cannot reach the two-sided level of {LEVEL}; draw 39 or more.")
    if len(x) > most:
        warnings.append(f"Lifetimes are those of {most} points out of {len(x)}.")
    return {
        "answer": _answer(verdict, main, several, p),
        "verdict": verdict,
        "numbers": _numbers(found, gap, draws),
        "tables": {"regions": _table(found)},
        "figures": {f"lifetime, {one.name}": _figure(one) for one in found},
        "diagrams": {one.name: one.bars for one in found},
        "references": {f"shuffled {one.name}": tuple(null[0] for null in one.nulls) for one in found},
        "warnings": tuple(warnings),
    }


def _labelling(name: str, x: Tensor, labels: Tensor, some: Tensor, effort: tuple[int, ...]) -> _Labelling:
    k, _, draws, nulls, seed = effort
    bars = labelled_persistence(x[some], labels[some])
    generator = torch.Generator().manual_seed(seed)
    size = round(SHARE * len(x))
    drawn = []
    for _ in range(draws):
        rows = torch.randperm(len(x), generator=generator)[:size].sort().values
        drawn.append(_regions(x[rows], labels[rows], k))
    shuffled = [_lifetimes(labelled_persistence(x[some], shuffled_rows(labels[some], seed + i))) for i in range(nulls)]
    return _Labelling(name, bars, _regions(x, labels, k), drawn, _lifetimes(bars), shuffled)


def _regions(x: Tensor, labels: Tensor, k: int) -> dict[int, int]:
    found = decision_regions(nearest_samples(x, k), labels)
    return dict(zip(found.classes.tolist(), found.pieces(), strict=True))


def _lifetimes(bars: Diagrams) -> tuple[float, float]:
    finite = bars.finite()
    return float(finite.of_dim(0).persistence.sum()), float(finite.of_dim(1).persistence.sum())


def _gap(x: Tensor, labels: Tensor, predictions: Tensor, draws: int, seed: int) -> tuple[float, list[float]]:
    """Difference of total lifetimes of labels and predictions, and of labels and as many random changes of them."""
    own = sum(_lifetimes(labelled_persistence(x, labels)))
    found = abs(own - sum(_lifetimes(labelled_persistence(x, predictions))))
    apart = int((labels != predictions).sum())
    classes, place = labels.unique(return_inverse=True)
    generator = torch.Generator().manual_seed(seed)
    others = []
    for _ in range(draws if apart else 0):
        rows = torch.randperm(len(x), generator=generator)[:apart]
        moved = place.clone()
        moved[rows] = (moved[rows] + torch.randint(1, len(classes), (apart,), generator=generator)) % len(classes)
        if len(moved.unique()) > 1:
            others.append(abs(own - sum(_lifetimes(labelled_persistence(x, moved)))))
    return found, others


def _p_value(one: _Labelling, dim: int) -> float:
    """Two-sided: labels may lie further apart or closer together than shuffled ones."""
    nulls = [null[dim] for null in one.nulls]
    value = one.lifetimes[dim]
    return min(1.0, 2 * min(null_p_value(value, nulls), null_p_value(value, nulls, larger=False)))


def _is_several(one: _Labelling, label: int) -> bool:
    share = statistics.fmean(drawn.get(label, 0) >= 2 for drawn in one.drawn)
    return one.regions[label] >= 2 and share >= 0.95


def _numbers(found: list[_Labelling], gap: tuple[float, list[float]] | None, draws: int) -> dict[str, Number]:
    out = {}
    for one in found:
        counts = sorted(sum(drawn.values()) for drawn in one.drawn)
        out[f"regions.{one.name}"] = Number(
            sum(one.regions.values()),
            f"regions of all classes, {one.name}",
            (counts[0], counts[-1]),
            f"least and most over {draws} subsamples of {SHARE:.0%}",
            len(one.regions),
            "one per class",
        )
        for dim in (0, 1):
            out[f"lifetime.h{dim}.{one.name}"] = Number(
                one.lifetimes[dim],
                f"total lifetime of the bars of degree {dim} of the labelled complex of the {one.name}",
                reference=statistics.fmean(null[dim] for null in one.nulls),
                reference_name=f"mean of {len(one.nulls)} shuffles",
                p_value=_p_value(one, dim),
            )
    if gap is not None:
        out["lifetime.gap"] = Number(
            gap[0],
            "difference between the total lifetimes of labels and predictions",
            reference=statistics.fmean(gap[1]) if gap[1] else None,
            reference_name="mean of 19 draws of as many labels changed at random" if gap[1] else "",
        )
    return out


def _table(found: list[_Labelling]) -> Table:
    rows = []
    for one in found:
        for label, count in one.regions.items():
            share = statistics.fmean(drawn.get(label, 0) == count for drawn in one.drawn)
            rows.append((one.name, label, count, share, "several" if _is_several(one, label) else ""))
    return Table(
        f"Regions of each class; agreement is the share of subsamples of {SHARE:.0%} with the same number",
        ("labelling", "class", "regions", "agreement", "several"),
        tuple(rows),
    )


def _figure(one: _Labelling) -> Figure:
    return Figure(
        "nulls",
        f"Total lifetime of the bars of degree 0 of the labelled complex, {one.name}, beside shuffled ones.",
        {
            "observed": one.lifetimes[0],
            "groups": {"shuffled": [null[0] for null in one.nulls]},
            "quantity": "total lifetime, degree 0",
        },
    )


def _said(length: float) -> str:
    return f"{length:,.0f}" if length >= 1000 else f"{length:.3g}"


def _answer(verdict: str, main: _Labelling, several: list[int], p: float) -> str:
    mean = statistics.fmean(null[0] for null in main.nulls)
    held = (
        f"pieces of the labelled complex live {_said(main.lifetimes[0])} in total, {_said(mean)} for shuffled "
        f"{main.name} (p = {p:.3f})"
    )
    if verdict == VERDICTS[2]:
        return f"No boundary beyond chance: {held}."
    total = sum(main.regions.values())
    if several:
        which = ", ".join(f"class {label} has {main.regions[label]}" for label in several[:5])
        return f"The {len(main.regions)} classes of the {main.name} fall into {total} regions: {which}; {held}."
    return (
        f"No class of the {main.name} falls into several regions that 95 % of subsamples confirm ({total} regions of "
        f"{len(main.regions)} classes); {held}."
    )
