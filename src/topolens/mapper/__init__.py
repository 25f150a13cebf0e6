"""Mapper graphs: lens, cover, clusters, nerve; how they are drawn, and how far they can be trusted."""

from topolens.mapper.advice import Advice, Grid, advised, instability, parameter_grid
from topolens.mapper.clusters import connected, first_gap, one_cluster, variance_normalised
from topolens.mapper.comparison import Agreement, agreement, fused_gromov_wasserstein, matched_nodes
from topolens.mapper.cover import Cover, cover
from topolens.mapper.features import Feature, extents, features
from topolens.mapper.graph import MapperGraph, lens_positions
from topolens.mapper.layout import layout
from topolens.mapper.lens import pca
from topolens.mapper.lens_layout import lens_layout
from topolens.mapper.mapper import mapper
from topolens.mapper.nerve import betti_numbers, faces
from topolens.mapper.purity import Purity, purity
from topolens.mapper.resampling import Maker, Remade
from topolens.mapper.stability import Stability, Trusted, cover_only, stability

__all__ = [
    "Advice",
    "Agreement",
    "Cover",
    "Feature",
    "Grid",
    "Maker",
    "MapperGraph",
    "Purity",
    "Remade",
    "Stability",
    "Trusted",
    "advised",
    "agreement",
    "betti_numbers",
    "connected",
    "cover",
    "cover_only",
    "extents",
    "faces",
    "features",
    "first_gap",
    "fused_gromov_wasserstein",
    "instability",
    "layout",
    "lens_layout",
    "lens_positions",
    "mapper",
    "matched_nodes",
    "one_cluster",
    "parameter_grid",
    "pca",
    "purity",
    "stability",
    "variance_normalised",
]
