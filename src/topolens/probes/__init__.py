"""Probes: from a network or its file to tensors. The network itself is never changed."""

from topolens.probes.convolutions import Convolution, Skipped, convolutions, select_layers
from topolens.probes.spatial_filters import SpatialFilters, spatial_filters
from topolens.probes.twin import untrained_model, untrained_twin
from topolens.probes.weights import load_weights

__all__ = [
    "Convolution",
    "Skipped",
    "SpatialFilters",
    "convolutions",
    "load_weights",
    "select_layers",
    "spatial_filters",
    "untrained_model",
    "untrained_twin",
]
