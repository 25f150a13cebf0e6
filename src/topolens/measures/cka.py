"""Centred kernel alignment: how alike two representations of the same samples are, up to turns and scale."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


def cka(a: Tensor, b: Tensor, *, debiased: bool = True, batch_size: int | None = None, seed: int = 0) -> float:
    """Linear CKA: HSIC(a, b) / sqrt(HSIC(a, a) HSIC(b, b)).

    Args:
        a: Activations, shape (samples, features).
        b: Of the same samples, in the same order, shape (samples, other features).
        debiased: Whether HSIC is estimated without bias. The plain estimate grows towards 1 where features outnumber
            samples, whatever they are.
        batch_size: Average HSIC over batches of as many samples, drawn without replacement; a remainder too small for
            an estimate is left out. None: all samples at once.
        seed: Of the batches.

    Returns:
        1 for clouds that differ by a turn, a scale and a shift; about 0 for unrelated ones, a little below at times if
        debiased. NaN if one of them is constant.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, an entry is NaN or infinite, or there are fewer than 4 samples (2 if not
            debiased), in all or in a batch.

    Cost: products of (samples, features) matrices, by features or by samples, whichever are fewer.
    Source: "Similarity of neural network representations revisited", 2019, section 3; debiased after "Feature selection
        via dependence maximization", 2012, section 2.3; batches after "Do wide and deep networks learn the same
        things?", 2021, section 3.
    """
    x, y = checked_pair(a, b)
    fewest = 4 if debiased else 2
    n, size = len(x), len(x) if batch_size is None else batch_size
    if n < fewest or size < fewest:
        raise ValueError(f"CKA needs at least {fewest} samples, got {n} in batches of {size}")
    if batch_size is None:
        groups = [torch.arange(n)]
    else:
        shuffled = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        groups = [part for part in shuffled.split(size) if len(part) >= fewest]
    sums = [0.0, 0.0, 0.0]
    for group in groups:
        for place, (first, second) in enumerate(((x, y), (x, x), (y, y))):
            sums[place] += _hsic(first[group], second[group], debiased)
    return ratio(sums[0], sums[1], sums[2])


def checked_pair(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two representations of the same samples in float64 on the CPU."""
    x, y = checked_activations("a", a), checked_activations("b", b)
    if len(x) != len(y):
        raise ValueError(
            f"a and b must hold the same samples, got {len(x)} and {len(y)} rows; record both on the same data"
        )
    return x, y


def checked_activations(name: str, x: Tensor) -> Tensor:
    """Finite activations (samples, features) in float64 on the CPU."""
    check_tensor(name, x, ("samples", "features"), "flatten positions with x.flatten(1)")
    check_no_nan(name, x)
    if not x.shape[1]:
        raise ValueError(f"{name} must have at least one feature, got shape {tuple(x.shape)}")
    if bool(torch.isinf(x.detach()).any()):
        raise ValueError(f"{name} contains infinite entries; remove or replace those samples first")
    return x.detach().to("cpu", torch.float64)


def ratio(cross: float, first: float, second: float) -> float:
    """HSIC over the root of the product; NaN where one cloud does not vary."""
    scale = math.sqrt(max(first, 0.0)) * math.sqrt(max(second, 0.0))
    return cross / scale if scale > 0 else math.nan


def centred_gram(x: Tensor, debiased: bool = True) -> Tensor:
    """Inner products of samples, centred so that the sum of products of two such matrices is their HSIC, unscaled."""
    centred = scaled_centre(x)
    gram = centred @ centred.T
    return u_centred(gram) if debiased else gram


def u_centred(gram: Tensor) -> Tensor:
    """Inner products with a diagonal of 0 and rows that sum to 0, which is what the debiased estimate sums over."""
    n = len(gram)
    gram = gram.clone().fill_diagonal_(0)
    rows = gram.sum(1) / (n - 2)
    gram = gram - rows[:, None] - rows[None, :] + rows.sum() / (n - 1)
    return gram.fill_diagonal_(0)


def scaled_centre(x: Tensor) -> Tensor:
    """Mean 0; exactly 0 where only rounding is left of a constant."""
    centred = x - x.mean(0)
    size = float(x.abs().max())
    return centred / size if float(centred.abs().max()) > 1e-12 * size else torch.zeros_like(x)


def _hsic(x: Tensor, y: Tensor, debiased: bool) -> float:
    """HSIC of linear kernels up to one scale per cloud, by features or by samples."""
    n = len(x)
    if min(x.shape[1], y.shape[1]) > n:
        return float((centred_gram(x, debiased) * centred_gram(y, debiased)).sum()) / (
            n * (n - 3) if debiased else (n - 1) ** 2
        )
    x, y = scaled_centre(x), scaled_centre(y)
    whole = float((x.T @ y).square().sum())
    if not debiased:
        return whole / (n - 1) ** 2
    # Of the kernels with an empty diagonal; centred clouds have kernels whose rows sum to minus the diagonal then.
    k, m = x.square().sum(1), y.square().sum(1)
    cross = whole - float(k @ m)
    total = float(k.sum() * m.sum()) / ((n - 1) * (n - 2))
    return (cross + total - 2 * float(k @ m) / (n - 2)) / (n * (n - 3))
