"""Drawing neurons: who is drawn, how often, and that numbering and scale do not matter where they should not."""

import pytest
import torch

from topolens.measures import sample_neurons


def activations(samples: int = 50, neurons: int = 30, seed: int = 0) -> torch.Tensor:
    return torch.randn(samples, neurons, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sampling", ["importance", "stratified", "uniform"])
def test_draws_are_neurons_without_repeats_by_seed(sampling):
    layers = {"a": activations(), "b": activations(seed=1)}
    drawn = sample_neurons(layers, 20, sampling, seed=3)
    assert len(drawn.unique()) == 20
    assert torch.equal(drawn, drawn.sort().values)
    assert int(drawn.max()) < 60
    assert torch.equal(drawn, sample_neurons(layers, 20, sampling, seed=3))
    assert not torch.equal(drawn, sample_neurons(layers, 20, sampling, seed=4))
    assert sample_neurons(layers, 60, sampling).tolist() == list(range(60))
    assert sample_neurons(layers, 999, sampling).tolist() == list(range(60))


@pytest.mark.parametrize("sampling", ["importance", "stratified", "uniform"])
def test_renumbered_neurons_are_the_same_draw(sampling):
    x = activations()
    order = torch.randperm(30, generator=torch.Generator().manual_seed(5))
    drawn, renumbered = sample_neurons(x, 10, sampling), sample_neurons(x[:, order], 10, sampling)
    assert sorted(order[renumbered].tolist()) == drawn.tolist()


def test_scale_matters_for_importance_alone():
    x, scales = activations(), torch.linspace(0.1, 30, 30)
    for sampling in ("stratified", "uniform"):
        assert torch.equal(sample_neurons(x * scales, 10, sampling), sample_neurons(x, 10, sampling))
    assert int((sample_neurons(x * scales, 10) >= 20).sum()) > int((sample_neurons(x, 10) >= 20).sum())


def test_winners_come_first_and_the_rest_share_one_sample():
    x = torch.zeros(100, 50)
    x[:60, 7], x[60:, 9] = 1.0, -2.0
    draws = [set(sample_neurons(x, 3, seed=seed).tolist()) for seed in range(200)]
    both = sum({7, 9} <= draw for draw in draws)
    assert both > 180
    rest = torch.tensor([neuron for draw in draws for neuron in draw - {7, 9}])
    assert len(rest.unique()) > 40


def test_every_neuron_a_winner_is_no_fault():
    drawn = [int(sample_neurons(torch.eye(4) * 3, 1, seed=seed)) for seed in range(200)]
    assert torch.tensor(drawn).bincount(minlength=4).min() > 25


def test_each_layer_has_its_share():
    layers = {"a": activations(neurons=100), "b": activations(neurons=50), "c": activations(neurons=2)}
    drawn = sample_neurons(layers, 31, "stratified")
    counts = [int(((drawn >= low) & (drawn < high)).sum()) for low, high in ((0, 100), (100, 150), (150, 152))]
    assert sum(counts) == 31
    assert counts[2] == 1
    assert counts[0] in (19, 20, 21)
    many = {str(i): activations(neurons=3) for i in range(9)}
    assert len(sample_neurons(many, 4, "stratified")) == 4


def test_refused():
    with pytest.raises(ValueError, match="same samples"):
        sample_neurons({"a": activations(), "b": activations(samples=4)}, 3)
    with pytest.raises(ValueError, match="got 0 and 'importance'"):
        sample_neurons(activations(), 0)
    with pytest.raises(ValueError, match="one of .*, got 3 and 'best'"):
        sample_neurons(activations(), 3, "best")
    with pytest.raises(ValueError, match="NaN"):
        sample_neurons(activations() * torch.nan, 3)
