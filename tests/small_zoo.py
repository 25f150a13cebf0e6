"""A grid of small networks, and images that they learn in a second."""

import torch

from topolens.studies.images import Images
from topolens.studies.network_grid import Grid

SMALL = Grid(
    depth=(1, 2), width=(16,), dropout=(0.0, 0.3), weight_decay=(0.0, 0.1), batch_size=(16,), rate=0.01, target_loss=0.2
)


def stripes(n: int = 120, seed: int = 0) -> Images:
    """Three classes of 6 x 6 images that a small network learns in a second."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(2 * n) % 3
    images = torch.rand(2 * n, 1, 6, 6, generator=generator) * 0.6
    images[torch.arange(2 * n), 0, 2 * labels] += 0.4
    return Images("stripes", images[:n], labels[:n], images[n:], labels[n:])
