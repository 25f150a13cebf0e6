"""Laws of the packed container, for any bars."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from topolens.diagrams import Diagrams

bar = st.tuples(st.integers(0, 5), st.integers(1, 4) | st.just(float("inf"))).map(lambda x: (float(x[0]), x[0] + x[1]))
item = st.dictionaries(st.integers(0, 2), st.lists(bar, max_size=4))
batches = st.lists(item, max_size=4).map(Diagrams.from_intervals)


def same(a: Diagrams, b: Diagrams) -> bool:
    return a.batch_size == b.batch_size and all(
        torch.equal(getattr(a, part), getattr(b, part)) for part in ("intervals", "dim", "batch", "cells")
    )


@given(st.lists(item, min_size=1, max_size=4).map(Diagrams.from_intervals))
def test_cat_undoes_iteration(d: Diagrams) -> None:
    assert same(Diagrams.cat(d), d)


@given(batches, batches)
def test_items_of_a_cat_are_the_items(a: Diagrams, b: Diagrams) -> None:
    both = Diagrams.cat([a, b])
    assert len(both) == len(a) + len(b)
    assert all(same(x, y) for x, y in zip(both, [*a, *b], strict=True))


@given(batches)
def test_dims_partition_the_bars(d: Diagrams) -> None:
    parts = [d.of_dim(k) for k in range(3)]
    assert sum(map(len, parts)) == len(d)
    assert all((part.dim == k).all() for k, part in enumerate(parts))


@given(batches)
def test_finite_and_essential_partition_the_bars(d: Diagrams) -> None:
    assert len(d.finite()) + len(d.essential()) == len(d)
    assert d.finite().persistence.isfinite().all()
    assert d.essential().persistence.isinf().all()


@given(batches)
def test_padded_holds_every_bar_once(d: Diagrams) -> None:
    dense = d.padded(fill=float("nan"))
    counts = [len(x) for x in d]
    assert dense.shape == (d.batch_size, max(counts, default=0), 2)
    for one, rows, count in zip(d, dense, counts, strict=True):
        assert torch.equal(rows[:count], one.intervals)
        assert rows[count:].isnan().all()


@given(batches)
def test_gudhi_round_trip(d: Diagrams) -> None:
    back = [{k: [bar for dim, bar in one if dim == k] for k in range(3)} for one in d.to_gudhi()]
    assert same(Diagrams.from_intervals(back), d)


@given(batches, st.integers(1, 5))
def test_longest_is_the_head_of_the_sorted_persistences(d: Diagrams, k: int) -> None:
    for one, row in zip(d, d.longest(k), strict=True):
        expected = sorted(one.persistence.tolist(), reverse=True)[:k]
        assert row.tolist() == expected + [0.0] * (k - len(expected))
