"""Singular values of a weight, and how many of them chance does not give."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.measures.spanning_forest import magnitudes


class WeightSpectrum(NamedTuple):
    """Basics of the spectrum of one weight.

    Args:
        singular_values: Shape (min(out, in),), falling, float64.
        spectral_norm: The largest of them.
        stable_rank: Their sum of squares over the square of the largest; NaN for zeros.
        effective_rank: exp of the entropy of singular values divided by their sum; NaN for zeros.
        bulk_edge: Largest singular value that independent entries of the same mean and spread would reach in a large
            matrix, std * (sqrt(out) + sqrt(in)): the edge of the Marchenko-Pastur law.
        above_edge: How many singular values of the weight without its mean lie above that edge.
    """

    singular_values: Tensor
    spectral_norm: float
    stable_rank: float
    effective_rank: float
    bulk_edge: float
    above_edge: int


def weight_spectrum(weight: Tensor) -> WeightSpectrum:
    """Singular values of a weight with the ranks and the bulk edge that they are read by.

    Args:
        weight: Shape (out, in) or (out, in, kernel ...), which is read as (out, in * kernel).

    Returns:
        See `WeightSpectrum`. The edge is that of large matrices with entries of finite fourth moment; entries with
        heavy tails or small matrices pass it by chance, so hold `above_edge` against shuffled weights, as
        `analyses.weight_spectra` does.

    Raises:
        TypeError: If `weight` is no floating-point tensor.
        ValueError: If it has fewer than two axes or no entries, or contains NaN or infinite ones.

    Cost: a singular value decomposition and the eigenvalues of a Gram matrix, O(out in min(out, in)).
    Source: stable rank as in "Sampling from large matrices", 2007; effective rank: "The effective rank", 2007; the
        edge: "Distribution of eigenvalues for some sets of random matrices", 1967.
    """
    magnitudes("weight", weight)
    x = weight.detach().flatten(1).to("cpu", torch.float64)
    # A triangular factor first: in an eighth of the time for a wide matrix, and as exact.
    values = torch.linalg.svdvals(torch.linalg.qr(x.T if len(x) < x.shape[1] else x, mode="r").R)
    largest = float(values[0])
    shares = values / values.sum()
    entropy = float(-torch.special.xlogy(shares, shares).sum())
    edge = float(x.std(correction=0)) * (math.sqrt(x.shape[0]) + math.sqrt(x.shape[1]))
    return WeightSpectrum(
        values,
        largest,
        float(values.square().sum()) / largest**2 if largest > 0 else math.nan,
        math.exp(entropy) if largest > 0 else math.nan,
        edge,
        int((centred_singular_values(x.numpy()) > edge * (1 + 1e-12)).sum()),
    )


def centred_singular_values(x: np.ndarray) -> np.ndarray:
    """Singular values of a matrix without the mean of its entries, which alone would make one that says nothing.

    From the product with itself, so that those below 1e-8 of the largest are rounding; these are never above a bulk.
    """
    return np.sqrt(np.linalg.eigvalsh(centred_gram(x))[::-1].clip(0))


def centred_gram(x: np.ndarray) -> np.ndarray:
    """The smaller product of a matrix with itself, the mean of its entries taken off."""
    x = x - x.mean() if x.min() < x.max() else np.zeros_like(x)
    return x @ x.T if len(x) <= x.shape[1] else x.T @ x
