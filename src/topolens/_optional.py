"""Packages that only some functions need, each with the one sentence on how to get it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

DASK_WAIT = "10s"  # for a scheduler's answer


def _needed(module: str, name: str, package: str) -> Any:
    """A module, or the sentence on how to get the package it is of."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError(f"{name} is needed here; install it with pip install {package}") from None


def skimage(part: str) -> Any:
    """A module of scikit-image.

    Raises:
        ImportError: scikit-image is not installed.
    """
    return _needed(f"skimage.{part}", "scikit-image", "'topolens[images]'")


def foolbox() -> Any:
    """The package foolbox.

    Raises:
        ImportError: foolbox is not installed.
    """
    # foolbox brings GitPython for downloads that we do not make, which else refuses to load where there is no git.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    return _needed("foolbox", "foolbox", "'topolens[studies]'")


def anywidget() -> Any:
    """The package anywidget.

    Raises:
        ImportError: anywidget is not installed.
    """
    return _needed("anywidget", "anywidget", "'topolens[notebook]'")


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
    return _needed("transformers", "transformers", "transformers")


def pot() -> Any:
    """The package POT.

    Raises:
        ImportError: POT is not installed.
    """
    return _needed("ot", "POT", "'topolens[transport]'")


@contextmanager
def dask_client(address: str | None) -> Iterator[None]:
    """A connection to a scheduler of dask, or to one of this machine that lives as long as this does.

    Raises:
        ImportError: dask.distributed is not installed.
        ValueError: Nothing answers at the address.
    """
    make = _needed("dask.distributed", "dask", "'topolens[dask]'").Client
    try:
        with dask_keeps_memory():
            client = make(address, timeout=DASK_WAIT) if address is not None else make(threads_per_worker=1)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"no scheduler of dask answers at {address} ({type(error).__name__}); start one, or check the address"
        ) from None
    with client:
        yield


@contextmanager
def dask_keeps_memory() -> Iterator[None]:
    """Workers of dask that are started inside keep the memory they free: else every large tensor is paged in anew.

    Our runs then take half as much time again.
    """
    import dask

    environment = "distributed.nanny.pre-spawn-environ"
    given = dask.config.get(environment, {})
    own = {name: value for name, value in given.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    with dask.config.set({environment: own}):
        yield


@contextmanager
def ray_backend(address: str | None) -> Iterator[None]:
    """A connection to a cluster of ray, or to one of this machine that lives as long as this does.

    Raises:
        ImportError: ray is not installed.
        ValueError: Nothing answers at the address.
    """
    ray, backends = _needed("ray", "ray", "ray"), _needed("ray.util.joblib", "ray", "ray")
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        raise ValueError(
            f"no cluster of ray answers at {address} ({type(error).__name__}); start one, or check the address"
        ) from None
    backends.register_ray()
    try:
        yield
    finally:
        ray.shutdown()


def timm() -> Any:
    """The package timm.

    Raises:
        ImportError: timm is not installed.
    """
    return _needed("timm", "timm", "timm")


def torchvision(part: str = "") -> Any:
    """A module of torchvision; also where its compiled operators do not fit the installed torch.

    torchvision built for CUDA does not load beside a torch without, although its networks, data sets and transforms
    need none of its operators. It is then loaded without them; who calls one is told so by torch.

    Raises:
        ImportError: torchvision is not installed.
    """
    name = f"torchvision.{part}" if part else "torchvision"
    try:
        return _needed(name, name, "torchvision")
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
