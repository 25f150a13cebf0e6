"""ATOL: how much of a diagram lies around each of a few centres, found by k-means and trained on."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from topolens.diagrams import Diagrams
from topolens.layers.perslay import perslay
from topolens.layers.planes import distance, squared_distance
from topolens.layers.segments import check_bars

CONTRASTS = ("gaussian", "laplacian", "indicator")


def _check(contrast: str, op: str) -> None:
    if contrast not in CONTRASTS:
        raise ValueError(f"contrast must be 'gaussian', 'laplacian' or 'indicator', got {contrast!r}")
    if op not in ("sum", "mean"):
        raise ValueError(f"op must be 'sum' or 'mean', got {op!r}")


def atol(diagrams: Diagrams, centres: Tensor, scales: Tensor, *, contrast: str = "gaussian", op: str = "sum") -> Tensor:
    """The sum or mean over the bars of each diagram of a function of distance / scale, shape (batch, centres).

    exp(-u^2) for "gaussian", exp(-u) for "laplacian", min(1, max(0, 2 - u)) for "indicator", u = ``|p - c| / s``.
    Bars that never die are left out; `capped` ends them.

    Args:
        diagrams: All bars given count: narrow down with `of_dim` first.
        centres: Points c of the (birth, death) plane, shape (centres, 2).
        scales: The s of each centre, above 0, shape (centres,).
        contrast: "gaussian", "laplacian" or "indicator".
        op: "sum" counts every bar alike, "mean" every diagram.

    Raises:
        ValueError: If the contrast or the operation is unknown, or a bar is NaN.

    Gradients: To bars, centres and scales; 0 is chosen at a centre.
    Source: "ATOL: Measure Vectorization for Automatic Topologically-Oriented Learning", 2021, section 2. GUDHI calls
        the operations "cloud" and "iidproba".
    """
    _check(contrast, op)

    def near(inside: Diagrams) -> Tensor:
        if contrast == "gaussian":
            return torch.exp(-squared_distance(inside.intervals, centres) / scales.square())
        away = distance(inside.intervals, centres) / scales
        return torch.exp(-away) if contrast == "laplacian" else (2 - away).clamp(0, 1)

    return perslay(diagrams, near, op=op)


class Atol(nn.Module):
    """Learnable centres and scales of `atol`; `Atol.fit` takes the first ones from data.

    Args:
        centres: First points (birth, death), shape (centres, 2).
        scales: First scales, above 0, shape (centres,); kept as logarithms, so they stay above 0.
        contrast: "gaussian", "laplacian" or "indicator".
        op: "sum" or "mean".

    Raises:
        ValueError: If the contrast or the operation is unknown, or a scale is not above 0.

    Example:
        >>> d = Diagrams.from_intervals([{1: [[0.0, 1.0], [2.0, 5.0]]}])
        >>> layer = Atol.fit(d, k=2)
        >>> layer.centres.detach()
        tensor([[0., 1.],
                [2., 5.]])
    """

    def __init__(self, centres: Tensor, scales: Tensor, contrast: str = "gaussian", op: str = "sum") -> None:
        super().__init__()
        _check(contrast, op)
        if not bool((scales > 0).all()):
            raise ValueError(f"scales must be above 0, got {scales.tolist()}")
        self.centres = nn.Parameter(centres.detach().clone())
        self.log_scales = nn.Parameter(scales.detach().log())
        self.contrast, self.op = contrast, op

    @classmethod
    def fit(cls, diagrams: Diagrams, k: int, *, seed: int = 0, contrast: str = "gaussian", op: str = "sum") -> Atol:
        """A layer whose k centres are those of k-means on all finite bars, sorted by death, then birth.

        The scale of a centre is half the distance to the nearest other one; of a single centre, half the largest
        distance of two bars, 1 where that is 0. With op="mean" every diagram counts alike.

        Args:
            diagrams: Bars to learn from, of one training set.
            k: Number of centres, at most the number of distinct finite bars.
            seed: Of k-means.
            contrast: As in `atol`.
            op: As in `atol`.

        Raises:
            ValueError: If k is below 1 or above the number of distinct finite bars.
        """
        diagrams = check_bars(diagrams).detach().finite()
        points = diagrams.intervals.cpu().double()
        distinct = len(points.unique(dim=0))
        if not 1 <= k <= distinct:
            raise ValueError(f"k must lie in [1, {distinct}], the number of distinct finite bars, got {k}")
        from sklearn.cluster import KMeans  # heavy, and needed only here

        weight = torch.ones(len(points))
        if op == "mean":
            weight = 1 / torch.bincount(diagrams.batch)[diagrams.batch].cpu()
        found = KMeans(n_clusters=k, n_init=10, random_state=seed).fit(points.numpy(), sample_weight=weight.numpy())
        centres = torch.tensor(sorted(found.cluster_centers_.tolist(), key=lambda c: c[::-1]), dtype=torch.float64)
        apart = torch.cdist(centres, centres) if k > 1 else torch.cdist(points, points)
        spread = apart.fill_diagonal_(torch.inf).min(1).values if k > 1 else apart.max()[None]
        scales = torch.where(spread > 0, spread / 2, 1.0)
        return cls(centres.to(diagrams.intervals), scales.to(diagrams.intervals), contrast, op)

    def forward(self, diagrams: Diagrams) -> Tensor:
        """Shape (batch, centres)."""
        return atol(diagrams, self.centres, self.log_scales.exp(), contrast=self.contrast, op=self.op)
