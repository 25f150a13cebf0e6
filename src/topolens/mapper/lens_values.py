"""What may be given as a lens, and the columns of numbers it stands for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from topolens._checks import check_tensor
from topolens.mapper.lens import density, eccentricity, norm, pca

Part = Tensor | str | Callable[..., Tensor]
Lens = Part | Sequence[Part] | None
LENSES: dict[str, Callable[..., Tensor]] = {
    "pca": pca,
    "norm": norm,
    "density": density,
    "eccentricity": eccentricity,
}


def lens_values(points: Tensor, lens: Lens, reference: Tensor | None = None) -> Tensor:
    """Values of the lenses side by side, shape (n, columns), on the CPU.

    Args:
        points: Cloud, shape (n, d).
        lens: Values, a name, a function of the points, or a list of these. None: two principal components.
        reference: The cloud a graph was made of, where values of other points are wanted: functions that take it judge
            the points by it.
    """
    parts: Sequence[Part] = ["pca"] if lens is None else lens if isinstance(lens, list | tuple) else [lens]  # type: ignore[list-item]
    if not len(parts):
        raise ValueError("lens must have 1 to 3 columns, got an empty list; choose the most telling ones")
    columns = [_values(points, part, reference, alone=len(parts) == 1) for part in parts]
    for values in columns:
        if len(values) != len(points):
            raise ValueError(f"lens must have one row per point, got {len(values)} rows for {len(points)} points")
    return columns[0] if len(columns) == 1 else torch.cat([x.double() for x in columns], 1)


def lens_name(lens: Lens) -> str | list[str]:
    """What the record says of a lens."""
    if isinstance(lens, list | tuple):
        return [str(lens_name(part)) for part in lens]
    return "pca" if lens is None else "given" if isinstance(lens, Tensor) else part_name(lens)


def part_name(given: Any) -> str:
    """A name, or a function's name; `partial` objects name what they wrap and what they fix."""
    if isinstance(given, str):
        return given
    inner = getattr(given, "func", None)
    if inner is None:
        return str(getattr(given, "__name__", type(given).__name__))
    return f"{part_name(inner)}({', '.join(f'{key}={_short(value)}' for key, value in given.keywords.items())})"


def _short(value: Any) -> str:
    return f"tensor{tuple(value.shape)}" if isinstance(value, Tensor) else str(value)


def _default(points: Tensor, reference: Tensor | None) -> Tensor:
    return pca(points, min(2, points.shape[1]), reference)


def _values(points: Tensor, part: Part, reference: Tensor | None, alone: bool) -> Tensor:
    if isinstance(part, Tensor):
        values = part
        if values.ndim == 1 and not alone:
            values = values[:, None]
        if not alone and not values.is_floating_point():
            values = values.double()  # a column of labels or counts
    else:
        if isinstance(part, str) and part not in LENSES:
            raise ValueError(f"lens must be one of {', '.join(LENSES)}, values or a function, got {part!r}")
        function = LENSES[part] if isinstance(part, str) else part
        if not callable(function):
            raise TypeError(f"lens must be values, a name or a function, got {type(part).__name__}")
        if part == "pca":
            return _default(points, reference).detach().cpu()
        values = function(points) if reference is None else _of_others(function, points, reference)
    return check_tensor("lens", values, ("n", "lenses"), "for one lens pass lens[:, None]").detach().cpu()


def _of_others(function: Callable[..., Tensor], points: Tensor, reference: Tensor) -> Tensor:
    try:
        takes_reference = "reference" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes_reference = False
    return function(points, reference=reference) if takes_reference else function(points)
