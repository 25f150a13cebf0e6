"""Crowded boxes of a cover, split into overlapping parts until each holds no more than a cap."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.mapper.cover import Cover

LOW, HIGH = 0.45, 0.55  # quantiles that the parts end at: about a tenth of the points lies in both


class Part(NamedTuple):
    """A part of a box: between two corners in the space of the lenses, and the memberships of the box in it."""

    low: np.ndarray
    high: np.ndarray
    places: np.ndarray


def capped(boxes: Cover, lens: Tensor, cap: int | None) -> Cover:
    """The cover with boxes of more than `cap` points split along their lenses, where these differ.

    A crowded box is cut across the lens that varies most in it, measured in its own spread over the cloud's, into the
    points up to the 55 % quantile and those from the 45 % quantile on, and so on. Parts keep the number of their box.

    Args:
        boxes: The cover.
        lens: The values it was made of, shape (n, lenses).
        cap: Points a box may hold, at least 1. None: any number.

    Raises:
        ValueError: If `cap` is below 1.
    """
    if cap is None:
        return boxes
    if not isinstance(cap, int) or cap < 1:
        raise ValueError(f"cap must be an integer of at least 1, got {cap!r}")
    offsets = boxes.offsets.numpy()
    crowded = np.flatnonzero(np.diff(offsets) > cap)
    if not len(crowded):
        return boxes
    values = lens.detach().to("cpu", torch.float64).numpy()
    spread = np.maximum(np.ptp(values, axis=0), np.finfo(np.float64).tiny)
    members = boxes.members.numpy()
    parts: dict[int, list[Part]] = {}
    for box in crowded.tolist():
        own = slice(offsets[box], offsets[box + 1])
        parts[int(boxes.cells[box])] = _parts(values[members[own]], cap, spread)
    return _replaced(boxes, parts)._replace(place=boxes.place and partial(_placed, boxes, parts))


def _parts(inside: np.ndarray, cap: int, spread: np.ndarray) -> list[Part]:
    """The parts of one box, from the values of its points; outer parts reach to infinity."""
    reach = np.full(inside.shape[1], np.inf)
    waiting, done = [Part(-reach, reach, np.arange(len(inside)))], []
    while waiting:
        part = waiting.pop()
        halves = None if len(part.places) <= cap else _halves(inside, part, spread)
        if halves is None:
            done.append(part)
        else:
            waiting += halves[::-1]
    return done


def _halves(inside: np.ndarray, part: Part, spread: np.ndarray) -> list[Part] | None:
    """Two overlapping parts, each smaller than the whole; None where no lens tells the points apart."""
    own = inside[part.places]
    for axis in np.argsort(-np.ptp(own, axis=0) / spread, kind="stable").tolist():
        x = own[:, axis]
        upper, lower = (np.quantile(x, at, method="lower") for at in (HIGH, LOW))
        left, right = x <= upper, x >= lower
        if left.all() or right.all():  # many equal values: cut between them and the others
            middle = x[x < x.max()].max(initial=-np.inf) if left.all() else upper
            left, right = x <= middle, x > middle
            upper, lower = middle, np.nextafter(middle, np.inf)
        if left.any() and right.any() and not left.all() and not right.all():
            high, low = part.high.copy(), part.low.copy()
            high[axis], low[axis] = upper, lower
            return [Part(part.low, high, part.places[left]), Part(low, part.high, part.places[right])]
    return None


def _replaced(boxes: Cover, parts: dict[int, list[Part]]) -> Cover:
    """The cover with the memberships of each of these boxes listed part by part."""
    members, cells, sizes = [boxes.members[:0]], [], []
    starts, whole = boxes.offsets.tolist(), boxes.members
    for cell, start, end in zip(boxes.cells.tolist(), starts[:-1], starts[1:], strict=True):
        for places in [part.places for part in parts[cell]] if cell in parts else [None]:
            own = whole[start:end] if places is None else whole[start:end][torch.from_numpy(places)]
            members.append(own)
            cells.append(cell)
            sizes.append(len(own))
    offsets = torch.tensor([0, *sizes], dtype=torch.int64).cumsum(0)
    return Cover(torch.cat(members), offsets, torch.tensor(cells, dtype=torch.int64), boxes.lengths)


def _placed(boxes: Cover, parts: dict[int, list[Part]], lens: Tensor) -> Cover:
    """The boxes and parts that other values lie in; parts without a point stay, so that places can be compared."""
    assert boxes.place is not None
    found = boxes.place(lens)
    values = lens.detach().to("cpu", torch.float64).numpy()
    here: dict[int, list[Part]] = {}
    for cell, start, end in zip(found.cells.tolist(), found.offsets[:-1], found.offsets[1:], strict=True):
        if cell not in parts:
            continue
        x = values[found.members[start:end].numpy()]
        here[cell] = [
            part._replace(places=np.flatnonzero(((x >= part.low) & (x <= part.high)).all(1))) for part in parts[cell]
        ]
    return _replaced(found, here)
