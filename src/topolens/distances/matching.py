"""Which bar is matched with which: the integers that a distance is read off from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topolens.diagrams import Diagrams

# Given costs between bars (n, m), to the diagonal (n,) and (m,): rows and columns that are matched with each other.
Solver = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Matching:
    """Rows of x and y that are matched, -1 for the diagonal, the item of each, and items that cannot be matched."""

    x_rows: Tensor
    y_rows: Tensor
    item: Tensor
    impossible: Tensor


def ground_norm(delta: Tensor, norm: float) -> Tensor:
    """The norm of each row (bars, 2), with gradient 0 instead of NaN at 0."""
    size = delta.abs()
    if norm == 1:
        return size.sum(1)
    largest = size.amax(1)
    if norm == float("inf"):
        return largest
    positive = largest > 0
    scale = torch.where(positive, largest, torch.ones_like(largest))
    # Factored out, so that no power overflows or underflows; its gradient cancels.
    scale = scale.detach()
    ratio = torch.where(positive[:, None], size / scale[:, None], torch.ones_like(size))
    return torch.where(positive, scale * ratio.pow(norm).sum(1).pow(1 / norm), torch.zeros_like(largest))


def check_comparable(x: Diagrams, y: Diagrams, norm: float) -> int:
    """Number of items of the answer, if two batches can be compared item by item.

    Raises:
        ValueError: If the batch sizes differ and none is 1, a bar is NaN or has an infinite birth, or norm is below 1.
    """
    if x.batch_size != y.batch_size and 1 not in (x.batch_size, y.batch_size):
        raise ValueError(f"x and y must have the same batch_size or one of 1, got {x.batch_size} and {y.batch_size}")
    for name, d in (("x", x), ("y", y)):
        if not bool(torch.isfinite(d.intervals.detach()[:, 0]).all() & ~torch.isnan(d.intervals.detach()).any()):
            raise ValueError(f"{name} must have finite births and no NaN; remove such bars first")
    if not norm >= 1:
        raise ValueError(f"norm must be at least 1 (inf included), got {norm}")
    return y.batch_size if x.batch_size == 1 else x.batch_size


def _groups(d: Diagrams) -> dict[tuple[int, int, float], np.ndarray]:
    """Rows of each (item, dim, kind of death): 0 for bars that die, otherwise the sign of the infinity."""
    kind = torch.where(torch.isinf(d.intervals[:, 1]), d.intervals[:, 1].sign(), torch.zeros_like(d.intervals[:, 1]))
    keys = torch.stack([d.batch, d.dim, kind.long()], 1).cpu().numpy()
    if not len(keys):
        return {}
    order = np.lexsort(keys.T[::-1])
    starts = np.flatnonzero(np.any(np.diff(keys[order], axis=0), axis=1)) + 1
    return {(int(keys[r[0], 0]), int(keys[r[0], 1]), float(keys[r[0], 2])): r for r in np.split(order, starts)}


def _costs(a: np.ndarray, b: np.ndarray, norm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground distances between bars, and of each bar to the diagonal."""
    births, deaths = (np.abs(a[:, None, k] - b[None, :, k]) for k in (0, 1))
    if norm == np.inf:
        between = np.maximum(births, deaths)
    elif norm == 1:
        between = births + deaths
    else:
        between = np.hypot(births, deaths) if norm == 2 else (births**norm + deaths**norm) ** (1 / norm)
    diagonal = 2 ** (1 / norm) / 2
    return between, np.abs(a[:, 1] - a[:, 0]) * diagonal, np.abs(b[:, 1] - b[:, 0]) * diagonal


def matching(x: Diagrams, y: Diagrams, items: int, norm: float, solver: Solver) -> Matching:
    """Matched rows of all items and dimensions; essential bars are matched in the order of their births."""
    x, y = x.detach(), y.detach()
    left, right = (d.intervals.to("cpu", torch.float64).numpy() for d in (x, y))
    of_x, of_y = _groups(x), _groups(y)
    none = np.zeros(0, dtype=np.int64)
    impossible = np.zeros(items, dtype=bool)
    found: list[np.ndarray] = [np.zeros((0, 3), dtype=np.int64)]
    for item, kind, x_key, y_key in _keys(of_x, of_y, items, x.batch_size, y.batch_size):
        a, b = of_x.get(x_key, none), of_y.get(y_key, none)
        if kind != 0:
            impossible[item] |= len(a) != len(b)
            a, b = (r[np.argsort(v[r, 0], kind="stable")] for r, v in ((a, left), (b, right)))
            rows = np.stack([a[: len(b)], b[: len(a)]], 1)
        else:
            i, j = solver(*_costs(left[a], right[b], norm)) if len(a) and len(b) else (none, none)
            alone = [np.stack([np.delete(a, i), np.full(len(a) - len(i), -1)], 1)]
            alone += [np.stack([np.full(len(b) - len(j), -1), np.delete(b, j)], 1)]
            rows = np.concatenate([np.stack([a[i], b[j]], 1), *alone])
        found.append(np.concatenate([rows, np.full((len(rows), 1), item)], 1))
    table = torch.from_numpy(np.concatenate(found)).to(x.intervals.device)
    return Matching(table[:, 0], table[:, 1], table[:, 2], torch.from_numpy(impossible).to(x.intervals.device))


def _keys(
    of_x: dict[tuple[int, int, float], np.ndarray],
    of_y: dict[tuple[int, int, float], np.ndarray],
    items: int,
    x_size: int,
    y_size: int,
) -> Iterator[tuple[int, float, tuple[int, int, float], tuple[int, int, float]]]:
    """Every item with each (dim, kind) that one of its two diagrams has."""
    kinds: dict[tuple[str, int], set[tuple[int, float]]] = {}
    for side, groups in (("x", of_x), ("y", of_y)):
        for b, dim, kind in groups:
            kinds.setdefault((side, b), set()).add((dim, kind))
    for item in range(items):
        p, q = item if x_size > 1 else 0, item if y_size > 1 else 0
        for dim, kind in sorted(kinds.get(("x", p), set()) | kinds.get(("y", q), set())):
            yield item, kind, (p, dim, kind), (q, dim, kind)


def matched_costs(x: Diagrams, y: Diagrams, found: Matching, norm: float) -> Tensor:
    """Ground distance of each matched pair, or of a single bar to the diagonal; carries the gradient."""
    on_x, on_y = found.x_rows >= 0, found.y_rows >= 0
    both = on_x & on_y
    out = x.intervals.new_zeros(len(found.item))
    delta = x.intervals[found.x_rows[both]] - y.intervals[found.y_rows[both]].to(x.intervals)
    # inf - inf of essential bars is NaN: only their births differ.
    delta = torch.where(torch.isnan(delta.detach()), torch.zeros_like(delta), delta)
    out = out.index_put((both.nonzero()[:, 0],), ground_norm(delta, norm))
    diagonal = 2 ** (1 / norm) / 2
    alone_x, alone_y = on_x & ~on_y, on_y & ~on_x
    out = out.index_put((alone_x.nonzero()[:, 0],), x.persistence[found.x_rows[alone_x]] * diagonal)
    lengths = y.persistence[found.y_rows[alone_y]].to(x.intervals)
    return out.index_put((alone_y.nonzero()[:, 0],), lengths * diagonal)
