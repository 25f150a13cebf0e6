"""Contenders on distance matrices: spanning trees and Rips persistence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse.csgraph as csgraph
import torch
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

import topolens as tl
from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.harness import Bench, Contender, optional
from topolens.engines.compiled import spanning_tree

gph, gudhi, oineus, ripser = (optional(name) for name in ("gph", "gudhi", "oineus", "ripser"))
gudhi_fast = optional("gudhi.sklearn")
BARS, CELLS = "bars", "bars and critical cells"


def on_torch(x: np.ndarray) -> torch.Tensor:
    """A batch of one."""
    return torch.from_numpy(x)[None]


def to_float64(x: np.ndarray) -> np.ndarray:
    """The same values in double precision."""
    return x.astype(np.float64)


# What contenders are asked to agree on ------------------------------------------------------------------------------


def length_of(intervals: Sequence[np.ndarray]) -> float:
    """Summed length of all finite bars."""
    ends = np.concatenate([np.asarray(x, dtype=np.float64).reshape(-1, 2) for x in intervals])
    return float((ends[:, 1] - ends[:, 0])[np.isfinite(ends).all(1)].sum())


def length_of_diagrams(diagrams: tl.Diagrams) -> float:
    """Summed length of all finite bars, ours."""
    return float(diagrams.finite().persistence.double().sum())


def length_of_simplex_tree(tree: Any, dims: int) -> float:
    """Summed length of all finite bars, of a simplex tree whose persistence is computed."""
    return length_of([tree.persistence_intervals_in_dimension(dim) for dim in range(dims)])


def tree_weight(given: tuple[np.ndarray, torch.Tensor]) -> float:
    """Weight of spanning-tree edges."""
    matrix, edges = given
    return float(matrix[edges[0, :, 0], edges[0, :, 1]].double().sum())


# What they run ------------------------------------------------------------------------------------------------------


def our_tree(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Edges of the minimum spanning tree."""
    return x[0], spanning_tree(x)


def our_rips(x: torch.Tensor, max_dim: int) -> tl.Diagrams:
    """Ours, as a user calls it: checks, critical edges and the look-up of their lengths included."""
    return tl.persistence(tl.rips(distances=x), max_dim=max_dim)


def giotto_rips(x: np.ndarray, max_dim: int, collapse: bool, threads: int) -> list[np.ndarray]:
    """giotto-ph, a parallel Ripser."""
    return gph.ripser_parallel(x, max_dim, metric="precomputed", collapse_edges=collapse, n_threads=threads)["dgms"]


def gudhi_rips(x: np.ndarray, max_dim: int) -> list[np.ndarray]:
    """Gudhi's fast route for Rips bars, a fork of Ripser."""
    dims = list(range(max_dim + 1))
    fast = gudhi_fast.RipsPersistence(dims, input_type="full distance matrix", homology_coeff_field=2)
    return fast.fit_transform([x])[0]


def gudhi_tree(x: np.ndarray, max_dim: int) -> tuple[Any, Any]:
    """Gudhi's simplex tree, which also names critical edges."""
    tree = gudhi.RipsComplex(distance_matrix=x).create_simplex_tree(max_dimension=max_dim + 1)
    tree.compute_persistence(homology_coeff_field=2)
    return tree, tree.flag_persistence_generators()


def oineus_rips(x: np.ndarray, max_dim: int) -> list[np.ndarray]:
    """Oineus on one thread, by cohomology, with an edge for each simplex."""
    simplices, _ = oineus.vr_filtration(
        x, from_pwdists=True, max_dim=max_dim + 1, with_critical_edges=True, n_threads=1
    )
    reduced = oineus.Decomposition(simplices, True, n_threads=1)
    reduced.reduce(n_threads=1)
    found = reduced.diagram(simplices)
    return [found.in_dimension(dim) for dim in range(max_dim + 1)]


# The benches --------------------------------------------------------------------------------------------------------


