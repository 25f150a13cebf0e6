"""Topograph: the wrong regions of a prediction that change its topology, and a loss on these alone."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from topolens.engines import masks as kernel
from topolens.losses.class_maps import Activation, Reduction, check_reduction, class_maps, reduced
from topolens.losses.decided import check_masks, decided
from topolens.losses.map_loss import MapLoss
from topolens.losses.precision import without_autocast
from topolens.metrics.simple_points import foreground_is_wide

Aggregate = Literal["mean", "sum", "max", "min", "rms", "ce"]
AGGREGATES = ("mean", "sum", "max", "min", "rms", "ce")


@without_autocast
def topograph(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    reduction: Reduction = "mean",
    connectivity: int | None = None,
    aggregate: Aggregate = "mean",
    noise: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Probability of the wrong decision in the regions that are wrong and matter for topology, summed over these.

    Prediction P and target Y of a class part the image into regions of equal (P, Y). A wrong region is regular if it
    touches one region of background (outside neither) and one component of the foreground of the other mask; it can
    then be put right without a change of topology. The loss is zero if and only if no region is critical, that is if
    P and Y are both deformation retracts of their union.

    Args:
        logits: Shape (batch, channels, h, w).
        target: Class numbers or one map per channel, see `class_maps`; soft maps count from above 1/2.
        activation: "auto", "sigmoid", "softmax", "one_vs_max", or None for probabilities.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean" or "sum" over items and classes, or "none": shape (batch, classes).
        connectivity: Of the foreground, 8 (default) or 4; the background has the other one.
        aggregate: What is summed over critical regions: the "mean", "sum", "max", "min" or root of the mean square
            ("rms") of the probability of the wrong decision in the region, or the mean cross-entropy ("ce").
        noise: Half-width of a uniform shift of the probability of one channel per item, drawn anew at each call, before
            decisions are taken: regions that are nearly wrong come up, too.
        generator: Of the random shifts; None: that of torch.

    Returns:
        One number, or shape (batch, classes).

    Raises:
        TypeError: If `logits` or `target` is of a wrong type.
        ValueError: If a shape or a setting is wrong, or if `logits` are volumes.

    Gradients: to the pixels of critical regions only (of "max" and "min": the extreme ones, shared among equal ones).
        Which regions these are is locally constant.
    Cost: a few passes over the pixels per item and class on the CPU, one thread per item.
    Source: "Topograph: An efficient graph-based framework for strictly topology preserving image segmentation", 2025.
        Regions are found as defined there, with the rim of the image in the background; classes are taken one by one
        and the wrong decision at a missed pixel is "not this class".

    Example:
        >>> ring = torch.tensor([[[[1.0, 1, 1], [1, 0, 1], [1, 1, 1]]]])
        >>> broken = ring.clone()
        >>> broken[..., 1, 2] = 0.25
        >>> topograph(broken, ring, activation=None)
        tensor(0.7500)
    """
    _check_settings(reduction, aggregate, noise)
    maps = class_maps(logits, target, activation, include_background)
    wide = _check_images(logits, connectivity)
    shift = _shift(logits, noise, generator)
    masks = decided(logits, activation, include_background, shift)
    regions = _critical(masks, maps.target > 0.5, wide)
    wrong = torch.where(masks, maps.probability, 1 - maps.probability)
    return reduced(_summed(wrong, regions, aggregate), reduction)


def topograph_regions(prediction: Tensor, target: Tensor, connectivity: int | None = None) -> Tensor:
    """Numbers of the critical regions of predicted masks, from 1 for each of them, and 0 elsewhere.

    Args:
        prediction: Masks, shape (batch, channels, h, w); what is not 0 is foreground.
        target: Of the same shape.
        connectivity: Of the foreground, 8 (default) or 4.

    Returns:
        Whole numbers in the shape of the masks, on the device of `prediction`; regions are in the order of their first
        pixels.

    Raises:
        TypeError: If one of them is no tensor.
        ValueError: If the shapes differ or are not those of images.

    Example:
        >>> topograph_regions(torch.tensor([[[[1, 0, 1]]]]), torch.tensor([[[[1, 1, 1]]]]))
        tensor([[[[0, 1, 0]]]])
    """
    masks, truth = check_masks(prediction, target)
    return _critical(masks, truth, _check_images(masks, connectivity))


