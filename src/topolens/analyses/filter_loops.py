"""The loops of a cloud of filters: dense core, landmarks, lazy witness and Rips bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.filtrations.rips import rips
from topolens.filtrations.witness import witness
from topolens.persistence import persistence
from topolens.sampling.density import density_core
from topolens.sampling.maxmin import maxmin

HEADLINE = "lazy witness, nu = 1"
BARS = 5  # how many of the longest bars are kept of each filtration


@dataclass(frozen=True)
class Settings:
    """What decides how a cloud of filters is looked at.

    Args:
        k: Neighbour by which density is judged.
        p: Fraction of the filters kept as the dense core.
        landmarks: Number of maxmin landmarks.
        seed: Draws landmarks, nulls and subsamples.
    """

    k: int = 100
    p: float = 0.3
    landmarks: int = 100
    seed: int = 0


def core_of(points: Tensor, settings: Settings) -> Tensor:
    """The dense core of filters (n, d)."""
    return points[density_core(points, settings.k, settings.p)]


def filtrations(core: Tensor, marks: Tensor) -> dict[str, Diagrams]:
    """Bars to dimension 1 over Z/2 on landmarks (L,), by the name of the filtration."""
    kinds = {f"lazy witness, nu = {nu}": witness(core[None], landmarks=marks, nu=nu) for nu in (0, 1, 2)}
    found = {name: persistence(kind) for name, kind in kinds.items()}
    found["Rips on the landmarks"] = persistence(rips(core[marks][None]))
    return found


def top_bars(diagrams: Diagrams, dim: int = 1) -> list[float]:
    """The longest persistences of one dimension, in falling order, padded with 0; essential bars are left out."""
    return diagrams.of_dim(dim).finite().longest(BARS)[0].tolist()


def headline_bars(core: Tensor, marks: Tensor) -> list[float]:
    """The longest H1 bars of the lazy witness filtration with nu = 1 on landmarks (L,)."""
    return top_bars(persistence(witness(core[None], landmarks=marks)))


def landmarks_of(core: Tensor, settings: Settings) -> Tensor:
    """Rows of maxmin landmarks of a core (n, d), shape (L,)."""
    return maxmin(core[None], settings.landmarks, settings.seed)[0]


def draws(core: Tensor, settings: Settings, repeats: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Random subsets of 80 % of the core, each with its own landmarks."""
    generator = torch.Generator().manual_seed(settings.seed)
    keep = max(round(0.8 * len(core)), min(settings.landmarks, len(core)))
    for repeat in range(repeats):
        subset = core[torch.randperm(len(core), generator=generator)[:keep]]
        yield subset, maxmin(subset[None], settings.landmarks, settings.seed + 1 + repeat)[0]
