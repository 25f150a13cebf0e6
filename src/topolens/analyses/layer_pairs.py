"""Every layer against every other: inner products and distances once per layer, then all pairs on any samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.measures.cka import checked_activations, scaled_centre, u_centred
from topolens.measures.rtd import divergences, drawn_batches
from topolens.sampling.inference import Interval, null_p_value, subsample_interval

FEWEST_SAMPLES = 10


class RTDEntry(NamedTuple):
    """Divergence of one pair: in each batch, and with samples shuffled."""

    batches: tuple[float, ...]
    nulls: tuple[float, ...]

    @property
    def value(self) -> float:
        """Mean over the batches."""
        return float(np.mean(self.batches))

    @property
    def low(self) -> float:
        """Least batch."""
        return min(self.batches)

    @property
    def high(self) -> float:
        """Largest batch."""
        return max(self.batches)

    @property
    def share(self) -> float:
        """Of what is left of the divergence if samples do not belong together; NaN if that is nothing."""
        null = float(np.mean(self.nulls))
        return self.value / null if null > 0 else float("nan")

    @property
    def p_value(self) -> float:
        """How often shuffled samples are as much alike."""
        return null_p_value(self.value, self.nulls, larger=False)


@dataclass(frozen=True)
class LayerStack:
    """The layers of a recording that vary, on the samples that are looked at.

    Args:
        names: Of the layers, in their order.
        constant: Of those left out.
        grams: Inner products of centred samples, shape (layers, n, n).
        distances: Shape (layers, n, n).
        widths: Features of each.
    """

    names: tuple[str, ...]
    constant: tuple[str, ...]
    grams: Tensor
    distances: Tensor
    widths: tuple[int, ...]

    def only(self, layer: str) -> LayerStack:
        """A stack of one layer."""
        at = self.names.index(layer)
        part = slice(at, at + 1)
        return LayerStack((layer,), self.constant, self.grams[part], self.distances[part], self.widths[part])

    def aligned(self, chosen: Tensor) -> Tensor:
        """Rows whose products are debiased CKA on the chosen samples, shape (layers, m * m)."""
        rows = torch.stack([u_centred(gram[chosen][:, chosen]).flatten() for gram in self.grams])
        return rows / torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-300)

    def unit_distances(self, layer: int, chosen: Tensor) -> Tensor:
        """Distances over their 0.9-quantile; as they are where so many samples are the same that it is 0."""
        found = self.distances[layer][chosen][:, chosen]
        length = float(np.quantile(found.numpy(), 0.9))
        return found / (length if length > 0 else 1.0)


def chosen_samples(n: int, most: int, seed: int) -> Tensor:
    """Numbers of at most so many of n samples, sorted."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))[:most].sort().values


def checked_layers(name: str, activations: Mapping[str, Tensor]) -> int:
    """The number of samples, if every layer has as many.

    Raises:
        TypeError: If it is no mapping.
        ValueError: If it is empty or layers differ in their samples.
    """
    if not isinstance(activations, Mapping):
        raise TypeError(
            f"{name} must map names of layers to activations, got {type(activations).__name__}; pass "
            "record(...).activations"
        )
    if not activations:
        raise ValueError(f"{name} holds no layer; record at least one")
    counts = {layer: len(x) for layer, x in activations.items() if isinstance(x, Tensor) and x.ndim}
    if len(set(counts.values())) > 1:
        raise ValueError(f"all layers of {name} must hold the same samples, got {counts}")
    return next(iter(counts.values()), 0)


def check_matched(name: str, activations: Mapping[str, Tensor], n: int) -> None:
    """Raises if a recording holds another number of samples."""
    if (found := checked_layers(name, activations)) != n:
        raise ValueError(f"all networks must be recorded on the same samples in the same order, got {n} and {found}")


def stacked(name: str, activations: Mapping[str, Tensor], chosen: Tensor) -> LayerStack:
    """Inner products and distances of each layer on the chosen samples.

    Raises:
        TypeError: If activations are no floating-point tensors.
        ValueError: If a shape is wrong or an entry is NaN or infinite.
    """
    names, constant, grams, distances, widths = [], [], [], [], []
    for layer, given in activations.items():
        x = checked_activations(f"{name}[{layer!r}]", given)[chosen]
        centred = scaled_centre(x)
        if not bool(centred.any()):
            constant.append(layer)
            continue
        found = torch.cdist(centred, centred, compute_mode="donot_use_mm_for_euclid_dist")
        names.append(layer)
        widths.append(x.shape[1])
        grams.append(centred @ centred.T)
        distances.append(torch.maximum(found, found.T).fill_diagonal_(0))
    empty = torch.zeros(0, len(chosen), len(chosen), dtype=torch.float64)
    return LayerStack(
        tuple(names),
        tuple(constant),
        torch.stack(grams) if grams else empty,
        torch.stack(distances) if distances else empty,
        tuple(widths),
    )


