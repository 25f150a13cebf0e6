"""The engines suite: `python -m benchmarks.engines [--only NAME] [--runs N]`, from the root of the repository."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gudhi
import numpy as np
import scipy.sparse.csgraph as csgraph
import torch
from gudhi.sklearn import CubicalPersistence, RipsPersistence
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from ripser import ripser
from scipy.cluster.hierarchy import linkage
from scipy.spatial import cKDTree
from scipy.spatial.distance import squareform
from sklearn.neighbors import NearestNeighbors

import topolens as tl
from benchmarks import cases, page
from benchmarks.cases import Case
from benchmarks.harness import ROOT, Bench, Contender, environment, measure, now, peaks_mb, ticks, write
from topolens.engines.compiled import spanning_tree

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "gudhi", "ripser")
ROOMS = ("core", *(f"src/topolens/{room}" for room in ("engines", "filtrations", "mapper", "sampling")))
ROOMS += ("src/topolens/diagrams.py", "src/topolens/persistence.py")
K = 100
BARS, CELLS = "bars", "bars and critical cells"


def on_torch(x: np.ndarray) -> torch.Tensor:
    """A batch of one."""
    return torch.from_numpy(x)[None]


def to_float64(x: np.ndarray) -> np.ndarray:
    """The same values in double precision, gudhi's own."""
    return x.astype(np.float64)


# What contenders are asked to agree on ------------------------------------------------------------------------------


def length_of(intervals: Sequence[np.ndarray]) -> float:
    """Summed length of all finite bars."""
    ends = np.concatenate([np.asarray(x, dtype=np.float64).reshape(-1, 2) for x in intervals])
    return float((ends[:, 1] - ends[:, 0])[np.isfinite(ends).all(1)].sum())


def length_of_diagrams(diagrams: tl.Diagrams) -> float:
    """Summed length of all finite bars, ours."""
    return float(diagrams.finite().persistence.double().sum())


def length_of_simplex_tree(tree: gudhi.SimplexTree, dims: int) -> float:
    """Summed length of all finite bars, of a simplex tree whose persistence is computed."""
    return length_of([tree.persistence_intervals_in_dimension(dim) for dim in range(dims)])


# H0 and Rips --------------------------------------------------------------------------------------------------------


def tree_weight(given: tuple[np.ndarray, torch.Tensor]) -> float:
    """Weight of spanning-tree edges."""
    matrix, edges = given
    return float(matrix[edges[0, :, 0], edges[0, :, 1]].double().sum())


