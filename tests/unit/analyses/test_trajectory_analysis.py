"""The path of a run against random walks: walks are not called anything else, drifts and confined runs are."""

import os

import pytest
import torch
from torch import Tensor

from topolens.analyses import ANALYSES, CARDS, trajectory
from topolens.measures import lifetime_sum, magnitude

SEEDS = 200 if os.environ.get("TOPOLENS_EXHAUSTIVE") else 40


def walk(seed: int, moments: int = 20, axes: int = 30) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(moments, axes, generator=generator) * torch.linspace(1, 0.2, moments)[:, None]
    return steps.cumsum(0)


def around_a_minimum(pull: float = 0.7) -> Tensor:
    steps, places = torch.randn(30, 30, generator=torch.Generator().manual_seed(0)), []
    place = torch.zeros(30)
    for step in steps:
        place = (1 - pull) * place + step
        places.append(place)
    return torch.stack(places)


@pytest.mark.parametrize("axes", [2, 30])
def test_false_positives_on_random_walks(axes: int) -> None:
    """At level 0.05 the count exceeds this bound with a probability below 0.001."""
    found = [trajectory(walk(seed, 15, axes), draws=2, seed=seed).verdict for seed in range(SEEDS)]
    assert sum(verdict != "like a random walk" for verdict in found) <= 0.05 * SEEDS + 3.5 * (0.05 * SEEDS) ** 0.5


def test_a_run_that_goes_somewhere_is_wider() -> None:
    found = trajectory(walk(0) + 3 * torch.arange(20.0)[:, None])
    assert found.verdict == "wider than a random walk"
    assert found.numbers["magnitude.weights"].value > found.numbers["magnitude.weights"].reference
    assert found.numbers["magnitude.weights"].p_value == pytest.approx(0.05)


def test_a_tree_that_is_the_path_itself_says_nothing() -> None:
    """A straight line and a walk in many dimensions have their steps as tree edges, up to the last digits."""
    found = trajectory(walk(0, axes=2000) + 10 * torch.arange(20.0)[:, None])
    assert found.numbers["lifetime_sum.weights"].p_value == 1
    assert found.numbers["ph_dimension.weights"].value < found.numbers["ph_dimension.weights"].reference


def test_a_run_around_a_minimum_is_tighter() -> None:
    found = trajectory(around_a_minimum())
    assert found.verdict == "tighter than a random walk"
    assert found.numbers["lifetime_sum.weights"].value < found.numbers["lifetime_sum.weights"].reference


def test_numbers_are_those_of_the_measures() -> None:
    x = walk(1)
    distances = torch.cdist(x.double(), x.double())
    found = trajectory(x, alpha=0.5, scale=0.1)
    assert found.numbers["lifetime_sum.weights"].value == pytest.approx(lifetime_sum(distances, 0.5))
    assert found.numbers["magnitude.weights"].value == pytest.approx(magnitude(distances, 0.1))
    assert trajectory in ANALYSES
    assert [row[0] for row in found.tables["quantities"].rows] == [*found.numbers]
    assert found.to_json()["verdict"] == found.verdict


def test_a_walk_has_dimension_two() -> None:
    found = trajectory(walk(0, 120, 500) / torch.linspace(1, 0.2, 120).mean(), walks=1)
    assert found.numbers["ph_dimension.weights"].value == pytest.approx(2, rel=0.25)


def test_losses_beside_weights() -> None:
    losses = walk(3).abs()
    found = trajectory(walk(0), losses)
    assert {name.split(".")[1] for name in found.numbers} == {"weights", "losses"}
    assert found.numbers["lifetime_sum.losses"].value > 0
    still = trajectory(walk(0), torch.ones(20, 3))
    assert "magnitude.losses" not in still.numbers
    assert any("losses are the same" in w for w in still.warnings)


def test_same_seed_same_finding() -> None:
    assert trajectory(walk(0), seed=5).numbers == trajectory(walk(0), seed=5).numbers
    assert trajectory(walk(0), seed=5).numbers != trajectory(walk(0), seed=6).numbers


def test_renumbering_and_rescaling_as_the_card_says() -> None:
    x, losses = walk(0), walk(3).abs()
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    found, other = trajectory(x, losses), trajectory(x[:, order], losses)
    scaled = trajectory(x * torch.cat([torch.full((15,), 5.0), torch.full((15,), 0.2)]), losses)
    assert CARDS["trajectory"].neuron_permutation.startswith("unchanged")
    assert other.verdict == found.verdict
    for name, number in found.numbers.items():
        assert other.numbers[name].value == pytest.approx(number.value, rel=1e-6)
        assert (scaled.numbers[name] == number) == name.endswith("losses")


def test_not_defined() -> None:
    assert trajectory(walk(0, 9)).answer == "Not defined: 9 moments are too few, 10 or more are needed."
    still = trajectory(torch.ones(20, 4))
    assert still.verdict == "not defined"
    assert still.answer == "Not defined: the weights are the same at all moments."
    assert any("nothing can reach the level" in w for w in trajectory(walk(0), walks=9).warnings)


def test_refused() -> None:
    with pytest.raises(ValueError, match="weights contains NaN"):
        trajectory(torch.full((20, 3), torch.nan))
    with pytest.raises(ValueError, match="weights must hold finite numbers"):
        trajectory(torch.full((20, 3), torch.inf))
    with pytest.raises(ValueError, match=r"weights must have shape \(moments, parameters\)"):
        trajectory(torch.zeros(20))
    with pytest.raises(TypeError, match="weights must be a floating-point tensor"):
        trajectory(torch.zeros(20, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="losses must hold a row for each of 20 moments, got 3"):
        trajectory(walk(0), torch.zeros(3, 4))
    with pytest.raises(ValueError, match="alpha must be above 0"):
        trajectory(walk(0), alpha=0)
    with pytest.raises(ValueError, match="scale must be above 0"):
        trajectory(walk(0), scale=-1)
    with pytest.raises(ValueError, match="there must be 1 walk and 2 draws"):
        trajectory(walk(0), walks=0)
