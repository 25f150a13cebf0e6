"""Probes: from a network or its file to tensors. The network itself is never changed."""

from topolens.probes.attention import record_attention
from topolens.probes.batches import Batch, batches, drawn
from topolens.probes.checkpoints import checkpoint_steps
from topolens.probes.convolutions import Convolution, Skipped, convolutions, select_layers
from topolens.probes.data_source import Source, load_source
from topolens.probes.image_shifts import image_shifts
from topolens.probes.images import load_images
from topolens.probes.input_shifts import input_shifts
from topolens.probes.linear_inputs import LinearInputs, linear_inputs
from topolens.probes.model import filled, made_by, model_factory
from topolens.probes.module_choice import choose_modules
from topolens.probes.normalization import Normalization, normalization, normalized
from topolens.probes.parameter_path import parameter_path
from topolens.probes.patches import patch_space, sample_images
from topolens.probes.record import Recording, record
from topolens.probes.spatial_filters import SpatialFilters, spatial_filters
from topolens.probes.twin import untrained_model, untrained_twin
from topolens.probes.weight_graph import Joint, weight_graph
from topolens.probes.weight_matrices import weight_matrices
from topolens.probes.weights import load_weights

__all__ = [
    "Batch",
    "Convolution",
    "Joint",
    "LinearInputs",
    "Normalization",
    "Recording",
    "Skipped",
    "Source",
    "SpatialFilters",
    "batches",
    "checkpoint_steps",
    "choose_modules",
    "convolutions",
    "drawn",
    "filled",
    "image_shifts",
    "input_shifts",
    "linear_inputs",
    "load_images",
    "load_source",
    "load_weights",
    "made_by",
    "model_factory",
    "normalization",
    "normalized",
    "parameter_path",
    "patch_space",
    "record",
    "record_attention",
    "sample_images",
    "select_layers",
    "spatial_filters",
    "untrained_model",
    "untrained_twin",
    "weight_graph",
    "weight_matrices",
]
