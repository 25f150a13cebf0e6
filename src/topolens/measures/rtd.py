"""Representation topology divergence: the topology in which two representations of the same samples differ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens._checks import check_fraction
from topolens.diagrams import Diagrams
from topolens.filtrations.crossed_rips import crossed_rips
from topolens.measures.cka import checked_pair
from topolens.persistence import persistence


class RTD(NamedTuple):
    """Divergence of two representations, a mean over batches.

    Args:
        value: Mean of both directions.
        forward: Of bars on the way from the first into the second.
        backward: The other way.
        batches: Both directions' mean in each batch.
    """

    value: float
    forward: float
    backward: float
    batches: tuple[float, ...]


class RTDCost(NamedTuple):
    """What a number of divergences will take on one thread of a common machine.

    Args:
        seconds: Within a factor of 2 as a rule.
        bytes: At once.
    """

    seconds: float
    bytes: float


def rtd(a: Tensor, b: Tensor, *, batch_size: int = 500, batches: int = 10, quantile: float = 0.9, seed: int = 0) -> RTD:
    """Representation topology divergence: the summed lengths of the bars of `rtd_barcode`, both ways.

    Args:
        a: Activations, shape (samples, features).
        b: Of the same samples, in the same order, shape (samples, other features).
        batch_size: Samples that are compared at once; where there are no more, all are, once.
        batches: How many batches are drawn, each without replacement.
        quantile: Distances of each cloud are divided by this quantile of theirs.
        seed: Of the batches.

    Returns:
        0 where the distances are the same up to scale. It grows with the number of samples of a batch: compare values
        of one `batch_size` only.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, an entry is NaN or infinite, there are fewer than 3 samples or no batch, or
            so many samples are the same that the quantile of the distances is 0.

    Cost: Rips filtrations of twice the batch to dimension 1, 0.25 s for 500 samples each way; see `rtd_cost`.
    Source: "Representation topology divergence: a method for comparing neural network representations", 2022, sections
        2 and 3; made from the definition.

    Example:
        >>> cloud = torch.rand(50, 3)
        >>> rtd(cloud, 2 * cloud.flip(1)).value < 1e-4
        True
    """
    x, y = checked_pair(a, b)
    if batches < 1 or batch_size < 3:
        raise ValueError(f"there must be a batch of 3 samples at least, got {batches} batches of {batch_size}")
    forward, backward = [], []
    for chosen in drawn_batches(len(x), batch_size, batches, seed):
        first, second = unit_distances(x[chosen], quantile), unit_distances(y[chosen], quantile)
        one, other = divergences(first[None], second[None])[0].tolist()
        forward.append(one)
        backward.append(other)
    both = [(one + other) / 2 for one, other in zip(forward, backward, strict=True)]
    return RTD(float(np.mean(both)), float(np.mean(forward)), float(np.mean(backward)), tuple(both))


def rtd_barcode(a: Tensor, b: Tensor, *, quantile: float = 0.9) -> Diagrams:
    """Bars of the topology that the first representation lacks of what both together have: the R-cross-barcode.

    For distances A and B of the same n samples: bars of dimension 1 of the Rips filtration of the 2n x 2n distances
    [[0, A], [A, min(A, B)]].

    Args:
        a: Activations, shape (samples, features).
        b: Of the same samples, in the same order, shape (samples, other features).
        quantile: Distances of each cloud are divided by this quantile of theirs.

    Returns:
        A batch of one, bars of dimension 1; none if the distances are the same.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, an entry is NaN or infinite, there are fewer than 3 samples, or so many are
            the same that the quantile of the distances is 0.

    Source: as `rtd`.
    """
    x, y = checked_pair(a, b)
    return _bars(unit_distances(x, quantile)[None], unit_distances(y, quantile)[None])


def rtd_cost(samples: int, layers: int = 2, *, rounds: int = 1) -> RTDCost:
    """What the divergences between all pairs of layers take, before they are asked for.

    Args:
        samples: In a batch.
        layers: Of which every pair is compared, both ways.
        rounds: Batches and shuffles per pair, together.

    Returns:
        Seconds on one thread, and bytes.

    Source: a power law through measurements on uniform and Gaussian clouds of 50 to 500 samples in 2 to 64 dimensions.
    """
    pairs = layers * (layers - 1) // 2
    each = 2 * (SECONDS_AT_200 * (samples / 200) ** SECONDS_POWER + SECONDS_CALL)
    return RTDCost(pairs * rounds * each, 60.0 * (2 * samples) ** 2)


SECONDS_AT_200, SECONDS_POWER, SECONDS_CALL = 0.025, 2.3, 0.002


def drawn_batches(n: int, size: int, batches: int, seed: int) -> list[Tensor]:
    """Numbers of the samples of each batch, sorted; one batch of all where there are no more than `size`."""
    if n <= size:
        return [torch.arange(n)]
    generator = torch.Generator().manual_seed(seed)
    return [torch.randperm(n, generator=generator)[:size].sort().values for _ in range(batches)]


def unit_distances(x: Tensor, quantile: float = 0.9) -> Tensor:
    """Distances of a cloud (n, d) over their quantile, shape (n, n)."""
    check_fraction("quantile", quantile)
    if len(x) < 3:
        raise ValueError(f"there must be at least 3 samples, got {len(x)}")
    found = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    found = torch.maximum(found, found.T).fill_diagonal_(0)
    length = float(np.quantile(found.numpy(), quantile))
    if not length > 0:
        raise ValueError(
            f"so many samples are the same that {100 * quantile:g} % of the distances are 0; look at another layer"
        )
    return found / length


def divergences(first: Tensor, second: Tensor) -> Tensor:
    """Summed lengths of bars for batches of distances (batch, n, n), both ways, shape (batch, 2)."""
    totals = []
    for one, other in ((first, second), (second, first)):
        bars = _bars(one, other)
        totals.append(one.new_zeros(len(one)).index_add(0, bars.batch, bars.persistence))
    return torch.stack(totals, 1)


def _bars(first: Tensor, second: Tensor) -> Diagrams:
    return persistence(crossed_rips(first, torch.minimum(first, second)), max_dim=1).of_dim(1)
