"""Checks at the door of public functions, each with the one sentence a user reads."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def check_tensor(name: str, x: object, axes: Sequence[str], advice: str = "") -> Tensor:
    """The tensor itself, if it has the named axes and a real floating-point type."""
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(x).__name__}; use torch.as_tensor({name})")
    if x.ndim != len(axes):
        tail = f"; {advice}" if advice else ""
        raise ValueError(f"{name} must have shape ({', '.join(axes)}), got {tuple(x.shape)}{tail}")
    return check_floating(name, x)


def check_floating(name: str, x: Tensor) -> Tensor:
    """The tensor itself, if it is of a real floating-point type."""
    if not x.is_floating_point():
        raise TypeError(f"{name} must be a floating-point tensor, got {x.dtype}; convert it with .float()")
    return x


def check_no_nan(name: str, x: Tensor) -> Tensor:
    """The tensor itself, if none of its entries is NaN."""
    if _holds_nan(x.detach()):
        raise ValueError(f"{name} contains NaN; remove or replace those entries first")
    return x


def _holds_nan(x: Tensor) -> bool:
    """The least of numbers is NaN if one of them is; numpy looks without waking torch's threads, which then spin."""
    if x.numel() == 0 or x.device.type != "cpu" or x.dtype == torch.bfloat16 or x.is_sparse:
        return bool(torch.isnan(x).any())
    return bool(np.isnan(x.resolve_neg().numpy().min()))


def check_finite_points(points: Tensor) -> Tensor:
    """The tensor itself, if all coordinates are finite."""
    if is_traced():
        return points
    check_no_nan("points", points)
    if torch.isinf(points).any():
        raise ValueError("points contains infinite coordinates; remove those points first")
    return points


def is_traced() -> bool:
    """Whether `torch.compile` is tracing: then entries cannot be looked at, and the engine's operator checks them."""
    return torch.compiler.is_compiling()


def check_dim(max_dim: int) -> int:
    """The homology dimension itself, if it is a whole number of at least 0."""
    if not isinstance(max_dim, int) or max_dim < 0:
        raise ValueError(f"max_dim must be an integer of at least 0, got {max_dim!r}")
    return max_dim


def check_prime(field: int) -> int:
    """The field's characteristic itself, if it is a prime below 2**15."""
    is_prime = isinstance(field, int) and 2 <= field < 2**15 and all(field % q for q in range(2, int(field**0.5) + 1))
    if not is_prime:
        raise ValueError(f"field must be a prime below 32768 (homology over Z/field), got {field!r}")
    return field


def check_positive(name: str, x: float) -> float:
    """The number itself, if it is above 0."""
    if not x > 0:
        raise ValueError(f"{name} must be above 0, got {x}")
    return x


def check_fraction(name: str, x: float) -> float:
    """The number itself, if it lies in (0, 1]."""
    if not 0 < x <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {x}")
    return x
