from functools import partial

import pytest
import torch

from topolens.mapper import density, eccentricity, entropy, feature, loss, mapper, norm, pca, probability

POINTS = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
DISTANCES = torch.cdist(POINTS, POINTS, compute_mode="donot_use_mm_for_euclid_dist")
LOGITS = torch.tensor([[0.0, 0.0], [2.0, 0.0]])


def test_lenses_by_hand():
    assert norm(torch.tensor([[3.0, -4.0]])).tolist() == [[5.0]]
    assert norm(torch.tensor([[3.0, -4.0]]), order=1.0).tolist() == [[7.0]]
    assert feature(torch.tensor([[3.0, -4.0]]), -1).tolist() == [[-4.0]]
    assert torch.allclose(probability(LOGITS, 0).flatten(), torch.tensor([0.5, 1 / (1 + torch.tensor(-2.0).exp())]))
    p = probability(LOGITS, 0)
    assert torch.allclose(entropy(LOGITS), -(p * p.log() + (1 - p) * (1 - p).log()))
    assert entropy(torch.tensor([[1000.0, 0.0]])).tolist() == [[0.0]]
    assert torch.allclose(loss(LOGITS, torch.tensor([1, 1])), -(1 - p).log())


@pytest.mark.parametrize("k", [1, 5, 39, 100])
def test_density_is_minus_the_distance_to_a_neighbour(k):
    expected = -DISTANCES.sort(1).values[:, [min(k, 39)]]
    assert torch.allclose(density(POINTS, k), expected)
    assert torch.allclose(density(DISTANCES, k, metric="precomputed"), expected)
    assert torch.allclose(density(POINTS[:4], 2, reference=POINTS), -DISTANCES[:4].sort(1).values[:, [1]])


@pytest.mark.parametrize("order", [1.0, 2.0, float("inf")])
def test_eccentricity_is_a_power_mean_of_distances(order):
    expected = DISTANCES.amax(1) if order == float("inf") else DISTANCES.pow(order).mean(1).pow(1 / order)
    assert torch.allclose(eccentricity(POINTS, order), expected[:, None])
    assert torch.allclose(eccentricity(DISTANCES, order, metric="precomputed"), expected[:, None])
    assert torch.allclose(eccentricity(POINTS[:3], order, reference=POINTS), expected[:3, None])


def test_components_of_a_reference():
    assert torch.allclose(pca(POINTS[:5], 2, reference=POINTS), pca(POINTS, 2)[:5])
    assert not torch.allclose(pca(POINTS[:5], 2), pca(POINTS, 2)[:5])


def test_small_clouds():
    assert density(torch.ones(1, 2)).tolist() == [[0.0]]
    assert eccentricity(torch.ones(1, 2)).tolist() == [[0.0]]
    assert density(torch.zeros(0, 2)).shape == eccentricity(torch.zeros(0, 2)).shape == (0, 1)


def test_a_list_of_lenses_puts_columns_side_by_side():
    labels = torch.arange(40).remainder(3)
    graph = mapper(POINTS, ["norm", partial(pca, components=1), labels], resolution=3, gain=1.5)
    assert graph.lens.shape == (40, 3)
    assert torch.allclose(torch.from_numpy(graph.lens[:, :1]), norm(POINTS))
    assert graph.lens[:, 2].tolist() == labels.tolist()
    assert graph.settings["lens"] == ["norm", "pca(components=1)", "given"]
    assert mapper(POINTS, ["pca"], 3).lens.shape == (40, 2)


@pytest.mark.parametrize(
    ("lens", "error", "message"),
    [
        ("tsne", ValueError, "lens must be one of"),
        ([], ValueError, "1 to 3 columns"),
        (["pca", "pca"], ValueError, "1 to 3 columns"),
        ([3], TypeError, "lens must be values"),
        (["norm", torch.zeros(5)], ValueError, "one row per point"),
        (lambda points: [1.0], TypeError, "torch.Tensor"),
        (torch.tensor([[float("nan")]] * 2 + [[0.0]] * 38), ValueError, "NaN for 2 of 40 points, first for point 0"),
    ],
)
def test_bad_lenses_are_refused(lens, error, message):
    with pytest.raises(error, match=message):
        mapper(POINTS, lens)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: norm(POINTS, 0.5), "order"),
        (lambda: eccentricity(POINTS, 0.5), "order"),
        (lambda: density(POINTS, 0), "neighbours"),
        (lambda: density(POINTS, 2, metric="cosine"), "metric"),
        (lambda: feature(POINTS, 3), "index"),
        (lambda: probability(LOGITS, 2), "target"),
        (lambda: loss(LOGITS, torch.tensor([1])), "labels"),
    ],
)
def test_bad_settings_of_lenses_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("scale", [1e4, 1.0, 1e-5])
def test_large_orders_neither_overflow_nor_vanish(scale):
    found = eccentricity(scale * POINTS, 100.0).flatten() / scale
    assert torch.allclose(found, eccentricity(POINTS, 100.0).flatten())
    largest = DISTANCES.amax(1)
    assert ((found > 0.9 * largest) & (found <= largest)).all()
    assert eccentricity(torch.zeros(3, 2), 100.0).tolist() == [[0.0]] * 3


@pytest.mark.parametrize("lens", [density, eccentricity])
def test_a_reference_without_points_is_refused(lens):
    with pytest.raises(ValueError, match="reference must hold at least one point"):
        lens(POINTS, reference=POINTS[:0])
