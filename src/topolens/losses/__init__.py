"""Topological losses: what a network should be told about the shape of what it draws."""

from topolens.losses.scheduled import Scheduled, ramp
from topolens.losses.topograph import TopographLoss, topograph, topograph_regions
from topolens.losses.warping import WarpingLoss, critical_pixels, warping

__all__ = [
    "Scheduled",
    "TopographLoss",
    "WarpingLoss",
    "critical_pixels",
    "ramp",
    "topograph",
    "topograph_regions",
    "warping",
]
