"""Components by hand, and their numbers."""

import pytest
import torch
from hypothesis import given

from strategies import grids
from topolens.metrics.components import connected_components, numbered

RING = torch.tensor([[1, 1, 1, 0, 1], [1, 0, 1, 0, 0], [1, 1, 1, 0, 1]])


def test_corners_join_or_do_not() -> None:
    diagonal = torch.eye(3, dtype=torch.bool)[None]
    assert connected_components(diagonal, 4).counts.tolist() == [3]
    assert connected_components(diagonal, 8).counts.tolist() == [1]
    cube = torch.zeros(1, 3, 3, 3, dtype=torch.bool)
    cube[0, [0, 1, 2], [0, 1, 2], [0, 1, 2]] = True
    assert connected_components(cube, 6).counts.tolist() == [3]
    assert connected_components(cube, 26).counts.tolist() == [1]


def test_each_item_numbers_its_own() -> None:
    empty = torch.zeros_like(RING)
    found = connected_components(torch.stack([empty, RING, empty, RING.flip(1)]), 4)
    assert found.counts.tolist() == [0, 3, 0, 3]
    assert found.labels[1].tolist() == [[1, 1, 1, 0, 2], [1, 0, 1, 0, 0], [1, 1, 1, 0, 3]]
    assert found.labels[3].tolist() == [[1, 0, 2, 2, 2], [0, 0, 2, 0, 2], [3, 0, 2, 2, 2]]
    assert found.labels.dtype == found.counts.dtype == torch.int64


@pytest.mark.parametrize(("sides", "connectivity"), [(2, 4), (2, 8), (3, 6), (3, 26)])
def test_numbers_follow_first_pixels(sides: int, connectivity: int) -> None:
    @given(grids(sides, levels=2, batch=3))
    def check(masks: torch.Tensor) -> None:
        found = connected_components(masks, connectivity)
        assert torch.equal(found.labels > 0, masks > 0)
        for item, count in zip(found.labels, found.counts.tolist(), strict=True):
            seen = [label for label in dict.fromkeys(item.flatten().tolist()) if label]
            assert seen == list(range(1, count + 1))
        through, counts = numbered((masks > 0).numpy(), connectivity)
        assert through.max(initial=0) == counts.sum()

    check()


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0), (1, 1, 1)])
def test_no_items_and_no_pixels(shape: tuple[int, ...]) -> None:
    found = connected_components(torch.zeros(shape), 8)
    assert found.labels.shape == shape
    assert found.counts.tolist() == [0] * shape[0]


def test_refused() -> None:
    with pytest.raises(ValueError, match=r"connectivity must be 4 or 8 \(images\), 6 or 26 \(volumes\), got 5"):
        connected_components(RING[None], 5)
    with pytest.raises(ValueError, match=r"masks must have shape \(batch, d, h, w\) for connectivity 6, got \(1, 3, 5"):
        connected_components(RING[None], 6)
