"""Losses of representations: clouds by hand, options, options refused, ties and duplicates."""

import math
from collections.abc import Callable

import pytest
import torch

from topolens import nn
from topolens.losses import connectivity, rtd, topological_autoencoder, topological_densification

LINE = torch.tensor([[0.0], [1.0], [3.0]])
EVEN = torch.tensor([[0.0], [1.0], [2.0]])
SQUARE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def test_topological_autoencoder_by_hand() -> None:
    """Both trees are the two short edges; lengths differ by 1 in one of them."""
    plain = {"normalise": None, "per_point": False}
    assert float(topological_autoencoder(LINE, EVEN, **plain)) == 2
    assert float(topological_autoencoder(LINE, EVEN, normalise=None)) == pytest.approx(2 / 3)
    assert float(topological_autoencoder(LINE, EVEN, terms="data", **plain)) == 1
    assert float(topological_autoencoder(LINE, EVEN, terms="latent", **plain)) == 1
    assert float(topological_autoencoder(LINE, EVEN, squared=False, **plain)) == 2
    # Latent lengths 1/2 and 1/2 against 1 and 2, in both trees.
    assert float(topological_autoencoder(LINE, EVEN, 2.0, **plain)) == 2 * (0.25 + 2.25)
    # 1/3 and 2/3 of the largest distance against 1/2 and 1/2.
    both = topological_autoencoder(LINE, EVEN, normalise="max", normalise_latent="max", per_point=False)
    assert float(both) == pytest.approx(2 * (1 / 36 + 1 / 36))
    # Distances of one coordinate within [-1, 1] are at most 2: lengths 1/2 and 1 against 1 and 1.
    assert float(topological_autoencoder(LINE, EVEN, normalise="cube", per_point=False)) == 0.5


def test_the_two_trees_are_those_of_their_clouds() -> None:
    """Data: 0-1 and 1-2, latent: 0-2 and 2-1."""
    latent = torch.tensor([[0.0], [5.0], [1.0]])
    values = [
        float(topological_autoencoder(LINE, latent, terms=terms, normalise=None, per_point=False))
        for terms in ("data", "latent", "both")
    ]
    assert values == [(1 - 5) ** 2 + (2 - 4) ** 2, (1 - 3) ** 2 + (4 - 2) ** 2, 28]


def test_topological_autoencoder_learns_a_scale() -> None:
    """Latent cloud three times too large: the scale finds 3, and then nothing is left."""
    points = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    loss = nn.TopologicalAutoencoderLoss(normalise=None)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss(points, 3 * points).backward()
        optimizer.step()
    assert float(loss.scale.detach()) == pytest.approx(3, rel=1e-2)
    assert list(nn.TopologicalAutoencoderLoss(learn_scale=False).parameters())[0].requires_grad is False


def test_rtd_by_hand() -> None:
    """Two points nearer in the latent cloud: one bar from 1 to 3 one way, none the other way."""
    pair, near = LINE[[0, 2]], LINE[[0, 1]]
    assert float(rtd(pair, near, symmetric=False, normalise=None)) == 2
    assert float(rtd(near, pair, symmetric=False, normalise=None)) == 0
    assert float(rtd(pair, near, normalise=None)) == 1
    assert float(rtd(pair, near, order=2.0, normalise=None)) == 2
    assert float(rtd(pair, near, 3.0, normalise="max")) == pytest.approx((1 - 1 / 3) / 2)


def test_rtd_counts_only_the_longest_bars() -> None:
    """All points fall together: bars are the two edges of the data's tree, of lengths 1 and 2."""
    together = torch.zeros(3, 1)
    assert float(rtd(LINE, together, symmetric=False, normalise=None)) == 3
    assert float(rtd(LINE, together, symmetric=False, normalise=None, card=1)) == 2
    assert float(rtd(LINE, together, symmetric=False, normalise=None, card=None)) == 3


def test_rtd_sees_a_loop_that_connectivity_does_not() -> None:
    """A square laid out as a line: every edge of both trees has length 1, yet the loop is gone."""
    line = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
    assert float(topological_autoencoder(SQUARE, line, normalise=None, terms="latent")) == 0
    assert float(rtd(SQUARE, line, normalise=None)) > 0.1
    assert float(rtd(SQUARE, SQUARE, normalise=None)) == 0


