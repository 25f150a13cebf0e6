"""Topological uncertainty: how unlike the graph that a sample activates is to those of samples of its class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor
from topolens.engines import compiled

BLOCK = 8_000_000  # entries of the matrices handed to the engine at once


class TreeMeans(NamedTuple):
    """What the trees of known samples look like, class by class.

    Args:
        classes: Predicted classes that occur, rising, shape (classes,).
        layers: For each layer the mean of the sorted tree edges of each class, shape (classes, edges), then a last row
            for all samples, which stands for classes that do not occur.
    """

    classes: Tensor
    layers: tuple[Tensor, ...]


def activation_trees(weight: Tensor, inputs: Tensor) -> Tensor:
    """Edges of the maximum spanning tree of the graph that each sample activates in a linear layer, in falling order.

    The graph joins input neuron j and output neuron i by an edge of length abs(w_ij a_j(x)).

    Args:
        weight: Of the layer, shape (out, in).
        inputs: What the layer is given, shape (samples, in): the activations of the layer before it.

    Returns:
        Shape (samples, out + in - 1), float64, on the CPU.

    Raises:
        TypeError: If one is no floating-point tensor.
        ValueError: If shapes do not fit, there are no neurons, or something is NaN or infinite.

    Cost: O((out + in)^2) time per sample, in blocks of 64 MB.
    Source: "Topological uncertainty: monitoring trained neural networks through persistence of activation graphs",
        2021, section 3.

    Example:
        >>> activation_trees(torch.tensor([[3.0, -2.0], [0.5, 1.0]]), torch.tensor([[1.0, 2.0]]))
        tensor([[4., 3., 2.]], dtype=torch.float64)
    """
    check_no_nan("weight", check_tensor("weight", weight, ("out", "in")))
    check_no_nan("inputs", check_tensor("inputs", inputs, ("samples", "in")))
    if weight.shape[1] != inputs.shape[1] or not weight.numel():
        raise ValueError(
            f"weight (out, in) and inputs (samples, in) must share at least one neuron, got {tuple(weight.shape)} and "
            f"{tuple(inputs.shape)}; inputs are what the layer is given, not what it answers"
        )
    if torch.isinf(weight).any() or torch.isinf(inputs).any():
        raise ValueError("weight and inputs must be finite; a network that diverged has no such graph")
    w, a = weight.detach().to("cpu", torch.float64), inputs.detach().to("cpu", torch.float64)
    out, neurons = len(w), sum(w.shape)
    block = max(1, BLOCK // neurons**2)
    found = [a.new_zeros(0, neurons - 1)]
    for start in range(0, len(a), block):
        strengths = (w * a[start : start + block, None]).abs()
        lengths = strengths.new_full((len(strengths), neurons, neurons), torch.inf)
        lengths[:, :out, out:] = -strengths
        lengths[:, out:, :out] = -strengths.mT
        low, high = compiled.spanning_tree(lengths).sort(2).values.unbind(2)
        edges = strengths.flatten(1).gather(1, low * w.shape[1] + high - out)
        found.append(edges.sort(1, descending=True).values)
    return torch.cat(found)


def tree_means(trees: Sequence[Tensor], predicted: Tensor) -> TreeMeans:
    """Mean tree of each predicted class, in each layer.

    Args:
        trees: Of known samples, one tensor (samples, edges) for each layer, from `activation_trees`.
        predicted: The class that the network gives each of these samples, shape (samples,), whole numbers.

    Raises:
        ValueError: If there are no layers or samples, or shapes do not fit.

    Source: "Topological uncertainty", 2021, section 3: of numbers on a line the Frechet mean in the Wasserstein
        distance of order 2 is the mean of the sorted ones.
    """
    _check(trees, predicted)
    classes, place = predicted.detach().cpu().unique(return_inverse=True)
    counts = place.bincount(minlength=len(classes))[:, None]
    layers = []
    for tree in trees:
        sums = tree.new_zeros(len(classes), tree.shape[1]).index_add(0, place, tree)
        layers.append(torch.cat([sums / counts, tree.mean(0, keepdim=True)]))
    return TreeMeans(classes, tuple(layers))


def topological_uncertainty(trees: Sequence[Tensor], predicted: Tensor, means: TreeMeans) -> Tensor:
    """Mean over layers of the distance between a sample's tree and the mean tree of the class it is predicted as.

    The distance is that of Wasserstein of order 1 between edges of mass 1 / edges: the mean of abs(edge - mean edge)
    over sorted edges.

    Args:
        trees: One tensor (samples, edges) for each layer, from `activation_trees`.
        predicted: The class that the network gives each sample, shape (samples,).
        means: Of known samples, the layers in the same order; a class that they do not hold is compared with the mean
            of all.

    Returns:
        Shape (samples,), float64; larger is less like the known samples.

    Raises:
        ValueError: If there are no layers or samples, or shapes do not fit.

    Source: "Topological uncertainty: monitoring trained neural networks through persistence of activation graphs",
        2021, section 3.
    """
    _check(trees, predicted)
    if [tree.shape[1] for tree in trees] != [mean.shape[1] for mean in means.layers]:
        raise ValueError(
            f"trees and means must be of the same layers, got {[tree.shape[1] for tree in trees]} and "
            f"{[mean.shape[1] for mean in means.layers]} edges"
        )
    labels = predicted.detach().cpu()
    place = torch.searchsorted(means.classes, labels).clamp_max(len(means.classes) - 1)
    place = torch.where(means.classes[place] == labels, place, len(means.classes))
    apart = [(tree - mean[place]).abs().mean(1) for tree, mean in zip(trees, means.layers, strict=True)]
    return torch.stack(apart).mean(0)


def _check(trees: Sequence[Tensor], predicted: Tensor) -> None:
    if not trees or not len(predicted) or any(len(tree) != len(predicted) for tree in trees):
        raise ValueError(
            f"there must be at least one layer and one sample, and a class for each sample, got trees of "
            f"{[tuple(tree.shape) for tree in trees]} and {tuple(predicted.shape)} classes"
        )
