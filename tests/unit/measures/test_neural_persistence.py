import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor, nn

from topolens.measures import (
    deep_graph_persistence,
    magnitude_pruning_bound,
    neural_persistence,
    persistence_plateau,
    spanning_tree_weights,
)
from topolens.probes import weight_matrices


def by_hand() -> dict[str, Tensor]:
    """A network 2:3:2:1; trees (1, .8, .5, .4), (.7, .6, .5, .4) and (.9, .25)."""
    return {
        "first": torch.tensor([[1.0, 0.2], [-0.5, 0.4], [0.1, 0.8]], dtype=torch.float64),
        "second": torch.tensor([[0.6, -0.3, 0.2], [0.4, 0.7, -0.5]], dtype=torch.float64),
        "third": torch.tensor([[0.9, -0.25]], dtype=torch.float64),
    }


def scipy_tree(weight: Tensor) -> np.ndarray:
    entries = weight.abs().flatten(1).double().numpy()
    rows, columns = entries.shape
    full = np.zeros((rows + columns, rows + columns))
    full[:rows, rows:] = entries.max() + 1 - entries  # scipy takes 0 for no edge
    tree = minimum_spanning_tree(full).toarray()
    return np.sort(entries.max() + 1 - tree[tree > 0])[::-1]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_by_hand() -> None:
    layers = by_hand()
    assert spanning_tree_weights(layers["first"]).tolist() == [1.0, 0.8, 0.5, 0.4]
    assert spanning_tree_weights(layers["second"]).tolist() == [0.7, 0.6, 0.5, 0.4]
    assert spanning_tree_weights(layers["third"]).tolist() == [0.9, 0.25]
    expected = {"first": 0.04 + 0.25 + 0.36, "second": 0.09 + 0.16 + 0.25 + 0.36, "third": 0.01 + 0.5625}
    edges = {"first": 4, "second": 4, "third": 2}
    found = neural_persistence(layers)
    assert found.layers == pytest.approx({k: math.sqrt(v / edges[k]) for k, v in expected.items()})
    assert found.mean == pytest.approx(sum(found.layers.values()) / 3)
    plain = neural_persistence(layers, normalised=False, include_essential=True)
    assert plain.layers == pytest.approx({k: math.sqrt(v + 1) for k, v in expected.items()})
    own = neural_persistence(layers, scale="layer").layers["third"]
    assert own == pytest.approx((1 - 0.25 / 0.9) / math.sqrt(2))


def test_deep_graph_by_hand() -> None:
    """The strongest paths from the two inputs are .6 and .3."""
    layers = by_hand()
    assert deep_graph_persistence(layers, standardise=False) == pytest.approx(0.5 / math.sqrt(2))
    assert deep_graph_persistence(list(layers.values()), standardise=False, normalised=False) == pytest.approx(0.5)
    one = noise(5, 7)
    scaled = (one - one.mean()) / one.std(correction=0)
    assert deep_graph_persistence([one]) == pytest.approx(neural_persistence(scaled).mean)


@pytest.mark.parametrize("widths", [(3, 8, 5, 4), (6, 2, 7, 2), (1, 4, 1, 3)])
def test_strongest_paths_are_those_of_all_paths(widths: tuple[int, ...]) -> None:
    layers = [noise(b, a, seed=a) for a, b in pairwise(widths)]
    inputs, hidden, further, outputs = widths
    strongest = torch.zeros(outputs, inputs, dtype=torch.float64)
    for i in range(inputs):
        for j in range(hidden):
            for k in range(further):
                for o in range(outputs):
                    path = min(abs(float(w)) for w in (layers[0][j, i], layers[1][k, j], layers[2][o, k]))
                    strongest[o, i] = max(float(strongest[o, i]), path)
    expected = neural_persistence(strongest).mean
    assert deep_graph_persistence(layers, standardise=False) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (3, 7), (40, 30), (16, 3, 3, 3), (8, 4, 5), (4, 2, 3, 2, 2)])
@pytest.mark.parametrize("kind", ["general", "ties", "mostly zero", "equal", "float32"])
def test_tree_is_that_of_scipy(shape: tuple[int, ...], kind: str) -> None:
    w = noise(*shape)
    if kind == "ties":
        w = (2 * w).round()
    if kind == "mostly zero":
        w = w * (noise(*shape, seed=1) > 1.5)
    if kind == "equal":
        w = torch.full_like(w, -2.0)
    w = w.float() if kind == "float32" else w
    found = spanning_tree_weights(w)
    assert found.dtype == w.dtype
    assert len(found) == shape[0] + math.prod(shape[1:]) - 1
    np.testing.assert_allclose(found.numpy(), scipy_tree(w), atol=1e-12)


def test_renumbering_neurons_changes_no_digit() -> None:
    layers = {"a": noise(20, 9), "b": noise(12, 20, seed=1), "c": noise(3, 12, seed=2)}
    first, second = (torch.randperm(n, generator=torch.Generator().manual_seed(n)) for n in (20, 12))
    other = {"a": layers["a"][first], "b": layers["b"][second][:, first], "c": layers["c"][:, second]}
    assert neural_persistence(layers) == neural_persistence(other)
    assert deep_graph_persistence(layers) == pytest.approx(deep_graph_persistence(other), rel=1e-12)
    assert magnitude_pruning_bound(layers["b"]) == magnitude_pruning_bound(other["b"])


