"""References of weights: their entries in random places, and untrained twins; and what many layers moved together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor, nn

from topolens.measures.spanning_forest import spanning_tree_weights
from topolens.probes.twin import untrained_twin
from topolens.probes.weight_matrices import weight_matrices
from topolens.sampling.inference import null_p_value

Weights = nn.Module | Mapping[str, Tensor] | Tensor
TWINS = 5
KEYED = 4096
SPARE = 6  # with this, one draw in e^6 = 400 leaves a neuron alone


def matrices_of(weights: Weights) -> dict[str, Tensor]:
    """The layers as matrices (out, in); NaN and infinite entries are refused by the layer's name."""
    found = weight_matrices({"weight": weights} if isinstance(weights, Tensor) else weights)
    for name, x in found.items():
        if not x.numel():
            raise ValueError(f"layer {name} has no weights (shape {tuple(x.shape)}); leave it out")
        if not bool(torch.isfinite(x).all()):
            raise ValueError(f"layer {name} contains NaN or infinite weights; the network diverged, take one before")
    return found


def shuffled(layers: Mapping[str, Tensor], draws: int, seed: int) -> Iterator[dict[str, Tensor]]:
    """The layers with the entries of each matrix in random places, so many times.

    Entries are sorted before they are shuffled: renumbering neurons then changes no draw.
    """
    random = np.random.default_rng(seed)
    ordered = {name: np.sort(x.detach().cpu().to(_real(x)).numpy(), axis=None) for name, x in layers.items()}
    for _ in range(draws):
        yield {
            name: torch.from_numpy(_permuted(flat, random).reshape(layers[name].shape))
            for name, flat in ordered.items()
        }


def _permuted(flat: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Entries in random places; many of single precision are sorted by keys, in a third of the time of swaps.

    Each key of 32 random bits has its entry as the lower half of one integer. Entries of equal keys (one pair in
    2^32) come in a fixed order.
    """
    if flat.dtype != np.float32 or len(flat) < KEYED:
        return random.permutation(flat)
    keyed = random.integers(0, 2**64, len(flat), dtype=np.uint64)
    keyed &= np.uint64(0xFFFF_FFFF_0000_0000)
    keyed |= flat.view(np.uint32)
    keyed.sort()
    return keyed.astype(np.uint32).view(np.float32)


def shuffled_trees(layers: Mapping[str, Tensor], draws: int, seed: int) -> Iterator[dict[str, Tensor]]:
    """Spanning trees of the layers with their entries in random places, so many times; edges in falling order."""
    random = np.random.default_rng(seed)
    falling = {
        name: np.sort(x.detach().abs().cpu().to(_real(x)).numpy(), axis=None)[::-1] for name, x in layers.items()
    }
    for _ in range(draws):
        yield {
            name: torch.from_numpy(_tree_in_random_places(flat, layers[name].shape, random))
            for name, flat in falling.items()
        }


def _tree_in_random_places(falling: np.ndarray, shape: Sequence[int], random: np.random.Generator) -> np.ndarray:
    """Only the places of the largest entries are drawn, as many as nearly always join all neurons."""
    rows, columns = shape
    neurons, size = rows + columns, rows * columns
    count = math.ceil(max(rows, columns) * (math.log(neurons) + SPARE))
    if count > size // 4:
        return spanning_tree_weights(torch.from_numpy(random.permutation(falling).reshape(rows, columns))).numpy()
    place = random.choice(size, count, replace=False)
    tree = _first_edges(place, rows, columns)
    if len(tree) < neurons - 1:  # so that these draws count as well
        rest = np.setdiff1d(np.arange(size), place)
        tree = _first_edges(np.concatenate([place, random.permutation(rest)]), rows, columns)
    return falling[tree]


def _first_edges(place: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Which edges of a bipartite graph join components when they enter in this order; sorted."""
    row, column = np.divmod(place, columns)
    entering = np.arange(1.0, len(place) + 1)  # scipy takes 0 for no edge
    graph = csr_matrix((entering, (row, rows + column)), shape=(rows + columns, rows + columns))
    return np.sort(minimum_spanning_tree(graph).data).astype(np.int64) - 1


def twins_of(
    layers: Mapping[str, Tensor], twin: Weights | None, seed: int, draws: int = TWINS
) -> list[dict[str, Tensor]]:
    """The untrained twin's layers; without one several draws of PyTorch's own initialisation."""
    if twin is None:
        return [
            {name: untrained_twin(x.float(), seed + 1000 * draw + i) for i, (name, x) in enumerate(layers.items())}
            for draw in range(draws)
        ]
    found = matrices_of(twin)
    other = {name: (tuple(x.shape), tuple(found[name].shape)) for name, x in layers.items() if name in found}
    if found.keys() != layers.keys() or any(a != b for a, b in other.values()):
        raise ValueError(
            "twin must have the layers of the network in the same shapes, got "
            f"{sorted(found)[:4]} for {sorted(layers)[:4]}; build it by probes.untrained_model"
        )
    return [found]


def moved_p_values(observed: list[float], nulls: list[list[float]], upwards_only: bool = False) -> list[float | None]:
    """How likely shuffling alone moves a row so far, corrected for there being several; None where it cannot move.

    Args:
        observed: A value for each row.
        nulls: For each draw a value for each row.
        upwards_only: Whether only large values count as moved.

    Each value is held against mean and spread of its row over all draws and the observed one, which treats all of them
    alike; the largest deviation of any row in a draw is what a row's own is compared with (Westfall and Young, 1993).
    """
    values = np.array([observed, *nulls], dtype=np.float64)
    spread = values.std(0)
    moves = spread > 1e-12 * np.abs(values).max(0)
    far = (values - values.mean(0)) / np.where(moves, spread, 1.0)
    far = far if upwards_only else np.abs(far)
    farthest = np.where(moves, far, -np.inf).max(1)[1:].tolist()
    return [null_p_value(float(own), farthest) if can else None for own, can in zip(far[0], moves, strict=True)]


def _real(x: Tensor) -> torch.dtype:
    return torch.float64 if x.dtype == torch.float64 else torch.float32
