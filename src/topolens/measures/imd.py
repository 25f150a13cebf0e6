"""Intrinsic multi-scale distance: clouds of any sizes and dimensions, compared by heat on their neighbour graphs."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix, diags, identity
from torch import Tensor

from topolens._checks import check_floating, check_positive
from topolens.measures.cka import checked_activations

TIMES = 256
EXACT = 1000


def imd(a: Tensor, b: Tensor, *, k: int = 5, probes: int = 100, steps: int = 10, seed: int = 0) -> float:
    """Largest difference of the heat traces of two clouds, sup over t of exp(-2 (t + 1 / t)) abs(h_a(t) - h_b(t)).

    Args:
        a: A cloud, shape (n, d).
        b: Another, shape (m, e); neither sizes nor dimensions need be the same, and no row belongs to another.
        k: Neighbours of each point in its graph.
        probes: Random vectors per cloud, where eigenvalues are not computed exactly.
        steps: Of Lanczos from each.
        seed: Of the vectors.

    Returns:
        At most exp(-4) = 0.018, the weight at t = 1; 0 for clouds with the same neighbour graph.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, a cloud has no more than k points, or a number is
            below 1.

    Cost: neighbour searches; eigenvalues of (n, n) matrices up to n = 1000, above it probes * steps products of a
        sparse matrix with a vector.
    Source: "The shape of data: intrinsic distance for data distributions", 2020, sections 3 and 4.
    """
    times = torch.logspace(-1, 1, TIMES, dtype=torch.float64)
    traces = [
        heat_trace(checked_activations(name, x), times, k=k, probes=probes, steps=steps, seed=seed)
        for name, x in (("a", a), ("b", b))
    ]
    weight = torch.exp(-2 * (times + 1 / times))
    return float((weight * (traces[0] - traces[1]).abs()).max())


def heat_trace(
    points: Tensor,
    times: Tensor,
    *,
    k: int = 5,
    probes: int = 100,
    steps: int = 10,
    exact: bool | None = None,
    seed: int = 0,
) -> Tensor:
    """Heat left on average where it was put on a cloud's neighbour graph: tr exp(-t L) / n.

    L is the normalised Laplacian of the graph that joins each point to its k nearest, both ways. Dividing by n is
    dividing by the trace of a graph without edges.

    Args:
        points: Shape (n, d).
        times: Shape (times,), not negative.
        k: Neighbours of each point.
        probes: Random vectors for stochastic Lanczos quadrature.
        steps: Of Lanczos from each.
        exact: Whether all eigenvalues are computed; None: up to 1,000 points.
        seed: Of the vectors.

    Returns:
        Shape (times,), float64, 1 at time 0 and falling to the number of connected components over n.

    Raises:
        TypeError: If `points` or `times` is no floating-point tensor.
        ValueError: If a shape is wrong, an entry of `points` is NaN or infinite, it has no more than k rows, or a
            number is below 1.

    Source: as `imd`.
    """
    x = checked_activations("points", points)
    check_floating("times", times)
    for name, number in (("k", k), ("probes", probes), ("steps", steps)):
        check_positive(name, number)
    if len(x) <= k:
        raise ValueError(f"a graph of {k} neighbours needs more than {k} points, got {len(x)}; take more or a lower k")
    laplacian = _laplacian(x.numpy(), k)
    at = times.detach().to("cpu", torch.float64).numpy()
    if exact if exact is not None else len(x) <= EXACT:
        return torch.from_numpy(np.exp(-np.outer(at, np.linalg.eigvalsh(laplacian.toarray()))).mean(1))
    return torch.from_numpy(_quadrature(laplacian, at, probes, min(steps, len(x)), seed))


def _laplacian(x: np.ndarray, k: int) -> csr_matrix:
    """Normalised, of the graph that joins two points where one is among the k nearest of the other."""
    from sklearn.neighbors import NearestNeighbors  # slow to import, and not needed to look at filters

    nearest = NearestNeighbors(n_neighbors=k).fit(x).kneighbors_graph(mode="connectivity")
    joined = nearest.maximum(nearest.T)
    scale = diags(1 / np.sqrt(np.asarray(joined.sum(1)).ravel()))
    return csr_matrix(identity(len(x)) - scale @ joined @ scale)


def _quadrature(laplacian: csr_matrix, times: np.ndarray, probes: int, steps: int, seed: int) -> np.ndarray:
    """Mean over random sign vectors of v' exp(-t L) v / n, each from the tridiagonal matrix of its Lanczos steps."""
    n = laplacian.shape[0]
    v = np.random.default_rng(seed).choice([-1.0, 1.0], size=(probes, n)) / np.sqrt(n)
    basis, diagonal, below = [v], [], []
    for step in range(steps):
        w = (laplacian @ basis[step].T).T
        diagonal.append((w * basis[step]).sum(1))
        for _ in range(2):  # twice is enough to stay orthogonal
            for one in basis:
                w -= (w * one).sum(1, keepdims=True) * one
        length = np.sqrt((w * w).sum(1))
        below.append(length)
        basis.append(np.divide(w, length[:, None], out=np.zeros_like(w), where=length[:, None] > 1e-10))
    tridiagonal = np.zeros((probes, steps, steps))
    places = np.arange(steps)
    tridiagonal[:, places, places] = np.stack(diagonal, 1)
    if steps > 1:
        off = np.stack(below[:-1], 1)
        tridiagonal[:, places[1:], places[:-1]] = tridiagonal[:, places[:-1], places[1:]] = np.where(
            off > 1e-10, off, 0.0
        )
    values, vectors = np.linalg.eigh(tridiagonal)
    return (vectors[:, None, 0, :] ** 2 * np.exp(-times[None, :, None] * values[:, None, :])).sum(2).mean(0)
