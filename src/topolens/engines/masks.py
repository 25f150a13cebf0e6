"""Calls into the compiled core on masks: arrays of bytes on the CPU, where the foreground is wide (8, 26) or not."""

import numpy as np
import torch
from torch import Tensor

from topolens import _core
from topolens.engines.compiled import threads


def wrong_regions(prediction: Tensor, target: Tensor, wide: bool) -> Tensor:
    """Regions where masks (batch, h, w) differ: k > 0 in the k-th critical one of an item, k < 0 in a regular one."""
    numbers, _ = _core.wrong_regions(_bytes(prediction), _bytes(target), wide, threads())
    return torch.from_numpy(numbers).reshape(prediction.shape)


def simple_points(masks: Tensor, wide: bool) -> Tensor:
    """Where masks (batch, sides ...) can be flipped without a change of topology."""
    return torch.from_numpy(_core.simple_points(_bytes(masks), wide, threads())).reshape(masks.shape).bool()


def homotopy_warp(start: Tensor, goal: Tensor, wide: bool) -> Tensor:
    """Masks (batch, sides ...) deformed towards others by flips of simple points."""
    warped = _core.homotopy_warp(_bytes(start), _bytes(goal), wide, threads())
    return torch.from_numpy(warped).reshape(start.shape).bool()


def _bytes(masks: Tensor) -> np.ndarray:
    """Masks of images (batch, h, w) or volumes (batch, d, h, w) as bytes with four axes."""
    flat = masks.detach().to("cpu", torch.uint8).contiguous()
    return (flat if flat.ndim == 4 else flat[:, None]).numpy()
