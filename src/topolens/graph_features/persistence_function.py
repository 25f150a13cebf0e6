"""PersistenceFunction: what is still there at v of what was there at u, by whatever means it is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.filtrations import Filtration
from topolens.persistence import persistence


@runtime_checkable
class PersistenceFunction(Protocol):
    """A function of two levels u and v with a persistence diagram, for each item of a batch.

    Rank-based persistence: whatever counts rising in u and falling in v, with no more arriving between two levels
    later than earlier, is the number of the bars of a diagram that live from u to v. `steady`, `ranging`, `coherent`
    and `homology` give such functions; a class of yours with these two methods is one too.

    Source: "Rank-based persistence", 2020.
    """

    def count(self, u: float, v: float) -> Tensor:
        """What lives from level u to level v, along the filtration, shape (batch,), int64."""

    def diagram(self) -> Diagrams:
        """The bars that count from u on and no longer from v on."""


def check_levels(u: float, v: float, superlevel: bool) -> tuple[float, float]:
    """The two levels, as rising numbers (superlevel: negated), if the first comes no later."""
    sign = -1 if superlevel else 1
    if not sign * u <= sign * v:
        order = "u >= v in a superlevel filtration" if superlevel else "u <= v"
        raise ValueError(f"count needs {order}, got u = {u:g} and v = {v:g}; exchange them")
    return sign * float(u), sign * float(v)


@dataclass(frozen=True, eq=False)
class HomologyPersistence:
    """Persistent Betti numbers of a batch of filtrations.

    Args:
        bars: Diagrams of one dimension.
        superlevel: Whether births lie above deaths.
    """

    bars: Diagrams
    superlevel: bool

    def diagram(self) -> Diagrams:
        """The persistence diagrams, as `persistence` gives them."""
        return self.bars

    def count(self, u: float, v: float) -> Tensor:
        """Rank of the map from the homology at u to that at v, shape (batch,), int64.

        Raises:
            ValueError: If v comes before u.
        """
        low, high = check_levels(u, v, self.superlevel)
        birth, death = (self.bars.intervals.detach() * (-1 if self.superlevel else 1)).unbind(1)
        alive = self.bars.batch[(birth <= low) & (death > high)]
        return torch.bincount(alive, minlength=self.bars.batch_size)


def homology(filtration: Filtration, dim: int = 0, field: int = 2) -> HomologyPersistence:
    """Persistent Betti numbers of a batch of filtrations as a persistence function.

    Args:
        filtration: What `rips`, `cubical`, `edge_weighted` and their kin return.
        dim: Dimension of homology.
        field: Prime p; homology is taken over Z/p.

    Raises:
        ValueError: If `dim` is negative or `field` is no prime.

    Example:
        >>> import topolens as tl
        >>> f = homology(tl.lower_star(torch.tensor([0.0, 2.0, 1.0]), torch.tensor([[0, 1], [1, 2]])))
        >>> f.count(1, 1.5), f.count(1, 2)        # two pieces, until the middle joins them at 2
        (tensor([2]), tensor([1]))
    """
    return HomologyPersistence(persistence(filtration, dim, field).of_dim(dim), filtration.never < 0)
