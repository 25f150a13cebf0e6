"""Topological metrics of masks: how many pieces, loops and voids there are, and which of them are wrong."""

from topolens.metrics.averaged import Averaged
from topolens.metrics.betti_matching_error import betti_matching_error
from topolens.metrics.betti_numbers import betti_number_error, betti_numbers
from topolens.metrics.cldice import cldice
from topolens.metrics.components import Components, connected_components
from topolens.metrics.dice import dice
from topolens.metrics.diu import diu
from topolens.metrics.euler_characteristic import euler_characteristic
from topolens.metrics.segments import adapted_rand_error, variation_of_information
from topolens.metrics.simple_points import simple_points
from topolens.metrics.surface_distances import (
    SurfaceDistances,
    average_surface_distance,
    hausdorff95,
    surface_distances,
)

__all__ = [
    "Averaged",
    "Components",
    "SurfaceDistances",
    "adapted_rand_error",
    "average_surface_distance",
    "betti_matching_error",
    "betti_number_error",
    "betti_numbers",
    "cldice",
    "connected_components",
    "dice",
    "diu",
    "euler_characteristic",
    "hausdorff95",
    "simple_points",
    "surface_distances",
    "variation_of_information",
]
