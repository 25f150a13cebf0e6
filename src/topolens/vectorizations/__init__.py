"""Diagrams as tensors of fixed shape: images, landscapes, curves and statistics."""

from topolens.vectorizations.curves import betti_curve, entropy_curve, euler_curve, landscape, silhouette
from topolens.vectorizations.entropy import entropy
from topolens.vectorizations.persistence_image import persistence_image
from topolens.vectorizations.statistics import STATISTICS, statistics

__all__ = [
    "STATISTICS",
    "betti_curve",
    "entropy",
    "entropy_curve",
    "euler_curve",
    "landscape",
    "persistence_image",
    "silhouette",
    "statistics",
]
