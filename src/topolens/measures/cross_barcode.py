"""Cross-barcodes: the topology in which two samples of one space differ, with no sample matched to another."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from topolens.diagrams import Diagrams
from topolens.filtrations import rips
from topolens.measures.cka import checked_activations
from topolens.persistence import persistence


class MTopDivergence(NamedTuple):
    """Divergence of two samples of one space, a mean over draws.

    Args:
        forward: Of the second sample from the first: what the second has beside and across the first.
        backward: Of the first from the second.
        draws: Forward and backward value of each draw.
    """

    forward: float
    backward: float
    draws: tuple[tuple[float, float], ...]


def cross_barcode(a: Tensor, b: Tensor, *, max_dim: int = 1) -> Diagrams:
    """Bars of the union of two clouds in which the first is drawn together: distances within it are 0.

    Args:
        a: The cloud that counts as one, shape (n, d).
        b: The other, shape (m, d).
        max_dim: Largest homology dimension.

    Returns:
        A batch of one. Bars of dimension 0 say when points of `b` reach `a`; those of dimension 1 are what is counted,
        and there are none if every point of `b` is one of `a`. Points nearer than a millionth of the mean distance
        count as the same.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, an entry is NaN or infinite, a cloud is empty, or `max_dim` is below 1.

    Cost: a Rips filtration of all points, to that dimension.
    Source: "Manifold topology divergence: a framework for comparing data manifolds", 2021, section 2; made from the
        definition.
    """
    x, y = _checked(a, b)
    if not isinstance(max_dim, int) or max_dim < 1:
        raise ValueError(f"max_dim must be an integer of at least 1, got {max_dim!r}")
    return persistence(rips(distances=_glued(x, y)[None]), max_dim=max_dim)


def mtop_divergence(
    a: Tensor, b: Tensor, *, whole: int = 1000, part: int = 100, draws: int = 20, seed: int = 0
) -> MTopDivergence:
    """Manifold topology divergence: the summed lengths of the bars of dimension 1 of `cross_barcode`, both ways.

    Args:
        a: A sample, shape (n, d).
        b: Another of the same space, shape (m, d); no row belongs to one of `a`.
        whole: At most so many points of the cloud that counts as one.
        part: At most so many of the other.
        draws: How often points are drawn, without replacement each.
        seed: Of the draws.

    Returns:
        Means over the draws, and all of them. Not symmetric: a mode that one sample misses shows in one direction.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, an entry is NaN or infinite, a cloud is empty, or a number is below 1.

    Cost: two Rips filtrations of `whole` + `part` points to dimension 1 per draw.
    Source: "Manifold topology divergence: a framework for comparing data manifolds", 2021, sections 2 and 3. The paper
        takes 4,000 and 200 points; the defaults here are smaller.
    """
    x, y = _checked(a, b)
    if min(whole, part, draws) < 1:
        raise ValueError(f"whole, part and draws must be at least 1, got {whole}, {part} and {draws}")
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        ways = []
        for first, second in ((x, y), (y, x)):
            some, others = _some(first, whole, generator), _some(second, part, generator)
            bars = persistence(rips(distances=_glued(some, others)[None]), max_dim=1).of_dim(1)
            ways.append(float(bars.persistence.sum()))
        found.append((ways[0], ways[1]))
    forward, backward = torch.tensor(found, dtype=torch.float64).mean(0).tolist()
    return MTopDivergence(forward, backward, tuple(found))


def _checked(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    x, y = checked_activations("a", a), checked_activations("b", b)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"a and b must lie in one space, got {x.shape[1]} and {y.shape[1]} coordinates; for matched samples in two "
            "spaces use rtd"
        )
    if not len(x) or not len(y):
        raise ValueError(f"both clouds need points, got {len(x)} and {len(y)}")
    return x, y


def _some(x: Tensor, most: int, generator: torch.Generator) -> Tensor:
    return x[torch.randperm(len(x), generator=generator)[:most]]


def _glued(x: Tensor, y: Tensor) -> Tensor:
    """Distances of both clouds, 0 within the first."""
    across = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    within = torch.cdist(y, y, compute_mode="donot_use_mm_for_euclid_dist")
    within = torch.maximum(within, within.T)
    alike = 1e-6 * float(across.mean())
    across, within = across * (across >= alike), within * (within >= alike)
    return torch.cat([torch.cat([x.new_zeros(len(x), len(x)), across], 1), torch.cat([across.T, within], 1)], 0)
