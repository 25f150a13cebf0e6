"""A network out of a user's own code, filled with weights from a file."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping

from torch import Tensor, nn


def model_factory(spec: str) -> Callable[[], nn.Module]:
    """The function or class that "package.module:factory" names. Importing the module runs its code.

    Raises:
        ValueError: `spec` is not of that form, or what it names makes no networks.
        ImportError: There is no such module, or it fails when it is imported.

    Example:
        >>> model_factory("torch.nn:Conv2d")(1, 8, 3)
        Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1))
    """
    module_name, _, name = spec.partition(":")
    if not module_name or not name:
        raise ValueError(f"the model must be given as package.module:factory, got {spec!r}")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever the user's own code raises
        raise ImportError(f"cannot import {module_name} ({type(error).__name__}: {error}); check the name") from error
    if not hasattr(module, name):
        near = ", ".join(difflib.get_close_matches(name, dir(module), n=3)) or "nothing like it"
        raise ValueError(f"{module_name} has no {name!r}; nearest: {near}")
    factory = getattr(module, name)
    if isinstance(factory, nn.Module) or not callable(factory):
        raise ValueError(f"{spec} is a {type(factory).__name__}; name a function or class that makes the network")
    return factory


def made_by(factory: Callable[[], nn.Module], spec: str = "the factory") -> nn.Module:
    """The network that a factory makes, or one sentence on why it does not.

    Args:
        factory: Makes the network, takes no arguments.
        spec: What to call the factory in that sentence.

    Raises:
        ValueError: The factory fails, or gives something else than a `torch.nn.Module`.
    """
    try:
        model = factory()
    except Exception as error:  # whatever the user's own code raises
        raise ValueError(
            f"{spec}() failed ({type(error).__name__}: {error}); it must work without arguments"
        ) from error
    if not isinstance(model, nn.Module):
        raise ValueError(f"{spec}() gave a {type(model).__name__}; it must give a torch.nn.Module")
    return model


def filled(model: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network with these weights in it; every name and shape must fit.

    Args:
        model: A network made for this purpose: it is filled in place.
        weights: Its state_dict. The batch counters of normalisation layers may be absent.

    Raises:
        ValueError: Names are missing or too many, or shapes differ; the first of each are named.

    Example:
        >>> import torch
        >>> filled(nn.Linear(1, 1), {"weight": torch.ones(1, 1), "bias": torch.ones(1)}).bias.item()
        1.0
    """
    own = {name: x for name, x in model.state_dict(keep_vars=True).items() if not nn.parameter.is_lazy(x)}
    unlike = [
        f"{name} {tuple(weights[name].shape)} for {tuple(x.shape)}"
        for name, x in own.items()
        if name in weights and weights[name].shape != x.shape
    ]
    missing, unexpected = [], []
    if not unlike:
        missing, unexpected = model.load_state_dict(dict(weights), strict=False)
    faults = [
        f"{len(names)} {what} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for names, what in ((missing, "missing"), (unexpected, "unexpected"), (unlike, "of another shape"))
        if names
    ]
    if faults:
        raise ValueError(f"the weights do not fit {type(model).__name__}: {'; '.join(faults)}")
    return model
