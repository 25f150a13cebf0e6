"""Neurons as points: how far two are from saying the same, the bars of that, and the bars' summaries."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.diagrams import Diagrams
from topolens.filtrations import rips
from topolens.persistence import persistence


class BarSummary(NamedTuple):
    """Summaries of the finite bars of one homology dimension; NaN where there is no bar.

    Args:
        bars: How many there are.
        mean_birth, std_birth: Of births; standard deviations are those of the population.
        mean_death, std_death: Of deaths.
        mean_life: Of death - birth: the lambda of functional graphs.
        std_life: Of the same.
        mean_midlife: Of (birth + death) / 2: the mu of functional graphs. The published code has the mean of
            death + birth / 2 instead, since the division binds more strongly.
        std_midlife: Of the same.
        longest_life: The longest bar; 0 where there is none.
        total_life: Sum of the lives.
        entropy: Persistent entropy in nats.
    """

    bars: int
    mean_birth: float
    std_birth: float
    mean_death: float
    std_death: float
    mean_life: float
    std_life: float
    mean_midlife: float
    std_midlife: float
    longest_life: float
    total_life: float
    entropy: float


def varying_neurons(activations: Tensor) -> Tensor:
    """Which neurons vary at all, shape (neurons,), bool: their range exceeds what rounding leaves of a constant.

    Args:
        activations: Shape (samples, neurons).

    Raises:
        ValueError: If the shape is wrong, or an entry is NaN or infinite.
    """
    x = _checked(activations)
    if not len(x):
        return torch.zeros(x.shape[1], dtype=torch.bool, device=x.device)
    rounding = 8 * torch.finfo(x.dtype).eps
    return (x.amax(0) - x.amin(0)) > rounding * x.abs().amax(0)


def neuron_correlation(activations: Tensor) -> Tensor:
    """Pearson's correlation between neurons, shape (neurons, neurons), float64, symmetric, in [-1, 1].

    A constant neuron correlates with nothing: 0, and 1 with itself.

    Args:
        activations: Shape (samples, neurons).

    Raises:
        ValueError: If the shape is wrong, or an entry is NaN or infinite.

    Gradients: To the activations of all neurons that vary.
    Cost: a product of the activations with themselves; 8 bytes for each pair of neurons.
    """
    varies = varying_neurons(activations)
    x = activations.double()
    centred = torch.where(varies, x - x.mean(0), 0)
    # Scaled to a largest entry of 1 first: squares of tiny or huge activations would leave the range of numbers.
    centred = centred / torch.where(varies, centred.detach().abs().amax(0) if len(x) else 1.0, 1.0)
    unit = centred / torch.where(varies, torch.where(varies, centred, 1.0).square().sum(0), 1.0).sqrt()
    product = unit.T @ unit
    r = ((product + product.T) / 2).clamp(-1, 1)
    itself = torch.eye(len(r), dtype=torch.bool, device=r.device)
    return torch.where(itself, 1.0, r)


def correlation_dissimilarity(activations: Tensor) -> Tensor:
    """1 - abs(Pearson's correlation) between neurons, shape (neurons, neurons), float64, in [0, 1], with zero diagonal.

    Neurons that are the same up to scale, sign and offset are at 0. A constant neuron is at 1 from all others, as in
    the code of the source (its text drops such neurons: `varying_neurons` says which).

    Args:
        activations: Shape (samples, neurons). Scaling neurons by factors other than 0 changes nothing.

    Raises:
        ValueError: If the shape is wrong, or an entry is NaN or infinite.

    Gradients: To the activations of all neurons that vary; a choice where a correlation is 0.
    Cost: a product of the activations with themselves; 8 bytes for each pair of neurons.
    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 3.

    Example:
        >>> x = torch.tensor([[1.0, -2.0, 0.0], [2.0, -4.0, 1.0], [3.0, -6.0, 0.0]])
        >>> correlation_dissimilarity(x).round(decimals=6)
        tensor([[0., 0., 1.],
                [0., 0., 1.],
                [1., 1., 0.]], dtype=torch.float64)
    """
    return 1 - neuron_correlation(activations).abs()


def correlation_persistence(
    activations: Tensor, max_dim: int = 1, *, max_scale: float | None = None, budget: float | None = None
) -> Diagrams:
    """Bars of the Rips filtration of neurons by 1 - absolute correlation, one diagram in a batch of 1.

    Dimension 0 says how clusters of like neurons merge, dimension 1 where neurons go round in a cycle of likeness.

    Args:
        activations: Shape (samples, neurons).
        max_dim: Largest homology dimension.
        max_scale: Leave out pairs further apart, for instance 0.4 as in functional graphs. None: no limit.
        budget: Seconds on one thread, by an estimate made beforehand: what would take longer is cut off, see
            `persistence`. The estimate itself: `rips(distances=correlation_dissimilarity(x)[None]).cost(max_dim)`.

    Returns:
        Bars of length 0, as those of copies of a neuron, are left out.

    Raises:
        ValueError: If the shape is wrong, an entry is NaN or infinite, or `max_scale` or `budget` is not above 0.

    Gradients: To the activations, through the pairs of neurons that start or end a bar.
    Cost: dimension 0 is a spanning tree, O(neurons^2). Dimension 1 depends on how correlations are spread: neurons
        that hardly correlate are the dear ones.
    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 3;
        "What does it mean to learn in deep networks? And, how does one detect adversarial attacks?", 2019, section 3.
    """
    distances = correlation_dissimilarity(activations)
    return persistence(rips(distances=distances[None], max_scale=max_scale), max_dim, budget=budget)


def bar_summary(diagrams: Diagrams, dim: int, neurons: int | None = None, min_life: float = 0.0) -> BarSummary:
    """Mean and deviation of births, deaths, lives and midlives of one diagram's bars, and their entropy.

    The pieces of the published feature sets: "ASD" is the means and deviations of births and deaths; the others add
    squares or logarithms of these.

    Args:
        diagrams: A batch of 1.
        dim: Of the bars.
        neurons: In dimension 0, how many points there were, so that merges at 0 count, of which diagrams keep no bar.
            None: bars of the diagram alone.
        min_life: Leave out shorter bars, for instance 0.01 as in functional graphs.

    Returns:
        Of the bars that die; one cut off by a budget ends at `Diagrams.max_scale`.

    Raises:
        ValueError: If there is not exactly one diagram.

    Source: "Predicting the generalization gap in neural networks using topological data analysis", 2024, section 4;
        lambda and mu: "Computing the testing error without a testing set", 2020, section 3.
    """
    if diagrams.batch_size != 1:
        raise ValueError(f"there must be one diagram, got {diagrams.batch_size}; pass one of the batch, diagrams[i]")
    births, deaths = diagrams.intervals.detach().to("cpu", torch.float64).T
    deaths = torch.where(diagrams.censored.cpu(), diagrams.max_scale, deaths)
    own = (diagrams.dim.cpu() == dim) & torch.isfinite(deaths)
    births, deaths = births[own], deaths[own]
    if dim == 0 and neurons is not None:
        copies = births.new_zeros(max(neurons - 1 - len(births), 0))
        births, deaths = torch.cat([births, copies]), torch.cat([deaths, copies])
    kept = deaths - births >= min_life
    births, deaths = births[kept], deaths[kept]
    lives = deaths - births
    longest = float(lives.max()) if len(lives) else 0.0
    share = lives[lives > 0] / lives.sum()
    return BarSummary(
        len(lives),
        *_mean_and_std(births),
        *_mean_and_std(deaths),
        *_mean_and_std(lives),
        *_mean_and_std((births + deaths) / 2),
        longest,
        float(lives.sum()),
        float(-(share * share.log()).sum()),
    )


def _mean_and_std(values: Tensor) -> tuple[float, float]:
    if not len(values):
        return math.nan, math.nan
    return float(values.mean()), float(values.std(correction=0))


def _checked(activations: Tensor) -> Tensor:
    check_no_nan("activations", check_tensor("activations", activations, ("samples", "neurons")))
    x = activations.detach()
    if bool(torch.isinf(x).any()):
        raise ValueError("activations contains infinite values; clip them or leave those samples out")
    return x
