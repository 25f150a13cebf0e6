"""Mapper graphs: lens, cover, clusters, nerve."""

from topolens.mapper.clusters import connected, first_gap, one_cluster, variance_normalised
from topolens.mapper.cover import Cover, cover
from topolens.mapper.graph import MapperGraph, lens_positions
from topolens.mapper.layout import layout
from topolens.mapper.lens import pca
from topolens.mapper.lens_layout import lens_layout
from topolens.mapper.mapper import mapper
from topolens.mapper.nerve import betti_numbers, faces

__all__ = [
    "Cover",
    "MapperGraph",
    "betti_numbers",
    "connected",
    "cover",
    "faces",
    "first_gap",
    "layout",
    "lens_layout",
    "lens_positions",
    "mapper",
    "one_cluster",
    "pca",
    "variance_normalised",
]
