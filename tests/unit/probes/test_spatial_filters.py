import pytest
import torch

from topolens.probes import spatial_filters


def test_centred_normalised_in_order():
    weight = torch.arange(8.0).reshape(2, 1, 2, 2)
    found = spatial_filters(weight)
    step = torch.tensor([-1.5, -0.5, 0.5, 1.5])
    assert torch.allclose(found.points, (step / step.norm()).expand(2, 4))
    assert found.index.tolist() == [0, 1]
    assert (found.dead, found.constant, found.total) == (0, 0, 2)


def test_dead_and_constant_filters_are_counted_apart():
    weight = torch.randn(2, 3, 3, 3)
    weight[0, 1] = 0
    weight[0, 2] = 1e-9
    weight[1, 0] = 0.1
    weight[1, 1] = 0.1 * (1 + torch.rand(3, 3) * 1e-7)  # constant up to the rounding of float32
    found = spatial_filters(weight)
    assert found.index.tolist() == [0, 5]
    assert (found.dead, found.constant, found.total) == (2, 2, 6)


def test_points_lie_on_the_sphere_whatever_the_scale():
    weight = torch.randn(16, 4, 5, 3)
    found = spatial_filters(weight)
    assert found.points.shape == (64, 15)
    assert torch.allclose(found.points.mean(1), torch.zeros(64), atol=1e-6)
    assert torch.allclose(found.points.norm(dim=1), torch.ones(64))
    assert torch.allclose(spatial_filters(weight * 1e-6 + 1e-7).points, found.points, atol=1e-4)


def test_all_dead():
    found = spatial_filters(torch.zeros(2, 2, 3, 3))
    assert found.points.shape == (0, 9)
    assert found.dead == 4


def test_gradient_leaves_dead_filters_alone():
    weight = torch.randn(1, 3, 3, 3, dtype=torch.float64)
    weight.requires_grad_()
    assert torch.autograd.gradcheck(lambda w: spatial_filters(w).points, weight)
    with torch.no_grad():
        weight[0, 1] = 0
    spatial_filters(weight).points.sum().backward()
    assert weight.grad[0, 1].abs().max() == 0


def test_bad_input():
    with pytest.raises(ValueError, match=r"shape \(out, in, h, w\), got \(3, 3\)"):
        spatial_filters(torch.ones(3, 3))
    with pytest.raises(ValueError, match="NaN or infinite"):
        spatial_filters(torch.full((1, 1, 3, 3), float("inf")))
    with pytest.raises(TypeError, match="floating-point"):
        spatial_filters(torch.ones(1, 1, 3, 3, dtype=torch.int8))
