import json
import math
import os
from collections.abc import Callable

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from topolens.analyses import ANALYSES, CARDS, Finding, weight_nulls, weight_spectra, weight_topology
from topolens.analyses.weight_nulls import moved_p_values, shuffled, shuffled_trees
from topolens.measures import spanning_tree_weights

BOTH = (weight_topology, weight_spectra)
BEYOND = {"weight_topology": "beyond the weight distribution", "weight_spectra": "directions above the bulk"}
NOTHING = {"weight_topology": "only the weight distribution", "weight_spectra": "bulk only"}
SEEDS = 300 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 40
both = pytest.mark.parametrize("analysis", BOTH)


def random_network(seed: int, heavy: bool = False) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    layers = {"a": torch.randn(20, 12, generator=generator), "b": torch.randn(6, 20, generator=generator)}
    return {name: x**3 if heavy else x for name, x in layers.items()}


def planted(seed: int = 0) -> dict[str, Tensor]:
    """Some neurons of the first layer have far larger weights than others, with one direction in common."""
    layers = random_network(seed)
    return {**layers, "a": (layers["a"] + 1.5 * layers["b"][0, :12]) * torch.linspace(0.05, 2, 20)[:, None] ** 2}


def same(one: Finding, other: Finding) -> bool:
    """Whether all is the same but seconds and memory."""
    a, b = ({k: v for k, v in f.to_json().items() if k != "provenance"} for f in (one, other))
    return bool(a == b)


@both
@pytest.mark.parametrize("heavy", [False, True])
def test_false_positives_on_random_weights(analysis: Callable[..., Finding], heavy: bool) -> None:
    """At level 1 / 21 the count exceeds this bound with a probability below 0.001."""
    found = sum(analysis(random_network(seed, heavy)).verdict == BEYOND[analysis.__name__] for seed in range(SEEDS))
    assert found <= SEEDS / 21 + 3.5 * (SEEDS / 21) ** 0.5


def test_level_of_the_p_values_over_many_rows() -> None:
    """A row is called moved in one of twenty draws, however many rows there are."""
    generator, draws, hits = torch.Generator().manual_seed(0), 2000, 0
    for _ in range(draws):
        values = (torch.randn(20, 5, generator=generator) * torch.tensor([1, 2, 3, 4, 5.0]) + 7).tolist()
        hits += min(p for p in moved_p_values(values[0], values[1:]) if p is not None) <= 0.05
    assert abs(hits / draws - 0.05) < 3.5 * (0.05 * 0.95 / draws) ** 0.5


def test_rows_that_cannot_move_have_no_p_value() -> None:
    assert moved_p_values([1.0, 5.0], [[1.0, 1.0], [1.0, 2.0], [1.0, 1.5]])[0] is None
    down = moved_p_values([-9.0], [[1.0], [2.0], [3.0]])
    assert down == [0.25]
    assert moved_p_values([-9.0], [[1.0], [2.0], [3.0]], upwards_only=True) == [1.0]


@both
def test_planted_structure_is_found(analysis: Callable[..., Finding]) -> None:
    for seed in range(5):
        found = analysis(planted(seed), seed=seed)
        assert found.verdict == BEYOND[analysis.__name__]
        rows = {row[0]: row[-1] for row in found.tables["layers"].rows}
        assert rows["a"] == found.verdict
        assert rows["b"] == NOTHING[analysis.__name__]


def test_planted_directions_are_counted() -> None:
    generator = torch.Generator().manual_seed(0)
    sides, axes = (torch.linalg.qr(torch.randn(n, 4, generator=generator)).Q for n in (60, 80))
    weight = 0.1 * torch.randn(60, 80, generator=generator) + sides @ torch.diag(torch.tensor([9.0, 8, 7, 6])) @ axes.T
    found = weight_spectra(weight)
    assert found.numbers["above_bulk"].value == found.numbers["above_bulk.weight"].value == 4
    assert "4 of 60 singular values" in found.answer


