"""The tables of lenses, covers and clusterers: the one place where a kind of graph enters the explorer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from topolens.explorer.kinds import Field, Kind, View
from topolens.mapper import (
    ball_cover,
    connected,
    dbscan,
    density,
    eccentricity,
    feature,
    first_gap,
    gmapper_cover,
    hdbscan,
    kmeans_cover,
    norm,
    one_cluster,
    pca,
    single_linkage,
)

RATE = 6e-11  # seconds per pair of points of a box and feature


def _pca(view: View, component: int) -> torch.Tensor:
    most = view.points.shape[1]
    if component > most:
        raise ValueError(f"component must be at most {most}, the features of the layer, got {component}")
    return pca(view.points, component)[:, component - 1]


def _covered(cover: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """A cover of settings of its own, as `mapper` takes it."""
    return lambda **given: {"cover": partial(cover, **given)}


# A new kind is one entry here: its fields make the page's form, `make` what goes into `tl.mapper`, `code` the snippet.
LENSES = (
    Kind(
        "pca", "principal component", "Score on a principal component of the layer.",
        (Field("component", "component", "int", 1, 1, 64, help="1 is the direction of largest variance"),),
        _pca, "pca(points, {component})[:, {component} - 1]",
    ),
    Kind("norm", "norm", "Length of a point.", (), lambda view: norm(view.points)[:, 0], "norm(points)[:, 0]"),
    Kind(
        "density", "density", "Minus the distance to the k-th neighbour: it rises where the cloud is dense.",
        (Field("neighbours", "neighbour", "int", 15, 1, 1000),),
        lambda view, neighbours: density(view.points, neighbours)[:, 0], "density(points, {neighbours})[:, 0]",
    ),
    Kind(
        "eccentricity", "eccentricity", "Mean distance to all other points: large at the ends of the cloud.",
        (Field("order", "order", "float", 1.0, 1.0, 100.0, help="of the mean: large orders look at the farthest"),),
        lambda view, order: eccentricity(view.points, order)[:, 0], "eccentricity(points, {order})[:, 0]",
    ),
    Kind(
        "column", "column", "Any column of the space that holds numbers.",
        (Field("column", "column", "column", None),),
        lambda view, column: view.column(column), "torch.from_numpy(np.load(run / {column_file!r}))",
    ),
    Kind(
        "feature", "feature", "One feature of the layer.", (Field("index", "feature", "int", 0, 0, None),),
        lambda view, index: feature(view.points, index)[:, 0], "feature(points, {index})[:, 0]",
    ),
    Kind(
        "probability", "class probability", "What the network gives one class.",
        (Field("class", "class", "class", 0, 0, None),),
        lambda view, **given: view.probability(given["class"]),
        "torch.from_numpy(np.load(run / {probabilities_file!r})[:, {class}])",
    ),
    Kind(
        "entropy", "entropy", "Entropy of the class probabilities: large where the network is in doubt.", (),
        lambda view: view.column("entropy"), "torch.from_numpy(np.load(run / {entropy_file!r}))",
    ),
)  # fmt: skip

_RESOLUTION = Field("resolution", "intervals", "int", 20, 1, 200, per_lens=True, help="of each lens")
_GAIN = Field("gain", "gain", "float", 3.0, 1.0, 10.0, per_lens=True, help="length over step; 1: no overlap")
COVERS = (
    Kind(
        "uniform", "uniform", "Intervals of equal length along each lens; a box is a product of them.",
        (
            _RESOLUTION, _GAIN,
            Field(
                "convention", "convention", "choice", "spanning", choices=("spanning", "cell"),
                help="spanning: intervals exactly fill the range; cell: equal cells, widened by the gain",
            ),
        ),
        dict, "resolution={resolution}, gain={gain}, convention={convention!r}",
    ),
    Kind(
        "quantile", "quantile", "Intervals that hold equally many points along each lens: for lenses with a long tail.",
        (_RESOLUTION, _GAIN), partial(dict, cover="quantile"),
        'cover="quantile", resolution={resolution}, gain={gain}',
    ),
    Kind(
        "ball", "balls", "Balls of points of the layer, whatever the lens; the lens draws and colours only.",
        (Field("scale", "radius", "float", None, 0.0, None, help="empty: that at which 100 balls suffice"),),
        _covered(ball_cover), "cover=partial(ball_cover, scale={scale})",
    ),
    Kind(
        "kmeans", "k-means", "Cells of k-means in the lenses, widened.",
        (
            Field("centres", "centres", "int", 30, 1, 2000),
            Field("widening", "widening", "float", 0.5, 0.0, 10.0, help="reach beyond the nearest centre"),
        ),
        _covered(kmeans_cover), "cover=partial(kmeans_cover, centres={centres}, widening={widening})",
    ),
    Kind(
        "gmapper", "G-Mapper", "Intervals split where their values are no normal distribution.",
        (
            Field("threshold", "threshold", "float", 10.0, 0.01, 1000.0, help="smaller: more intervals"),
            Field("overlap", "overlap", "float", 0.1, 0.0, 1.0, help="of the two parts of a split"),
        ),
        _covered(gmapper_cover),
        "cover=partial(gmapper_cover, threshold={threshold}, overlap={overlap})",
    ),
)  # fmt: skip

_LEAST = Field("min_samples", "least neighbours", "int", 5, 1, 1000, help="that make a point dense, itself included")
CLUSTERERS = (
    Kind(
        "connected", "connected", "Single linkage cut at one scale for all boxes, taken from the whole cloud.",
        (Field("scale", "scale", "float", None, 0.0, None, help="joins points up to this distance; empty: automatic"),),
        partial(partial, connected), "partial(connected, scale={scale})", rate=RATE,
    ),
    Kind(
        "first_gap", "first gap", "Single linkage of each box, cut at the first gap of its histogram.",
        (Field("bins", "bins", "int", 10, 1, 200),),
        partial(partial, first_gap), "partial(first_gap, bins={bins})", rate=RATE,
    ),
    Kind(
        "dbscan", "DBSCAN", "Dense points joined; points that are near to none of them are noise.",
        (Field("eps", "radius", "float", None, 0.0, None, help="empty: 1.5 × the distance of all but the farthest "
               "neighbours"), _LEAST),
        partial(partial, dbscan), "partial(dbscan, eps={eps}, min_samples={min_samples})", rate=RATE,
    ),
    Kind(
        "hdbscan", "HDBSCAN", "Clusters of any density; the rest is noise.",
        (Field("min_cluster_size", "least points", "int", 5, 2, 10_000),),
        partial(partial, hdbscan), "partial(hdbscan, min_cluster_size={min_cluster_size})",
        rate=30 * RATE,
    ),
    Kind(
        "single_linkage", "single linkage", "Cut at a height of your own.",
        (Field("height", "height", "float", 1.0, 0.0, None),),
        partial(partial, single_linkage), "partial(single_linkage, height={height})", rate=RATE,
    ),
    Kind(
        "one_cluster", "none", "Boxes are not split: the cover alone.", (),
        lambda: one_cluster, "one_cluster",
    ),
)  # fmt: skip

GENERAL = (
    Field(
        "metric", "metric", "choice", "std", choices=("std", "variance", "cosine", None),
        help="what features are divided by before distances: std makes all count alike, none leaves them as they are",
    ),
    Field(
        "noise", "noise", "choice", "drop", choices=("drop", "singletons", "nearest"),
        help="points that a clusterer leaves out: in no node, a node each, or with their nearest neighbour",
    ),
    Field("cap", "most points of a box", "int", None, 2, None, help="larger boxes are split; empty: any number"),
    Field("min_shared", "least shared points", "int", 1, 1, 10_000, help="of two nodes that are joined"),
    Field("seed", "seed", "int", 0, 0, 2**32 - 1),
)  # fmt: skip
