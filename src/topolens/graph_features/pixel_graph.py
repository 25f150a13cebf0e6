"""Images as weighted graphs: pixels with their neighbours, and windows with their pixels."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from topolens._checks import check_tensor
from topolens.graph_features.weighted_graph import WeightedGraph, weighted_graph

ADVICE = "for one image pass image[None]"


def pixel_graph(
    images: Tensor, k: int = 1, *, adjacency: int = 8, weight: str = "max", superlevel: bool = False
) -> WeightedGraph:
    """Graphs whose vertices are pixels, each joined to all within distance k.

    With weight "min", a patch of 3 x 3 pixels and the feature `hub()`, this is Figure 3 of the source; with "max" an
    edge enters with the later of its two pixels, as in its sublevels of the intensity.

    Args:
        images: A batch of B grey images, shape (B, height, width).
        k: Distance in pixels, at least 1.
        adjacency: 8: the larger of the two coordinate differences counts; 4: their sum.
        weight: "max" or "min" of the two intensities.
        superlevel: Large weights enter first.

    Returns:
        B graphs; the vertices of an image are its pixels in raster order, and item after item.

    Raises:
        TypeError: If `images` is no floating-point tensor.
        ValueError: If it has another shape or holds NaN, or k, adjacency or weight is not one of those above.

    Gradients: of weights to the pixel that gives them, evenly to both where they are equal.
    Source: "Persistence-based operators in machine learning", 2022, section 3.1 and Figure 3, which leaves out edges
        of weight 0; pass inf for pixels that are to stay away.

    Example:
        >>> graph = pixel_graph(torch.tensor([[[1.0, 2.0, 3.0]]]), weight="min")
        >>> graph.at(torch.tensor([3, 4]))       # cells after the three vertices: the two edges
        tensor([1., 2.])
    """
    if weight not in ("max", "min"):
        raise ValueError(f'weight must be "max" or "min", got {weight!r}')
    first, second = _within(images, k, adjacency)
    later = first < second
    ends = torch.stack([first[later], second[later]])
    flat = check_tensor("images", images, ("batch", "height", "width"), ADVICE).reshape(-1)
    values = flat[ends].amax(0) if weight == "max" else flat[ends].amin(0)
    return weighted_graph(values, ends, batch=_items(images, 1), superlevel=superlevel)


def window_graph(images: Tensor, k: int = 1, *, adjacency: int = 8, superlevel: bool = False) -> WeightedGraph:
    """Graphs that join each window of an image to its pixels, with their intensities as weights.

    The degree of a window at level t is the number of its pixels with intensity at most t, so that
    `steady(window_graph(images, k), degree_window(m, n))` is the definition of the image feature G^k_{m,n}: the slow
    reference of `persistence_filter`.

    Args:
        images: A batch of B grey images, shape (B, height, width).
        k: Radius of the windows in pixels, at least 1.
        adjacency: 8: square windows of (2 k + 1)^2 pixels; 4: diamonds. Both end at the border of the image.
        superlevel: Bright pixels enter first.

    Returns:
        B graphs; each has height x width windows as its first vertices, in raster order, and then as many pixels.

    Raises:
        TypeError: If `images` is no floating-point tensor.
        ValueError: If it has another shape or holds NaN, or k or adjacency is not one of those above.

    Gradients: of weights to the pixels.
    Source: "Persistence-based operators in machine learning", 2022, section 3.1, "Parametrization".

    Example:
        >>> from topolens.graph_features import degree_window, steady
        >>> edges = steady(window_graph(torch.tensor([[[0.0, 5.0, 1.0]]])), degree_window(0, 2))
        >>> dict(zip(edges.objects, edges.diagram().persistence.tolist()))[1]       # the middle: 1 - 0
        1.0
    """
    window, pixel = _within(images, k, adjacency)
    size = max(images.shape[1] * images.shape[2], 1)
    item = window // size
    ends = torch.stack([window + item * size, pixel + (item + 1) * size])
    return weighted_graph(images.reshape(-1)[pixel], ends, batch=_items(images, 2), superlevel=superlevel)


def _items(images: Tensor, vertices: int) -> Tensor:
    """Image of each vertex, with so many vertices for each pixel."""
    each = images.shape[1] * images.shape[2] * vertices
    return torch.arange(len(images), device=images.device).repeat_interleave(each)


def _within(images: Tensor, k: int, adjacency: int) -> tuple[Tensor, Tensor]:
    """All ordered pairs of pixels of one image within distance k, each with itself too."""
    check_tensor("images", images, ("batch", "height", "width"), ADVICE)
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"k must be an integer of at least 1, got {k!r}")
    if adjacency not in (4, 8):
        raise ValueError(f"adjacency must be 4 or 8, got {adjacency!r}")
    rows = torch.arange(images.numel(), device=images.device).view(images.shape)
    _, height, width = images.shape
    pairs = []
    for y, x in product(range(-k, k + 1), repeat=2):
        if adjacency == 8 or abs(y) + abs(x) <= k:
            here = rows[:, max(0, -y) : max(0, height - max(0, y)), max(0, -x) : max(0, width - max(0, x))]
            there = rows[:, max(0, y) : max(0, height + min(0, y)), max(0, x) : max(0, width + min(0, x))]
            pairs.append(torch.stack([here.reshape(-1), there.reshape(-1)]))
    found = torch.cat(pairs, 1)
    return found[0], found[1]
