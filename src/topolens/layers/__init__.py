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
from topolens.layers.persformer import Persformer
from topolens.layers.persistence_image import PersistenceImage
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
    "Landscape",
    "LineTransform",
    "PLLay",
    "PermutationEquivariant",
    "PersLay",
    "Persformer",
    "PersistenceImage",
    "PowerWeight",
    "RationalHatTransform",
    "RationalTransform",
    "Silhouette",
    "TentTransform",
    "atol",
    "capped",
    "exponential_transform",
    "flat_transform",
    "gaussian_mixture_weight",
    "gaussian_transform",
    "grid_weight",
    "line_transform",
    "mean_landscapes",
    "permutation_equivariant",
    "perslay",
    "power_weight",
    "rational_hat_transform",
    "rational_transform",
    "tent_transform",
]
