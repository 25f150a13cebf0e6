"""Layers on diagrams by hand, and what is refused."""

import math
import re

import pytest
import torch
from torch import nn

import topolens as tl
from topolens.diagrams import Diagrams
from topolens.layers import (
    Atol,
    DeepSets,
    EntropyTransform,
    GridWeight,
    Landscape,
    LineTransform,
    PermutationEquivariant,
    Persformer,
    PersistenceImage,
    PersLay,
    PLLay,
    PowerWeight,
    RationalHatTransform,
    Silhouette,
    TentTransform,
    atol,
    capped,
    exponential_transform,
    flat_transform,
    gaussian_mixture_weight,
    gaussian_transform,
    grid_weight,
    line_transform,
    mean_landscapes,
    permutation_equivariant,
    perslay,
    power_weight,
    rational_hat_transform,
    rational_transform,
    tent_transform,
)
from topolens.layers.persformer import padded_rows
from topolens.layers.rising_grid import RisingGrid

INF = float("inf")
BARS = Diagrams.from_intervals([{1: [[0, 4], [1, 3], [2, INF]]}, {}, {1: [[5, 6]]}])
ENDS = torch.tensor([[0.0, 4.0], [1.0, 3.0]])


def persistence(d: Diagrams) -> torch.Tensor:
    return d.persistence[:, None]


# PersLay -------------------------------------------------------------------------------------------------------------


def test_operations_of_two_bars() -> None:
    expected = {"sum": [6, 0, 1], "mean": [3, 0, 1], "max": [4, 0, 1], "min": [2, 0, 1]}
    for op, values in expected.items():
        assert perslay(BARS, persistence, op=op)[:, 0].tolist() == values
    assert perslay(BARS, persistence, op="topk", k=3).tolist() == [[4, 2, 0], [0, 0, 0], [1, 0, 0]]


def test_extremes_of_negative_features_are_negative() -> None:
    """No filling wins over them."""
    assert perslay(BARS, lambda d: -d.persistence[:, None], op="max")[:, 0].tolist() == [-2, 0, -1]
    assert perslay(BARS, lambda d: -d.persistence[:, None], op="topk", k=2).tolist() == [[-2, -4], [0, 0], [-1, 0]]


def test_a_sum_in_half_precision_does_not_stop() -> None:
    many = Diagrams.from_intervals([{1: [[0, 1]] * 1024}], dtype=torch.bfloat16)
    assert float(perslay(many, persistence)) == 1024
    assert perslay(many, persistence).dtype == torch.bfloat16


def test_weights_and_what_follows() -> None:
    rho = nn.Linear(1, 1, bias=False)
    nn.init.constant_(rho.weight, 0.5)
    layer = PersLay(persistence, lambda d: d.intervals[:, 0] + 1, rho=rho)
    assert layer(BARS)[:, 0].tolist() == [(4 + 4) / 2, 0, 3]
    assert "op='topk', k=2" in repr(PersLay(persistence, op="topk", k=2))


def test_a_layer_learns_which_bars_count() -> None:
    """Long bars against many short ones."""
    generator = torch.Generator().manual_seed(0)
    births = torch.rand(40, 8, generator=generator)
    lengths = 0.1 + 0.1 * torch.rand(40, 8, generator=generator)
    lengths[::2, 0] = 0.6
    ends = torch.stack([births, births + lengths], 2).flatten(0, 1)
    items = torch.arange(40).repeat_interleave(8)
    d = Diagrams(ends, torch.ones_like(items), items, torch.full((320, 2), -1), 40)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = PersLay(TentTransform(torch.linspace(0, 2, 16)), PowerWeight(), rho=nn.Linear(16, 1))
    target = torch.arange(40).remainder(2).float()
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.05)
    for _ in range(150):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(layer(d)[:, 0], target).backward()
        optimiser.step()
    assert ((layer(d)[:, 0] > 0).float() == target).float().mean() > 0.95


