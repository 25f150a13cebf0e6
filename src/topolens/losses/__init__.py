"""Topological losses: what a network should be told about the shape of what it draws."""

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
]
