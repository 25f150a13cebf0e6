import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage

from topolens.mapper import connected, cover, first_gap, one_cluster, pca, variance_normalised


def first_gap_by_hand(points, bins):
    """Labels of one box: single linkage, cut at the first empty bin above the first filled one."""
    if len(points) < 2:
        return np.zeros(len(points), np.int64)
    merges = linkage(points, "single")
    heights, top = merges[:, 2], merges[-1, 2]
    if top == 0:
        return np.zeros(len(points), np.int64)
    filled = np.zeros(bins, bool)
    filled[np.minimum(bins - 1, (bins * heights / top).astype(int))] = True
    empty = np.flatnonzero(~filled & (np.arange(bins) > filled.argmax()))
    if not len(empty):
        return np.zeros(len(points), np.int64)
    return fcluster(merges, (empty[0] + 0.5) * top / bins, "distance")


def partition(members, labels):
    return {frozenset(members[labels == label].tolist()) for label in np.unique(labels)}


@pytest.mark.parametrize("bins", [1, 2, 5, 10, 30])
def test_first_gap_equals_single_linkage_with_a_histogram(bins):
    generator = torch.Generator().manual_seed(bins)
    points = torch.randn(300, 3, dtype=torch.float64, generator=generator)
    points += torch.randint(3, (300, 1), generator=generator) * 3.0
    boxes = cover(pca(points), resolution=6, gain=2.0)
    labels = first_gap(points, boxes.members, boxes.offsets, bins).numpy()
    split = 0
    for start, end in zip(boxes.offsets[:-1].tolist(), boxes.offsets[1:].tolist(), strict=True):
        rows = boxes.members[start:end].numpy()
        ours = partition(rows, labels[start:end])
        assert ours == partition(rows, first_gap_by_hand(points[rows].numpy(), bins))
        split += len(ours) > 1
    assert (split > 0) == (bins > 2)


def labels_of(clusterer, points, **settings):
    return clusterer(points, torch.arange(len(points)), torch.tensor([0, len(points)]), **settings).tolist()


def test_first_gap_on_boxes_one_can_check():
    assert labels_of(first_gap, torch.tensor([[0.0], [1.0], [9.0], [10.0]])) == [0, 0, 1, 1]
    assert labels_of(first_gap, torch.arange(5.0)[:, None]) == [0] * 5  # all heights equal: no gap above the first
    assert labels_of(first_gap, torch.ones(4, 2)) == [0] * 4  # duplicates
    assert labels_of(first_gap, torch.tensor([[0.0], [7.0]])) == [0, 0]  # a single merge leaves no gap
    assert labels_of(first_gap, torch.tensor([[3.0]])) == [0]


def test_connected_chains_points_within_the_scale():
    line = torch.tensor([[0.0], [1.0], [2.0], [3.5]])
    assert labels_of(connected, line, scale=1.0) == [0, 0, 0, 1]
    assert labels_of(connected, line, scale=0.9) == [0, 1, 2, 3]
    assert labels_of(connected, line, scale=1.5) == [0, 0, 0, 0]
    eight = torch.arange(8.0)[:, None]  # fifth neighbours at 3 to 5: scale 7.5
    assert labels_of(connected, torch.cat([eight, eight + 100.0])) == [0] * 8 + [1] * 8
    assert labels_of(connected, torch.ones(1, 2)) == [0]
    assert labels_of(connected, torch.ones(3, 2)) == [0, 0, 0]
    with pytest.raises(ValueError, match="scale"):
        labels_of(connected, line, scale=0.0)


def test_one_cluster_never_splits():
    assert labels_of(one_cluster, torch.tensor([[0.0], [100.0]])) == [0, 0]


def test_variance_normalised_columns():
    points = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5.0, 0.1, 0.0]) + 0.3
    before = points.clone()
    assert torch.allclose(
        variance_normalised(points).std(0, correction=0), torch.tensor([1.0, 1.0, 1.0, 0.0]), atol=1e-4
    )
    spread = points[:, :3].std(0, correction=0)
    literal = variance_normalised(points, "variance").std(0, correction=0)
    assert torch.allclose(literal, torch.cat([1 / spread, torch.zeros(1)]), rtol=1e-4)
    assert torch.allclose(variance_normalised(points, None), points - points.mean(0), atol=1e-5)
    assert torch.equal(points, before)


def test_a_column_that_is_constant_up_to_rounding_is_zero():
    x = torch.tensor([0.1, 0.2, 0.3, 0.4])
    column = torch.stack([x * 3 / 3, (x + 7.0) - x], 1)
    assert torch.equal(variance_normalised(column)[:, 1], torch.zeros(4))


@pytest.mark.parametrize("wrong", [{"metric": "angle"}, {"points": torch.zeros(3)}])
def test_variance_normalised_refuses(wrong):
    with pytest.raises(ValueError, match="metric|points"):
        variance_normalised(**({"points": torch.rand(5, 2)} | wrong))


def test_first_gap_refuses():
    with pytest.raises(ValueError, match="bins"):
        labels_of(first_gap, torch.rand(5, 2), bins=0)
    with pytest.raises(ValueError, match="NaN"):
        labels_of(first_gap, torch.full((5, 2), float("nan")))