def test_the_gradient_reaches_the_points_of_a_cloud() -> None:
    points = torch.rand(3, 20, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    layer = PersLay(TentTransform(torch.linspace(0, 1, 8)), PowerWeight())
    layer(tl.persistence(tl.rips(points), max_dim=1)).sum().backward()
    assert points.grad is not None
    assert (points.grad.abs().sum((1, 2)) > 0).all()


def test_essential_bars_can_be_capped() -> None:
    assert perslay(capped(BARS, 5.0), persistence)[:, 0].tolist() == [9, 0, 1]
    above = Diagrams.from_intervals([{0: [[3.0, -INF], [0.0, -INF], [2.0, 1.0]]}])
    assert capped(above, 1.0).intervals.tolist() == [[3, 1], [0, 0], [2, 1]]
    with pytest.raises(ValueError, match="death must be finite, got inf"):
        capped(BARS, INF)


# Points and weights --------------------------------------------------------------------------------------------------


def test_tents_and_flats() -> None:
    assert tent_transform(ENDS, torch.tensor([2.0, 1.0, 5.0])).tolist() == [[2, 1, 0], [1, 0, 0]]
    assert torch.equal(tent_transform(ENDS.flip(1), torch.tensor([2.0])), tent_transform(ENDS, torch.tensor([2.0])))
    flat = flat_transform(ENDS, torch.tensor([0.0, 2.0]), 1000.0)
    assert flat.tolist() == [[0.5, 1], [0, 1]]


def test_bells_and_peaks_at_their_centre_and_beside() -> None:
    centre = torch.tensor([[0.0, 4.0]])
    near = math.exp(-1 / 4)  # (1, 3) is off by 1 in both
    torch.testing.assert_close(gaussian_transform(ENDS, centre, 2.0)[:, 0], torch.tensor([1.0, near]))
    sharp = torch.tensor([[2.0, 1.0]])
    torch.testing.assert_close(exponential_transform(ENDS, centre, sharp)[:, 0], torch.tensor([1.0, math.exp(-5)]))
    power = torch.tensor([2.0])
    torch.testing.assert_close(rational_transform(ENDS, centre, sharp, power)[:, 0], torch.tensor([1.0, 1 / 16]))
    assert line_transform(ENDS, torch.tensor([[1.0, -1.0]]), torch.tensor([0.5])).tolist() == [[-3.5], [-1.5]]


def test_rational_hat_by_hand() -> None:
    """Distance 2 in the norm 1 and 1 in the norm inf, radius 3."""
    centre, radius = torch.tensor([[0.0, 4.0]]), torch.tensor([-3.0])
    one = rational_hat_transform(ENDS, centre, radius)[:, 0]
    torch.testing.assert_close(one, torch.tensor([1 - 1 / 4, 1 / 3 - 1 / 2]))
    top = rational_hat_transform(ENDS, centre, radius, norm=INF)[:, 0]
    torch.testing.assert_close(top, torch.tensor([1 - 1 / 4, 1 / 2 - 1 / 3]))


def test_entropy_sums_to_the_entropy() -> None:
    """Both bars are alive at 2; the share of the essential bar is none."""
    share = perslay(BARS, EntropyTransform(torch.tensor([2.0]), 1000.0))[0]
    expected = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    torch.testing.assert_close(share.detach(), torch.tensor([expected]))


def test_weights_by_hand() -> None:
    assert power_weight(ENDS, 2.0, 0.5).tolist() == [8, 2]
    assert power_weight(torch.tensor([[1.0, 1.0]]), 0.0).tolist() == [1]
    assert power_weight(torch.tensor([[1.0, 1.0]]), 0.5).tolist() == [0]
    centres, scales = torch.tensor([[0.0, 4.0], [0.0, 4.0]]), torch.tensor([[1.0, 1.0], [1.0, 2.0]])
    torch.testing.assert_close(
        gaussian_mixture_weight(ENDS, centres, scales), torch.tensor([2.0, math.exp(-2) + math.exp(-1.25)])
    )


def test_a_table_of_weights() -> None:
    """Cells of side 1 with middles at 0.5 and 1.5; rows go along the births."""
    table, box = torch.tensor([[0.0, 1.0], [10.0, 11.0]]), ((0.0, 2.0), (0.0, 2.0))
    points = torch.tensor([[0.2, 0.2], [0.5, 1.5], [1.0, 1.0], [0.75, 1.25], [-9.0, 9.0], [2.0, 2.0]])
    assert grid_weight(points, table, *box, "cells").tolist() == [0, 1, 11, 1, 1, 11]
    torch.testing.assert_close(grid_weight(points, table, *box), torch.tensor([0, 1, 5.5, 3.25, 1, 11]))


# Vectorisations ------------------------------------------------------------------------------------------------------


def test_a_grid_keeps_its_first_values_and_its_order() -> None:
    given = torch.tensor([-1.0, 0.0, 0.001, 5.0])
    grid = RisingGrid(given)
    torch.testing.assert_close(grid().detach(), given)
    with torch.no_grad():
        grid.log_gaps.copy_(torch.tensor([-200.0, 0.0, -200.0]))
    assert (grid().diff() > 0).all()
    assert RisingGrid(torch.tensor([2.0]))().tolist() == [2]


def test_a_grid_moves_towards_a_bar() -> None:
    layer = Landscape(torch.tensor([0.0, 1.0]), levels=1)
    d = Diagrams.from_intervals([{1: [[0.5, 2.5]]}])
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.02)
    for _ in range(200):
        optimiser.zero_grad()
        (-layer(d).sum()).backward()
        optimiser.step()
    assert 1.0 < float(layer.grid()[1].detach()) < 2.0


