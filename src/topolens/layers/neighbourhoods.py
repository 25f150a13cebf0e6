"""The pixels around a pixel, and pairs (m, n) of ranks among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

from torch import Tensor

ADJACENCY = {1: (2, 2), 2: (8, 4), 3: (26, 6)}  # of boxes and of diamonds, by axes in space
SHAPES = {1: "(batch, channels, length)", 2: "(batch, channels, h, w)", 3: "(batch, channels, d, h, w)"}

Ranges = Sequence[tuple[int, int | None]] | Literal["edges", "unit"]


def check_axes(name: str, x: Tensor, axes: int) -> Tensor:
    """The tensor itself, if it has a batch, channels and so many axes in space."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(x).__name__}; use torch.as_tensor({name})")
    if x.ndim != axes + 2:
        raise ValueError(f"{name} must have shape {SHAPES[axes]}, got {tuple(x.shape)}")
    return x


def neighbourhood(axes: int, k: int, adjacency: int | None, include_center: bool) -> list[tuple[int, int, int]]:
    """Places of the pixels within distance k, counted from the corner of the surrounding box, in reading order."""
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"k must be an integer of at least 1, got {k!r}")
    box, diamond = ADJACENCY[axes]
    if adjacency not in (None, box, diamond):
        raise ValueError(f"adjacency must be {box} or {diamond} with {axes} axes in space, got {adjacency!r}")
    span = [(0,)] * (3 - axes) + [tuple(range(2 * k + 1))] * axes
    places = [(z, y, x) for z, y, x in product(*span)]
    corner = (0,) * (3 - axes) + (k,) * axes
    apart = {place: [abs(a - b) for a, b in zip(place, corner, strict=True)] for place in places}
    near = [place for place in places if adjacency in (None, box) or sum(apart[place]) <= k]
    return [place for place in near if include_center or any(apart[place])]


def checked_windows(windows: Ranges, places: list[tuple[int, int, int]], k: int) -> list[tuple[int, int]]:
    """The windows as pairs of whole numbers for a neighbourhood with these places."""
    size = len(places)
    if windows == "unit":
        return [(m, m + 2) for m in range(size - 1)]
    if windows == "edges":
        beyond = sum(place[2] < k for place in places)  # of the pixels next to an edge so many lie on its other side
        return [(beyond - 1, size - beyond + 1)]
    if isinstance(windows, str):
        raise ValueError(f"windows must be 'edges', 'unit' or pairs (m, n), got {windows!r}")
    pairs = []
    for window in windows:
        try:
            m, n = window
        except (TypeError, ValueError):
            raise ValueError(f"windows must be pairs such as [(2, 7)], got {window!r}") from None
        n = size if n is None else n
        if not (isinstance(m, int) and isinstance(n, int) and 0 <= m < n <= size):
            raise ValueError(
                f"a window (m, n) must have 0 <= m < n <= {size}, the pixels of the neighbourhood, got ({m}, {n})"
            )
        pairs.append((m, n))
    if not pairs:
        raise ValueError("windows must hold at least one pair (m, n), got none")
    return pairs
