"""Layers that stand on persistence: functions of tensors or `Diagrams`, each with its thin Module."""

from topolens.layers.atol import Atol, atol
from topolens.layers.bar_weights import (
    GaussianMixtureWeight,
    GridWeight,
    PowerWeight,
    gaussian_mixture_weight,
    grid_weight,
    power_weight,
)
from topolens.layers.capped import capped
from topolens.layers.deep_sets import DeepSets, EquivariantTransform, PermutationEquivariant, permutation_equivariant
from topolens.layers.gfl import GFL, gfl_readout
from topolens.layers.heat_kernel import (
    HeatKernelSignature,
    LaplacianSpectrum,
    heat_kernel_signature,
    laplacian_spectrum,
)
from topolens.layers.landscape import Landscape
from topolens.layers.leap_pool import LEAPPool2d, leap_pool
from topolens.layers.lower_stars import lower_stars
from topolens.layers.ordinal_pool import OrdinalPool2d, ordinal_pool
from topolens.layers.persformer import Persformer
from topolens.layers.persistence_conv import PersistenceConv2d
from topolens.layers.persistence_filter import (
    PersistenceFilter1d,
    PersistenceFilter2d,
    PersistenceFilter3d,
    persistence_filter,
)
from topolens.layers.persistence_image import PersistenceImage
from topolens.layers.persistence_pool import PersistencePool1d, PersistencePool2d, PersistencePool3d, persistence_pool
from topolens.layers.persistence_readout import PersistenceReadout, persistence_readout
from topolens.layers.perslay import PersLay, perslay
from topolens.layers.pllay import PLLay, mean_landscapes
from topolens.layers.point_transforms import (
    EntropyTransform,
    FlatTransform,
    GaussianTransform,
    LineTransform,
    TentTransform,
    flat_transform,
    gaussian_transform,
    line_transform,
    tent_transform,
)
from topolens.layers.silhouette import Silhouette
from topolens.layers.soft_windows import (
    SoftPersistenceFilter1d,
    SoftPersistenceFilter2d,
    SoftPersistenceFilter3d,
    soft_persistence_filter,
)
from topolens.layers.structure_elements import (
    ExponentialTransform,
    RationalHatTransform,
    RationalTransform,
    exponential_transform,
    rational_hat_transform,
    rational_transform,
)
from topolens.layers.togl import TOGL, TOGLFeatures
from topolens.layers.vertex_filtrations import GINFiltration, VertexFiltration
from topolens.layers.vertex_intervals import VertexIntervals, static_intervals, vertex_intervals

__all__ = [
    "Atol",
    "DeepSets",
    "EntropyTransform",
    "EquivariantTransform",
    "ExponentialTransform",
    "FlatTransform",
    "GFL",
    "GINFiltration",
    "GaussianMixtureWeight",
    "GaussianTransform",
    "GridWeight",
    "HeatKernelSignature",
    "LEAPPool2d",
    "Landscape",
    "LaplacianSpectrum",
    "LineTransform",
    "OrdinalPool2d",
    "PLLay",
    "PermutationEquivariant",
    "PersLay",
    "Persformer",
    "PersistenceConv2d",
    "PersistenceFilter1d",
    "PersistenceFilter2d",
    "PersistenceFilter3d",
    "PersistenceImage",
    "PersistencePool1d",
    "PersistencePool2d",
    "PersistencePool3d",
    "PersistenceReadout",
    "PowerWeight",
    "RationalHatTransform",
    "RationalTransform",
    "Silhouette",
    "SoftPersistenceFilter1d",
    "SoftPersistenceFilter2d",
    "SoftPersistenceFilter3d",
    "TOGL",
    "TOGLFeatures",
    "TentTransform",
    "VertexFiltration",
    "VertexIntervals",
    "atol",
    "capped",
    "exponential_transform",
    "flat_transform",
    "gaussian_mixture_weight",
    "gaussian_transform",
    "gfl_readout",
    "grid_weight",
    "heat_kernel_signature",
    "laplacian_spectrum",
    "leap_pool",
    "line_transform",
    "lower_stars",
    "mean_landscapes",
    "ordinal_pool",
    "permutation_equivariant",
    "persistence_filter",
    "persistence_pool",
    "persistence_readout",
    "perslay",
    "power_weight",
    "rational_hat_transform",
    "rational_transform",
    "soft_persistence_filter",
    "static_intervals",
    "tent_transform",
    "vertex_intervals",
]
