"""Filtration: values on cells, and the promise to look a value up differentiably."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from topolens.engines import Complex, Pairs


class Filtration(ABC):
    """A batch of filtered complexes.

    `values` (detached) orders the cells for the engine, rising, ties broken by the cell index; `at` gives
    the differentiable value of single cells, in the user's units. A kind that turns a superlevel filtration
    round does so inside these two, so no consumer sees a flag.
    """

    values: Tensor
    batch_size: int
    never: float = float("inf")  # death of an essential bar, in the user's units

    @property
    def device(self) -> torch.device:
        """Where the values live."""
        return self.values.device

    @abstractmethod
    def pairs(self, max_dim: int, field: int) -> Pairs:
        """Birth and death cells of all bars of positive persistence, from the compiled engine."""

    @abstractmethod
    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """Differentiable values of cells, shape of `cells`; `batch` names the item of each."""

    @abstractmethod
    def explicit(self, item: int, max_dim: int) -> Complex:
        """One item as an explicit complex with cells up to dimension max_dim + 1, for the reference engine."""
