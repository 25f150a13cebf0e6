"""Other points placed in a Mapper graph that is there: the same boxes, and in each the cluster of the nearest point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from topolens.engines.compiled import cell_nearest
from topolens.mapper.cover import Cover
from topolens.mapper.coverage import Coverage
from topolens.mapper.mapper import Mapped


class Placement(NamedTuple):
    """Where other points lie in a graph, and how many of them lie nowhere."""

    membership: sparse.csr_array  # (points, nodes) boolean
    left_out: Coverage


def placed(
    made: Mapped, coordinates: Tensor, boxed: Tensor, max_distance: float | None, are_distances: bool
) -> Placement:
    """Nodes of other points: in each of their boxes that of the nearest clustered point of the graph's own.

    Args:
        made: The graph with its cover.
        coordinates: The other points as the clusterer would see them, shape (m, d), or their distances to the graph's
            own points, shape (m, n).
        boxed: What the cover is told of them: lens values, or the coordinates for balls.
        max_distance: Distance up to which a point joins the cluster of another. None: any.
        are_distances: Whether `coordinates` are distances.

    Raises:
        ValueError: If the cover has no rule for other points.
    """
    if made.boxes.place is None:
        raise ValueError("this cover was given as sets and says nothing of other points; give it as a rule")
    there = made.boxes.place(boxed)
    box, rows = _matched(made.boxes, there)
    kept = made.nodes >= 0
    own = np.repeat(np.arange(len(made.boxes.cells)), made.boxes.offsets.diff().numpy())
    starts = _starts(own[kept], len(made.boxes.cells))
    members, nodes = made.boxes.members.numpy()[kept], made.nodes[kept]
    order = np.argsort(box, kind="stable")
    box, rows = box[order], rows[order]
    if are_distances:
        nearest = _nearest_given(coordinates.numpy(), members, starts, box, rows)
    else:
        asked = torch.from_numpy(rows), torch.from_numpy(_starts(box, len(made.boxes.cells)))
        cells = torch.from_numpy(members), torch.from_numpy(starts)
        nearest = cell_nearest(made.cloud, *cells, coordinates, *asked).numpy()
    found = nearest >= 0
    close = found.copy()
    if max_distance is not None:
        pairs = rows[found], members[nearest[found]]
        far = coordinates[pairs] if are_distances else (coordinates[pairs[0]] - made.cloud[pairs[1]]).norm(dim=1)
        close[found] = (far <= max_distance).numpy()
    shape = (len(coordinates), len(made.graph))
    entries = np.ones(int(close.sum()), bool)
    membership = sparse.coo_array((entries, (rows[close], nodes[nearest[close]])), shape=shape).tocsr()
    membership.sort_indices()
    return Placement(membership, _report(membership, rows[found]))


def _starts(box: np.ndarray, boxes: int) -> np.ndarray:
    return np.append(0, np.bincount(box, minlength=boxes).cumsum())


def _matched(fitted: Cover, there: Cover) -> tuple[np.ndarray, np.ndarray]:
    """Box of the fitted cover and row of each membership of the other points; those of boxes it lacks are left out."""
    names, wanted = (_names(boxes.cells.numpy()) for boxes in (fitted, there))
    stride = max(names[:, 1].max(initial=0), wanted[:, 1].max(initial=0)) + 1
    known, asked = (pair[:, 0] * stride + pair[:, 1] for pair in (names, wanted))
    place = np.searchsorted(known, asked)
    fits = np.append(known, -1)[place] == asked
    sizes = there.offsets.diff().numpy()
    kept = np.repeat(fits, sizes)
    return np.repeat(place, sizes)[kept], there.members.numpy()[kept]


def _names(cells: np.ndarray) -> np.ndarray:
    """Number of each box and which part of it: parts of a box that was split follow each other."""
    first = np.searchsorted(cells, cells)
    return np.stack([cells, np.arange(len(cells)) - first], 1)


def _nearest_given(
    distances: np.ndarray, members: np.ndarray, starts: np.ndarray, box: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    nearest = np.full(len(rows), -1)
    for c in np.unique(box):
        own, asks = slice(starts[c], starts[c + 1]), box == c
        if own.start < own.stop:
            nearest[asks] = own.start + distances[rows[asks]][:, members[own]].argmin(1)
    return nearest


def _report(membership: sparse.csr_array, found: np.ndarray) -> Coverage:
    m = membership.shape[0]
    inside, reached = np.diff(membership.indptr) > 0, np.zeros(m, bool)
    reached[found] = True
    counts = int(inside.sum()), int((reached & ~inside).sum()), int((~reached).sum())
    parts = [f"{counts[1]:,} too far from the nearest point"] * bool(counts[1])
    parts += [f"{counts[2]:,} in no box with a node"] * bool(counts[2])
    sentence = f"{m - counts[0]:,} of {m:,} points lie in no node: {', '.join(parts)}"
    whole = f"all {m:,} points lie in a node" if m else "there are no points"
    return Coverage(m, counts[0], counts[1], 0, 0, counts[2], 0, sentence if parts else whole)
