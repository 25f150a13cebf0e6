"""Losses in single precision at least, whatever autocast does around them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")


def without_autocast(function: Callable[P, R]) -> Callable[P, R]:
    """The function, run with autocast off on the device of its first argument; it raises half precision itself."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        first = args[0] if args else next(iter(kwargs.values()), None)
        with torch.autocast(first.device.type if isinstance(first, Tensor) else "cpu", enabled=False):
            return function(*args, **kwargs)

    return run
