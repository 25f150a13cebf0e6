"""The rows of the table: what each network is told, from when on, and what else is done for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from topolens.losses import (
    Scheduled,
    betti_matching,
    cbdice,
    cross_entropy_dice,
    dice_loss,
    skeleton_recall,
    soft_cldice,
    topograph,
    topological_wasserstein,
    warping,
)

Loss = Callable[[Tensor, Tensor], Tensor]


class Row(NamedTuple):
    """A way of training."""

    base: Loss  # from the first step on
    late: Loss | None = None  # a topological term beside it in the last part of training
    weight: float = 1.0  # of that term
    hue: float = 0.0  # chance of RandHue
    rounds: int = 1  # of self-distillation: after each but the last, labels become what the network sees
    topological: bool = False
    told: str = ""  # in words, for the page


def ce_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and Dice."""
    return cross_entropy_dice(logits, target)


def cl_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Half Dice, half clDice with three iterations, as the authors have it."""
    return 0.5 * dice_loss(logits, target) + 0.5 * soft_cldice(logits, target, iterations=3)


def recall(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy and Skeleton Recall."""
    return cross_entropy_dice(logits, target, dice_weight=0.0) + skeleton_recall(logits, target, from_target=True)


def cb_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Half cross-entropy, a quarter of Dice and of cbDice each."""
    pixels = cross_entropy_dice(logits, target, cross_entropy_weight=0.5, dice_weight=0.25)
    return pixels + 0.25 * cbdice(logits, target)


def bars_matched(logits: Tensor, target: Tensor) -> Tensor:
    """Betti matching of mortar, which hangs together through corners."""
    return betti_matching(logits, target, construction="T")


def bars_paired(logits: Tensor, target: Tensor) -> Tensor:
    """Hu's loss, with the paper's pairs: the longest bars are drawn to those of the mask."""
    return topological_wasserstein(logits, (target > 0.5).to(target), construction="T", assignment="persistence")


def regions(logits: Tensor, target: Tensor) -> Tensor:
    """Topograph's loss of critical regions."""
    return topograph(logits, target, connectivity=8)


def warped(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy where no deformation helps."""
    return warping(logits, target, connectivity=8)


ROWS: dict[str, Row] = {
    "CE-Dice": Row(ce_dice, told="cross-entropy + Dice"),
    "clDice": Row(cl_dice, topological=True, told="1/2 Dice + 1/2 clDice of three iterations"),
    "Skeleton Recall": Row(recall, topological=True, told="cross-entropy + Skeleton Recall"),
    "cbDice": Row(cb_dice, topological=True, told="1/2 cross-entropy + 1/4 Dice + 1/4 cbDice"),
    "Betti matching": Row(ce_dice, bars_matched, 0.3, topological=True, told="CE-Dice + 0.3 Betti matching, late"),
    "Hu": Row(ce_dice, bars_paired, 0.3, topological=True, told="CE-Dice + 0.3 Hu's loss of bars, late"),
    "Topograph": Row(ce_dice, regions, 0.3, topological=True, told="CE-Dice + 0.3 Topograph, late"),
    "warping": Row(ce_dice, warped, 1.0, topological=True, told="CE-Dice + 1.0 warping, late"),
    "CE-Dice + RandHue": Row(ce_dice, hue=0.5, told="cross-entropy + Dice, one random hue for half of the crops"),
    "CE-Dice + self-distillation": Row(ce_dice, rounds=3, told="cross-entropy + Dice, labels replaced twice"),
}
BASELINE = "CE-Dice"


class Objective(nn.Module):
    """The loss of a row for all answers of a network; late terms see the finest answer only.

    Args:
        row: The row.
        start: Steps before its late term comes in.
        over: Steps in which that term gains its weight.
    """

    def __init__(self, row: Row, start: int, over: int) -> None:
        super().__init__()
        self.base = row.base
        self.late = Scheduled(_Term(row.late), row.weight, start, over) if row.late else None

    def forward(self, answers: Sequence[Tensor], target: Tensor) -> Tensor:
        """Mean over the answers, those of lower levels with falling weight as in the paper, and the late term."""
        shares = torch.tensor([2.0**-level for level in range(len(answers))])
        shares = shares / shares.sum()
        shares[0] = 1
        whole = sum(w * self.base(y, target) for w, y in zip(shares.tolist(), answers, strict=True)) / len(answers)
        return whole if self.late is None else whole + self.late(answers[0], target)

    def resume(self, step: int) -> None:
        """Go on as after so many steps."""
        if self.late is not None:
            self.late.step.fill_(step)


class _Term(nn.Module):
    """A function as the Module that `Scheduled` takes."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Its value."""
        return self.loss(logits, target)
