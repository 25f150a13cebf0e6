"""Data in whatever form a user has it, as batches: what goes into the network, and the label of each sample."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

LABELS = ("labels", "label", "target", "targets", "y")


class Batch(NamedTuple):
    """One step: the arguments of the network, the labels where there are any, and the number of samples."""

    inputs: Any  # a tensor, a tuple of arguments or a mapping of named ones
    labels: Tensor | None  # (samples,), int64
    size: int


def batches(data: Any, batch_size: int = 64) -> Iterator[Batch]:
    """Batches of the data, in its own order.

    Args:
        data: One of: a tensor of samples; a tuple (samples, labels) of tensors; a mapping of tensors, of which
            one named "labels", "label", "target", "targets" or "y" may hold labels; a dataset of torch; a
            DataLoader or any other iterable of batches, each a tensor, a tuple whose second part may hold labels, or a
            mapping.
        batch_size: Samples of a batch where `data` is not in batches yet.

    Raises:
        TypeError: If `data` or one of its batches is none of these.
        ValueError: If samples and labels differ in number, labels are negative, or `batch_size` is below 1.
        RuntimeError: If the data fails while it is gone through; its own error is told.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if _is_whole(data):
        everything = as_batch(data)
        for start in range(0, everything.size, batch_size):
            yield rows(everything, slice(start, start + batch_size))
        return
    if not isinstance(data, Iterable) or (hasattr(data, "__getitem__") and not isinstance(data, (list, tuple))):
        if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
            raise TypeError(f"data must be a tensor, a pair of tensors or batches of them, got {type(data).__name__}")
        data = torch.utils.data.DataLoader(cast("torch.utils.data.Dataset[Any]", data), batch_size)
    yield from map(as_batch, gone_through(data))


def gone_through(data: Iterable[Any]) -> Iterator[Any]:
    """What the data gives, or its own error with the batch where it happened."""
    number = 0
    try:
        for number, given in enumerate(data, 1):  # noqa: B007  the error says where it was
            yield given
    except Exception as error:  # whatever the user's own code raises
        raise RuntimeError(f"the data fails after {number} batches: {type(error).__name__}: {error}") from error


def drawn(data: Any, samples: int | None, seed: int) -> tuple[Any, Tensor | None]:
    """Some samples of the data by lot: files and folders are often sorted by class, and their first samples are alike.

    Args:
        data: Samples in any form that `batches` takes.
        samples: How many; None: all.
        seed: Of the lot.

    Returns:
        The samples, in their order, in a form that `batches` takes, and the number of each in the data; the data itself
        and None where it has no more, or can only be gone through, like a DataLoader.
    """
    if samples is None or isinstance(data, list):
        return data, None
    if _is_whole(data):
        everything = as_batch(data)
        places = _lot(everything.size, samples, seed)
        return (data, None) if places is None else (as_given(rows(everything, places)), places)
    if not isinstance(data, tuple) and hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        places = _lot(len(data), samples, seed)
        return (data, None) if places is None else (torch.utils.data.Subset(data, places.tolist()), places)
    return data, None


def _lot(size: int, samples: int, seed: int) -> Tensor | None:
    if size <= samples:
        return None
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))[:samples].sort().values


def size_of(data: Any) -> int | None:
    """Samples of the data in all, where it says how many there are; for a list of batches they are counted."""
    if _is_whole(data):
        return as_batch(data).size
    if isinstance(data, (list, tuple)):
        return sum(as_batch(batch).size for batch in data)
    source = getattr(data, "dataset", data)
    return len(source) if hasattr(source, "__len__") else None


def _is_whole(data: Any) -> bool:
    """Whether it is all samples at once, not batch by batch."""
    tensors = isinstance(data, tuple) and len(data) > 0 and all(isinstance(part, Tensor) for part in data)
    return isinstance(data, (Tensor, Mapping)) or tensors


def as_batch(given: Any) -> Batch:
    """One batch in its parts; arguments as what `batches` finds in its data."""
    labels = None
    inputs = given
    if isinstance(given, Mapping):
        name = next((name for name in LABELS if name in given), None)
        labels = None if name is None else given[name]
        inputs = {key: part for key, part in given.items() if key != name}
    elif isinstance(given, (tuple, list)):
        if not given:
            raise TypeError("a batch must hold a tensor of samples, got an empty one")
        inputs = given[0] if not isinstance(given[0], list) else tuple(given[0])
        labels = given[1] if len(given) > 1 else None
    size = samples_of(inputs)
    return Batch(inputs, _labels(labels, size), size)


def as_given(batch: Batch) -> Any:
    """A batch in a form that `batches` takes as one of its own."""
    if isinstance(batch.inputs, Mapping):
        return batch.inputs if batch.labels is None else {**batch.inputs, "labels": batch.labels}
    inputs = list(batch.inputs) if isinstance(batch.inputs, tuple) else batch.inputs
    return (inputs,) if batch.labels is None else (inputs, batch.labels)


def rows(batch: Batch, which: slice | Tensor) -> Batch:
    """Some samples of a batch."""

    def cut(part: Any) -> Any:
        if isinstance(part, Tensor):
            return part[which]
        if isinstance(part, Mapping):
            return {key: cut(inner) for key, inner in part.items()}
        return type(part)(map(cut, part)) if isinstance(part, (tuple, list)) else part

    inputs = cut(batch.inputs)
    return Batch(inputs, None if batch.labels is None else batch.labels[which], samples_of(inputs))


def samples_of(inputs: Any) -> int:
    """Samples of a batch: the length of its first tensor."""
    several = inputs.values() if isinstance(inputs, Mapping) else inputs
    parts = [several] if isinstance(several, Tensor) else several
    if not isinstance(parts, Iterable):
        raise TypeError(f"a batch must hold a tensor of samples, got {type(inputs).__name__}")
    first = next((part for part in parts if isinstance(part, Tensor) and part.ndim), None)
    if first is None:
        raise TypeError(f"a batch must hold a tensor of samples, got {type(inputs).__name__}")
    return len(first)


def _labels(given: Any, size: int) -> Tensor | None:
    """Whole numbers, one per sample; other targets, such as masks, are no labels."""
    if isinstance(given, (list, tuple)) and all(isinstance(label, int) for label in given):
        given = torch.tensor(given, dtype=torch.int64)
    if not isinstance(given, Tensor) or given.is_floating_point() or given.is_complex():
        return None
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 1:
        return None
    if len(given) != size:
        raise ValueError(f"there must be one label for each of {size} samples, got {len(given)}")
    if len(given) and int(given.min()) < 0:
        raise ValueError(f"labels must be whole numbers from 0 on, got {int(given.min())}; leave such samples out")
    return given.long().cpu()
