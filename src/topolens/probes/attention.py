"""What each token of a sequence pays to each other in the attention layers of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from topolens.probes.module_choice import choose_modules
from topolens.probes.record import Layers, record

NEED_WEIGHTS, AVERAGE = 4, 6  # places of these arguments of nn.MultiheadAttention.forward


def record_attention(
    model: nn.Module, data: Any, layers: Layers = None, *, samples: int | None = 32, batch_size: int = 32
) -> dict[str, Tensor]:
    """Attention maps of a network on data, by the layer that pays attention.

    Taken are those of `torch.nn.MultiheadAttention`, inside transformer layers as well, and of whatever calls
    `torch.nn.functional.scaled_dot_product_attention`, as timm and transformers do. The layers are asked for the
    weights of each head where the network itself does not ask; what they hand on is what it was. Afterwards the
    network, torch's switch for fast attention and its random state are as they were.

    Args:
        model: The network.
        data: Samples, in any form that `record` takes.
        layers: Names or patterns of modules that pay attention; None: all there are.
        samples: Stop after as many; None: all.
        batch_size: Where `data` is not in batches yet.

    Returns:
        Layer to its maps, shape (samples, heads, tokens, keys), float32 on the CPU. A layer that answers several times
        has "#2", "#3" behind its name from the second on.

    Raises:
        TypeError: If the model or the data is none.
        ValueError: If no such layer is called or none of that name, there are no samples, or batches have sequences of
            different lengths.
        RuntimeError: If the network fails; the layer is named.

    Cost: a forward pass without fast attention; 4 bytes per sample, head and pair of tokens.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    named = dict(model.named_modules()) if layers is None else choose_modules(model, layers)
    chosen = {name: module for name, module in named.items() if isinstance(module, nn.MultiheadAttention)}
    heard: dict[str, list[Tensor]] = {}
    products = _Products(frozenset(named), heard)
    hooks: list[Any] = []
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)  # it would go round the hooks
        listeners = [_Listener(name, heard) for name in chosen]
        for module, listener in zip(chosen.values(), listeners, strict=True):
            hooks.append(module.register_forward_pre_hook(listener.ask, with_kwargs=True))
            hooks.append(module.register_forward_hook(listener.hear))
        for name, module in model.named_modules():
            hooks.append(module.register_forward_pre_hook(lambda _m, _x, name=name: products.entered.append(name)))
            hooks.append(module.register_forward_hook(lambda _m, _x, _y: products.leave()))

        def next_batch(_done: int) -> None:
            products.times.clear()
            for listener in listeners:
                listener.times = 0

        with products:
            record(model, data, list(chosen) or [""], samples=samples, batch_size=batch_size, progress=next_batch)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    if not heard:
        raise ValueError(
            f"nothing in {'the network' if layers is None else repr(layers)} calls torch.nn.MultiheadAttention or "
            "scaled_dot_product_attention; networks of transformers take attn_implementation='sdpa'"
        )
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


class _Products(TorchFunctionMode):
    """Keeps the weights of each scaled dot product attention, by the module that calls it."""

    def __init__(self, wanted: frozenset[str], heard: dict[str, list[Tensor]]) -> None:
        super().__init__()
        self.wanted, self.heard = wanted, heard
        self.entered: list[str] = []
        self.times: dict[str, int] = {}

    def leave(self) -> None:
        """The end of the module that was entered last."""
        self.entered.pop()

    def __torch_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...] = (), named: dict[str, Any] | None = None
    ) -> Any:
        """What the function gives."""
        named = named or {}
        name = self.entered[-1] if self.entered else ""
        if function is nn.functional.scaled_dot_product_attention and name in self.wanted:
            self.times[name] = self.times.get(name, 0) + 1
            numbered = name if self.times[name] == 1 else f"{name}#{self.times[name]}"
            self.heard.setdefault(numbered, []).append(_weights(*args, **named).to("cpu", torch.float32))
        return function(*args, **named)


def _weights(
    query: Tensor,
    key: Tensor,
    _value: Tensor | None = None,
    attn_mask: Tensor | None = None,
    _dropout: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    **_rest: Any,
) -> Tensor:
    """What `scaled_dot_product_attention` multiplies values with, shape (samples, heads, tokens, keys)."""
    query, key = (x[:, None] if x.ndim == 3 else x for x in (query.float(), key.float()))
    key = key.repeat_interleave(query.shape[1] // key.shape[1], 1)  # heads that share their keys
    scores = query @ key.mT * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], device=scores.device).triu(1).bool(), -torch.inf)
    if attn_mask is not None:
        blocked = attn_mask.dtype == torch.bool
        scores = scores.masked_fill(~attn_mask, -torch.inf) if blocked else scores + attn_mask
    return scores.softmax(-1).nan_to_num(0.0)  # a token that may look at nothing


def _together(name: str, parts: list[Tensor]) -> Tensor:
    shapes = {tuple(part.shape[1:]) for part in parts}
    if len(shapes) > 1:
        raise ValueError(
            f"batches of {name!r} have sequences of different lengths, {sorted(shape[-1] for shape in shapes)}; pad "
            "them, or record one batch at a time"
        )
    return torch.cat(parts)
