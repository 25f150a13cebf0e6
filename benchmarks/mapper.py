"""Mapper against its peers on one cover: `python -m benchmarks.mapper [--only NAME] [--runs N]`."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.cluster import DBSCAN, AgglomerativeClustering

import topolens as tl
from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender, optional
from benchmarks.suite import run_suite
from topolens.mapper import cover, dbscan, faces, pca, single_linkage

kmapper = optional("kmapper")
zen = optional("zen_mapper")
zen_adapters, zen_cover = (optional(f"zen_mapper.{part}") if zen else None for part in ("adapters", "cover"))
tda = optional("tdamapper.core")
gudhi = optional("gudhi.cover_complex") if optional("networkx") else None
logging.getLogger("zen_mapper").setLevel(logging.ERROR)  # a line per box would count
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "kmapper", "zen-mapper", "tda-mapper", "numba", "gudhi")
ROOMS = ("core", "src/topolens/engines", "src/topolens/mapper")
INTERVALS, GAIN, LOW_GAIN = 30, 3.0, 1.5
HEIGHT, EPS, LEAST = 0.9, 0.9, 5
GRAPH, TRIANGLES = "graph", "graph with triangles"
# Peers that a trial found too slow, on a machine with other work.
SLOW = {20_000: ["zen-mapper"], 100_000: ["zen-mapper", "tda-mapper, cover given"]}
Input = tuple[Any, Any, Any]  # points, lens, and the boxes of the cover where a program takes them ready-made


def filters(n: int) -> np.ndarray:
    """Points of the 7-sphere in nine coordinates, a third of them near a circle of it."""
    points, angle = cases.filters(n), np.random.default_rng(1).uniform(0, 2 * np.pi, n // 3)
    points[: n // 3, :] = 0.15 * points[: n // 3, :]
    points[: n // 3, 0] += np.cos(angle)
    points[: n // 3, 1] += np.sin(angle)
    return points


def tensors(points: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Points and two principal components."""
    cloud = torch.from_numpy(points)
    return cloud, pca(cloud, 2)


