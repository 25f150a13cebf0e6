"""Metrics: the coordinates in which Euclidean distances between points are the ones that are meant."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topolens._checks import check_tensor

METRICS = ("std", "variance", "cosine", None)
PRECOMPUTED = "precomputed"
ENTRIES = 1 << 24  # distances held at once


def variance_normalised(points: Tensor, metric: str | None = "std", reference: Tensor | None = None) -> Tensor:
    """The cloud with each column centred and divided by its spread.

    Euclidean distances between the rows are then variance-normalised Euclidean distances.

    Args:
        points: Cloud, shape (n, d).
        metric: "std" divides by the standard deviation, so that every column counts alike. "variance" divides by
            the variance, which counts columns of small spread more. None only centres. "cosine" instead divides each
            row by its norm, so that distances rise with the angle; a row of zeros stays one.
        reference: Cloud that means and spreads are taken of, shape (m, d). None: the points themselves.

    Returns:
        Coordinates, shape (n, d). A column of one value only (up to rounding) is 0 throughout.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d) or `metric` is unknown.

    Gradients: none; distances are compared here, not trained.
    Cost: O(n d), in float64.

    Example:
        >>> variance_normalised(torch.tensor([[0.0, 7.0], [4.0, 7.0]]))
        tensor([[-1.,  0.],
                [ 1.,  0.]])
    """
    check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]")
    if metric not in METRICS:
        raise ValueError(f'metric must be "std", "variance", "cosine" or None, got {metric!r}')
    cloud = points if reference is None else reference
    if len(points) == 0 or len(cloud) == 0:
        return points.detach().clone()
    if metric == "cosine":
        return torch.nn.functional.normalize(points.detach(), dim=1, eps=torch.finfo(points.dtype).tiny)
    exact = cloud.detach().to(torch.float64)
    low, high = exact.amin(0), exact.amax(0)
    constant = high - low <= 8 * torch.finfo(points.dtype).eps * torch.maximum(low.abs(), high.abs())
    variance, mean = torch.var_mean(exact, 0, correction=0)
    variance = torch.where(constant, torch.inf, variance)  # divided by which such a column is 0
    spread = {"std": variance.sqrt(), "variance": variance, None: torch.where(constant, torch.inf, 1.0)}[metric]
    seen = exact if reference is None else points.detach().to(torch.float64)
    return (seen - mean).div_(spread).to(points.dtype)


def distance_rows(cloud: Tensor, other: Tensor, entries: int = ENTRIES) -> Iterator[Tensor]:
    """Euclidean distances of the points of a cloud to all of another one, some rows at a time; none without points.

    Args:
        cloud: Shape (n, d).
        other: Shape (m, d).
        entries: Distances held at once.
    """
    exact = "donot_use_mm_for_euclid_dist"
    for some in cloud.split(max(entries // max(len(other), 1), 1)) if len(cloud) else ():
        yield torch.cdist(some, other, compute_mode=exact)
