"""Which points to look at: dense cores, spread-out landmarks, and the nulls and intervals they are judged by."""

from topolens.sampling.clouds import gaussian_cloud, gaussian_clouds, shuffled_columns, shuffled_rows
from topolens.sampling.density import density_core, neighbour_distance
from topolens.sampling.dtm import dtm
from topolens.sampling.feasibility import Feasibility, feasibility
from topolens.sampling.inference import Interval, bar_p_values, holm, null_p_value, subsample_interval
from topolens.sampling.maxmin import cover_radius, maxmin
from topolens.sampling.nulls import covariance_filters, gaussian_filters
from topolens.sampling.pair_nulls import joint_p_value, same_spectrum, shuffled_pairs

__all__ = [
    "Feasibility",
    "Interval",
    "bar_p_values",
    "covariance_filters",
    "cover_radius",
    "density_core",
    "dtm",
    "feasibility",
    "gaussian_cloud",
    "gaussian_clouds",
    "gaussian_filters",
    "holm",
    "joint_p_value",
    "maxmin",
    "neighbour_distance",
    "null_p_value",
    "same_spectrum",
    "shuffled_columns",
    "shuffled_pairs",
    "shuffled_rows",
    "subsample_interval",
]