def arrays(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same in double precision, which the peers turn them into."""
    cloud, lens = tensors(points)
    return cloud.numpy().astype(np.float64), lens.numpy().astype(np.float64)


def with_boxes(points: np.ndarray) -> Input:
    """The same with the members of each box."""
    cloud, lens = arrays(points)
    found = cover(torch.from_numpy(lens), INTERVALS, GAIN, "cell")
    ends = found.offsets.tolist()
    return cloud, lens, [found.members[a:b].tolist() for a, b in zip(ends[:-1], ends[1:], strict=True)]


class Linkage(AgglomerativeClustering):
    """Single linkage that tells kepler-mapper to leave boxes of one point alone, which it else fails on."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"min_samples": 2}


def linkage(kind: type = AgglomerativeClustering) -> Any:
    """Single linkage at a height."""
    return kind(n_clusters=None, linkage="single", distance_threshold=HEIGHT)


def density() -> DBSCAN:
    """DBSCAN at the same radius."""
    return DBSCAN(eps=EPS, min_samples=LEAST)


# Ours and the peers --------------------------------------------------------------------------------------------------

OURS = {
    "single linkage": partial(single_linkage, height=HEIGHT),
    "DBSCAN": partial(dbscan, eps=EPS, min_samples=LEAST),
}


def ours(given: tuple[torch.Tensor, torch.Tensor], kind: str, gain: float = GAIN) -> Any:
    """Graph and triangles."""
    return tl.mapper(*given, INTERVALS, gain, None, OURS[kind], "cell")


def kepler_mapper(given: tuple[np.ndarray, np.ndarray], kind: str, gain: float = GAIN) -> Any:
    """Its graph."""
    clusterer = linkage(Linkage) if kind == "single linkage" else density()
    mapper = kmapper.KeplerMapper(verbose=0)
    return mapper.map(given[1], given[0], clusterer=clusterer, cover=kmapper.Cover(INTERVALS, 1 - 1 / gain))


def zen_boxes(lens: np.ndarray) -> Any:
    """The cover of `with_boxes` by zen-mapper's own means."""
    low, span = lens.min(0), np.ptp(lens, axis=0)
    middles = [low[k] + (np.arange(INTERVALS) + 0.5) * span[k] / INTERVALS for k in range(2)]
    centres = np.stack([x.ravel() for x in np.meshgrid(*middles, indexing="ij")], 1)
    return [x for x in zen_cover.rectangular_cover(centres, GAIN * span / INTERVALS, lens) if len(x)]


def zen_mapper(given: tuple[np.ndarray, np.ndarray], kind: str) -> Any:
    """Its graph."""
    clusterer = zen_adapters.sk_learn(linkage() if kind == "single linkage" else density())
    return zen.mapper(*given, cover_scheme=zen_boxes, clusterer=clusterer, dim=1)


class Boxes:
    """A cover that is there already."""

    def __init__(self, boxes: list[list[int]]) -> None:
        self.boxes = boxes

    def apply(self, lens: np.ndarray) -> Any:
        return iter(self.boxes)


def tda_mapper(given: Input, kind: str) -> Any:
    """Its graph; DBSCAN for one neighbour is single linkage, and takes boxes of one point."""
    clusterer = DBSCAN(eps=HEIGHT, min_samples=1) if kind == "single linkage" else density()
    return tda.mapper_graph(given[0], given[1], Boxes(given[2]), clusterer)


def gudhi_mapper(given: tuple[np.ndarray, np.ndarray], kind: str, gain: float = GAIN) -> Any:
    """Its complex, with the triangles. Under NumPy 2.4 its version 3.13 fails from an overlap of one half on."""
    made = gudhi.MapperComplex(
        resolutions=np.array([INTERVALS] * 2),
        gains=np.array([1 - 1 / gain] * 2),
        clustering=linkage() if kind == "single linkage" else density(),
    )
    return made.fit(given[0], filters=given[1], colors=given[1])


TINY = Case("tiny", "", partial(filters, 300))


def several(sizes: Any) -> float:
    """Memberships in nodes of two points or more: some programs drop the others."""
    return float(sum(size for size in sizes if size > 1))


def of_any_gain(kind: str, gain: float) -> tuple[Contender, ...]:
    """Ours and the peers that lay intervals as we do."""
    return (
        Contender(
            "topolens mapper",
            partial(ours, kind=kind, gain=gain),
            TRIANGLES,
            tensors,
            lambda g: several(g.sizes),
            is_ours=True,
        ),
        Contender(
            "kepler-mapper",
            partial(kepler_mapper, kind=kind, gain=gain),
            GRAPH,
            arrays,
            lambda g: several(map(len, g["nodes"].values())),
            package="kmapper",
        ),
        Contender(
            "gudhi MapperComplex",
            partial(gudhi_mapper, kind=kind, gain=gain),
            TRIANGLES,
            arrays,
            lambda g: several(len(x["indices"]) for x in g.node_info_.values()),
            package="gudhi",
        ),
    )


def bench(n: int, kind: str) -> Bench:
    """A Mapper graph of n points; all must find the same number of memberships in nodes of two points or more."""

    with_more = (
        Contender(
            "zen-mapper",
            partial(zen_mapper, kind=kind),
            GRAPH,
            arrays,
            lambda g: several(map(len, g.nodes)),
            package="zen_mapper",
        ),
        Contender(
            "tda-mapper, cover given",
            partial(tda_mapper, kind=kind),
            GRAPH,
            with_boxes,
            lambda g: several(x["size"] for _, x in g.nodes(data=True)),
            package="tdamapper",
        ),
    )
    own, kepler, gudhi_s = of_any_gain(kind, GAIN)
    case = Case(f"{n}", f"{n:,} points in R⁹", partial(filters, n))
    contenders = (own, kepler, *with_more, gudhi_s)
    return Bench("mapper", case, contenders, variant=kind, tiny=TINY, too_slow=frozenset(SLOW.get(n, ())))


def bench_low_gain(n: int, kind: str) -> Bench:
    """The same on a cover of less overlap, which GUDHI takes under every NumPy."""
    case = Case(f"{n}", f"{n:,} points in R⁹", partial(filters, n))
    variant = f"{kind}, gain {LOW_GAIN:g}"
    return Bench("mapper", case, of_any_gain(kind, LOW_GAIN), variant=variant, tiny=TINY)


# Edges of a nerve ----------------------------------------------------------------------------------------------------


def memberships(n: int, resolution: int) -> Any:
    """Points by nodes of a graph on a finer cover."""
    cloud, lens = tensors(filters(n))
    return tl.mapper(cloud, lens, resolution, GAIN, None, OURS["single linkage"]).without_small(2).membership


def node_sets(membership: Any) -> dict[str, list[int]]:
    """Members of each node."""
    by_node = membership.T.tocsr()
    ends = by_node.indptr
    return {str(i): by_node.indices[a:b].tolist() for i, (a, b) in enumerate(zip(ends[:-1], ends[1:], strict=True))}


def product(membership: Any) -> Any:
    """Upper triangle of the product of the sparse matrix with itself."""
    whole = membership.astype(np.int32)
    return sparse.triu(whole.T @ whole, 1)


def kepler_nerve(nodes: dict[str, list[int]]) -> int:
    """Number of its edges."""
    links, _ = kmapper.nerve.GraphNerve(1).compute(nodes)
    return sum(map(len, links.values()))


def nerve() -> Bench:
    """Edges of a nerve of about 2,000 nodes."""
    case = Case("20000", "nerve of about 2,000 nodes of 20,000 points", partial(memberships, 20_000, 48))
    tiny = Case("tiny", "", partial(memberships, 300, 5))
    contenders = (
        Contender("topolens faces", lambda m: faces(m, 2), "edges", total=len, is_ours=True),
        Contender("scipy sparse product", product, "edges with weights", total=lambda x: x.nnz, package="scipy"),
        Contender("kepler-mapper GraphNerve", kepler_nerve, "edges", node_sets, float, package="kmapper"),
    )
    return Bench("nerve", case, contenders, tiny=tiny, too_slow=frozenset(["kepler-mapper GraphNerve"]))


SUITE = (
    *(bench(n, kind) for n in (2_000, 20_000, 100_000) for kind in OURS),
    *(bench_low_gain(n, kind) for n in (2_000, 20_000) for kind in OURS),
    nerve(),
)
GOALS = (
    {"text": "Mapper ≥ 50× kepler-mapper", "groups": ["mapper"], "peer": ["kepler"], "factor": 1 / 50},
    {
        "text": "Mapper ≥ 20× the fastest peer on the same cover",
        "groups": ["mapper"],
        "peer": [],
        "factor": 1 / 20,
        "kind": "best",
    },
    {
        "text": "Mapper: memory no higher than any peer's",
        "groups": ["mapper"],
        "peer": [],
        "factor": 1.0,
        "kind": "memory",
    },
    {
        "text": "Edges of a nerve of 2,000 nodes in 20 ms",
        "groups": ["nerve"],
        "peer": [],
        "factor": 0.02,
        "kind": "seconds",
    },
)

if __name__ == "__main__":
    run_suite("mapper", SUITE, PACKAGES, ROOMS, GOALS)
