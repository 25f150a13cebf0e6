import math

import pytest
import torch

from topolens.measures import weight_spectrum


def test_of_known_singular_values() -> None:
    found = weight_spectrum(torch.diag(torch.tensor([4.0, 2.0, 2.0])))
    assert found.singular_values.tolist() == pytest.approx([4, 2, 2])
    assert found.spectral_norm == pytest.approx(4)
    assert found.stable_rank == pytest.approx(24 / 16)
    assert found.effective_rank == pytest.approx(math.exp(-(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))))


def test_ranks_of_an_orthogonal_and_of_a_rank_one_matrix() -> None:
    square = torch.linalg.qr(torch.randn(9, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).Q
    assert weight_spectrum(square).stable_rank == pytest.approx(9)
    assert weight_spectrum(square).effective_rank == pytest.approx(9)
    line = torch.outer(torch.arange(1.0, 6), torch.arange(1.0, 4))
    assert weight_spectrum(line).stable_rank == pytest.approx(1)
    assert weight_spectrum(line).effective_rank == pytest.approx(1, abs=1e-4)


def test_bulk_edge_of_a_large_random_matrix() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = 0.3 * torch.randn(300, 500, generator=generator, dtype=torch.float64)
    found = weight_spectrum(noise)
    assert found.bulk_edge == pytest.approx(0.3 * (math.sqrt(300) + math.sqrt(500)), rel=0.01)
    assert found.spectral_norm == pytest.approx(found.bulk_edge, rel=0.02)
    axes = torch.linalg.qr(torch.randn(500, 3, generator=generator, dtype=torch.float64)).Q
    sides = torch.linalg.qr(torch.randn(300, 3, generator=generator, dtype=torch.float64)).Q
    planted = noise + 30 * sides @ axes.T
    assert weight_spectrum(planted).above_edge == 3
    assert weight_spectrum(noise + 5).above_edge <= 1  # a mean entry is no direction


def test_convolutions_zeros_and_refusals() -> None:
    conv = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(weight_spectrum(conv).singular_values, weight_spectrum(conv.flatten(1)).singular_values)
    zero = weight_spectrum(torch.zeros(3, 4))
    assert zero.spectral_norm == zero.above_edge == 0
    assert math.isnan(zero.stable_rank)
    assert math.isnan(zero.effective_rank)
    assert weight_spectrum(torch.full((3, 4), 0.1)).above_edge == 0
    with pytest.raises(ValueError, match="contains NaN"):
        weight_spectrum(conv * torch.nan)


@pytest.mark.parametrize("shape", [(3, 40), (40, 3), (8, 8), (1, 9)])
def test_singular_values_are_those_of_the_matrix(shape: tuple[int, int]) -> None:
    """Small ones too: the way by a triangular factor loses none, where the product with itself would."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    scaled = x * 10.0 ** -torch.arange(shape[0], dtype=torch.float64)[:, None]
    found = weight_spectrum(scaled).singular_values
    assert torch.allclose(found, torch.linalg.svdvals(scaled), rtol=1e-7, atol=1e-15)
