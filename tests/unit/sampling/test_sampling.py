"""Dense cores, landmarks and nulls by hand."""

import pytest
import torch

from topolens.sampling import (
    covariance_filters,
    cover_radius,
    density_core,
    gaussian_filters,
    maxmin,
    neighbour_distance,
)


def test_neighbour_distance_by_hand():
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert neighbour_distance(line, 1).tolist() == [1.0, 1.0, 2.0, 4.0]
    assert neighbour_distance(line, 3).tolist() == [7.0, 6.0, 4.0, 7.0]


def test_a_duplicate_counts_as_a_neighbour():
    assert neighbour_distance(torch.tensor([[0.0], [0.0], [5.0]]), 1).tolist() == [0.0, 0.0, 5.0]


def test_core_keeps_the_dense_part_in_order():
    cloud = torch.tensor([[9.0], [0.0], [0.1], [0.2], [20.0]])
    assert density_core(cloud, k=1, p=0.6).tolist() == [1, 2, 3]


@pytest.mark.parametrize(("k", "p"), [(0, 0.5), (4, 0.5), (1, 0.0), (1, 1.5)])
def test_parameters_out_of_range_are_refused(k, p):
    with pytest.raises(ValueError, match="must lie in"):
        density_core(torch.zeros(4, 2), k=k, p=p)


def test_landmarks_of_a_square_are_its_corners():
    square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.5, 0.5]])
    marks = maxmin(square[None], 5, seed=0)[0]
    assert sorted(marks.tolist()) == [0, 1, 2, 3, 4]
    assert cover_radius(square, torch.tensor([0, 1, 2, 3])) == pytest.approx(2**-0.5)


def test_more_landmarks_than_distinct_points_are_refused():
    with pytest.raises(ValueError, match="number of distinct points, 1, got 2"):
        maxmin(torch.zeros(1, 10, 3), 2)


def test_nulls_are_unit_and_centred_and_follow_their_seed():
    null = gaussian_filters(50, 9, seed=3)
    assert torch.allclose(null.mean(1), torch.zeros(50), atol=1e-6)
    assert torch.allclose(null.norm(dim=1), torch.ones(50), atol=1e-6)
    assert torch.equal(null, gaussian_filters(50, 9, seed=3))
    assert not torch.equal(null, gaussian_filters(50, 9, seed=4))


def test_covariance_null_keeps_the_dominant_plane():
    angle = torch.linspace(0, 6.28, 400)
    plane = torch.stack([torch.tensor([1.0, 0, -1, 0]), torch.tensor([0, 1.0, 0, -1])]) / 2**0.5
    points = angle.cos()[:, None] * plane[0] + angle.sin()[:, None] * plane[1]
    null = covariance_filters(points, seed=1)
    assert torch.allclose((null @ plane.T).norm(dim=1), torch.ones(400), atol=1e-4)