def test_straight_through_changes_gradients_not_values() -> None:
    """Among bars of random clouds there are some that die at an edge that is shorter in the data."""
    generator = torch.Generator().manual_seed(0)
    points, latent = torch.randn(16, 3, generator=generator), torch.randn(16, 2, generator=generator)
    slopes, values = {}, {}
    for bent in (True, False):
        z = latent.clone().requires_grad_()
        loss = rtd(points, z, 3.0, straight_through=bent)
        values[bent], slopes[bent] = loss.detach(), torch.autograd.grad(loss, z)[0]
    torch.testing.assert_close(values[True], values[False], rtol=0, atol=0)
    assert not torch.equal(slopes[True], slopes[False])


def test_connectivity_by_hand() -> None:
    cloud = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 5.0]])
    assert float(connectivity(cloud)) == abs(1 - 2) + abs(5 - 2)
    assert float(connectivity(cloud, eta=1.0)) == 4
    # First branch: 0, 1, 1; second: 0, 0, 5.
    assert float(connectivity(cloud, branches=2)) == ((1 + 2) + (2 + 3)) / 2
    diagonal = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    found = [float(connectivity(diagonal, norm=norm)) for norm in (1.0, 2.0, math.inf)]
    assert found == [5, 3, 2]


def test_connectivity_pushes_short_edges_and_pulls_long_ones() -> None:
    z = torch.tensor([[0.0], [1.0], [5.0]], requires_grad=True)
    (slope,) = torch.autograd.grad(connectivity(z), z)
    assert slope.tolist() == [[1.0], [-2.0], [1.0]]


def test_topological_densification_by_hand() -> None:
    features = torch.tensor([[0.0], [9.0], [1.0], [4.0], [9.5], [20.0]])
    labels = torch.tensor([3, 1, 3, 3, 1, 7])
    by_class = topological_densification(features, labels, 2.0, reduction="none")
    assert by_class.tolist() == [1.5, 2.0, 0.0]
    assert float(topological_densification(features, labels, 2.0)) == pytest.approx(3.5 / 3)
    pulls = topological_densification(features, labels, 2.0, one_sided=True, reduction="none")
    assert pulls.tolist() == [0.0, 1.0, 0.0]
    assert nn.TopologicalDensificationLoss(2.0, reduction="sum")(features, labels) == 3.5


@pytest.mark.parametrize("norm", [1.0, 2.0, 3.0, math.inf])
def test_duplicates_and_ties_are_finite(norm: float) -> None:
    grid = torch.cartesian_prod(torch.arange(3.0), torch.arange(3.0))
    for cloud in (grid, grid.repeat(2, 1), torch.zeros(4, 2), torch.zeros(1, 2), torch.zeros(0, 2)):
        z = cloud.clone().requires_grad_()
        labels = torch.arange(len(cloud)) % 2
        total = connectivity(z, norm=norm) + topological_densification(z, labels, 1.0, norm=norm, reduction="sum")
        if norm == 2:
            total = total + topological_autoencoder(cloud, z, normalise_latent="max", squared=False)
            total = total + topological_autoencoder(cloud, z) + rtd(cloud, z)
        assert total.isfinite()
        (slope,) = torch.autograd.grad(total, z)
        assert slope.isfinite().all()


def test_points_that_coincide_still_count_as_an_edge() -> None:
    """The data's tree has an edge of length 0; the latent cloud tears it apart."""
    points, latent = torch.tensor([[0.0], [0.0], [1.0]]), torch.tensor([[0.0], [2.0], [1.0]])
    value = topological_autoencoder(points, latent, normalise=None, terms="data", per_point=False)
    ends = {4.0 + 1 - 1, 4.0}  # edge 0-1: 0 against 2; edge 0-2 or 1-2: 1 against 1
    assert float(value) in ends
    assert float(connectivity(points)) == 3


