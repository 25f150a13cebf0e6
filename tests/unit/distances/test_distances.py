"""Distances by hand, and what is refused."""

import math

import pytest
import torch

from topolens.diagrams import Diagrams
from topolens.distances import bottleneck, distance_matrix, sliced_wasserstein, wasserstein

INF = float("inf")


def one(*bars: tuple[float, float], dim: int = 1) -> Diagrams:
    return Diagrams.from_intervals([{dim: list(bars)}], dtype=torch.float64)


@pytest.mark.parametrize(
    ("order", "norm", "expected"),
    [(1.0, INF, 1.5), (1.0, 1.0, 2.0), (2.0, 2.0, math.sqrt(1.5)), (1.0, 2.0, 1 + math.sqrt(0.5))],
)
def test_one_pair_and_one_bar_to_the_diagonal(order: float, norm: float, expected: float) -> None:
    found = wasserstein(one((0, 4), (1, 2)), one((0, 3)), order=order, norm=norm)
    assert float(found) == pytest.approx(expected)


def test_bars_of_different_dimensions_never_match() -> None:
    x, y = one((0, 4), dim=0), one((0, 4), dim=1)
    assert [float(f(x, y)) for f in (wasserstein, bottleneck)] == [4, 2]
    assert float(sliced_wasserstein(x, y)) > 0


def test_essential_bars_match_by_birth() -> None:
    x, y = one((0, INF), (5, INF)), one((6, INF), (0.5, INF))
    assert [float(f(x, y)) for f in (wasserstein, bottleneck)] == [1.5, 1]
    assert float(bottleneck(one((0, INF)), one((0, -INF)))) == INF


def test_a_matrix_compares_all() -> None:
    x = Diagrams.cat([one((0, 4)), one((0, 2))])
    assert distance_matrix(wasserstein, x, x).tolist() == [[0, 2], [2, 0]]


def test_refusals() -> None:
    x, three = one((0, 1)), Diagrams.cat([one((0, 1))] * 3)
    two = Diagrams.cat([x, x])
    with pytest.raises(ValueError, match="batch_size"):
        wasserstein(two, three)
    with pytest.raises(ValueError, match="order"):
        wasserstein(x, x, order=0.5)
    with pytest.raises(ValueError, match="norm"):
        wasserstein(x, x, norm=0.5)
    with pytest.raises(ValueError, match="finite births"):
        bottleneck(one((-INF, 1)), x)
    with pytest.raises(ValueError, match="directions"):
        sliced_wasserstein(x, x, directions=0)
