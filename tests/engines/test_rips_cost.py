"""The estimate of what a Rips filtration costs: exact where every edge is looked at, monotone, the same each time."""

import numpy as np
import pytest

from topolens import _core


def cells(matrix: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(len(matrix)), matrix[np.tril_indices(len(matrix), -1)]])


def cloud(n: int, d: int, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).uniform(size=(n, d))
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def cliques(matrix: np.ndarray, scale: float) -> list[int]:
    """Vertices, edges and triangles below the scale."""
    near = np.triu(matrix <= scale, 1).astype(int)
    return [len(matrix), int(near.sum()), int((near * (near @ near)).sum())]


def test_a_square() -> None:
    """Below the diagonals one loop is open; with them two triangles per diagonal and no loop."""
    values = np.array([0.0, 0, 0, 0, 1, 2, 1, 1, 2, 1])
    simplices, openers, relations, _, _ = _core.rips_cost(values, 4, 1, np.array([0.5, 1.0, 2.0]))
    assert simplices[:, 1].tolist() == [0, 4, 6]
    assert openers.tolist() == [0, 0, 0]
    assert relations.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("n", "d"), [(60, 2), (150, 3), (400, 9)])
def test_counts_are_close(n: int, d: int) -> None:
    matrix = cloud(n, d)
    radius = matrix.max(1).min()
    scales = np.array([0.3, 0.6, 1.0]) * radius
    simplices = _core.rips_cost(cells(matrix), n, 1, scales)[0]
    for estimate, scale in zip(simplices, scales, strict=True):
        exact = np.array(cliques(matrix, scale))
        assert np.all(np.abs(estimate - exact) <= 0.25 * exact + 20)


@pytest.mark.parametrize("max_dim", [1, 2, 3])
def test_costs_never_fall(max_dim: int) -> None:
    matrix = cloud(120, 3)
    scales = np.linspace(0, 2, 50)
    estimates = _core.rips_cost(cells(matrix), 120, max_dim, scales)
    for estimate in estimates:
        assert np.all(np.diff(estimate, axis=0) >= 0)
    assert estimates[0].shape == (50, max_dim + 2)
    again = _core.rips_cost(cells(matrix), 120, max_dim, scales)
    assert all(np.array_equal(a, b) for a, b in zip(estimates, again, strict=True))


def test_tiny_inputs_and_refusals() -> None:
    for n in (0, 1, 2):
        simplices, _, _, seconds, _ = _core.rips_cost(np.zeros(n + n * (n - 1) // 2), n, 2, np.array([np.inf]))
        assert simplices[0, 0] == n
        assert 0 <= seconds[0] < 1
    assert _core.rips_cost(np.zeros(3), 2, 2, np.zeros(0))[0].shape == (0, 4)
    with pytest.raises(ValueError, match="n \\+ n \\(n - 1\\) / 2"):
        _core.rips_cost(np.zeros(4), 2, 1, np.zeros(1))
    with pytest.raises(ValueError, match="max_dim"):
        _core.rips_cost(np.zeros(3), 2, -1, np.zeros(1))
