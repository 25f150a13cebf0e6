"""Sparse gradients spread by a Gaussian kernel: over a cloud by interpolation, over an image by a blur."""

import torch
from torch import Tensor

RIDGE = 1e-3


def interpolated(gradient: Tensor, points: Tensor, bandwidth: float | None) -> Tensor:
    """A smooth vector field with the values of `gradient` where it is not zero.

    The field is a sum of Gaussian kernels at the points of nonzero gradient, its coefficients from a solve with a
    small ridge, as in "Diffeomorphic interpolation for efficient persistence-based topological optimization", 2024.

    Args:
        gradient: Shape (batch, n, d), zero at most points.
        points: Shape (batch, n, d).
        bandwidth: Standard deviation of the kernel; None: four times the median distance to the nearest other point.

    Returns:
        Shape (batch, n, d).
    """
    out = torch.zeros_like(gradient)
    for item, (field, cloud) in enumerate(zip(gradient, points, strict=True)):
        support = field.abs().sum(1).nonzero()[:, 0]
        if not len(support):
            continue
        gaps = torch.cdist(cloud, cloud[support], compute_mode="donot_use_mm_for_euclid_dist")
        width = nearest_scale(cloud) if bandwidth is None else bandwidth
        kernel = torch.exp(-0.5 * (gaps / width) ** 2)
        among = kernel[support] + RIDGE * torch.eye(len(support), dtype=kernel.dtype, device=kernel.device)
        out[item] = kernel @ torch.linalg.solve(among, field[support])
    return out


def nearest_scale(cloud: Tensor) -> float:
    """Four times the median distance to the nearest other point, 1 for fewer than two points apart."""
    if len(cloud) < 2:
        return 1.0
    gaps = torch.cdist(cloud, cloud, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = gaps.masked_fill(gaps == 0, torch.inf).amin(1)
    finite = nearest[torch.isfinite(nearest)]
    return 4.0 * float(finite.median()) if len(finite) else 1.0


def blurred(gradient: Tensor, axes: int, bandwidth: float | None) -> Tensor:
    """The gradient under a Gaussian of height 1, so that a single pixel keeps its own value.

    Args:
        gradient: Its last `axes` axes are those of the image.
        axes: Number of spatial axes.
        bandwidth: Standard deviation in pixels; None: 2.

    Returns:
        The shape of `gradient`.
    """
    width = 2.0 if bandwidth is None else bandwidth
    reach = int(3 * width) + 1
    offsets = torch.arange(-reach, reach + 1, dtype=gradient.dtype, device=gradient.device)
    kernel = torch.exp(-0.5 * (offsets / width) ** 2)
    for axis in range(gradient.ndim - axes, gradient.ndim):
        lines = gradient.movedim(axis, -1)
        flat = lines.reshape(-1, 1, lines.shape[-1])
        flat = torch.nn.functional.conv1d(flat, kernel[None, None], padding=reach)
        gradient = flat.reshape(lines.shape).movedim(-1, axis)
    return gradient
