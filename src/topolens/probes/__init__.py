"""Probes: from a network or its file to tensors. The network itself is never changed."""

from topolens.probes.checkpoints import checkpoint_steps
from topolens.probes.convolutions import Convolution, Skipped, convolutions, select_layers
from topolens.probes.images import load_images
from topolens.probes.model import filled, made_by, model_factory
from topolens.probes.patches import patch_space, sample_images
from topolens.probes.spatial_filters import SpatialFilters, spatial_filters
from topolens.probes.twin import untrained_model, untrained_twin
from topolens.probes.weights import load_weights

__all__ = [
    "Convolution",
    "Skipped",
    "SpatialFilters",
    "checkpoint_steps",
    "convolutions",
    "filled",
    "load_images",
    "load_weights",
    "made_by",
    "model_factory",
    "patch_space",
    "sample_images",
    "select_layers",
    "spatial_filters",
    "untrained_model",
    "untrained_twin",
]
