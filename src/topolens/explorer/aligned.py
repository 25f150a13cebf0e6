"""Two graphs of the same points beside each other: one drawn as the other is, and which of their nodes share points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from topolens.explorer.packed import packed, unpacked
from topolens.mapper import MapperGraph, layout


def aligned(document: Mapping[str, Any], to: Mapping[str, Any]) -> dict[str, Any]:
    """Positions of a graph's nodes matched to those of another, and which nodes share points.

    Args:
        document: The graph that moves.
        to: The graph that stays.

    Raises:
        ValueError: If the points are not the same.
    """
    if document["space"] != to["space"] or document["points"] != to["points"]:
        raise ValueError(
            f"graphs must be of the same points, got {document['space']} and {to['space']}; choose layers of one space"
        )
    own, other = graph_of_document(document), graph_of_document(to)
    drawn = np.column_stack([unpacked(to["nodes"][axis]) for axis in "xy"]).astype(np.float64)
    moved = layout(own, document["settings"]["seed"], aligned_to=(other, drawn))
    shared = sparse.coo_array(own.membership.T.astype(np.int64) @ other.membership.astype(np.int64))
    pairs = {"a": packed(shared.row, "i32"), "b": packed(shared.col, "i32"), "shared": packed(shared.data, "i32")}
    return {"x": packed(moved[:, 0], "f32"), "y": packed(moved[:, 1], "f32"), "pairs": pairs}


def graph_of_document(document: Mapping[str, Any]) -> MapperGraph:
    """The graph that a document was made of."""
    offsets, rows = (unpacked(document["members"][part]).astype(np.int64) for part in ("offsets", "rows"))
    nodes = len(offsets) - 1
    by_node = sparse.csr_array((np.ones(len(rows), bool), rows, offsets), shape=(nodes, document["points"]))
    membership = sparse.csr_array(by_node.T.tocsr())
    membership.sort_indices()
    edges, triangles = (
        np.column_stack([unpacked(document[what][end]) for end in ends]).astype(np.int64).reshape(-1, len(ends))
        for what, ends in (("edges", "ab"), ("triangles", "abc"))
    )
    lens = np.column_stack([unpacked(each["values"]) for each in document["lenses"]])
    cell = unpacked(document["nodes"]["cell"]).astype(np.int64)
    return MapperGraph(membership, edges, triangles, lens, cell, dict(document["settings"]))
