"""Random crops of photographs with their labels, turned, in other light and in other colours."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

TURNS, LIGHT, HUE = "turns", "light", "hue"
THIN = 4  # every so many pixels of a photograph tell its mean and spread


class Augmentation(NamedTuple):
    """What is done to crops, each with its chance; None of it touches what the network is tested on."""

    turns: bool = True  # one of the eight symmetries of the square
    light: float = 0.3  # brightness by up to 25 %, gamma of 0.7 to 1.5
    hue: float = 0.0  # one random hue for all, saturation and value raised by up to 0.5: the authors' RandHue


def crops(
    images: Tensor, labels: Tensor, count: int, side: int, how: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A batch for training.

    Args:
        images: Photographs, shape (n, 3, h, w), uint8.
        labels: Of mortar, between 0 and 1, shape (n, h, w).
        count: Crops.
        side: Of the crops; photographs that are no larger are taken whole.
        how: What is done to them.
        generator: All that is random.

    Returns:
        Crops, shape (count, 3, side, side), in units of the spread of the photograph they come from, as it looks after
        the change of light and colour; and their labels, shape (count, 1, side, side).
    """
    high, wide = (min(side, extent) for extent in images.shape[2:])
    rows = torch.randint(len(images), (count,), generator=generator).tolist()
    tops = torch.randint(images.shape[2] - high + 1, (count,), generator=generator).tolist()
    lefts = torch.randint(images.shape[3] - wide + 1, (count,), generator=generator).tolist()
    corners = list(zip(rows, tops, lefts, strict=True))
    taken = torch.stack([images[row, :, top : top + high, left : left + wide] for row, top, left in corners])
    truth = torch.stack([labels[row, None, top : top + high, left : left + wide] for row, top, left in corners]).float()
    whole = images[rows, :, ::THIN, ::THIN].flatten(2)
    pixels = _recoloured(torch.cat([taken.flatten(2), whole], 2).float() / 255, how, generator)
    inner, around = pixels.split([high * wide, whole.shape[2]], 2)
    x = _standard(inner, around).view(taken.shape)
    if not how.turns:
        return x, truth
    kinds = torch.randint(8, (count,), generator=generator).tolist()
    pairs = [(_turned(a, kind), _turned(b, kind)) for a, b, kind in zip(x, truth, kinds, strict=True)]
    return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])


def standard(images: Tensor) -> Tensor:
    """Whole photographs, uint8, in units of their own spread around their own mean, channel by channel."""
    pixels = images.float() / 255
    return _standard(pixels.flatten(2), pixels[:, :, ::THIN, ::THIN].flatten(2)).view(images.shape)


def _standard(pixels: Tensor, around: Tensor) -> Tensor:
    spread, mean = torch.std_mean(around, 2, keepdim=True)
    return (pixels - mean) / spread.clamp(min=1e-3)


def _turned(x: Tensor, kind: int) -> Tensor:
    """One of eight symmetries of a picture (channels, h, w); of four where it is not square."""
    if kind >= 4:
        x = x.flip(2)
    return x.rot90(kind % 4 if x.shape[1] == x.shape[2] else 2 * (kind % 2), (1, 2))


def _recoloured(pixels: Tensor, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Pixels (count, 3, any number) in other light or colour, each item by its own draw."""

    def draw(low: float, high: float) -> Tensor:
        return (low + (high - low) * torch.rand(len(pixels), generator=generator))[:, None].to(pixels.device)

    lit = (pixels * draw(0.75, 1.25)[..., None]).clamp(0, 1) ** draw(0.7, 1.5)[..., None]
    pixels = torch.where((draw(0, 1) < how.light)[..., None], lit, pixels)
    if how.hue == 0:
        return pixels
    value = pixels.amax(1)
    saturation = (value - pixels.amin(1)) / value.clamp(min=1e-6)
    hue, richer, brighter, chance = draw(0, 6), draw(0, 0.5), draw(0, 0.5), draw(0, 1)
    value, saturation = (value + brighter).clamp(max=1), (saturation + richer).clamp(max=1)
    shift = torch.tensor([0.0, 4.0, 2.0], device=pixels.device)[None, :, None]
    share = (((hue[..., None] + shift) % 6 - 3).abs() - 1).clamp(0, 1)
    return torch.where((chance < how.hue)[..., None], value[:, None] * (1 - saturation[:, None] * (1 - share)), pixels)