def rips_peers(max_dim: int, giotto_threads: int) -> tuple[Contender, ...]:
    """Ours and the fast peers, bars up to max_dim."""
    on = {"gives": BARS, "total": length_of}
    giotto = on | {"package": "gph", "threads": giotto_threads}
    count = f"{giotto_threads} thread{'s' * (giotto_threads > 1)}"
    return (
        Contender(
            "topolens rips", partial(our_rips, max_dim=max_dim), CELLS, on_torch, length_of_diagrams, is_ours=True
        ),
        Contender(
            "ripser.py",
            lambda x: ripser.ripser(x, distance_matrix=True, maxdim=max_dim)["dgms"],
            package="ripser",
            **on,
        ),
        Contender("gudhi RipsPersistence", partial(gudhi_rips, max_dim=max_dim), package="gudhi", **on),
        Contender(
            f"giotto-ph, {count}",
            partial(giotto_rips, max_dim=max_dim, collapse=False, threads=giotto_threads),
            **giotto,
        ),
        Contender(
            f"giotto-ph, {count}, edge collapse",
            partial(giotto_rips, max_dim=max_dim, collapse=True, threads=giotto_threads),
            **giotto,
        ),
    )


def with_generators(max_dim: int) -> tuple[Contender, ...]:
    """The peers that give what ours gives; they build every simplex, so only small inputs are for them."""
    return (
        Contender(
            "gudhi SimplexTree",
            partial(gudhi_tree, max_dim=max_dim),
            CELLS,
            to_float64,
            lambda result: length_of_simplex_tree(result[0], max_dim + 1),
            package="gudhi",
        ),
        Contender("oineus", partial(oineus_rips, max_dim=max_dim), CELLS, to_float64, length_of, package="oineus"),
    )


def h0(case: Case) -> Bench:
    """Merge scales of the components of a cloud."""
    ours = Contender("topolens spanning_tree", our_tree, "tree edges", on_torch, tree_weight, is_ours=True)
    others = tuple(c for c in rips_peers(0, 1) if "collapse" not in c.name)
    scipy_tree = Contender(
        "scipy minimum_spanning_tree",
        csgraph.minimum_spanning_tree,
        "tree edges",
        total=lambda tree: float(tree.sum()),
        package="scipy",
    )
    scipy_linkage = Contender(
        "scipy linkage, single",
        partial(linkage, method="single"),
        "merge heights",
        lambda x: squareform(to_float64(x)),  # its own format, made before the clock starts
        lambda merges: float(merges[:, 2].sum()),
        package="scipy",
    )
    reading = Contender("torch sum, reads it once", torch.sum, "one number", torch.from_numpy, package="torch")
    contenders = (ours, *others, scipy_tree, scipy_linkage, reading)
    return Bench("h0", case, contenders, tiny=cases.TINY_CLOUD)


# Peers that took more than 30 s in a trial, or would by their growth up to half the points. Whoever passes 30 s
# without standing here is stopped and noted alike.
SLOW_H1 = {
    "circle-2000": (
        "ripser.py",
        "gudhi RipsPersistence",
        "giotto-ph, 2 threads",
        "giotto-ph, 2 threads, edge collapse",
    ),
    "cube3-2000": ("giotto-ph, 2 threads, edge collapse",),
    "cube9-1000": ("giotto-ph, 2 threads, edge collapse",),
    "cube9-2000": ("giotto-ph, 2 threads, edge collapse",),
}
for _slow in ("circle-4000", "cube3-4000", "cube9-4000", "neurons-1000", "neurons-3000"):
    SLOW_H1[_slow] = SLOW_H1["circle-2000"]


def rips(case: Case, group: str = "rips") -> Bench:
    """H0 and H1 of a distance matrix."""
    contenders = rips_peers(1, 2)
    slow = frozenset(SLOW_H1.get(case.name, ()))
    if case is cases.RIPS_SMALL:
        contenders += with_generators(1)
    elif group == "rips":
        contenders += with_generators(1)[1:]
        slow |= {"oineus"}
    return Bench(group, case, contenders, tiny=cases.TINY_CLOUD, too_slow=slow)


def rips_h2(case: Case) -> Bench:
    """H0 to H2 of a distance matrix."""
    contenders = tuple(c for c in rips_peers(2, 1) if "collapse" not in c.name)
    return Bench("rips-h2", case, contenders, tiny=cases.TINY_CLOUD)