def test_rescaling_a_relu_neuron_changes_the_number_but_not_the_network() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    with torch.no_grad():
        for i in (0, 2):
            model[i].weight.copy_(noise(*model[i].weight.shape, seed=i))
    x = noise(10, 6, seed=5)
    before, answers = weight_matrices(model), model(x)
    persistence, deep = neural_persistence(before).mean, deep_graph_persistence(before)
    with torch.no_grad():
        model[0].weight[0] *= 10
        model[0].bias[0] *= 10
        model[2].weight[:, 0] /= 10
    assert torch.allclose(model(x), answers)
    assert abs(neural_persistence(weight_matrices(model)).mean / persistence - 1) > 0.05
    assert abs(deep_graph_persistence(weight_matrices(model)) / deep - 1) > 0.05


def test_scale_of_all_weights_changes_nothing() -> None:
    layers = {"a": noise(7, 5), "b": noise(4, 7, seed=1)}
    scaled = {name: 8 * x for name, x in layers.items()}  # a power of two: no rounding
    assert neural_persistence(layers) == neural_persistence(scaled)
    assert deep_graph_persistence(layers) == pytest.approx(deep_graph_persistence(scaled), abs=1e-12)


def test_equal_zero_and_single_weights() -> None:
    assert neural_persistence(torch.full((4, 3), 0.2)).mean == 0
    assert neural_persistence(torch.ones(1, 1)).mean == 0
    assert neural_persistence(torch.zeros(4, 3)).mean == 1
    found = neural_persistence({"a": torch.zeros(4, 3), "b": torch.ones(2, 4)})
    assert found == (0.5, {"a": 1.0, "b": 0.0})
    assert deep_graph_persistence([torch.full((4, 3), 0.1), noise(2, 4)]) == 1
    # A layer of one output keeps all its weights.
    assert spanning_tree_weights(torch.tensor([[1.0, -3.0, 2.0]])).tolist() == [3.0, 2.0, 1.0]


def test_half_precision_and_gradients_are_left_alone() -> None:
    w = noise(6, 5).bfloat16().requires_grad_()
    found = spanning_tree_weights(w)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert torch.equal(found, spanning_tree_weights(w.detach().float()))


def test_convolutions_follow_each_other_by_channels() -> None:
    """Between channels the largest place of the kernel counts, and a channel's places behind a flattening."""
    first, second, linear = noise(4, 1, 3, 3), noise(5, 4, 3, 3, seed=1), noise(3, 5 * 6, seed=2)
    reduced = [first.flatten(1), second.abs().amax((2, 3)), linear.abs().reshape(3, 5, 6).amax(2)]
    expected = deep_graph_persistence(reduced, standardise=False)
    assert deep_graph_persistence([first, second, linear], standardise=False) == pytest.approx(expected)


def test_pruning_up_to_the_bound_keeps_the_graph_in_one_piece() -> None:
    w = noise(30, 50)
    found = magnitude_pruning_bound(w)
    assert found.components == 1
    assert found.most == pytest.approx(1 - 79 / 1500)
    assert 0.5 < found.share < found.most
    kept = torch.where(w.abs() >= found.threshold, w, 0)
    assert magnitude_pruning_bound(kept).components == 1
    assert float((kept == 0).double().mean()) == pytest.approx(found.share)
    one_more = torch.where(w.abs() > found.threshold, w, 0)
    assert magnitude_pruning_bound(one_more) == (0.0, 0.0, found.most, 2)


def test_pruning_bound_where_everything_is_needed() -> None:
    assert magnitude_pruning_bound(noise(1, 9)).share == 0
    assert magnitude_pruning_bound(torch.zeros(2, 3)).components == 5


def test_when_training_would_stop() -> None:
    rising = [0.1, 0.2, 0.3, 0.4]
    assert persistence_plateau(rising, patience=1) is None
    assert persistence_plateau([*rising, 0.4, 0.4], patience=2) == 5
    assert persistence_plateau(rising, least_rise=0.15, patience=2) is None  # 0.1, 0.3: every other check rises enough
    assert persistence_plateau(rising, least_rise=0.5, patience=2) == 2
    assert persistence_plateau([0.5, 0.1, 0.1, 0.2, 0.3, 0.3, 0.3], patience=2, burn_in=2) == 6
    assert persistence_plateau([], patience=2) is None
    with pytest.raises(ValueError, match="patience must be at least 1 check, got 0"):
        persistence_plateau(rising, patience=0)
    with pytest.raises(ValueError, match="got NaN at check 1"):
        persistence_plateau([0.1, math.nan])


def test_refused() -> None:
    good = torch.ones(2, 2)
    with pytest.raises(ValueError, match=r"must have shape \(out, in\).*got \(3,\)"):
        spanning_tree_weights(torch.ones(3))
    with pytest.raises(ValueError, match="at least one entry"):
        spanning_tree_weights(torch.ones(0, 3))
    with pytest.raises(ValueError, match="contains NaN"):
        neural_persistence({"a": good, "b": good * torch.nan})
    with pytest.raises(ValueError, match="contains infinite entries"):
        deep_graph_persistence([good / 0])
    with pytest.raises(TypeError, match="floating-point tensor, got torch.int64"):
        magnitude_pruning_bound(torch.ones(2, 2, dtype=torch.int64))
    with pytest.raises(TypeError, match=r"got Linear; of a module take probes.weight_matrices"):
        neural_persistence(nn.Linear(2, 2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one layer"):
        neural_persistence({})
    with pytest.raises(ValueError, match='scale must be "network" or "layer"'):
        neural_persistence(good, scale="model")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'layer 1' has 5 inputs, which is no multiple of the 2 outputs of 'layer 0'"):
        deep_graph_persistence([good, torch.ones(3, 5)])
