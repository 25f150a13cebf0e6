"""How far apart two diagrams are: exact and sliced Wasserstein, bottleneck, and kernels."""

from topolens.distances.bottleneck import bottleneck
from topolens.distances.kernels import (
    distance_matrix,
    scale_space_kernel,
    sliced_wasserstein_kernel,
    weighted_gaussian_kernel,
)
from topolens.distances.sliced_wasserstein import sliced_wasserstein
from topolens.distances.wasserstein import wasserstein

__all__ = [
    "bottleneck",
    "distance_matrix",
    "scale_space_kernel",
    "sliced_wasserstein",
    "sliced_wasserstein_kernel",
    "wasserstein",
    "weighted_gaussian_kernel",
]
