"""The engine as an operator of torch, so that `torch.compile` traces through it instead of breaking its graph."""

from collections.abc import Callable

import torch
from torch import Tensor

from topolens.engines import Pairs
from topolens.filtrations.base import Filtration
from topolens.filtrations.cubical import cubical
from topolens.filtrations.rips import rips


def _cubical(source: Tensor, words: list[str]) -> Filtration:
    construction, superlevel, axes, frame = words
    border = None if frame == "None" else float(frame)
    return cubical(source, construction=construction, superlevel=superlevel == "True", axes=int(axes), frame=border)


def _rips(source: Tensor, words: list[str]) -> Filtration:
    given, scale = words
    points, distances = (source, None) if given == "points" else (None, source)
    return rips(points, distances=distances, max_scale=float(scale))


_KINDS: dict[str, Callable[[Tensor, list[str]], Filtration]] = {"cubical": _cubical, "rips": _rips}


@torch.library.custom_op("topolens::pairs", mutates_args=())
def pairs(source: Tensor, recipe: str, max_dim: int, field: int) -> tuple[Tensor, Tensor, Tensor]:
    """Dim, batch and cells of all bars of the filtration that `recipe` makes of `source`, its checks included."""
    kind, *words = recipe.split()
    found: Pairs = _KINDS[kind](source, words).pairs(max_dim, field)
    dim, batch, cells = (torch.from_numpy(x).to(source.device) for x in found)
    return dim, batch, cells


@pairs.register_fake
def _(source: Tensor, recipe: str, max_dim: int, field: int) -> tuple[Tensor, Tensor, Tensor]:
    bars = torch.library.get_ctx().new_dynamic_size()
    empty = [source.new_empty(shape, dtype=torch.int64) for shape in ((bars,), (bars,), (bars, 2))]
    return empty[0], empty[1], empty[2]
