"""What each set of numbers tells of the gap, row by row, and what bars add to the correlations they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from topolens.studies.gap_statistics import (
    RankCorrelations,
    conditional_information,
    fold_predictions,
    fold_scores,
    granulated_kendall,
    left_out_scores,
    permutation_p,
    rank_correlations,
)

Members = Sequence[Mapping[str, Any]]
REFERENCE, HISTOGRAM, PERSISTENCE = "reference", "correlations alone", "persistence"
CONTESTANT, CONTROL = "other topology", "control"
CONTROLS = ("correlations", "ASDSQ, H0+H1")
HELD = "depth"


class Row(NamedTuple):
    """One set of numbers and how well it tells the gap.

    Args:
        name: Of the set.
        kind: One of the five above.
        numbers: Shape (networks, numbers).
        folds: R^2 of each fold, shape (5, 2).
        told: What least squares tells of each network from others, shape (networks,).
        ranks: Of `told` against the gaps.
        granulated: Kendall's where one setting alone varies.
        information: What the order of pairs tells given any two settings.
        left_out: Mean R^2 on a depth that was not seen.
        p: Share of shuffled gaps that are told as well.
    """

    name: str
    kind: str
    numbers: np.ndarray
    folds: np.ndarray
    told: np.ndarray
    ranks: RankCorrelations
    granulated: float
    information: float
    left_out: float
    p: float


class Added(NamedTuple):
    """What a set of bars adds to the correlations.

    Args:
        name: Of the set.
        gain: Mean R^2 of both together minus that of the correlations alone.
        p: Share of shuffles in which some set gains as much: corrected for the choice among all sets.
    """

    name: str
    gain: float
    p: float


def gaps_of(members: Members) -> np.ndarray:
    """Accuracy on training minus on test images, shape (networks,)."""
    return np.array([member["outcome"]["gap"] for member in members])


def settings_of(members: Members) -> dict[str, list[Any]]:
    """Name -> value of each network."""
    return {name: [member["member"][name] for member in members] for name in members[0]["member"]}


def number_sets(members: Members) -> list[tuple[str, str, np.ndarray]]:
    """Name, kind and numbers (networks, numbers) of all sets; those of resamples are means over them."""
    found = [
        (name, kind, np.array([member[part][name] for member in members]))
        for part, kind in (("references", REFERENCE), ("contestants", CONTESTANT))
        for name in members[0][part]
    ]
    for where, sets in members[0]["features"].items():
        for name in sets if where == "trained" else CONTROLS:
            values = np.array([np.mean(member["features"][where][name], 0) for member in members])
            kind = HISTOGRAM if name == "correlations" else PERSISTENCE
            found.append((name, kind, values) if where == "trained" else (f"{name} ({where})", CONTROL, values))
    return found


def judged(name: str, kind: str, numbers: np.ndarray, members: Members, *, draws: int, seed: int) -> Row:
    """The row of a set.

    Args:
        name: Of the set.
        kind: What it is.
        numbers: Shape (networks, numbers).
        members: What was measured at the networks.
        draws: Shuffles for its p-value.
        seed: Of folds and shuffles.
    """
    gaps, settings = gaps_of(members), settings_of(members)
    told = fold_predictions(numbers, gaps, seed)
    unseen = list(left_out_scores(numbers, gaps, settings[HELD]).values())
    return Row(
        name,
        kind,
        numbers,
        fold_scores(numbers, gaps, seed),
        told,
        rank_correlations(told, gaps, settings[HELD]),
        granulated_kendall(told, gaps, settings),
        conditional_information(told, gaps, settings),
        float(np.mean(unseen)) if unseen else float("nan"),
        permutation_p(numbers, gaps, draws=draws, seed=seed),
    )


def added(base: np.ndarray, sets: Mapping[str, np.ndarray], gaps: np.ndarray, *, draws: int, seed: int) -> list[Added]:
    """What each set of numbers adds to a base, beyond what as many numbers without relation to the gap do.

    Each set is split into what least squares tells of it from the base, and a rest; rests are dealt to other networks,
    all sets alike, and the largest gain over all sets is counted (Westfall and Young).

    Args:
        base: Shape (networks, numbers).
        sets: Name -> shape (networks, numbers).
        gaps: Shape (networks,).
        draws: Shuffles.
        seed: Of folds and shuffles.
    """
    alone = float(fold_scores(base, gaps, seed).mean())
    design = np.column_stack([np.ones(len(base)), base])
    known = {name: design @ np.linalg.lstsq(design, x, rcond=None)[0] for name, x in sets.items()}

    def gain(name: str, order: np.ndarray) -> float:
        mixed = known[name] + (sets[name] - known[name])[order]
        return float(fold_scores(np.column_stack([base, mixed]), gaps, seed).mean()) - alone

    gains = {name: gain(name, np.arange(len(base))) for name in sets}
    generator = np.random.default_rng(seed)
    largest = [
        max(gain(name, order) for name in sets) for order in (generator.permutation(len(base)) for _ in range(draws))
    ]
    return [Added(name, own, (1 + sum(x >= own for x in largest)) / (1 + draws)) for name, own in gains.items()]


def agreement(members: Members, name: str) -> np.ndarray:
    """Intraclass correlation of each number of a set between the first two resamples, shape (numbers,).

    1: networks differ, resamples do not. NaN for a number that is the same for all.

    Args:
        members: What was measured at the networks, at least two resamples each.
        name: Of the set.
    """
    pairs = np.array([member["features"]["trained"][name][:2] for member in members])
    between = 2 * pairs.mean(1).var(0, ddof=1)
    within = ((pairs[:, 0] - pairs[:, 1]) ** 2).mean(0) / 2
    with np.errstate(all="ignore"):
        return (between - within) / (between + within)
