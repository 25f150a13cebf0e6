"""Witness edges and their flag complexes = the definition, written as one torch line."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import nasty
import strategies
from bars import difference, reference
from topolens.engines.compiled import witness_edges
from topolens.filtrations import witness


def first_witnesses(distances: Tensor, slack: Tensor) -> Tensor:
    """For each edge (i > j) the first witness of least max(d(i), d(j)) - slack, floored at 0."""
    i, j = torch.tril_indices(len(distances), len(distances), -1)
    cost = (torch.maximum(distances[i], distances[j]) - slack).clamp_min(0)
    # argmin does not promise the first of equals.
    columns = torch.arange(cost.shape[1]).expand_as(cost)
    return columns.masked_fill(cost > cost.amin(1, keepdim=True), cost.shape[1]).amin(1)


@settings(max_examples=150)
@given(strategies.clouds(max_points=10, levels=3), st.integers(0, 3))
def test_witnesses_of_random_grids(points: Tensor, nu: int) -> None:
    distances = torch.cdist(points[0, ::2], points[0])
    nu = min(nu, len(distances))
    slack = distances.sort(0).values[nu - 1] if nu else distances.new_zeros(distances.shape[1])
    assert torch.equal(witness_edges(distances, slack), first_witnesses(distances, slack))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_witnesses(dtype: torch.dtype) -> None:
    points = torch.randn(1500, 9, generator=torch.Generator().manual_seed(0), dtype=dtype)
    distances = torch.cdist(points[:25], points)
    slack = distances.amin(0)
    assert torch.equal(witness_edges(distances, slack), first_witnesses(distances, slack))


@settings(max_examples=100)
@given(strategies.clouds(max_points=10, levels=4, batch=2), st.integers(0, 2), st.sampled_from([2, 3]))
def test_flag_complexes_of_random_grids(points: Tensor, nu: int, field: int) -> None:
    marks = torch.arange(0, points.shape[1], 2)
    f = witness(points, landmarks=marks, nu=min(nu, len(marks)))
    assert difference(f.pairs(2, field), reference(f, 2, field)) == ""


@pytest.mark.parametrize("name", nasty.CLOUDS)
def test_nasty_clouds(name: str) -> None:
    points = nasty.CLOUDS[name]
    f = witness(points, landmarks=torch.arange(0, points.shape[1], 2), nu=0, max_scale=2.0)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


def test_one_thread_is_two_threads(use_threads) -> None:
    points = torch.randn(3, 700, 4, generator=torch.Generator().manual_seed(1))
    marks = torch.arange(0, 700, 20)
    use_threads(1)
    alone = witness(points, landmarks=marks)
    for count in (2, 3):
        use_threads(count)
        f = witness(points, landmarks=marks)
        assert torch.equal(f.witnesses, alone.witnesses)
        assert difference(f.pairs(1, 2), alone.pairs(1, 2)) == ""
