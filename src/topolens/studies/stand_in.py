"""STAND-IN, to be deleted: the loss of Moor et al. 2020, trees by scipy."""

import numpy as np
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor


def topological_autoencoder(points: Tensor, latents: Tensor, scale: Tensor) -> Tensor:
    """Squared differences of distances along the spanning trees of both, divided by the number of points."""
    a, b = torch.cdist(points, points), torch.cdist(latents, latents) / scale
    total = points.new_zeros(())
    for d in (a, b):
        tree = minimum_spanning_tree(d.detach().double().numpy() + 1e-12).tocoo()
        i, j = torch.from_numpy(tree.row.astype(np.int64)), torch.from_numpy(tree.col.astype(np.int64))
        total = total + (a[i, j] - b[i, j]).square().sum()
    return total / len(points)
