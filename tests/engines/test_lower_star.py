"""The compiled engine for graphs = the textbook, cell by cell."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

import nasty
import strategies
from bars import difference, reference
from graph_packing import packed
from topolens.filtrations import lower_star


def test_all_graphs_up_to_five_vertices() -> None:
    """All 1,099 labelled graphs, with values of three levels."""
    generator = torch.Generator().manual_seed(0)
    graphs = []
    for n in range(1, 6):
        possible = list(combinations(range(n), 2))
        for mask in range(2 ** len(possible)):
            edges = [e for k, e in enumerate(possible) if mask >> k & 1]
            graphs.append((torch.randint(3, (n,), generator=generator).double().tolist(), edges))
    f = packed(graphs)
    assert f.batch_size == 1 + 2 + 8 + 64 + 1024
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


def test_the_complete_graph_with_all_values_of_three_levels() -> None:
    values = torch.cartesian_prod(*[torch.arange(3.0)] * 5).tolist()
    f = packed([(own, list(combinations(range(5), 2))) for own in values])
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@pytest.mark.parametrize("name", nasty.GRAPHS)
@pytest.mark.parametrize("max_dim", [0, 1, 2])
def test_nasty_graphs(name: str, max_dim: int) -> None:
    f = lower_star(*nasty.GRAPHS[name])
    assert difference(f.pairs(max_dim, 2), reference(f, max_dim)) == ""


@settings(max_examples=150)
@given(strategies.graphs(max_vertices=12))
def test_random_graphs_with_loops_and_doubles(graph: tuple[Tensor, Tensor]) -> None:
    f = lower_star(*graph)
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


@pytest.mark.parametrize("levels", [2, 10**6])
def test_larger_graphs(levels: int) -> None:
    generator = torch.Generator().manual_seed(levels)
    values = torch.randint(levels, (80,), generator=generator).float()
    edges = torch.randint(80, (2, 200), generator=generator)
    f = lower_star(values, edges)
    for field in (2, 3, 5):
        assert difference(f.pairs(1, field), reference(f, 1, field)) == ""


def test_missing_vertices() -> None:
    """Vertices of value +inf never enter, nor do their edges."""
    generator = torch.Generator().manual_seed(1)
    values = torch.randint(4, (30,), generator=generator).float()
    values[values == 3] = float("inf")
    f = lower_star(values, torch.randint(30, (2, 60), generator=generator))
    assert difference(f.pairs(1, 2), reference(f, 1)) == ""


def test_one_thread_is_two_threads(use_threads) -> None:
    generator = torch.Generator().manual_seed(2)
    graphs = [
        (torch.rand(n, generator=generator).tolist(), torch.randint(n, (3 * n, 2), generator=generator).tolist())
        for n in (1, 50, 7, 4000, 3, 1500)
    ]
    f = packed(graphs)
    use_threads(1)
    alone = f.pairs(1, 2)
    for count in (2, 3):
        use_threads(count)
        assert difference(f.pairs(1, 2), alone) == ""
