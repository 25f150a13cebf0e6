"""Pictures prepared as in training: from [0, 1] to a mean and spread of each channel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from topolens.probes.batches import as_given, batches


class Normalization(NamedTuple):
    """What is taken off each channel, and what it is divided by then.

    Args:
        mean: Of each channel, or one for all.
        std: The same, above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]


# As published with the networks that were trained so; of the training pictures in [0, 1].
PRESETS = {
    "imagenet": Normalization((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": Normalization((0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)),
    "cifar100": Normalization((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "mnist": Normalization((0.1307,), (0.3081,)),
    "fashion_mnist": Normalization((0.286,), (0.353,)),
}


def normalization(spec: str) -> Normalization:
    """The mean and spread that a word stands for.

    Args:
        spec: "imagenet", "cifar10", "cifar100", "mnist", "fashion_mnist"; or MEAN/STD, each one number or one for each
            channel with commas between ("0.49,0.48,0.45/0.25"); two numbers without a slash are one mean and one STD.

    Raises:
        ValueError: If it is neither, a number is not finite, a spread is not above 0, or their numbers differ.

    Example:
        >>> normalization("0.5,0.5")
        Normalization(mean=(0.5,), std=(0.5,))
    """
    if spec.lower() in PRESETS:
        return PRESETS[spec.lower()]
    mean, slash, std = spec.partition("/")
    if not slash:
        mean, _, std = spec.partition(",")
    try:
        found = Normalization(_numbers(mean), _numbers(std))
    except ValueError:
        found = Normalization((), ())
    m, s = found
    fits = m and s and (len(m) == len(s) or 1 in (len(m), len(s))) and (slash or len(m) == len(s) == 1)
    if not fits or not all(map(math.isfinite, (*m, *s))) or min(s) <= 0:
        raise ValueError(
            f"pictures are normalised by {', '.join(PRESETS)}, or MEAN/STD as numbers, for instance 0.5/0.5 or "
            f"0.49,0.48,0.45/0.25,0.24,0.26, got {spec!r}"
        )
    return found


def normalized(data: Any, how: Normalization, batch_size: int = 64) -> Any:
    """The same samples with their pictures normalised.

    Args:
        data: Samples in any form that `batches` takes; pictures are tensors (samples, channels, ...) in [0, 1], the
            first of several inputs.
        how: The mean and spread, see `normalization`.
        batch_size: Where `data` is not in batches yet.

    Returns:
        A tensor, a pair of tensors or a data set where `data` is one; else something that gives batches, as often as
        `data` does.

    Raises:
        ValueError: If pictures leave [0, 1], as those do that are normalised already, have another number of channels,
            or are no floating-point tensors; where `data` is not held as tensors, when it is gone through.

    Example:
        >>> normalized(torch.tensor([[0.5, 1.0]]), normalization("0.5/0.5"))
        tensor([[0., 1.]])
    """
    if isinstance(data, Tensor):
        return _applied(data, how)
    if isinstance(data, tuple) and len(data) == 2 and all(isinstance(part, Tensor) for part in data):
        return _applied(data[0], how), data[1]
    if not isinstance(data, (list, tuple, Mapping)) and hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        return _NormalizedSet(data, how)
    return _NormalizedBatches(data, how, batch_size)


class _NormalizedSet(torch.utils.data.Dataset[Any]):
    """Samples of a data set, normalised as they are asked for."""

    def __init__(self, data: Any, how: Normalization) -> None:
        self._data, self._how = data, how

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, place: int) -> Any:
        sample = self._data[place]
        if isinstance(sample, Mapping):
            first = next(iter(sample))
            return {**sample, first: self._one(sample[first])}
        return (self._one(sample[0]), *sample[1:]) if isinstance(sample, (tuple, list)) else self._one(sample)

    def _one(self, x: Any) -> Tensor:
        return _applied(x[None] if isinstance(x, Tensor) else x, self._how)[0]


class _NormalizedBatches:
    """Batches of data, normalised as they are asked for."""

    def __init__(self, data: Any, how: Normalization, batch_size: int) -> None:
        self._data, self._how, self._batch_size = data, how, batch_size

    def __iter__(self) -> Iterator[Any]:
        for batch in batches(self._data, self._batch_size):
            inputs = batch.inputs
            if isinstance(inputs, Tensor):
                changed: Any = _applied(inputs, self._how)
            elif isinstance(inputs, tuple) and inputs:
                changed = (_applied(inputs[0], self._how), *inputs[1:])
            elif isinstance(inputs, Mapping) and inputs:
                first = next(iter(inputs))
                changed = {**inputs, first: _applied(inputs[first], self._how)}
            else:
                raise ValueError(f"only pictures can be normalised, got a batch of {type(inputs).__name__}")
            yield as_given(batch._replace(inputs=changed))


def _numbers(words: str) -> tuple[float, ...]:
    return tuple(float(word) for word in words.split(","))


def _applied(x: Any, how: Normalization) -> Tensor:
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 2:
        kind = f"{x.dtype} of shape {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(
            f"only pictures (samples, channels, ...) of floating-point numbers can be normalised, got {kind}"
        )
    mean, std = (_per_channel(part, x) for part in how)
    low, high = (float(x.min()), float(x.max())) if x.numel() else (0.0, 1.0)
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"pictures to be normalised must lie in [0, 1], got {low:.3g} to {high:.3g}; leave it out for those that "
            "are prepared already"
        )
    return (x - mean) / std


def _per_channel(values: Iterable[float], x: Tensor) -> Tensor:
    found = torch.tensor(tuple(values), dtype=x.dtype, device=x.device)
    if len(found) not in (1, x.shape[1]):
        raise ValueError(f"there must be one number for each of {x.shape[1]} channels, or one alone, got {len(found)}")
    return found.view(1, -1, *[1] * (x.ndim - 2))
