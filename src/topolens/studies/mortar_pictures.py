"""Where masks go wrong: pieces and holes that are too many or missing, for the eye."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

KINDS = ("brick", "mortar", "piece too many", "piece missing", "hole too many", "hole missing")
BRICK, MORTAR, EXTRA_PIECE, LOST_PIECE, EXTRA_HOLE, LOST_HOLE = range(len(KINDS))
WRONG = (EXTRA_PIECE, LOST_PIECE, EXTRA_HOLE, LOST_HOLE)
OUTSIDE = 1  # number of what is around a mask: it begins at the first pixel of the border laid around
AROUND = np.ones((3, 3), dtype=bool)


def marked(mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """A predicted mask with its topological errors, as places in `KINDS`, in the shape of the masks.

    A piece (hole) of one mask and one of the other belong together if each is the one that the other has most pixels
    in common with; what is left alone is marked. Pieces hang together through corners, holes through sides only, and
    the outside is no hole. This is for pictures: the figures come from Betti matching.

    Args:
        mask: What a network says, shape (h, w), bool.
        truth: The same shape.
    """
    out = np.where(mask, MORTAR, BRICK)
    found, true = (ndimage.label(x, AROUND)[0] for x in (mask, truth))
    extra, lost = _alone(found, true)
    holes, true_holes = _holes(mask), _holes(truth)
    extra_holes, lost_holes = ([hole for hole in own if hole != OUTSIDE] for own in _alone(holes, true_holes))
    out[np.isin(true_holes, lost_holes)] = LOST_HOLE
    out[np.isin(true, lost)] = LOST_PIECE
    out[np.isin(holes, extra_holes)] = EXTRA_HOLE
    out[np.isin(found, extra)] = EXTRA_PIECE
    return out


def _holes(mask: np.ndarray) -> np.ndarray:
    """Components of what is around the mask, the outside first, numbered from 1; 0 in the mask."""
    return ndimage.label(np.pad(~mask, 1, constant_values=True))[0][1:-1, 1:-1]


def _alone(found: np.ndarray, true: np.ndarray) -> tuple[list[int], list[int]]:
    """Numbers of the regions of each side that have no partner."""
    common = np.zeros((found.max(initial=0) + 1, true.max(initial=0) + 1), dtype=np.int64)
    np.add.at(common, (found, true), 1)
    common[0], common[:, 0] = 0, 0
    pairs = [(i, j) for i, j in enumerate(common.argmax(1)) if common[i, j] and common[:, j].argmax() == i]
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    first, second = (range(1, extent) for extent in common.shape)
    return [i for i in first if i not in left], [j for j in second if j not in right]


def window(marks: np.ndarray, side: int) -> tuple[slice, slice]:
    """The square, of those half a side apart, that touches most errors; with most of their pixels, of several."""
    high, wide = (min(side, extent) for extent in marks.shape)
    numbers = sum((ndimage.label(marks == kind)[0] * len(KINDS) + kind) * (marks == kind) for kind in WRONG)
    best, found = (-1, -1), (slice(0, high), slice(0, wide))
    for top in range(0, marks.shape[0] - high + 1, max(high // 2, 1)):
        for left in range(0, marks.shape[1] - wide + 1, max(wide // 2, 1)):
            here = slice(top, top + high), slice(left, left + wide)
            score = len(np.unique(numbers[here])), int((numbers[here] > 0).sum())
            if score > best:
                best, found = score, here
    return found
