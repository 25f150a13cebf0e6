"""Lenses: the few numbers per point that a cover cuts into overlapping pieces."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.engines.compiled import kth_neighbour
from topolens.mapper.metric import PRECOMPUTED, distance_rows


def pca(points: Tensor, components: int = 2, reference: Tensor | None = None) -> Tensor:
    """Scores of a cloud on its leading principal components.

    A component's largest loading is positive; among loadings that tie up to rounding, the first one.

    Args:
        points: Cloud, shape (n, d). It is centred here, not scaled.
        components: Number of components, from 1 to d.
        reference: Cloud (m, d) whose mean and components are used. None: the points themselves.

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
    exact = (points if reference is None else reference).detach().to(torch.float64)
    mean = exact.mean(0)
    centred = exact - mean
    loadings = _loadings(centred, components)
    scores = (centred if reference is None else points.detach().to(torch.float64) - mean) @ loadings
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


def norm(points: Tensor, order: float = 2.0) -> Tensor:
    """Norm of each point, shape (n, 1): how strongly a sample drives a layer.

    Args:
        points: Cloud, shape (n, d).
        order: Order of the norm, at least 1; 2 is the Euclidean norm.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d) or `order` is below 1.

    Example:
        >>> norm(torch.tensor([[3.0, 4.0]]))
        tensor([[5.]])
    """
    check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]")
    if not order >= 1:
        raise ValueError(f"order must be at least 1, got {order}")
    return torch.linalg.vector_norm(points.detach(), order, dim=1, keepdim=True)


def feature(points: Tensor, index: int = 0) -> Tensor:
    """One coordinate of each point, shape (n, 1).

    Args:
        points: Cloud, shape (n, d).
        index: Number of the coordinate, from 0; negative ones count from the end.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d) or there is no such coordinate.
    """
    check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]")
    d = points.shape[1]
    if not -d <= index < d:
        raise ValueError(f"index must lie in [{-d}, {d}) for points of {d} coordinates, got {index}")
    return points.detach()[:, [index]]


def density(points: Tensor, neighbours: int = 15, reference: Tensor | None = None, metric: str | None = None) -> Tensor:
    """Minus the distance of each point to its k-th neighbour, shape (n, 1): it rises where the cloud is dense.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        neighbours: Which neighbour, at least 1; that of the cloud's size minus one at most. A point is not its own.
        reference: Cloud (m, d) in which neighbours are sought. None: the points themselves.
        metric: "precomputed" if `points` are distances, shape (n, n), or (n, m) with a `reference`.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, `neighbours` is below 1, or the reference has no point.

    Cost: O(n^2 d), exact.

    Example:
        >>> density(torch.tensor([[0.0], [1.0], [3.0]]), neighbours=1).flatten()
        tensor([-1., -1., -2.])
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if not isinstance(neighbours, int) or neighbours < 1:
        raise ValueError(f"neighbours must be an integer of at least 1, got {neighbours!r}")
    cloud = points.detach().cpu()
    if reference is None and metric is None:
        k = min(neighbours, len(cloud) - 1)
        far = kth_neighbour(cloud, k) if k > 0 else torch.zeros(len(cloud), dtype=cloud.dtype)
        return -far[:, None]
    # A point of the cloud stands in its own row of distances, at 0; a new one does not.
    k = neighbours + (reference is None)
    rows = [some.kthvalue(min(k, some.shape[1]), dim=1).values for some in _distances(cloud, reference, metric)]
    return -torch.cat([cloud.new_zeros(0), *rows])[:, None]


def eccentricity(
    points: Tensor, order: float = 1.0, reference: Tensor | None = None, metric: str | None = None
) -> Tensor:
    """Mean distance of each point from all points, shape (n, 1): small in the middle, large at the tips.

    Args:
        points: Cloud, shape (n, d), Euclidean.
        order: Power mean that is taken of the distances, at least 1; infinity takes the largest.
        reference: Cloud (m, d) from which distances are taken. None: the points themselves.
        metric: "precomputed" if `points` are distances, shape (n, n), or (n, m) with a `reference`.

    Raises:
        TypeError: If `points` is no floating-point tensor.
        ValueError: If its shape is not (n, d), it contains NaN, `order` is below 1, or the reference has no point.

    Cost: O(n^2 d).
    Source: "Topological methods for the analysis of high dimensional data sets and 3D object recognition", 2007.

    Example:
        >>> eccentricity(torch.tensor([[0.0], [1.0], [2.0]])).flatten()
        tensor([1.0000, 0.6667, 1.0000])
    """
    check_no_nan("points", check_tensor("points", points, ("n", "d"), "for item b of a batch pass points[b]"))
    if not order >= 1:
        raise ValueError(f"order must be at least 1, got {order}")
    cloud = points.detach().cpu()
    rows = []
    for some in _distances(cloud, reference, metric):
        largest = some.amax(1, keepdim=True)
        if math.isinf(order):
            rows.append(largest[:, 0])
            continue
        shares = some.double() / torch.where(largest > 0, largest, 1.0)  # powers of lengths would overflow or vanish
        rows.append(shares.pow(order).mean(1).pow(1 / order) * largest[:, 0])
    return torch.cat([cloud.new_zeros(0, dtype=torch.float64), *rows]).to(cloud.dtype)[:, None]


def _distances(cloud: Tensor, reference: Tensor | None, metric: str | None) -> Iterator[Tensor]:
    """Distances to all points of the reference, some rows at a time."""
    if reference is not None and not len(reference):
        raise ValueError("reference must hold at least one point, got none")
    if metric == PRECOMPUTED:
        yield from [cloud] if len(cloud) else []
        return
    if metric is not None:
        raise ValueError(f'metric must be "precomputed" or None, got {metric!r}; normalise the points first')
    yield from distance_rows(cloud, cloud if reference is None else reference.detach().cpu().to(cloud.dtype))


def probability(logits: Tensor, target: int) -> Tensor:
    """Probability that a classifier gives to one class, shape (n, 1).

    Args:
        logits: Outputs before the softmax, shape (n, classes).
        target: The class.

    Raises:
        TypeError: If `logits` is no floating-point tensor.
        ValueError: If its shape is not (n, classes) or there is no such class.
    """
    check_tensor("logits", logits, ("n", "classes"))
    if not 0 <= target < logits.shape[1]:
        raise ValueError(f"target must be a class in [0, {logits.shape[1]}), got {target}")
    return logits.detach().softmax(1)[:, [target]]


def entropy(logits: Tensor) -> Tensor:
    """Entropy of a classifier's probabilities in nats, shape (n, 1): how unsure it is of each sample.

    Args:
        logits: Outputs before the softmax, shape (n, classes).

    Raises:
        TypeError: If `logits` is no floating-point tensor.
        ValueError: If its shape is not (n, classes).

    Example:
        >>> entropy(torch.zeros(1, 2))
        tensor([[0.6931]])
    """
    check_tensor("logits", logits, ("n", "classes"))
    return torch.special.entr(logits.detach().softmax(1)).sum(1, keepdim=True)


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy of each sample in nats, shape (n, 1).

    Args:
        logits: Outputs before the softmax, shape (n, classes).
        labels: True classes, shape (n,), int64.

    Raises:
        TypeError: If `logits` is no floating-point tensor.
        ValueError: If the shapes are not (n, classes) and (n,).
    """
    check_tensor("logits", logits, ("n", "classes"))
    if labels.shape != logits.shape[:1]:
        raise ValueError(f"labels must have shape ({len(logits)},), got {tuple(labels.shape)}")
    return torch.nn.functional.cross_entropy(logits.detach(), labels.to(logits.device), reduction="none")[:, None]
