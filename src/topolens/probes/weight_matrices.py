"""The weights of a network as matrices of shape (outputs, inputs): what a bipartite graph of neurons is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from topolens.probes.convolutions import effective, weight_of
from topolens.probes.layouts import is_linear_conv1d

_NO_GRAPH = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm)

_STORED = ("weight", "weight_orig", "weight_g", "weight_v")  # as the older weight norm and pruning keep it


def weight_matrices(model: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Each weight of two axes or more as a matrix (outputs, inputs), by the name of its layer, in the network's order.

    A convolution of shape (out, in, kernel ...) becomes (out, in * kernel): one input neuron for each channel and place
    of the kernel. Transposed convolutions of a module are turned first; in a state_dict they cannot be told and are
    taken as they are stored. The inputs of a group stand for those of all groups.

    Args:
        model: The network, which is not changed; or its tensors by name: a state_dict (names that end in "weight",
            or in "weight_ih_l0" and the like, weight norm and pruning masks multiplied out), or layers under any names.

    Returns:
        Views where weights are used as they are stored. Look-up tables of a module, and weights that a layer shares
        with one before it, are left out; so is whatever is no floating-point tensor.

    Raises:
        TypeError: If `model` is neither a module nor a mapping of names to tensors.
        ValueError: If there is no such weight, or a layer is lazy and has none yet.

    Example:
        >>> found = weight_matrices(nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.ConvTranspose2d(8, 2, 2)))
        >>> {name: tuple(x.shape) for name, x in found.items()}
        {'0': (8, 9), '2': (2, 32)}
    """
    if isinstance(model, nn.Module):
        candidates = list(_of_module(model))
    elif isinstance(model, Mapping):
        candidates = list(_of_mapping(model))
    else:
        raise TypeError(f"model must be a torch.nn.Module or a mapping of names to tensors, got {type(model).__name__}")
    found: dict[str, Tensor] = {}
    seen: set[tuple[object, ...]] = set()
    for name, x in candidates:
        place = (x.data_ptr(), tuple(x.shape), x.stride())
        if place not in seen or not x.numel():
            seen.add(place)
            found[name] = x.detach().flatten(1)
    if not found:
        raise ValueError("the network holds no floating-point weights of two axes or more, so no graph of neurons")
    return found


def _of_module(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for path, module in model.named_modules():
        if isinstance(module, (*_NO_GRAPH, parametrize.ParametrizationList)):
            continue
        own = dict(module.named_parameters(recurse=False))
        if parametrize.is_parametrized(module, "weight") or not own.keys().isdisjoint(_STORED):
            weight = weight_of(path or "weight", module)
            if is_linear_conv1d(module):
                weight = weight.T
            elif getattr(module, "transposed", False):
                weight = weight.unflatten(0, (module.groups, -1)).transpose(1, 2).flatten(0, 1)
            if _is_matrix(weight):
                yield path or "weight", weight
        for name, parameter in own.items():
            if "weight" in name and name not in _STORED and not is_lazy(parameter) and _is_matrix(parameter):
                yield f"{path}.{name}".lstrip("."), parameter


def _of_mapping(tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    known = {str(name): x for name, x in effective(tensors) if isinstance(x, Tensor) and _is_matrix(x)}
    named = {name: x for name, x in known.items() if _says_weight(name)}
    for name, x in (named or known).items():
        yield name.removesuffix(".weight"), x


def _says_weight(name: str) -> bool:
    last = name.rsplit(".", 1)[-1]
    return "weight" in last and not last.endswith(("_g", "_mask"))


def _is_matrix(x: Tensor) -> bool:
    plain = x.is_floating_point() and not x.is_quantized and x.layout == torch.strided
    return plain and x.ndim >= 2 and x.device.type != "meta"
