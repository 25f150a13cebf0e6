"""What each token of a sequence pays to each other in the attention layers of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from topolens.probes.module_choice import choose_modules
from topolens.probes.record import Layers, record

NEED_WEIGHTS, AVERAGE = 4, 6  # places of these arguments of nn.MultiheadAttention.forward


def record_attention(
    model: nn.Module, data: Any, layers: Layers = None, *, samples: int | None = 32, batch_size: int = 32
) -> dict[str, Tensor]:
    """Attention maps of a network's `torch.nn.MultiheadAttention` on data, those inside transformer layers as well.

    The layers are asked for the weights of each head where the network itself does not ask; what they hand on is
    what it was. Afterwards the network, torch's switch for fast attention and its random state are as they were.

    Args:
        model: The network.
        data: Samples, in any form that `record` takes.
        layers: Names or patterns of attention layers; None: all there are.
        samples: Stop after as many; None: all.
        batch_size: Where `data` is not in batches yet.

    Returns:
        Layer to its maps, shape (samples, heads, tokens, keys), float32 on the CPU. A layer that answers several times
        has "#2", "#3" behind its name from the second on.

    Raises:
        TypeError: If the model or the data is none.
        ValueError: If the network has no such layer, none of that name, there are no samples, or batches have sequences
            of different lengths.
        RuntimeError: If the network fails; the layer is named.

    Cost: a forward pass without fast attention; 4 bytes per sample, head and pair of tokens.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    chosen = {
        name: module
        for name, module in choose_modules(model, nn.MultiheadAttention if layers is None else layers).items()
        if isinstance(module, nn.MultiheadAttention)
    }
    if not chosen:
        raise ValueError(f"none of {layers!r} is a torch.nn.MultiheadAttention; leave layers out for all there are")
    heard: dict[str, list[Tensor]] = {}
    hooks: list[Any] = []
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)  # it would go round the hooks
        listeners = [_Listener(name, heard) for name in chosen]
        for module, listener in zip(chosen.values(), listeners, strict=True):
            hooks.append(module.register_forward_pre_hook(listener.ask, with_kwargs=True))
            hooks.append(module.register_forward_hook(listener.hear))

        def next_batch(_done: int) -> None:
            for listener in listeners:
                listener.times = 0

        record(model, data, list(chosen), samples=samples, batch_size=batch_size, progress=next_batch)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    return {name: _together(name, parts) for name, parts in heard.items()}


class _Listener:
    """Asks one layer for its weights, keeps them, and hands on what was asked for."""

    def __init__(self, name: str, heard: dict[str, list[Tensor]]) -> None:
        self.name, self.heard, self.times = name, heard, 0
        self.asked: Callable[[Tensor], Tensor | None] = lambda _weights: None

    def ask(self, _module: nn.Module, args: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Any, Any]:
        """The arguments, with weights of each head wanted."""
        needed = args[NEED_WEIGHTS] if len(args) > NEED_WEIGHTS else named.get("need_weights", True)
        average = args[AVERAGE] if len(args) > AVERAGE else named.get("average_attn_weights", True)
        self.asked = (lambda w: w.mean(-3) if average else w) if needed else lambda _w: None
        changed, rest = list(args), dict(named)
        for place, name, value in ((NEED_WEIGHTS, "need_weights", True), (AVERAGE, "average_attn_weights", False)):
            if len(changed) > place:
                changed[place] = value
            else:
                rest[name] = value
        return tuple(changed), rest

    def hear(self, _module: nn.Module, _args: Any, output: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor | None]:
        """Keeps the weights; the output is what the network asked for."""
        self.times += 1
        name = self.name if self.times == 1 else f"{self.name}#{self.times}"
        weights = output[1] if output[1].ndim == 4 else output[1][None]
        self.heard.setdefault(name, []).append(weights.detach().to("cpu", torch.float32))
        return output[0], self.asked(output[1])


def _together(name: str, parts: list[Tensor]) -> Tensor:
    shapes = {tuple(part.shape[1:]) for part in parts}
    if len(shapes) > 1:
        raise ValueError(
            f"batches of {name!r} have sequences of different lengths, {sorted(shape[-1] for shape in shapes)}; pad "
            "them, or record one batch at a time"
        )
    return torch.cat(parts)
