"""Mapper graphs: lens, cover, clusters, nerve."""

from topolens.mapper.centre_covers import ball_cover, kmeans_cover
from topolens.mapper.clusters import connected, first_gap, gap_rule, one_cluster, single_linkage
from topolens.mapper.cover import Cover, cover, precomputed_cover
from topolens.mapper.coverage import Coverage
from topolens.mapper.density_clusters import dbscan, each_box, hdbscan, knee
from topolens.mapper.estimator import Mapper
from topolens.mapper.graph import MapperGraph, lens_positions
from topolens.mapper.interval_covers import gmapper_cover, quantile_cover
from topolens.mapper.lens import density, eccentricity, entropy, feature, loss, norm, pca, probability
from topolens.mapper.mapper import mapper
from topolens.mapper.metric import variance_normalised
from topolens.mapper.nerve import betti_numbers, faces
from topolens.mapper.peer_settings import peer_settings
from topolens.mapper.placement import Placement
from topolens.mapper.statistics import edge_statistics, node_statistics

__all__ = [
    "Cover",
    "Coverage",
    "Mapper",
    "MapperGraph",
    "Placement",
    "ball_cover",
    "betti_numbers",
    "connected",
    "cover",
    "dbscan",
    "density",
    "each_box",
    "eccentricity",
    "edge_statistics",
    "entropy",
    "faces",
    "feature",
    "first_gap",
    "gap_rule",
    "gmapper_cover",
    "hdbscan",
    "kmeans_cover",
    "knee",
    "lens_positions",
    "loss",
    "mapper",
    "node_statistics",
    "norm",
    "one_cluster",
    "pca",
    "peer_settings",
    "precomputed_cover",
    "probability",
    "quantile_cover",
    "single_linkage",
    "variance_normalised",
]
