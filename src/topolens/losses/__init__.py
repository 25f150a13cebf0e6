"""Topological losses: what a network should be told about the shape of what it draws."""

from topolens.losses.betti_matching import BettiMatchingLoss, betti_matching
from topolens.losses.betti_prior import BettiPriorLoss, betti_prior
from topolens.losses.cbdice import CbDiceLoss, cbdice
from topolens.losses.dice import CrossEntropyDiceLoss, DiceLoss, cross_entropy_dice, dice_loss
from topolens.losses.matched_bars import MatchedBars, PlacedBars, betti_matching_parts
from topolens.losses.nested_classes import (
    NestedCrossEntropyLoss,
    NestedDiceLoss,
    NestedHead,
    nested_cross_entropy,
    nested_dice,
    nested_labels,
    nested_logits,
    nested_target,
)
from topolens.losses.scheduled import Scheduled, ramp
from topolens.losses.skeleton_recall import SkeletonRecallLoss, SkeletonTube, skeleton_recall, skeleton_tube
from topolens.losses.soft_cldice import SoftClDiceLoss, soft_cldice
from topolens.losses.soft_skeleton import soft_skeleton
from topolens.losses.topograph import TopographLoss, topograph, topograph_regions
from topolens.losses.topological_skeleton import topological_skeleton
from topolens.losses.topological_wasserstein import TopologicalWassersteinLoss, topological_wasserstein
from topolens.losses.total_persistence import TotalPersistenceLoss, total_persistence
from topolens.losses.warping import WarpingLoss, critical_pixels, warping

__all__ = [
    "BettiMatchingLoss",
    "BettiPriorLoss",
    "CbDiceLoss",
    "CrossEntropyDiceLoss",
    "DiceLoss",
    "MatchedBars",
    "NestedCrossEntropyLoss",
    "NestedDiceLoss",
    "NestedHead",
    "PlacedBars",
    "Scheduled",
    "SkeletonRecallLoss",
    "SkeletonTube",
    "SoftClDiceLoss",
    "TopographLoss",
    "TopologicalWassersteinLoss",
    "TotalPersistenceLoss",
    "WarpingLoss",
    "betti_matching",
    "betti_matching_parts",
    "betti_prior",
    "cbdice",
    "critical_pixels",
    "cross_entropy_dice",
    "dice_loss",
    "nested_cross_entropy",
    "nested_dice",
    "nested_labels",
    "nested_logits",
    "nested_target",
    "ramp",
    "skeleton_recall",
    "skeleton_tube",
    "soft_cldice",
    "soft_skeleton",
    "topograph",
    "topograph_regions",
    "topological_skeleton",
    "topological_wasserstein",
    "total_persistence",
    "warping",
]
