"""Vectorisations by hand, and what is refused."""

import math

import pytest
import torch

from topolens.diagrams import Diagrams
from topolens.vectorizations import (
    STATISTICS,
    betti_curve,
    curves,
    entropy,
    euler_curve,
    landscape,
    persistence_image,
    silhouette,
    statistics,
)

INF = float("inf")
BARS = Diagrams.from_intervals([{1: [[0, 4], [1, 3], [2, INF]]}, {}])
GRID = torch.arange(6.0)


def test_curves_of_three_bars() -> None:
    assert betti_curve(BARS, GRID).tolist() == [[1, 2, 3, 2, 1, 1], [0] * 6]
    assert euler_curve(BARS, GRID)[0].tolist() == [-1, -2, -3, -2, -1, -1]
    assert landscape(BARS, GRID, levels=4)[0].tolist() == [
        [0, 1, 2, 1, 2, 3],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    torch.testing.assert_close(silhouette(BARS, GRID)[0], torch.tensor([0, 4, 10, 4, 0, 0]) / 6)


def test_entropy_of_equal_bars() -> None:
    d = Diagrams.from_intervals([{1: [[0, 1], [2, 3], [5, 5]]}])
    assert float(entropy(d)) == pytest.approx(math.log(2))


def test_image_of_one_bar() -> None:
    d = Diagrams.from_intervals([{1: [[1, 3]]}])
    image = persistence_image(d, torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0, 4.0]), sigma=1.0)[0]
    assert image.shape == (3, 2)
    torch.testing.assert_close(image[1, 1] * math.pi, torch.tensor(math.exp(-1.0)))


def test_statistics_are_named() -> None:
    row = dict(zip(STATISTICS, statistics(BARS)[0].tolist(), strict=True))
    assert (row["count"], row["persistence_mean"], row["birth_range"], row["death_p50"]) == (2, 3, 1, 3.5)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = landscape(BARS, GRID), silhouette(BARS, GRID)
    monkeypatch.setattr(curves, "CHUNK", 7)
    assert torch.equal(landscape(BARS, GRID), whole[0])
    torch.testing.assert_close(silhouette(BARS, GRID), whole[1])


def test_refusals() -> None:
    with pytest.raises(ValueError, match="rising"):
        betti_curve(BARS, torch.tensor([1.0, 0.0]))
    with pytest.raises(ValueError, match="levels"):
        landscape(BARS, GRID, levels=0)
    with pytest.raises(ValueError, match="sigma"):
        persistence_image(BARS, GRID, GRID, sigma=0.0)
