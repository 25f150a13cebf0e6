"""Persistent entropy."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.diagrams import Diagrams


def entropy_terms(diagrams: Diagrams) -> Tensor:
    """-q log q of each finite bar, q its share of the total persistence of its item; 0 for bars of length 0."""
    length = diagrams.persistence
    total = length.new_zeros(diagrams.batch_size).index_add(0, diagrams.batch, length)[diagrams.batch]
    positive = length.detach() > 0
    share = torch.where(positive, length, torch.ones_like(length)) / torch.where(
        positive, total, torch.ones_like(total)
    )
    return torch.where(positive, -share * share.log(), torch.zeros_like(share))


def entropy(diagrams: Diagrams) -> Tensor:
    """Persistent entropy of each diagram in nats, shape (batch,): -sum of q log q, q = persistence / total persistence.

    Essential bars are left out; 0 for a diagram without bars of positive persistence. All bars given count.

    Gradients: To both ends of every finite bar of positive persistence.
    Source: "On the stability of persistent entropy and new summary functions for TDA", 2020, section 3.
    """
    diagrams = diagrams.finite()
    out = diagrams.intervals.new_zeros(diagrams.batch_size)
    return out.index_add(0, diagrams.batch, entropy_terms(diagrams))
