"""A Mapper graph from its settings, as the document that the page draws."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import numpy as np
import torch
from scipy import sparse

from topolens.explorer.cost import estimate, memory_mb
from topolens.explorer.kinds import View
from topolens.explorer.packed import packed
from topolens.explorer.settings import key_of, kind_of, lens_values, title_of
from topolens.explorer.snippet import snippet
from topolens.explorer.store import Run
from topolens.explorer.tables import CLUSTERERS, COVERS, LENSES
from topolens.explorer.work import Tell
from topolens.mapper import (
    MapperGraph,
    betti_numbers,
    cover_only,
    layout,
    lens_layout,
    mapper,
    purity,
    variance_normalised,
)

TYPICAL = 12  # points of each node that lie nearest to its mean
MOST_CLASSES = 100
AT_A_TIME = 1 << 18  # numbers that a processor holds near it


def graph_of(view: View, settings: Mapping[str, Any]) -> MapperGraph:
    """The graph of completed settings."""
    return mapper(view.points, lens_values(view, settings), **mapper_options(settings))


def mapper_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Completed settings as `mapper` takes them, but for the lens."""
    clusterer, cover = settings["clusterer"], settings["cover"]
    return {
        **{name: settings[name] for name in ("metric", "noise", "min_shared", "cap")},
        **kind_of(COVERS, "cover", cover).made(cover),
        "clusters": kind_of(CLUSTERERS, "clusterer", clusterer).made(clusterer),
    }


def make_graph(run: Run, settings: Mapping[str, Any], tell: Tell) -> str:
    """Makes the graph of completed settings, keeps its document in the run, and gives its key.

    Args:
        run: The run.
        settings: Completed.
        tell: Called as (share done, what is being done).
    """
    start, held = time.perf_counter(), memory_mb(reset=True)
    tell(0.0, "lenses and clusters")
    expected = estimate(run, settings)
    view = View(run, settings["layer"], settings["checkpoint"])
    graph = graph_of(view, settings)
    tell(0.5, "statistics")
    document = _document(run, settings, view, graph, tell)
    spent, peak = time.perf_counter() - start, memory_mb()
    document["cost"] = {
        "seconds": round(spent, 4),
        "memory_mb": None if held is None or peak is None else max(round(peak - held), 0),
        "estimated_seconds": expected["seconds"],
        "model_seconds": expected["model_seconds"],
    }
    head = {name: document[name] for name in ("key", "title", "settings")}
    created = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    head |= {"nodes": len(graph), "edges": len(graph.edges), "created": created, "cost": document["cost"]}
    run.keep("graphs", document["key"], document, head)
    return document["key"]


def _document(run: Run, settings: Mapping[str, Any], view: View, graph: MapperGraph, tell: Tell) -> dict[str, Any]:
    by_node = sparse.csr_array(graph.membership.T.tocsr())
    by_node.sort_indices()
    space = run.layer(settings["layer"])["space"]
    statistics = _statistics(graph)
    tell(0.7, "typical points and classes")
    typical = _typical(variance_normalised(view.points, settings["metric"]), by_node)
    classes = _purities(run, space, settings["checkpoint"], graph)
    tell(0.8, "layout")
    return {
        "format": "topolens.mapper/1", "key": key_of(settings), "title": title_of(run, settings), "space": space,
        "points": len(view.points), "settings": dict(settings), "snippet": snippet(run, settings),
        "nodes": _nodes(graph, settings["seed"]),
        "members": {"offsets": packed(by_node.indptr, "i32"), "rows": packed(by_node.indices, "i32")},
        "typical": typical,
        "edges": {
            "a": packed(graph.edges[:, 0], "i32"), "b": packed(graph.edges[:, 1], "i32"),
            "shared": packed(graph.weights, "i32"),
        },
        "triangles": {name: packed(graph.triangles[:, place], "i32") for place, name in enumerate("abc")},
        "lenses": [
            {"name": kind_of(LENSES, "lens", lens).named(lens), "values": packed(graph.lens[:, place], "f32")}
            for place, lens in enumerate(settings["lenses"])
        ],
        "statistics": statistics, "purity": classes, "confidence": None,
    }  # fmt: skip


def _nodes(graph: MapperGraph, seed: int) -> dict[str, Any]:
    drawn, aligned = layout(graph, seed), lens_layout(graph, seed)
    return {
        "count": len(graph),
        "size": packed(graph.sizes, "i32"),
        "cell": packed(graph.cell, "i32"),
        "x": packed(drawn[:, 0], "f32"),
        "y": packed(drawn[:, 1], "f32"),
        "lens_x": packed(aligned[:, 0], "f32"),
        "lens_y": packed(aligned[:, 1], "f32"),
    }


def _statistics(graph: MapperGraph) -> dict[str, Any]:
    components, loops = betti_numbers(graph)
    cover_loops = betti_numbers(cover_only(graph))[1]
    return {
        "components": components,
        "loops": loops,
        "cover_loops": cover_loops,
        "coverage": graph.left_out._asdict(),
        "remarks": list(graph.remarks),
    }


def _typical(points: torch.Tensor, by_node: sparse.csr_array) -> dict[str, Any]:
    """The points of each node nearest to its mean, nearest first."""
    cloud, sizes = points.double().numpy(), np.diff(by_node.indptr)
    node = np.repeat(np.arange(len(sizes)), sizes)
    means = (by_node.astype(np.float64) @ cloud) / np.maximum(sizes, 1)[:, None]
    far = np.empty(len(node))
    step = max(1, AT_A_TIME // max(cloud.shape[1], 1))
    for start in range(0, len(node), step):
        part = slice(start, start + step)
        away = cloud[by_node.indices[part]] - means[node[part]]
        far[part] = np.einsum("ij,ij->i", away, away)
    order = np.lexsort((by_node.indices, far, node))
    rank = np.arange(len(node)) - np.repeat(by_node.indptr[:-1], sizes)
    offsets = np.append(0, np.cumsum(np.minimum(sizes, TYPICAL)))
    return {"offsets": packed(offsets, "i32"), "rows": packed(by_node.indices[order][rank < TYPICAL], "i32")}


def _purities(run: Run, space: str, checkpoint: str, graph: MapperGraph) -> dict[str, Any]:
    found = {}
    for column in run.space(space)["columns"]:
        fits = column["kind"] == "category" and column["checkpoint"] in (None, checkpoint)
        if fits and 2 <= len(column["classes"]) <= MOST_CLASSES:
            values = run.column(space, column["id"], checkpoint)[1]
            pure = purity(graph, np.asarray(values))
            found[column["id"]] = {
                "class": packed(pure.classes, "i32"), "share": packed(pure.share, "f32"), "p": packed(pure.p, "f32"),
            }  # fmt: skip
    return found
