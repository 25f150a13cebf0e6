"""Clouds of points as losses take them: one or a batch, their spanning trees, and lengths that carry gradients."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from topolens._checks import check_floating, is_traced
from topolens.engines.boruvka import spanning_tree
from topolens.engines.compiled import components, rips_values
from topolens.engines.edges import edge_ends

Normalise = Literal["max", "cube"]
Edges = tuple[Tensor, Tensor, Tensor]  # item, and two ends; int64, of shapes that broadcast


def as_batch(name: str, x: Tensor) -> Tensor:
    """One cloud (n, d) or several (batch, n, d) as a batch, float32 at least.

    Raises:
        TypeError: If it is no floating-point tensor.
        ValueError: If the shape is wrong or a coordinate is NaN or infinite.
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(x).__name__}; use torch.as_tensor({name})")
    if x.ndim not in (2, 3) or not x.shape[-1]:
        raise ValueError(
            f"{name} must have shape (n, d) or (batch, n, d), d at least 1, got {tuple(x.shape)}; flatten images with "
            "x.flatten(1)"
        )
    check_floating(name, x)
    if not is_traced() and not bool(torch.isfinite(x.detach()).all()):
        raise ValueError(f"{name} contains NaN or infinite coordinates; lower the learning rate or remove those points")
    x = x if x.dtype == torch.float64 else x.float()
    return x if x.ndim == 3 else x[None]


def as_pair(points: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
    """Two clouds of the same points as batches of one type.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If a shape is wrong, the numbers of clouds or points differ, or a coordinate is NaN or infinite.
    """
    x, z = as_batch("points", points), as_batch("latent", latent)
    if points.ndim != latent.ndim or x.shape[:2] != z.shape[:2]:
        raise ValueError(
            f"latent must hold one row for each point, shape {(*points.shape[:-1], 'd')}, got {tuple(latent.shape)}"
        )
    common = torch.promote_types(x.dtype, z.dtype)
    return x.to(common), z.to(common)


def checked_scale(scale: float | Tensor | None, like: Tensor) -> Tensor:
    """A length above 0 in the type of `like`, 1 for None.

    Raises:
        ValueError: If it is no single number above 0.
    """
    if scale is None:
        return like.new_ones(())
    length = scale if isinstance(scale, Tensor) else torch.tensor(float(scale), dtype=torch.float64)
    if length.numel() != 1 or (not is_traced() and not bool(length.detach() > 0)):
        got = tuple(length.shape) if length.numel() != 1 else float(length.detach())
        raise ValueError(f"scale must be one number above 0, got {got}; a learnt one may need a lower learning rate")
    return length.reshape(()).to(like)


def distances(x: Tensor, norm: float = 2.0) -> Tensor:
    """All distances of clouds (batch, n, d), shape (batch, n, n), without gradient; exactly symmetric."""
    given, n = x.detach(), x.shape[1]
    if norm != 2 or given.device.type != "cpu":
        return torch.cdist(given, given, p=norm, compute_mode="donot_use_mm_for_euclid_dist")
    square = given.new_zeros(len(x), n, n)
    rows, columns = torch.tril_indices(n, n, -1)
    square[:, rows, columns] = rips_values(given, True)[:, n:]  # ten times faster than cdist
    return square + square.mT


def lengths(x: Tensor, edges: Edges, norm: float = 2.0) -> Tensor:
    """Lengths of edges of clouds (batch, n, d), in the shape of `edges`; the gradient of a length of 0 is 0."""
    item, i, j = edges
    return torch.linalg.vector_norm(x[item, i] - x[item, j], ord=norm, dim=-1)


def trees(x: Tensor, norm: float = 2.0, known: Tensor | None = None) -> Edges:
    """The n - 1 edges of the shortest spanning tree of each cloud (batch, n, d), by (length, edge number).

    Distances that are `known` are not made again.
    """
    batch, n = x.shape[:2]
    item = torch.arange(batch, device=x.device)[:, None]
    is_cloud = known is None and norm == 2 and x.device.type == "cpu"
    given = x.detach() if is_cloud else distances(x, norm) if known is None else known
    if given.device.type == "cpu":
        edges = torch.from_numpy(components(given, is_cloud, math.inf).cells[:, 1])
        edges = edges[edges >= 0] - n
        if len(edges) == batch * max(n - 1, 0):
            return item, *edge_ends(edges.reshape(batch, max(n - 1, 0)))
    # Points that coincide have no bar, but an edge.
    ends = spanning_tree(distances(x) if is_cloud else given)[0]
    return item, ends[..., 0], ends[..., 1]


def unit(x: Tensor, normalise: Normalise | None, known: Tensor | None = None) -> Tensor:
    """What lengths of each cloud (batch, n, d) are divided by, shape (batch, 1): see `topological_autoencoder`.

    Distances that are `known` are not made again.
    """
    batch, n = x.shape[:2]
    if normalise is None or n < 2:
        return x.new_ones(batch, 1)
    if normalise == "cube":
        return x.new_full((batch, 1), 2 * math.sqrt(x.shape[2]))
    farthest = (distances(x) if known is None else known).flatten(1).argmax(1)[:, None]
    longest = lengths(x, (torch.arange(batch, device=x.device)[:, None], farthest // n, farthest % n))
    return torch.where(longest > 0, longest, torch.ones_like(longest))


def check_normalise(name: str, normalise: str | None) -> None:
    """Refuse an unknown way of normalising."""
    if normalise not in ("max", "cube", None):
        raise ValueError(f"{name} must be 'max', 'cube' or None, got {normalise!r}")
