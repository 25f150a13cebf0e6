"""Persistence filters whose windows (m, n) are learned: births and deaths as weighted means of order statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from topolens.layers.neighbourhoods import Ranges, check_axes, checked_windows, neighbourhood
from topolens.layers.persistence_filter import image_axes, persistence_filter


def soft_persistence_filter(x: Tensor, birth: Tensor, death: Tensor, k: int = 1, **neighbourhood_words: Any) -> Tensor:
    """Death minus birth, each the mean of the K order statistics under softmax weights.

    Args:
        x: Shape (batch, channels, sides ...).
        birth: Logits of the ranks, shape (windows, K); one large entry at rank m gives the birth for (m, n).
        death: Logits of the ranks, shape (windows, K); one large entry at rank n - 1 gives the death for (m, n).
        k: Reach of the window in steps.
        neighbourhood_words: `adjacency`, `padding_mode`, `include_center`, `tie`, as for `persistence_filter`.

    Returns:
        Shape (batch, channels * windows, sides ...). Negative where more of the births' weight lies on higher ranks.

    Raises:
        ValueError: If the logits do not have one column for each of the K pixels in reach.

    Gradients: To x and to both logits; at ties of x as `tie` says.
    Cost: That of the bank "unit", whose K - 1 gaps are kept, and a matrix product: the range between two weighted means
        is the sum of the gaps, each times the weight of births below it minus that of deaths below it.
    Source: "Persistence-based operators in machine learning", 2022, section 3.1, for fixed windows; learned ones are
        ours.
    """
    words = neighbourhood_words.get("adjacency"), neighbourhood_words.get("include_center", True)
    pixels = len(neighbourhood(image_axes(x), k, *words))
    if birth.shape != death.shape or birth.ndim != 2 or birth.shape[1] != pixels:
        raise ValueError(
            f"birth and death must have shape (windows, {pixels}), one column for each pixel in reach, "
            f"got {tuple(birth.shape)} and {tuple(death.shape)}"
        )
    gaps = persistence_filter(x, k, "unit", **neighbourhood_words).unflatten(1, (x.shape[1], pixels - 1))
    below = (birth.softmax(1) - death.softmax(1)).cumsum(1)[:, :-1].to(gaps.dtype)
    return torch.einsum("bcg...,wg->bcw...", gaps, below).flatten(1, 2)


class _SoftPersistenceFilter(nn.Module):
    axes: int

    def __init__(
        self, k: int = 1, windows: Ranges = "edges", *, sharpness: float = 3.0, **neighbourhood_words: Any
    ) -> None:
        super().__init__()
        words = neighbourhood_words.get("adjacency"), neighbourhood_words.get("include_center", True)
        places = neighbourhood(self.axes, k, *words)
        pixels, pairs = len(places), torch.tensor(checked_windows(windows, places, k))
        self.k, self.neighbourhood = k, neighbourhood_words
        self.birth = nn.Parameter(sharpness * nn.functional.one_hot(pairs[:, 0], pixels).float())
        self.death = nn.Parameter(sharpness * nn.functional.one_hot(pairs[:, 1] - 1, pixels).float())

    def forward(self, x: Tensor) -> Tensor:
        """The function of the same name."""
        check_axes("x", x, self.axes)
        return soft_persistence_filter(x, self.birth, self.death, self.k, **self.neighbourhood)

    def extra_repr(self) -> str:
        """The settings."""
        return f"k={self.k}, windows={len(self.birth)}"


class SoftPersistenceFilter1d(_SoftPersistenceFilter):
    """`soft_persistence_filter` of signals; `windows` are where its logits start, with weight `sharpness`."""

    axes = 1


class SoftPersistenceFilter2d(_SoftPersistenceFilter):
    """`soft_persistence_filter` of images; `windows` are where its logits start, with weight `sharpness`."""

    axes = 2


class SoftPersistenceFilter3d(_SoftPersistenceFilter):
    """`soft_persistence_filter` of volumes; `windows` are where its logits start, with weight `sharpness`."""

    axes = 3
