"""Homology of masks and of their inclusions from components alone, by scipy, as an oracle."""

import numpy as np
from scipy import ndimage

FULL = {2: (8, 4), 3: (26, 6)}


def components(mask: np.ndarray, connectivity: int) -> tuple[np.ndarray, int]:
    """Labels from 1 and their number."""
    spread = mask.ndim if connectivity == FULL[mask.ndim][0] else 1
    return ndimage.label(mask, ndimage.generate_binary_structure(mask.ndim, spread))


def dual(connectivity: int) -> int:
    """Connectivity of the background."""
    return {8: 4, 4: 8, 26: 6, 6: 26}[connectivity]


def euler(mask: np.ndarray, connectivity: int) -> int:
    """Euler characteristic: pixels as closed cells if the foreground is wide, as vertices otherwise."""
    framed, total = np.pad(mask.astype(bool), 1), 0
    for axes in np.ndindex(*[2] * mask.ndim):  # an axis with 1: cells that lie between two neighbours along it
        cells = framed
        for axis, between in enumerate(axes):
            if between:
                low, high = (np.take(cells, np.arange(k, cells.shape[axis] - 1 + k), axis) for k in (0, 1))
                cells = low | high if connectivity in (8, 26) else low & high
        sign = (-1) ** (mask.ndim - sum(axes) if connectivity in (8, 26) else sum(axes))
        total += sign * int(cells.sum())
    return total


def betti(mask: np.ndarray, connectivity: int) -> tuple[int, ...]:
    """Betti numbers of a mask in a background without end."""
    pieces = components(mask, connectivity)[1]
    holes = components(np.pad(~mask.astype(bool), 1, constant_values=True), dual(connectivity))[1] - 1
    return (pieces, holes) if mask.ndim == 2 else (pieces, pieces + holes - euler(mask, connectivity), holes)


def defect(inner: np.ndarray, outer: np.ndarray, connectivity: int) -> int:
    """Dimension of kernel and cokernel of the homology of an inclusion of images: 0 for homotopy equivalences."""
    total = 0
    for small, large, joined in (
        (inner, outer, connectivity),
        (np.pad(~outer, 1, constant_values=True), np.pad(~inner, 1, constant_values=True), dual(connectivity)),
    ):
        (_, few), (labels, many) = components(small, joined), components(large, joined)
        reached = len(np.unique(labels[small]))
        total += few + many - 2 * reached
    return total
