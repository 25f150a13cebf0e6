"""Patches of real images, in the form in which filters are studied."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from topolens._checks import check_fraction, check_no_nan, check_tensor


def patch_space(
    images: Tensor, size: tuple[int, int] = (3, 3), count: int = 5000, contrast: float = 0.2, seed: int = 0
) -> Tensor:
    """High-contrast patches of grey images, mean-centred and of unit norm.

    Log intensities of random patches; the fraction with the largest contrast norm (square root of the summed squared
    differences of neighbouring pixels) is kept, mean-centred and divided by its Euclidean norm, as filters are.

    Args:
        images: Intensities of at least 0, shape (batch, height, width), any unit.
        size: Height and width of a patch, each at least 1 and together more than one pixel.
        count: Number of patches to return, the most there can be.
        contrast: Fraction of the patches drawn that is kept, in (0, 1].
        seed: Draws the patches.

    Returns:
        Points, shape (at most count, h * w), float32. Patches without contrast are left out.

    Raises:
        ValueError: If the shape is wrong, an intensity is NaN or negative, or an image is smaller than a patch.

    Source: "On the local behavior of spaces of natural images", 2008, section 2, which divides by the contrast norm
        instead of the Euclidean one.
    """
    check_no_nan(
        "images", check_tensor("images", images, ("batch", "height", "width"), "for one image pass image[None]")
    )
    check_fraction("contrast", contrast)
    height, width = size
    if images.shape[1] < height or images.shape[2] < width or not len(images):
        raise ValueError(
            f"images must be at least as large as a patch of {height} x {width}, got {tuple(images.shape)}"
        )
    if (images < 0).any():
        raise ValueError("images must have intensities of at least 0; undo the normalisation first")
    generator = torch.Generator().manual_seed(seed)
    draws = min(round(count / contrast), images.numel())

    def random(below: int) -> Tensor:
        return torch.randint(below, (draws, 1, 1), generator=generator)

    item = random(len(images))
    row = random(images.shape[1] - height + 1) + torch.arange(height)[:, None]
    column = random(images.shape[2] - width + 1) + torch.arange(width)
    intensity = images.to("cpu", torch.float32)
    unit = float(intensity.max()) or 1.0
    patches = torch.log1p(255 * intensity / unit)[item, row, column]
    energy = (patches.diff(dim=1) ** 2).sum((1, 2)) + (patches.diff(dim=2) ** 2).sum((1, 2))
    sharp = patches[energy.argsort(descending=True, stable=True)[: max(round(contrast * draws), 1)]]
    flat = sharp.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    norm = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return (centred / norm)[norm[:, 0] > 1e-6]


def sample_images() -> Tensor:
    """The two photographs bundled with scikit-learn, grey, halved in size to weaken their JPEG artefacts.

    Returns:
        Intensities in [0, 1], shape (2, 213, 320).
    """
    from sklearn.datasets import load_sample_images

    grey = torch.tensor([0.2989, 0.5870, 0.1140])
    photographs = torch.stack([torch.from_numpy(image.copy()).float() / 255 for image in load_sample_images().images])
    return avg_pool2d((photographs @ grey)[:, None], 2)[:, 0]