class CKAMatrices:
    """Debiased CKA of all layers of one stack against all of another, on any samples; remembered for each."""

    def __init__(self, first: LayerStack, second: LayerStack) -> None:
        self.first, self.second = first, second
        self.n = first.grams.shape[1]
        self._known: dict[bytes, Tensor] = {}
        self._nulls: dict[tuple[int, int], Tensor] = {}

    def at(self, chosen: Tensor) -> Tensor:
        """Shape (layers of the first, layers of the second)."""
        key = chosen.numpy().tobytes()
        if key not in self._known:
            rows = self.first.aligned(chosen)
            others = rows if self.second is self.first else self.second.aligned(chosen)
            found = rows @ others.T
            self._known[key] = (found + found.T) / 2 if self.second is self.first else found
        return self._known[key]

    def whole(self) -> Tensor:
        """Of all samples."""
        return self.at(torch.arange(self.n))

    def interval(self, statistic: Callable[[Tensor], float], draws: int, seed: int) -> Interval:
        """Of a number made from the matrix, over subsamples of the samples."""
        return subsample_interval(lambda chosen: statistic(self.at(chosen)), self.n, draws=draws, seed=seed)

    def nulls(self, count: int, seed: int) -> Tensor:
        """With the second's samples in another order each time, shape (count, layers, layers)."""
        if (count, seed) not in self._nulls:
            everything = torch.arange(self.n)
            rows, others = self.first.aligned(everything), self.second.aligned(everything)
            squares = others.reshape(len(others), self.n, self.n).permute(1, 2, 0).contiguous()  # entries lie together
            generator = torch.Generator().manual_seed(seed)
            found = torch.empty(count, len(rows), len(others), dtype=rows.dtype)
            once, twice = torch.empty_like(squares), torch.empty_like(squares)  # new ones each time would fit nowhere
            for place in range(count):
                order = torch.randperm(self.n, generator=generator)
                torch.index_select(squares, 0, order, out=once)
                torch.index_select(once, 1, order, out=twice)
                torch.matmul(rows, twice.reshape(-1, len(others)), out=found[place])
            self._nulls[count, seed] = found
        return self._nulls[count, seed]


@dataclass(frozen=True)
class RTDRounds:
    """How much is spent on each divergence.

    Args:
        batch_size: Samples that are compared at once; values of different sizes cannot be compared.
        batches: Of the samples as they belong together.
        shuffles: Batches in which they do not.
    """

    batch_size: int = 100
    batches: int = 4
    shuffles: int = 9

    def entry(self, first: LayerStack, second: LayerStack, i: int, j: int, seed: int) -> RTDEntry:
        """Divergence of a layer of one stack from a layer of another, both ways, and with samples shuffled."""
        n = first.distances.shape[1]
        size = min(self.batch_size, max(4 * n // 5, 3))  # so that batches differ, and tell how far values spread
        drawn = drawn_batches(n, size, self.batches, seed)
        shuffled = drawn_batches(n, size, self.shuffles, seed + 1)
        generator = torch.Generator().manual_seed(seed + 2)
        left = [first.unit_distances(i, chosen) for chosen in drawn]
        right = [second.unit_distances(j, chosen) for chosen in drawn]
        for place in range(self.shuffles):
            chosen = shuffled[place]
            left.append(first.unit_distances(i, chosen))
            right.append(second.unit_distances(j, chosen[torch.randperm(len(chosen), generator=generator)]))
        found = divergences(torch.stack(left), torch.stack(right)).mean(1).tolist()
        return RTDEntry(tuple(found[: len(drawn)]), tuple(found[len(drawn) :]))

    @property
    def total(self) -> int:
        """Divergences per pair."""
        return self.batches + self.shuffles


def spread_layers(count: int, most: int) -> list[int]:
    """Numbers of at most so many layers, evenly spread over the depth, first and last among them."""
    return sorted({round(i * (count - 1) / max(min(count, most) - 1, 1)) for i in range(min(count, most))})
