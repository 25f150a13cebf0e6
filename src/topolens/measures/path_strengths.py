"""The strongest path from each input of a network to each output, along its chain of layers or its whole graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topolens.measures.spanning_forest import magnitudes

# kind ("input", "weight", "sum" or "concatenation"), layer, places before, groups; as `probes.weight_graph` gives them
Graph = Sequence[tuple[str, str, tuple[int, ...], int]]


READING = 20  # measured: standardising and laying out a weight takes as long as so many comparisons


def path_strengths(layers: Mapping[str, Tensor], standardise: bool = True, graph: Graph | None = None) -> Tensor:
    """The strongest path from each input to each output, shape (outputs, inputs), float64 on the CPU.

    A path is as strong as its weakest weight. Where branches are added, or multiplied, all their paths go on; a
    shortcut has no weight and weakens nothing.

    Args:
        layers: Weights by name, shapes (out, in) or (out, in, kernel ...).
        standardise: Take abs(w - mean) / std of each layer instead of abs(w).
        graph: How they follow each other, for instance from `probes.weight_graph`; None: a chain in this order.

    Raises:
        ValueError: If weights are no numbers, shapes do not follow each other, or a path meets no weights.
    """
    entries = {name: _standardised(name, x) if standardise else _plain(name, x) for name, x in layers.items()}
    return torch.from_numpy(_of_chain(entries) if graph is None else _of_graph(entries, graph))


def path_work(layers: Mapping[str, Tensor], graph: Graph | None = None) -> int:
    """About how many numbers are compared for the strongest paths, reading a weight counted as `READING` of them.

    Raises:
        ValueError: If layers of the graph do not follow each other.
    """
    rows = {name: len(x) for name, x in layers.items()}
    before = dict(zip(list(rows)[1:], rows.values(), strict=False))
    ends = min([*rows.values()][-1], next(iter(layers.values())).shape[1])
    if graph is not None:
        channels = _channels(layers, graph)
        before, ends = {joint[1]: channels[joint[2][0]] for joint in graph if joint[0] == "weight"}, channels[-1]
    pairs = sum(rows[name] * (before.get(name) or x.shape[1]) for name, x in layers.items())
    return READING * sum(x.numel() for x in layers.values()) + ends * pairs


def _of_chain(layers: Mapping[str, np.ndarray]) -> np.ndarray:
    chain: list[np.ndarray] = []
    before = ""
    for name, entries in layers.items():
        chain.append(_between_channels(entries, len(chain[-1]) if chain else entries.shape[1], name, before))
        before = name
    return _product(chain)


def _between_channels(entries: np.ndarray, channels: int, name: str, before: str) -> np.ndarray:
    """The largest weight of each pair of channels over the places of a kernel, or of a channel that was flattened."""
    inputs = entries.shape[1]
    if inputs % channels:
        raise ValueError(
            f"layers must follow each other: {name!r} has {inputs} inputs, which is no multiple of the "
            f"{channels} outputs of {before!r}; pass the layers of one path through the network"
        )
    return entries.reshape(len(entries), channels, inputs // channels).max(2)


def _of_graph(layers: Mapping[str, np.ndarray], graph: Graph) -> np.ndarray:
    """From the output back: what of each place leads on to each output, until only inputs are left."""
    channels = _channels(layers, graph)
    reached: list[np.ndarray | None] = [None] * len(graph)
    outputs = channels[-1]
    if not outputs:
        raise ValueError("the output meets no weights")
    reached[-1] = np.where(np.eye(outputs, dtype=bool), np.inf, 0.0)
    found = []
    for place in range(len(graph) - 1, -1, -1):
        kind, layer, before, groups = graph[place]
        here = reached[place]
        if here is None:
            continue
        if kind == "input":
            found.append(here)
        elif kind == "weight":
            entries = _dense(layers[layer], channels[before[0]], layer, groups)
            is_end = place == len(graph) - 1
            _join(reached, before[0], entries if is_end else _through(here, entries))
        elif kind == "sum":
            for one in before:
                _join(reached, one, here)
        else:
            ends = np.cumsum([channels[one] for one in before])[:-1]
            for one, part in zip(before, np.split(here, ends, axis=1), strict=True):
                _join(reached, one, part)
        reached[place] = None
    strengths = np.concatenate(found[::-1], 1)
    if not np.isfinite(strengths).all():
        raise ValueError("a path from an input to the output meets no weights")
    return strengths


def _channels(layers: Mapping[str, Any], graph: Graph) -> list[int]:
    """Of each place, 0 for inputs, which have as many as their readers ask for."""
    found: list[int] = []
    for kind, layer, before, _ in graph:
        parts = [found[one] for one in before]
        if kind == "weight":
            found.append(len(layers[layer]))
        elif kind == "sum":
            known = {part for part in parts if part}
            if len(known) > 1:
                raise ValueError(f"branches of {' and '.join(map(str, sorted(known)))} channels meet")
            found.append(known.pop() if known else 0)
        elif kind == "concatenation":
            if not all(parts):
                raise ValueError("an input is put beside a branch, and its channels are not known")
            found.append(sum(parts))
        else:
            found.append(0)
    return found


def _dense(entries: np.ndarray, channels: int, name: str, groups: int) -> np.ndarray:
    """Weights between channels, 0 between those of different groups; all inputs apart where `channels` is 0."""
    if groups == 1:
        return _between_channels(entries, channels, name, "what it follows") if channels else entries
    rows, columns = len(entries) // groups, (channels // groups) if channels else entries.shape[1]
    out = np.zeros((len(entries), columns * groups))
    for group in range(groups):
        part = entries[group * rows : (group + 1) * rows]
        out[group * rows : (group + 1) * rows, group * columns : (group + 1) * columns] = _between_channels(
            part, columns, name, "what it follows"
        )
    return out


def _join(reached: list[np.ndarray | None], place: int, more: np.ndarray) -> None:
    """The stronger of the paths known so far and more of them; readers may see an input in different detail."""
    known = reached[place]
    if known is not None and known.shape != more.shape:
        columns = int(np.gcd(known.shape[1], more.shape[1]))
        known, more = (x.reshape(len(x), columns, -1).max(2) for x in (known, more))
    reached[place] = more if known is None else np.maximum(known, more)


def _through(strengths: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """The (max, min) product."""
    return np.stack([np.minimum(row[:, None], entries).max(0) for row in strengths])


def _product(chain: list[np.ndarray]) -> np.ndarray:
    """The (max, min) product of matrices (out, in), last layer on the left, from the end with fewer neurons."""
    if len(chain[-1]) <= chain[0].shape[1]:
        strengths = chain[-1]
        for entries in chain[-2::-1]:
            strengths = _through(strengths, entries)
        return strengths
    return _product([entries.T for entries in chain[::-1]]).T


def _plain(name: str, weight: Tensor) -> np.ndarray:
    return magnitudes(name, weight).astype(np.float64)


def _standardised(name: str, weight: Tensor) -> np.ndarray:
    magnitudes(name, weight)  # refuses what has no graph
    x = weight.detach().flatten(1).to("cpu", torch.float64).numpy()
    # Equal weights may have a spread of rounding errors.
    return np.abs(x - x.mean()) / x.std() if x.min() < x.max() else np.zeros_like(x)
