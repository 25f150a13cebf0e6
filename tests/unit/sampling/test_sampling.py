"""Dense cores, landmarks and nulls by hand."""

import pytest
import torch

from topolens.engines import compiled
from topolens.sampling import (
    covariance_filters,
    cover_radius,
    density_core,
    gaussian_filters,
    maxmin,
    neighbour_distance,
)
from topolens.sampling.maxmin import _farthest


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


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_landmarks_in_tensor_operations(levels):
    """The path of a GPU, here on the CPU: the same rows with ties and duplicates, and the same word when points end."""
    points = torch.randint(levels, (4, 60, 3), generator=torch.Generator().manual_seed(levels)).double()
    starts = [0, 7, 7, 59]
    distinct = min(len(cloud.unique(dim=0)) for cloud in points)
    for count in (0, 1, 7, distinct, 60):
        rows, found = _farthest(points, count, torch.tensor(starts))
        assert found == min(count, distinct)
        if count <= distinct:
            expected = [compiled.maxmin(cloud, count, start) for cloud, start in zip(points, starts, strict=True)]
            assert rows.tolist() == [x.tolist() for x in expected]


def test_a_negative_number_of_landmarks_is_refused():
    with pytest.raises(ValueError, match="count must be at least 0, got -1"):
        maxmin(torch.zeros(1, 3, 2), -1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_landmarks_stay_on_the_device():
    points = torch.rand(2, 500, 9, generator=torch.Generator().manual_seed(0))
    found = maxmin(points.cuda(), 40)
    assert found.device.type == "cuda"
    assert found.tolist() == maxmin(points, 40).tolist()
