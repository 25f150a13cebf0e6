"""Circular coordinates against the angle they should recover."""

import pytest
import torch

import topolens as tl
from topolens.analyses.occupancy import circular_correlation
from topolens.coordinates import circular_coordinate


@pytest.mark.parametrize(("noise", "agreement"), [(0.0, 0.995), (0.05, 0.99), (0.1, 0.99)])
def test_the_angle_of_a_circle_is_recovered(noise, agreement):
    points = tl.shapes.circle(500, noise=noise, seed=1)
    found = circular_coordinate(points, tl.sampling.maxmin(points[None], 40)[0])
    angle = torch.atan2(points[:, 1], points[:, 0])
    assert circular_correlation(2 * torch.pi * found.phase, angle) > agreement
    assert found.is_integral
    assert found.birth < found.death
    assert ((found.phase >= 0) & (found.phase < 1)).all()


def test_no_loop_gives_none():
    line = torch.linspace(0, 1, 30)[:, None]
    assert circular_coordinate(line, torch.arange(30)) is None


def test_a_second_loop_has_its_own_coordinate():
    first = tl.shapes.circle(300, seed=2)
    second = 0.6 * tl.shapes.circle(300, seed=3) + torch.tensor([5.0, 0.0])
    points = torch.cat([first, second])
    found = circular_coordinate(points, tl.sampling.maxmin(points[None], 60)[0], rank=1)
    angle = torch.atan2(second[:, 1], second[:, 0] - 5.0)
    assert circular_correlation(2 * torch.pi * found.phase[300:], angle) > 0.95
