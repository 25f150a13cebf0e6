"""Many random flag complexes against GUDHI, Ripser, giotto-ph and Oineus: bars of whole numbers, mostly tied."""

import numpy as np
import pytest

from topolens import _core

ESSENTIAL = float("inf")


def whole_numbers(seed: int) -> np.ndarray:
    """Symmetric whole numbers, or rounded distances of points, on 3 to 24 vertices."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 25))
    if seed % 3 == 0:
        points = rng.uniform(size=(n, 1 + seed % 4))
        matrix = np.round(12 * np.linalg.norm(points[:, None] - points[None], axis=2))
    else:
        matrix = np.tril(rng.integers(1, [3, 6, 200][seed // 3 % 3], (n, n)), -1).astype(float)
        matrix = matrix + matrix.T
    np.fill_diagonal(matrix, 0)
    return matrix.astype(np.float32)


def ours(matrix: np.ndarray, max_dim: int, field: int = 2, threads: int = 1) -> list[list[tuple[float, float]]]:
    n = len(matrix)
    values = np.concatenate([np.zeros(n, np.float32), matrix[np.tril_indices(n, -1)]])
    dim, _, birth, death = _core.rips_pairs(values[None], n, max_dim, field, ESSENTIAL, threads)
    ends = np.where(death < 0, np.inf, values[death])
    return [
        sorted(zip(values[birth[dim == k]].tolist(), ends[dim == k].tolist(), strict=True)) for k in range(max_dim + 1)
    ]


def bars(diagrams, max_dim: int) -> list[list[tuple[float, float]]]:
    """Bars of positive length, sorted; dimensions that are missing are empty."""
    listed = [sorted((float(b), float(d)) for b, d in bars if d > b) for bars in diagrams[: max_dim + 1]]
    return listed + [[]] * (max_dim + 1 - len(listed))


@pytest.mark.parametrize("field", [2, 3])
def test_against_ripser(field: int) -> None:
    ripser = pytest.importorskip("ripser", reason="the oracle is Ripser").ripser
    for seed in range(600):
        matrix = whole_numbers(seed)
        expected = ripser(matrix, distance_matrix=True, maxdim=2, coeff=field)["dgms"]
        assert ours(matrix, 2, field) == bars(expected, 2), seed
        assert ours(matrix, 1, field, 2) == bars(expected, 1), seed


def test_against_gudhi() -> None:
    gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")
    for seed in range(600, 1000):
        matrix = whole_numbers(seed)
        tree = gudhi.RipsComplex(distance_matrix=matrix).create_simplex_tree(max_dimension=3)
        field = [2, 3, 7][seed % 3]
        tree.compute_persistence(homology_coeff_field=field, persistence_dim_max=False)
        expected = [tree.persistence_intervals_in_dimension(k) for k in range(3)]
        assert ours(matrix, 2, field) == bars(expected, 2), seed


def test_against_giotto_ph() -> None:
    gph = pytest.importorskip("gph", reason="the oracle is giotto-ph")
    for seed in range(1000, 1300):
        matrix = whole_numbers(seed)
        expected = gph.ripser_parallel(matrix, metric="precomputed", maxdim=2, n_threads=1)["dgms"]
        assert ours(matrix, 2) == bars(expected, 2), seed


def test_against_oineus() -> None:
    oineus = pytest.importorskip("oineus", reason="the oracle is Oineus")
    for seed in range(1300, 1500):
        matrix = whole_numbers(seed).astype(np.float64)
        filtration = oineus.vr_filtration(matrix, from_pwdists=True, max_dim=3)
        reduction = oineus.Decomposition(filtration, True)
        reduction.reduce(oineus.ReductionParams())
        diagrams = reduction.diagram(filtration, include_inf_points=True)
        expected = [diagrams.in_dimension(k) for k in range(min(3, len(diagrams)))]
        assert ours(matrix.astype(np.float32), 2) == bars(expected, 2), seed
