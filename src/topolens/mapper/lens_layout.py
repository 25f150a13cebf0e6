"""Nodes drawn along the lenses: the first one is the x axis."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from topolens.engines.compiled import refined_layout
from topolens.mapper.graph import MapperGraph
from topolens.mapper.layout import components, even_pulls, links_of, unfolded

ROUNDS = 200
APART = 1.0  # edge lengths between components that lie over the same stretch of the lens


def lens_layout(graph: MapperGraph, seed: int = 0) -> np.ndarray:
    """Positions along the lenses: x is the first, y the second, or a free height if there is only one.

    With one lens the forces of `layout` move the nodes up and down alone, so that branches and loops open; components
    over the same stretch of the lens lie above each other.

    Args:
        graph: A Mapper graph.
        seed: Seed of the heights with which the forces start.

    Returns:
        Positions, shape (nodes, 2), float64, each axis scaled to [-1, 1]; a lens of one value lies at 0.

    Cost: O(nodes * lenses), with one lens that of `layout`.

    Example:
        >>> import torch
        >>> from topolens.mapper import mapper
        >>> angle = torch.arange(60) * (2 * torch.pi / 60)
        >>> circle = torch.stack([angle.cos(), angle.sin()], 1)
        >>> graph = mapper(circle, lens=circle[:, :1], resolution=5, gain=1.5)
        >>> lens_layout(graph)[5:, 0].round(1).tolist()             # the last pair and the right end
        [0.4, 0.4, 1.0]
    """
    if len(graph) == 0:
        return np.zeros((0, 2))
    means = graph.node_means(graph.lens)
    y = means[:, 1] if means.shape[1] > 1 else _heights(means[:, 0], graph, np.random.default_rng(seed))
    return np.column_stack([_scaled(means[:, 0]), _scaled(y)])


def _heights(x: np.ndarray, graph: MapperGraph, rng: np.random.Generator) -> np.ndarray:
    """A height for each node, in edge lengths."""
    links = links_of(graph)
    step = float(np.abs(x[graph.edges[:, 0]] - x[graph.edges[:, 1]]).mean()) if len(graph.edges) else 0.0
    y, boxes = np.zeros(len(x)), np.zeros((0, 4))
    parts = components(links)
    for nodes in sorted(parts, key=lambda nodes: (-len(nodes), nodes[0])):
        if len(nodes) > 2:
            y[nodes] = _opened(x[nodes] / (step or 1.0), sparse.csr_array(links[nodes][:, nodes]), rng)
        box = np.array([x[nodes].min(), x[nodes].max(), y[nodes].min(), y[nodes].max()])
        box += np.array([-step, step, -APART, APART]) / 2
        lift = _free_place(box, boxes)
        y[nodes] += lift
        boxes = np.vstack([boxes, box + [0, 0, lift, lift]])
    return y


def _opened(x: np.ndarray, links: sparse.csr_array, rng: np.random.Generator) -> np.ndarray:
    """Heights of one component about 0, begun with its free drawing across the direction of the lens."""
    free = unfolded(links, rng)
    free -= free.mean(0)
    along = np.einsum("i,ij->j", x - x.mean(), free)
    y = free[:, 1] * along[0] - free[:, 0] * along[1]
    y = y * (np.linalg.norm(free) / (np.linalg.norm(y) or 1.0)) / 2
    moved = refined_layout(np.column_stack([x, y]), even_pulls(links), 1.0, ROUNDS, 1.0, only_y=True)[:, 1]
    return moved - moved.mean()


def _free_place(box: np.ndarray, placed: np.ndarray) -> float:
    """The least lift, up or down, after which a box (x from, to, y from, to) lies on none of those placed."""
    over = placed[(placed[:, 0] < box[1]) & (placed[:, 1] > box[0])]
    lifts = np.concatenate([[0.0], over[:, 3] - box[2], over[:, 2] - box[3]])
    low, high = box[2] + lifts[:, None], box[3] + lifts[:, None]
    is_free = ~((over[:, 2] < high - 1e-9) & (over[:, 3] > low + 1e-9)).any(axis=1)
    return float(min(lifts[is_free], key=abs))


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    return np.clip((2 * values - low - high) / ((high - low) or 1.0), -1, 1)
