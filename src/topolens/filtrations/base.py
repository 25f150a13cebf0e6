"""Filtration: values on cells, and the promise to look a value up differentiably."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from topolens.engines import Complex, Pairs


class Filtration(ABC):
    """A batch of filtered complexes.

    `values` (detached) orders the cells for the engine, rising, ties broken by the cell index; `at` gives
    the differentiable value of single cells, in the user's units. A kind that turns a superlevel filtration
    round does so inside these two, so no consumer sees a flag.
    """

    source: Tensor  # the differentiable tensor the user gave
    values: Tensor
    batch_size: int
    max_scale: float = float("inf")  # cells above it were left out, in the user's units
    modes: Sequence[str] = ("sparse",)  # ways in which the gradient of bars reaches `source`
    never: float = float("inf")  # death of an essential bar, in the user's units

    @property
    def device(self) -> torch.device:
        """Where bars are looked up."""
        return self.values.device

    @abstractmethod
    def pairs(self, max_dim: int, field: int) -> Pairs:
        """Birth and death cells of all bars of positive persistence, from the compiled engine."""

    def recipe(self) -> str | None:
        """Words from which `topolens.ops` makes the same filtration of `source`; None: a compiled graph breaks here."""
        return None

    @abstractmethod
    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """Differentiable values of cells, shape of `cells`; `batch` names the item of each."""

    def on(self, source: Tensor) -> Filtration:
        """The same cells in the same order, looked up in another tensor of the same shape."""
        other = copy.copy(self)
        other.source = source
        return other

    def within(self, budget: float, max_dim: int) -> Filtration:
        """The filtration itself, or a copy with a lower `max_scale`, that will take no more than `budget` seconds."""
        raise ValueError(f"budget is known for rips filtrations only, got {type(self).__name__}; leave it out")

    def critical(self, batch: Tensor, births: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cells that must move for bars of degree 0 to reach their targets, for kinds with the mode "basin".

        Args:
            batch: Item of each bar, rising, shape (bars,).
            births: Cell that gives birth to each bar, shape (bars,).
            targets: Birth and death wanted, in the order of `values`, shape (bars, 2); NaN leaves an end alone.

        Returns:
            Rows (bar, cell, 0 if the birth needs it and 1 if the death does).
        """
        raise NotImplementedError

    def smoothed(self, gradient: Tensor, bandwidth: float | None) -> Tensor:
        """A gradient at `source` spread to what lies around, for kinds with the mode "smooth"."""
        raise NotImplementedError

    @abstractmethod
    def explicit(self, item: int, max_dim: int) -> Complex:
        """One item as an explicit complex with cells up to dimension max_dim + 1, for the reference engine."""
