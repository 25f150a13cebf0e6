"""Occupancy of the circle by hand."""

import math

import pytest
import torch

from topolens.analyses.occupancy import circular_correlation, occupancy


def test_even_spread_fills_all_bins():
    around = occupancy((torch.arange(360, dtype=torch.float64) + 0.5) / 360)
    assert around.counts == (10,) * 36
    assert around.entropy == pytest.approx(1.0)
    assert around.gap_degrees == pytest.approx(1.0)
    assert around.clusters == 1


def test_one_point_leaves_the_whole_circle_empty():
    around = occupancy(torch.tensor([0.25]))
    assert around.entropy == 0.0
    assert around.gap_degrees == pytest.approx(360.0)
    assert around.clusters == 1


def test_four_quarters():
    around = occupancy(torch.tensor([0.0, 0.25, 0.5, 0.75]).repeat(10) + 0.01)
    assert around.entropy == pytest.approx(math.log(4) / math.log(36))
    assert around.gap_degrees == pytest.approx(90.0, abs=1e-4)
    assert around.clusters == 4


def test_correlation_ignores_turns_and_reflection():
    angle = torch.linspace(0, 6, 50)
    assert circular_correlation(angle, 1.3 - angle) == pytest.approx(1.0)
    assert circular_correlation(angle, angle + 2) == pytest.approx(1.0)
    assert circular_correlation(torch.linspace(0, 2 * math.pi, 101)[:100], torch.zeros(100)) == pytest.approx(
        0.0, abs=1e-6
    )
