"""Scores of masks as partitions into connected components."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from topolens._optional import skimage
from topolens.metrics.components import numbered
from topolens.metrics.masks import Masks, connected_pair


def variation_of_information(
    prediction: Tensor,
    target: Tensor,
    *,
    connectivity: int,
    ignore_background: bool = True,
    classes: Sequence[int] | None = None,
) -> Tensor:
    """Variation of information between the components of masks, as what is split too much and what is merged.

    H(prediction | target) says how many bits it takes to tell in which component of the prediction a pixel is when its
    component in the target is known (splits); H(target | prediction) is the other way round (merges).

    Args:
        prediction: Shape (batch, ...sides) or (batch, classes, ...sides), boolean or 0 and 1: the segments, not the
            walls between them (where the mask is of walls, hand over its complement and its connectivity).
        target: In the shape of `prediction`.
        connectivity: Of the segments: 4 or 8 in 2D, 6 or 26 in 3D.
        ignore_background: Only pixels count that are in the target. Otherwise the background is a segment as well.
        classes: The classes of interest where both hold class numbers, shape (batch, ...sides) or (batch, 1, ...sides).

    Returns:
        Shape (batch, 2) or (batch, classes, 2): splits and merges, in bits, in torch's default float type; their sum is
        the published number. 0 for two empty masks; NaN where one of them is empty, for a measure without a bound
        knows no worst value, and the entropy of a single segment would be the best one.

    Raises:
        ImportError: If scikit-image is not installed.
        TypeError: If one of the two is no tensor.
        ValueError: If connectivity, a shape or values are wrong.

    Cost: labels and one table of counts per item, on the CPU, some 10 ms for 512 x 512 pixels.
    Source: "Comparing clusterings – an information based distance", 2007; the background of the target is left out as
        in the CREMI challenge. scikit-image does the sums. All that the prediction misses of the target is one segment.

    Example:
        >>> whole, halves = torch.tensor([[[1, 1, 1, 1, 1, 1]]]), torch.tensor([[[1, 1, 1, 0, 1, 1]]])
        >>> variation_of_information(whole, halves, connectivity=8)   # 2 of 5 bits tell 3 pixels from 2
        tensor([[0.0000, 0.9710]])
    """
    one, other = connected_pair(prediction, target, connectivity, classes)
    score = skimage("metrics").variation_of_information
    rows = []
    for p, y in _labels(one, other, connectivity):
        if p.any() and y.any():
            rows.append(tuple(score(y, p, ignore_labels=(0,) if ignore_background else ())))
        else:
            rows.append((np.nan,) * 2 if p.any() or y.any() else (0.0, 0.0))
    return one.grouped(torch.tensor(rows, dtype=torch.get_default_dtype()).reshape(-1, 2))


def adapted_rand_error(
    prediction: Tensor,
    target: Tensor,
    *,
    connectivity: int,
    ignore_background: bool = True,
    classes: Sequence[int] | None = None,
) -> Tensor:
    """Adapted Rand error of the components of masks: 1 minus the F score of pairs of pixels in a common component.

    Args:
        prediction: As in `variation_of_information`.
        target: In the shape of `prediction`.
        connectivity: Of the segments: 4 or 8 in 2D, 6 or 26 in 3D.
        ignore_background: Only pixels count that are in the target. Otherwise the background is a segment as well.
        classes: The classes of interest where both hold class numbers.

    Returns:
        Shape (batch,) or (batch, classes), in torch's default float type: 0 for equal masks, two empty ones among them;
        1, the worst, where one of them is empty.

    Raises:
        ImportError: If scikit-image is not installed.
        TypeError: If one of the two is no tensor.
        ValueError: If connectivity, a shape or values are wrong.

    Cost: that of `variation_of_information`.
    Source: "Crowdsourcing the creation of image segmentation algorithms for connectomics", 2015, by scikit-image; the
        function of that name in other packages gives the F score itself.

    Example:
        >>> whole, halves = torch.tensor([[[1, 1, 1, 1, 1, 1]]]), torch.tensor([[[1, 1, 1, 0, 1, 1]]])
        >>> adapted_rand_error(whole, halves, connectivity=8)         # 1 - 2 * 8 / (20 + 8)
        tensor([0.4286])
    """
    one, other = connected_pair(prediction, target, connectivity, classes)
    score = skimage("metrics").adapted_rand_error
    rows = []
    for p, y in _labels(one, other, connectivity):
        if not (p.any() and y.any()):
            rows.append(float(p.any() != y.any()))
            continue
        with np.errstate(invalid="ignore"):
            error = float(score(y, p, ignore_labels=(0,) if ignore_background else ())[0])
        rows.append(0.0 if math.isnan(error) else error)  # no two pixels share a component, in neither of them
    return one.grouped(torch.tensor(rows, dtype=torch.get_default_dtype()))


def _labels(one: Masks, other: Masks, connectivity: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels of the components of both masks, item by item and from 1 on."""
    found = []
    for masks in (one, other):
        labels, counts = numbered(masks.items.cpu().numpy(), connectivity)
        found.append((labels, np.cumsum(counts) - counts))
    for item in range(len(one.items)):
        p, y = (np.maximum(labels[item] - before[item], 0) for labels, before in found)
        yield p, y