def test_mean_landscapes_of_two_levels() -> None:
    logits = torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    found = mean_landscapes(BARS, torch.tensor([1.0, 2.0]), logits)
    torch.testing.assert_close(found[0], torch.tensor([[0.5, 1.5], [1.0, 2.0]]))


def test_pllay_at_its_centre_is_one() -> None:
    layer = PLLay(torch.tensor([1.0, 2.0]), features=1, levels=2, kind="radial")
    with torch.no_grad():
        layer.points.copy_(torch.tensor([[0.5, 1.5]]))
    out = layer(BARS)[:, 0].detach()
    torch.testing.assert_close(out[:2], torch.tensor([1.0, math.exp(-math.sqrt(2.5))]))


def test_atol_by_hand() -> None:
    centres, scales = torch.tensor([[0.0, 4.0]]), torch.tensor([2.0])
    away = math.sqrt(2) / 2
    for contrast, value in {"gaussian": math.exp(-(away**2)), "laplacian": math.exp(-away), "indicator": 1.0}.items():
        assert float(atol(BARS, centres, scales, contrast=contrast)[0]) == pytest.approx(1 + value)
        assert float(atol(BARS, centres, scales, contrast=contrast, op="mean")[0]) == pytest.approx((1 + value) / 2)


def test_atol_is_fitted_the_same_with_a_seed() -> None:
    d = Diagrams.from_intervals([{1: torch.rand(50, 2, generator=torch.Generator().manual_seed(0)).numpy()}])
    one, other = (Atol.fit(d, 6, seed=1) for _ in range(2))
    assert torch.equal(one.centres, other.centres)
    assert one.centres[:, 1].diff().min() >= 0
    single = Atol.fit(BARS, 1)
    assert float(single.log_scales.detach().exp()) == pytest.approx(math.hypot(5, 2) / 2)
    assert float(Atol.fit(Diagrams.from_intervals([{1: [[0, 1], [0, 1]]}]), 1).log_scales.detach().exp()) == 1


# Networks on the bars ------------------------------------------------------------------------------------------------


def test_equivariant_rows_by_hand() -> None:
    x, batch = torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([0, 2, 0])
    for op, together in {"sum": [6, 3], "mean": [3, 3], "max": [5, 3], "min": [1, 3]}.items():
        out = permutation_equivariant(x, batch, torch.tensor([[10.0]]), torch.eye(1), batch_size=3, op=op)
        assert out[:, 0].tolist() == [10 - together[0], 30 - together[1], 50 - together[0]]


def test_rows_are_padded_in_their_order() -> None:
    x = torch.arange(1.0, 5.0)[:, None]
    rows, padding = padded_rows(x, torch.tensor([2, 0, 2, 0]), 4)
    assert rows[..., 0].tolist() == [[2, 4], [0, 0], [1, 3], [0, 0]]
    assert padding.tolist() == [[False, False], [True, True], [False, False], [True, True]]


