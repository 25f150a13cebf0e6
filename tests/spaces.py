"""Small spaces made by hand, as distance matrices whose flag complex at scale 1 is the space."""

from itertools import combinations

import torch

# The six-vertex real projective plane: the ten triangles of half an icosahedron.
RP2_TRIANGLES = [
    (0, 1, 2), (0, 2, 3), (0, 3, 4), (0, 4, 5), (0, 5, 1),
    (1, 2, 4), (2, 3, 5), (3, 4, 1), (4, 5, 2), (5, 1, 3),
]  # fmt: skip


def projective_plane() -> torch.Tensor:
    """Distances (1, 31, 31) of the barycentric subdivision: 1 where one simplex holds the other, inf elsewhere."""
    simplices = sorted(
        {face for t in RP2_TRIANGLES for k in (1, 2, 3) for face in combinations(sorted(t), k)},
        key=lambda s: (len(s), s),
    )
    distances = torch.full((len(simplices), len(simplices)), float("inf"))
    for i, a in enumerate(simplices):
        for j, b in enumerate(simplices):
            if set(a) < set(b) or set(b) < set(a):
                distances[i, j] = 1.0
    return distances.fill_diagonal_(0.0)[None]
