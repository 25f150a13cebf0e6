"""Contenders on images and volumes: cubical persistence, its gradient, and what a second thread is worth."""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

import numpy as np
import torch

import topolens as tl
from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.clouds import BARS, CELLS, length_of, length_of_diagrams, to_float64
from benchmarks.harness import Bench, Contender, optional

cripser, gudhi, oineus = (optional(name) for name in ("cripser", "gudhi", "oineus"))
gudhi_fast, torch_topological = optional("gudhi.sklearn"), optional("torch_topological.nn")


def one_by_one(x: np.ndarray) -> np.ndarray:
    """Images (..., height, width) as (images, height, width) in double precision, the peers' own."""
    return to_float64(x.reshape(-1, *x.shape[-2:]))


def our_cubical(x: torch.Tensor, construction: str, max_dim: int = 1) -> tl.Diagrams:
    """Ours, as a user calls it."""
    return tl.persistence(tl.cubical(x, construction=construction, axes=max_dim + 1), max_dim=max_dim)


def gudhi_cubical(grids: np.ndarray, construction: str) -> list[tuple[Any, Any]]:
    """Gudhi's cubical complexes with the pixels of birth and death."""
    found = []
    for grid in grids:
        if construction == "V":
            cells = gudhi.CubicalComplex(vertices=grid)
            cells.compute_persistence(homology_coeff_field=2)
            found.append((cells, cells.vertices_of_persistence_pairs()))
        else:
            cells = gudhi.CubicalComplex(top_dimensional_cells=grid)
            cells.compute_persistence(homology_coeff_field=2)
            found.append((cells, cells.cofaces_of_persistence_pairs()))
    return found


def length_of_cubical(found: list[tuple[Any, Any]], max_dim: int = 1) -> float:
    """Summed length of all finite bars, gudhi's."""
    dims = range(max_dim + 1)
    return sum(length_of([cells.persistence_intervals_in_dimension(dim) for dim in dims]) for cells, _ in found)


def cripser_cubical(grids: np.ndarray, construction: str, max_dim: int = 1) -> list[np.ndarray]:
    """Tables of degree, birth, death and their pixels."""
    return [cripser.compute_ph(grid, filtration=construction, maxdim=max_dim) for grid in grids]


def length_of_tables(tables: list[np.ndarray]) -> float:
    """Summed length of all finite bars, cripser's; it writes the largest double for a bar that never ends."""
    return float(sum((t[:, 2] - t[:, 1])[np.abs(t[:, 2]) < 1e300].sum() for t in tables))


def oineus_cubical(grids: np.ndarray, construction: str, max_dim: int = 1) -> list[np.ndarray]:
    """Bars by homology, which was faster than cohomology here, and the numbers of the cells of birth and death."""
    found = []
    for grid in grids:
        cubes = oineus.cube_filtration(grid, values_on="vertices" if construction == "V" else "cells", n_threads=1)
        reduced = oineus.Decomposition(cubes, False, n_threads=1)
        reduced.reduce(n_threads=1)
        bars = reduced.diagram(cubes)
        found += [(bars.in_dimension(dim), bars.index_diagram_in_dimension(dim)) for dim in range(max_dim + 1)]
    return found


def cubical_peers(construction: str, max_dim: int, prepare: Any) -> tuple[Contender, ...]:
    """Ours and the peers that name critical pixels."""
    with_dim = {"construction": construction, "max_dim": max_dim}
    return (
        Contender(
            "topolens cubical",
            partial(our_cubical, **with_dim),
            CELLS,
            torch.from_numpy,
            length_of_diagrams,
            is_ours=True,
        ),
        Contender(
            "gudhi CubicalComplex",
            partial(gudhi_cubical, construction=construction),
            CELLS,
            prepare,
            partial(length_of_cubical, max_dim=max_dim),
            package="gudhi",
        ),
        Contender("cripser", partial(cripser_cubical, **with_dim), CELLS, prepare, length_of_tables, package="cripser"),
        Contender(
            "oineus",
            partial(oineus_cubical, **with_dim),
            CELLS,
            prepare,
            lambda found: length_of([bars for bars, _ in found]),
            package="oineus",
        ),
    )


def fast_gudhi(grids: np.ndarray, construction: str) -> list[list[np.ndarray]]:
    """Gudhi's route without critical pixels."""
    kind = "vertices" if construction == "V" else "top_dimensional_cells"
    return gudhi_fast.CubicalPersistence([0, 1], input_type=kind, homology_coeff_field=2).fit_transform(grids)


