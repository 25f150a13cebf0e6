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
from topolens.layers.landscape import Landscape
from topolens.layers.leap_pool import LEAPPool2d, leap_pool
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

__all__ = [
    "Atol",
    "DeepSets",
    "EntropyTransform",
    "EquivariantTransform",
    "ExponentialTransform",
    "FlatTransform",
    "GaussianMixtureWeight",
    "GaussianTransform",
    "GridWeight",
    "LEAPPool2d",
    "Landscape",
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
    "PowerWeight",
    "RationalHatTransform",
    "RationalTransform",
    "Silhouette",
    "SoftPersistenceFilter1d",
    "SoftPersistenceFilter2d",
    "SoftPersistenceFilter3d",
    "TentTransform",
    "atol",
    "capped",
    "exponential_transform",
    "flat_transform",
    "gaussian_mixture_weight",
    "gaussian_transform",
    "grid_weight",
    "leap_pool",
    "line_transform",
    "mean_landscapes",
    "ordinal_pool",
    "permutation_equivariant",
    "persistence_filter",
    "persistence_pool",
    "perslay",
    "power_weight",
    "rational_hat_transform",
    "rational_transform",
    "soft_persistence_filter",
    "tent_transform",
]
