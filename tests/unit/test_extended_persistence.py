"""Extended persistence by hand: published small cases, rules for short bars, refusals."""

import pytest
import torch

from topolens.extended_persistence import extended_persistence
from topolens.filtrations import cubical, lower_star

CASES = {
    # name: (values, edges, ord0, rel1, ext0, ext1)
    "path": ([0, 2, 1, 4, 3], [(0, 1), (1, 2), (2, 3), (3, 4)], [[1, 2], [3, 4]], [[2, 1]], [[0, 4]], []),
    "square": ([0, 1, 3, 2], [(0, 1), (1, 2), (2, 3), (3, 0)], [], [], [[0, 3]], [[3, 0]]),
    "triangle with a tail": ([2, 2, 3, 1], [(0, 1), (1, 2), (2, 0), (2, 3)], [[2, 3]], [], [[1, 3]], [[3, 2]]),
    "edge and triangle": ([0, 1, 5, 6, 7], [(0, 1), (2, 3), (3, 4), (4, 2)], [], [], [[0, 1], [5, 7]], [[7, 5]]),
    "two triangles and a tail": (
        [0, 1, 2, 3, 4, 2.5, 3.5],
        [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2), (4, 5), (5, 6)],
        [[2.5, 4]],
        [[3.5, 2.5]],
        [[0, 4]],
        [[2, 0], [4, 2]],
    ),
    "one vertex": ([3], [], [], [], [[3, 3]], []),
    "constant triangle": ([1, 1, 1], [(0, 1), (1, 2), (2, 0)], [], [], [[1, 1]], [[1, 1]]),
    "no vertices": ([], [], [], [], [], []),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name: str) -> None:
    values, edges, *expected = CASES[name]
    edge_index = torch.tensor(edges, dtype=torch.int64).reshape(-1, 2).T
    f = lower_star(torch.tensor(values, dtype=torch.float32), edge_index)
    found = extended_persistence(f)
    assert [d.intervals.tolist() for d in found] == expected
    assert [sorted(set(d.dim.tolist())) for d in found] == [
        [k] if len(bars) else [] for k, bars in zip((0, 1, 0, 1), expected, strict=True)
    ]


def test_superlevel() -> None:
    """Births and deaths of the two sweeps change places with their direction."""
    f = lower_star(torch.tensor([0.0, 1.0, 3.0, 2.0]), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]]), superlevel=True)
    d = extended_persistence(f)
    assert d.ext0.intervals.tolist() == [[3.0, 0.0]]
    assert d.ext1.intervals.tolist() == [[0.0, 3.0]]


def test_cells_are_vertices() -> None:
    f = lower_star(torch.tensor([0.0, 2.0, 1.0, 4.0, 3.0]), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]]))
    d = extended_persistence(f)
    assert d.ord0.cells.tolist() == [[2, 1], [4, 3]]
    assert d.rel1.cells.tolist() == [[1, 2]]
    assert d.ext0.cells.tolist() == [[0, 3]]


def test_refused() -> None:
    with pytest.raises(
        TypeError, match="needs a graph with values on its vertices, as lower_star gives it, got Cubical"
    ):
        extended_persistence(cubical(torch.zeros(1, 2, 2)))
    f = lower_star(torch.tensor([0.0, float("inf")]), torch.tensor([[0], [1]]))
    with pytest.raises(ValueError, match="every vertex must enter, but vertex 1 has an infinite value"):
        extended_persistence(f)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpu_equals_cpu() -> None:
    values, edges = torch.rand(30, dtype=torch.float64), torch.randint(30, (2, 60))
    batch = torch.zeros(30, dtype=torch.int64)
    here = extended_persistence(lower_star(values, edges, batch))
    for one, other in zip(
        extended_persistence(lower_star(values.cuda(), edges.cuda(), batch.cuda())), here, strict=True
    ):
        assert one.intervals.device.type == "cuda"
        assert torch.equal(one.cells.cpu(), other.cells)
