"""Topological losses: what a network should be told about the shape of what it draws."""

from topolens.losses.betti_matching import BettiMatchingLoss, betti_matching
from topolens.losses.matched_bars import MatchedBars, PlacedBars, betti_matching_parts
from topolens.losses.scheduled import Scheduled, ramp

__all__ = [
    "BettiMatchingLoss",
    "MatchedBars",
    "PlacedBars",
    "Scheduled",
    "betti_matching",
    "betti_matching_parts",
    "ramp",
]
