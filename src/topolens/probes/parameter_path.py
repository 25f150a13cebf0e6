"""The path of a network's weights through training, laid out in few axes with all its distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

AXES = 2048  # room for random walks of the same steps: their directions are at right angles all the same
BLOCK = 2**20


def parameter_path(models: Sequence[nn.Module], axes: int = AXES) -> Tensor:
    """A point for each moment of training whose distances are those of the parameters.

    Args:
        models: The network at each moment, in order of time; of one architecture.
        axes: How many axes points have at most, no fewer than there are moments; those beyond the number of moments are
            0. A random walk of the same steps needs them.

    Returns:
        Shape (moments, axes or the number of parameters, if that is less), float64: turned and moved, so that a
        coordinate means nothing by itself. No distance is changed, unlike by a random projection.

    Raises:
        ValueError: If there are no moments or more than axes, parameters have other names or shapes at some, or
            are NaN or infinite.

    Cost: moments^2 * parameters; memory for a million parameters of each moment beside the networks themselves.

    Example:
        >>> nets = [nn.Linear(3, 1, bias=False) for _ in range(4)]
        >>> points, weights = parameter_path(nets), torch.cat([net.weight for net in nets]).double()
        >>> torch.allclose(torch.cdist(points, points), torch.cdist(weights, weights), atol=1e-6)
        True
    """
    moments = len(models)
    if not 0 < moments <= axes:
        raise ValueError(f"there must be from 1 to {axes} moments, got {moments}")
    shapes = [[(name, tuple(x.shape)) for name, x in model.named_parameters()] for model in models]
    for place, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(f"the network must have the same parameters at all moments, those at {place} are others")
    products, size = torch.zeros(moments, moments, dtype=torch.float64), 0
    for block in _blocks(models):
        if not bool(torch.isfinite(block).all()):
            raise ValueError("parameters must be finite at all moments; leave out those after training has diverged")
        moved = block - block[0]  # small against the weights: far less is lost in products
        products += moved @ moved.T
        size += block.shape[1]
    centre = torch.eye(moments, dtype=torch.float64) - 1 / moments
    values, vectors = torch.linalg.eigh(centre @ products @ centre)
    points = (vectors * values.clamp_min(0).sqrt()).flip(1)
    if size < moments:
        return points[:, :size].clone()
    return torch.nn.functional.pad(points, (0, min(axes, size) - moments))


def _blocks(models: Sequence[nn.Module]) -> Iterator[Tensor]:
    """Some parameters at all moments at a time, shape (moments, some), float64."""
    for parts in zip(*(model.parameters() for model in models), strict=True):
        flat = [part.detach().reshape(-1) for part in parts]
        for start in range(0, len(flat[0]), BLOCK):
            yield torch.stack([part[start : start + BLOCK].to("cpu", torch.float64) for part in flat])
