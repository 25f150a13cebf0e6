"""CKA, RTD, cross-barcodes and IMD: closed forms, what leaves them alone, noise, and bad input."""

import os

import pytest
import torch

from topolens.measures import cka, cross_barcode, heat_trace, imd, mtop_divergence, rtd, rtd_barcode, rtd_cost

EXHAUSTIVE = bool(os.environ.get("TOPOLENS_EXHAUSTIVE"))


def cloud(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def turn(d: int, seed: int = 9) -> torch.Tensor:
    return torch.linalg.qr(cloud(d, d, seed))[0]


def hsic_by_definition(x: torch.Tensor, y: torch.Tensor) -> float:
    """The unbiased estimate with its sums written out."""
    k, m, n = (x @ x.T).fill_diagonal_(0), (y @ y.T).fill_diagonal_(0), len(x)
    parts = torch.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k @ m).sum() / (n - 2)
    return float(parts / (n * (n - 3)))


@pytest.mark.parametrize("shapes", [(30, 5, 8), (12, 40, 3), (12, 40, 30)])
def test_cka_is_that_of_its_definition(shapes):
    n, d, e = shapes
    x, y = cloud(n, d) + 3, cloud(n, e, 1)
    y[:, 0] += x[:, 0]
    expected = hsic_by_definition(x, y) / (hsic_by_definition(x, x) * hsic_by_definition(y, y)) ** 0.5
    assert cka(x, y) == pytest.approx(expected)
    a, b = x - x.mean(0), y - y.mean(0)
    plain = (a.T @ b).square().sum() / ((a.T @ a).norm() * (b.T @ b).norm())
    assert cka(x, y, debiased=False) == pytest.approx(float(plain))


@pytest.mark.parametrize("debiased", [True, False])
def test_cka_does_not_see_turns_scales_shifts_and_orders_of_neurons(debiased):
    x, y = cloud(40, 6), cloud(40, 6, 1) + 0.5 * cloud(40, 6)
    assert cka(x, 3 * x @ turn(6) + 2, debiased=debiased) == pytest.approx(1)
    same = cka(x @ turn(6), 0.1 * y[:, torch.randperm(6)], debiased=debiased)
    assert same == pytest.approx(cka(x, y, debiased=debiased))
    assert cka(x * torch.tensor([9.0, 1, 1, 1, 1, 1]), y, debiased=debiased) != pytest.approx(same, rel=1e-2)


def test_only_the_debiased_one_is_0_for_unrelated_wide_layers():
    found = [cka(cloud(30, 500, seed), cloud(30, 500, 100 + seed)) for seed in range(20)]
    assert abs(sum(found) / 20) < 0.02
    assert cka(cloud(30, 500), cloud(30, 500, 1), debiased=False) > 0.9


def test_cka_by_batches_is_that_of_all_samples():
    x = cloud(2000, 8)
    y = x[:, :4] + cloud(2000, 4, 1)
    assert cka(x, y, batch_size=100) == pytest.approx(cka(x, y), abs=0.02)
    assert cka(x, y, batch_size=2000) == pytest.approx(cka(x, y))


def test_a_constant_layer_has_no_cka():
    assert torch.isnan(torch.tensor(cka(torch.full((20, 3), 7.1), cloud(20, 3))))


def test_identical_clouds_have_no_divergence():
    x = cloud(60, 5)
    assert rtd(x, x).value == 0
    assert rtd(x, 4 * x @ turn(5) + 1).value == pytest.approx(0, abs=1e-9)
    assert len(rtd_barcode(x, x).dim) == 0
    assert rtd(x, x[:, torch.randperm(5)]).value == pytest.approx(0, abs=1e-9)


def test_divergence_of_three_points_by_hand():
    """Distances 1, 1, 2 and 1, 2, 1 over their quantiles, both 2: two edges of each tree are as long in both."""
    x, y = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[1.0], [0.0], [2.0]])
    # First: 01 and 12 at 1/2, 02 at 1. Second: 01 and 02 at 1/2, 12 at 1. The union closes its loop at 1/2 at once.
    assert rtd(x, y).value == pytest.approx(0)
    z = torch.tensor([[0.0], [1.0], [1.1]])
    # Quantile over 9 entries: x 2, z 1.1; the union joins 1 and 2 at 0.1 / 1.1, x at 1/2: one bar forward.
    forward = rtd(x, z, quantile=1.0).forward
    assert forward == pytest.approx(1 / 2 - 0.1 / 1.1)


def test_independent_uniform_samples_give_the_published_value():
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.rand(1000, 2, generator=generator) for _ in range(2))
    found = rtd(x, y, batches=10 if EXHAUSTIVE else 2)
    assert found.value == pytest.approx(35.5, abs=0.6 if EXHAUSTIVE else 1)
    assert len(found.batches) == (10 if EXHAUSTIVE else 2)


