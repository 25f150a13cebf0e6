"""The same network before training, the reference every trained one is held against."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def untrained_twin(weight: Tensor, seed: int = 0) -> Tensor:
    """A weight of the same shape and type as PyTorch initialises a convolution: Kaiming-uniform with a = sqrt(5).

    Entries are uniform in +-1 / sqrt(in * h * w). This stands in where only the trained weights are known; a network
    that initialises itself otherwise is better served by `untrained_model`.

    Args:
        weight: Weight of a convolution, shape (out, in, h, w); only its shape, type and device are used.
        seed: Of the draw; torch's global random state is left alone.

    Returns:
        Shape (out, in, h, w), equal for equal seeds on every machine, without a gradient.

    Example:
        >>> twin = untrained_twin(torch.zeros(8, 4, 3, 3), seed=1)
        >>> twin.shape, bool(twin.abs().max() <= 1 / 6)
        (torch.Size([8, 4, 3, 3]), True)
    """
    generator = torch.Generator().manual_seed(seed)
    twin = torch.empty(weight.shape, dtype=torch.float32)
    if twin.numel():
        nn.init.kaiming_uniform_(twin, a=math.sqrt(5), generator=generator)
    return twin.to(weight)


def untrained_model(factory: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """The network as its own code initialises it: the factory called anew under a seed.

    Read its layers as those of the trained one, for instance with `convolutions`. A factory that loads trained
    weights gives those.

    Args:
        factory: Makes the network, takes no arguments.
        seed: Set for torch (CPU and GPUs) while the factory runs; the global random state is put back afterwards.

    Raises:
        TypeError: The factory gives something else than a `torch.nn.Module`.

    Example:
        >>> a, b = (untrained_model(lambda: nn.Conv2d(1, 8, 3), seed=1) for _ in range(2))
        >>> torch.equal(a.weight, b.weight)
        True
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        model = factory()
    if not isinstance(model, nn.Module):
        raise TypeError(f"factory must give a torch.nn.Module, got {type(model).__name__}")
    return model
