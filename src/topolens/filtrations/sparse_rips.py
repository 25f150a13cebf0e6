"""Vietoris-Rips filtrations of the edges that a sparse matrix holds."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from topolens.engines import Complex, Pairs, concatenate
from topolens.engines.compiled import rips_pairs_sparse
from topolens.filtrations.base import Filtration
from topolens.filtrations.flag_complex import flag_complex


class SparseRips(Filtration):
    """Flag complexes on n vertices with the cells of `Rips`; edges that are not held never enter."""

    def __init__(self, distances: Tensor, max_scale: float) -> None:
        self.batch_size, self.n = distances.shape[:2]
        self.max_scale = max_scale
        held = distances.coalesce()
        item, i, j = held.indices()
        lower = i > j
        numbers = i[lower] * (i[lower] - 1) // 2 + j[lower]
        self._edges = self.n * (self.n - 1) // 2
        # Coalesced entries stand by item, then row, then column: keys rise, and so do the edges' numbers.
        self._keys = item[lower] * self._edges + numbers
        self._ends = torch.stack([i[lower], j[lower]], 1)
        self.source = held.values()[lower]
        self.values = self.source.detach()

    def pairs(self, max_dim: int, field: int) -> Pairs:
        """See `Filtration.pairs`."""
        bounds = torch.searchsorted(self._keys, torch.arange(self.batch_size + 1, device=self.device) * self._edges)
        parts = []
        for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            rows = torch.arange(start, stop, device=self.device)[self.values[start:stop].double() <= self.max_scale]
            vertices = self.values.new_zeros(self.n)
            found = rips_pairs_sparse(vertices, self._ends[rows], self.values[rows], max_dim, field)
            numbers = (self._keys[rows] % max(self._edges, 1)).cpu().numpy()
            names = np.concatenate([np.arange(self.n), self.n + numbers, [-1]])
            parts.append(found._replace(cells=names[found.cells]))
        return concatenate(parts)

    def at(self, batch: Tensor, cells: Tensor) -> Tensor:
        """See `Filtration.at`."""
        if not len(self._keys):
            return self.source.new_zeros(cells.shape)
        row = torch.searchsorted(self._keys, batch * self._edges + (cells - self.n).clamp(min=0))
        return torch.where(cells >= self.n, self.source[row.clamp(max=len(self._keys) - 1)], 0)

    def explicit(self, item: int, max_dim: int) -> Complex:
        """See `Filtration.explicit`."""
        values = np.full(self.n + self._edges, np.inf)
        values[: self.n] = 0
        own = torch.div(self._keys, max(self._edges, 1), rounding_mode="floor") == item
        values[self.n + (self._keys[own] % max(self._edges, 1)).cpu().numpy()] = self.values[own].cpu().double().numpy()
        return flag_complex(values, self.n, max_dim, self.max_scale)


def check_sparse_distances(distances: Tensor) -> None:
    """Raises if the entries held are NaN, negative, or unlike their mirror images."""
    held = distances.detach().coalesce()
    values = held.values()
    beyond = held.indices() >= torch.tensor(distances.shape, device=distances.device)[:, None]
    if (beyond | (held.indices() < 0)).any():  # torch looks only when asked to
        raise ValueError(f"distances holds an entry outside of its shape {tuple(distances.shape)}")
    if torch.isnan(values).any():
        raise ValueError("distances contains NaN; remove or replace those entries first")
    if (values < 0).any():
        raise ValueError("distances must not be negative; shift or square them first")
    mirrored = held.transpose(1, 2).coalesce()
    if not torch.equal(held.indices(), mirrored.indices()) or not torch.equal(values, mirrored.values()):
        raise ValueError("distances must be symmetric; hold both (i, j) and (j, i) of each edge, with one value")
