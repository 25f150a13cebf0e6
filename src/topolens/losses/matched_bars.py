"""Which bars of a predicted map are bars of the target too, and where those are that are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from topolens._checks import check_no_nan
from topolens.engines.compiled import matched_bars
from topolens.losses.class_maps import Activation, ClassMaps, class_maps
from topolens.losses.precision import without_autocast

Direction = Literal["superlevel", "sublevel", "both"]
# The sign that turns thresholds of each direction into rising ones.
SIGNS = {"superlevel": (-1.0,), "sublevel": (1.0,), "both": (-1.0, 1.0)}


class PlacedBars(NamedTuple):
    """Bars, one per row, and where they start and end."""

    item: Tensor  # (bars,) of the batch
    channel: Tensor  # (bars,) of the logits
    dim: Tensor  # (bars,) 0 components, 1 loops (in volumes tunnels), 2 voids
    superlevel: Tensor  # (bars,) whether thresholds fall; otherwise they rise
    values: Tensor  # (bars, 2) birth and death; a bar that never dies has the death -inf (superlevel) or inf
    pixels: Tensor  # (bars, 2, sides) int64: of birth and death; outside of the map on its frame; -1 for no death


class MatchedBars(NamedTuple):
    """The bars of prediction and target: those that are the same feature row by row, and those that stand alone."""

    matched_prediction: PlacedBars
    matched_target: PlacedBars
    unmatched_prediction: PlacedBars
    unmatched_target: PlacedBars


@without_autocast
def betti_matching_parts(
    logits: Tensor,
    target: Tensor,
    *,
    activation: Activation | None = "auto",
    include_background: bool = False,
    filtration: Direction = "superlevel",
    construction: Literal["V", "T"] = "V",
    relative: bool = False,
    valid: bool = True,
    essential: bool = False,
) -> MatchedBars:
    """What `betti_matching` compares: features that prediction and target share, and the errors of topology.

    A feature of the prediction and one of the target are the same if both live on in one feature of their union.

    Args:
        logits: As in `betti_matching`, as is all of the following.
        target: Class numbers or a map per channel.
        activation: What makes probabilities of logits.
        include_background: Whether channel 0 of several is a class of its own.
        filtration: Whether thresholds fall, rise, or first the one and then the other.
        construction: "V": bright pixels touch at their sides, "T": at corners too.
        relative: Whether a frame of foreground is laid around the maps.
        valid: Whether features must live on in the union at a moment at least to be the same.
        essential: Whether the oldest components, which never die, are listed; they are always matched.

    Returns:
        Four lists of bars. `unmatched_prediction.pixels` are the places of what is too much, and
        `unmatched_target.pixels` of what is missing, for example to plot them. Rows are in order of direction, item,
        channel and dimension.

    Raises:
        TypeError: If `logits` is no floating-point tensor, or `target` no tensor.
        ValueError: If a shape, a class number or a setting is wrong, or logits contain NaN.

    Gradients: `values` of the prediction carry them to the pixels of birth and death.
    Cost: that of `betti_matching`.
    Source: "Topologically faithful image segmentation via induced matching of persistence barcodes", 2023.

    Example:
        >>> logits, target = torch.full((1, 1, 3, 7), -4.0), torch.zeros(1, 3, 7)
        >>> logits[..., 1, [1, 3, 5]] = torch.tensor([1.0, 3.0, 2.0])    # three blobs, where two should be
        >>> target[..., 1, [3, 5]] = 1
        >>> parts = betti_matching_parts(logits, target)
        >>> parts.unmatched_prediction.pixels[:, 0], parts.matched_prediction.pixels[:, 0]
        (tensor([[1, 1]]), tensor([[1, 5]]))
    """
    comparison = Comparison(filtration, construction, relative, valid)
    maps = class_maps(logits, target, activation, include_background)
    found = comparison.of(maps)
    kept = torch.ones_like(found.is_matched) if essential else ~found.is_essential
    first = logits.shape[1] - maps.target.shape[1]
    one, other = (found.placed(k, first, 1 if relative else 0) for k in (0, 1))

    def chosen(bars: PlacedBars, rows: Tensor) -> PlacedBars:
        return PlacedBars(*(column[rows & kept] for column in bars))

    both = found.is_matched
    return MatchedBars(
        chosen(one, both), chosen(other, both), chosen(one, found.is_false), chosen(other, found.is_missing)
    )


@dataclass(frozen=True)
class Comparison:
    """Settings of a matching, arguments as in `betti_matching`."""

    filtration: Direction = "superlevel"
    construction: Literal["V", "T"] = "V"
    relative: bool = False
    valid: bool = True

    def __post_init__(self) -> None:
        if self.filtration not in SIGNS:
            names = ", ".join(map(repr, SIGNS))
            raise ValueError(f"filtration must be one of {names}, got {self.filtration!r}")
        if self.construction not in ("V", "T"):
            raise ValueError(f'construction must be "V" or "T", got {self.construction!r}')

    def of(self, maps: ClassMaps) -> Matching:
        """The bars of all maps, matched."""
        check_no_nan("logits after the activation", maps.probability)
        signs = SIGNS[self.filtration]
        prediction, target = (torch.stack([self._framed(x, sign) for sign in signs]) for x in maps)
        f, g = (_rising(x, signs) for x in (prediction, target))
        found = matched_bars(f, g, torch.minimum(f, g), self.construction, f.ndim - 2, self.valid)
        rows = (torch.from_numpy(x).to(prediction.device) for x in found)
        return Matching((prediction, target), signs[0] < 0, *rows)

    def _framed(self, x: Tensor, sign: float) -> Tensor:
        """Maps within a frame that enters first."""
        return pad(x, (1, 1) * (x.ndim - 2), value=1.0 if sign < 0 else 0.0) if self.relative else x


def _rising(x: Tensor, signs: tuple[float, ...]) -> Tensor:
    """Maps (directions, batch, classes, sides ...) as (maps, sides ...) on the CPU for thresholds that rise."""
    x = x.detach().cpu()
    return torch.stack([sign * one for sign, one in zip(signs, x, strict=True)]).flatten(0, 2)


class Matching(NamedTuple):
    """Rows of a bar of the prediction, of the target, or of one each, as the engine finds them."""

    maps: tuple[Tensor, Tensor]  # of prediction and target, (directions, batch, classes, sides ...)
    falls: bool  # whether thresholds of the first direction do
    dim: Tensor  # (rows,)
    number: Tensor  # (rows,) of the map, counted through directions, items and classes
    first: Tensor  # (rows, 2) flat pixels of birth and death in the prediction; -2: no bar, death -1: never
    second: Tensor  # the same in the target

    @property
    def is_matched(self) -> Tensor:
        """Rows of one bar each."""
        return (self.first[:, 0] >= 0) & (self.second[:, 0] >= 0)

    @property
    def is_false(self) -> Tensor:
        """Rows of a bar of the prediction alone."""
        return self.second[:, 0] < 0

    @property
    def is_missing(self) -> Tensor:
        """Rows of a bar of the target alone."""
        return self.first[:, 0] < 0

    @property
    def is_essential(self) -> Tensor:
        """Rows of two bars that never die."""
        return (self.first[:, 1] == -1) | (self.second[:, 1] == -1)

    @property
    def is_superlevel(self) -> Tensor:
        """Rows of falling thresholds."""
        directions, batch, classes = self.maps[0].shape[:3]
        later = self.number >= batch * classes if directions == 2 else torch.zeros_like(self.number, dtype=torch.bool)
        return later ^ self.falls

    def values(self, which: int) -> Tensor:
        """Births and deaths of the prediction (0) or the target (1), shape (rows, 2); 0 where there is no bar or end.

        Zeros there are constants, so that differences of two of them cost nothing.
        """
        cells, maps = (self.first, self.second)[which], self.maps[which]
        size = maps[0, 0, 0].numel() if maps.numel() else 0
        places = cells.clamp(min=0) + size * self.number[:, None]
        found = maps.flatten().index_select(0, places.flatten()).view_as(cells)
        return torch.where(cells >= 0, found, 0.0)

    def placed(self, which: int, first_channel: int, border: int) -> PlacedBars:
        """The same rows with what a reader wants to know; the frame is `border` pixels wide."""
        cells, maps = (self.first, self.second)[which], self.maps[which]
        falls, never = self.is_superlevel, cells == -1
        forever = torch.where(falls, -torch.inf, torch.inf).to(maps.dtype)[:, None]
        values = torch.where(never, forever, self.values(which))
        pixels = _coordinates(cells.clamp(min=0), maps.shape[3:]) - border
        pixels = torch.where(never[..., None], -1, pixels)
        batch, classes = maps.shape[1:3]
        within = self.number % max(1, batch * classes)
        item, channel = within // max(1, classes), within % max(1, classes) + first_channel
        return PlacedBars(item, channel, self.dim, falls, values, pixels)


def _coordinates(cells: Tensor, shape: torch.Size) -> Tensor:
    """Flat cells as coordinates, one more axis at the end."""
    columns: list[Tensor] = []
    for side in reversed(shape):
        columns.insert(0, cells % max(1, side))
        cells = cells // max(1, side)
    return torch.stack(columns, -1)
