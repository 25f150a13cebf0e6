"""The short edges of a cloud, without its long ones."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from topolens.engines.compiled import edge_lengths

WORTH_A_TREE = 2000  # vertices; below, all edges are soon had
FEW = 0.05  # of all edges


def near_pairs(points: Tensor, max_scale: float) -> tuple[Tensor, Tensor] | None:
    """Edges of a cloud that are no longer than `max_scale`; None where they are many, or all the edges few.

    Args:
        points: Shape (n, d).
        max_scale: Largest length.

    Returns:
        Ends (edges, 2) with the larger vertex first, in the order of the edges' numbers, and lengths (edges,) as the
        engine rounds them.
    """
    n = len(points)
    if n <= WORTH_A_TREE or max_scale == float("inf"):
        return None
    tree = cKDTree(points.detach().to("cpu", torch.float64).numpy())
    reach = max_scale * (1 + 1e-4)  # the engine may round a length down to max_scale
    if tree.count_neighbors(tree, reach) - n > FEW * n * (n - 1):
        return None
    found = tree.query_pairs(reach, output_type="ndarray").astype(np.int64)
    j, i = torch.from_numpy(found).T
    order = (i * (i - 1) // 2 + j).argsort()
    i, j = i[order], j[order]
    lengths = edge_lengths(points[None].detach(), torch.zeros_like(i), i, j).cpu()
    near = lengths.double() <= max_scale
    return torch.stack([i[near], j[near]], 1), lengths[near]
