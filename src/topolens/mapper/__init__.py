"""Mapper graphs: lens, cover, clusters, nerve; how they are drawn, and how far they can be trusted."""

from topolens.mapper.advice import Advice, Grid, advised, instability, parameter_grid
from topolens.mapper.centre_covers import ball_cover, kmeans_cover
from topolens.mapper.clusters import connected, first_gap, gap_rule, one_cluster, single_linkage
from topolens.mapper.comparison import Agreement, agreement, fused_gromov_wasserstein, matched_nodes
from topolens.mapper.cover import Cover, cover, precomputed_cover
from topolens.mapper.coverage import Coverage
from topolens.mapper.density_clusters import dbscan, each_box, hdbscan, knee
from topolens.mapper.estimator import Mapper
from topolens.mapper.features import Extents, Feature, extents, features
from topolens.mapper.graph import MapperGraph, lens_positions
from topolens.mapper.interval_covers import gmapper_cover, quantile_cover
from topolens.mapper.layout import layout
from topolens.mapper.lens import density, eccentricity, entropy, feature, loss, norm, pca, probability
from topolens.mapper.lens_layout import lens_layout
from topolens.mapper.mapper import mapper
from topolens.mapper.metric import variance_normalised
from topolens.mapper.nerve import betti_numbers, faces
from topolens.mapper.peer_settings import peer_settings
from topolens.mapper.placement import Placement
from topolens.mapper.purity import Purity, purity
from topolens.mapper.resampling import Maker, Remade
from topolens.mapper.stability import Stability, Trusted, cover_only, stability
from topolens.mapper.statistics import edge_statistics, node_statistics

__all__ = [
    "Advice",
    "Agreement",
    "Cover",
    "Coverage",
    "Extents",
    "Feature",
    "Grid",
    "Maker",
    "Mapper",
    "MapperGraph",
    "Placement",
    "Purity",
    "Remade",
    "Stability",
    "Trusted",
    "advised",
    "agreement",
    "ball_cover",
    "betti_numbers",
    "connected",
    "cover",
    "cover_only",
    "dbscan",
    "density",
    "each_box",
    "eccentricity",
    "edge_statistics",
    "entropy",
    "extents",
    "faces",
    "feature",
    "features",
    "first_gap",
    "fused_gromov_wasserstein",
    "gap_rule",
    "gmapper_cover",
    "hdbscan",
    "instability",
    "kmeans_cover",
    "knee",
    "layout",
    "lens_layout",
    "lens_positions",
    "loss",
    "mapper",
    "matched_nodes",
    "node_statistics",
    "norm",
    "one_cluster",
    "parameter_grid",
    "pca",
    "peer_settings",
    "precomputed_cover",
    "probability",
    "purity",
    "quantile_cover",
    "single_linkage",
    "stability",
    "variance_normalised",
]
