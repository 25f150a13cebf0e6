"""Packages that only some functions need, each with the one sentence on how to get it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
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


def timm() -> Any:
    """The package timm.

    Raises:
        ImportError: timm is not installed.
    """
    try:
        return importlib.import_module("timm")
    except ImportError:
        raise ImportError("timm is needed here; install it with pip install timm") from None


def torchvision(part: str = "") -> Any:
    """A module of torchvision; also where its compiled operators do not fit the installed torch.

    torchvision built for CUDA does not load beside a torch without, although its networks, data sets and transforms
    need none of its operators. It is then loaded without them; who calls one is told so by torch.

    Raises:
        ImportError: torchvision is not installed.
    """
    name = f"torchvision.{part}" if part else "torchvision"
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(f"{name} is needed here; install it with pip install torchvision") from None
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for loaded in [module for module in sys.modules if module.split(".")[0] == "torchvision"]:
        del sys.modules[loaded]
    return _without_operators(name)


def _without_operators(name: str) -> Any:
    """A module of torchvision, loaded while torch takes no shapes for operators that are not there."""
    import torch

    register: Callable[..., Any] = torch.library.register_fake

    def register_others(operator: Any, *args: Any, **named: Any) -> Any:
        own = isinstance(operator, str) and operator.startswith("torchvision::")
        return (lambda function: function) if own else register(operator, *args, **named)

    library: Any = torch.library
    library.register_fake = register_others
    try:
        return importlib.import_module(name)
    finally:
        library.register_fake = register
