"""Images as a network does not know them: noisy, blurred, inverted; to see whether a score of trust falls."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from topolens._checks import check_no_nan, check_tensor


def image_shifts(images: Tensor, *, noise: float = 0.3, blur: float = 1.0, seed: int = 0) -> dict[str, Tensor]:
    """Three shifted copies of a batch of images: "noise", "blur" and "inversion".

    Args:
        images: Shape (samples, channels, h, w), of any range of intensities.
        noise: Standard deviation of Gaussian noise, as a share of the range of the batch; the result keeps the range.
        blur: Standard deviation of a Gaussian blur, in pixels; edges are mirrored.
        seed: Of the noise.

    Returns:
        Name of the shift to images of the same shape and type. Inversion swaps the least and the greatest intensity of
        the batch.

    Raises:
        TypeError: If images is no floating-point tensor.
        ValueError: If it has another shape, no entries or contains NaN, or noise or blur is not above 0.
    """
    check_no_nan("images", check_tensor("images", images, ("samples", "channels", "h", "w")))
    if not images.numel() or not noise > 0 or not blur > 0:
        raise ValueError(
            f"there must be images, noise and blur above 0, got {tuple(images.shape)}, noise={noise} and blur={blur}"
        )
    x = images.detach()
    low, high = x.min(), x.max()
    drawn = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(x)
    return {
        "noise": (x + noise * (high - low) * drawn).clamp(low, high),
        "blur": _blurred(x, blur),
        "inversion": low + high - x,
    }


def _blurred(x: Tensor, blur: float) -> Tensor:
    reach = min(max(1, round(3 * blur)), max(1, min(x.shape[2:]) - 1))
    place = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    weights = torch.exp(-0.5 * (place / blur).square())
    weights = weights / weights.sum()
    flat = x.reshape(-1, 1, *x.shape[2:])
    mode = "reflect" if min(x.shape[2:]) > reach else "replicate"
    flat = conv2d(pad(flat, (reach, reach, reach, reach), mode), (weights[:, None] * weights)[None, None])
    return flat.reshape(x.shape)
