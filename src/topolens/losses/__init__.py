"""Topological losses: what a network should be told about the shape of what it draws."""

from topolens.losses.betti_prior import BettiPriorLoss, betti_prior
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
from topolens.losses.betti_matching import BettiMatchingLoss, betti_matching
from topolens.losses.matched_bars import MatchedBars, PlacedBars, betti_matching_parts
from topolens.losses.scheduled import Scheduled, ramp
from topolens.losses.topological_wasserstein import TopologicalWassersteinLoss, topological_wasserstein
from topolens.losses.total_persistence import TotalPersistenceLoss, total_persistence

__all__ = [
    "BettiPriorLoss",
    "NestedCrossEntropyLoss",
    "NestedDiceLoss",
    "NestedHead",
    "Scheduled",
    "TopologicalWassersteinLoss",
    "TotalPersistenceLoss",
    "betti_prior",
    "nested_cross_entropy",
    "nested_dice",
    "nested_labels",
    "nested_logits",
    "nested_target",
    "ramp",
    "topological_wasserstein",
    "total_persistence",
from topolens.losses.connectivity import ConnectivityLoss, connectivity
from topolens.losses.rtd import RTDLoss, rtd
from topolens.losses.scheduled import Scheduled, ramp
from topolens.losses.topological_autoencoder import TopologicalAutoencoderLoss, topological_autoencoder
from topolens.losses.topological_densification import TopologicalDensificationLoss, topological_densification

__all__ = [
    "ConnectivityLoss",
    "RTDLoss",
    "Scheduled",
    "TopologicalAutoencoderLoss",
    "TopologicalDensificationLoss",
    "connectivity",
    "ramp",
    "rtd",
    "topological_autoencoder",
    "topological_densification",
from topolens.losses.cbdice import CbDiceLoss, cbdice
from topolens.losses.dice import CrossEntropyDiceLoss, DiceLoss, cross_entropy_dice, dice_loss
from topolens.losses.scheduled import Scheduled, ramp
from topolens.losses.skeleton_recall import SkeletonRecallLoss, SkeletonTube, skeleton_recall, skeleton_tube
from topolens.losses.soft_cldice import SoftClDiceLoss, soft_cldice
from topolens.losses.soft_skeleton import soft_skeleton
from topolens.losses.topological_skeleton import topological_skeleton

__all__ = [
    "CbDiceLoss",
    "CrossEntropyDiceLoss",
    "DiceLoss",
    "Scheduled",
    "SkeletonRecallLoss",
    "SkeletonTube",
    "SoftClDiceLoss",
    "cbdice",
    "cross_entropy_dice",
    "dice_loss",
    "ramp",
    "skeleton_recall",
    "skeleton_tube",
    "soft_cldice",
    "soft_skeleton",
    "topological_skeleton",
    "BettiMatchingLoss",
    "MatchedBars",
    "PlacedBars",
    "Scheduled",
    "betti_matching",
    "betti_matching_parts",
    "ramp",
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
