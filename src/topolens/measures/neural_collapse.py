"""Neural collapse: how far the classes of a layer have shrunk to the corners of a simplex."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from topolens._checks import check_no_nan, check_tensor


class NeuralCollapse(NamedTuple):
    """All are 0 where collapse is complete.

    Args:
        nc1: Variability within classes against that between them, tr(W B^+) / classes.
        nc2_norm: Coefficient of variation of the distances of class means from their centre.
        nc2_angle: Mean distance of the cosines between class means from -1 / (classes - 1), that of a simplex.
        nc3: Squared distance of the classifier's rows from the class means, both scaled to unit norm; NaN without a
            classifier.
        nc4: Share of samples that the classifier puts into another class than the nearest class mean; NaN without.
    """

    nc1: float
    nc2_norm: float
    nc2_angle: float
    nc3: float
    nc4: float


def neural_collapse(
    features: Tensor, labels: Tensor, weight: Tensor | None = None, bias: Tensor | None = None
) -> NeuralCollapse:
    """The four quantities of neural collapse of one layer.

    Args:
        features: Activations, shape (samples, d).
        labels: Class of each sample, shape (samples,), whole numbers.
        weight: Of the linear classifier on these features, shape (classes, d), where there is one; row c belongs to
            the c-th smallest label.
        bias: Its bias, shape (classes,).

    Raises:
        ValueError: If a shape is wrong, features contain NaN, there are fewer than two classes, a class has one
            sample only, or all class means are the same.

    Cost: a product of the features with themselves, and a pseudo-inverse of a (d, d) matrix; a batch of fewer than d
        samples takes their number in place of d.
    Source: "Prevalence of neural collapse during the terminal phase of deep learning training", 2020, section 3.
        Features are turned into the subspace of the samples first, which changes nothing and bounds the cost.
    """
    x, classes, place = checked_classes(features, labels)
    mean, means = x.mean(0), class_means(x, place, len(classes))
    centred = means - mean
    norms = torch.linalg.vector_norm(centred, dim=1)
    if not bool((norms > 0).all()):
        raise ValueError("class means must differ from their mean, one is the same; look at another layer")
    cosines = (centred / norms[:, None]) @ (centred / norms[:, None]).T
    apart = ~torch.eye(len(classes), dtype=torch.bool)
    ideal = -1 / (len(classes) - 1)
    nc3 = nc4 = math.nan
    if weight is not None:
        w = check_classifier(weight, len(classes), x.shape[1]).to(x)
        nc3 = float((w / torch.linalg.matrix_norm(w) - centred / torch.linalg.matrix_norm(centred)).square().sum())
        logits = x @ w.T + (0 if bias is None else bias.detach().to(x))
        nc4 = float((logits.argmax(1) != torch.cdist(x, means).argmin(1)).double().mean())
    return NeuralCollapse(
        variability(x - means[place], centred, len(classes)),
        float(norms.std() / norms.mean()),
        float((cosines[apart] - ideal).abs().mean()),
        nc3,
        nc4,
    )


def checked_classes(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Features in float64 on the CPU, the classes there are, and the place of each sample's class among them."""
    check_no_nan("features", check_tensor("features", features, ("samples", "d")))
    if labels.shape != (len(features),) or labels.is_floating_point():
        raise ValueError(
            f"labels must hold one whole number for each of {len(features)} samples, got {labels.dtype} of shape "
            f"{tuple(labels.shape)}"
        )
    classes, place = labels.detach().cpu().unique(return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"there must be at least 2 classes, got {len(classes)}")
    counts = place.bincount()
    if int(counts.min()) < 2:
        raise ValueError(f"each class needs at least 2 samples, class {int(classes[counts.argmin()])} has one")
    return features.detach().to("cpu", torch.float64), classes, place


def class_means(x: Tensor, place: Tensor, classes: int) -> Tensor:
    """Mean of each class, shape (classes, d)."""
    sums = x.new_zeros(classes, x.shape[1]).index_add(0, place, x)
    return sums / place.bincount(minlength=classes)[:, None]


def check_classifier(weight: Tensor, classes: int, d: int) -> Tensor:
    """The weight itself, if it has a row for each class and a column for each feature."""
    if weight.shape != (classes, d):
        raise ValueError(f"weight must have shape ({classes}, {d}), a row per class, got {tuple(weight.shape)}")
    return weight.detach()


def variability(within: Tensor, centred: Tensor, classes: int) -> float:
    """tr(W B^+) / classes: B has the class means as its only directions, so that W is needed on these alone."""
    _, values, directions = torch.linalg.svd(centred, full_matrices=False)
    kept = values > values[0] * 1e-10 * max(centred.shape)
    spread = (within @ directions[kept].T).square().mean(0)
    return float((spread / (values[kept].square() / classes)).sum() / classes)
