"""Two graphs of the same points beside each other: one turned so that nodes of shared points come together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from topolens.explorer.packed import packed, unpacked


def aligned(document: Mapping[str, Any], to: Mapping[str, Any]) -> dict[str, Any]:
    """Positions of a graph's nodes turned, mirrored and scaled to those of another, and which nodes share points.

    Args:
        document: The graph that moves.
        to: The graph that stays.

    Raises:
        ValueError: If the points are not the same.

    Source: "A generalized solution of the orthogonal Procrustes problem", 1966, each pair of nodes weighing by the
        points it shares.
    """
    if document["space"] != to["space"] or document["points"] != to["points"]:
        raise ValueError(
            f"graphs must be of the same points, got {document['space']} and {to['space']}; choose layers of one space"
        )
    shared = sparse.coo_array(_membership(document) @ _membership(to).T)
    own, other = _positions(document), _positions(to)
    weights = shared.data.astype(np.float64)
    moved = _procrustes(own, own[shared.row], other[shared.col], weights) if len(weights) else own
    pairs = {"a": packed(shared.row, "i32"), "b": packed(shared.col, "i32"), "shared": packed(shared.data, "i32")}
    return {"x": packed(moved[:, 0], "f32"), "y": packed(moved[:, 1], "f32"), "pairs": pairs}


def _membership(document: Mapping[str, Any]) -> sparse.csr_array:
    offsets, rows = (unpacked(document["members"][part]) for part in ("offsets", "rows"))
    return sparse.csr_array((np.ones(len(rows), np.int64), rows, offsets), shape=(len(offsets) - 1, document["points"]))


def _positions(document: Mapping[str, Any]) -> np.ndarray:
    return np.column_stack([unpacked(document["nodes"][axis]) for axis in "xy"]).astype(np.float64)


def _procrustes(all_own: np.ndarray, own: np.ndarray, other: np.ndarray, weights: np.ndarray) -> np.ndarray:
    share = weights[:, None] / weights.sum()
    centres = (own * share).sum(0), (other * share).sum(0)
    x, y = own - centres[0], other - centres[1]
    u, s, v = np.linalg.svd(x.T @ (y * share))
    spread = float((np.square(x) * share).sum())
    scale = s.sum() / spread if spread > 0 else 1.0
    return (all_own - centres[0]) @ (u @ v) * scale + centres[1]