@both
def test_a_trained_network_is_told_from_its_untrained_twin(analysis: Callable[..., Finding]) -> None:
    digits = load_digits()
    x, y = torch.tensor(digits.data).float() / 16, torch.tensor(digits.target)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        twin = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    model.load_state_dict(twin.state_dict())
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
    trained, untrained = analysis(model, twin=twin), analysis(twin, twin=twin)
    assert trained.verdict == BEYOND[analysis.__name__]
    assert untrained.verdict == NOTHING[analysis.__name__]
    assert not any("No untrained twin" in w for w in trained.warnings)
    if analysis is weight_topology:
        persistence = untrained.numbers["neural_persistence"].value
        assert trained.numbers["untrained_neural_persistence"].value == persistence
        assert trained.numbers["deep_graph_persistence"].value > 2 * untrained.numbers["deep_graph_persistence"].value


@both
def test_renumbering_neurons_as_the_card_says(analysis: Callable[..., Finding]) -> None:
    layers = planted()
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    found, other = analysis(layers), analysis({"a": layers["a"][order], "b": layers["b"][:, order]})
    assert CARDS[analysis.__name__].neuron_permutation.startswith("unchanged")
    if analysis is weight_topology:
        assert same(found, other)
    assert found.verdict == other.verdict
    for name, number in found.numbers.items():
        assert other.numbers[name].value == pytest.approx(number.value, rel=1e-5)
        assert other.numbers[name].p_value == number.p_value


@both
def test_rescaling_relu_neurons_as_the_card_says(analysis: Callable[..., Finding]) -> None:
    """The same function, and another verdict: the card warns of it."""
    layers = random_network(0)
    factor = torch.ones(20)
    factor[:5] = 20.0
    scaled = {"a": layers["a"] * factor[:, None], "b": layers["b"] / factor}
    assert CARDS[analysis.__name__].relu_rescaling.startswith("changes all numbers")
    assert analysis(layers).verdict == NOTHING[analysis.__name__]
    assert analysis(scaled).verdict == BEYOND[analysis.__name__]


@both
def test_same_seed_same_finding(analysis: Callable[..., Finding]) -> None:
    layers = random_network(3)
    before = {name: x.clone() for name, x in layers.items()}
    done: list[float] = []
    assert same(analysis(layers, seed=4, progress=done.append), analysis(layers, seed=4))
    assert not same(analysis(layers, seed=4), analysis(layers, seed=5))
    assert all(torch.equal(before[name], x) for name, x in layers.items())
    assert done[-1] == 1


@both
def test_where_nothing_can_move(analysis: Callable[..., Finding]) -> None:
    flat = torch.full((4, 3), 0.1)
    for weights in ({"a": torch.randn(1, 9)}, {"a": torch.zeros(3, 4)}, {"a": flat, "b": torch.ones(1, 4)}):
        found = analysis(weights)
        assert found.verdict == "not defined"
        assert found.answer.startswith("Not defined: ")
        json.dumps(found.to_json(), allow_nan=False)
    mixed = analysis({"a": planted()["a"], "b": torch.ones(1, 20)})
    rows = {row[0]: row[-1] for row in mixed.tables["layers"].rows}
    assert rows["b"] == "not defined"
    assert mixed.verdict == rows["a"] == BEYOND[analysis.__name__]


