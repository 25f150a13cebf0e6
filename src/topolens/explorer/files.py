"""Files that are there whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import io
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

PART = ".part"
SURELY_DEAD = 3600  # seconds


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` once all is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: Path, content: Any) -> None:
    """Plain JSON; NaN and infinity are refused."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    with replacing(path) as file:
        file.write(text.encode())


def read_json(path: Path) -> Any:
    """What stands in a file of JSON.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name} must hold JSON, but is damaged ({error}); remove it and make it anew") from None


def write_array(path: Path, values: np.ndarray) -> None:
    """One array as npy."""
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, np.lib.format.header_data_from_array_1_0(values))
    with replacing(path) as file:
        file.write(buffer.getvalue())
        values = np.ascontiguousarray(values)
        rows = max(1, 2**24 // max(1, values[:1].nbytes))
        for start in range(0, len(values), rows):  # a memory-mapped layer is never held as a whole
            file.write(values[start : start + rows].tobytes())


def read_array(path: Path) -> np.ndarray:
    """An array of a run, mapped into memory.

    Raises:
        ValueError: If the file is damaged or missing.
    """
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = f"is missing or damaged ({type(error).__name__})"
        raise ValueError(f"{path.name} of the run {reason}; record the run again") from None


def sweep(folder: Path) -> None:
    """Remove what was half written when a program was killed; another one may be writing now, so only what is old."""
    for part in folder.rglob(f".*{PART}"):
        with suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > SURELY_DEAD:
                part.unlink()
