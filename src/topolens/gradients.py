"""How the gradient of births and deaths reaches the input: at the two cells, at whole basins, or smoothed."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from topolens._checks import check_positive
from topolens.filtrations.base import Filtration


def check_mode(filtration: Filtration, mode: str, bandwidth: float | None) -> None:
    """Raises if the filtration does not know the mode or the bandwidth is no length."""
    if mode not in filtration.modes:
        known = ", ".join(map(repr, filtration.modes))
        raise ValueError(f"gradient must be one of {known} for {type(filtration).__name__} filtrations, got {mode!r}")
    if bandwidth is not None:
        check_positive("bandwidth", bandwidth)


def look_up(filtration: Filtration, batch: Tensor, cells: Tensor) -> Tensor:
    """Differentiable births and deaths of bars, shape (bars, 2); a death cell of -1 stands for never."""
    ends = filtration.at(batch[:, None].expand_as(cells), cells.clamp(min=0))  # any cell where a bar never dies
    return torch.where(cells < 0, filtration.never, ends)


def intervals(
    filtration: Filtration, dim: Tensor, batch: Tensor, cells: Tensor, mode: str, bandwidth: float | None
) -> Tensor:
    """Births and deaths of bars with the gradient of `mode`, shape (bars, 2)."""
    if mode == "sparse":
        return look_up(filtration, batch, cells)
    return _Shaped.apply(filtration.source, filtration, (dim, batch, cells), mode, bandwidth)


class _Shaped(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        source: Tensor,
        filtration: Filtration,
        bars: tuple[Tensor, Tensor, Tensor],
        mode: str,
        bandwidth: float | None,
    ) -> Tensor:
        ctx.filtration, ctx.bars, ctx.mode, ctx.bandwidth = filtration.on(source.detach()), bars, mode, bandwidth
        return look_up(ctx.filtration, *bars[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        dim, batch, cells = ctx.bars
        ends = torch.stack([torch.zeros_like(cells[:, 0]), torch.ones_like(cells[:, 0])], 1).flatten()
        bar = torch.arange(len(dim), device=dim.device).repeat_interleave(2)
        moved = (cells.flatten() >= 0) & (grad.flatten() != 0)
        if ctx.mode == "basin":
            moved &= (dim != 0)[bar]
        item, cell, weight = batch[bar[moved]], cells[bar[moved], ends[moved]], grad[bar[moved], ends[moved]]
        if ctx.mode == "basin":
            basins = _basins(ctx.filtration, dim, batch, cells, grad)
            item, cell, weight = (torch.cat(pair) for pair in zip((item, cell, weight), basins, strict=True))
        out = _pulled_back(ctx.filtration, item, cell, weight)
        if ctx.mode == "smooth":
            out = ctx.filtration.smoothed(out, ctx.bandwidth)
        return out, None, None, None, None


def _pulled_back(filtration: Filtration, item: Tensor, cell: Tensor, weight: Tensor) -> Tensor:
    """Gradient at the input of the weighted sum of the values of cells."""
    with torch.enable_grad():
        source = filtration.source.detach().requires_grad_()
        values = filtration.on(source).at(item, cell)
        if not values.requires_grad:
            return torch.zeros_like(source)
        return torch.autograd.grad(values, source, weight)[0]


def _basins(
    filtration: Filtration, dim: Tensor, batch: Tensor, cells: Tensor, grad: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Items, cells and weights that move bars of degree 0 to `value - grad`.

    A cell in several critical sets goes with the one that moves it farthest.
    """
    low = (dim == 0).nonzero()[:, 0]
    ends = look_up(filtration, batch[low], cells[low])
    sign = -1.0 if filtration.never < 0 else 1.0
    targets = sign * (ends - grad[low])
    targets = torch.where((grad[low] != 0) & torch.isfinite(ends), targets, torch.nan)
    bar, cell, of_death = filtration.critical(batch[low], cells[low, 0], targets)
    item = batch[low][bar]
    weight = filtration.at(item, cell).detach() - sign * targets[bar, of_death]
    # Farthest first; of each (item, cell) only the first row stays.
    order = weight.abs().argsort(descending=True, stable=True)
    order = order[cell[order].argsort(stable=True)]
    order = order[item[order].argsort(stable=True)]
    item, cell, weight = item[order], cell[order], weight[order]
    first = torch.ones_like(cell, dtype=torch.bool)
    first[1:] = (cell[1:] != cell[:-1]) | (item[1:] != item[:-1])
    return item[first], cell[first], weight[first]
