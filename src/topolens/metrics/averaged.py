"""A metric averaged over the batches of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Averaged:
    """The mean of a metric over all items of all batches, with the protocol of torchmetrics: update, compute, reset.

    Classes and dimensions are kept apart: values of shape (batch, ...) give a mean of shape (...). NaN is left out,
    place by place. Sums are kept on the CPU in double precision, by each process for itself; where processes share the
    work, `torchmetrics.MeanMetric` takes the values of our metrics as well, a class and a dimension at a time.

    Args:
        metric: A function of this room, or any other that gives values of shape (batch, ...).
        settings: Keyword arguments for it.

    Example:
        >>> from topolens.metrics import dice
        >>> score = Averaged(dice)
        >>> for target in (torch.ones(1, 2, 2), torch.zeros(3, 2, 2)):
        ...     score.update(torch.ones_like(target), target)
        >>> score.compute()
        tensor(0.2500)
    """

    def __init__(self, metric: Callable[..., Tensor], **settings: Any) -> None:
        self.metric, self.settings = metric, settings
        self.reset()

    def reset(self) -> None:
        """Forget all items seen."""
        self._total: Tensor | None = None
        self._count: Tensor | None = None

    def update(self, *args: Tensor) -> None:
        """Take in a batch."""
        self(*args)

    def __call__(self, *args: Tensor) -> Tensor:
        """Values of a batch, item by item; the batch is taken in as well."""
        values = self.metric(*args, **self.settings)
        known = values.detach().to("cpu", torch.float64)
        total, count = known.nansum(0), (~known.isnan()).sum(0)
        if self._total is None or self._count is None:
            self._total, self._count = total, count
        elif self._total.shape != total.shape:
            raise ValueError(
                f"values must have the same shape in each batch, got {tuple(total.shape)} after "
                f"{tuple(self._total.shape)}; call reset() first"
            )
        else:
            self._total, self._count = self._total + total, self._count + count
        return values

    def compute(self) -> Tensor:
        """The mean over all items so far, NaN where there was none; in torch's default float type, on the CPU."""
        if self._total is None or self._count is None:
            raise RuntimeError("compute() needs a batch at least; call update() first")
        return (self._total / self._count).to(torch.get_default_dtype())

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.settings.items())
        return f"Averaged({getattr(self.metric, '__name__', self.metric)}{settings})"
