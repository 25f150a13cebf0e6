"""Diagrams by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from topolens.diagrams import Diagrams

INF = float("inf")


@pytest.fixture
def three() -> Diagrams:
    """Three items: two H0 bars and a loop; nothing; one H0 bar."""
    return Diagrams(
        intervals=torch.tensor([[0.0, INF], [0.0, 1.0], [1.0, 3.0], [2.0, INF]]),
        dim=torch.tensor([0, 0, 1, 0]),
        batch=torch.tensor([0, 0, 0, 2]),
        cells=torch.tensor([[0, -1], [1, 4], [5, 6], [7, -1]]),
        batch_size=3,
    )


def test_len_counts_the_bars_of_the_whole_batch(three: Diagrams) -> None:
    assert len(three) == 4
    assert [len(d) for d in three] == [3, 0, 1]


def test_getitem_is_a_batch_of_one(three: Diagrams) -> None:
    last = three[-1]
    assert last.batch_size == 1
    assert last.batch.tolist() == [0]
    assert last.intervals.tolist() == [[2.0, INF]]
    assert last.cells.tolist() == [[7, -1]]


@pytest.mark.parametrize("item", [3, -4])
def test_getitem_out_of_range(three: Diagrams, item: int) -> None:
    with pytest.raises(IndexError, match=rf"item must lie in \[-3, 3\), got {item}"):
        three[item]


def test_of_dim_keeps_the_batch_size(three: Diagrams) -> None:
    loops = three.of_dim(1)
    assert loops.intervals.tolist() == [[1.0, 3.0]]
    assert loops.batch_size == 3
    assert len(three.of_dim(5)) == 0


def test_finite_and_essential(three: Diagrams) -> None:
    assert three.finite().cells.tolist() == [[1, 4], [5, 6]]
    assert three.essential().cells.tolist() == [[0, -1], [7, -1]]


def test_persistence_is_never_negative(three: Diagrams) -> None:
    assert three.persistence.tolist() == [INF, 1.0, 2.0, INF]
    superlevel = Diagrams.from_intervals([{0: [[5.0, -INF], [4.0, 1.0]]}])
    assert superlevel.persistence.tolist() == [INF, 3.0]


def test_longest_falls_and_is_padded_with_zero(three: Diagrams) -> None:
    assert three.finite().longest(3).tolist() == [[2.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert three.longest(1).tolist() == [[INF], [0.0], [INF]]
    assert three.longest(0).shape == (3, 0)


def test_padded(three: Diagrams) -> None:
    dense = three.padded(fill=-1.0)
    assert dense.shape == (3, 3, 2)
    assert dense[0].tolist() == [[0.0, INF], [0.0, 1.0], [1.0, 3.0]]
    assert dense[1].tolist() == [[-1.0, -1.0]] * 3
    assert dense[2].tolist() == [[2.0, INF], [-1.0, -1.0], [-1.0, -1.0]]


def test_padded_carries_the_gradient() -> None:
    intervals = torch.tensor([[0.0, 1.0], [2.0, 5.0]], requires_grad=True)
    zeros = torch.zeros(2, dtype=torch.int64)
    d = Diagrams(intervals, zeros, torch.tensor([0, 1]), torch.zeros(2, 2, dtype=torch.int64), 2)
    (d.padded() * torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])).sum().backward()
    assert intervals.grad is not None
    assert intervals.grad.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_cat_shifts_the_items(three: Diagrams) -> None:
    both = Diagrams.cat([three, three[0]])
    assert both.batch_size == 4
    assert both.batch.tolist() == [0, 0, 0, 2, 3, 3, 3]
    with pytest.raises(ValueError, match="cat needs at least one Diagrams, got none"):
        Diagrams.cat([])


def test_from_intervals_sorts_by_dim_and_knows_no_cells() -> None:
    d = Diagrams.from_intervals([{1: np.array([[1.0, 2.0]]), 0: [[0.0, INF], [0.0, 3.0]]}, {}])
    assert d.dim.tolist() == [0, 0, 1]
    assert d.batch_size == 2
    assert (d.cells == -1).all()
    assert d.intervals.dtype == torch.get_default_dtype()
    assert Diagrams.from_intervals([{0: [[0.0, 1.0]]}], dtype=torch.float64).intervals.dtype == torch.float64


@pytest.mark.parametrize("items", [[], [{}], [{0: []}]])
def test_nothing_is_a_diagram_too(items: list) -> None:
    d = Diagrams.from_intervals(items)
    assert len(d) == 0
    assert d.batch_size == len(items)
    assert d.padded().shape == (len(items), 0, 2)
    assert d.longest(2).tolist() == [[0.0, 0.0]] * len(items)
    assert d.to_gudhi() == [[] for _ in items]
    assert d.to_ripser() == [[] for _ in items]
    assert d.to_giotto().shape == (len(items), 0, 3)
    assert repr(d) == f"Diagrams(batch_size={len(items)}, bars=0)"


def test_to_changes_the_numbers_and_not_the_integers(three: Diagrams) -> None:
    double = three.to(torch.float64)
    assert double.intervals.dtype == torch.float64
    assert double.cells.dtype == double.dim.dtype == double.batch.dtype == torch.int64
    assert three.intervals.dtype == torch.float32


def test_detach_cuts_the_gradient() -> None:
    d = Diagrams.from_intervals([{0: [[0.0, 1.0]]}])
    d = dataclasses.replace(d, intervals=d.intervals.requires_grad_())
    assert d.intervals.requires_grad
    assert not d.detach().intervals.requires_grad


def test_exports(three: Diagrams) -> None:
    assert three.to_gudhi()[0] == [(0, (0.0, INF)), (0, (0.0, 1.0)), (1, (1.0, 3.0))]
    ripser = three.to_ripser()
    assert ripser[0][1].tolist() == [[1.0, 3.0]]
    assert ripser[1][0].shape == (0, 2)
    giotto = three.to_giotto()
    assert giotto.shape == (3, 3, 3)
    assert giotto[0].tolist() == [[0.0, INF, 0.0], [0.0, 1.0, 0.0], [1.0, 3.0, 1.0]]
    assert giotto[1].tolist() == [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


def test_repr_counts_per_dimension(three: Diagrams) -> None:
    assert repr(three) == "Diagrams(batch_size=3, bars=4, H0: 3, H1: 1)"


def test_frozen(three: Diagrams) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        three.batch_size = 7  # type: ignore[misc]


def test_shapes_must_fit() -> None:
    three_by_two = torch.zeros(3, 2)
    integers = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"must have shapes \(bars, 2\).* got \(3, 2\), \(3,\), \(2,\) and \(3, 2\)"):
        Diagrams(three_by_two, integers, integers[:2], three_by_two.long(), 1)
