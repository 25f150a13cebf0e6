"""Neurons that could be pruned: planted copies, independent neurons, rarely active ones, bad input."""

import json
import math
import os

import pytest
import torch

from topolens.analyses import CARDS, neuron_redundancy

SEEDS = 200 if os.environ.get("TOPOLENS_EXHAUSTIVE") == "1" else 60


def noise(samples: int = 200, neurons: int = 30, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, neurons, generator=torch.Generator().manual_seed(seed))


def with_copies() -> torch.Tensor:
    x = torch.relu(noise())
    x[:, 5], x[:, 11] = -3 * x[:, 2] + 1, x[:, 2] + 0.01 * noise(seed=1)[:, 0]
    x[:, 17] = 0.5 * x[:, 9]
    return x


def test_planted_copies_are_listed_with_what_stands_in_for_them():
    finding = neuron_redundancy({"fc": with_copies(), "clean": noise(seed=3)}, {"fc": noise(seed=4)})
    assert finding.verdict == "redundant"
    rows = finding.tables["candidates"].rows
    assert len(rows) == finding.numbers["redundant"].value == 3
    gone, kept = {row[1] for row in rows}, {row[2] for row in rows}
    assert gone | kept == {2, 5, 11, 9, 17}
    assert len(gone & {2, 5, 11}) == 2
    assert {row[0] for row in rows} == {"fc"}
    assert all(abs(row[3]) > 0.99 and row[4] > 0.95 for row in rows)
    assert finding.numbers["clusters"].value == 57
    assert finding.numbers["share"].reference == 0
    assert finding.numbers["share"].interval[0] <= 3 / 60 <= finding.numbers["share"].interval[1]
    assert finding.numbers["largest"].p_value == pytest.approx(1 / 20)
    assert finding.series["levels"].curves["network"][-10] == pytest.approx(3 / 60)
    assert json.dumps(finding.to_json(), allow_nan=False)


@pytest.mark.parametrize(("samples", "level"), [(200, 0.95), (200, 0.2), (12, 0.5), (40, 0.95)])
def test_independent_neurons_are_not_redundant_at_the_stated_level(samples, level):
    found = [neuron_redundancy(noise(samples, 20, seed), seed=seed, level=level, draws=2) for seed in range(SEEDS)]
    wrong = sum(finding.verdict == "redundant" for finding in found)
    assert wrong <= 0.05 * SEEDS + 2 * math.sqrt(0.05 * 0.95 * SEEDS)


def test_neurons_that_hardly_fire_are_set_apart():
    fires = (torch.rand(400, 40, generator=torch.Generator().manual_seed(0)) < 0.004).float()
    finding = neuron_redundancy(torch.cat([noise(400), fires], 1))
    assert finding.verdict == "not redundant"
    assert finding.numbers["rare"].value + finding.numbers["constant"].value == 40
    assert any("fewer than 10 samples" in warning for warning in finding.warnings)
    both = torch.cat([noise(400), (fires * 0).index_fill(0, torch.arange(20), 1.0)], 1)
    assert neuron_redundancy(both).numbers["redundant"].value == 39


def test_few_samples_raise_the_level():
    finding = neuron_redundancy(noise(10, 60), level=0.5)
    assert finding.numbers["needed"].value > 0.8
    assert any("raised from 0.5" in warning for warning in finding.warnings)


def test_renumbering_and_rescaling_neurons_changes_nothing():
    x = with_copies().double()
    order = torch.randperm(30, generator=torch.Generator().manual_seed(2))
    scale = torch.exp(torch.randn(30, generator=torch.Generator().manual_seed(3), dtype=torch.float64))
    first, second = neuron_redundancy(x), neuron_redundancy((x * scale)[:, order])
    assert first.verdict == second.verdict
    for name, number in first.numbers.items():
        assert number.value == pytest.approx(second.numbers[name].value), name
    ours = {frozenset(row[1:3]) for row in first.tables["candidates"].rows}
    theirs = {frozenset(order[list(row[1:3])].tolist()) for row in second.tables["candidates"].rows}
    assert {pair for pair in ours if 9 in pair} == {pair for pair in theirs if 9 in pair} == {frozenset({9, 17})}
    assert set().union(*ours) == set().union(*theirs)
    assert CARDS["neuron_redundancy"].relu_rescaling == "unchanged"


def test_wide_layers_are_thinned_with_a_word():
    finding = neuron_redundancy({"wide": noise(100, 80)}, neurons=50)
    assert any("only a draw of neurons was looked at: wide" in warning for warning in finding.warnings)


@pytest.mark.parametrize("x", [noise(9), noise(50, 1), torch.ones(50, 30), torch.zeros(0, 8)])
def test_too_little_is_not_defined(x):
    finding = neuron_redundancy(x)
    assert finding.verdict == "not defined"
    assert finding.answer.startswith("Not defined")
    assert json.dumps(finding.to_json(), allow_nan=False)


def test_constant_neurons_are_counted_and_no_copies():
    x = noise()
    x[:, :4] = 2.5
    finding = neuron_redundancy(x)
    assert finding.verdict == "not redundant"
    assert finding.numbers["constant"].value == 4


@pytest.mark.parametrize(
    ("activations", "settings", "words"),
    [
        (noise() * torch.nan, {}, "activations contains NaN"),
        ({"a": noise(20), "b": noise(30)}, {}, "same samples"),
        (noise(), {"level": 1.5}, "level=1.5"),
        (noise(), {"nulls": 0}, "nulls=0"),
    ],
)
def test_refused_in_one_sentence(activations, settings, words):
    with pytest.raises(ValueError, match=words):
        neuron_redundancy(activations, **settings)
