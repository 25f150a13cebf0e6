"""What a map of points into the plane keeps: the measures of the paper on topological autoencoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats
from sklearn.metrics.pairwise import euclidean_distances

KS = tuple(range(10, 201, 10))
SIGMAS = (0.01, 0.1, 1.0)
# Words for each measure, and whether larger is better.
MEASURES = {
    "kl_0.01": ("KL of densities, sigma 0.01", False),
    "kl_0.1": ("KL of densities, sigma 0.1", False),
    "kl_1": ("KL of densities, sigma 1", False),
    "continuity": ("continuity", True),
    "mrre": ("mean relative rank error", False),
    "trustworthiness": ("trustworthiness", True),
    "rank_correlation": ("rank correlation of neighbours", True),
    "rmse": ("RMSE of distances", False),
    "mse": ("reconstruction MSE", False),
}
ROWS = 512  # of distances at a time, so that 10,000 points need no matrix of 10^8 numbers


def measures(x: np.ndarray, z: np.ndarray, ks: Sequence[int] = KS) -> dict[str, float]:
    """All measures of `MEASURES` but the reconstruction error, of points x (n, d) and their images z (n, k).

    KL is the divergence of the data's density from that of the images, both Gaussian kernel sums of distances divided
    by the largest one. Continuity, trustworthiness, mean relative rank error (its two directions averaged) and
    Spearman's correlation of ranks among the data's k nearest neighbours are means over the `ks`.

    Raises:
        ValueError: If the numbers of points differ, or a k is not below half of it.
    """
    n, most = len(x), max(ks, default=0)
    if len(z) != n:
        raise ValueError(f"x and z must hold the same points, got {n} and {len(z)}")
    if not 0 < 2 * most < n:
        raise ValueError(f"every k must be above 0 and below half of the {n} points, got {tuple(ks)}")
    x, z = np.asarray(x, np.float64), np.asarray(z, np.float64)
    found = _of_distances(x, z)
    parts = [_ranks_of_neighbours(a, b, start, most) for start, a, b in _blocks(x, z)]
    in_z, in_x = (np.concatenate(side) for side in zip(*parts, strict=True))  # (n, most): of x's, of z's neighbours
    found["continuity"] = float(np.mean([_kept(in_z, k) for k in ks]))
    found["trustworthiness"] = float(np.mean([_kept(in_x, k) for k in ks]))
    found["mrre"] = float(np.mean([_rank_error(side, k) for side in (in_z, in_x) for k in ks]))
    found["rank_correlation"] = float(np.mean([_correlation(in_z, k) for k in ks]))
    return found


def _blocks(x: np.ndarray, z: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Some rows of both matrices of distances, one after the other, with the first row's number."""
    for start in range(0, len(x), ROWS):
        a, b = (euclidean_distances(y[start : start + ROWS], y) for y in (x, z))
        rows = np.arange(len(a))
        a[rows, start + rows] = b[rows, start + rows] = 0
        yield start, a, b


def _of_distances(x: np.ndarray, z: np.ndarray) -> dict[str, float]:
    """The measures that look at distances, not at ranks."""
    square, largest = 0.0, [0.0, 0.0]
    for _, a, b in _blocks(x, z):
        square += float(((a - b) ** 2).sum())
        largest = [max(largest[0], float(a.max())), max(largest[1], float(b.max()))]
    density = np.zeros((2, len(SIGMAS), len(x)))
    for start, *both in _blocks(x, z):
        for side, (d, top) in enumerate(zip(both, largest, strict=True)):
            relative = (d / (top or 1)) ** 2
            for row, sigma in enumerate(SIGMAS):
                density[side, row, start : start + len(d)] = np.exp(-relative / sigma).sum(1)
    density /= density.sum(2, keepdims=True)
    kl = (density[0] * np.log(density[0] / density[1])).sum(1)
    found = {f"kl_{sigma:g}": float(value) for sigma, value in zip(SIGMAS, kl, strict=True)}
    return found | {"rmse": float(np.sqrt(square / len(x) ** 2))}


def _ranks_of_neighbours(a: np.ndarray, b: np.ndarray, start: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranks in z of the nearest neighbours in x and the other way round; a point itself has rank 0."""
    rows = np.arange(len(a))
    orders, ranks = [], []
    for d in (a, b):
        d[rows, start + rows] = -1  # before points that coincide
        order = np.argsort(d, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(d.shape[1])[None], axis=1)
        orders.append(order[:, 1 : most + 1])
        ranks.append(rank)
    across = (np.take_along_axis(ranks[1], orders[0], 1), np.take_along_axis(ranks[0], orders[1], 1))
    return across[0].astype(np.int32), across[1].astype(np.int32)


def _kept(ranks: np.ndarray, k: int) -> float:
    """1 less the ranks beyond k of the k nearest neighbours on the other side, scaled so that 0 is the worst."""
    n = len(ranks)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * float(np.clip(ranks[:, :k] - k, 0, None).sum())


def _rank_error(ranks: np.ndarray, k: int) -> float:
    """Mean of the ranks' relative errors, divided by the largest it can be."""
    n, own = len(ranks), np.arange(1, k + 1)
    worst = n * float((np.abs(2 * own - n - 1) / own).sum())
    return float((np.abs(ranks[:, :k] - own) / own).sum()) / worst


def _correlation(ranks: np.ndarray, k: int) -> float:
    """Spearman's correlation of the k nearest neighbours' ranks with theirs on the other side."""
    own = np.broadcast_to(np.arange(1, k + 1), (len(ranks), k))
    value = float(stats.spearmanr(own.ravel(), ranks[:, :k].ravel()).statistic)
    return value if np.isfinite(value) else 0.0
