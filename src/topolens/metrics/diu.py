"""What differs between the intersection and the union of two masks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from topolens.filtrations import cubical
from topolens.metrics.masks import connected_pair
from topolens.persistence import persistence


def diu(prediction: Tensor, target: Tensor, *, connectivity: int, classes: Sequence[int] | None = None) -> Tensor:
    """Discrepancy between intersection and union: 0 only if both masks have the same features in the same places.

    In each dimension, dim ker + dim coker of the map from the homology of the intersection of the masks to that of
    their union: features of the intersection that end in the union, and features of the union that come from none.

    Args:
        prediction: Shape (batch, ...sides) or (batch, classes, ...sides), boolean or 0 and 1; two sides for
            connectivity 4 or 8, three for 6 or 26.
        target: In the shape of `prediction`.
        connectivity: Of the foreground: 4 or 8 in 2D, 6 or 26 in 3D; the background has the other one.
        classes: The classes of interest where both hold class numbers, shape (batch, ...sides) or (batch, 1, ...sides).

    Returns:
        Shape (batch, 2) or (batch, 3), with classes (batch, classes, 2) or (..., 3); int64, dimensions rising. The
        published number is their sum. Two empty masks give 0; with one empty mask it is the Betti numbers of the other.

    Raises:
        TypeError: If one of the two is no tensor.
        ValueError: If connectivity, a shape or values are wrong.

    Cost: one run of the engine on images of three levels, on the CPU: about that of `betti_numbers` in 2D; a volume of
        64 x 64 x 64 voxels takes 0.03 s.
    Source: "Topograph: an efficient graph-based framework for strictly topology preserving image segmentation", 2025.
        There both masks are first thickened by amounts below a pixel, and the released program counts neighbours
        instead; here the definition is taken on the pixels themselves, so that two masks that touch along a side
        without sharing a pixel have an empty intersection.

    Example:
        >>> one, other = torch.tensor([[[1, 1, 0, 1, 1]]]), torch.tensor([[[1, 1, 1, 1, 1]]])
        >>> diu(one, other, connectivity=8)                       # the two pieces of the intersection are joined
        tensor([[1, 0]])
    """
    one, other = connected_pair(prediction, target, connectivity, classes)
    # Level 0 is the intersection and level 1 the union, so bars say what happens on the way from one to the other.
    levels = 2 - one.items.to(torch.uint8) - other.items.to(torch.uint8)
    axes = levels.ndim - 1
    construction = "V" if connectivity in (4, 6) else "T"
    bars = persistence(cubical(levels, construction=construction, axes=axes), max_dim=axes - 1)
    birth, death = bars.intervals.unbind(1)
    differs = ((birth == 0) & (death == 1)) | (birth == 1)
    slots = axes * bars.batch[differs] + bars.dim[differs]
    return one.grouped(torch.bincount(slots, minlength=axes * len(levels)).reshape(len(levels), axes))
