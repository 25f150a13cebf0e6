"""A loss that comes in later than training starts, and gains its weight little by little."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def ramp(step: int, weight: float = 1.0, start_after: int = 0, over: int = 0) -> float:
    """Weight of a loss at a step of training: 0 up to `start_after`, then rising linearly over as many steps as `over`.

    Args:
        step: Steps done so far.
        weight: The weight in the end.
        start_after: Steps with weight 0.
        over: Steps from there to the whole weight; 0: at once.

    Raises:
        ValueError: If a number of steps is negative.

    Example:
        >>> [ramp(step, weight=0.5, start_after=2, over=2) for step in range(5)]
        [0.0, 0.0, 0.25, 0.5, 0.5]
    """
    if min(step, start_after, over) < 0:
        raise ValueError(f"steps must not be negative, got step={step}, start_after={start_after}, over={over}")
    if step < start_after:
        return 0.0
    return weight * min(1.0, (step - start_after + 1) / max(over, 1))


class Scheduled(nn.Module):
    """A loss times `ramp` of the calls so far in training mode; while the weight is 0 it is not computed at all.

    Args:
        loss: Any loss of logits and target that gives one number.
        weight: The weight in the end.
        start_after: Calls with weight 0, for a network that first learns what pixels are like.
        over: Calls from there to the whole weight; 0: at once.

    Raises:
        ValueError: If a number of calls is negative.

    Example:
        >>> loss = Scheduled(torch.nn.MSELoss(), weight=2.0, start_after=1)
        >>> [float(loss(torch.ones(3), torch.zeros(3))) for _ in range(2)]
        [0.0, 2.0]
    """

    step: Tensor

    def __init__(self, loss: nn.Module, weight: float = 1.0, start_after: int = 0, over: int = 0) -> None:
        super().__init__()
        ramp(0, weight, start_after, over)
        self.loss, self.weight, self.start_after, self.over = loss, weight, start_after, over
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """The weighted loss; in evaluation mode calls are not counted."""
        weight = ramp(int(self.step), self.weight, self.start_after, self.over)
        if self.training:
            self.step += 1
        if weight == 0:
            return logits.new_zeros((), dtype=torch.promote_types(logits.dtype, torch.float32), requires_grad=True)
        return weight * self.loss(logits, target)

    def extra_repr(self) -> str:
        """The settings."""
        return f"weight={self.weight:g}, start_after={self.start_after}, over={self.over}"
