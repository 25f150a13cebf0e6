"""Packages that only some functions need, each with the one sentence on how to get it."""

from __future__ import annotations

import importlib
from typing import Any


def skimage(part: str) -> Any:
    """A module of scikit-image.

    Raises:
        ImportError: scikit-image is not installed.
    """
    try:
        return importlib.import_module(f"skimage.{part}")
    except ImportError:
        raise ImportError("scikit-image is needed here; install it with pip install 'topolens[images]'") from None
