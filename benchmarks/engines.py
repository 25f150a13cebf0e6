"""The engines suite: `python -m benchmarks.engines [--only NAME] [--runs N]`, from the root of the repository."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

import topolens as tl
from benchmarks import cases, clouds, grids, page
from benchmarks.cases import Case
from benchmarks.clouds import BARS, CELLS, gudhi_tree, length_of_diagrams, length_of_simplex_tree, on_torch, to_float64
from benchmarks.goals import GOALS
from benchmarks.grids import length_of_slope, slope
from benchmarks.harness import (
    ROOT,
    Bench,
    Contender,
    environment,
    expected_seconds,
    measure,
    now,
    optional,
    pilots,
    ticks,
    write,
)

gudhi = optional("gudhi")
PEERS = ("gudhi", "ripser", "giotto-ph", "oineus", "cripser", "torch_topological")
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", *PEERS)
ROOMS = ("core", *(f"src/topolens/{room}" for room in ("engines", "filtrations", "mapper", "sampling")))
ROOMS += ("src/topolens/diagrams.py", "src/topolens/persistence.py")
K = 100

Graphs = list[tuple[np.ndarray, np.ndarray]]


def packed(graphs: Graphs) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vertex values, edge_index and batch in the layout of PyTorch Geometric."""
    sizes = [len(values) for values, _ in graphs]
    starts = np.cumsum([0, *sizes[:-1]])
    edges = np.concatenate([edge + start for (_, edge), start in zip(graphs, starts, strict=True)])
    values = torch.from_numpy(np.concatenate([values for values, _ in graphs]))
    return values, torch.from_numpy(edges.T.copy()), torch.repeat_interleave(torch.tensor(sizes))


def gudhi_graphs(graphs: Graphs) -> list[tuple[Any, Any]]:
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
            package="gudhi",
        ),
    )
    return Bench("graphs", case, contenders, tiny=cases.TINY_GRAPHS)


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
            package="gudhi",
        ),
    )
    return Bench("extended", case, contenders, tiny=cases.TINY_GRAPHS)


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
    return Bench("neighbours", case, tuple(contenders), threads=2, tiny=cases.TINY_FILTERS)


def mapper(case: Case) -> Bench:
    """A Mapper graph, 30 x 30 intervals, gain 3; no peer is measured here."""
    ours = Contender("topolens mapper", tl.mapper, "graph with triangles", torch.from_numpy, is_ours=True)
    return Bench("mapper", case, (ours,), threads=2, tiny=cases.TINY_FILTERS)


# Forward and backward -----------------------------------------------------------------------------------------------


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


def circle_gradient(case: Case) -> Bench:
    """Forward and backward of total persistence of a cloud, H0 and H1."""

    def prepare(x: np.ndarray) -> torch.Tensor:
        return on_torch(x).requires_grad_()

    contenders = (
        Contender("topolens", our_circle_slope, "gradient", prepare, length_of_slope, is_ours=True),
        Contender(
            "gudhi cells, torch gather", gudhi_circle_slope, "gradient", prepare, length_of_slope, package="gudhi"
        ),
    )
    return Bench("gradient", case, contenders, tiny=cases.TINY_POINTS)


SUITE: tuple[Bench, ...] = (
    *(clouds.h0(case) for case in cases.H0),
    clouds.rips(cases.RIPS_SMALL),
    *(clouds.rips(case) for case in cases.RIPS),
    *(clouds.rips(case, "neurons") for case in cases.NEURONS),
    *(clouds.rips_h2(case) for case in cases.H2),
    *(grids.cubical(case, kind) for case in (*cases.BATCHES, *cases.LARGE_IMAGES) for kind in ("V", "T")),
    *(grids.volumes(case, kind) for case in cases.VOLUMES for kind in ("V", "T")),
    grids.gradient(cases.BATCHES[0]),
    circle_gradient(cases.GRADIENT_CIRCLE),
    *(grids.scaling(case) for case in cases.SCALING),
    lower_star(cases.GRAPHS),
    extended(cases.GRAPHS),
    *(neighbours(case) for case in cases.FILTERS),
    *(mapper(case) for case in cases.MAPPER),
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
        # One run of each in a child first, as long as this process has done nothing.
        first = [pilots(b) for b in bars.track(chosen, description="one run of each")]
        expected = sum(expected_seconds(tried, options.runs) for tried in first)
        print(f"timing: about {expected / 60:.1f} minutes")
        task = bars.add_task("", total=ticks(chosen, options.runs))
        for bench, tried in zip(chosen, first, strict=True):
            result = measure(
                bench, tried, options.runs, lambda text: bars.update(task, advance=1, description=text, refresh=True)
            )
            data["cases"] = _placed([*(c for c in data["cases"] if c["name"] != bench.name), result])
            data["finished"] = now()
            write(options.output, data)
    print(page.summary(data))


def _kept(path: Path, here: dict[str, Any]) -> dict[str, Any]:
    """What is already in the file, if it was measured with the same code on the same machine, under today's header."""
    fresh = {"suite": "engines", "environment": here, "goals": list(GOALS), "cases": [], "load": list(os.getloadavg())}
    old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    same = old.get("environment", {}) | {"commit": None} == here | {"commit": None}  # the hash of the sources tells
    counted = {"instructions": old["instructions"]} if "instructions" in old else {}  # it carries its own sources
    return fresh | counted | {"cases": old["cases"] if same else [], "started": old["started"] if same else now()}


def _placed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cases in the order of the suite."""
    order = {bench.name: place for place, bench in enumerate(SUITE)}
    return sorted((case for case in found if case["name"] in order), key=lambda case: order[case["name"]])


if __name__ == "__main__":
    main()
