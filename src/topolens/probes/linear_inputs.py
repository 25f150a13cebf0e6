"""What the last linear layers of a network are given, and what the network says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from topolens.probes.record import record


class LinearInputs(NamedTuple):
    """The last linear layers on one set of samples.

    Args:
        weights: Layer to its weight, shape (out, in), in the order of answering.
        inputs: Layer to what it was given, shape (samples, in).
        outputs: What the network gave, shape (samples, classes).
    """

    weights: Mapping[str, Tensor]
    inputs: Mapping[str, Tensor]
    outputs: Tensor


def linear_inputs(model: nn.Module, data: Any, *, most: int = 3, neurons: int = 1000) -> LinearInputs:
    """What the last linear layers are given, as topological uncertainty wants it. The network is left as it was.

    Args:
        model: The network; its last linear layer gives its answer.
        data: Samples, in any form that `record` takes.
        most: How many layers at most.
        neurons: Layers before the last are taken while all have so many neurons together, inputs and outputs.

    Raises:
        ValueError: If the network gives no row of numbers per sample, no linear layer has a row of inputs per sample
            and answers once, or the last one's answer is not the network's.
        RuntimeError: If the network fails; the layer is named.

    Cost: a forward pass.
    """
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    heard: dict[str, list[Tensor]] = {name: [] for name in layers}
    order: list[str] = []
    steps = 0

    def count(_done: int) -> None:
        nonlocal steps
        steps += 1

    with _listening(layers, heard, order):
        found = record(model, data, list(layers) or [""], progress=count)
    outputs = found.outputs
    if outputs is None or outputs.ndim != 2:
        raise ValueError("the network gives no row of numbers for each sample")
    able = [n for n in dict.fromkeys(order) if len(heard[n]) == steps and sum(map(len, heard[n])) == len(outputs)]
    last = able[-1] if able else None
    answer = None if last is None else found.activations.get(last)
    if last is None or answer is None or answer.shape != outputs.shape or not torch.allclose(answer, outputs):
        raise ValueError("the network's answer is not that of a linear layer")
    sizes = {name: sum(layers[name].weight.shape) for name in able}
    chosen = [last]
    for name in reversed(able[:-1]):
        if len(chosen) == most or sizes[name] + sum(sizes[n] for n in chosen) > neurons:
            break
        chosen.insert(0, name)
    weights = {name: layers[name].weight.detach().cpu() for name in chosen}
    return LinearInputs(weights, {name: torch.cat(heard[name]) for name in chosen}, outputs)


@contextmanager
def _listening(layers: Mapping[str, nn.Module], heard: Mapping[str, list[Tensor]], order: list[str]) -> Iterator[None]:
    def hear(name: str, given: tuple[Any, ...]) -> None:
        if given and isinstance(given[0], Tensor):
            rows = given[0].detach() if given[0].ndim == 2 else given[0].new_zeros(0, 0)  # tokens take much memory
            heard[name].append(rows.to("cpu", torch.float32))
            order.append(name)

    hooks = [
        module.register_forward_pre_hook(lambda _m, given, name=name: hear(name, given))
        for name, module in layers.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
