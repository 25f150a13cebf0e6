"""How well a score tells two groups apart, whatever its scale."""

from __future__ import annotations

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


def auroc(below: Tensor, above: Tensor) -> float:
    """Area under the ROC curve: the chance that a sample of `above` scores higher than one of `below`, ties half.

    Args:
        below: Scores of the group that should score low, shape (n,).
        above: Scores of the group that should score high, shape (m,).

    Raises:
        ValueError: If a group is empty, has another shape, or contains NaN.

    Example:
        >>> auroc(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0]))
        0.875
    """
    for name, x in (("below", below), ("above", above)):
        check_no_nan(name, check_tensor(name, x, ("n",)))
        if not len(x):
            raise ValueError(f"{name} must hold at least one score, got none; a rate needs both groups")
    return _area(below.detach().cpu().double(), above.detach().cpu().double())


def auroc_draws(below: Tensor, above: Tensor, *, draws: int = 200, seed: int = 0) -> Tensor:
    """AUROC of several scores on bootstrap samples of both groups, the same samples for all scores.

    Args:
        below: Shape (scores, n).
        above: Shape (scores, m).
        draws: How many samples with replacement.
        seed: Of the draws.

    Returns:
        Shape (draws, scores), float64: quantiles of a column are an interval, those of a difference of two columns
        compare two scores on the same data.

    Raises:
        ValueError: If a shape is wrong, a group is empty or contains NaN, or there is no draw.

    Source: "An introduction to the bootstrap", 1993, chapter 13: percentile intervals.
    """
    for name, x in (("below", below), ("above", above)):
        check_no_nan(name, check_tensor(name, x, ("scores", "n")))
    if below.shape[0] != above.shape[0] or not below.numel() or not above.numel() or draws < 1:
        raise ValueError(
            f"there must be the same scores of both groups and a draw at least, got {tuple(below.shape)}, "
            f"{tuple(above.shape)} and draws={draws}"
        )
    generator = torch.Generator().manual_seed(seed)
    low, high = below.detach().cpu().double(), above.detach().cpu().double()
    out = low.new_empty(draws, len(low))
    for draw in range(draws):
        rows = torch.randint(low.shape[1], (low.shape[1],), generator=generator)
        columns = torch.randint(high.shape[1], (high.shape[1],), generator=generator)
        out[draw] = torch.tensor([_area(a[rows], b[columns]) for a, b in zip(low, high, strict=True)])
    return out


def _area(below: Tensor, above: Tensor) -> float:
    ordered = below.sort().values
    lower = torch.searchsorted(ordered, above) + torch.searchsorted(ordered, above, right=True)
    return float(lower.sum()) / (2 * len(below) * len(above))
