"""Columns: one number or class of each point, made from labels and outputs or read from a file."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from topolens.explorer.store import Writer

MOST_CLASSES = 1000
UNKNOWN = ("", "nan", "na", "none", "null")


class Column(NamedTuple):
    """A column of a space.

    Args:
        name: What it is called.
        values: Shape (points,), float32; of a category the number of the class; NaN where unknown.
        classes: Names of the classes; None: numbers.
        unit: Of the numbers.
        checkpoint: Id of the checkpoint it belongs to; None: it belongs to the samples.
    """

    name: str
    values: np.ndarray
    classes: tuple[str, ...] | None = None
    unit: str = ""
    checkpoint: str | None = None

    def described(self, before: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """As the manifest has it, with an id that no column before has and that fits into an address."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40] or "column"
        mine = self.checkpoint
        tries = (plain if count == 1 else f"{plain}-{count}" for count in itertools.count(1))
        rivals = [c["id"] for c in before if mine is None or c["checkpoint"] in (None, mine)]
        own = next(name for name in tries if name not in rivals)
        kind = {"kind": "number", "unit": self.unit} if self.classes is None else {"kind": "category"}
        classes = {} if self.classes is None else {"classes": list(self.classes)}
        return {"id": own, "name": self.name, **kind, **classes, "checkpoint": mine}


def label_column(labels: Tensor, classes: Sequence[str]) -> Column:
    """The classes of the samples, without names named by their numbers; labels beyond 1,000 are numbers alone."""
    values, largest = labels.cpu().numpy(), int(labels.max()) if len(labels) else -1
    if not classes and largest >= MOST_CLASSES:
        return Column("label", values.astype(np.float32))
    names = tuple(classes) or tuple(map(str, range(largest + 1)))
    known = (values >= 0) & (values < len(names))
    return Column("label", np.where(known, values, np.nan).astype(np.float32), names)


def class_probabilities(outputs: Tensor | None) -> Tensor | None:
    """A row of probabilities per sample, float64; None where the network gives none."""
    if outputs is None or outputs.ndim != 2 or outputs.shape[1] < 2 or not bool(torch.isfinite(outputs).all()):
        return None
    x = outputs.double()
    are_shares = bool((x >= 0).all()) and bool(((x.sum(1) - 1).abs() < 1e-3).all())
    return x if are_shares else x.softmax(1)


def decision_columns(
    probabilities: Tensor, labels: Tensor | None, classes: Sequence[str], checkpoint: str
) -> list[Column]:
    """Prediction, confidence, entropy and margin, and with labels whether they are right and the loss."""
    top = probabilities.topk(2, 1)
    names = tuple(classes) if len(classes) == probabilities.shape[1] else tuple(map(str, range(probabilities.shape[1])))
    entropy = torch.special.entr(probabilities).sum(1)
    found = [
        Column("prediction", _floats(top.indices[:, 0]), names, "", checkpoint),
        Column("confidence", _floats(top.values[:, 0]), None, "", checkpoint),
        Column("entropy", _floats(entropy), None, "nats", checkpoint),
    ]
    if labels is None or not 0 <= int(labels.min()) <= int(labels.max()) < probabilities.shape[1]:
        return [*found, Column("margin", _floats(top.values[:, 0] - top.values[:, 1]), None, "", checkpoint)]
    own = probabilities.gather(1, labels[:, None])
    others = probabilities.scatter(1, labels[:, None], -1.0).amax(1)
    right = (top.indices[:, 0] == labels).long()
    return [
        *found,
        Column("margin", _floats(own[:, 0] - others), None, "", checkpoint),
        Column("correct", _floats(right), ("wrong", "right"), "", checkpoint),
        Column("loss", _floats(-own[:, 0].clamp_min(1e-300).log()), None, "nats", checkpoint),
    ]


def _floats(x: Tensor) -> np.ndarray:
    return x.cpu().numpy().astype(np.float32)


def csv_columns(path: Path, points: int) -> list[Column]:
    """The columns of a CSV file with a head line; row i is sample i. What is no number throughout is a category.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, has fewer rows than there are points, or too many classes.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} of columns; check the path")
    with path.open(newline="", encoding="utf-8-sig") as file:
        head, *rows = [row for row in csv.reader(file) if row] or [[]]
    if not head or len(set(head)) != len(head) or any(not name.strip() for name in head):
        raise ValueError(f"{path.name} must begin with a line of different names of columns, got {head[:5]}")
    if len(rows) < points:
        raise ValueError(f"{path.name} must have a row for each of {points} samples, got {len(rows)}")
    uneven = next((place for place, row in enumerate(rows) if len(row) != len(head)), None)
    if uneven is not None:
        raise ValueError(f"line {uneven + 2} of {path.name} must have {len(head)} entries, got {len(rows[uneven])}")
    return [_csv_column(path, name.strip(), [row[i].strip() for row in rows[:points]]) for i, name in enumerate(head)]


def _csv_column(path: Path, name: str, texts: list[str]) -> Column:
    try:
        return Column(name, np.array([np.nan if t.lower() in UNKNOWN else float(t) for t in texts], np.float32))
    except ValueError:
        classes = sorted({text for text in texts if text.lower() not in UNKNOWN})
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"column {name!r} of {path.name} has {len(classes)} different texts; {MOST_CLASSES} at most")
    number = {text: place for place, text in enumerate(classes)}
    return Column(name, np.array([number.get(text, np.nan) for text in texts], np.float32), tuple(classes))


def space(
    name: str,
    points: int,
    noun: str,
    sheets: dict[str, int] | None,
    columns: Sequence[Column],
    writer: Writer,
    place: int,
) -> dict[str, Any]:
    """A space as the manifest has it; its columns are written."""
    described: list[dict[str, Any]] = []
    for number, column in enumerate(columns):
        described.append(column.described(described))
        writer.column(place, number, column.values)
    return {"id": name, "points": points, "noun": noun, "tiles": sheets, "columns": described}
