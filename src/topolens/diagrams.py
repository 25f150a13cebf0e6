"""Diagrams: a packed batch of persistence diagrams, the value every room speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Diagrams:
    """A batch of persistence diagrams, one row per bar.

    Rows are ordered by (batch, dim, birth cell, death cell), the same on every number of threads. Bars
    of zero persistence are left out. A bar that never dies has death `+inf` (`-inf` for a superlevel
    filtration, whose births lie above its deaths) and death cell -1.

    Args:
        intervals: Birth and death of each bar, shape (bars, 2), in the units of the filtration.
        dim: Homology dimension of each bar, shape (bars,), int64.
        batch: Item of the batch each bar belongs to, shape (bars,), int64, in [0, batch_size).
        cells: Cells of the filtration that give birth and death, shape (bars, 2), int64; -1 where none.
        batch_size: Number of diagrams, empty ones included.
        max_scale: Where the filtration was cut off; inf if it was not.

    Raises:
        ValueError: If the shapes do not fit together.

    Gradients: `intervals` carries them to the filtration's values; the integers carry none.

    Example:
        >>> d = Diagrams.from_intervals([{0: [[0.0, 1.0]], 1: [[1.0, 3.0]]}])
        >>> d.of_dim(1).persistence
        tensor([2.])
        >>> len(d), d.batch_size
        (2, 1)
    """

    intervals: Tensor
    dim: Tensor
    batch: Tensor
    cells: Tensor
    batch_size: int
    max_scale: float = float("inf")

    def __post_init__(self) -> None:
        bars = self.dim.shape[0] if self.dim.ndim == 1 else -1
        if self.intervals.shape != (bars, 2) or self.batch.shape != (bars,) or self.cells.shape != (bars, 2):
            raise ValueError(
                "intervals, dim, batch and cells must have shapes (bars, 2), (bars,), (bars,) and (bars, 2), got "
                f"{tuple(self.intervals.shape)}, {tuple(self.dim.shape)}, {tuple(self.batch.shape)} and "
                f"{tuple(self.cells.shape)}"
            )

    def __len__(self) -> int:
        """Number of bars in the whole batch."""
        return self.dim.shape[0]

    def __getitem__(self, item: int) -> Diagrams:
        """The diagram of one item, as a batch of one."""
        if not -self.batch_size <= item < self.batch_size:
            raise IndexError(f"item must lie in [-{self.batch_size}, {self.batch_size}), got {item}")
        chosen = self._where(self.batch == item % self.batch_size)
        return replace(chosen, batch=torch.zeros_like(chosen.batch), batch_size=1)

    def __iter__(self) -> Iterator[Diagrams]:
        """The diagrams of the batch one after the other."""
        return (self[item] for item in range(self.batch_size))

    def __repr__(self) -> str:
        counts = torch.bincount(self.dim).tolist() if len(self) else []
        parts = ", ".join(f"H{k}: {count}" for k, count in enumerate(counts))
        return f"Diagrams(batch_size={self.batch_size}, bars={len(self)}{', ' + parts if parts else ''})"

    def _where(self, mask: Tensor) -> Diagrams:
        intervals, dim, batch, cells = (x[mask] for x in (self.intervals, self.dim, self.batch, self.cells))
        return Diagrams(intervals, dim, batch, cells, self.batch_size, self.max_scale)

    def of_dim(self, dim: int) -> Diagrams:
        """The bars of one homology dimension."""
        return self._where(self.dim == dim)

    def finite(self) -> Diagrams:
        """The bars that die."""
        return self._where(torch.isfinite(self.intervals.detach()).all(1))

    def essential(self) -> Diagrams:
        """The bars that never die."""
        return self._where(torch.isinf(self.intervals.detach()[:, 1]))

    @property
    def censored(self) -> Tensor:
        """Which bars were alive where the filtration was cut off, shape (bars,): they may die later.

        In dimension 0 the eldest bar of an item is not among them, for it never dies.
        """
        alive = torch.isinf(self.intervals.detach()[:, 1])
        if self.max_scale == float("inf"):
            return torch.zeros_like(alive)
        eldest = torch.zeros_like(alive)
        for item in range(self.batch_size):
            rows = ((self.batch == item) & (self.dim == 0) & alive).nonzero()[:, 0]
            if len(rows):
                eldest[rows[self.intervals.detach()[rows, 0].argmin()]] = True
        return alive & ~eldest

    @property
    def persistence(self) -> Tensor:
        """Death minus birth along the filtration, shape (bars,), never negative; inf for essential bars."""
        return (self.intervals[:, 1] - self.intervals[:, 0]).abs()

    def longest(self, k: int) -> Tensor:
        """The k largest persistences of each diagram in falling order, shape (batch_size, k), 0 where there are fewer.

        Bars of all dimensions and essential bars count: narrow down with `of_dim` and `finite` first.
        """
        out = self.intervals.new_zeros(self.batch_size, max(k, 0))
        for item in range(self.batch_size):
            bars = self.persistence[self.batch == item].sort(descending=True).values[:k]
            out[item, : len(bars)] = bars
        return out

    def padded(self, fill: float = 0.0) -> Tensor:
        """Intervals as one dense tensor, shape (batch_size, most bars of a diagram, 2), padded with `fill`."""
        counts = torch.bincount(self.batch, minlength=self.batch_size)
        starts = counts.cumsum(0) - counts
        order = torch.argsort(self.batch, stable=True)
        column = torch.arange(len(self), device=self.batch.device) - starts[self.batch[order]]
        most = int(counts.max()) if self.batch_size else 0
        out = self.intervals.new_full((self.batch_size, most, 2), fill)
        return out.index_put((self.batch[order], column), self.intervals[order])

    def to(self, *args: Any, **kwargs: Any) -> Diagrams:
        """The same bars on another device or in another floating-point type (arguments as `Tensor.to`)."""
        intervals = self.intervals.to(*args, **kwargs)
        dim, batch, cells = (x.to(intervals.device) for x in (self.dim, self.batch, self.cells))
        return Diagrams(intervals, dim, batch, cells, self.batch_size, self.max_scale)

    def detach(self) -> Diagrams:
        """The same bars without a gradient."""
        return replace(self, intervals=self.intervals.detach())

    @staticmethod
    def cat(parts: Iterable[Diagrams]) -> Diagrams:
        """One batch of all the diagrams of several batches, in their order, cut off where the first of them is."""
        items = list(parts)
        if not items:
            raise ValueError("cat needs at least one Diagrams, got none")
        sizes = [part.batch_size for part in items]
        shifts = [sum(sizes[:i]) for i in range(len(items))]
        return Diagrams(
            torch.cat([part.intervals for part in items]),
            torch.cat([part.dim for part in items]),
            torch.cat([part.batch + shift for part, shift in zip(items, shifts, strict=True)]),
            torch.cat([part.cells for part in items]),
            sum(sizes),
            min(part.max_scale for part in items),
        )

    @staticmethod
    def from_intervals(items: Sequence[dict[int, Any]], dtype: torch.dtype | None = None) -> Diagrams:
        """Diagrams from plain numbers of another library, one `{dim: intervals of shape (bars, 2)}` per item."""
        rows: list[Tensor] = []
        dims: list[int] = []
        batch: list[int] = []
        for item, of_dim in enumerate(items):
            for dim in sorted(of_dim):
                bars = torch.as_tensor(np.asarray(of_dim[dim], dtype=np.float64)).reshape(-1, 2)
                rows.append(bars)
                dims += [dim] * len(bars)
                batch += [item] * len(bars)
        intervals = torch.cat(rows) if rows else torch.zeros(0, 2)
        intervals = intervals.to(dtype or torch.get_default_dtype())
        cells = torch.full((len(dims), 2), -1, dtype=torch.int64)
        return Diagrams(
            intervals, torch.tensor(dims, dtype=torch.int64), torch.tensor(batch, dtype=torch.int64), cells, len(items)
        )

    def to_ripser(self) -> list[list[np.ndarray]]:
        """Per item a list with one array (bars, 2) per dimension from 0 on, as ripser.py's `dgms`."""
        top = int(self.dim.max()) if len(self) else -1
        flat = self.detach().to("cpu", torch.float64)
        return [[d.of_dim(k).intervals.numpy() for k in range(top + 1)] for d in flat]

    def to_gudhi(self) -> list[list[tuple[int, tuple[float, float]]]]:
        """Per item a list of (dim, (birth, death)), as gudhi's `SimplexTree.persistence`."""
        flat = self.detach().to("cpu", torch.float64)
        return [
            [(int(k), (float(b), float(d))) for k, (b, d) in zip(item.dim, item.intervals, strict=True)]
            for item in flat
        ]

    def to_giotto(self) -> np.ndarray:
        """Array (batch_size, most bars, 3) of birth, death, dim; short diagrams repeat a point of the diagonal.

        As giotto-tda's transformers give it, but essential bars are kept with death inf.
        """
        top = int(self.dim.max()) if len(self) else -1
        flat = self.detach().to("cpu", torch.float64)
        blocks = []
        for k in range(top + 1):
            dense = flat.of_dim(k).padded(fill=0.0).numpy()
            blocks.append(np.concatenate([dense, np.full((*dense.shape[:2], 1), float(k))], axis=2))
        return np.concatenate(blocks, axis=1) if blocks else np.zeros((self.batch_size, 0, 3))
