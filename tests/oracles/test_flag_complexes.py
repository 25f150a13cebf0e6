"""Flag complexes against GUDHI (any field, float64) and Ripser (float32)."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import spaces
import strategies
from bars import intervals
from topolens.filtrations import rips, witness
from topolens.persistence import persistence

INF = float("inf")


def by_gudhi(
    values: Tensor, n: int, max_dim: int, field: int, max_scale: float = INF
) -> list[list[tuple[float, float]]]:
    """Bars of the flag complex with the given edge values, in dimensions 0 to max_dim."""
    gudhi = pytest.importorskip("gudhi", reason="the oracle is GUDHI")
    tree = gudhi.SimplexTree()
    for vertex in range(n):
        tree.insert([vertex], 0.0)
    for value, i, j in zip(values[n:].tolist(), *np.tril_indices(n, -1), strict=True):
        if value <= max_scale and value < INF:
            tree.insert([int(i), int(j)], value)
    tree.expansion(max_dim + 1)
    tree.compute_persistence(homology_coeff_field=field, min_persistence=0, persistence_dim_max=True)
    return [sorted(map(tuple, tree.persistence_intervals_in_dimension(k).tolist())) for k in range(max_dim + 1)]


def by_ripser(distances: Tensor, max_dim: int, field: int, max_scale: float = INF) -> list[list[tuple[float, float]]]:
    ripser = pytest.importorskip("ripser", reason="the oracle is Ripser").ripser
    found = ripser(distances.numpy(), distance_matrix=True, maxdim=max_dim, coeff=field, thresh=max_scale)["dgms"]
    return [sorted(map(tuple, bars.tolist())) for bars in found]


def ours(f, max_dim: int, field: int) -> list[list[tuple[float, float]]]:
    d = persistence(f, max_dim=max_dim, field=field)
    return [intervals(d, k) for k in range(max_dim + 1)]


@settings(max_examples=150)
@given(
    strategies.distances(max_points=12, levels=8),
    st.integers(0, 3),
    st.sampled_from([2, 3, 5, 11]),
    st.sampled_from([None, 2.0, 4.5]),
)
def test_whole_numbers_against_gudhi(distances: Tensor, max_dim: int, field: int, max_scale: float | None) -> None:
    f = rips(distances=distances, max_scale=max_scale)
    n = distances.shape[1]
    assert ours(f, max_dim, field) == by_gudhi(f.values[0], n, max_dim, field, max_scale or INF)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("field", [2, 3])
def test_whole_numbers_against_ripser(seed: int, field: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    n = 10 + seed
    values = torch.randint(1, 9, (n, n), generator=generator).float().tril(-1)
    distances = values + values.T
    max_scale = [INF, 3.0, 6.0][seed % 3]
    f = rips(distances=distances[None], max_scale=None if max_scale == INF else max_scale)
    assert ours(f, 2, field) == by_ripser(distances, 2, field, max_scale)


@pytest.mark.parametrize(("n", "d", "max_dim"), [(60, 2, 1), (40, 3, 2), (20, 5, 3), (300, 2, 1)])
@pytest.mark.parametrize("grid", [None, 7])
def test_clouds(n: int, d: int, max_dim: int, grid: int | None) -> None:
    points = torch.rand(1, n, d, generator=torch.Generator().manual_seed(n))
    points = points if grid is None else (grid * points).round()
    # Ripser computes in float32, so both are handed the same float32 distances.
    distances = torch.cdist(points, points)
    distances = ((distances + distances.mT) / 2).tril(-1)
    distances = distances + distances.mT
    assert ours(rips(distances=distances), max_dim, 2) == by_ripser(distances[0], max_dim, 2)


@pytest.mark.parametrize("field", [2, 3])
def test_projective_plane(field: int) -> None:
    f = rips(distances=spaces.projective_plane())
    assert ours(f, 2, field) == by_gudhi(f.values[0], 31, 2, field)


@settings(max_examples=60)
@given(strategies.clouds(max_points=12), st.integers(0, 2))
def test_witness_complexes_against_gudhi(points: Tensor, nu: int) -> None:
    """Edge values by the definition, in NumPy; the flag complex and its bars by GUDHI."""
    marks = torch.arange(0, points.shape[1], 2)
    nu = min(nu, len(marks))
    x = points[0].numpy()
    distances = np.linalg.norm(x[marks.numpy()][:, None] - x[None], axis=2)
    slack = np.sort(distances, axis=0)[nu - 1] if nu else 0.0
    i, j = np.tril_indices(len(marks), -1)
    edges = np.maximum(np.maximum(distances[i], distances[j]) - slack, 0).min(1)
    f = witness(points, landmarks=marks, nu=nu)
    np.testing.assert_allclose(f.values[0, len(marks) :].numpy(), edges, atol=1e-12)
    assert ours(f, 1, 2) == by_gudhi(f.values[0], len(marks), 1, 2)
