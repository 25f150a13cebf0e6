"""The share of pixels that two masks have in common."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from topolens.metrics.masks import pair_of, pixels_in


def dice(
    prediction: Tensor, target: Tensor, *, axes: int | None = None, classes: Sequence[int] | None = None
) -> Tensor:
    """Dice scores of masks: twice the pixels of both, over the pixels of the one plus those of the other.

    Args:
        prediction: Shape (batch, ...sides) or (batch, classes, ...sides), boolean or 0 and 1.
        target: In the shape of `prediction`.
        axes: Number of sides, 2 or 3. None: 3 for tensors of five axes, 2 for fewer; say 3 for volumes without classes.
        classes: The classes of interest where both hold class numbers, shape (batch, ...sides) or (batch, 1, ...sides).

    Returns:
        Shape (batch,) or (batch, classes), in torch's default float type: 1 for equal masks, two empty ones among them;
        0 where one is empty.

    Raises:
        TypeError: If one of the two is no tensor.
        ValueError: If a shape, axes or values are wrong.

    Cost: three sums on the device of the masks.

    Example:
        >>> dice(torch.tensor([[[1, 1, 0]]]), torch.tensor([[[1, 0, 0]]]))
        tensor([0.6667])
    """
    one, other = pair_of(prediction, target, axes, classes)
    common, total = pixels_in(one.items & other.items), pixels_in(one.items) + pixels_in(other.items)
    return one.grouped(torch.where(total == 0, 1.0, 2 * common / total.clamp(min=1)))
