"""A kind of lens, cover or clusterer: its fields, what they may be, and what is made of them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topolens.explorer.store import Run


@dataclass(frozen=True)
class Field:
    """A number or choice of a kind.

    Args:
        name: In the settings.
        label: On the page.
        type: "int", "float", "choice", "column" or "class".
        default: What it is when left out; None: not given.
        min, max: Range of numbers; None: open.
        choices: Of a "choice".
        per_lens: Whether it is one number per lens.
        help: A few words.
    """

    name: str
    label: str
    type: str
    default: Any
    min: float | None = None
    max: float | None = None
    choices: tuple[Any, ...] = ()
    per_lens: bool = False
    help: str = ""

    def described(self) -> dict[str, Any]:
        """As the page reads it."""
        return {
            "name": self.name, "label": self.label, "type": self.type, "default": self.default, "min": self.min,
            "max": self.max, "choices": list(self.choices), "per_lens": self.per_lens, "help": self.help,
        }  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A lens, cover or clusterer.

    Args:
        kind: Its name in the settings.
        label: On the page.
        help: One sentence.
        fields: What can be chosen.
        make: What is made of a view (lenses) and the fields.
        code: Python that makes the same, with the fields in braces.
        rate: Seconds per pair of points of a box and feature, of clusterers.
    """

    kind: str
    label: str
    help: str
    fields: tuple[Field, ...]
    make: Callable[..., Any]
    code: str = ""
    rate: float = 0.0

    def described(self) -> dict[str, Any]:
        """As the page reads it."""
        fields = [field.described() for field in self.fields]
        return {"kind": self.kind, "label": self.label, "help": self.help, "fields": fields}

    def completed(self, given: Any, lenses: int = 1) -> dict[str, Any]:
        """The fields with defaults for those left out.

        Raises:
            ValueError: If one is unknown or outside its range.
        """
        known = {field.name for field in self.fields}
        if unknown := sorted(set(given) - known - {"kind"}):
            has = f"it has {', '.join(sorted(known))}" if known else "it has no fields"
            raise ValueError(f"{self.kind} has no {unknown[0]!r}; {has}")
        found: dict[str, Any] = {"kind": self.kind}
        for field in self.fields:
            value = given.get(field.name, field.default)
            if not field.per_lens:
                found[field.name] = checked_field(field, value)
                continue
            values = value if isinstance(value, list) else [value] * lenses
            if len(values) != lenses:
                raise ValueError(
                    f"{field.name} must be one number or one per lens, got {len(values)} for {lenses} lenses"
                )
            found[field.name] = [checked_field(field, each) for each in values]
        return found

    def made(self, given: Mapping[str, Any]) -> Any:
        """What is made of completed fields."""
        return self.make(**{name: value for name, value in given.items() if name != "kind"})

    def named(self, given: Mapping[str, Any]) -> str:
        """The kind with its fields, in a few words."""
        values = [str(given[field.name]) for field in self.fields if given.get(field.name) is not None]
        return " ".join([self.kind.upper() if self.kind == "pca" else self.kind, *values])


def checked_field(field: Field, value: Any) -> Any:
    """The value, if the field may have it.

    Raises:
        ValueError: If it may not.
    """
    if value is None and field.default is None and field.type != "choice":
        return None
    if field.type == "choice":
        if value not in field.choices:
            raise ValueError(f"{field.name} must be one of {', '.join(map(str, field.choices))}, got {value!r}")
        return value
    if field.type == "column":
        if not isinstance(value, str):
            raise ValueError(f"{field.name} must be the id of a column, got {value!r}")
        return value
    whole = field.type in ("int", "class")
    fits = isinstance(value, int if whole else (int, float)) and abs(value) <= sys.float_info.max
    low, high = (-math.inf if field.min is None else field.min), (math.inf if field.max is None else field.max)
    if isinstance(value, bool) or not fits or not low <= value <= high:
        ends = f"from {low:g}" + ("" if high == math.inf else f" to {high:g}")
        raise ValueError(f"{field.name} must be a {'whole ' if whole else ''}number {ends}, got {value!r}")
    return value if whole else float(value)


class View:
    """What lenses look at: some or all points of a layer at a checkpoint.

    Args:
        run: The run.
        layer, checkpoint: Ids.
        rows: Which points; None: all.
    """

    def __init__(self, run: Run, layer: str, checkpoint: str, rows: np.ndarray | None = None) -> None:
        self.run, self.checkpoint, self.rows = run, checkpoint, rows
        self.space = run.layer(layer)["space"]
        found = run.points(layer, checkpoint)
        self.points = torch.from_numpy(np.array(found if rows is None else found[rows]))

    def column(self, name: str) -> Tensor:
        """A column of the space."""
        _, values = self.run.column(self.space, name, self.checkpoint)
        return self._some(values)

    def probability(self, number: int) -> Tensor:
        """What the network gives one class.

        Raises:
            ValueError: If there is no such class.
        """
        values = self.run.probabilities(self.checkpoint)
        if number >= values.shape[1]:
            raise ValueError(f"class must be below {values.shape[1]}, got {number}")
        return self._some(values[:, number])

    def _some(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(values if self.rows is None else values[self.rows], np.float32))
