"""Correlations of neurons, their bars and summaries: by hand, against scipy, and under what must leave them alone."""

import math

import numpy as np
import pytest
import torch

import topolens as tl
from topolens.measures import (
    bar_summary,
    correlation_dissimilarity,
    correlation_persistence,
    neuron_correlation,
    varying_neurons,
)


def mixed(samples: int = 200, neurons: int = 12, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(samples, 4, generator=generator, dtype=torch.float64)
    loads = torch.randn(4, neurons, generator=generator, dtype=torch.float64)
    return torch.relu(hidden @ loads + torch.randn(samples, neurons, generator=generator, dtype=torch.float64))


def ring(samples: int, neurons: int, seed: int = 0, noise: float = 0.3) -> torch.Tensor:
    """Neurons tuned to directions all round a circle."""
    generator = torch.Generator().manual_seed(seed)
    shown = 2 * math.pi * torch.rand(samples, 1, generator=generator, dtype=torch.float64)
    liked = 2 * math.pi * torch.arange(neurons, dtype=torch.float64) / neurons
    tuned = torch.exp(4 * (torch.cos(shown - liked) - 1))
    return tuned + noise * tuned.std() * torch.randn(samples, neurons, generator=generator, dtype=torch.float64)


def test_correlation_is_that_of_numpy():
    x = mixed()
    assert torch.allclose(neuron_correlation(x), torch.from_numpy(np.corrcoef(x.T)))
    assert torch.allclose(correlation_dissimilarity(x), 1 - torch.from_numpy(np.corrcoef(x.T)).abs())


def test_single_precision_with_large_offsets_is_taken_in_double():
    x = mixed()
    assert torch.allclose(neuron_correlation((x + 1000).float()), neuron_correlation(x), atol=1e-3)
    for scale in (1e-200, 1e200):
        assert torch.allclose(neuron_correlation(x * scale), neuron_correlation(x))


def test_copies_are_at_nought_and_constants_at_one():
    x = mixed()
    x[:, 3], x[:, 4], x[:, 5] = 2 * x[:, 0] + 1, -x[:, 0], 0.1
    d = correlation_dissimilarity(x)
    assert d[0, 3] == pytest.approx(0, abs=1e-12)
    assert d[0, 4] == pytest.approx(0, abs=1e-12)
    assert (d[5] == torch.ones(12).index_fill(0, torch.tensor([5]), 0)).all()
    assert torch.equal(d, d.T)
    assert torch.equal(d.diagonal(), torch.zeros(12, dtype=torch.float64))
    assert varying_neurons(x).tolist() == [i != 5 for i in range(12)]


def test_rounding_of_a_constant_is_no_variation():
    x = torch.full((10, 2), 0.1)
    x[3, 0] = torch.nextafter(x[3, 0], torch.tensor(1.0))
    assert varying_neurons(x).tolist() == [False, False]
    assert not varying_neurons(torch.zeros(0, 3)).any()


def test_renumbering_permutes_and_scaling_changes_nothing():
    x = mixed()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    d = correlation_dissimilarity(x)
    assert torch.allclose(correlation_dissimilarity(x[:, order]), d[order][:, order])
    scales = torch.exp(torch.randn(12, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 3)
    assert torch.allclose(correlation_dissimilarity(x * scales), d)
    bars, scaled = (correlation_persistence(y).intervals for y in (x, (x * scales)[:, order]))
    assert torch.allclose(bars[bars[:, 1].argsort()], scaled[scaled[:, 1].argsort()])


def test_a_ring_of_neurons_is_one_long_bar():
    bars = correlation_persistence(ring(500, 60)).of_dim(1).longest(2)[0]
    assert bars[0] > 0.4
    assert bars[1] < 0.1


def test_gradients_flow_to_neurons_that_vary():
    x = mixed(20, 5)
    x[:, 2] = 1.0
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(correlation_persistence(x).of_dim(0).finite().persistence.sum(), x)
    assert torch.isfinite(gradient).all()
    assert (gradient[:, 2] == 0).all()
    assert gradient.abs().sum() > 0
    assert torch.autograd.gradcheck(correlation_dissimilarity, mixed(8, 4).requires_grad_())


def test_a_budget_cuts_and_the_cut_is_marked():
    x = torch.randn(200, 150, generator=torch.Generator().manual_seed(0))
    cut = correlation_persistence(x, budget=1e-6)
    assert cut.max_scale < 1
    assert cut.censored.any()
    short = correlation_persistence(x, max_scale=0.8)
    assert short.max_scale == 0.8
    assert bar_summary(short, 0, 150).mean_death == pytest.approx(
        correlation_persistence(x).of_dim(0).finite().intervals[:, 1].clamp(max=0.8).mean()
    )


def test_summaries_are_those_of_their_formulas():
    diagram = tl.Diagrams.from_intervals([{0: [[0, 1], [0, 3], [0, math.inf]], 1: [[1, 2], [2, 6]]}], torch.float64)
    one = bar_summary(diagram, 1)
    assert one.bars == 2
    assert (one.mean_birth, one.std_birth, one.mean_death, one.std_death) == (1.5, 0.5, 4, 2)
    assert (one.mean_life, one.std_life, one.longest_life, one.total_life) == (2.5, 1.5, 4, 5)
    assert (one.mean_midlife, one.std_midlife) == (2.75, 1.25)
    assert one.mean_midlife != 4 + 1.5 / 2  # what the published code gives
    assert one.entropy == pytest.approx(-(0.2 * math.log(0.2) + 0.8 * math.log(0.8)))
    assert bar_summary(diagram, 1, min_life=2).bars == 1
    nought = bar_summary(diagram, 0, neurons=5)
    assert nought.bars == 4
    assert nought.mean_death == 1
    assert bar_summary(diagram, 0).mean_death == 2


def test_no_bars_have_no_means():
    empty = bar_summary(correlation_persistence(mixed(20, 1)), 1)
    assert empty.bars == 0
    assert math.isnan(empty.mean_life)
    assert empty.longest_life == empty.total_life == empty.entropy == 0


def test_refused():
    x = mixed()
    with pytest.raises(ValueError, match="activations contains NaN"):
        correlation_dissimilarity(x * torch.nan)
    with pytest.raises(ValueError, match="infinite values; clip them"):
        correlation_dissimilarity(x.index_fill(0, torch.tensor([0]), math.inf))
    with pytest.raises(ValueError, match=r"shape \(samples, neurons\)"):
        neuron_correlation(x[0])
    with pytest.raises(ValueError, match="one diagram, got 2"):
        bar_summary(tl.Diagrams.from_intervals([{}, {}]), 0)