def _check_settings(reduction: str, aggregate: str, noise: float) -> None:
    check_reduction(reduction)
    if aggregate not in AGGREGATES:
        raise ValueError(f"aggregate must be one of {', '.join(map(repr, AGGREGATES))}, got {aggregate!r}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must lie in [0, 1], got {noise}")


def _check_images(x: Tensor, connectivity: int | None) -> bool:
    """Whether the foreground of images is 8-connected."""
    if x.ndim != 4:
        raise ValueError(
            f"critical regions are defined in images, got shape {tuple(x.shape)}; in volumes use warping or "
            "betti_matching"
        )
    return foreground_is_wide(connectivity, 2)


def _shift(logits: Tensor, noise: float, generator: torch.Generator | None) -> Tensor | None:
    """Shifts (batch, channels) of probabilities, one random channel of each item."""
    if noise == 0:
        return None
    device = "cpu" if generator is None else generator.device
    batch, channels = logits.shape[:2]
    drawn = noise * (2 * torch.rand((batch, 1), generator=generator, device=device) - 1)
    channel = torch.randint(channels, (batch, 1), generator=generator, device=device)
    return torch.zeros((batch, channels), device=device).scatter(1, channel, drawn).to(logits.device)


def _critical(prediction: Tensor, target: Tensor, wide: bool) -> Tensor:
    """Numbers of critical regions in masks of images."""
    numbers = kernel.wrong_regions(prediction.flatten(0, 1), target.flatten(0, 1), wide)
    return numbers.clamp(min=0).long().reshape(prediction.shape).to(prediction.device)


def _summed(wrong: Tensor, regions: Tensor, aggregate: Aggregate) -> Tensor:
    """Aggregates over regions, summed for each item and class."""
    batch, classes = wrong.shape[:2]
    flat = regions.flatten(0, 1).flatten(1)
    item, pixel = flat.nonzero(as_tuple=True)
    values = wrong.flatten(0, 1).flatten(1)[item, pixel]
    counts = flat.amax(1) if flat.shape[1] else flat.sum(1)
    region = flat[item, pixel] - 1 + (counts.cumsum(0) - counts)[item]
    owner = torch.repeat_interleave(counts)
    each = _aggregated(values, region, len(owner), aggregate)
    return values.new_zeros(batch * classes).index_add(0, owner, each).view(batch, classes)


def _aggregated(values: Tensor, region: Tensor, count: int, aggregate: Aggregate) -> Tensor:
    """One number for each region."""
    zeros = values.new_zeros(count)
    if aggregate in ("max", "min"):
        return zeros.scatter_reduce(0, region, values, f"a{aggregate}", include_self=False)
    if aggregate == "sum":
        return zeros.index_add(0, region, values)
    if aggregate == "rms":
        values = values.square()
    elif aggregate == "ce":
        values = -torch.log1p(-values.clamp(max=1 - torch.finfo(values.dtype).eps))
    mean = zeros.index_add(0, region, values) / torch.bincount(region, minlength=count).to(values.dtype)
    return mean.clamp(min=torch.finfo(mean.dtype).tiny).sqrt() if aggregate == "rms" else mean


class TopographLoss(MapLoss):
    """`topograph` with its settings.

    Args:
        activation: See there.
        include_background: Whether channel 0 of several is a class of its own.
        reduction: "mean", "sum" or "none".
        connectivity: Of the foreground, 8 (default) or 4.
        aggregate: "mean", "sum", "max", "min", "rms" or "ce".
        noise: Half-width of random shifts before decisions are taken; in evaluation mode there are none.
        generator: Of these shifts.

    Raises:
        ValueError: If a setting is wrong.
    """

    def __init__(
        self,
        *,
        activation: Activation | None = "auto",
        include_background: bool = False,
        reduction: Reduction = "mean",
        connectivity: int | None = None,
        aggregate: Aggregate = "mean",
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        _check_settings(reduction, aggregate, noise)
        foreground_is_wide(connectivity, 2)
        super().__init__(
            activation=activation,
            include_background=include_background,
            reduction=reduction,
            connectivity=connectivity,
            aggregate=aggregate,
            noise=noise,
            generator=generator,
        )

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The function of the same name."""
        return topograph(logits, target, **{**self.settings, "noise": self.noise if self.training else 0.0})
