"""Which nodes, edges, branches and loops of a Mapper graph come back when points, lens and cover change a little."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy import sparse

from topolens._checks import check_fraction
from topolens.diagrams import Diagrams
from topolens.mapper.features import Extents, Feature, extents, features
from topolens.mapper.graph import MapperGraph
from topolens.mapper.nerve import betti_numbers, faces
from topolens.mapper.resampling import Maker, Work, each, seeds

LEVEL = 0.05
ROUNDING = 1e-9  # a bar that vanishes costs half its length, up to rounding
KINDS = ("lower branch", "upper branch", "loop")


@dataclass(frozen=True, eq=False)
class Trusted:
    """A branch or loop with what the resamples say of it.

    Args:
        feature: The branch or loop.
        confidence: Share of resamples that have one of its kind whose two ends lie within half its length of its own.
        p: How often chance alone would move the diagrams by half its length, from the resamples and corrected for the
            number of lenses.
    """

    feature: Feature
    confidence: float
    p: float

    @property
    def is_confident(self) -> bool:
        """Whether p is at most 0.05."""
        return self.p <= LEVEL


@dataclass(frozen=True, eq=False)
class Stability:
    """How well a Mapper graph comes back.

    Args:
        resamples: Number of resamples.
        nodes: Mean Jaccard of each node with its best match in a resample, shape (nodes,).
        edges: Share of resamples in which the best matches of both ends are joined or the same, shape (edges,).
        branches: Lower and upper branches along all lenses, by p, then from the longest to the shortest.
        loops: Loops along the lens that finds the most confident ones, likewise.
        cover_loops: Loops of the nerve if no cover set were split.
    """

    resamples: int
    nodes: np.ndarray
    edges: np.ndarray
    branches: list[Trusted]
    loops: list[Trusted]
    cover_loops: int

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        found = " and ".join(
            f"{sum(x.is_confident for x in some)} of {len(some)} {noun if len(some) == 1 else plural}"
            for some, noun, plural in ((self.branches, "branch", "branches"), (self.loops, "loop", "loops"))
        )
        return (
            f"{found} are longer than {self.resamples} resamples let chance make them (p <= {LEVEL}); "
            f"the cover alone has {self.cover_loops} loop{'' if self.cover_loops == 1 else 's'}."
        )

    def to_json(self) -> dict[str, Any]:
        """Plain lists: what the explorer keeps as `confidence` of a graph."""

        def plain(some: list[Trusted]) -> list[dict[str, Any]]:
            return [
                {
                    "kind": x.feature.kind,
                    "lens": x.feature.lens,
                    "low": x.feature.low,
                    "high": x.feature.high,
                    "nodes": x.feature.nodes.tolist(),
                    "confidence": x.confidence,
                    "p": x.p,
                }
                for x in some
            ]

        return {
            "resamples": self.resamples,
            "nodes": self.nodes.tolist(),
            "edges": self.edges.tolist(),
            "branches": plain(self.branches),
            "loops": plain(self.loops),
            "cover_loops": self.cover_loops,
            "sentence": self.sentence,
        }


class _Change(NamedTuple):
    share: float | None
    noise: np.ndarray  # standard deviation per lens
    vary: float


class _Resample(NamedTuple):
    best: np.ndarray  # Jaccard of each node's best match
    joined: np.ndarray  # whether the matches of each edge's ends are joined
    extents: list[Extents]  # one per lens


def stability(
    graph: MapperGraph,
    make: Maker,
    resamples: int = 50,
    share: float | None = 0.8,
    jitter: float = 0.1,
    vary: float = 0.1,
    **work: Any,
) -> Stability:
    """How well nodes, edges, branches and loops come back in resamples of the whole pipeline.

    Each resample draws a part of the points, moves every lens value a little, changes the resolution a little, and
    makes the graph anew. Nodes are matched by the points they share. A branch or loop is trusted if its length is more
    than twice what the diagrams of its kind move (bottleneck distance) in all but 5 % of the resamples. A hole of a
    sample is one of its parts as well: moves of loops count sqrt(share / (1 - share)) times, twice for 0.8, as parts of
    a sample differ so much less from it than it does from its source.

    Args:
        graph: The Mapper graph of all points.
        make: Makes the graph of some rows: `Remade(points, settings)` with the settings of the graph, or any function
            of (rows, lens values, finer).
        resamples: Number of resamples; for p-values of 0.05 at least 20 per lens.
        share: Share of the points drawn each time, without replacement. None: a bootstrap, as many as there are with
            replacement, of which the 63 % different ones are kept; it is stricter, as clusters fall apart in so much
            thinner clouds.
        jitter: Standard deviation of the noise on the lens, in mean distances of joined nodes along it.
        vary: Largest relative change of the resolution; with 0.1 it is multiplied by numbers from 0.9 to 1.1.
        work: `seed` (default 0); `jobs`, the number of processes (default 1); `progress`, called with (done, expected)
            after each resample: whatever it raises ends the work.

    Returns:
        Confidences of everything in the graph. Branches and loops are judged along each lens; their p-values are
        multiplied by the number of lenses. A real loop is trusted only where the overlaps of the cover hold more than
        a handful of points on each of its arms: take fewer intervals for a small cloud.

    Raises:
        ValueError: If `resamples` is below 1, `share` lies outside (0, 1], or `jitter` or `vary` outside [0, 1).

    Cost: as many Mapper graphs as resamples.
    Source: "Statistical analysis and parameter selection for Mapper", 2018, section 4, for branches and loops;
        "Cluster-wise assessment of cluster stability", 2007, for nodes. Ours: lens and cover change with the points,
        loops are those of the nerve with its triangles, and each kind of feature has its own distances.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper, Remade
        >>> angle = torch.arange(300) * (2 * torch.pi / 300)
        >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
        >>> settings = {"resolution": 10, "gain": 1.5, "clusters": "connected"}
        >>> graph = mapper(circle, lens=circle[:, :1], **settings)
        >>> stability(graph, Remade(circle, settings), resamples=20).sentence[:20]
        '0 of 0 branches and '
    """
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    if share is not None:
        check_fraction("share", share)
    for name, x in (("jitter", jitter), ("vary", vary)):
        if not 0 <= x < 1:
            raise ValueError(f"{name} must lie in [0, 1), got {x}")
    how, change = Work(**work), _Change(share, jitter * _steps(graph), vary)
    tasks = (partial(_resample, graph, make, change, s) for s in seeds(how.seed, resamples))
    made = list(each(tasks, resamples, how))
    lenses = range(graph.lens.shape[1])
    judged = [_judged(graph, lens, [sample.extents[lens] for sample in made], _times(share)) for lens in lenses]
    branches = [x for some in judged for x in some if x.feature.kind != "loop"]
    loops = [[x for x in some if x.feature.kind == "loop"] for some in judged]
    telling = max(lenses, key=lambda k: (sum(x.is_confident for x in loops[k]), -k), default=None)
    return Stability(
        resamples,
        np.mean([sample.best for sample in made], axis=0),
        np.mean([sample.joined for sample in made], axis=0),
        sorted(branches, key=lambda x: (x.p, -x.feature.length)),
        [] if telling is None else sorted(loops[telling], key=lambda x: (x.p, -x.feature.length)),
        betti_numbers(cover_only(graph))[1],
    )


def cover_only(graph: MapperGraph) -> MapperGraph:
    """The nerve of the cover alone, a reference for loops: all nodes of one cover set made one.

    Args:
        graph: A Mapper graph. Points in none of its nodes, as noise of a clusterer, are in none here.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> angle = torch.arange(60) * (2 * torch.pi / 60)
        >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
        >>> cover_only(mapper(circle, lens=circle[:, :1], resolution=5, gain=1.5))      # of a ring, a path is left
        MapperGraph(points=60, nodes=5, edges=4, triangles=0)
    """
    cells, cell = np.unique(graph.cell, return_inverse=True)
    into = sparse.csr_array((np.ones(len(cell), np.int64), (np.arange(len(cell)), cell)), shape=(len(cell), len(cells)))
    held = (graph.membership.astype(np.int64) @ into).astype(bool)
    held.sort_indices()
    settings = graph.settings | {"clusters": "one_cluster"}
    return MapperGraph(held, faces(held, 2), faces(held, 3), graph.lens, cells, settings)


def _steps(graph: MapperGraph) -> np.ndarray:
    """Mean distance of joined nodes along each lens."""
    means = graph.node_means(graph.lens)
    if not len(graph.edges):
        return np.zeros(means.shape[1])
    return np.abs(means[graph.edges[:, 0]] - means[graph.edges[:, 1]]).mean(0)


def _resample(graph: MapperGraph, make: Maker, change: _Change, seed: np.random.SeedSequence) -> _Resample:
    rng = np.random.default_rng(seed)
    rows = _drawn(graph.membership.shape[0], change.share, rng)
    lens = graph.lens[rows].astype(np.float64)
    moved = (lens + change.noise * rng.standard_normal(lens.shape)).astype(graph.lens.dtype)
    anew = make(rows, moved, 1 + change.vary * rng.uniform(-1, 1))
    best, joined = _matched(graph, rows, anew)
    return _Resample(best, joined, [extents(anew, k) for k in range(graph.lens.shape[1])])


def _drawn(n: int, share: float | None, rng: np.random.Generator) -> np.ndarray:
    """Different rows of n, rising."""
    if share is not None:
        return np.sort(rng.choice(n, math.ceil(share * n), replace=False))
    return np.unique(rng.integers(n, size=n)) if n else np.zeros(0, np.int64)


def _matched(graph: MapperGraph, rows: np.ndarray, anew: MapperGraph) -> tuple[np.ndarray, np.ndarray]:
    """Jaccard of each node's best match on the drawn rows, and whether the matches of each edge's ends are joined."""
    drawn = sparse.csr_array(graph.membership[rows])
    sizes = np.asarray(drawn.sum(0), dtype=np.int64).ravel()
    table = (drawn.T.astype(np.int64) @ anew.membership.astype(np.int64)).tocoo()
    jaccard = table.data / (sizes[table.row] + anew.sizes[table.col] - table.data)
    order = np.lexsort([-table.col, jaccard, table.row])  # the last of each row is its best match
    best, match = np.zeros(len(graph)), np.full(len(graph), -1)
    best[table.row[order]], match[table.row[order]] = jaccard[order], table.col[order]
    ends = match[graph.edges]
    ends.sort(axis=1)
    links = set(map(tuple, anew.edges.tolist()))
    joined = [a >= 0 and (a == b or (a, b) in links) for a, b in ends.tolist()]
    return best, np.array(joined, dtype=bool)


def _times(share: float | None) -> float:
    """How much more than such parts of a sample whole samples differ; 1 where nothing but lens and cover changes."""
    return 1.0 if share is None or share == 1 else math.sqrt(share / (1 - share))


def _judged(graph: MapperGraph, lens: int, drawn: list[Extents], times: float) -> list[Trusted]:
    """Branches and loops along one lens with confidence and p."""
    own = extents(graph, lens)
    far = [_distances(bars, [sample[k] for sample in drawn]) for k, bars in enumerate(own)]
    far[KINDS.index("loop")] *= times
    judged = []
    for feature in features(graph, lens):
        kind = KINDS.index(feature.kind)
        half = feature.length / 2
        close = [bool(len(s[kind])) and _nearest(feature, s[kind]) < half * (1 - ROUNDING) for s in drawn]
        chance = (1 + int((far[kind] >= half * (1 - ROUNDING)).sum())) / (1 + len(drawn))
        judged.append(Trusted(feature, float(np.mean(close)), min(1.0, chance * graph.lens.shape[1])))
    return judged


def _nearest(feature: Feature, bars: np.ndarray) -> float:
    return float(np.abs(bars - [feature.low, feature.high]).max(1).min())


def _distances(bars: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Bottleneck distance of one diagram to each of several."""
    from topolens.distances import bottleneck  # loads scipy's solvers, half a second that no graph needs

    x = Diagrams.from_intervals([{0: bars}], torch.float64)
    y = Diagrams.from_intervals([{0: other} for other in others], torch.float64)
    return bottleneck(x, y).numpy()
