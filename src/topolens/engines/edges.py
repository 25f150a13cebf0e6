"""The numbering of the edges of a complete graph, the strict lower triangle row after row."""

import torch
from torch import Tensor


def edge_ends(edges: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices i > j of edge numbers i (i - 1) / 2 + j."""
    i = ((1 + torch.sqrt(1 + 8 * edges.to(torch.float64))) / 2).floor().to(torch.int64)
    i = i - (i * (i - 1) // 2 > edges).to(torch.int64)
    i = i + (i * (i + 1) // 2 <= edges).to(torch.int64)
    return i, edges - i * (i - 1) // 2
