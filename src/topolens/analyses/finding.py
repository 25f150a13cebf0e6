"""Finding: what an analysis has to say, with its numbers, their references and its cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from topolens.diagrams import Diagrams


@dataclass(frozen=True)
class Number:
    """One measured quantity beside what it is to be compared with.

    Args:
        value: The measured value; None if it is not defined here.
        meaning: What it measures, a short noun phrase with its unit.
        interval: Lower and upper end of its interval; `interval_kind` says which.
        interval_kind: For instance "95 % over 10 landmark draws".
        reference: Value of the same quantity on the null or twin.
        reference_name: Which null or twin, for instance "maximum of 20 Gaussian nulls".
        p_value: Share of nulls at least as large, (1 + count) / (1 + nulls).
    """

    value: float | int | None
    meaning: str
    interval: tuple[float, float] | None = None
    interval_kind: str = ""
    reference: float | int | None = None
    reference_name: str = ""
    p_value: float | None = None


@dataclass(frozen=True)
class Table:
    """Rows under named columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Series:
    """Curves over one axis, each with an optional band."""

    caption: str
    x_name: str
    x: tuple[float, ...]
    curves: Mapping[str, tuple[float | None, ...]]
    bands: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A picture to be drawn by `topolens.plots`: its kind, what it shows in words, and its data."""

    kind: str
    caption: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What one analysis found about one subject.

    Args:
        name: Which analysis, for instance "filter_space".
        subject: A layer, a pair of layers or "model".
        question: The question in one sentence.
        answer: The answer in one sentence, with numbers.
        verdict: One word or phrase from the analysis' closed list.
        numbers: Name to `Number`.
        tables, series, figures, diagrams: What else there is to see, by name.
        references: Name of each null or twin to the values it gave.
        warnings: What the reader should know before trusting the answer.
        provenance: Versions, seed, shapes, parameters, seconds and peak memory.
    """

    name: str
    subject: str
    question: str
    answer: str
    verdict: str
    numbers: Mapping[str, Number] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    diagrams: Mapping[str, Diagrams] = field(default_factory=dict)
    references: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON values: lists, strings, numbers, null; never NaN or infinity."""
        bare = {name: value for name, value in self.__dict__.items() if name != "diagrams"}
        out: dict[str, Any] = {name: plain(value) for name, value in bare.items()}
        out["diagrams"] = {name: _bars(d) for name, d in self.diagrams.items()}
        return out


def _bars(diagrams: Diagrams) -> list[list[dict[str, Any]]]:
    """Per item its bars as {dim, birth, death}, death null where the bar never dies."""
    return [
        [
            {"dim": dim, "birth": plain(birth), "death": plain(death)}
            for dim, (birth, death) in zip(item.dim.tolist(), item.intervals.tolist(), strict=True)
        ]
        for item in diagrams.detach()
    ]


def plain(value: Any) -> Any:
    """A value in JSON's types; floats keep 7 significant digits, NaN and infinities become null."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(f"{float(value):.7g}") if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    raise TypeError(f"a Finding holds numbers, text, tensors, lists and mappings, got {type(value).__name__}")
