"""Topological uncertainty on a network 2:3:2:1 by hand, and what it does not see."""

import sys

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from topolens.measures import activation_trees, topological_uncertainty, tree_means

WEIGHTS = [
    torch.tensor([[1.0, 0.5], [-2.0, 1.0], [0.0, 3.0]]),
    torch.tensor([[1.0, 1.0, -1.0], [0.5, 2.0, 0.5]]),
    torch.tensor([[1.0, -0.5]]),
]


def answers(weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    """What each layer of a ReLU network without biases is given."""
    inputs = [x]
    for weight in weights[:-1]:
        inputs.append((inputs[-1] @ weight.T).relu())
    return inputs


def trees_of(weights: list[torch.Tensor], x: torch.Tensor) -> list[torch.Tensor]:
    return [activation_trees(w, a) for w, a in zip(weights, answers(weights, x), strict=True)]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_network_by_hand() -> None:
    """x = (1, 2) gives the graphs [[1, 1], [2, 2], [0, 6]], [[2, 0, 6], [1, 0, 3]] and [[0, 2]]."""
    trees = trees_of(WEIGHTS, torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
    assert [tree[0].tolist() for tree in trees] == [[6.0, 2.0, 2.0, 1.0], [6.0, 3.0, 2.0, 0.0], [2.0, 0.0]]
    assert all(tree[1].eq(0).all() for tree in trees)
    same = torch.tensor([0, 0])
    found = topological_uncertainty(trees, same, tree_means(trees, same))
    # Half of each edge: (5.5 / 4 + 5.5 / 4 + 1 / 2) / 3 for both samples.
    assert found.tolist() == pytest.approx([3.25 / 3] * 2)
    apart = torch.tensor([0, 1])
    assert topological_uncertainty(trees, apart, tree_means(trees, apart)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("out", "wide"), [(1, 1), (1, 5), (6, 1), (4, 7), (10, 40)])
def test_trees_are_those_of_scipy(out: int, wide: int) -> None:
    weight, inputs = draw(out, wide), draw(5, wide, seed=1)
    found = activation_trees(weight, inputs)
    for row, a in zip(found, inputs, strict=True):
        strengths = (weight * a).abs().numpy()
        graph = np.zeros((out + wide, out + wide))
        graph[:out, out:] = 100 - strengths  # scipy takes a 0 for no edge
        tree = 100 - minimum_spanning_tree(csr_matrix(graph)).data
        np.testing.assert_allclose(row.numpy(), np.sort(tree)[::-1], atol=1e-10)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, inputs = draw(4, 6), draw(23, 6, seed=1)
    whole = activation_trees(weight, inputs)
    monkeypatch.setattr(sys.modules[activation_trees.__module__], "BLOCK", 500)
    assert torch.equal(activation_trees(weight, inputs), whole)


def test_the_order_of_neurons_does_not_matter() -> None:
    weight, inputs = draw(5, 8), draw(20, 8, seed=1)
    rows, columns = torch.randperm(5), torch.randperm(8)
    assert torch.equal(activation_trees(weight[rows][:, columns], inputs[:, columns]), activation_trees(weight, inputs))


def test_rescaled_relu_neurons_leave_the_last_layer_alone() -> None:
    """A hidden neuron scaled by c, its outgoing weights by 1 / c: the graph behind it stays, that before it moves."""
    weights = [draw(6, 4), draw(5, 6, seed=1), draw(3, 5, seed=2)]
    scale = torch.tensor([2.0, 0.5, 4.0, 1.0, 8.0, 0.25], dtype=torch.float64)
    other = [scale[:, None] * weights[0], weights[1] / scale, weights[2]]
    x = draw(30, 4, seed=3)
    before, after = trees_of(weights, x), trees_of(other, x)
    torch.testing.assert_close(after[1], before[1])
    torch.testing.assert_close(after[2], before[2])
    assert not torch.allclose(after[0], before[0])


def test_a_class_that_was_not_seen_is_held_against_all() -> None:
    trees = [torch.tensor([[4.0], [0.0]], dtype=torch.float64)]
    means = tree_means(trees, torch.tensor([3, 7]))
    found = topological_uncertainty([trees[0][:1].repeat(4, 1)], torch.tensor([3, 7, 5, 9]), means)
    assert found.tolist() == [0.0, 4.0, 2.0, 2.0]


def test_what_has_no_graph_is_refused() -> None:
    w, a = draw(3, 4), draw(5, 4)
    with pytest.raises(ValueError, match="inputs are what the layer is given"):
        activation_trees(w, draw(5, 3))
    with pytest.raises(ValueError, match="inputs contains NaN"):
        activation_trees(w, a * torch.nan)
    with pytest.raises(ValueError, match="must be finite"):
        activation_trees(w, torch.full((2, 4), torch.inf))
    tree = activation_trees(w, a)
    with pytest.raises(ValueError, match="at least one layer and one sample"):
        tree_means([], torch.zeros(5, dtype=torch.int64))
    with pytest.raises(ValueError, match="a class for each sample"):
        tree_means([tree], torch.zeros(4, dtype=torch.int64))
    means = tree_means([tree], torch.zeros(5, dtype=torch.int64))
    with pytest.raises(ValueError, match="must be of the same layers"):
        topological_uncertainty([tree[:, :2]], torch.zeros(5, dtype=torch.int64), means)
    assert activation_trees(w, draw(0, 4)).shape == (0, 6)
