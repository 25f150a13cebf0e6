"""Which points to look at: dense cores, spread-out landmarks, and the nulls they are judged by."""

from topolens.sampling.density import density_core, neighbour_distance
from topolens.sampling.dtm import dtm
from topolens.sampling.maxmin import cover_radius, maxmin
from topolens.sampling.nulls import covariance_filters, gaussian_filters

__all__ = [
    "covariance_filters",
    "cover_radius",
    "density_core",
    "dtm",
    "gaussian_filters",
    "maxmin",
    "neighbour_distance",
]
