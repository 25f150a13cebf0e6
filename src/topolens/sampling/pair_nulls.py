"""Nulls for matrices of pairs: the same numbers between other pairs, the same spectrum in other directions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.sampling.inference import null_p_value


def shuffled_pairs(matrix: Tensor, seed: int = 0) -> Tensor:
    """A symmetric matrix whose entries off the diagonal are dealt to other pairs: the histogram stays, all else goes.

    What comes out need not be the distances, or one minus the correlations, of anything.

    Args:
        matrix: Shape (n, n), symmetric.
        seed: Of the shuffle.

    Returns:
        Shape (n, n), of the same type, on the same device, with the diagonal of `matrix`.

    Raises:
        ValueError: If the shape is wrong or an entry is NaN.
    """
    x = _square(matrix)
    rows, columns = torch.tril_indices(len(x), len(x), -1, device=x.device)
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed)).to(x.device)
    below = torch.zeros_like(x)
    below[rows, columns] = x[rows, columns][order]
    return below + below.T + x.diagonal().diag()


def same_spectrum(correlation: Tensor, seed: int = 0) -> Tensor:
    """A correlation matrix of random directions with the given one's eigenvalues, then scaled to a unit diagonal.

    What is left of a number on it is due to how many directions there are and how strong they are.

    Args:
        correlation: Shape (n, n), symmetric and positive semidefinite.
        seed: Of the directions.

    Returns:
        Shape (n, n), float64, on the CPU, in [-1, 1].

    Raises:
        ValueError: If the shape is wrong or an entry is NaN.

    Cost: an eigenvalue and a QR decomposition of an (n, n) matrix.
    """
    x = _square(correlation).detach().to("cpu", torch.float64)
    values = torch.linalg.eigvalsh(x).clamp_min(0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    turn = torch.linalg.qr(noise)[0]
    product = turn * values @ turn.T
    scale = product.diagonal().clamp_min(1e-300).sqrt()
    product = product / scale / scale[:, None]
    return ((product + product.T) / 2).clamp(-1, 1).fill_diagonal_(1.0)


def joint_p_value(values: Sequence[float], nulls: Sequence[Sequence[float]]) -> float:
    """One p-value for several numbers at once: the share of nulls that stand out as far in whichever number they do.

    Each number is centred and scaled over value and nulls together; how far something stands out is its largest
    deviation, up or down. No correction for the count of numbers is needed.

    Args:
        values: What was measured, one entry per number.
        nulls: The same on data without the structure in question, a sequence for each null.

    Raises:
        ValueError: If there are no nulls, or something is NaN.

    Source: "Resampling-based multiple testing", 1993, section 2.3 (maximum statistics).

    Example:
        >>> joint_p_value([0.0, 9.0], [[0.1, 1.0], [-0.1, 1.1], [0.0, 0.9]])
        0.25
    """
    if not nulls:
        raise ValueError("there must be at least one null to hold values against")
    rows = torch.tensor([list(values), *(list(null) for null in nulls)], dtype=torch.float64)
    check_no_nan("values and nulls", rows)
    spread = rows.std(0, correction=0)
    real = spread > 1e-9 * rows.abs().amax(0)  # what only rounding moves must not decide
    apart = torch.where(real, (rows - rows.mean(0)).abs() / torch.where(real, spread, 1.0), 0.0).amax(1).tolist()
    return null_p_value(apart[0], apart[1:])


def _square(matrix: Tensor) -> Tensor:
    check_no_nan("matrix", check_tensor("matrix", matrix, ("n", "n")))
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix must be square, got {tuple(matrix.shape)}")
    return matrix
