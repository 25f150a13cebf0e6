"""A skeleton made of minima and maxima of neighbours, so that gradients flow through it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from topolens._checks import check_floating, check_no_nan, is_traced


def soft_skeleton(x: Tensor, iterations: int | Tensor | None = None) -> Tensor:
    """Centre lines of bright structures: what opening removes from a map, from its erosion, and again.

    Erosion takes the least of a pixel and its neighbours beside it, dilation the largest of all neighbours around it;
    the skeleton S grows by relu(d - S d) with d = relu(x - opening of x). Beyond the border there is nothing:
    structures are not eroded from there.

    Args:
        x: Maps of probability, shape (batch, channels, h, w) or (batch, channels, d, h, w).
        iterations: Erosions, at least as many as the largest radius in steps along the axes; one for all maps, or whole
            numbers of shape (batch, channels). None: until nothing is left, for masks just that radius. Maps with a
            floor of many values keep on eroding, so that training needs a number.

    Returns:
        The shape and type of `x`; 0 for a constant map; 0 or 1 for masks.

    Raises:
        TypeError: If `x` is no floating-point tensor.
        ValueError: If a shape is wrong, `x` contains NaN or `iterations` is negative.

    Gradients: to the pixels that gave a minimum or maximum; among equal ones to the first.
    Cost: One pass of minima and maxima for each iteration. With gradients two maps are kept for each, and the rest is
    computed again on the way back.
    Source: "clDice - a novel topology-preserving loss function for tubular structure segmentation", 2021, algorithm 1;
    same values as MONAI's. Not topology-preserving: `topological_skeleton` is.

    Example:
        >>> line = torch.zeros(1, 1, 5, 7)
        >>> line[..., 1:4, :] = 1
        >>> soft_skeleton(line)[0, 0, :, 3].tolist()
        [0.0, 0.0, 1.0, 0.0, 0.0]
    """
    return skeleton_and_steps(x, iterations)[0]


def skeleton_and_steps(x: Tensor, iterations: int | Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`soft_skeleton`, and how many erosions each map took until nothing was left, or was allowed to take."""
    steps = _checked_steps(check_maps(x), iterations)
    most = sum(x.shape[2:]) if steps is None else int(steps.max()) if steps.numel() else 0
    taken = torch.zeros(x.shape[:2], dtype=torch.int64, device=x.device)
    eroded = _eroded(x)
    skeleton = (x - _dilated(eroded)).relu()
    for step in range(1, most + 1):
        if torch.equal(eroded, x):
            break
        live = (eroded != x).flatten(2).any(2) if steps is None else steps >= step
        taken += live
        x, (eroded, skeleton) = eroded, _lean(_grown, eroded, skeleton, live)
    return skeleton, taken


def _grown(x: Tensor, skeleton: Tensor, live: Tensor) -> tuple[Tensor, Tensor]:
    """The erosion of x, and the skeleton with what opening removes from x, in the maps that are still to be eroded."""
    eroded = _eroded(x)
    delta = (x - _dilated(eroded)).relu() * live.view(*live.shape, *[1] * (x.ndim - 2))
    return eroded, skeleton + (delta - skeleton * delta).relu()


def _lean(step: Callable[..., tuple[Tensor, Tensor]], *inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The step, of which only the inputs are kept for the way back."""
    if not (torch.is_grad_enabled() and any(x.requires_grad for x in inputs)):
        return step(*inputs)
    return checkpoint(step, *inputs, use_reentrant=False, preserve_rng_state=False)


def _eroded(x: Tensor) -> Tensor:
    """The least of each pixel and its neighbours along the axes."""
    least = _of_three(x, 2, _least)
    for axis in range(3, x.ndim):
        least = _least(least, _of_three(x, axis, _least))
    return least


def _dilated(x: Tensor) -> Tensor:
    """The largest of each pixel and all its neighbours, diagonal ones among them."""
    for axis in range(2, x.ndim):
        x = _of_three(x, axis, _largest)
    return x


def _of_three(x: Tensor, axis: int, pick: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The pick of each pixel and the two beside it on an axis; the outermost pixels have one."""
    n = x.shape[axis]
    if n < 2:
        return x
    two = pick(x.narrow(axis, 0, n - 1), x.narrow(axis, 1, n - 1))
    inner = pick(two.narrow(axis, 0, n - 2), two.narrow(axis, 1, n - 2))
    return torch.cat([two.narrow(axis, 0, 1), inner, two.narrow(axis, n - 2, 1)], axis)


def _least(a: Tensor, b: Tensor) -> Tensor:
    """`torch.minimum`; with gradients by a choice, which keeps a bit for each pixel and is much faster backward."""
    return torch.where(a <= b, a, b) if a.requires_grad else torch.minimum(a, b)


def _largest(a: Tensor, b: Tensor) -> Tensor:
    """`torch.maximum`, in the same way."""
    return torch.where(a >= b, a, b) if a.requires_grad else torch.maximum(a, b)


def check_maps(x: Tensor) -> Tensor:
    """The maps themselves, if they are images or volumes of a floating-point type with batch and channels."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor, got {type(x).__name__}; use torch.as_tensor(x)")
    if x.ndim not in (4, 5):
        raise ValueError(
            f"x must have shape (batch, channels, h, w) or (batch, channels, d, h, w), got {tuple(x.shape)}; for one "
            "image pass x[None, None]"
        )
    check_floating("x", x)
    return x if is_traced() else check_no_nan("x", x)


def _checked_steps(x: Tensor, iterations: int | Tensor | None) -> Tensor | None:
    """A number of erosions for each map, or None for as many as it takes."""
    if iterations is None:
        return None
    steps = torch.as_tensor(iterations, device=x.device)
    if steps.is_floating_point() or steps.dtype == torch.bool or (steps.numel() and int(steps.min()) < 0):
        raise ValueError(f"iterations must be whole numbers of at least 0, got {iterations}")
    if steps.ndim and steps.shape != x.shape[:2]:
        raise ValueError(f"iterations must have shape {tuple(x.shape[:2])} of the maps, got {tuple(steps.shape)}")
    return steps.expand(x.shape[:2])
