"""Persistence images."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from topolens._checks import check_positive
from topolens.diagrams import Diagrams
from topolens.vectorizations.curves import check_grid


def persistence_image(
    diagrams: Diagrams, births: Tensor, persistences: Tensor, *, sigma: float | Tensor, power: float | Tensor = 1.0
) -> Tensor:
    """Weighted Gaussians around the points (birth, persistence), sampled on a grid.

    Shape (batch, persistences, births): rows are the values `persistences`, columns the values `births`. Each Gaussian
    of standard deviation `sigma` has integral persistence^power. Essential bars are left out.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        births: Rising values of the columns, shape (columns,).
        persistences: Rising values of the rows, shape (rows,).
        sigma: Standard deviation in the units of the filtration.
        power: Of the weight; 0 counts every bar alike.

    Raises:
        ValueError: If a grid does not rise or sigma is not above 0.

    Gradients: To both ends of every finite bar of positive persistence.
    Cost: O(batch bars rows columns) multiplications, as one batched matrix product.
    Source: "Persistence Images: A Stable Vector Representation of Persistent Homology", 2017, section 4. The density
        is sampled at the grid, as by GUDHI (whose default is power 0), not integrated over pixels.
    """
    check_positive("sigma", float(torch.as_tensor(sigma).detach()))
    births = check_grid("births", births, diagrams.intervals)
    persistences = check_grid("persistences", persistences, diagrams.intervals)
    diagrams = diagrams.finite()
    length = diagrams.persistence
    positive = length.detach() > 0
    raised = torch.where(positive, length, torch.ones_like(length)).pow(power)
    weight = torch.where(positive, raised, torch.full_like(raised, float(power == 0))) / (2 * math.pi * sigma**2)
    points = replace(diagrams, intervals=torch.stack([diagrams.intervals[:, 0], length], 1)).padded()
    padded_weight = replace(diagrams, intervals=torch.stack([weight, weight], 1)).padded()[..., :1]

    def bell(values: Tensor, grid: Tensor) -> Tensor:
        return torch.exp(-(values - grid).square() / (2 * sigma**2))

    columns = bell(points[..., :1], births)
    return (padded_weight * bell(points[..., 1:], persistences)).transpose(1, 2) @ columns
