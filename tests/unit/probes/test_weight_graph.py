"""The graph of layers: what is read from code, the strongest paths through it, and what is refused."""

import copy
import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from topolens.analyses import weight_topology
from topolens.measures import deep_graph_persistence
from topolens.measures.path_strengths import path_strengths
from topolens.probes import weight_graph, weight_matrices
from topolens.studies.zoo import MEMBERS, network_of
from topolens.studies.zoo_blocks import Add, Branches


def strengths(model: nn.Module) -> torch.Tensor:
    layers = weight_matrices(model)
    return path_strengths(layers, standardise=False, graph=weight_graph(model, layers))


def by_enumeration(*paths: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """Strongest of all paths, each a chain of magnitudes (out, in), first layer first."""
    found = []
    for path in paths:
        sizes = [path[0].shape[1], *(len(x) for x in path)]
        best = torch.zeros(sizes[-1], sizes[0], dtype=torch.float64)
        for nodes in itertools.product(*map(range, sizes)):
            weakest = min(float(x[b, a].abs()) for x, (a, b) in zip(path, itertools.pairwise(nodes), strict=True))
            best[nodes[-1], nodes[0]] = max(best[nodes[-1], nodes[0]], weakest)
        found.append(best)
    return torch.stack(found).amax(0)


def test_a_chain_is_what_it_was() -> None:
    for name in ("mlp", "cnn", "volumetric", "dqn"):
        model = network_of(next(member for member in MEMBERS if member.name == name))
        layers = weight_matrices(model)
        graph = weight_graph(model, layers)
        assert [joint.kind for joint in graph] == ["input"] + ["weight"] * len(layers)
        torch.testing.assert_close(path_strengths(layers, graph=graph), path_strengths(layers))


def test_a_shortcut_by_hand() -> None:
    """2 inputs, 2 hidden neurons, 1 output; the inner layer weakens paths, the shortcut round it does not."""
    model = nn.Sequential(nn.Linear(2, 2), Add(nn.Linear(2, 2)), nn.Linear(2, 1))
    for layer, weight in zip(
        (model[0], model[1].inner, model[2]),
        ([[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.05], [0.5, 0.4]], [[0.1, 0.7]]),
        strict=True,
    ):
        layer.weight.data = torch.tensor(weight)
    # round: input 0 -> hidden 1 (0.2) -> out (0.7); inside: input 0 -> hidden 0 (0.9) -> hidden 1 (0.5) -> out (0.7)
    torch.testing.assert_close(strengths(model), torch.tensor([[0.5, 0.7]], dtype=torch.float64))


def test_shortcuts_and_branches_against_every_path() -> None:
    torch.manual_seed(0)
    first, inner, skip, last = nn.Linear(3, 4), nn.Linear(4, 5), nn.Linear(4, 5), nn.Linear(5, 2)
    a, b, c, d = (layer.weight.detach() for layer in (first, inner, skip, last))
    found = strengths(nn.Sequential(first, Add(inner, skip), last))
    torch.testing.assert_close(found, by_enumeration((a, b, d), (a, c, d)))
    end = nn.Linear(10, 2)
    model = nn.Sequential(first, nn.ReLU(), Branches([inner, skip]), end)
    e = end.weight.detach()
    torch.testing.assert_close(strengths(model), by_enumeration((a, b, e[:, :5]), (a, c, e[:, 5:])))


def test_groups_and_kernels() -> None:
    torch.manual_seed(0)
    first, deep, last = nn.Conv2d(2, 4, 1), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 2, 1)
    dense = torch.zeros(4, 4)
    dense[:2, :2], dense[2:, 2:] = (deep.weight.detach().abs().amax((2, 3))[place] for place in (slice(2), slice(2, 4)))
    found = strengths(nn.Sequential(first, deep, last))
    torch.testing.assert_close(
        found, by_enumeration((first.weight.detach()[..., 0, 0], dense, last.weight.detach()[..., 0, 0]))
    )


class Residual(nn.Module):
    """As ResNets are written: in-place ReLU, a sum, a flattened mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.inner, self.fc, self.relu = nn.Conv2d(4, 4, 3, padding=1), nn.Linear(4, 3), nn.ReLU(inplace=True)
        self.seen: torch.Tensor | None = None
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        x = self.relu(self.norm(self.stem(x)))
        self.seen = x
        x = functional.max_pool2d(self.relu(self.inner(x)) + x, 2)
        return self.fc(functional.adaptive_avg_pool2d(x, 1).view(x.size(0), -1))


def test_the_network_is_not_changed() -> None:
    model = Residual()
    before = copy.deepcopy(model.state_dict())
    kinds = [joint.kind for joint in weight_graph(model, weight_matrices(model))]
    assert kinds == ["input", "weight", "weight", "sum", "weight"]
    assert model.seen is None
    assert all(torch.equal(x, before[name]) for name, x in model.state_dict().items())
    assert model.training


class Uses(nn.Module):
    """One linear layer, and a function of it and the input."""

    def __init__(self, function) -> None:
        super().__init__()
        self.layer, self.function = nn.Linear(4, 4), function

    def forward(self, x):
        return self.function(self.layer, x)


REFUSED = {
    "'transpose'": lambda layer, x: layer(x).transpose(1, 2),
    "'matmul'": lambda layer, x: torch.matmul(layer(x), layer(x)),
    "'mean' in its code may run over channels": lambda layer, x: layer(x).mean(1),
    "torch.fx": lambda layer, x: layer(x) if x.sum() > 0 else x,
    "in several parts": lambda layer, x: (layer(x), x),
    "layer.weight is used outside": lambda layer, x: functional.linear(x, layer.weight),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused(reason) -> None:
    with pytest.raises(ValueError, match=reason):
        weight_graph(Uses(REFUSED[reason]), ["layer"])


def test_paths_without_weights_are_refused() -> None:
    model = Uses(lambda layer, x: layer(x) + x)
    layers = weight_matrices(model)
    with pytest.raises(ValueError, match="a path from an input to the output meets no weights"):
        deep_graph_persistence(layers, graph=weight_graph(model, layers))


def test_the_finding_follows_shortcuts_or_says_why_not() -> None:
    model = Residual()
    found = weight_topology(model, permutations=2)
    layers = weight_matrices(model)
    expected = deep_graph_persistence(layers, graph=weight_graph(model, layers))
    assert found.numbers["deep_graph_persistence"].value == pytest.approx(expected)
    assert found.numbers["deep_graph_persistence"].value != pytest.approx(deep_graph_persistence(layers))
    assert not any("chain" in warning for warning in found.warnings)
    stored = weight_topology(model.state_dict(), permutations=2)
    assert any("shortcuts do not stand in a file of weights" in warning for warning in stored.warnings)
    refused = weight_topology(Uses(lambda layer, x: layer(x).transpose(1, 2)), permutations=2)
    assert "deep_graph_persistence" not in refused.numbers
    assert any("is not given: channels cannot be followed through 'transpose'" in w for w in refused.warnings)