@pytest.mark.parametrize(
    "loss",
    [
        lambda z: rtd(z.detach(), z, normalise=None),
        lambda z: topological_autoencoder(z.detach(), z, normalise=None),
        lambda z: topological_autoencoder(z[:1].detach(), z[:1]),
        lambda z: rtd(z[:1].detach(), z[:1]),
        lambda z: connectivity(z[:1]),
        lambda z: topological_densification(z, torch.arange(5), 1.0),
        lambda z: topological_densification(z[:0], torch.arange(0), 1.0),
    ],
)
def test_a_loss_of_nothing_still_has_a_gradient(loss: Callable) -> None:
    """Training goes on where a minibatch is perfect, or too small."""
    z = torch.rand(5, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    value = loss(z)
    value.backward()
    assert float(value.detach()) == 0
    assert (z.grad == 0).all()


def test_half_precision_and_autocast() -> None:
    points = torch.randn(9, 4, generator=torch.Generator().manual_seed(1))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = topological_autoencoder(points, points[:, :2])
    torch.testing.assert_close(inside, topological_autoencoder(points, points[:, :2]), rtol=0, atol=0)
    assert connectivity(points.to(torch.bfloat16)).dtype == torch.float32
    assert rtd(points.double(), points).dtype == torch.float64


def test_nothing_given_is_changed() -> None:
    points, latent = torch.rand(6, 3), torch.rand(6, 2)
    copies = points.clone(), latent.clone()
    topological_autoencoder(points, latent)
    rtd(points, latent)
    connectivity(latent)
    assert torch.equal(points, copies[0])
    assert torch.equal(latent, copies[1])


def test_modules_say_their_settings_and_give_what_the_functions_give() -> None:
    points, latent = torch.rand(6, 3), torch.rand(6, 2)
    pairs = [
        (nn.TopologicalAutoencoderLoss(2.0), topological_autoencoder(points, latent, 2.0), (points, latent)),
        (nn.RTDLoss(2.0, card=3), rtd(points, latent, 2.0, card=3), (points, latent)),
        (nn.ConnectivityLoss(1.0, branches=2), connectivity(latent, 1.0, branches=2), (latent,)),
    ]
    for module, value, given in pairs:
        torch.testing.assert_close(module(*given), value, rtol=0, atol=0)
        assert "=" in repr(module)


NAN = torch.tensor([[0.0], [float("nan")], [1.0]])
REFUSED = [
    (lambda: topological_autoencoder(LINE[None, None], LINE), ValueError, r"points must have shape \(n, d\)"),
    (lambda: connectivity(torch.ones(2, 0)), ValueError, r"d at least 1, got \(2, 0\)"),
    (lambda: topological_autoencoder(LINE, EVEN[:2]), ValueError, "one row for each point, shape"),
    (lambda: topological_autoencoder(LINE, EVEN[None]), ValueError, "one row for each point"),
    (lambda: topological_autoencoder(LINE, EVEN.long()), TypeError, "floating-point"),
    (lambda: topological_autoencoder(LINE, NAN), ValueError, "latent contains NaN or infinite"),
    (lambda: topological_autoencoder(LINE, EVEN, 0.0), ValueError, "scale must be one number above 0, got 0.0"),
    (lambda: topological_autoencoder(LINE, EVEN, torch.ones(2)), ValueError, "scale must be one number"),
    (lambda: topological_autoencoder(LINE, EVEN, normalise="min"), ValueError, "normalise must be 'max', 'cube' or"),
    (lambda: topological_autoencoder(LINE, EVEN, terms="none"), ValueError, "terms must be 'both', 'data' or 'latent'"),
    (lambda: topological_autoencoder(LINE, EVEN, reduction="all"), ValueError, "reduction must be"),
    (lambda: rtd(LINE, EVEN, card=0), ValueError, "card must be a positive integer or None, got 0"),
    (lambda: rtd(LINE, EVEN, order=0.5), ValueError, "order must be a finite number of at least 1"),
    (lambda: rtd([[0.0]], EVEN), TypeError, "points must be a torch.Tensor, got list"),
    (lambda: connectivity(SQUARE, branches=3), ValueError, "branches must be a positive divisor of the 2 coordinates"),
    (lambda: connectivity(SQUARE, eta=0.0), ValueError, "eta must be above 0"),
    (lambda: connectivity(SQUARE, norm=0.5), ValueError, "norm must be at least 1"),
    (lambda: topological_densification(SQUARE, torch.zeros(4).long(), -1.0), ValueError, "beta must be above 0"),
    (lambda: topological_densification(SQUARE, torch.zeros(3).long(), 1.0), ValueError, r"labels \(n,\), got"),
    (lambda: topological_densification(SQUARE, torch.zeros(4), 1.0), TypeError, "labels must be whole numbers"),
    (lambda: topological_densification(SQUARE, torch.zeros(4).long(), 1.0, norm=0.0), ValueError, "norm must be"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_bad_input(call: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
