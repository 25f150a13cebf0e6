"""Packages that only some functions need, each with the one sentence on how to get it."""

from __future__ import annotations

import importlib
import os
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


def foolbox() -> Any:
    """The package foolbox.

    Raises:
        ImportError: foolbox is not installed.
    """
    # foolbox brings GitPython for downloads that we do not make, which else refuses to load where there is no git.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    try:
        return importlib.import_module("foolbox")
    except ImportError:
        raise ImportError("foolbox is needed here; install it with pip install 'topolens[studies]'") from None


def lightning() -> Any:
    """The module of Lightning that holds `Callback`, in the package's present or former name.

    Raises:
        ImportError: Lightning is not installed.
    """
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ImportError("Lightning is needed here; install it with pip install lightning")


def transformers() -> Any:
    """The package transformers.

    Raises:
        ImportError: transformers is not installed.
    """
    try:
        return importlib.import_module("transformers")
    except ImportError:
        raise ImportError("transformers is needed here; install it with pip install transformers") from None


def pot() -> Any:
    """The package POT.

    Raises:
        ImportError: POT is not installed.
    """
    try:
        return importlib.import_module("ot")
    except ImportError:
        raise ImportError("POT is needed here; install it with pip install 'topolens[transport]'") from None
