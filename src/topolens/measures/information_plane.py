"""What a layer keeps of its input and of the label, in bits, as far as estimators can tell."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_positive
from topolens.measures.cka import checked_activations

SATURATED = 0.95


class BinnedInformation(NamedTuple):
    """Mutual information of a layer cut into bins, in bits.

    Args:
        input: I(X; T), the entropy of the binned layer, as the layer is a function of the input.
        label: I(T; Y).
        saturation: I(X; T) over log2 of the number of samples, its largest value.
        saturated: Whether that is above 0.95: nearly every sample has its own bin, and both values are then those of
            the samples' number and of the labels alone.
    """

    input: float
    label: float
    saturation: float
    saturated: bool


class KernelInformation(NamedTuple):
    """Bounds of the mutual information of a layer with noise added, in bits.

    Args:
        input_low: Of I(X; T + noise).
        input_high: Of the same.
        label_low: I(T + noise; Y) by the lower estimates: an indication, a difference of bounds is none.
        label_high: By the upper ones.
        saturation: `input_high` over log2 of the number of samples.
        saturated: Whether that is above 0.95: samples lie further apart than the noise reaches.
    """

    input_low: float
    input_high: float
    label_low: float
    label_high: float
    saturation: float
    saturated: bool


def binned_information(
    activations: Tensor, labels: Tensor, *, bins: int = 30, limits: tuple[float, float] | None = None
) -> BinnedInformation:
    """Mutual information of a layer with its input and with labels, each neuron cut into equal bins.

    Args:
        activations: Shape (samples, features).
        labels: Whole numbers, shape (samples,).
        bins: Of each neuron.
        limits: The range that is cut, for instance (-1, 1) for tanh; entries outside count to the end bins. None: that
            of the layer.

    Returns:
        Bits. Entropies are those of the samples as they are, without correction: they cannot pass log2 of their number.

    Raises:
        TypeError: If activations are no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, there are no samples, or bins or limits are out of
            range.

    Source: "Opening the black box of deep neural networks via information", 2017, section 2.
    """
    x, y = checked_labelled(activations, labels)
    return binned_from_cells(cells(x, bins, limits), y)


def cells(x: Tensor, bins: int, limits: tuple[float, float] | None = None) -> Tensor:
    """The number of each sample's cell where every neuron is cut into bins.

    Raises:
        ValueError: If bins are not above 0, or limits do not rise.
    """
    check_positive("bins", bins)
    low, high = (float(x.min()), float(x.max())) if limits is None else limits
    if not low <= high:
        raise ValueError(f"limits must rise, got {limits}")
    width = (high - low) / bins if high > low else 1.0
    cut = ((x - low) / width).floor().clamp(0, bins - 1)
    return cut.to(torch.int32).unique(dim=0, return_inverse=True)[1]


def binned_from_cells(place: Tensor, y: Tensor) -> BinnedInformation:
    """The same from the number of each sample's cell and the place of its label among them."""
    whole = entropy(place)
    label = whole + entropy(y) - entropy(place * (int(y.max()) + 1) + y)
    most = math.log2(len(place))
    saturation = whole / most if most > 0 else 1.0
    return BinnedInformation(whole, max(label, 0.0), saturation, saturation > SATURATED)


def kernel_information(activations: Tensor, labels: Tensor, *, noise: float = 0.1) -> KernelInformation:
    """Bounds of the mutual information of a layer with its input and with labels, Gaussian noise on each neuron.

    -1/n sum_i log2 1/n sum_j exp(-norm(t_i - t_j)^2 / (s noise)), with s = 2 for the upper bound and 8 for the lower.

    Args:
        activations: Shape (samples, features).
        labels: Whole numbers, shape (samples,).
        noise: Variance of the noise, in the square of the layer's unit.

    Returns:
        Bits. The values depend on `noise`: a layer of larger activations seems to keep more.

    Raises:
        TypeError: If activations are no floating-point tensor.
        ValueError: If a shape is wrong, an entry is NaN or infinite, there are no samples, or noise is not above 0.

    Cost: squared distances of all samples, O(samples^2 features).
    Source: "Estimating mixture entropy with pairwise distances", 2017, section 3; used on layers in "On the information
        bottleneck theory of deep learning", 2018, appendix C.
    """
    x, y = checked_labelled(activations, labels)
    check_positive("noise", noise)
    square = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").square()
    bounds = []
    for scale in (8.0, 2.0):
        exponent = -square / (scale * noise)
        whole = _pairwise_entropy(exponent)
        inner = 0.0
        for label in y.unique():
            own = (y == label).nonzero().flatten()
            inner += len(own) / len(x) * _pairwise_entropy(exponent[own][:, own])
        bounds.append((max(whole, 0.0), max(whole - inner, 0.0)))
    most = math.log2(len(x))
    saturation = bounds[1][0] / most if most > 0 else 1.0
    (low, label_low), (high, label_high) = bounds
    return KernelInformation(low, high, label_low, label_high, saturation, saturation > SATURATED)


def entropy(place: Tensor) -> float:
    """Entropy in bits of how often each number occurs."""
    counts = place.unique(return_counts=True)[1].double()
    share = counts / counts.sum()
    return max(float(-(share * share.log2()).sum()), 0.0)


def checked_labelled(activations: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Activations in float64 on the CPU, and the place of each sample's label among the labels there are."""
    x = checked_activations("activations", activations)
    if not isinstance(labels, Tensor) or labels.shape != (len(x),) or labels.is_floating_point():
        got = f"{labels.dtype} of shape {tuple(labels.shape)}" if isinstance(labels, Tensor) else type(labels).__name__
        raise ValueError(f"labels must hold one whole number for each of {len(x)} samples, got {got}")
    if not len(x):
        raise ValueError("there must be at least one sample, got none")
    return x, labels.detach().cpu().unique(return_inverse=True)[1]


def _pairwise_entropy(exponent: Tensor) -> float:
    """-1/n sum_i log2 1/n sum_j exp(exponent_ij)."""
    n = len(exponent)
    return float((math.log(n) - exponent.logsumexp(1)).mean()) / math.log(2)