@both
def test_any_network(analysis: Callable[..., Finding]) -> None:
    model = nn.Sequential(
        *(nn.Conv1d(2, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv3d(4, 2, 2), nn.ConvTranspose2d(2, 3, 3)),
        *(nn.Flatten(), nn.Linear(27, 5), nn.LSTM(5, 4)),
    )
    found = analysis(model, permutations=19)
    from_state = analysis(nn.Sequential(model[0], model[1]).state_dict(), permutations=19)
    layers = [row[0] for row in found.tables["layers"].rows]
    assert layers[:5] == ["0", "1", "2", "3", "5"]
    assert [row[0] for row in from_state.tables["layers"].rows][:2] == ["0", "1"]
    assert found.name == analysis.__name__
    assert analysis in ANALYSES
    json.dumps(found.to_json(), allow_nan=False)


def test_where_branches_meet_there_is_no_chain() -> None:
    layers = {"a": torch.randn(4, 3), "shortcut": torch.randn(5, 3), "b": torch.randn(2, 5)}
    found = weight_topology(layers)
    assert "deep_graph_persistence" not in found.numbers
    assert any("the layers are no chain, shortcut has 3 inputs" in warning for warning in found.warnings)
    assert (
        weight_topology({"a": torch.randn(4, 3), "b": torch.randn(2, 4)}).tables["layers"].rows[-1][0]
        == "whole network"
    )


def test_shuffles_keep_the_entries() -> None:
    layers = {"a": torch.randn(5, 4), "b": torch.randn(3, 5).double()}
    draws = list(shuffled(layers, 3, seed=0))
    assert len(draws) == 3
    for draw in draws:
        for name, x in draw.items():
            assert x.shape == layers[name].shape
            assert x.dtype == layers[name].dtype
            assert torch.equal(x.flatten().sort().values, layers[name].flatten().sort().values)
            assert not torch.equal(x, layers[name])


@pytest.mark.parametrize("spare", [6, -1])  # the second draws too few places at first
def test_trees_of_shuffles_are_distributed_as_those_of_shuffled_weights(
    monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    monkeypatch.setattr(weight_nulls, "SPARE", spare)
    generator, draws = torch.Generator().manual_seed(0), 150
    layers = {"a": torch.randn(60, 100, generator=generator), "b": torch.randn(3, 4, generator=generator)}
    assert 100 * (math.log(160) + spare) < 1500  # so that a is drawn by its largest entries
    trees = list(shuffled_trees(layers, draws, seed=0))
    dense = [{n: spanning_tree_weights(x) for n, x in draw.items()} for draw in shuffled(layers, draws, seed=1)]
    for name, x in layers.items():
        ours, theirs = (torch.stack([draw[name] for draw in found]).double() for found in (trees, dense))
        assert ours.shape == (draws, sum(x.shape) - 1)
        assert bool((ours.diff() <= 0).all())
        assert bool(torch.isin(ours.float(), x.abs()).all())
        error = ((ours.var(0) + theirs.var(0)) / draws).sqrt().clamp_min(1e-12)
        assert float(((ours.mean(0) - theirs.mean(0)).abs() / error).max()) < 4.5


@both
def test_few_shuffles_and_refusals(analysis: Callable[..., Finding]) -> None:
    few = analysis(planted(), permutations=5)
    assert few.verdict == NOTHING[analysis.__name__]
    assert any("draw 19 or more" in warning for warning in few.warnings)
    good = random_network(0)
    with pytest.raises(ValueError, match="permutations must be at least 1, got 0"):
        analysis(good, permutations=0)
    with pytest.raises(ValueError, match="layer b contains NaN or infinite weights"):
        analysis({**good, "b": good["b"] * torch.nan})
    with pytest.raises(ValueError, match=r"layer a has no weights \(shape \(0, 3\)\)"):
        analysis({"a": torch.ones(0, 3)})
    with pytest.raises(ValueError, match="no floating-point weights"):
        analysis(nn.ReLU())
    with pytest.raises(ValueError, match="twin must have the layers of the network"):
        analysis(good, twin={"a": good["a"]})
    with pytest.raises(TypeError, match="got str"):
        analysis("weights.pt")


def test_many_entries_land_anywhere_as_often() -> None:
    """Shuffled by keys: each entry once, every quarter of them in every quarter of the places as chance has it."""
    flat = torch.arange(2.0**14).reshape(128, 128)
    for draw in shuffled({"a": flat}, 5, seed=0):
        found = draw["a"].flatten()
        assert torch.equal(found.sort().values, flat.flatten())
        counts = torch.bincount(4 * (found / 2**12).long() + torch.arange(2**14) // 2**12, minlength=16)
        assert bool(((counts - 1024).abs() < 5 * (1024 * 9 / 16) ** 0.5).all())
        assert int((found[1:] > found[:-1]).sum()) == pytest.approx(2**13, abs=5 * (2**14 / 12) ** 0.5)


def test_entries_below_zero_and_equal_ones_are_shuffled_too() -> None:
    x = torch.randn(100, 60, generator=torch.Generator().manual_seed(0))
    x[:50] = -1.5
    (draw,) = shuffled({"a": x}, 1, seed=3)
    assert torch.equal(draw["a"].flatten().sort().values, x.flatten().sort().values)
    assert 0.4 < float((draw["a"][:50] == -1.5).double().mean()) < 0.6