def cubical(case: Case, construction: str) -> Bench:
    """Bars of a batch of images in dimensions 0 and 1."""
    bars_only = Contender(
        "gudhi CubicalPersistence",
        partial(fast_gudhi, construction=construction),
        BARS,
        lambda x: x.reshape(-1, *x.shape[-2:]),
        lambda found: sum(length_of(item) for item in found),
        package="gudhi",
    )
    contenders = (*cubical_peers(construction, 1, one_by_one), bars_only)
    return Bench("cubical", case, contenders, variant=construction, tiny=cases.TINY_IMAGES)


def volumes(case: Case, construction: str) -> Bench:
    """Bars of one volume in dimensions 0 to 2."""
    contenders = tuple(c for c in cubical_peers(construction, 2, to_float64) if c.name != "oineus")
    return Bench("volumes", case, contenders, variant=construction, tiny=cases.TINY_VOLUME)


# Forward and backward -----------------------------------------------------------------------------------------------


def slope(loss: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Gradient of a loss."""
    return torch.autograd.grad(loss, x)[0]


def our_slope(x: torch.Tensor) -> torch.Tensor:
    """Gradient of total persistence of images."""
    return slope(tl.persistence(tl.cubical(x)).finite().persistence.sum(), x)


def gudhi_slope(x: torch.Tensor) -> torch.Tensor:
    """The same from gudhi's critical pixels, gathered by torch."""
    columns = x.mT.flatten(1)  # gudhi counts pixels down the columns
    loss = x.new_zeros(())
    for row, (_, (finite, _)) in zip(columns, gudhi_cubical(x.detach().numpy(), "V"), strict=True):
        pixels = torch.from_numpy(np.concatenate(finite).astype(np.int64))
        loss = loss + (row[pixels[:, 1]] - row[pixels[:, 0]]).sum()
    return slope(loss, x)


def cripser_slope(x: torch.Tensor) -> torch.Tensor:
    """The same by cripser's wrapper for torch."""
    tables = (cripser.compute_ph_torch(image, maxdim=1) for image in x)
    return slope(sum(cripser.finite_lifetimes(table).sum() for table in tables), x)


def torch_topological_slope(x: torch.Tensor) -> torch.Tensor:
    """The same by torch_topological's module."""
    found = torch_topological.CubicalComplex(dim=2)(x[:, None])
    finite = (bars.diagram for image in found for channel in image for bars in channel)
    return slope(sum((bars[:, 1] - bars[:, 0])[bars[:, 1].isfinite()].sum() for bars in finite), x)


def length_of_slope(x: torch.Tensor) -> float:
    """Norm of a gradient."""
    return float(torch.linalg.vector_norm(x))


def gradient(case: Case) -> Bench:
    """Forward and backward of total persistence of a batch of images, H0 and H1."""
    named = (
        ("topolens", our_slope, "topolens"),
        ("gudhi cells, torch gather", gudhi_slope, "gudhi"),
        ("cripser compute_ph_torch", cripser_slope, "cripser"),
        ("torch_topological CubicalComplex", torch_topological_slope, "torch_topological"),
    )
    contenders = tuple(
        Contender(
            name,
            run,
            "gradient",
            lambda x: torch.from_numpy(x).requires_grad_(),
            length_of_slope,
            name == "topolens",
            package=package,
        )
        for name, run, package in named
    )
    return Bench("gradient", case, contenders, tiny=cases.TINY_IMAGES)


# Threads ------------------------------------------------------------------------------------------------------------


def on_threads(x: torch.Tensor, threads: int) -> tl.Diagrams:
    """Ours on so many threads."""
    torch.set_num_threads(threads)
    return our_cubical(x, "V")


def checksum(diagrams: tl.Diagrams) -> float:
    """A number that any changed bit of any bar or critical cell changes, but for one chance in four billion."""
    parts = (diagrams.intervals, diagrams.dim, diagrams.batch, diagrams.cells)
    return float(zlib.crc32(b"".join(part.numpy().tobytes() for part in parts)))


def scaling(case: Case) -> Bench:
    """Two threads against one, the same bits."""
    contenders = tuple(
        Contender(
            f"topolens, {threads} thread{'s' * (threads > 1)}",
            partial(on_threads, threads=threads),
            CELLS,
            torch.from_numpy,
            checksum,
            is_ours=threads == 2,
            threads=threads,
        )
        for threads in (2, 1)
    )
    return Bench("scaling", case, contenders, threads=2, tiny=cases.TINY_IMAGES, exact=True)
