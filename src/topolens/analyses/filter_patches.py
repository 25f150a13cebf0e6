"""Filters beside the patches of real images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from topolens.analyses.finding import Number
from topolens.probes.patches import patch_space, sample_images
from topolens.sampling import gaussian_filters

MOST = 4000  # filters and patches compared at the most


@dataclass(frozen=True)
class PatchComparison:
    """How close filters lie to patches of real images.

    Args:
        number: Median angle from a core filter to the nearest patch, beside that of Gaussian filters.
        patches: The patches, shape (m, h * w).
        source: Where the images come from.
    """

    number: Number
    patches: Tensor
    source: str


def nearest_angle(filters: Tensor, patches: Tensor) -> float:
    """Median angle in degrees from unit-norm filters (n, d) to the nearest of unit-norm patches (m, d)."""
    closest = (filters.float() @ patches.float().T).max(1).values.clamp(-1, 1)
    return math.degrees(float(torch.acos(closest).median()))


def compare_with_patches(core: Tensor, size: tuple[int, int], images: Tensor | None, seed: int) -> PatchComparison:
    """A core of filters (n, h * w) beside high-contrast patches of the same size."""
    patches = patch_space(sample_images() if images is None else images, size, MOST, seed=seed)
    picked = core[torch.randperm(len(core), generator=torch.Generator().manual_seed(seed))[:MOST]]
    null = gaussian_filters(len(picked), core.shape[1], 4000 + seed)
    number = Number(
        nearest_angle(picked, patches),
        "median angle from a core filter to the nearest patch of a real image, degrees",
        None,
        "",
        nearest_angle(null, patches),
        "Gaussian filters",
    )
    return PatchComparison(
        number, patches, "the two photographs bundled with scikit-learn" if images is None else "the given images"
    )
