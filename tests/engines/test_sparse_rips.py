"""Sparse distances give the bars of the dense matrix that has +inf where nothing is held."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import strategies
from bars import difference, reference
from topolens.filtrations import rips
from topolens.persistence import persistence

INF = float("inf")


def held(dense: Tensor) -> Tensor:
    """The finite entries off the diagonal, zeros included, as a sparse tensor."""
    kept = torch.isfinite(dense) & ~torch.eye(dense.shape[1], dtype=torch.bool)
    return torch.sparse_coo_tensor(kept.nonzero().T, dense[kept], dense.shape, check_invariants=True)


@settings(max_examples=150)
@given(strategies.distances(max_points=9, levels=5), st.integers(0, 3), st.sampled_from([2, 3]), st.booleans())
def test_sparse_is_dense(distances: Tensor, max_dim: int, field: int, is_cut: bool) -> None:
    dense = torch.cat([distances, distances.flip(1, 2)])
    dense[dense == 4] = INF
    scale = 2.0 if is_cut else None
    f = rips(distances=held(dense), max_scale=scale)
    assert difference(f.pairs(max_dim, field), rips(distances=dense, max_scale=scale).pairs(max_dim, field)) == ""
    assert difference(f.pairs(max_dim, field), reference(f, max_dim, field)) == ""


def test_gradients_reach_the_values_held() -> None:
    points = torch.rand(40, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    square = torch.cdist(points, points)
    square = (square + square.mT) / 2
    near = ((square < 0.5) & (square > 0)).nonzero().T
    values = square[near[0], near[1]].requires_grad_()
    sparse = torch.sparse_coo_tensor(
        torch.cat([torch.zeros_like(near[:1]), near]), values, (1, 40, 40), check_invariants=True
    )
    d = persistence(rips(distances=sparse))
    d.of_dim(1).finite().persistence.sum().backward()
    assert values.grad is not None
    assert int((values.grad != 0).sum()) == 2 * len(d.of_dim(1).finite())


def test_nothing_held_and_no_vertices() -> None:
    empty = torch.sparse_coo_tensor(
        torch.zeros(3, 0, dtype=torch.int64), torch.zeros(0), (2, 3, 3), check_invariants=True
    )
    d = persistence(rips(distances=empty))
    assert d.intervals.tolist() == [[0.0, INF]] * 6
    none = torch.sparse_coo_tensor(
        torch.zeros(3, 0, dtype=torch.int64), torch.zeros(0), (1, 0, 0), check_invariants=True
    )
    assert len(persistence(rips(distances=none))) == 0


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({(0, 1): 1.0}, r"symmetric; hold both \(i, j\) and \(j, i\)"),
        ({(0, 1): 1.0, (1, 0): 2.0}, "symmetric"),
        ({(0, 1): -1.0, (1, 0): -1.0}, "must not be negative"),
        ({(0, 1): float("nan"), (1, 0): float("nan")}, "contains NaN"),
    ],
)
def test_refused_entries(entries: dict[tuple[int, int], float], message: str) -> None:
    where = torch.tensor([(0, *key) for key in entries]).T
    sparse = torch.sparse_coo_tensor(where, torch.tensor(list(entries.values())), (1, 2, 2), check_invariants=True)
    with pytest.raises(ValueError, match=message):
        rips(distances=sparse)
