"""Arrays in JSON: base64 of little-endian values, so that a page reads a million numbers at once."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import numpy as np

TYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype("<f4"), "i32": np.dtype("<i4"), "u8": np.dtype("u1")}


def packed(values: Any, dtype: str) -> dict[str, str]:
    """An array as {"dtype", "data"}.

    Args:
        values: Numbers, of any shape; rows follow each other.
        dtype: "f32", "i32" or "u8".

    Example:
        >>> packed([1, 2], "u8")
        {'dtype': 'u8', 'data': 'AQI='}
    """
    array = np.ascontiguousarray(np.asarray(values, dtype=TYPES[dtype]))
    return {"dtype": dtype, "data": base64.b64encode(array.tobytes()).decode("ascii")}


def unpacked(document: Any) -> np.ndarray:
    """The array of {"dtype", "data"}, flat.

    Raises:
        ValueError: If it is none.

    Example:
        >>> unpacked({"dtype": "u8", "data": "AQI="}).tolist()
        [1, 2]
    """
    try:
        return np.frombuffer(base64.b64decode(document["data"], validate=True), TYPES[document["dtype"]])
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ValueError('a packed array must be {"dtype": "f32" | "i32" | "u8", "data": base64}') from None
