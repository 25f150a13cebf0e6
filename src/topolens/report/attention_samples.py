"""Maps for the analysis of attention: of as many samples as shuffling all heads can be paid for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from topolens import analyses
from topolens.analyses.finding import Finding
from topolens.probes import record_attention

MOST, FEWEST, SHUFFLES = 32, 2, 20
WORK = 10.0  # seconds, by what a map takes: 50 microseconds, and 0.12 for each pair of tokens


def may_attend(model: nn.Module) -> bool:
    """Whether a part of the network calls itself attention; whether its maps can be read is another question."""
    return any("attention" in type(module).__name__.lower() for module in model.modules())


def attention_of(model: nn.Module, data: Any, twin: nn.Module | None, seed: int) -> Finding:
    """The Finding "attention" on the maps of tokens to themselves, beside those of the untrained twin.

    Raises:
        ValueError: If the network has no `torch.nn.MultiheadAttention`, or none in which tokens look at themselves.
    """
    if not any(isinstance(module, nn.MultiheadAttention) for module in model.modules()):
        raise ValueError("no part of the network is a torch.nn.MultiheadAttention, whose maps can be read")
    first = _square(record_attention(model, data, samples=1))
    if not first:
        raise ValueError("no layer's attention maps are square, tokens against the same tokens")
    cost = sum(x.shape[1] * (5e-5 + 1.2e-7 * x.shape[2] ** 2) for x in first.values())
    samples = min(MOST, max(FEWEST, int(WORK / (cost * (1 + SHUFFLES)))))
    maps = _square(record_attention(model, data, samples=samples))
    before = None if twin is None else _square(record_attention(twin, data, samples=samples))
    return analyses.attention(maps, untrained=before, shuffles=SHUFFLES, seed=seed)


def _square(maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x for name, x in maps.items() if x.shape[-1] == x.shape[-2]}
