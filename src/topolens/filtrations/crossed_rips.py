"""Rips filtrations in which the topology of one cloud passes into that of another on the same points."""

import torch
from torch import Tensor

from topolens.filtrations.base import Filtration
from topolens.filtrations.rips import rips


def crossed_rips(first: Tensor, both: Tensor) -> Filtration:
    """Rips filtrations of the 2n x 2n distances [[0, A], [A, M]]: the n points twice, as they are and merged.

    With M = min(A, B) bars of dimension 1 are features that A lacks of what A and B have together. There are none if
    A = B.

    Args:
        first: Distances A, shape (batch, n, n).
        both: Distances M, nowhere above A, shape (batch, n, n).

    Source: "Representation topology divergence: a method for comparing neural network representations", 2022.

    Example:
        >>> from topolens.persistence import persistence
        >>> a = torch.tensor([[[0.0, 3.0], [3.0, 0.0]]])
        >>> persistence(crossed_rips(a, a / 3), max_dim=1).of_dim(1).intervals
        tensor([[1., 3.]])
    """
    return rips(distances=torch.cat([torch.cat([torch.zeros_like(first), first], 2), torch.cat([first, both], 2)], 1))
