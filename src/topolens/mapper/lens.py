"""Lenses: the few numbers per point that a cover cuts into overlapping pieces."""

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


def pca(points: Tensor, components: int = 2) -> Tensor:
    """Scores of a cloud on its leading principal components.

    A component's largest loading is positive; among loadings that tie up to rounding, the first one.

    Args:
        points: Cloud, shape (n, d). It is centred here, not scaled.
        components: Number of components, from 1 to d.

    Returns:
        Scores, shape (n, components), in the unit, type and place of the points. Components beyond the rank
        of the cloud give columns near 0.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, or `components` lies outside [1, d].

    Gradients: none; a lens places points in the cover and is not trained here.
    Cost: O(n d min(n, d)), in float64.
    Source: "On lines and planes of closest fit to systems of points in space", 1901.

    Example:
        >>> pca(torch.tensor([[0.0, 1.0], [0.0, 3.0], [0.0, 5.0]]), components=1).flatten()
        tensor([-2.,  0.,  2.])
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    n, d = points.shape
    if not isinstance(components, int) or not 1 <= components <= d:
        raise ValueError(f"components must be an integer in [1, {d}] for points of {d} coordinates, got {components!r}")
    if n == 0:
        return points.detach().new_zeros(0, components)
    exact = points.detach().to(torch.float64)
    centred = exact - exact.mean(0)
    scores = centred @ _loadings(centred, components)
    return torch.nn.functional.pad(scores, (0, components - scores.shape[1])).to(points.dtype)


def _loadings(centred: Tensor, components: int) -> Tensor:
    """Leading right singular vectors as columns, shape (d, at most components), signs fixed."""
    if len(centred) >= centred.shape[1]:
        columns = torch.linalg.eigh(centred.mT @ centred).eigenvectors.flip(1)[:, :components]
    else:
        columns = torch.linalg.svd(centred, full_matrices=False).Vh[:components].mT
    size = columns.abs()
    # Rounding differs between machines: two loadings of opposite sign and equal size must not swap places.
    first = (size >= (1 - 1e-6) * size.amax(0)).to(torch.int8).argmax(0)
    return columns * columns.gather(0, first[None]).sign()