def test_padding_is_never_attended() -> None:
    """Whatever stands there."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = Persformer(2, width=8, heads=2).blocks[0]
    x = torch.randn(1, 4, 8, generator=torch.Generator().manual_seed(0))
    ignored = torch.tensor([[False, False, True, True]])
    other = x.clone()
    other[:, 2:] = 1e6
    assert torch.equal(block(x, ignored)[:, :2], block(other, ignored)[:, :2])


def test_a_diagram_without_bars_pools_to_nothing() -> None:
    layer = Persformer(2, width=8, heads=2)
    layer.out = nn.Identity()
    out = layer(BARS)
    assert (out[1] == 0).all()
    assert (out[[0, 2]] != 0).any(1).all()


def test_dimensions_are_told_apart() -> None:
    zero, one = (Diagrams.from_intervals([{k: [[0.0, 1.0]]}]) for k in (0, 1))
    for layer in (DeepSets(3), Persformer(3)):
        assert not torch.allclose(layer(zero), layer(one))


# What is refused -----------------------------------------------------------------------------------------------------

GRID = torch.linspace(0, 1, 5)
DOUBLE = BARS.to(torch.float64)
REFUSED = {
    "op": (lambda: PersLay(persistence, op="median"), "op must be one of 'sum', 'mean', 'max', 'min', 'topk', got"),
    "k": (lambda: perslay(BARS, persistence, op="topk", k=0), "k must be at least 1, got 0"),
    "features": (lambda: perslay(BARS, lambda d: d.persistence), "transform must give one row of features per bar, (4"),
    "weights": (
        lambda: perslay(BARS, persistence, persistence),
        "weight must give one number per bar, (4,), got (4, 1",
    ),
    "norm": (lambda: RationalHatTransform(torch.zeros(1, 2), norm=3), "norm must be 1, 2 or inf, got 3"),
    "norm of a function": (
        lambda: rational_hat_transform(ENDS, torch.zeros(1, 2), torch.ones(1), 0.5),
        "norm must be 1, 2 or inf, got 0.5",
    ),
    "interpolation": (
        lambda: GridWeight(torch.ones(2, 2), (0, 1), (0, 1), "cubic"),
        "interpolation must be 'bilinear'",
    ),
    "interpolation of a function": (
        lambda: grid_weight(ENDS, torch.ones(2, 2), (0, 1), (0, 1), "cubic"),
        "interpolation must be 'bilinear'",
    ),
    "box": (lambda: GridWeight(torch.ones(2, 2), (1, 1), (0, 1)), "births must be (low, high) with low < high"),
    "grid": (lambda: Silhouette(GRID.flip(0)), "grid must be a one-dimensional tensor of rising values"),
    "levels": (lambda: Landscape(GRID, levels=0), "levels must be at least 1, got 0"),
    "sigma": (lambda: PersistenceImage(GRID, GRID, sigma=0.0), "sigma must be above 0, got 0.0"),
    "contrast": (lambda: atol(BARS, ENDS, torch.ones(2), contrast="cosine"), "contrast must be 'gaussian'"),
    "op of atol": (lambda: Atol(ENDS, torch.ones(2), op="max"), "op must be 'sum' or 'mean', got 'max'"),
    "scales": (lambda: Atol(ENDS, torch.tensor([1.0, 0.0])), "scales must be above 0, got [1.0, 0.0]"),
    "too many centres": (lambda: Atol.fit(BARS, 4), "k must lie in [1, 3], the number of distinct finite bars, got 4"),
    "kind": (lambda: PLLay(GRID, 2, kind="cubic"), "kind must be 'affine' or 'radial', got 'cubic'"),
    "no features": (lambda: PLLay(GRID, 0), "features and levels must be at least 1, got 0 and 3"),
    "topk between bars": (lambda: PermutationEquivariant(2, 2, "topk"), "op must be 'sum', 'mean', 'max' or 'min'"),
    "heads": (lambda: Persformer(2, width=6, heads=4), "width must be a multiple of heads, got 6 and 4"),
    "max_dim": (lambda: DeepSets(2, max_dim=-1), "max_dim must be an integer of at least 0, got -1"),
    "a larger dimension": (lambda: DeepSets(2, max_dim=0)(BARS), "dimensions up to 0, got 1; raise max_dim"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str) -> None:
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


@pytest.mark.parametrize("make", [lambda: PersLay(LineTransform(2)), lambda: DeepSets(2), lambda: Persformer(2)])
def test_another_type_than_the_layer_is_refused(make) -> None:
    with pytest.raises(TypeError, match=r"parameters of torch.float32, got bars of torch.float64; use diagrams.to"):
        make()(DOUBLE)
