"""Topological losses: what a network should be told about the shape of what it draws."""

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
]
