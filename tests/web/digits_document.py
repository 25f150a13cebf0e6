"""Documents for the explorer's page made without its server: digits, a small trained classifier, Mapper graphs.

`python tests/web/digits_document.py page.html` writes the offline page to look at.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib import image
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import topolens
from topolens.mapper import MapperGraph, betti_numbers, lens_positions, mapper, pca

PAGE = Path(topolens.__file__).parent / "explorer" / "page"
TILE, ACROSS, PER_SHEET = 8, 32, 1024


def packed(values: Any, dtype: str = "f32") -> dict[str, str]:
    array = np.ascontiguousarray(values, {"f32": "<f4", "i32": "<i4", "u8": "u1"}[dtype])
    return {"dtype": dtype, "data": base64.b64encode(array.tobytes()).decode()}


def unpacked(held: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(held["data"]), {"f32": "<f4", "i32": "<i4", "u8": "u1"}[held["dtype"]])


def sheets(images: np.ndarray) -> dict[str, str]:
    out = {}
    for sheet in range(-(-len(images) // PER_SHEET)):
        held = images[sheet * PER_SHEET : (sheet + 1) * PER_SHEET]
        canvas = np.zeros((-(-len(held) // ACROSS) * TILE, ACROSS * TILE))
        for at, picture in enumerate(held):
            y, x = divmod(at, ACROSS)
            canvas[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE] = 16 - picture
        buffer = io.BytesIO()
        image.imsave(buffer, canvas, cmap="gray", vmin=0, vmax=16, format="png")
        out[f"samples/{sheet}"] = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return out


def force_positions(graph: MapperGraph, seed: int = 0, steps: int = 150) -> np.ndarray:
    """A plain spring layout from the lens positions, good enough for a few hundred nodes."""
    generator = np.random.default_rng(seed)
    place = scaled(lens_positions(graph)) + generator.normal(scale=0.02, size=(len(graph), 2))
    ideal = 1.3 / np.sqrt(max(len(graph), 1))
    for step in range(steps):
        gap = place[:, None] - place[None]
        square = (gap**2).sum(-1) + 1e-4
        pull = -place * 0.04 + (gap * (ideal**2 / square)[..., None]).sum(1) * 0.1
        for i, j in ((0, 1), (1, 0)):
            along = place[graph.edges[:, j]] - place[graph.edges[:, i]]
            length = np.linalg.norm(along, axis=1, keepdims=True)
            np.add.at(pull, graph.edges[:, i], along * length * graph.jaccard[:, None] * 0.6)
        size = np.linalg.norm(pull, axis=1, keepdims=True) + 1e-12
        place = place + pull / size * np.minimum(size, 0.06 * (1 - step / steps))
    return scaled(place)


def scaled(place: np.ndarray) -> np.ndarray:
    centred = place - (place.max(0) + place.min(0)) / 2
    return centred / max(np.abs(centred).max(), 1e-12)


def lists(rows: list[np.ndarray]) -> dict[str, Any]:
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in rows])])
    return {"offsets": packed(offsets, "i32"), "rows": packed(np.concatenate(rows) if rows else [], "i32")}


def graph_document(
    graph: MapperGraph, points: np.ndarray, key: str, title: str, settings: dict[str, Any]
) -> dict[str, Any]:
    force, lens = force_positions(graph), scaled(lens_positions(graph))
    members = [graph.members(node) for node in range(len(graph))]
    typical = []
    for rows in members:
        far = np.linalg.norm(points[rows] - points[rows].mean(0), axis=1)
        typical.append(rows[np.argsort(far, kind="stable")[:8]])
    b0, b1 = betti_numbers(graph)
    n = len(points)
    return {
        "format": "topolens.mapper/1",
        "key": key,
        "title": title,
        "space": "samples",
        "points": n,
        "settings": settings,
        "snippet": "import topolens as tl\n\ngraph = tl.mapper(points, resolution=12, gain=2.0)\n",
        "nodes": {
            "count": len(graph),
            "size": packed(graph.sizes, "i32"),
            "cell": packed(graph.cell, "i32"),
            "x": packed(force[:, 0]),
            "y": packed(force[:, 1]),
            "lens_x": packed(lens[:, 0]),
            "lens_y": packed(lens[:, 1]),
        },
        "members": lists(members),
        "typical": lists(typical),
        "edges": {
            "a": packed(graph.edges[:, 0], "i32"),
            "b": packed(graph.edges[:, 1], "i32"),
            "shared": packed(graph.weights, "i32"),
        },
        "triangles": {name: packed(graph.triangles[:, i], "i32") for i, name in enumerate("abc")},
        "lenses": [{"name": f"PCA {i + 1}", "values": packed(graph.lens[:, i])} for i in range(graph.lens.shape[1])],
        "statistics": {
            "components": b0,
            "loops": b1,
            "cover_loops": 0,
            "coverage": {"points": n, "in_nodes": n, "noise": 0, "sentence": f"all {n:,} points lie in nodes"},
        },
        "purity": {},
        "confidence": confidence(graph),
        "cost": {"seconds": 0.05, "memory_mb": 3, "estimated_seconds": 0.06},
    }


def confidence(graph: MapperGraph) -> dict[str, Any]:
    """Made up: numbers of the form that a stability analysis gives."""
    generator = np.random.default_rng(1)
    nodes = generator.uniform(0.4, 1, len(graph))
    return {
        "resamples": 50,
        "nodes": packed(nodes),
        "edges": packed(generator.uniform(0.3, 1, len(graph.edges))),
        "branches": [{"nodes": list(range(min(4, len(graph)))), "confidence": 0.92, "p": 0.01}],
        "loops": [{"nodes": sorted(set(graph.edges[:4].ravel().tolist())), "confidence": 0.74, "p": 0.04}],
        "sentence": "50 resamples: 1 branch and 1 loop come back in more than half of them",
    }


def big_graph(nodes: int = 5000, points: int = 60_000, seed: int = 0) -> dict[str, Any]:
    """A graph as large as the page must draw smoothly: a sheet of nodes with neighbours to the right and below."""
    generator = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(nodes)))
    at = np.arange(nodes)
    members = [np.unique(generator.integers(0, points, generator.integers(8, 40))) for _ in range(nodes)]
    pairs = [(i, j) for i in at.tolist() for j in (i + 1, i + side, i + side + 1) if j < nodes and j % side >= i % side]
    x, y = 2 * (at % side) / side - 1, 2 * (at // side) / side - 1
    x, y = x + generator.normal(scale=0.006, size=nodes), y + generator.normal(scale=0.006, size=nodes)
    a, b = np.array(pairs).T
    empty = packed([], "i32")
    return {
        "format": "topolens.mapper/1",
        "key": "big",
        "title": f"{nodes:,} nodes to draw",
        "space": "many",
        "points": points,
        "settings": settings_of("l0", 70, 3.0),
        "snippet": "",
        "nodes": {
            "count": nodes,
            "size": packed([len(m) for m in members], "i32"),
            "cell": packed(at, "i32"),
            "x": packed(x),
            "y": packed(y),
            "lens_x": packed(y),
            "lens_y": packed(x),
        },
        "members": lists(members),
        "typical": lists([m[:4] for m in members]),
        "edges": {
            "a": packed(a, "i32"),
            "b": packed(b, "i32"),
            "shared": packed(generator.integers(1, 8, len(a)), "i32"),
        },
        "triangles": {"a": empty, "b": empty, "c": empty},
        "lenses": [],
        "purity": {},
        "confidence": None,
        "statistics": {
            "components": 1,
            "loops": 0,
            "cover_loops": 0,
            "coverage": {"points": points, "in_nodes": points, "noise": 0, "sentence": "made up"},
        },
        "cost": {"seconds": 1, "memory_mb": 50, "estimated_seconds": 1},
    }


def settings_of(layer: str, resolution: int, gain: float) -> dict[str, Any]:
    return {
        "layer": layer,
        "checkpoint": "c1",
        "lenses": [{"kind": "pca", "component": 1}, {"kind": "pca", "component": 2}],
        "cover": {"kind": "uniform", "resolution": [resolution] * 2, "gain": [gain] * 2, "convention": "spanning"},
        "clusterer": {"kind": "first_gap", "bins": 10},
        "metric": "std",
        "min_shared": 1,
        "seed": 0,
    }


def column(
    name: str, kind: str, classes: list[str] | None = None, unit: str = "", checkpoint: str | None = None
) -> dict[str, Any]:
    base: dict[str, Any] = {"id": name, "name": name, "kind": kind, "checkpoint": checkpoint}
    return base | ({"classes": classes} if classes else {"unit": unit})


def digits_document(big: int = 5000, names: list[str] | None = None) -> dict[str, Any]:
    """The `topolens-data` document of a small classifier, half trained and trained, and a graph of `big` nodes."""
    data = load_digits()
    x, label = data.data / 16, data.target
    names = names or [str(digit) for digit in range(10)]
    columns: dict[str, Any] = {"samples/label": {"values": packed(label)}}
    listed = [column("label", "category", names)]
    layers_at: dict[str, list[np.ndarray]] = {}
    losses = []
    net = MLPClassifier((24,), random_state=0, learning_rate_init=0.02)
    shown = np.random.default_rng(0).permutation(len(x))[:1100]
    for epoch in range(1, 13):
        net.partial_fit(x[shown], label[shown], classes=np.arange(10))
        losses.append(net.loss_)
        if epoch not in (2, 12):
            continue
        checkpoint = "c0" if epoch == 2 else "c1"
        chance = net.predict_proba(x)
        loss = -np.log(np.maximum(chance[np.arange(len(x)), label], 1e-12))
        entropy = -(chance * np.log(np.maximum(chance, 1e-12))).sum(1)
        found = {"prediction": chance.argmax(1), "loss": loss, "entropy": entropy, "confidence": chance.max(1)}
        columns |= {f"samples/{name}/{checkpoint}": {"values": packed(values)} for name, values in found.items()}
        listed += [
            column("prediction", "category", names, checkpoint=checkpoint),
            column("loss", "number", unit="nats", checkpoint=checkpoint),
            column("entropy", "number", unit="nats", checkpoint=checkpoint),
            column("confidence", "number", checkpoint=checkpoint),
        ]
        layers_at[checkpoint] = [x, np.maximum(x @ net.coefs_[0] + net.intercepts_[0], 0), chance]
    graphs = {}
    for at, (layer, resolution, gain) in enumerate([("l1", 12, 2.0), ("l0", 10, 2.0), ("l1", 8, 1.6)]):
        points = layers_at["c1"][int(layer[1])]
        cloud = torch.tensor(points)
        graph = mapper(cloud, pca(cloud, 2), resolution=resolution, gain=gain, clusters="first_gap").without_small(2)
        title = (
            f"{['pixels', 'hidden', 'output'][int(layer[1])]}, PCA 1 and 2, {resolution} x {resolution}, gain {gain:g}"
        )
        key = f"g{at}"
        graphs[key] = graph_document(graph, points, key, title, settings_of(layer, resolution, gain))
    spaces = [
        {
            "id": "samples",
            "points": len(x),
            "noun": "sample",
            "columns": listed,
            "tiles": {"size": TILE, "columns": ACROSS, "per_sheet": PER_SHEET, "sheets": -(-len(x) // PER_SHEET)},
        }
    ]
    if big:
        graphs["big"] = big_graph(big)
        spaces.append(
            {"id": "many", "points": 60_000, "noun": "sample", "tiles": None, "columns": [column("side", "number")]}
        )
        columns["many/side"] = {"values": packed(np.random.default_rng(2).normal(size=60_000))}
    run = {
        "format": "topolens.run/1",
        "name": "digits-mlp",
        "created": "2026-11-21T15:00:00+00:00",
        "topolens": "0.1.0",
        "spaces": spaces,
        "layers": [layer_of(i, layers_at) for i in range(3)],
        "checkpoints": [{"id": "c0", "name": "epoch 2", "step": 2}, {"id": "c1", "name": "epoch 12", "step": 12}],
        "findings": True,
        "training": True,
        "live": False,
    }
    epochs = np.arange(1, 13)
    loops = np.linspace(9, 4, 12) + np.random.default_rng(3).normal(scale=0.4, size=12)
    return {
        "run": run,
        "columns": columns,
        "tiles": sheets(data.images),
        "graphs": graphs,
        "diagrams": diagrams(layers_at),
        "groups": [{"name": "first twenty", "space": "samples", "rows": list(range(20))}],
        "findings": {
            "findings": [
                {
                    "name": "activation_space",
                    "subject": "hidden",
                    "question": "How many dimensions?",
                    "answer": "The activations of hidden fill about 8 of 24 dimensions.",
                    "verdict": "low-dimensional",
                }
            ]
        },
        "training": {
            "series": [
                {"name": "loss", "steps": packed(epochs), "values": packed(losses)},
                {"name": "loops of hidden", "steps": packed(epochs), "values": packed(loops)},
            ],
            "running": False,
        },
    }


def layer_of(index: int, layers_at: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    points = layers_at["c1"][index]
    quantities = {}
    for checkpoint, layers in layers_at.items():
        spread = np.linalg.eigvalsh(np.cov(layers[index].T))
        quantities[checkpoint] = {
            "effective dimension": float(spread.sum() ** 2 / (spread**2).sum()),
            "norm": float(np.linalg.norm(layers[index], axis=1).mean()),
            "spread": float(spread.sum()),
        }
    return {
        "id": f"l{index}",
        "name": ["pixels", "hidden", "output"][index],
        "kind": "activations",
        "space": "samples",
        "points": len(points),
        "features": points.shape[1],
        "module": ["Input", "Linear", "Softmax"][index],
        "quantities": quantities,
    }


def diagrams(layers_at: dict[str, list[np.ndarray]]) -> dict[str, Any]:
    """Bars of dimension 0 and 1 of 120 points of each layer, with the points of the edge or triangle that ends them."""
    rows = np.sort(np.random.default_rng(4).permutation(1797)[:120])
    out = {}
    for checkpoint, layers in layers_at.items():
        for index, points in enumerate(layers):
            filtration = topolens.rips(torch.tensor(points[rows])[None])
            found = topolens.persistence(filtration, max_dim=1)
            spans, dims = found.intervals.numpy(), found.dim.numpy()
            longest = np.argsort(-(spans[:, 1] - spans[:, 0]), kind="stable")
            order = np.concatenate([longest[dims[longest] == dim][:40] for dim in (0, 1)])
            distance = np.linalg.norm(points[rows][:, None] - points[rows][None], axis=-1)
            bars = []
            for at in order.tolist():
                birth, death = spans[at].tolist()
                end = distance if not np.isfinite(death) else np.abs(distance - death)
                pair = np.unravel_index(int(end.argmin()), end.shape) if np.isfinite(death) else (0, 1)
                near = np.argsort(distance[int(pair[0])], kind="stable")[:6]
                bars.append(
                    {
                        "dim": int(dims[at]),
                        "birth": birth,
                        "death": death if np.isfinite(death) else None,
                        "rows": sorted({int(rows[i]) for i in (*pair, *near)}),
                        "p": None,
                    }
                )
            out[f"l{index}/{checkpoint}"] = {
                "format": "topolens.diagram/1",
                "layer": f"l{index}",
                "checkpoint": checkpoint,
                "points": 120,
                "rows": packed(rows, "i32"),
                "bars": bars,
                "null_persistence": {"0": float(np.median(spans[dims == 0, 1])), "1": 0.12},
                "null": "Gaussian clouds of the same covariance, 95 % quantile",
                "sentence": f"{sum(1 for bar in bars if bar['dim'] == 1)} loops among 120 samples",
            }
    return out


def offline_page(document: dict[str, Any]) -> str:
    """The built bundle and the document as one HTML file, as an export is."""
    html = (PAGE / "index.html").read_text()
    style, script = (PAGE / "app.css").read_text(), (PAGE / "app.js").read_text()
    assert "</script" not in script
    data = json.dumps(document).replace("<", "\\u003c")
    html = html.replace('<link rel="stylesheet" href="./app.css">', f"<style>{style}</style>")
    html = html.replace('<script defer src="./app.js"></script>', "")
    body = f'<script type="application/json" id="topolens-data">{data}</script><script>{script}</script></body>'
    return html.replace("</body>", body)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(offline_page(digits_document()))