def test_divergence_grows_with_noise_and_is_symmetric():
    x, noise = cloud(100, 3), cloud(100, 3, 1)
    found = [rtd(x, x + scale * noise).value for scale in (0.0, 0.05, 0.2, 0.5, 1.0, 4.0)]
    assert found == sorted(found)
    one, other = rtd(x, noise), rtd(noise, x)
    assert (one.forward, one.backward) == pytest.approx((other.backward, other.forward))


def test_cost_grows_with_pairs_and_rounds():
    assert rtd_cost(100, 4, rounds=5).seconds == pytest.approx(30 * rtd_cost(100, 2).seconds)
    assert rtd_cost(400).seconds > 3 * rtd_cost(200).seconds


def test_cross_barcode_of_a_square_around_its_middle_by_hand():
    square = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    middle = torch.zeros(1, 2)
    assert len(cross_barcode(middle, square).of_dim(1).dim) == 0  # corners meet at sqrt 2, long after the middle at 1
    # Two ends drawn together and a path of points between them: a loop, born at 1, until the fifth reaches both at 5.
    path = torch.linspace(1, 9, 9)[:, None] * torch.tensor([[1.0, 0]])
    ends = torch.tensor([[0.0, 0], [10, 0]])
    assert cross_barcode(ends, path).of_dim(1).intervals.tolist() == [[1, 5]]


def test_a_bridge_that_one_sample_lacks_shows_in_one_direction():
    apart = torch.tensor([12.0, 0])
    blobs = torch.cat([cloud(300, 2), cloud(300, 2, 1) + apart])
    again = torch.cat([cloud(300, 2, 3), cloud(300, 2, 4) + apart])
    bridge = torch.linspace(0, 12, 150)[:, None] * torch.tensor([[1.0, 0]])
    found = mtop_divergence(blobs, torch.cat([again, bridge]), whole=200, part=60, draws=4)
    same = mtop_divergence(blobs, again, whole=200, part=60, draws=4)
    assert found.forward > 2 * found.backward
    assert found.forward > 2 * same.forward
    assert len(found.draws) == 4
    assert mtop_divergence(blobs, blobs, draws=1).forward == 0


def test_heat_on_a_complete_graph_by_hand():
    """Eigenvalues of the normalised Laplacian: 0, and n / (n - 1) for all others."""
    times = torch.tensor([0.0, 0.5, 2.0], dtype=torch.float64)
    n = 6
    expected = (1 + (n - 1) * torch.exp(-times * n / (n - 1))) / n
    assert torch.allclose(heat_trace(cloud(n, 3), times, k=n - 1), expected)
    near = heat_trace(cloud(n, 3), times, k=n - 1, exact=False, probes=20000)
    assert torch.allclose(near, expected, atol=0.01)


def test_lanczos_is_near_the_eigenvalues():
    times, x = torch.logspace(-1, 1, 20, dtype=torch.float64), cloud(400, 3)
    exact, near = heat_trace(x, times), heat_trace(x, times, exact=False)
    assert float((exact - near).abs().max()) < 0.01
    assert torch.equal(near, heat_trace(x, times, exact=False))


def test_imd_takes_clouds_of_any_shape():
    x, wide = cloud(200, 3), torch.cat([cloud(200, 3), torch.zeros(200, 4, dtype=torch.float64)], 1)
    assert imd(x, wide) == 0
    assert imd(x, wide @ turn(7)) == pytest.approx(0, abs=1e-12)
    alike, apart = imd(x, cloud(250, 3, 1)), imd(x, cloud(250, 30, 1))
    line = imd(x, cloud(250, 1, 1))
    assert alike < apart < torch.exp(torch.tensor(-4.0))
    assert alike < line


@pytest.mark.parametrize("measure", [cka, rtd])
def test_bad_pairs_are_refused_in_one_sentence(measure):
    x = cloud(20, 3)
    with pytest.raises(ValueError, match="same samples, got 20 and 19 rows"):
        measure(x, x[:19])
    with pytest.raises(ValueError, match="NaN"):
        measure(x, x * torch.nan)
    with pytest.raises(ValueError, match="infinite"):
        measure(x, x / 0)
    with pytest.raises(ValueError, match=r"b must have shape \(samples, features\), got \(20, 3, 1\)"):
        measure(x, x[..., None])
    with pytest.raises(TypeError, match="floating-point"):
        measure(x, x.long())
    with pytest.raises(ValueError, match="at least"):
        measure(x[:2], x[:2])


def test_other_bad_input_is_refused():
    x = cloud(20, 3)
    with pytest.raises(ValueError, match="so many samples are the same"):
        rtd(x, torch.ones(20, 3))
    with pytest.raises(ValueError, match="at least one feature"):
        cka(x, x[:, :0])
    with pytest.raises(ValueError, match="one space, got 3 and 2"):
        cross_barcode(x, x[:, :2])
    with pytest.raises(ValueError, match="need points, got 0"):
        mtop_divergence(x[:0], x)
    with pytest.raises(ValueError, match="more than 5 points, got 4"):
        imd(x, x[:4])
    with pytest.raises(ValueError, match="probes must be above 0"):
        imd(x, x, probes=0)