def our_tree(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Edges of the minimum spanning tree."""
    return x[0], spanning_tree(x)


def our_rips(x: torch.Tensor, max_dim: int) -> tl.Diagrams:
    """Ours, as a user calls it: checks, critical edges and the look-up of their lengths included."""
    return tl.persistence(tl.rips(distances=x), max_dim=max_dim)


def gudhi_rips(x: np.ndarray, max_dim: int) -> list[np.ndarray]:
    """Gudhi's fast route for Rips bars, a fork of Ripser."""
    dims = list(range(max_dim + 1))
    fast = RipsPersistence(dims, input_type="full distance matrix", homology_coeff_field=2)
    return fast.fit_transform([x])[0]


def gudhi_tree(x: np.ndarray, max_dim: int) -> tuple[gudhi.SimplexTree, Any]:
    """Gudhi's simplex tree, which also names critical edges."""
    tree = gudhi.RipsComplex(distance_matrix=x).create_simplex_tree(max_dimension=max_dim + 1)
    tree.compute_persistence(homology_coeff_field=2)
    return tree, tree.flag_persistence_generators()


def rips_peers(max_dim: int) -> tuple[Contender, ...]:
    """Ours and the two fast peers, bars up to max_dim."""
    return (
        Contender(
            "topolens rips", partial(our_rips, max_dim=max_dim), CELLS, on_torch, length_of_diagrams, is_ours=True
        ),
        Contender(
            "ripser.py",
            lambda x: ripser(x, distance_matrix=True, maxdim=max_dim)["dgms"],
            BARS,
            total=length_of,
        ),
        Contender("gudhi RipsPersistence", partial(gudhi_rips, max_dim=max_dim), BARS, total=length_of),
    )


def gudhi_generators(max_dim: int) -> Contender:
    """The gudhi route that gives what ours gives."""
    return Contender(
        "gudhi SimplexTree",
        partial(gudhi_tree, max_dim=max_dim),
        CELLS,
        to_float64,
        lambda result: length_of_simplex_tree(result[0], max_dim + 1),
    )


def h0(case: Case) -> Bench:
    """Merge scales of the components of a cloud."""
    ours = Contender("topolens spanning_tree", our_tree, "tree edges", on_torch, tree_weight, is_ours=True)
    scipy_tree = Contender(
        "scipy minimum_spanning_tree", csgraph.minimum_spanning_tree, "tree edges", total=lambda tree: float(tree.sum())
    )
    scipy_linkage = Contender(
        "scipy linkage, single",
        partial(linkage, method="single"),
        "merge heights",
        lambda x: squareform(to_float64(x)),  # its own format, made before the clock starts
        lambda merges: float(merges[:, 2].sum()),
    )
    return Bench("h0", case, (ours, *rips_peers(0), scipy_tree, scipy_linkage))


# Cubical and lower-star ---------------------------------------------------------------------------------------------


def our_cubical(x: torch.Tensor, construction: str) -> tl.Diagrams:
    """Ours, as a user calls it."""
    return tl.persistence(tl.cubical(x, construction=construction), max_dim=1)


def gudhi_cubical(images: np.ndarray, construction: str) -> list[tuple[gudhi.CubicalComplex, Any]]:
    """Gudhi's cubical complexes with the pixels of birth and death."""
    found = []
    for image in images:
        if construction == "V":
            cells = gudhi.CubicalComplex(vertices=image)
            cells.compute_persistence(homology_coeff_field=2)
            found.append((cells, cells.vertices_of_persistence_pairs()))
        else:
            cells = gudhi.CubicalComplex(top_dimensional_cells=image)
            cells.compute_persistence(homology_coeff_field=2)
            found.append((cells, cells.cofaces_of_persistence_pairs()))
    return found


def length_of_cubical(found: list[tuple[gudhi.CubicalComplex, Any]]) -> float:
    """Summed length of all finite bars."""
    return sum(length_of([cells.persistence_intervals_in_dimension(dim) for dim in (0, 1)]) for cells, _ in found)


def cubical(case: Case, construction: str) -> Bench:
    """Bars of a batch of images in dimensions 0 and 1."""
    kind = "vertices" if construction == "V" else "top_dimensional_cells"
    fast = CubicalPersistence([0, 1], input_type=kind, homology_coeff_field=2)
    contenders = (
        Contender(
            "topolens cubical",
            partial(our_cubical, construction=construction),
            CELLS,
            torch.from_numpy,
            length_of_diagrams,
            is_ours=True,
        ),
        Contender(
            "gudhi CubicalComplex",
            partial(gudhi_cubical, construction=construction),
            CELLS,
            to_float64,
            length_of_cubical,
        ),
        Contender(
            "gudhi CubicalPersistence",
            fast.fit_transform,
            BARS,
            total=lambda found: sum(length_of(item) for item in found),
        ),
    )
    return Bench("cubical", case, contenders, variant=construction)


Graphs = list[tuple[np.ndarray, np.ndarray]]


def packed(graphs: Graphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vertex values, edge_index and batch in the layout of PyTorch Geometric."""
    sizes = [len(values) for values, _ in graphs]
    starts = np.cumsum([0, *sizes[:-1]])
    edges = np.concatenate([edge + start for (_, edge), start in zip(graphs, starts, strict=True)])
    values = torch.from_numpy(np.concatenate([values for values, _ in graphs]))
    return values, torch.from_numpy(edges.T.copy()), torch.repeat_interleave(torch.tensor(sizes))


def gudhi_graphs(graphs: Graphs) -> list[tuple[gudhi.SimplexTree, Any]]:
    """One simplex tree per graph, filled at once, with the vertices of birth and death."""
    found = []
    for values, edges in graphs:
        tree = gudhi.SimplexTree()
        tree.insert_batch(np.arange(len(values))[None], values)
        tree.insert_batch(edges.T, np.maximum(values[edges[:, 0]], values[edges[:, 1]]))
        tree.compute_persistence(homology_coeff_field=2, persistence_dim_max=True)
        found.append((tree, tree.lower_star_persistence_generators()))
    return found


def lower_star(case: Case) -> Bench:
    """Bars of a batch of graphs with values on their vertices."""
    contenders = (
        Contender(
            "topolens lower_star",
            lambda x: tl.persistence(tl.lower_star(*x), max_dim=1),
            CELLS,
            packed,
            length_of_diagrams,
            is_ours=True,
        ),
        Contender(
            "gudhi SimplexTree",
            gudhi_graphs,
            CELLS,
            lambda graphs: [(to_float64(values), edges) for values, edges in graphs],
            lambda found: sum(length_of_simplex_tree(tree, 1) for tree, _ in found),
        ),
    )
    return Bench("graphs", case, contenders)


def gudhi_extended(graphs: Graphs) -> list[list[list[tuple[int, tuple[float, float]]]]]:
    """Four lists of bars per graph; GUDHI does not say which vertices they come from."""
    found = []
    for values, edges in graphs:
        tree = gudhi.SimplexTree()
        tree.insert_batch(np.arange(len(values))[None], values)
        tree.insert_batch(edges.T, np.maximum(values[edges[:, 0]], values[edges[:, 1]]))
        tree.extend_filtration()
        found.append(tree.extended_persistence(homology_coeff_field=2))
    return found


def extended(case: Case) -> Bench:
    """Extended bars of a batch of graphs with values on their vertices."""
    contenders = (
        Contender(
            "topolens extended_persistence",
            lambda x: tl.extended_persistence(tl.lower_star(*x)),
            CELLS,
            packed,
            lambda found: sum(length_of_diagrams(kind) for kind in found),
            is_ours=True,
        ),
        Contender(
            "gudhi SimplexTree",
            gudhi_extended,
            BARS,
            lambda graphs: [(to_float64(values), edges) for values, edges in graphs],
            lambda found: sum(abs(b - d) for kinds in found for kind in kinds for _, (b, d) in kind),
        ),
    )
    return Bench("extended", case, contenders)


# Neighbours and Mapper ----------------------------------------------------------------------------------------------


def torch_neighbours(points: torch.Tensor) -> torch.Tensor:
    """Distance to the K-th other point by blocks of a matrix product."""
    squares = (points**2).sum(1)
    blocks = [
        (squares[rows, None] + squares - 2 * points[rows] @ points.T).kthvalue(K + 1, dim=1).values
        for rows in torch.arange(len(points)).split(1024)
    ]
    return torch.cat(blocks).clamp_min(0).sqrt()


def sklearn_neighbours(points: np.ndarray, algorithm: str) -> np.ndarray:
    """Distance to the K-th other point by scikit-learn, its index built anew."""
    index = NearestNeighbors(n_neighbors=K + 1, algorithm=algorithm, n_jobs=2).fit(points)
    return index.kneighbors(points)[0][:, K]


def neighbours(case: Case) -> Bench:
    """Exact distance to the K-th neighbour."""
    total = {
        "total": lambda distances: float(distances.sum(dtype=None if isinstance(distances, torch.Tensor) else float))
    }
    gives = "distances"
    contenders = [
        Contender(
            "topolens neighbour_distance",
            lambda points: tl.sampling.neighbour_distance(points, K),
            gives,
            torch.from_numpy,
            is_ours=True,
            **total,
        ),
        Contender(
            "scipy cKDTree", lambda points: cKDTree(points).query(points, k=[K + 1], workers=2)[0], gives, **total
        ),
        Contender("scikit-learn, brute", partial(sklearn_neighbours, algorithm="brute"), gives, **total),
    ]
    if case is not cases.FILTERS[-1]:  # several times slower than the others, which show at the smaller sizes
        contenders += [
            Contender("scikit-learn, ball tree", partial(sklearn_neighbours, algorithm="ball_tree"), gives, **total),
            Contender("torch matmul and kthvalue", torch_neighbours, gives, torch.from_numpy, **total),
        ]
    return Bench("neighbours", case, tuple(contenders), threads=2)


def mapper(case: Case) -> Bench:
    """A Mapper graph, 30 x 30 intervals, gain 3; no peer is measured here."""
    ours = Contender("topolens mapper", tl.mapper, "graph with triangles", torch.from_numpy, is_ours=True)
    return Bench("mapper", case, (ours,), threads=2)


# Forward and backward -----------------------------------------------------------------------------------------------


def slope(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Gradient of a loss."""
    return torch.autograd.grad(loss, x)[0]


def our_images_slope(x: torch.Tensor) -> torch.Tensor:
    """Gradient of total persistence of images."""
    return slope(tl.persistence(tl.cubical(x)).finite().persistence.sum(), x)


def gudhi_images_slope(x: torch.Tensor) -> torch.Tensor:
    """The same from gudhi's critical pixels, gathered by torch."""
    columns = x.mT.flatten(1)  # gudhi counts pixels down the columns
    loss = x.new_zeros(())
    for row, (_, (finite, _)) in zip(columns, gudhi_cubical(x.detach().numpy(), "V"), strict=True):
        pixels = torch.from_numpy(np.concatenate(finite).astype(np.int64))
        loss = loss + (row[pixels[:, 1]] - row[pixels[:, 0]]).sum()
    return slope(loss, x)


def our_circle_slope(x: torch.Tensor) -> torch.Tensor:
    """Gradient of total persistence of a cloud."""
    return slope(tl.persistence(tl.rips(x)).finite().persistence.sum(), x)


def gudhi_circle_slope(x: torch.Tensor) -> torch.Tensor:
    """The same from gudhi's critical edges, gathered by torch."""
    square = torch.cdist(x.detach()[0], x.detach()[0], compute_mode="donot_use_mm_for_euclid_dist")
    _, (merges, loops, _, _) = gudhi_tree(square.numpy(), 1)

    def lengths(ends: np.ndarray) -> torch.Tensor:
        a, b = torch.from_numpy(ends.astype(np.int64)).T
        return torch.linalg.vector_norm(x[0, a] - x[0, b], dim=1)

    births, deaths = lengths(loops[0][:, :2]), lengths(loops[0][:, 2:])
    return slope(lengths(merges[:, 1:]).sum() + (deaths - births).sum(), x)


def gradient(case: Case, ours: Any, peer: Any, prepare: Any) -> Bench:
    """Forward and backward of total persistence, H0 and H1."""

    def size(x: torch.Tensor) -> float:
        return float(torch.linalg.vector_norm(x))

    contenders = (
        Contender("topolens", ours, "gradient", prepare, size, is_ours=True),
        Contender("gudhi cells, torch gather", peer, "gradient", prepare, size),
    )
    return Bench("gradient", case, contenders)


SUITE: tuple[Bench, ...] = (
    *(h0(case) for case in cases.H0),
    Bench("rips", cases.RIPS_SMALL, (*rips_peers(1), gudhi_generators(1))),
    *(Bench("rips", case, rips_peers(1)) for case in cases.RIPS),
    *(Bench("rips-h2", case, rips_peers(2)) for case in cases.H2),
    *(cubical(case, construction) for case in cases.IMAGES for construction in ("V", "T")),
    lower_star(cases.GRAPHS),
    extended(cases.GRAPHS),
    *(neighbours(case) for case in cases.FILTERS),
    *(mapper(case) for case in cases.MAPPER),
    gradient(
        cases.GRADIENT_IMAGES, our_images_slope, gudhi_images_slope, lambda x: torch.from_numpy(x).requires_grad_()
    ),
    gradient(cases.GRADIENT_CIRCLE, our_circle_slope, gudhi_circle_slope, lambda x: on_torch(x).requires_grad_()),
)

# Each: sentence, groups of the cases it is about, how the peers' names begin, largest allowed time ours / peer's.
GOALS = (
    ("H0 at least 10 times faster than ripser.py", ("h0",), "ripser", 0.1),
    ("Rips within twice ripser.py's time", ("rips", "rips-h2"), "ripser", 2.0),
    ("2D cubical within twice gudhi's time", ("cubical",), "gudhi", 2.0),
)


def main() -> None:
    """Measure, write the results after each case, and make the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="cases whose name contains this; repeatable")
    parser.add_argument("--runs", type=int, default=7, help="timed runs after the warm-up, at least 7 (default 7)")
    parser.add_argument(
        "-o", "--output", type=Path, default=ROOT / "benchmarks" / "results" / tl.__version__ / "engines.json"
    )
    options = parser.parse_args()
    if options.runs < 7:
        parser.error(f"--runs must be at least 7, so that the quartiles mean something, got {options.runs}")
    chosen = [b for b in SUITE if not options.only or any(name in b.name for name in options.only)]
    if not chosen:
        parser.error(f"no case matches {', '.join(options.only)}; there are {', '.join(b.name for b in SUITE)}")
    data = _kept(options.output, environment(PACKAGES, ROOMS))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, auto_refresh=False) as bars:  # no second thread: it would not survive the forks
        # Memory first, as long as this process has done nothing.
        peaks = [peaks_mb(b) for b in bars.track(chosen, description="memory")]
        task = bars.add_task("", total=ticks(chosen, options.runs))
        for bench, peak in zip(chosen, peaks, strict=True):
            result = measure(
                bench, peak, options.runs, lambda text: bars.update(task, advance=1, description=text, refresh=True)
            )
            data["cases"] = _placed([*(c for c in data["cases"] if c["name"] != bench.name), result])
            data["finished"] = now()
            write(options.output, data)
    print(page.summary(data))


def _kept(path: Path, here: dict[str, Any]) -> dict[str, Any]:
    """What is already in the file, if it was measured with the same code on the same machine, under today's header."""
    goals = [dict(zip(("text", "groups", "peer", "factor"), goal, strict=True)) for goal in GOALS]
    fresh = {"suite": "engines", "environment": here, "goals": goals, "cases": [], "load": list(os.getloadavg())}
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    same = old.get("environment", {}) | {"commit": None} == here | {"commit": None}  # the hash of the sources tells
    return fresh | {"cases": old["cases"] if same else [], "started": old["started"] if same else now()}


def _placed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cases in the order of the suite."""
    order = {bench.name: place for place, bench in enumerate(SUITE)}
    return sorted((case for case in found if case["name"] in order), key=lambda case: order[case["name"]])


if __name__ == "__main__":
    main()
