"""Shifted images: noise within the range, a blur that keeps the mean, and an inversion that undoes itself."""

import pytest
import torch

from topolens.probes import image_shifts


def images() -> torch.Tensor:
    return torch.rand(3, 2, 12, 10, generator=torch.Generator().manual_seed(0))


def test_shifts() -> None:
    x = images()
    found = image_shifts(x, seed=1)
    assert list(found) == ["noise", "blur", "inversion"]
    assert all(shifted.shape == x.shape and shifted.dtype == x.dtype for shifted in found.values())
    assert found["noise"].min() >= x.min()
    assert found["noise"].max() <= x.max()
    assert torch.equal(found["noise"], image_shifts(x, seed=1)["noise"])
    assert not torch.equal(found["noise"], image_shifts(x, seed=2)["noise"])
    assert found["blur"].std() < 0.5 * x.std()
    torch.testing.assert_close(found["blur"].mean(), x.mean(), atol=0.02, rtol=0)
    torch.testing.assert_close(image_shifts(found["inversion"])["inversion"], x)


def test_a_constant_image_stays_and_a_small_one_is_blurred() -> None:
    flat = torch.full((1, 1, 5, 5), 3.0)
    assert all(torch.allclose(shifted, flat) for shifted in image_shifts(flat).values())
    assert image_shifts(torch.rand(1, 1, 1, 1))["blur"].shape == (1, 1, 1, 1)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="images must have shape"):
        image_shifts(torch.zeros(2, 3, 4))
    with pytest.raises(ValueError, match="noise and blur above 0"):
        image_shifts(images(), blur=0.0)
    with pytest.raises(ValueError, match="NaN"):
        image_shifts(images() * torch.nan)
