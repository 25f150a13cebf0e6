"""Which samples likely carry a wrong label, and which are likely predicted wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.analyses.finding import Figure, Finding, Number, Table
from topolens.analyses.method_card import MethodCard
from topolens.analyses.provenance import Cost
from topolens.analyses.suspicious_rankings import (
    NOISE,
    Setting,
    changed_labels,
    most_suspicious,
    outvoted,
    own_share,
    rankings_of,
    setting_of,
    shuffled_supports,
    support_of,
)
from topolens.measures.auroc import auroc, auroc_draws
from topolens.measures.neighbour_votes import one_hot
from topolens.sampling import feasibility, null_p_value, subsample_interval

QUESTION = "Which samples are likely to carry a wrong label?"
VERDICTS = ("suspicious samples", "no suspicious samples", "labels unrelated to features", "not defined")
LEVEL = 0.05
FEWEST = 20
PICTURES = 12

CARD = MethodCard(
    definition=(
        "Labels walk up to three steps over the graph of nearest samples; a sample whose own label, left out, gets few "
        "of the votes that arrive is suspicious, and is listed as outvoted where another class holds two thirds. The "
        "Reeb net cuts that graph along the predictions first and lets labels diffuse over its pieces."
    ),
    source=(
        '"Topological structure of complex predictions", 2023 (Reeb net, its estimate of errors). Ours: own labels are '
        "left out, the uncut graph as a control, and labels changed on purpose to see how far a list can be trusted."
    ),
    neuron_permutation="unchanged: only distances between samples count",
    relu_rescaling=(
        "changes distances between samples at a hidden layer, so its votes; unchanged at the outputs of a network"
    ),
    verdicts=VERDICTS,
    caveats=(
        "On digits, MNIST, Fashion-MNIST and CIFAR-10 with 5 % of labels changed, votes on the uncut graph found more "
        "of them than the Reeb net did; so votes make the list unless the Reeb net is asked for.",
        "Where features say little of the classes, little is found: on CIFAR-10 pixels a quarter of the changes.",
        "Wrong labels that agree with each other, as all of one cluster, outvote the right ones.",
        "Rare classes and samples at the edge of a class are outvoted too: look at the samples.",
        "Labels changed on purpose are unknown to logits given, which flatters the ranking by loss here.",
    ),
)


def suspicious_samples(
    features: Tensor,
    labels: Tensor | None,
    logits: Tensor | None = None,
    *,
    ranking: Literal["votes", "reeb net"] = "votes",
    images: Tensor | None = None,
    ids: Tensor | None = None,
    k: int = 10,
    listed: int = 20,
    draws: int = 10,
    nulls: int = 39,
    seed: int = 0,
    subject: str = "model",
) -> Finding:
    """A ranked list of the samples whose labels disagree with the samples around them, and how far to trust it.

    How far is measured on the data itself: 5 % of the labels are changed on purpose, several times, and looked for.

    Args:
        features: Activations of a layer, shape (samples, d).
        labels: Class of each sample, shape (samples,), whole numbers; -1 where it is not known. None: not defined.
        logits: What the network says, shape (samples, classes); label c then means column c. They cut the Reeb net, and
            give a second list, of predictions that are likely wrong. Without them votes of neighbours cut the net.
        ranking: What makes the list.
        images: Pictures of the samples, shape (samples, h, w) or (samples, channels, h, w), for the figure.
        ids: Number of each sample in the data, shape (samples,), for the tables; None: its row.
        k: Neighbours of a sample.
        listed: Rows of a table.
        draws: How often labels are changed on purpose.
        nulls: How often labels are shuffled; below 19 nothing can reach the level.
        seed: Of shuffles and changes.
        subject: Name of the layer or network, for the text.

    Returns:
        A Finding "suspicious_samples" with the verdict `labels unrelated to features` where the mean support of labels
        is not above that of shuffled ones (p > 0.05); else `suspicious samples` if labels are outvoted, or `no
        suspicious samples`; `not defined` without labels, with one class, too few samples or equal features.

    Raises:
        TypeError: If features or logits are no floating-point tensors.
        ValueError: If shapes do not fit, something is NaN, labels lie outside the logits, or the ranking is unknown.

    Cost: all distances between samples, a sparse product per shuffle and a Reeb net per change of labels.
    Source: "Topological structure of complex predictions", 2023; see `CARDS`.
    """
    if ranking not in ("votes", "reeb net") or draws < 1 or nulls < 1:
        raise ValueError(
            f'ranking must be "votes" or "reeb net", draws and nulls at least 1, got {ranking!r}, {draws} and {nulls}'
        )
    _check(features, labels, logits)
    if ids is not None and len(ids) != len(features):
        raise ValueError(f"ids must hold a number for each of {len(features)} samples, got {len(ids)}")
    with Cost() as cost:
        reason = _why_not(features, labels, k)
        parts = (
            {}
            if reason or labels is None
            else _measured(features, labels, logits, ranking, images, (k, listed, draws, nulls, seed))
        )
    provenance = cost.provenance(
        seed, tuple(features.shape), {"k": k, "draws": draws, "nulls": nulls, "ranking": ranking, "noise": NOISE}
    )
    if reason:
        parts = {"answer": f"Not defined: {reason}.", "verdict": "not defined"}
    elif ids is not None:
        parts["tables"] = {name: _renumbered(table, ids.tolist()) for name, table in parts["tables"].items()}
    return Finding(name="suspicious_samples", subject=subject, question=QUESTION, provenance=provenance, **parts)


def _check(features: Tensor, labels: Tensor | None, logits: Tensor | None) -> None:
    check_no_nan("features", check_tensor("features", features, ("samples", "d")))
    samples = len(features)
    if logits is not None:
        check_no_nan("logits", check_tensor("logits", logits, ("samples", "classes")))
        if len(logits) != samples:
            raise ValueError(f"logits must have a row for each of {samples} samples, got {len(logits)}")
    if labels is not None:
        most = logits.shape[1] if logits is not None else 1 + int(labels.max()) if labels.numel() else 1
        one_hot(labels, samples, max(most, 1))


def _why_not(features: Tensor, labels: Tensor | None, k: int) -> str:
    """Why nothing can be said, in a clause; empty if something can."""
    if labels is None or not bool((labels >= 0).any()):
        return "no label is known"
    known = int((labels >= 0).sum())
    if known < FEWEST or len(features) <= k:
        return f"{known} labelled samples are too few, {max(FEWEST, k + 1)} are needed"
    if len(labels[labels >= 0].unique()) < 2:
        return "all labels are of one class"
    if bool((features == features[:1]).all()):
        return "all samples have the same features"
    return ""


def _measured(
    features: Tensor,
    labels: Tensor,
    logits: Tensor | None,
    ranking: str,
    images: Tensor | None,
    effort: tuple[int, ...],
) -> dict[str, Any]:
    k, listed, draws, nulls, seed = effort
    setting, place = setting_of(features, labels.detach().cpu(), logits, k)
    rankings = rankings_of(setting, place)
    support = support_of(setting, place, ranking)
    flagged = outvoted(support, place)
    null = shuffled_supports(setting, place, ranking, nulls, seed)
    found = changed_labels(setting, place, ranking, draws, seed)
    own = own_share(support, place)[setting.known]
    numbers = _numbers(own, flagged, null, found, setting, seed)
    tables = {"suspicious": _table(setting, place, support, rankings, listed)}
    if setting.chances is not None:
        tables["likely wrong"] = _predictions(setting, place, support, listed)
        numbers |= _error_numbers(setting, place, support, draws=200, seed=seed)
    p = numbers["support"].p_value
    related = p is not None and p <= LEVEL
    verdict = VERDICTS[2] if not related else VERDICTS[0] if bool(flagged.any()) else VERDICTS[1]
    return {
        "answer": _answer(verdict, numbers, len(own)),
        "verdict": verdict,
        "numbers": numbers,
        "tables": tables,
        "figures": _figures(setting, place, support, images, numbers, null),
        "references": {"support of shuffled labels": tuple(value for value, _ in null)},
        "warnings": _warnings(features, nulls, setting, found, seed),
    }


def _numbers(
    own: Tensor,
    flagged: Tensor,
    null: list[tuple[float, int]],
    found: dict[str, list[float]],
    setting: Setting,
    seed: int,
) -> dict[str, Number]:
    supports = [value for value, _ in null]
    of_shuffled = f"mean of {len(null)} shuffles of the labels"
    spread = subsample_interval(lambda rows: float(own[rows].mean()), len(own), seed=seed)
    numbers = {
        "support": Number(
            spread.value,
            "mean share of the votes for a sample's own label",
            (spread.low, spread.high),
            "95 % over subsamples of samples",
            sum(supports) / len(supports),
            of_shuffled,
            null_p_value(spread.value, supports),
        ),
        "outvoted": Number(
            int(flagged.sum()),
            "labels against which another class holds two thirds of the votes",
            reference=sum(count for _, count in null) / len(null),
            reference_name=of_shuffled,
        ),
    }
    count = max(1, round(NOISE * len(setting.known)))
    for name, shares_found in found.items():
        ends = torch.tensor(shares_found, dtype=torch.float64).quantile(torch.tensor([0.025, 0.975]).double()).tolist()
        meaning = (
            "share of labels changed on purpose that are outvoted"
            if name == "outvoted"
            else f"share of labels changed on purpose among the first {count} by {name}"
        )
        numbers["found_outvoted" if name == "outvoted" else f"precision.{name}"] = Number(
            sum(shares_found) / len(shares_found),
            meaning,
            (ends[0], ends[1]),
            f"95 % over {len(shares_found)} draws of {NOISE:.0%} changed labels",
            None if name == "outvoted" else count / len(setting.known),
            "" if name == "outvoted" else "a random list",
        )
    return numbers


def _error_numbers(setting: Setting, place: Tensor, support: Tensor, draws: int, seed: int) -> dict[str, Number]:
    """How well the support of predictions tells wrong ones, where labels are known and both kinds occur."""
    assert setting.chances is not None
    top = setting.chances.max(1)
    known = place >= 0
    wrong = known & (top.indices != place)
    right = known & ~wrong
    if not bool(wrong.any()) or not bool(right.any()):
        return {}
    score = 1 - own_share(support, top.indices)
    both = torch.stack([score, 1 - top.values])
    ends = auroc_draws(both[:, right], both[:, wrong], draws=draws, seed=seed)[:, 0]
    low, high = ends.quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    return {
        "error_auroc": Number(
            auroc(score[right], score[wrong]),
            "AUROC of wrong predictions against right ones, by votes for the predicted class",
            (low, high),
            f"95 % over {draws} bootstrap samples",
            auroc(both[1, right], both[1, wrong]),
            "1 - largest softmax",
        )
    }


def _renumbered(table: Table, ids: list[int]) -> Table:
    at = table.columns.index("sample")
    return replace(table, rows=tuple((*row[:at], ids[row[at]], *row[at + 1 :]) for row in table.rows))


def _table(setting: Setting, place: Tensor, support: Tensor, rankings: dict[str, Tensor], listed: int) -> Table:
    own, top = own_share(support, place), support.max(1)
    rows = []
    orders = {name: score.argsort(descending=True, stable=True).argsort() + 1 for name, score in rankings.items()}
    for rank, i in enumerate(most_suspicious(setting, place, support)[:listed].tolist()):
        label, suggested = setting.names[int(place[i])], setting.names[int(top.indices[i])]
        seen = (rank + 1, i, label, suggested, float(own[i]), float(top.values[i]))
        rows.append((*seen, *(int(order[i]) for order in orders.values())))
    return Table(
        "Samples whose labels have least support, worst first; suggested is the class with most votes; the last "
        "columns are places in the other rankings",
        ("rank", "sample", "label", "suggested", "support", "support of suggested", *(f"by {n}" for n in orders)),
        tuple(rows),
    )


def _predictions(setting: Setting, place: Tensor, support: Tensor, listed: int) -> Table:
    assert setting.chances is not None
    top = setting.chances.max(1)
    score = 1 - own_share(support, top.indices)
    rows = [
        (
            rank + 1,
            i,
            setting.names[int(top.indices[i])],
            setting.names[int(place[i])] if place[i] >= 0 else "unknown",
            float(score[i]),
            float(top.values[i]),
        )
        for rank, i in enumerate(score.argsort(descending=True, stable=True)[:listed].tolist())
    ]
    columns = ("rank", "sample", "predicted", "label", "votes against", "largest softmax")
    return Table("Predictions with the least support by the labels around them, worst first", columns, tuple(rows))


def _answer(verdict: str, numbers: dict[str, Number], samples: int) -> str:
    support = numbers["support"]
    held = (
        f"labels hold {support.value:.2f} of the votes around them, {support.reference:.2f} when shuffled "
        f"(p = {support.p_value:.3f})"
    )
    if verdict == VERDICTS[2]:
        return f"Nothing can be listed: {held}, so that neighbours say nothing about labels here."
    others = ", ".join(
        f"{name.removeprefix('precision.')} {number.value:.0%}"
        for name, number in numbers.items()
        if name.startswith("precision.")
    )
    return (
        f"{numbers['outvoted'].value} of {samples} labels are outvoted by the samples around them; {held}; of "
        f"{NOISE:.0%} labels changed on purpose, as many first places of a list hold: {others}, random {NOISE:.0%}."
    )


def _figures(
    setting: Setting,
    place: Tensor,
    support: Tensor,
    images: Tensor | None,
    numbers: dict[str, Number],
    null: list[tuple[float, int]],
) -> dict[str, Figure]:
    number = numbers["support"]
    data = {
        "observed": number.value,
        "groups": {"shuffled labels": [value for value, _ in null]},
        "quantity": "mean support of labels",
        "interval": number.interval,
    }
    figures = {"support": Figure("nulls", "Mean support of the labels beside that of shuffled ones.", data)}
    if images is not None:
        if images.ndim not in (3, 4) or len(images) != len(place):
            raise ValueError(
                f"images must have shape ({len(place)}, h, w) or ({len(place)}, channels, h, w), got "
                f"{tuple(images.shape)}"
            )
        grey = images.detach().cpu().double()
        grey = grey.mean(1) if grey.ndim == 4 else grey
        first = most_suspicious(setting, place, support)[:PICTURES].tolist()
        best = support.argmax(1)
        titles = [f"{setting.names[int(place[i])]}, rather {setting.names[int(best[i])]}?" for i in first]
        caption = "Samples whose labels have least support: label, and the class with most votes."
        figures["samples"] = Figure("images", caption, {"images": [grey[i] for i in first], "titles": titles})
    return figures


def _warnings(
    features: Tensor, nulls: int, setting: Setting, found: dict[str, list[float]], seed: int
) -> tuple[str, ...]:
    out = list(feasibility(features, 0, seed).warnings)
    if 1 / (1 + nulls) > LEVEL:
        out.append(f"Only {nulls} shuffles were drawn, so the level of {LEVEL} cannot be reached; draw 19 or more.")
    means = {name: sum(x) / len(x) for name, x in found.items() if name != "outvoted"}
    best = max(means, key=lambda name: means[name])
    if setting.chances is not None and best == "loss":
        out.append("The ranking by loss found more of the changed labels; its logits had not been trained on them.")
    return tuple(out)
