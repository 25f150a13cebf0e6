"""Neural persistence of layers, deep graph persistence of their chain, and when the first has stopped to rise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from torch import Tensor

from topolens.measures.path_strengths import Graph, path_strengths
from topolens.measures.spanning_forest import spanning_tree_weights


class NeuralPersistence(NamedTuple):
    """Neural persistence of a network.

    Args:
        mean: Over its layers.
        layers: Name of each layer to its neural persistence.
    """

    mean: float
    layers: dict[str, float]


def neural_persistence(
    weights: Tensor | Mapping[str, Tensor],
    *,
    include_essential: bool = False,
    normalised: bool = True,
    scale: Literal["network", "layer"] = "network",
) -> NeuralPersistence:
    """How late the neurons of each layer are joined when its weights enter in falling order of magnitude.

    All neurons are there at 1 and an edge enters at abs(w) / W with W the largest magnitude, so the bars of degree 0
    are (1, m) for the edges m of the maximum spanning tree; their norm is sqrt(sum (1 - m)^2).

    Args:
        weights: One weight, or layers by name: `neural_persistence(weight_matrices(model))` with
            `probes.weight_matrices`. Shapes (out, in) or (out, in, kernel ...), read as (out, in * kernel).
        include_essential: Also count the component that never dies as a bar (1, 0), as the authors' code does; then
            normalised values may exceed 1.
        normalised: Divide by its largest value sqrt(n - 1) for n neurons, so that layers can be compared.
        scale: W over all layers ("network", as in the paper) or over each layer by itself.

    Returns:
        A single weight is the layer "weight". 0 where all tree edges have the largest magnitude. Layers of zeros alone
        have the largest value there is.

    Raises:
        TypeError: If a weight is no floating-point tensor.
        ValueError: If there are no layers, one has fewer than two axes, no entries, NaN or infinite ones, or the scale
            is unknown.

    Cost: a spanning tree of each layer, see `spanning_tree_weights`; a few milliseconds for a million weights.
    Source: "Neural persistence: a complexity measure for deep neural networks using algebraic topology", 2019,
        section 3. Renumbering neurons changes nothing; scaling ReLU neurons does.

    Example:
        >>> import torch
        >>> round(neural_persistence(torch.tensor([[1.0, 0.5], [0.5, 0.5]])).mean ** 2, 6)  # (0 + 0.25 + 0.25) / 3
        0.166667
    """
    layers = _layers(weights)
    if scale not in ("network", "layer"):
        raise ValueError(f'scale must be "network" or "layer", got {scale!r}')
    trees = {name: spanning_tree_weights(x) for name, x in layers.items()}
    return persistence_of_trees(trees, include_essential, normalised, scale)


def persistence_of_trees(
    trees: Mapping[str, Tensor], include_essential: bool = False, normalised: bool = True, scale: str = "network"
) -> NeuralPersistence:
    """Neural persistence of layers from their spanning trees: magnitudes of the edges in falling order, by name."""
    widest = max(float(tree[0]) for tree in trees.values())  # the largest weight is an edge of its tree
    found = {
        name: _norm(tree.double(), widest if scale == "network" else float(tree[0]), include_essential, normalised)
        for name, tree in trees.items()
    }
    return NeuralPersistence(math.fsum(found.values()) / len(found), found)


def deep_graph_persistence(
    weights: Mapping[str, Tensor] | Sequence[Tensor],
    *,
    graph: Graph | None = None,
    standardise: bool = True,
    include_essential: bool = False,
    normalised: bool = True,
) -> float:
    """Neural persistence of the graph between the inputs and the outputs of a whole network.

    An input i and an output o are joined by max over all paths of min abs(w) along the path: the product of the
    magnitudes in the (max, min) semiring.

    Args:
        weights: Layers in the order in which the network runs them, shapes (out, in) or (out, in, kernel ...). Between
            channels the largest weight over the places of the kernel counts; a linear layer behind a flattened
            convolution has the places of a channel beside each other, and the largest counts as well.
        graph: How the layers follow each other, shortcuts and branches included, for instance
            `probes.weight_graph(model, weights)`; None: a chain in this order. A shortcut has no weight and weakens no
            path.
        standardise: Take (w - mean) / std of each layer first, so that no layer rules by its scale alone. A layer of
            equal weights becomes 0.
        include_essential, normalised: As in `neural_persistence`.

    Raises:
        TypeError: If a weight is no floating-point tensor.
        ValueError: If there are no layers, one has fewer than two axes, no entries, NaN or infinite ones; the inputs
            of a layer are no multiple of the outputs of the one before, as where branches meet and no graph is given;
            or a path meets no weights.

    Cost: outputs (or inputs, whichever are fewer) times all weights.
    Source: "Addressing caveats of neural persistence with deep graph persistence", 2023, section 5, for chains. Ours:
        shortcuts and branches.
    """
    layers = _layers(weights if isinstance(weights, Mapping) else {f"layer {i}": x for i, x in enumerate(weights)})
    tree = spanning_tree_weights(path_strengths(layers, standardise, graph)).double()
    return _norm(tree, float(tree[0]), include_essential, normalised)


def persistence_plateau(
    values: Sequence[float], *, least_rise: float = 0.0, patience: int = 4, burn_in: int = 0
) -> int | None:
    """The check at which training would be stopped because neural persistence no longer rises.

    Args:
        values: Mean neural persistence at each check, for instance every quarter of an epoch.
        least_rise: A check must exceed the best value so far by more than this to count as a rise.
        patience: Stop after so many checks in a row without a rise.
        burn_in: Checks at the start that are not looked at.

    Returns:
        Its place in `values`, or None while values still rise.

    Raises:
        ValueError: If patience is not above 0, or a value is NaN.

    Source: "Neural persistence", 2019, algorithm 2: no validation data is needed.

    Example:
        >>> persistence_plateau([0.1, 0.5, 0.6, 0.6, 0.59, 0.7], patience=2)
        4
    """
    if patience < 1:
        raise ValueError(f"patience must be at least 1 check, got {patience}")
    best, waited = -math.inf, 0
    for place, value in enumerate(values):
        if math.isnan(value):
            raise ValueError(f"values must be numbers, got NaN at check {place}; the network has diverged there")
        if place < burn_in:
            continue
        rises = value > best + least_rise
        best, waited = (value, 0) if rises else (best, waited + 1)
        if waited == patience:
            return place
    return None


def _layers(weights: Tensor | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    if isinstance(weights, Tensor):
        return {"weight": weights}
    if not isinstance(weights, Mapping):
        raise TypeError(
            f"weights must be a tensor or a mapping of names to tensors, got {type(weights).__name__}; of a module "
            "take probes.weight_matrices(model)"
        )
    if not weights:
        raise ValueError("weights must hold at least one layer, got none")
    return weights


def _norm(tree: Tensor, widest: float, include_essential: bool, normalised: bool) -> float:
    scaled = tree / widest if widest > 0 else tree
    total = float((1 - scaled).square().sum()) + include_essential
    return math.sqrt(total / len(tree)) if normalised else math.sqrt(total)
