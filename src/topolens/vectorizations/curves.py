"""Curves over a grid of filtration values: Betti and Euler curves, entropy curves, landscapes, silhouettes."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.vectorizations.entropy import entropy_terms

CHUNK = 1 << 18  # tent heights computed in one step, few enough to stay in the cache


def check_grid(name: str, grid: Tensor, like: Tensor) -> Tensor:
    """The grid on the device and in the type of the bars.

    Raises:
        ValueError: If it is not a rising one-dimensional tensor.
    """
    if grid.ndim != 1 or bool((grid[1:] <= grid[:-1]).any()) or bool(torch.isnan(grid).any()):
        raise ValueError(f"{name} must be a one-dimensional tensor of rising values, such as torch.linspace(0, 1, 100)")
    return grid.to(like)


def _alive_sum(diagrams: Diagrams, weight: Tensor, grid: Tensor) -> Tensor:
    """Sum of the weights of the bars alive at each value: from birth on, until just before death."""
    birth, death = diagrams.intervals.detach().unbind(1)
    up = birth <= death
    first = torch.where(
        up, torch.searchsorted(grid, birth.contiguous()), torch.searchsorted(grid, death.contiguous(), right=True)
    )
    last = torch.where(
        up, torch.searchsorted(grid, death.contiguous()), torch.searchsorted(grid, birth.contiguous(), right=True)
    )
    width = len(grid) + 1
    steps = weight.new_zeros(diagrams.batch_size * width)
    steps = steps.index_add(0, diagrams.batch * width + first, weight)
    steps = steps.index_add(0, diagrams.batch * width + last, -weight)
    return steps.view(diagrams.batch_size, width).cumsum(1)[:, :-1]


def betti_curve(diagrams: Diagrams, grid: Tensor) -> Tensor:
    """Number of bars alive at each value of the grid, shape (batch, samples).

    A bar is alive from its birth on until just before its death, along the filtration, in either direction. Essential
    bars count.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        grid: Rising filtration values, shape (samples,).

    Raises:
        ValueError: If the grid does not rise.

    Gradients: None; the curve is piecewise constant.
    """
    grid = check_grid("grid", grid, diagrams.intervals)
    return _alive_sum(diagrams, torch.ones_like(diagrams.intervals.detach()[:, 0]), grid)


def euler_curve(diagrams: Diagrams, grid: Tensor) -> Tensor:
    """Alternating sum over the dimensions of the Betti curves at each value of the grid, shape (batch, samples).

    Essential bars count.

    Args:
        diagrams: Bars of all dimensions together.
        grid: Rising filtration values, shape (samples,).

    Raises:
        ValueError: If the grid does not rise.
    """
    grid = check_grid("grid", grid, diagrams.intervals)
    return _alive_sum(diagrams, (1 - 2 * (diagrams.dim % 2)).to(grid), grid)


def entropy_curve(diagrams: Diagrams, grid: Tensor) -> Tensor:
    """Share of the bars alive at each value of the grid in the entropy, shape (batch, samples).

    Sum of -q log q over the bars alive, q = persistence / total persistence. Essential bars are left out. GUDHI's
    vector mode with normalized=False; divide by the sum over the grid for its default.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        grid: Rising filtration values, shape (samples,).

    Raises:
        ValueError: If the grid does not rise.

    Gradients: To the persistences through q; none through the ends between which a bar is alive.
    Source: "On the stability of persistent entropy and new summary functions for TDA", 2020, section 5.
    """
    diagrams = diagrams.finite()
    return _alive_sum(diagrams, entropy_terms(diagrams), check_grid("grid", grid, diagrams.intervals))


def _tents(intervals: Tensor, grid: Tensor) -> Tensor:
    """Height of each bar's tent at each value, shape (..., bars, samples)."""
    low, high = intervals.amin(-1, keepdim=True), intervals.amax(-1, keepdim=True)
    return torch.relu(torch.minimum(grid - low, high - grid))


def landscape(diagrams: Diagrams, grid: Tensor, *, levels: int = 5) -> Tensor:
    """The first so many levels of the persistence landscape at each value of the grid, shape (batch, levels, samples).

    Level k is the k-th largest of the tents min(t - birth, death - t), at least 0. The tent of an essential bar rises
    for ever.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        grid: Rising filtration values, shape (samples,).
        levels: How many of the largest tents; levels beyond the number of bars are 0.

    Raises:
        ValueError: If the grid does not rise or levels is below 1.

    Gradients: To the nearer end of the bar whose tent is the k-th largest.
    Source: "Statistical topological data analysis using persistence landscapes", 2015, section 2. GUDHI's values are
        sqrt(2) times these; with these, the sup-norm is at most the bottleneck distance.
    """
    if levels < 1:
        raise ValueError(f"levels must be at least 1, got {levels}")
    grid = check_grid("grid", grid, diagrams.intervals)
    bars = diagrams.padded()
    count = bars.shape[1]
    step = max(1, CHUNK // max(1, diagrams.batch_size * count))
    parts = [
        _tents(bars, grid[i : i + step]).transpose(1, 2).topk(min(levels, count), dim=2).values.transpose(1, 2)
        for i in range(0, len(grid), step)
    ]
    out = grid.new_zeros(diagrams.batch_size, levels, len(grid))
    return torch.cat([torch.cat(parts, 2), out[:, min(levels, count) :]], 1) if parts else out


def silhouette(diagrams: Diagrams, grid: Tensor, *, power: float | Tensor = 1.0) -> Tensor:
    """Mean of the tents weighted by persistence^power at each value of the grid, shape (batch, samples).

    Essential bars are left out; 0 for a diagram without bars of positive persistence.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        grid: Rising filtration values, shape (samples,).
        power: 0 gives the plain mean of the tents; large powers favour long bars.

    Raises:
        ValueError: If the grid does not rise.

    Gradients: To both ends of every finite bar of positive persistence.
    Source: "Stochastic Convergence of Persistence Landscapes and Silhouettes", 2014, section 4. GUDHI's values are
        sqrt(2) times these, and its default is power 0.
    """
    grid = check_grid("grid", grid, diagrams.intervals)
    diagrams = diagrams.finite()
    positive = diagrams.persistence.detach() > 0
    bars, item = diagrams.intervals[positive], diagrams.batch[positive]
    weight = diagrams.persistence[positive].pow(power)
    total = grid.new_zeros(diagrams.batch_size).index_add(0, item, weight)
    share = weight / total[item]
    out = grid.new_zeros(diagrams.batch_size, len(grid))
    step = max(1, CHUNK // max(1, len(grid)))
    for i in range(0, max(1, len(bars)), step):  # once without bars too: the result keeps its place in the graph
        part = slice(i, i + step)
        out = out.index_add(0, item[part], share[part, None] * _tents(bars[part], grid))
    return out
